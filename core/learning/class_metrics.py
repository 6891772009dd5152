"""Metrics of a model of two or more classes: overall, by class and by subgroup, with intervals over patients. numpy only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.learning.metrics import Floats, Labels, auroc, with_ci

MAIN = "auroc"
AGE_BANDS = ((0.0, 18.0, "< 18"), (18.0, 65.0, "18-64"), (65.0, 200.0, ">= 65"))
_LEAST_GROUP = 10


def macro_f1(labels: Labels, called: Labels) -> float:
    """Mean F1 over the classes that occur among the labels."""
    return float(np.mean([_f1(labels == k, called == k) for k in np.unique(labels)]))


def _f1(true: NDArray[np.bool_], called: NDArray[np.bool_]) -> float:
    hits = int((true & called).sum())
    total = int(true.sum() + called.sum())
    return 2 * hits / total if total else 0.0


def decide(p: Floats, thresholds: Sequence[float]) -> Labels:
    """The class called: of two by the threshold of the positive one, of more the likeliest."""
    if p.shape[1] == 2:
        return np.asarray(p[:, 1] >= thresholds[-1], np.int64)
    return np.asarray(p.argmax(axis=1), np.int64)


def confidence_error(labels: Labels, p: Floats, bins: int = 10) -> float:
    """Expected calibration error: of two classes of the positive probability, of more of the likeliest class's."""
    score, hit = _scored(labels, p)
    place = np.minimum((score * bins).astype(int), bins - 1)
    gap = np.abs(np.bincount(place, score, bins) - np.bincount(place, hit, bins))
    return float(gap.sum() / len(labels))


def _scored(labels: Labels, p: Floats) -> tuple[Floats, Floats]:
    if p.shape[1] == 2:
        return p[:, 1], labels.astype(np.float64)
    best = p.argmax(axis=1)
    return p[np.arange(len(p)), best], (best == labels).astype(np.float64)


def reliability(labels: Labels, p: Floats, bins: int = 10) -> list[dict[str, float]]:
    """For the calibration plot: mean probability, share seen and number of each bin that holds any."""
    score, hit = _scored(labels, p)
    place = np.minimum((score * bins).astype(int), bins - 1)
    out = []
    for k in range(bins):
        inside = place == k
        if n := int(inside.sum()):
            seen, (low, high) = float(hit[inside].mean()), wilson(float(hit[inside].sum()), n)
            out.append({"p": float(score[inside].mean()), "seen": seen, "low": low, "high": high, "n": n})
    return out


def wilson(hits: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    middle = (hits + z * z / 2) / (n + z * z)
    half = z * np.sqrt(hits * (n - hits) / n + z * z / 4) / (n + z * z)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def overall(labels: Labels, p: Floats, thresholds: Sequence[float]) -> dict[str, float]:
    """auroc (macro over classes against the rest), f1 (macro), accuracy, balanced_accuracy, ece; of two classes also
    sensitivity and specificity at the threshold."""
    called = decide(p, thresholds)
    known = np.unique(labels)
    recalls = [float((called[labels == k] == k).mean()) for k in known]
    ranks = [auroc((labels == k).astype(np.int64), p[:, k]) for k in (range(p.shape[1]) if p.shape[1] > 2 else (1,))]
    finite = [r for r in ranks if np.isfinite(r)]
    found = {
        "auroc": float(np.mean(finite)) if finite else float("nan"),
        "f1": macro_f1(labels, called),
        "accuracy": float((called == labels).mean()),
        "balanced_accuracy": float(np.mean(recalls)),
        "ece": confidence_error(labels, p),
    }
    if p.shape[1] == 2:
        found["sensitivity"] = float((called[labels == 1] == 1).mean()) if (labels == 1).any() else float("nan")
        found["specificity"] = float((called[labels == 0] == 0).mean()) if (labels == 0).any() else float("nan")
    return found


def by_class(
    labels: Labels, p: Floats, thresholds: Sequence[float], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """auroc, f1 and recall of each class."""
    called = decide(p, thresholds)
    out = {}
    for k, name in enumerate(names):
        true = labels == k
        out[name] = {
            "auroc": auroc(true.astype(np.int64), p[:, k]),
            "f1": _f1(true, called == k),
            "recall": float((called[true] == k).mean()) if true.any() else float("nan"),
        }
    return out


def bands(values: Sequence[str], column: str) -> tuple[str, ...]:
    """Values of a subgroup column as names; ages in years become bands. "" stays unknown."""
    if column != "age":
        return tuple(values)
    out = []
    for value in values:
        try:
            years = float(value)
        except ValueError:
            years = -1.0
        out.append(next((name for low, high, name in AGE_BANDS if low <= years < high), ""))
    return tuple(out)


def measure(
    labels: Labels,
    p: Floats,
    names: Sequence[str],
    patients: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    thresholds: Sequence[float],
    *,
    draws: int = 500,
) -> dict[str, Any]:
    """The whole table of a test: every figure with its 95 % interval (bootstrap over patients), by class, by subgroup of at
    least 10 examples, and the reliability curve."""
    out: dict[str, Any] = {"n": len(labels), "patients": len(set(patients))}
    out |= _flat(with_ci(lambda i: overall(labels[i], p[i], thresholds), patients, draws))
    each = with_ci(
        lambda i: {
            f"{name}\0{key}": value
            for name, found in by_class(labels[i], p[i], thresholds, names).items()
            for key, value in found.items()
        },
        patients,
        draws,
    )
    out["labels"] = {
        name: {"n": int((labels == k).sum())}
        | _flat({key.split("\0")[1]: found for key, found in each.items() if key.split("\0")[0] == name})
        for k, name in enumerate(names)
    }
    out["subgroups"] = [
        row
        for column, values in groups.items()
        for row in _groups(labels, p, patients, (column, values), thresholds, draws)
    ]
    out["reliability"] = reliability(labels, p)
    return out


def _groups(
    labels: Labels,
    p: Floats,
    patients: Sequence[str],
    group: tuple[str, Sequence[str]],
    thresholds: Sequence[float],
    draws: int,
) -> list[dict[str, Any]]:
    column, values = group[0], np.array(bands(group[1], group[0]))
    rows: list[dict[str, Any]] = []
    for name in sorted(set(values.tolist()) - {""}):
        at = np.flatnonzero(values == name)
        if len(at) < _LEAST_GROUP:
            rows.append({"column": column, "value": name, "n": len(at), "auroc": None, "why": "few"})
            continue
        found = with_ci(
            lambda i, at=at: overall(labels[at][i], p[at][i], thresholds),  # type: ignore[misc]
            [patients[int(k)] for k in at],
            draws,
        )
        rows.append({"column": column, "value": name, "n": len(at)} | _flat(found))
    return rows


def _flat(found: dict[str, dict[str, object]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in found.items():
        out[name], out[f"{name}_ci95"] = value["value"], value["ci95"]
    return out
