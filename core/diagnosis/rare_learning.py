"""Learn the rare engine's weights: a conditional logit over the candidates of solved cases, then calibration.

Eight numbers are learned, none of them about a disease or a term, so a learner cannot memorise diseases; figures are
still reported with disease-disjoint folds. Excluded findings and priors over diseases never enter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.rare_features import FULL_SHARE, STRONG, Features, Index
from core.diagnosis.rare_weights import Weights

RIDGE = 0.01
BALANCE = 0.5
"""A disease with k cases weighs k ** (1 - BALANCE)."""
FIRST = 4.0
"""How much more the first answer's probability counts than that of the right disease."""
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Candidates of one case as columns' values (candidates, 4); `target` -1 where the disease is not among them."""

    values: Matrix
    target: int
    findings: int
    disease: str


def columns(found: Features, index: Index) -> Matrix:
    """The four parts of each candidate's score before weighting: fit, striking, coverage, full."""
    small = 1 / np.sqrt(len(found.fits))
    best = found.shared.max(axis=0)
    n = len(found.candidates)
    covered = np.bincount(found.entry, found.frequency * best, n) / index.damped[found.candidates]
    full = np.bincount(found.entry, found.frequency * (best >= FULL_SHARE * found.information), n)
    fits = (found.fits, np.maximum(0, found.fits - STRONG))
    return np.stack([*(f.sum(axis=0) * small for f in fits), covered, full], axis=1).astype(np.float32)


def learn(examples: Sequence[Example], source: str = "") -> Weights:
    """Weights from examples, not below 0 (so that a better match never counts against a disease), and calibration."""
    from scipy.optimize import minimize

    usable = [e for e in examples if e.target >= 0]
    stacked = _Stack.of(usable)
    scale = stacked.values.std(axis=0) + 1e-6
    stacked.values /= scale

    def loss(b: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        return stacked.loss(b)

    found = minimize(loss, np.full(4, 0.3), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 4).x
    vector = [float(v) for v in found / scale]
    fit, striking, coverage, full = vector
    temperature, none, slope, peak = _calibrate(examples, np.array(vector, np.float32))
    return Weights(fit, striking, coverage, full, temperature, none, slope, peak, source)


@dataclass(slots=True, eq=False)
class _Stack:
    """Cases one under the other, for one gradient over all."""

    values: Matrix
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "_Stack":
        length = np.array([len(e.values) for e in examples])
        start = np.cumsum(length) - length
        _, number, count = np.unique([e.disease for e in examples], return_inverse=True, return_counts=True)
        weight = count[number] ** -BALANCE
        target = start + np.array([e.target for e in examples])
        return cls(np.concatenate([e.values for e in examples]), start, length, target, weight / weight.sum())

    def loss(self, b: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Penalised negative log likelihood of the right candidates, and its gradient."""
        score = self.values @ b.astype(np.float32)
        peak = np.maximum.reduceat(score, self.start)
        mass = np.exp(score - np.repeat(peak, self.length))
        total = np.add.reduceat(mass, self.start)
        share = mass / np.repeat(total / self.weight, self.length)
        value = self.weight @ (peak + np.log(total) - score[self.target])
        gradient = share @ self.values - self.weight @ self.values[self.target]
        return float(value + RIDGE / 2 * b @ b), np.asarray(gradient + RIDGE * b, np.float64)


def _calibrate(examples: Sequence[Example], vector: Matrix) -> tuple[float, float, float, float]:
    """Temperature and the three numbers of "none of these" under which the first answer's probability is most likely.

    The first answer is what a clinician acts on; that all candidates' probabilities be likely counts less.
    "None" is right where the disease is not among the candidates, known to the annotation or not.
    """
    from scipy.optimize import minimize

    scores = [e.values @ vector for e in examples]
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
    return float(found[0]), float(found[1]), float(found[2]), float(found[3])
