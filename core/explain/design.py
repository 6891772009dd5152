"""Shapley values from few, well-chosen coalitions: regression on the game's Fourier terms with a prior from training films.

Only the odd part of a game, (v(S) - v(not S)) / 2, carries its Shapley values. It is written in parities of regions shown
(+1) or hidden (-1): single regions, and triples that lie within 3 x 3 regions, as a convolutional network mixes neighbours.
A pack's design says how much each term usually varies (fitted on training films) and which coalitions tell most about
the Shapley values under that prior. The posterior mean is then a fixed matrix times the values measured, so that
it costs nothing beside the network. Surveyed by Witter et al., 2025 (regression-adjusted estimators); the terms of order
three make it an instance of interaction-aware regression (Fumagalli et al., 2024).

Where a learned explainer foretells the map and its triples (`core.explain.one_pass`), the regression is of what that leaves,
under a prior of its own (`Design.left`): the same posterior with the explainer's game as the prior's mean.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.packs import Pack

Floats = NDArray[np.float64]
Masks = NDArray[np.float32]
RATIO = 1.15
"""By how much errors exceed the posterior's own estimate of them (root mean square over nine validation films of the chest
model, 63 to 504 pairs; docs/benchmarks/explanations.md)."""
RATIO_LEFT = 1.45
"""The same of the regression of what a learned explainer leaves (nine validation films, 32 to 252 pairs)."""
_LEFT = "left_"
_EXACT = 1e-6
"""Noise of the difference between everything and nothing shown, which is known (of the prior's variance)."""


@lru_cache(maxsize=8)
def triples(rows: int, columns: int) -> NDArray[np.int64]:
    """Every set of three regions within some window of 3 x 3, (n, 3), in ascending order."""
    found: set[tuple[int, ...]] = set()
    for r in range(max(1, rows - 2)):
        for c in range(max(1, columns - 2)):
            window = [i * columns + j for i in range(r, min(r + 3, rows)) for j in range(c, min(c + 3, columns))]
            found.update(combinations(window, 3))
    return np.array(sorted(found), np.int64).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class Prior:
    """How the odd part of a game usually varies: covariance of its linear terms (regions, regions), variances of its
    triples, variance of what neither explains, and by how much errors exceed the posterior's own estimate of them."""

    grid: tuple[int, int]
    linear: Floats
    triple: Floats
    noise: float
    spread: float = 1.0

    def covariance(self, a: Floats, b: Floats) -> Floats:
        """Of the odd part between signs (n, regions) and (m, regions): (n, m)."""
        three = self.terms(a) * self.triple
        return np.asarray(a @ self.linear @ b.T + three @ self.terms(b).T)

    def terms(self, signs: Floats) -> Floats:
        """Parities of the triples, (n, triples)."""
        first, second, third = triples(*self.grid).T
        return np.asarray(signs[:, first] * signs[:, second] * signs[:, third])

    def to_values(self, signs: Floats) -> Floats:
        """Covariance of the Shapley values with the odd part at `signs`: (regions, n).

        A linear term of coefficient c is worth 2 c to its region; a triple 2/3 c to each of its three.
        """
        out = 2 * self.linear @ signs.T
        shared = (2 / 3) * (self.terms(signs) * self.triple).T
        for column in triples(*self.grid).T:
            np.add.at(out, column, shared)
        return np.asarray(out)

    def variance(self) -> Floats:
        """Of the Shapley values before anything is measured, (regions,)."""
        out = 4 * np.diag(self.linear).copy()
        for column in triples(*self.grid).T:
            np.add.at(out, column, (4 / 9) * self.triple)
        return out


@dataclass(frozen=True, slots=True)
class Estimator:
    """The posterior for fixed coalitions: values = weights @ odd + whole * (v(all) - v(none)) / 2; `deviation` their
    standard deviations for a game of the prior's size; `precision` (n + 1, n + 1) gives the size of this game."""

    weights: Floats
    whole: Floats
    deviation: Floats
    precision: Floats

    def __call__(self, odd: Floats, empty: float, full: float) -> tuple[Floats, Floats]:
        """Odd parts (n,) -> Shapley values that add up to full - empty, and their standard errors."""
        half = (full - empty) / 2
        values = self.weights @ odd + self.whole * half
        values += (full - empty - values.sum()) / len(values)
        seen = np.concatenate([[half], odd])
        size = float(np.sqrt(max(seen @ self.precision @ seen, 0.0) / len(seen)))
        return values, self.deviation * size


def estimator(prior: Prior, signs: Floats) -> Estimator:
    """For coalitions `signs` (n, regions) of -1 and +1, each measured with its complement."""
    seen = np.concatenate([np.ones((1, signs.shape[1])), signs])
    noise = np.full(len(seen), prior.noise)
    noise[0] = _EXACT * prior.noise
    precision = np.linalg.inv(prior.covariance(seen, seen) + np.diag(noise))
    known = prior.to_values(seen)
    weights = known @ precision
    left = np.maximum(prior.variance() - np.einsum("in,in->i", weights, known), 0.0)
    deviation: Floats = np.asarray(prior.spread * np.sqrt(left))
    return Estimator(weights[:, 1:], weights[:, 0], deviation, np.asarray(precision))


@dataclass(frozen=True, slots=True)
class Mean:
    """A game that was foretold: its Shapley values (regions,), which add up to v(all) - v(none), and the coefficients of its
    triples. Nats."""

    values: Floats
    triples: Floats


def linear(mean: Mean, grid: tuple[int, int]) -> Floats:
    """The coefficients of its single regions: what a region's value is beyond its shares of triples (regions,)."""
    shared = np.zeros(len(mean.values))
    for column in triples(*grid).T:
        np.add.at(shared, column, (2 / 3) * mean.triples)
    return np.asarray((mean.values - shared) / 2)


@dataclass(frozen=True, slots=True)
class Design:
    """A pack's coalitions in the order of use, signs (n, regions), its prior, and that of what a foretold game leaves."""

    signs: Floats
    prior: Prior
    left: Prior | None = None
    _made: dict[tuple[int, int, int, bool], Estimator] = field(default_factory=dict, compare=False, repr=False)
    _terms: list[NDArray[np.float32]] = field(default_factory=list, compare=False, repr=False)

    @property
    def pairs(self) -> int:
        """Coalitions there are, each to be measured with its complement."""
        return len(self.signs)

    def masks(self, first: int, after: int) -> Masks:
        """The coalitions [first, after), then their complements: (2 (after - first), regions) of 0 and 1."""
        part = self.signs[first:after] > 0
        return np.concatenate([part, ~part]).astype(np.float32)

    def estimator(self, pairs: int, start: int = 0, step: int = 1, left: bool = False) -> Estimator:
        """For the coalitions [start : pairs : step], made once; `left`: of what a foretold game leaves."""
        key = (pairs, start, step, left)
        if key not in self._made:
            prior = self.left if left and self.left is not None else self.prior
            self._made[key] = estimator(prior, self.signs[start:pairs:step])
        return self._made[key]

    def foretold(self, mean: Mean) -> Floats:
        """The odd parts (n,) of a foretold game at the coalitions."""
        if not self._terms:
            self._terms.append(self.prior.terms(self.signs).astype(np.float32))
        shared = self._terms[0] @ mean.triples.astype(np.float32)
        return np.asarray(self.signs @ linear(mean, self.prior.grid) + shared)


@lru_cache(maxsize=8)
def design(pack: Pack) -> Design | None:
    """The pack's design, its file verified; None where the pack has none."""
    name = pack.manifest.get("explanation", {}).get("design")
    if not name:
        return None
    with np.load(io.BytesIO(pack.read(name)), allow_pickle=False) as data:
        regions = pack.regions[0] * pack.regions[1]
        shown = np.unpackbits(data["shown"], axis=1, count=regions).astype(np.float64)
        prior = _prior(pack.regions, data, "")
        left = _prior(pack.regions, data, _LEFT) if f"{_LEFT}linear" in data else None
    return Design(2 * shown - 1, prior, left)


def _prior(grid: tuple[int, int], data: Mapping[str, Any], start: str) -> Prior:
    linear, triple = (np.asarray(data[start + name], np.float64) for name in ("linear", "triple"))
    return Prior(grid, linear, triple, float(data[f"{start}noise"]), float(data[f"{start}spread"]))


def save(made: Design) -> bytes:
    """The bytes of the file that `design` reads."""
    out = io.BytesIO()
    np.savez_compressed(
        out,
        allow_pickle=False,
        shown=np.packbits(made.signs > 0, axis=1),
        **_stored(made.prior, ""),
        **(_stored(made.left, _LEFT) if made.left is not None else {}),
    )
    return out.getvalue()


def _stored(prior: Prior, start: str) -> dict[str, Any]:
    return {
        f"{start}linear": prior.linear.astype(np.float32),
        f"{start}triple": prior.triple.astype(np.float32),
        f"{start}noise": np.float32(prior.noise),
        f"{start}spread": np.float32(prior.spread),
    }
