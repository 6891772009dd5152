"""Measures of a ranking over many cases: shares with 95 % intervals, and expected calibration error."""

from collections.abc import Sequence
from typing import Any

import numpy as np


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


def flat(name: str, measured: dict[str, Any]) -> dict[str, Any]:
    """`name` and `name_ci95` side by side, as the JSON of every evaluation has them."""
    return {name: measured["value"], f"{name}_ci95": measured["ci95"]}
