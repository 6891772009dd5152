"""Measures of a ranking over many cases: shares with 95 % intervals, and expected calibration error."""

import sys
from collections.abc import Sequence
from math import exp, fsum, lgamma, log
from typing import Any

import numpy as np

_CHANCE = 0.05


def share(hits: Sequence[bool]) -> dict[str, Any]:
    """A share with its 95 % Wilson interval: {"value", "ci95"}."""
    n, k = len(hits), sum(map(bool, hits))
    if n == 0:
        return {"value": None, "ci95": [None, None]}
    z = 1.96
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"value": p, "ci95": [float(max(0.0, centre - half)), float(min(1.0, centre + half))]}


def mean(values: Sequence[float]) -> dict[str, Any]:
    """A mean with its 95 % normal interval."""
    array = np.asarray(values, np.float64)
    if array.size == 0:
        return {"value": None, "ci95": [None, None]}
    half = 1.96 * float(array.std(ddof=1)) / np.sqrt(array.size) if array.size > 1 else 0.0
    middle = float(array.mean())
    return {"value": middle, "ci95": [middle - half, middle + half]}


def calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error of the first answer: equal-width bins over its probability (0 to 1)."""
    sure, hit = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    if sure.size == 0:
        return 0.0
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        abs(hit[place == b].mean() - sure[place == b].mean()) * float((place == b).mean())
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))


def perfect_error(confidence: Sequence[float], draws: int = 200) -> float:
    """The calibration error that chance alone gives a perfectly calibrated list of these probabilities (seeded mean)."""
    sure, generator = np.asarray(confidence, np.float64), np.random.default_rng(0)
    if sure.size == 0:
        return 0.0
    made = [calibration_error(confidence, (generator.random(sure.size) < sure).tolist()) for _ in range(draws)]
    return float(np.mean(made))


def reliability(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability, share right, cases) of each equal-width bin that holds a case."""
    sure, hit = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    inside = [place == b for b in range(bins) if (place == b).any()]
    return [(float(sure[i].mean()), float(hit[i].mean()), int(i.sum())) for i in inside]


def interval_coverage(intervals: Sequence[Sequence[float]], right: Sequence[bool], groups: int = 10) -> float | None:
    """Share of equal groups by rising middle in which the share right lies within the mean interval."""
    found = _groups(intervals, right, groups)
    return float(np.mean([low <= hits / n <= high for low, high, hits, n in found])) if found else None


def interval_coverage_by_chance(
    intervals: Sequence[Sequence[float]], right: Sequence[bool], groups: int = 10
) -> float | None:
    """The same, a group counted as held too where its share lies no further out than chance carries one in twenty: of
    thirty cases right with .99 all are right three times in four, and no interval below 1 holds them."""
    found = _groups(intervals, right, groups)
    held = [_tail(n - hits, n, 1 - high) >= _CHANCE and _tail(hits, n, low) >= _CHANCE for low, high, hits, n in found]
    return float(np.mean(held)) if found else None


def _groups(
    intervals: Sequence[Sequence[float]], right: Sequence[bool], groups: int
) -> list[tuple[float, float, int, int]]:
    """(mean lower end, mean upper end, cases right, cases) of equal groups by rising middle; none with too few cases."""
    bounds, hit = np.asarray(intervals, np.float64), np.asarray(right, bool)
    if len(bounds) < groups:
        return []
    parts = np.array_split(np.argsort(bounds.mean(axis=1), kind="stable"), groups)
    return [(float(bounds[p, 0].mean()), float(bounds[p, 1].mean()), int(hit[p].sum()), len(p)) for p in parts]


def _tail(hits: int, n: int, p: float) -> float:
    """P(at most `hits` of `n` | p)."""
    p = min(max(p, 1e-12), 1 - 1e-12)
    logs = [
        lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p) for k in range(hits + 1)
    ]
    return fsum(map(exp, logs))


def flat(name: str, measured: dict[str, Any]) -> dict[str, Any]:
    """`name` and `name_ci95` side by side, as the JSON of every evaluation has them."""
    return {name: measured["value"], f"{name}_ci95": measured["ci95"]}


def peak_memory_mb() -> float | None:
    """The most memory this process has held (resident, MiB); None where the system does not tell (Windows)."""
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
