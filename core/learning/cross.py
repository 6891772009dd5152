"""Learners of tables compared by cross-validation: whole patients in a fold, each fold's model calibrated on validation
patients of its own, every figure of predictions for patients that the model never saw. Needs the `training` extra."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.learning import study
from core.learning.calibrate import fit_scale, thresholds
from core.learning.class_metrics import overall
from core.learning.examples import Examples, load
from core.learning.metrics import with_ci
from core.learning.patient_split import deal
from core.learning.recipe import TREES, TrainRecipe
from core.learning.split import Part
from core.progress import Report, silent

LEARNERS: dict[str, dict[str, Any]] = {
    "logistic": {"hidden": 0},
    "network": {},
    "trees": {"learner": TREES},
}


def compare(
    recipe: TrainRecipe, learners: Sequence[str] = tuple(LEARNERS), folds: int = 5, report: Report = silent
) -> dict[str, Any]:
    """`{learner: {auroc, ece, brier, ... with ci95, seconds}}` and the paired difference of AUROC to the network's."""
    examples = load(recipe)
    found = {name: _out_of_fold(replace(recipe, **LEARNERS[name]), examples, folds, report) for name in learners}
    out: dict[str, Any] = {"n": len(examples), "patients": len(set(examples.patients)), "folds": folds, "learners": {}}
    for name, (p, seconds) in found.items():
        out["learners"][name] = {**_measured(examples, p), "seconds": round(seconds, 1)}
    if {"network", "trees"} <= set(found):
        out["trees_less_network_auroc"] = _difference(examples, found["trees"][0], found["network"][0])
    return out


def _out_of_fold(
    recipe: TrainRecipe, examples: Examples, folds: int, report: Report
) -> tuple[NDArray[np.float64], float]:
    """(n, classes) probabilities, each by a model of other patients; and the seconds it took."""
    fold = _folds(examples, recipe, folds)
    p = np.zeros((len(examples), len(examples.names)))
    started = time.perf_counter()
    for k in range(folds):
        report(k, folds, recipe.learner)
        kept = np.flatnonzero(fold == k)
        rest = deal(examples, replace(recipe, seed=recipe.seed + k, test=0.01))
        parts = [Part.TEST if fold[i] == k else Part.VALIDATION if part is Part.VALIDATION else Part.TRAIN
                 for i, part in enumerate(rest)]  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="cross-") as folder:
            p[kept] = _fold(recipe, study.Prepared(examples, parts), Path(folder), kept)
    return p, time.perf_counter() - started


def _folds(examples: Examples, recipe: TrainRecipe, folds: int) -> NDArray[np.int64]:
    """Fold of each example: patients dealt out by their rarest class in turn, so that each fold has all of them."""
    counts = np.bincount(examples.labels, minlength=len(examples.names))
    rarest: dict[str, int] = {}
    for name, label in zip(examples.patients, examples.labels.tolist(), strict=True):
        if name not in rarest or counts[label] < counts[rarest[name]]:
            rarest[name] = label
    rng = np.random.default_rng([recipe.seed, 30])
    order = sorted(rng.permutation(sorted(rarest)).tolist(), key=lambda name: rarest[name])
    place = {name: k % folds for k, name in enumerate(order)}
    return np.array([place[name] for name in examples.patients], np.int64)


def _fold(recipe: TrainRecipe, prepared: study.Prepared, folder: Path, kept: NDArray[np.int64]) -> NDArray[np.float64]:
    from core.inference import packs
    from core.inference.classification import session
    from core.learning.answers import answers
    from core.learning.task_pack import build

    examples, validation = prepared.examples, prepared.at(Part.VALIDATION)
    trained = study.fit(recipe, prepared, folder)
    labels = examples.labels[validation]
    scale = fit_scale(trained.validation, labels, [examples.patients[int(i)] for i in validation])
    limits = thresholds(scale.probabilities(trained.validation), labels, False)
    session.cache_clear()
    pack: packs.Pack = build(recipe, prepared, trained, scale, limits, folder / study.PACK)
    return answers(pack, examples, kept)


def _measured(examples: Examples, p: NDArray[np.float64]) -> dict[str, Any]:
    labels = examples.labels
    even = (0.5,) * p.shape[1]

    def of(at: NDArray[np.int64]) -> dict[str, float]:
        found = overall(labels[at], p[at], even)
        truth = np.eye(p.shape[1])[labels[at]]
        return {
            "auroc": found["auroc"],
            "ece": found["ece"],
            "brier": float(((p[at] - truth) ** 2).sum(axis=1).mean() / 2),
        }

    return with_ci(of, list(examples.patients), 500)


def _difference(examples: Examples, a: NDArray[np.float64], b: NDArray[np.float64]) -> dict[str, Any]:
    labels, even = examples.labels, (0.5,) * a.shape[1]

    def of(at: NDArray[np.int64]) -> dict[str, float]:
        return {"d": overall(labels[at], a[at], even)["auroc"] - overall(labels[at], b[at], even)["auroc"]}

    return with_ci(of, list(examples.patients), 500)["d"]
