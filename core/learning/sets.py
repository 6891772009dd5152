"""Conformal sets of a pack trained here: fitted on validation, their coverage measured on the test, which fixed nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.conformal import ConformalSets, coverage_of, fit_sets
from core.learning.metrics import with_ci

COVERAGE = 0.9
Answers = tuple[NDArray[np.float64], NDArray[np.int64]]


def stated_sets(validation: Answers, test: Answers, patients: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest's `conformal` and its metrics' `conformal_test`, of (probabilities (n, classes), classes (n,)) of both
    parts; both empty where a class of validation has too few examples to promise the coverage. `patients` of the test."""
    try:
        sets = fit_sets(*validation, COVERAGE)
    except UserError:
        return {}, {}
    return sets.spec(), on_test(sets, test, patients)


def on_test(sets: ConformalSets, test: Answers, patients: Sequence[str], draws: int = 500) -> dict[str, Any]:
    """Coverage overall and of two classes apart, size, shares decided and empty, each {value, ci95} over patients."""
    p, labels = test

    def measured(at: NDArray[np.int64]) -> dict[str, float]:
        found = coverage_of(sets, p[at], labels[at])
        if p.shape[1] == 2:
            for k, name in enumerate(("absent", "present")):
                own = at[labels[at] == k]
                found[f"coverage_{name}"] = coverage_of(sets, p[own], labels[own])["coverage"]
        return found

    return {"n": len(labels), "stated": sets.coverage} | with_ci(measured, list(patients), draws)
