"""Shapley values of a text's words from few shortened texts: a surrogate that answers with embeddings, corrected by what it
missed.

Every evaluation gives a whole embedding, not one number, and the score is a known function of it. So the embedding of a
shortened text is foretold by a Gaussian process over sets of words (mean: the direction of the words' own embeddings;
covariance: powers of the cosine between two sets), its score is worked out, and that surrogate's Shapley values cost next to
nothing. What the surrogate misses (each text foretold from all others: leave-one-out in closed form) is a game of its own,
whose values are found by regression under a prior, single words and all triples alike, chosen by marginal likelihood; its
posterior gives the standard errors. Rasmussen and Williams, 2006 (5.12 for leave-one-out); Witter et al., 2025 (surrogates
as control variates for Shapley values).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np
from numpy.typing import NDArray

from core.explain.coalitions import latin_orders

Values = NDArray[np.float64]
Vectors = NDArray[np.float32]
Masks = NDArray[np.bool_]
_RIDGE = 0.03
_ORDERS, _STEP, _ENOUGH = 96, 16, 0.15
"""Orders of a surrogate at most, at a time, and the share of the other variance that theirs may have."""
_TRIPLES = (1e-4, 1e-3, 4e-3, 2e-2)
_NOISES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_EXACT = 1e-6
SPREAD = 1.0
"""By how much errors exceed the posterior's own estimate of them."""


Score = Callable[[Masks, Vectors], Values]
"""Scores (k,) of sets of words (k, n) whose embeddings are given (k, width)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Values of the words (n,) that add up to v(all) - v(none), and their covariance (n, n)."""

    values: Values
    covariance: Values


def coalitions(words: int, pairs: int, seed: int) -> Masks:
    """Sets of words (at most `pairs`, words), each to be measured with its complement: every single word, then sets of every
    size up to half, no two alike. All there are, where they are few."""
    if 2 ** min(words - 1, 40) - 1 <= pairs:
        return _all(words)
    found = {row.tobytes(): row for row in np.eye(words, dtype=bool)[:pairs]}
    rng = np.random.default_rng(seed)
    most = max(2, words // 2)
    while len(found) < pairs:
        row = np.zeros(words, bool)
        row[rng.permutation(words)[: 1 + rng.permutation(most)[0]]] = True
        found.setdefault(min(row.tobytes(), (~row).tobytes()), row)
    return np.array(list(found.values()))


def _all(words: int) -> Masks:
    """Every set but the empty and the whole one, one of each with its complement: those that hold the first word."""
    rest = np.array(list(product((False, True), repeat=words - 1)), bool).reshape(-1, words - 1)
    return np.concatenate([np.ones((len(rest), 1), bool), rest], axis=1)[:-1]


def exact(masks: Masks, values: Values, ends: Values) -> Values:
    """Shapley values (n,) of all coalitions: `masks` of `_all`, `values` of them and then of their complements."""
    n = masks.shape[1]
    sets = np.concatenate([np.zeros((1, n), bool), np.ones((1, n), bool), masks, ~masks])
    v = np.concatenate([ends, values])
    size = sets.sum(axis=1)
    weight = np.array([1 / (n * comb(n - 1, k)) if k < n else 0.0 for k in range(n + 1)])
    without = -weight[size][:, None] * ~sets
    within = np.where(sets, weight[np.maximum(size - 1, 0)][:, None], 0.0)
    return np.asarray((without + within).T @ v)


def kernel(a: Masks, b: Masks) -> Vectors:
    """Covariance between sets of words (m, n) and (k, n), empty ones alike: powers of their cosine, 1, 2 and 4 (the best of
    six mixtures tried on eight notes; docs/benchmarks/explanations.md)."""
    first, second = (x / np.sqrt(np.maximum(x.sum(axis=1, keepdims=True), 1, dtype=np.float32)) for x in (a, b))
    cosine = first @ second.T
    cosine[np.ix_(~a.any(axis=1), ~b.any(axis=1))] = 1.0
    square = cosine * cosine
    return np.asarray(cosine + square + square * square)


class Surrogate:
    """Foretells the embedding of any set of words from those measured: masks (m, n), unit vectors (m, width)."""

    def __init__(self, masks: Masks, vectors: Vectors) -> None:
        self.masks = masks
        alone = masks.sum(axis=1) == 1
        self.alone = np.zeros((masks.shape[1], vectors.shape[1]), np.float32)
        self.alone[masks[alone].argmax(axis=1)] = vectors[alone]
        towards = self._together(masks)
        apart, around = towards - towards.mean(axis=0), vectors - vectors.mean(axis=0)
        self.slope = np.float32((apart * around).sum() / max(float((apart**2).sum()), 1e-12))
        self.level = vectors.mean(axis=0) - self.slope * towards.mean(axis=0)
        inverse = np.linalg.inv(kernel(masks, masks).astype(np.float64) + _RIDGE * np.eye(len(masks)))
        weights = inverse @ (vectors - self._mean(masks))
        self.weights: Vectors = weights.astype(np.float32)
        self.without: Vectors = (vectors - weights / np.diag(inverse)[:, None]).astype(np.float32)

    def _together(self, masks: Masks) -> Vectors:
        return _unit(masks.astype(np.float32) @ self.alone)

    def _mean(self, masks: Masks) -> Vectors:
        return np.asarray(self.level + self.slope * self._together(masks))

    def __call__(self, masks: Masks) -> Vectors:
        """Unit vectors (k, width) of sets of words."""
        return _unit(kernel(masks, self.masks) @ self.weights + self._mean(masks))

    def left_out(self) -> Vectors:
        """Unit vectors of the measured sets, each foretold from all the others."""
        return _unit(self.without)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9)))


def estimate(
    masks: Masks, vectors: Vectors, scores: Values, score: Score, seed: int = 0, orders: int = _ORDERS
) -> Estimate:
    """From the ends (none, all), then sets (k, n), then their complements: `masks` (2 + 2 k, n), unit vectors, scores. At
    most so many orders of the surrogate: no more than its own values need beside what else is unsure."""
    n = masks.shape[1]
    model = Surrogate(masks, vectors)
    game = Cheap(lambda sets: score(sets, model(sets)), masks, seed)
    missed = scores - score(masks, model.left_out())
    total = float(scores[1] - scores[0])
    while True:
        foretold, unsure = game.more(min(_STEP, orders))
        rest = regress(_signs(masks), _odd(missed), (total - float(foretold.sum())) / 2)
        if game.orders >= orders or unsure.sum() < _ENOUGH * np.trace(rest.covariance):
            break
    values = foretold + rest.values
    return Estimate(values + (total - values.sum()) / n, SPREAD**2 * (rest.covariance + np.diag(unsure)))


def _signs(masks: Masks) -> Values:
    """Of the sets without ends and complements, (k, n) of -1 and +1."""
    return np.asarray(2.0 * masks[2 : 1 + len(masks) // 2] - 1)


def _odd(values: Values) -> Values:
    """(v(S) - v(not S)) / 2 of the same sets (k,)."""
    return np.asarray((values[2 : 1 + len(values) // 2] - values[1 + len(values) // 2 :]) / 2)


class Cheap:
    """Shapley values of a game that costs little: of a regression on the sets measured, and of what that leaves by
    antithetic orders with Latin positions, as many as are asked for."""

    def __init__(self, score: Callable[[Masks], Values], masks: Masks, seed: int) -> None:
        self.score, self.words = score, masks.shape[1]
        known = score(masks)
        self.fitted = regress(_signs(masks), _odd(known), float(known[1] - known[0]) / 2)
        self._coming = latin_orders(self.words, seed)
        self._gains: list[Values] = []

    @property
    def orders(self) -> int:
        """How many were used."""
        return len(self._gains)

    def more(self, orders: int) -> tuple[Values, Values]:
        """After so many more orders: values (n,) and the variances of their estimates."""
        n = self.words
        ranks = [np.argsort(next(self._coming)) for _ in range(orders)]
        shown = np.concatenate([rank[None] < np.arange(n + 1)[:, None] for rank in ranks])
        both = self.score(np.concatenate([shown, ~shown])).reshape(2, -1)
        left = (both[0] - both[1]) / 2 - self.fitted.odd(2.0 * shown - 1)
        steps = np.diff(left.reshape(orders, n + 1), axis=1)
        self._gains += [step[rank] for step, rank in zip(steps, ranks, strict=True)]
        gains = np.stack(self._gains)
        return self.fitted.values + gains.mean(axis=0), gains.var(axis=0, ddof=1) / len(gains)


@dataclass(frozen=True, slots=True)
class Regression:
    """Posterior of the Shapley values: mean (n,), covariance (n, n); `odd` gives the posterior mean of the odd part."""

    values: Values
    covariance: Values
    at: Values
    weights: Values
    triple: float

    def odd(self, signs: Values) -> Values:
        """At signs (m, n): (m,)."""
        return np.asarray(_alike(signs, self.at, self.triple) @ self.weights)


def regress(signs: Values, odd: Values, half: float) -> Regression:
    """For odd parts (k,) at signs (k, n) and `half` = (v(all) - v(none)) / 2, which is known: single words and all triples
    vary, by as much as makes what was seen most likely."""
    seen = np.concatenate([[half], odd])
    at = np.concatenate([np.ones((1, signs.shape[1])), signs])
    size = max(float(np.mean(odd**2)), 1e-18)
    choices = ((triple, noise) for triple in _TRIPLES for noise in _NOISES)
    best = min(choices, key=lambda chosen: _unlikely(at, seen / np.sqrt(size), *chosen))
    inverse = np.linalg.inv(_between(at, *best))
    reach = _reach(at, best[0])
    scale = float(seen @ inverse @ seen) / len(seen)
    n = signs.shape[1]
    shared = (4 / 9) * best[0] * np.where(np.eye(n, dtype=bool), comb(n - 1, 2), n - 2)
    covariance = scale * (4 * np.eye(n) + shared - reach @ inverse @ reach.T)
    return Regression(reach @ inverse @ seen, covariance, at, inverse @ seen, best[0])


def _between(signs: Values, triple: float, noise: float) -> Values:
    """Covariance of the odd parts at signs; the first is known all but exactly."""
    left = np.full(len(signs), noise)
    left[0] = _EXACT
    return _alike(signs, signs, triple) + np.diag(left)


def _alike(a: Values, b: Values, triple: float) -> Values:
    """Covariance of the odd parts (m, k): words' own terms, and all triples, whose products make a polynomial."""
    n, alike = a.shape[1], a @ b.T
    return np.asarray(alike + triple * (alike**3 - 3 * n * alike + 2 * alike) / 6)


def _reach(signs: Values, triple: float) -> Values:
    """Covariance of the values (n,) with the odd parts: a word's own term is worth 2, a triple 2/3 to each of its three."""
    n, own = signs.shape[1], signs.T
    others = signs.sum(axis=1)[None] - own
    return np.asarray(2 * own + (2 / 3) * triple * own * (others**2 - (n - 1)) / 2)


def _unlikely(signs: Values, seen: Values, triple: float, noise: float) -> float:
    """Minus the log marginal likelihood, the overall size profiled out."""
    root = np.linalg.cholesky(_between(signs, triple, noise))
    white = np.linalg.solve(root, seen)
    return float(len(seen) / 2 * np.log(max(float(white @ white), 1e-300)) + np.log(np.diag(root)).sum())


def halves(masks: Masks, vectors: Vectors, scores: Values, score: Score, seed: int = 0) -> tuple[Values, Values]:
    """Values from every second set alone, and from the others: how far the map depends on what was drawn."""
    count = (len(masks) - 2) // 2
    found = []
    for first in (0, 1):
        chosen = np.arange(first, count, 2)
        rows = np.concatenate([[0, 1], 2 + chosen, 2 + count + chosen])
        found.append(estimate(masks[rows], vectors[rows], scores[rows], score, seed, _STEP).values)
    return found[0], found[1]
