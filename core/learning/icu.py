"""Mortality after 48 hours of intensive care: the data set, the additive recipe, cross-validation and export.

Boosted stumps: every tree splits on one feature, so the model is a sum of step functions and its Shapley values are
exact. scikit-learn is needed here only (the `training` extra).
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Unreadable, UserError
from core.inference.icu import NAMES, AdditiveModel, Shape, features, read_stay
from core.progress import Report, silent

_FOLDS = 5
_SEED = 0
_BINS = 10
_LEAST_MEASURED = 100

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Stays:
    """Features (stays, len(NAMES)), outcome 0 or 1 (stays,), ids; `skipped` says what was left out and why."""

    x: Array
    y: Array
    ids: tuple[str, ...]
    skipped: tuple[str, ...]


def load(folder: Path, report: Report = silent) -> Stays:
    """Every stay below `folder` (`set-*/NNN.txt`) that has an outcome in an `Outcomes-*.txt`. UserError without any."""
    outcomes = dict(_outcomes(folder))
    paths = sorted(p for p in folder.rglob("*.txt") if p.stem in outcomes)
    if not paths:
        raise UserError(f"{folder} holds no stays with outcomes.", "Name a folder with set-*/ and Outcomes-*.txt.")
    rows, labels, ids, skipped = [], [], [], []
    for number, path in enumerate(paths):
        report(number, len(paths), "reading stays")
        try:
            stay = read_stay(path)
        except Unreadable as error:
            skipped.append(str(error))
            continue
        rows.append(features(stay))
        labels.append(float(outcomes[path.stem]))
        ids.append(path.stem)
    return Stays(np.array(rows), np.array(labels), tuple(ids), tuple(skipped))


def _outcomes(folder: Path) -> Iterator[tuple[str, int]]:
    for path in sorted(folder.rglob("Outcomes-*.txt")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("In-hospital_death") in ("0", "1"):
                    yield str(row["RecordID"]), int(row["In-hospital_death"])


def event1(y: Array, p: Array, threshold: float | None = None) -> float:
    """Event 1 of the challenge, the lesser of sensitivity and precision, at a threshold; without one, at the best.

    The best threshold is that of these very stays, so the figure without one is slightly hopeful.
    """
    if threshold is not None:
        told = p >= threshold
        hit = float(y[told].sum())
        return min(hit / max(float(y.sum()), 1.0), hit / max(float(told.sum()), 1.0))
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(y[order])
    return float(np.minimum(hits / max(y.sum(), 1), hits / np.arange(1, len(y) + 1)).max())


def auroc(y: Array, p: Array) -> float:
    """Area under the receiver operating curve; ties count half."""
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = y.sum()
    return float((rank[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def ece(y: Array, p: Array) -> float:
    """Expected calibration error over ten bins of equal number."""
    parts = np.array_split(np.argsort(p, kind="stable"), _BINS)
    return float(sum(abs(y[i].mean() - p[i].mean()) * len(i) for i in parts if len(i)) / len(y))


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=500,
        max_leaf_nodes=2,
        min_samples_leaf=30,
        l2_regularization=5.0,
        max_features=0.2,
        early_stopping=False,
        random_state=seed,
    )


def _usable(x: Array) -> Array:
    """Columns with enough measured values that are not all alike."""
    return np.array(
        [np.isfinite(c).sum() >= _LEAST_MEASURED and len(np.unique(c[np.isfinite(c)])) > 1 for c in x.T], bool
    )


def cross_validate(stays: Stays, report: Report = silent) -> Array:
    """Out-of-fold probability of death of every stay (5 folds, stratified, fixed seed)."""
    from sklearn.model_selection import StratifiedKFold

    if min(stays.y.sum(), len(stays.y) - stays.y.sum()) < _FOLDS:
        raise UserError("Too few stays of either outcome to cross-validate.", "Use a larger set.")
    out = np.zeros(len(stays.y))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    for number, (fit, held) in enumerate(folds.split(stays.x, stays.y)):
        report(number, _FOLDS, "cross-validating")
        kept = _usable(stays.x[fit])
        model = _boosting(_SEED).fit(stays.x[fit][:, kept], stays.y[fit])
        out[held] = model.predict_proba(stays.x[held][:, kept])[:, 1]
    return out


def train(stays: Stays, threshold: float) -> AdditiveModel:
    """The additive model on all stays, its stumps summed to one step function a feature."""
    kept = np.flatnonzero(_usable(stays.x))
    boosted = _boosting(_SEED).fit(stays.x[:, kept], stays.y)
    steps: dict[int, list[tuple[float, float, float, float]]] = {}
    constant = float(boosted._baseline_prediction.ravel()[0])
    for (tree,) in boosted._predictors:
        nodes = tree.nodes
        if len(nodes) == 1:
            constant += float(nodes[0]["value"])
            continue
        root = nodes[0]
        left, right = float(nodes[root["left"]]["value"]), float(nodes[root["right"]]["value"])
        lost = left if root["missing_go_to_left"] else right
        steps.setdefault(int(root["feature_idx"]), []).append((float(root["num_threshold"]), left, right, lost))
    shapes = tuple(_shape(NAMES[kept[i]], parts, stays.x[:, kept[i]]) for i, parts in sorted(steps.items()))
    return AdditiveModel("1.0.0", constant, shapes, threshold)


def _shape(name: str, parts: list[tuple[float, float, float, float]], column: Array) -> Shape:
    cuts = sorted({cut for cut, *_ in parts})
    probes = [*cuts, float("inf")]
    values = [sum(left if at <= cut else right for cut, left, right, _ in parts) for at in probes]
    missing = sum(lost for *_, lost in parts)
    shares = np.where(
        np.isnan(column), missing, np.array(values)[np.searchsorted(cuts, column, side="left").clip(0, len(cuts))]
    )
    return Shape(name, tuple(cuts), tuple(values), missing, float(shares.mean()))
