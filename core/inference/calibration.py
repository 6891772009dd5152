"""Calibration: temperature and bias on the logit, with the uncertainty of both; a rising curve (isotonic) where there are
cases enough for one; how far probabilities and outcomes lie apart (reliability, ECE)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Z90 = 1.6448536269514722  # 95th percentile of the normal distribution: a two-sided 90 % interval


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A curve that never falls, through points (log-odds in nats, probability); flat beyond its ends.

    Barlow & Brunk 1972 (pool adjacent violators); as calibration: Zadrozny & Elkan, KDD 2002.
    """

    log_odds: tuple[float, ...]
    probability: tuple[float, ...]

    def at(self, odds: float) -> float:
        """The probability at a log-odds."""
        return float(np.interp(odds, self.log_odds, self.probability))


@dataclass(frozen=True, slots=True)
class Calibration:
    """log-odds = logit / `temperature` + `bias`. `covariance`: of (1 / temperature, bias), row-major, from a bootstrap
    over patients; `spread`: standard deviation (nats) of the log-odds between a film and its mirror image; `curve`:
    applied last, where the pack has one."""

    temperature: float = 1.0
    bias: float = 0.0
    covariance: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    spread: float = 0.0
    curve: Isotonic | None = None

    @classmethod
    def of(cls, spec: dict[str, Any]) -> "Calibration":
        """From the manifest's `calibration` object (checked by the schema)."""
        a, b, c, d = (float(v) for v in spec["covariance"])
        stated = spec.get("isotonic")
        curve = Isotonic(tuple(stated["log_odds"]), tuple(stated["probability"])) if stated else None
        return cls(float(spec["temperature"]), float(spec["bias"]), (a, b, c, d), float(spec["spread"]), curve)

    def log_odds(self, logit: float) -> float:
        """Calibrated log-odds (nats)."""
        return self._curved(logit / self.temperature + self.bias)

    def probability(self, logit: float) -> float:
        """Calibrated probability."""
        return sigmoid(self.log_odds(logit))

    def interval(self, logit: float) -> tuple[float, float]:
        """90 % interval of the probability: uncertainty of the calibration and of the reading of this film."""
        a, b, c, d = self.covariance
        deviation = math.sqrt(max(0.0, a * logit * logit + (b + c) * logit + d) + self.spread**2)
        centre = logit / self.temperature + self.bias
        low, high = centre - _Z90 * deviation, centre + _Z90 * deviation
        return sigmoid(self._curved(low)), sigmoid(self._curved(high))

    def _curved(self, odds: float) -> float:
        return odds if self.curve is None else log_odds(self.curve.at(odds))


def sigmoid(x: float) -> float:
    """Logistic function, without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def log_odds(probability: float) -> float:
    """The inverse of `sigmoid`; 0 and 1 are taken for a millionth from them."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


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


def fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature of least cross-entropy with no bias (Guo et al., ICML 2017): one number, which moves no threshold
    at one half. By golden section on its logarithm, between 1/50 and 50."""
    signed = np.where(labels == 1, -logits, logits)

    def cost(k: float) -> float:
        return float(np.logaddexp(0, signed / math.exp(k)).mean())

    low, high, ratio = -math.log(50), math.log(50), (math.sqrt(5) - 1) / 2
    for _ in range(80):
        first, second = high - ratio * (high - low), low + ratio * (high - low)
        if cost(first) < cost(second):
            high = second
        else:
            low = first
    return math.exp((low + high) / 2)


def fit_isotonic(odds: NDArray[np.float64], labels: NDArray[np.int64]) -> Isotonic:
    """The rising curve of least squares through outcomes, by pooling adjacent violators. No end is quite 0 or 1: a block
    of n cases says at most (k + 1/2) / (n + 1) (Jeffreys)."""
    order = np.argsort(odds, kind="stable")
    blocks: list[list[float]] = []  # cases, positives, first and last log-odds
    for x, y in zip(odds[order].tolist(), labels[order].tolist(), strict=True):
        blocks.append([1, y, x, x])
        while len(blocks) > 1 and (
            blocks[-2][1] * blocks[-1][0] >= blocks[-1][1] * blocks[-2][0] or blocks[-2][3] == blocks[-1][2]
        ):
            n, k, _, last = blocks.pop()
            blocks[-1] = [blocks[-1][0] + n, blocks[-1][1] + k, blocks[-1][2], last]
    at: list[float] = []
    value: list[float] = []
    for n, k, first, last in blocks:
        p = max((k + 0.5) / (n + 1), value[-1] if value else 0.0)
        for x in dict.fromkeys((first, last)):
            at.append(x)
            value.append(p)
    return Isotonic(tuple(at), tuple(value))


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram: probabilities from `low` to `high`, their mean, the share that came true, and its
    95 % Wilson interval."""

    low: float
    high: float
    n: int
    stated: float
    observed: float
    ci95: tuple[float, float]


def reliability(probabilities: NDArray[np.float64], labels: NDArray[np.int64], bins: int = 10) -> tuple[Bin, ...]:
    """The reliability diagram in `bins` bars of equal width; empty ones are left out."""
    place = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    found = []
    for k in range(bins):
        inside = place == k
        n = int(inside.sum())
        if n:
            hits = int(labels[inside].sum())
            bounds = wilson(hits, n)
            found.append(Bin(k / bins, (k + 1) / bins, n, float(probabilities[inside].mean()), hits / n, bounds))
    return tuple(found)


def ece(probabilities: NDArray[np.float64], labels: NDArray[np.int64], bins: int = 10) -> float:
    """Expected calibration error: the bars' distances from the diagonal, weighted by their cases (Naeini, AAAI 2015)."""
    return sum(b.n * abs(b.stated - b.observed) for b in reliability(probabilities, labels, bins)) / max(1, len(labels))


def wilson(hits: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's interval of a share (95 %); from 0 to 1 where there is no case."""
    if n == 0:
        return 0.0, 1.0
    p, more = hits / n, z * z / n
    centre, half = p + more / 2, z * math.sqrt(p * (1 - p) / n + more / (4 * n))
    return max(0.0, (centre - half) / (1 + more)), min(1.0, (centre + half) / (1 + more))
