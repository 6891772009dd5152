"""Learn the rare engine from solved cases: the network, then calibration.

No feature is about a disease or a term, so a learner cannot memorise diseases; figures are still reported with
disease-disjoint folds. Excluded findings and priors over diseases never enter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from core.diagnosis.rare_network import Lists, Network, train
from core.diagnosis.rare_rerank import WIDTH
from core.diagnosis.rare_weights import Weights

BALANCE = 0.5
"""A disease with k cases weighs k ** (1 - BALANCE)."""
FIRST = 4.0
"""How much more the first answer's probability counts than that of the right disease."""
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Features of one case's candidates (candidates, WIDTH); `target` -1 where the disease is not among them."""

    values: Matrix
    target: int
    findings: int
    disease: str


def learn_network(examples: Sequence[Example]) -> Network:
    """The network trained on the cases whose disease is among the candidates."""
    usable = [e for e in examples if e.target >= 0]
    places = max(len(e.values) for e in usable)
    values = np.zeros((len(usable), places, WIDTH), np.float32)
    there = np.zeros((len(usable), places), bool)
    for i, e in enumerate(usable):
        values[i, : len(e.values)], there[i, : len(e.values)] = e.values, True
    target = np.array([e.target for e in usable])
    return train(Lists(values, there, target, balanced([e.disease for e in usable]).astype(np.float32)))


def balanced(diseases: Sequence[str]) -> NDArray[np.float64]:
    """The weight of each case."""
    _, number, count = np.unique(diseases, return_inverse=True, return_counts=True)
    return np.asarray(count[number] ** -BALANCE)


def calibrate(examples: Sequence[Example], scores: Sequence[Matrix], weights: Weights) -> Weights:
    """`weights` with the temperature and the three numbers of "none of these" under which scores (of cases the network was
    not trained on) make the first answer's probability most likely.

    The first answer is what a clinician acts on; that all candidates' probabilities be likely counts less.
    "None" is right where the disease is not among the candidates, known to the annotation or not.
    """
    from scipy.optimize import minimize

    peak = np.array([s.max() for s in scores])
    below = np.full((len(scores), max(map(len, scores))), -200.0, np.float32)
    for row, score, best in zip(below, scores, peak, strict=True):
        row[: len(score)] = score - best
    target = np.array([e.target for e in examples])
    gap = below[np.arange(len(target)), np.maximum(target, 0)]
    first = (target >= 0) & (gap == 0)
    size = np.log([e.findings for e in examples])

    def loss(p: NDArray[np.float64]) -> float:
        none = p[1] + p[2] * size + p[3] * peak
        total = np.logaddexp(np.log(np.exp(np.float32(p[0]) * below).sum(axis=1)), none)
        all_right = total - np.where(target >= 0, p[0] * gap, none)
        first_right = np.where(first, total, -np.log(-np.expm1(np.minimum(-total, -1e-9))))
        return float(all_right.mean() + FIRST * first_right.mean())

    start = np.array([1.2, 2.8, 1.4, -0.5])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 200, "xatol": 1e-2, "fatol": 1e-4}).x
    temperature, none, slope, height = (float(v) for v in found)
    return structs.replace(weights, temperature=temperature, none=none, none_findings=slope, none_peak=height)
