"""Calibration: temperature and bias on the logit, with the uncertainty of both."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Z90 = 1.6448536269514722  # 95th percentile of the normal distribution: a two-sided 90 % interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """log-odds = logit / `temperature` + `bias`. `covariance`: of (1 / temperature, bias), row-major, from a bootstrap
    over patients; `spread`: standard deviation (nats) of the log-odds between a film and its mirror image."""

    temperature: float = 1.0
    bias: float = 0.0
    covariance: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    spread: float = 0.0

    @classmethod
    def of(cls, spec: dict[str, Any]) -> "Calibration":
        """From the manifest's `calibration` object (checked by the schema)."""
        a, b, c, d = (float(v) for v in spec["covariance"])
        return cls(float(spec["temperature"]), float(spec["bias"]), (a, b, c, d), float(spec["spread"]))

    def log_odds(self, logit: float) -> float:
        """Calibrated log-odds (nats)."""
        return logit / self.temperature + self.bias

    def probability(self, logit: float) -> float:
        """Calibrated probability."""
        return sigmoid(self.log_odds(logit))

    def interval(self, logit: float) -> tuple[float, float]:
        """90 % interval of the probability: uncertainty of the calibration and of the reading of this film."""
        a, b, c, d = self.covariance
        deviation = math.sqrt(max(0.0, a * logit * logit + (b + c) * logit + d) + self.spread**2)
        centre = self.log_odds(logit)
        return sigmoid(centre - _Z90 * deviation), sigmoid(centre + _Z90 * deviation)


def sigmoid(x: float) -> float:
    """Logistic function, without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def fit(
    logits: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> tuple[float, float]:
    """(temperature, bias) of least weighted cross-entropy, by Newton steps with a weak pull towards (1, 0)."""
    w = np.ones(len(labels)) if weights is None else weights
    slope, bias, pull = 1.0, 0.0, 0.5
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(slope * logits + bias, -40, 40)))
        residual, curvature = w * (p - labels), w * p * (1 - p)
        gradient = np.array([residual @ logits + pull * (slope - 1), residual.sum() + pull * bias])
        cross = curvature @ logits
        hessian = np.array([[curvature @ logits**2 + pull, cross], [cross, curvature.sum() + pull]])
        step = np.linalg.solve(hessian, gradient)
        slope, bias = float(np.clip(slope - step[0], 0.02, 50)), float(bias - step[1])
        if np.abs(step).max() < 1e-9:
            break
    return 1 / slope, bias
