"""Temperature of a model's logits on the validation part, and the thresholds. numpy only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inference.calibration import fit

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """log-odds = logits / `temperature` (+ `bias` where there is one logit); `covariance` of (1 / temperature, bias)."""

    temperature: float = 1.0
    bias: float = 0.0
    covariance: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def probabilities(self, logits: NDArray[np.float32]) -> Floats:
        """(n, 1 or classes) -> (n, classes)."""
        z = logits.astype(np.float64) / self.temperature
        if z.shape[1] == 1:
            p = 1 / (1 + np.exp(-np.clip(z[:, 0] + self.bias, -60, 60)))
            return np.stack([1 - p, p], axis=1)
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        return np.asarray(e / e.sum(axis=1, keepdims=True))


def fit_scale(logits: NDArray[np.float32], labels: NDArray[np.int64], patients: list[str], draws: int = 100) -> Scale:
    """Of least cross-entropy on validation; of two classes with the covariance by bootstrap over patients."""
    if logits.shape[1] > 1:
        grid = np.exp(np.linspace(np.log(0.05), np.log(20), 241))
        return Scale(float(grid[int(np.argmin([_entropy(logits, labels, t) for t in grid]))]))
    z = logits[:, 0].astype(np.float64)
    temperature, bias = fit(z, labels)
    names, inverse = np.unique(patients, return_inverse=True)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(draws):
        count = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[inverse]
        t, b = fit(z, labels, count.astype(np.float64))
        drawn.append((1 / t, b))
    spread = np.cov(np.array(drawn).T).ravel()
    return Scale(temperature, bias, (float(spread[0]), float(spread[1]), float(spread[2]), float(spread[3])))


def _entropy(logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: float) -> float:
    p = Scale(temperature).probabilities(logits)
    return float(-np.log(np.maximum(p[np.arange(len(p)), labels], 1e-12)).mean())


def thresholds(p: Floats, labels: NDArray[np.int64], careful: bool) -> tuple[float, ...]:
    """Of two classes: where the F1 of the positive class is best on validation, or with `careful` (it can't be missed) the
    highest that finds 95 % of its examples there. Of more classes one half each (the likeliest class is called)."""
    if p.shape[1] > 2:
        return tuple(0.5 for _ in range(p.shape[1]))
    score = p[:, 1]
    if careful:
        best = float(np.quantile(score[labels == 1], 0.05, method="lower"))
    else:
        ranked = np.unique(score)
        hits = np.array([((score >= t) & (labels == 1)).sum() for t in ranked])
        total = np.array([(score >= t).sum() for t in ranked]) + int((labels == 1).sum())
        best = float(ranked[int(np.argmax(2 * hits / total))])
    best = float(min(max(best, 0.01), 0.99))
    return 1.0 - best, best
