"""Measures of the mortality model: the three figures with intervals, and the same by age, sex and kind of unit."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from core.inference.icu_stay import UNITS, Stay
from core.learning.icu import Array, auroc, best_threshold, ece, event1

_ROUNDS = 200
_LEAST_OF_EITHER = 10


def figures(y: Array, p: Array, threshold: float | None = None) -> dict[str, Any]:
    """event1, auroc, ece, each with the 95 % interval of a bootstrap over stays, and the threshold of event1.

    Without a threshold it is the best of these very stays. None for what stays of one outcome cannot give.
    """
    if not 0 < y.sum() < len(y):
        return {"event1": None, "auroc": None, "ece": round(ece(y, p), 4) if len(y) else None, "threshold": threshold}
    measures: dict[str, Callable[[Array, Array], float]] = {
        "event1": partial(event1, threshold=threshold),
        "auroc": auroc,
        "ece": ece,
    }
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(y), len(y)) for _ in range(_ROUNDS)]
    out: dict[str, Any] = {}
    for name, measure in measures.items():
        out[name] = round(measure(y, p), 4)
        spread = [measure(y[i], p[i]) for i in draws if 0 < y[i].sum() < len(i)]
        out[f"{name}_ci95"] = [round(float(v), 4) for v in np.percentile(spread, [2.5, 97.5])]
    out["threshold"] = round(threshold if threshold is not None else best_threshold(y, p), 4)
    return out


def called(y: Array, told: Array) -> dict[str, Any]:
    """Sensitivity and precision of stays called high at a threshold set elsewhere, and the lesser of both."""
    hit = float(y[told == 1].sum())
    sensitivity, precision = hit / max(float(y.sum()), 1.0), hit / max(float(told.sum()), 1.0)
    return {
        "event1_preset": round(min(sensitivity, precision), 4),
        "sensitivity": round(sensitivity, 4),
        "precision": round(precision, 4),
        "called_high": int(told.sum()),
    }


def subgroups(stays: tuple[Stay, ...], y: Array, p: Array, told: Array) -> dict[str, dict[str, Any]]:
    """The figures within each group; those of fewer than ten of either outcome only count."""
    out: dict[str, dict[str, Any]] = {}
    for name, mask in _groups(stays):
        row: dict[str, Any] = {"n": int(mask.sum()), "deaths": int(y[mask].sum())}
        if min(y[mask].sum(), mask.sum() - y[mask].sum()) >= _LEAST_OF_EITHER:
            row |= figures(y[mask], p[mask]) | called(y[mask], told[mask])
            row |= {"died": round(float(y[mask].mean()), 4), "predicted": round(float(p[mask].mean()), 4)}
        out[name] = row
    return out


def _groups(stays: tuple[Stay, ...]) -> Iterator[tuple[str, Array]]:
    age = np.array([s.static.get("Age", np.nan) for s in stays], float)
    for low, high in ((16, 50), (50, 65), (65, 80), (80, 200)):
        yield f"age {low}-{high - 1}" if high < 200 else f"age {low}+", (age >= low) & (age < high)
    sex = np.array([s.static.get("Gender", np.nan) for s in stays], float)
    yield "female", sex == 0
    yield "male", sex == 1
    kind = np.array([s.static.get("ICUType", np.nan) for s in stays], float)
    for number, name in UNITS.items():
        yield f"unit {name}", kind == number
