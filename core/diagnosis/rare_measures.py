"""Rates over solved cases with intervals that resample diseases, and the calibration curve as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.measures import calibration_error

ABSENT = 10**6
"""Rank of a disease that is not among the candidates."""
BOOTSTRAPS, SEED = 1000, 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: rank from 0 in the chosen mode and without its publication, probability given to the first disease."""

    disease: str
    known: bool
    annotated: bool
    rank: int
    rank_without: int
    sure: float


def measures(found: Sequence[Outcome]) -> dict[str, Any]:
    """All rates: over all cases, over those with a disease in the annotation (`known_`), and `annotated_`:

    without the case's publication, over cases whose disease keeps annotations.
    """
    ranks, without = np.array([o.rank for o in found]), np.array([o.rank_without for o in found])
    known, annotated = np.array([o.known for o in found]), np.array([o.annotated for o in found])
    diseases = np.array([o.disease for o in found])
    out: dict[str, Any] = {"n": len(found), "n_known": int(known.sum()), "n_annotated": int(annotated.sum())}
    for name, chosen, values in (
        ("", np.ones(len(found), bool), ranks),
        ("known_", known, ranks),
        ("annotated_", annotated, without),
    ):
        out |= rates(name, values[chosen], diseases[chosen])
    out["ece"] = round(calibration_error([o.sure for o in found], [o.rank < 1 for o in found]), 4)
    return out


def rates(name: str, ranks: NDArray[np.int64], diseases: NDArray[np.str_]) -> dict[str, Any]:
    """top1, top3, top10 over cases (micro) and over diseases (macro), each with a 95 % CI that resamples diseases."""
    if not len(ranks):
        return {}
    _, number = np.unique(diseases, return_inverse=True)
    size = np.bincount(number).astype(float)
    draws = np.random.default_rng(SEED).multinomial(len(size), np.full(len(size), 1 / len(size)), BOOTSTRAPS)
    out: dict[str, Any] = {}
    for k in (1, 3, 10):
        hits = np.bincount(number, weights=ranks < k)
        micro, macro = draws @ hits / (draws @ size), draws @ (hits / size) / len(size)
        out |= _rate(f"{name}top{k}", float(hits.sum() / size.sum()), micro)
        out |= _rate(f"{name}macro_top{k}", float((hits / size).mean()), macro)
    return out


def _rate(name: str, value: float, draws: NDArray[np.float64]) -> dict[str, Any]:
    low, high = np.percentile(draws, (2.5, 97.5))
    return {name: round(value, 4), f"{name}_ci95": [round(float(low), 4), round(float(high), 4)]}


def reliability(found: Sequence[Outcome], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability of the first disease, share right, cases) of each bin that has cases."""
    sure = np.array([o.sure for o in found])
    right = np.array([o.rank < 1 for o in found], float)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        (float(sure[place == b].mean()), float(right[place == b].mean()), int((place == b).sum()))
        for b in range(bins)
        if (place == b).any()
    ]
