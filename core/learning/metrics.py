"""Metrics of a two-class model with bootstrap intervals clustered by patient. numpy only."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def auroc(labels: Labels, scores: Floats) -> float:
    """Area under the ROC curve (ties count half); nan where one class is missing."""
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def ece(labels: Labels, probabilities: Floats, bins: int = 10) -> float:
    """Expected calibration error over `bins` equal-width bins of the probability of class 1."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, probabilities, bins) - np.bincount(place, labels, bins))
    return float(gap[count > 0].sum() / len(labels))


def summary(labels: Labels, probabilities: Floats, threshold: float) -> dict[str, float]:
    """auroc, accuracy, balanced_accuracy, sensitivity, specificity (at `threshold`) and ece."""
    called = probabilities >= threshold
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity = float(np.divide((called & (labels == 1)).sum(), (labels == 1).sum()))
        specificity = float(np.divide((~called & (labels == 0)).sum(), (labels == 0).sum()))
    return {
        "auroc": auroc(labels, probabilities),
        "accuracy": float((called == (labels == 1)).mean()),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ece": ece(labels, probabilities),
    }


def with_ci(
    measure: Callable[[NDArray[np.int64]], dict[str, float]], groups: Sequence[str], draws: int = 1000, seed: int = 0
) -> dict[str, dict[str, object]]:
    """`measure(indices)` on all, and the 95 % interval over `draws` bootstrap samples of whole groups (patients)."""
    names, inverse = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    rng = np.random.default_rng(seed)
    sampled: dict[str, list[float]] = {}
    for _ in range(draws):
        chosen = rng.integers(0, len(names), len(names))
        for key, value in measure(np.concatenate([members[k] for k in chosen])).items():
            sampled.setdefault(key, []).append(value)
    point = measure(np.arange(len(inverse)))
    return {key: {"value": _plain(value), "ci95": _interval(sampled[key])} for key, value in point.items()}


def _interval(values: list[float]) -> list[float] | None:
    known = np.asarray([v for v in values if np.isfinite(v)])
    if len(known) < len(values) / 2:
        return None
    return [float(q) for q in np.quantile(known, [0.025, 0.975])]


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None
