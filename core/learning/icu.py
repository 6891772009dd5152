"""Mortality after 48 hours of intensive care: the data set, the recipe, cross-validation, measures.

Boosted trees of eight leaves, several draws of which are averaged. Calibration and threshold are set on training stays that
models of the same recipe had left out. LightGBM is needed here only (the `training` extra).
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Unreadable, UserError
from core.inference.calibration import Calibration, fit
from core.inference.icu_features import features
from core.inference.icu_stay import Stay, read_stay
from core.progress import Report, silent

_FOLDS = 5
_PARTS = 4
_ROUNDS = 2
DRAWS = 5
_SEED = 0
_BINS = 10
_LEAST_MEASURED = 100
_EARLY_DEATHS = ((30, 0.6), (90, 0.3), (180, 0.1))
"""Dead within so many days of admission, though after discharge: how much of a death in hospital it counts for."""
RECIPE: dict[str, Any] = {
    "objective": "cross_entropy", "num_leaves": 8, "learning_rate": 0.03, "n_estimators": 330, "min_child_samples": 30,
    "reg_lambda": 10.0, "colsample_bytree": 0.1, "subsample": 0.7, "subsample_freq": 1, "verbose": -1, "n_jobs": 1,
    "deterministic": True,
}  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Stays:
    """Stays with features `x` (stays, len(names)) float32-exact, outcome `y` 0 or 1, what the training aims at (`aim`),
    a digest of each file; `skipped` says what was left out and why."""

    stays: tuple[Stay, ...]
    x: Array
    y: Array
    aim: Array
    names: tuple[str, ...]
    digests: tuple[str, ...]
    skipped: tuple[str, ...]

    def only(self, rows: Array) -> "Stays":
        """Some of them. `rows`: indices or a mask."""
        at = np.arange(len(self.y))[rows]
        return Stays(
            tuple(self.stays[i] for i in at), self.x[at], self.y[at], self.aim[at], self.names,
            tuple(self.digests[i] for i in at), self.skipped,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """Boosters over the columns `kept`, calibration of their mean, threshold on the calibrated probability."""

    boosters: tuple[Any, ...]
    kept: Array
    calibration: Calibration
    threshold: float

    def raw(self, x: Array) -> Array:
        """(n, all columns) -> (n,) log-odds, not calibrated."""
        return np.asarray(np.mean([b.predict(x[:, self.kept], raw_score=True) for b in self.boosters], axis=0), float)

    def probability(self, x: Array) -> Array:
        """Calibrated."""
        logits = self.raw(x) / self.calibration.temperature + self.calibration.bias
        return np.asarray(1 / (1 + np.exp(-logits)), float)


def load(folder: Path, report: Report = silent) -> Stays:
    """Every stay below `folder` (`set-*/NNN.txt`) that has an outcome in an `Outcomes-*.txt`. UserError without any."""
    outcomes = dict(_outcomes(folder))
    paths = sorted(p for p in folder.rglob("*.txt") if p.stem in outcomes)
    if not paths:
        raise UserError(f"{folder} holds no stays with outcomes.", "Name a folder with set-*/ and Outcomes-*.txt.")
    stays, found, targets, digests, skipped = [], [], [], [], []
    for number, path in enumerate(paths):
        report(number, len(paths), "reading stays")
        try:
            stay = read_stay(path)
        except Unreadable as error:
            skipped.append(str(error))
            continue
        stays.append(stay)
        found.append(features(stay))
        targets.append(outcomes[path.stem])
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest()[:12])
    if not stays:
        raise UserError(f"None of the {len(paths)} stays in {folder} can be read.", skipped[0])
    names = tuple(sorted({name for row in found for name in row}))
    y, aim = (np.array(column, float) for column in zip(*targets, strict=True))
    return Stays(tuple(stays), matrix(found, names), y, aim, names, tuple(digests), tuple(skipped))


def matrix(found: list[dict[str, float]], names: tuple[str, ...]) -> Array:
    """(stays, names), rounded to float32 (what the graph sees), NaN for what is not known."""
    rows = np.array([[row.get(name, np.nan) for name in names] for row in found], np.float32)
    return rows.astype(np.float64)


def _outcomes(folder: Path) -> Iterator[tuple[str, tuple[int, float]]]:
    for path in sorted(folder.rglob("Outcomes-*.txt")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("In-hospital_death") in ("0", "1"):
                    died = int(row["In-hospital_death"])
                    yield str(row["RecordID"]), (died, 1.0 if died else _soon(row))


def _soon(row: Mapping[str, str | None]) -> float:
    """What a survivor of the hospital counts for: those who died soon after were nearly deaths in hospital."""
    try:
        days = float(row.get("Survival") or -1)
    except ValueError:
        return 0.0
    return next((part for limit, part in _EARLY_DEATHS if 0 <= days <= limit), 0.0)


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


def best_threshold(y: Array, p: Array) -> float:
    """The cut at which sensitivity and precision meet: as many called as have died."""
    order = np.argsort(-p, kind="stable")
    return float(p[order][max(int(y.sum()) - 1, 0)])


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


def usable(x: Array) -> Array:
    """Columns with enough measured values that are not all alike (indices)."""
    least = min(_LEAST_MEASURED, len(x) // 4)
    keep = [np.isfinite(c).sum() >= least and len(np.unique(c[np.isfinite(c)])) > 1 for c in x.T]
    return np.flatnonzero(np.array(keep, bool))


def folds(y: Array, parts: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """(training, held) row indices of each part; each part has its share of either outcome."""
    rng = np.random.default_rng(seed)
    part = np.zeros(len(y), int)
    for outcome in (0, 1):
        rows = np.flatnonzero(y == outcome)
        part[rows] = rng.permutation(np.arange(len(rows)) % parts)
    for number in range(parts):
        yield np.flatnonzero(part != number), np.flatnonzero(part == number)


def train(x: Array, y: Array, aim: Array, report: Report = silent) -> Model:
    """Boosters, calibration and threshold from these stays alone. UserError with too few of either outcome."""
    try:
        from lightgbm import LGBMRegressor
    except (ModuleNotFoundError, OSError) as error:  # OSError: the system lacks libgomp
        raise UserError(f"Training needs LightGBM ({error}).", "Install: pip install -e .[training]") from error
    if min(y.sum(), len(y) - y.sum()) < _PARTS:
        raise UserError("Too few stays of either outcome to train on.", "Use a larger set.")
    kept, left_out = usable(x), np.zeros((_ROUNDS, len(y)))
    parts = [list(folds(y, _PARTS, _SEED + 1 + turn)) for turn in range(_ROUNDS)]

    def boost(rows: Array, seed: int) -> Any:
        return LGBMRegressor(**RECIPE, random_state=seed).fit(x[np.ix_(rows, kept)], aim[rows]).booster_

    fits = _ROUNDS * _PARTS + DRAWS
    for number in range(_ROUNDS * _PARTS):
        report(number, fits, "boosting")
        turn, part = divmod(number, _PARTS)
        fitted, held = parts[turn][part]
        left_out[turn, held] = boost(fitted, number).predict(x[np.ix_(held, kept)], raw_score=True)
    every = np.arange(len(y))
    boosters = []
    for number in range(DRAWS):
        report(fits - DRAWS + number, fits, "boosting")
        boosters.append(boost(every, number))
    calibration = _calibration(left_out, y)
    p = 1 / (1 + np.exp(-(left_out.mean(axis=0) / calibration.temperature + calibration.bias)))
    return Model(tuple(boosters), kept, calibration, best_threshold(y, np.asarray(p, float)))


def _calibration(left_out: Array, y: Array) -> Calibration:
    """Slope and bias on what models left out, with the covariance of both from a bootstrap over stays.

    `left_out` (rounds, stays). The spread: how far two models fitted on other stays lie apart on a stay (one deviation).
    """
    logits = left_out.mean(axis=0)
    temperature, bias = fit(logits, y.astype(np.int64))
    rng = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(100):
        i = rng.integers(0, len(y), len(y))
        t, b = fit(logits[i], y[i].astype(np.int64))
        drawn.append((1 / t, b))
    a, b, c, d = (float(v) for v in np.cov(np.array(drawn).T).ravel())
    spread = float(np.sqrt(np.mean(left_out.var(axis=0, ddof=1)))) / temperature
    return Calibration(temperature, bias, (a, b, c, d), spread)


def cross_validate(stays: Stays, report: Report = silent) -> tuple[Array, Array]:
    """(probability, called at the inner threshold as 0 or 1) of every stay, by a model that never saw it.

    Five folds; calibration and threshold are set inside the training folds.
    """
    if min(stays.y.sum(), len(stays.y) - stays.y.sum()) < _FOLDS * 2:
        raise UserError("Too few stays of either outcome to cross-validate.", "Use a larger set.")
    p, called = np.zeros(len(stays.y)), np.zeros(len(stays.y))
    for number, (fitted, held) in enumerate(folds(stays.y, _FOLDS, _SEED)):
        report(number, _FOLDS, "cross-validating")
        model = train(stays.x[fitted], stays.y[fitted], stays.aim[fitted])
        p[held] = model.probability(stays.x[held])
        called[held] = p[held] >= model.threshold
    return p, called
