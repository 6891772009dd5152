"""Boosted trees as a table of leaves: the sum, and its exact Shapley values, tree-path dependent (`shapley`) or against a
background (`interventional`; both Lundberg et al., Nature Machine Intelligence 2020).

Each leaf is a product game: it is reached when every feature on its path lies in an interval. A feature that is left out
follows the share of training cases that went that way. For such a game the Shapley values have a closed form, so they are
exact, and they add up to the sum of the trees.
"""

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Unreadable

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Leaves:
    """`feature` (leaves, depth) int: -1 pads; `low` < x <= `high` (float32 grid) is the way to the leaf, `lost` whether a
    missing value goes it too; `share`: of training cases that go it; `value` (leaves,) in nats; `constant` in nats."""

    feature: NDArray[np.int32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    lost: NDArray[np.bool_]
    share: NDArray[np.float32]
    value: NDArray[np.float32]
    constant: float

    def fits(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(features,) -> (leaves, depth): whether x goes the way of each step; padding fits."""
        at = np.append(x, np.float32(0))[self.feature]
        inside = np.where(np.isnan(at), self.lost, (at > self.low) & (at <= self.high))
        return inside | (self.feature < 0)

    def raw(self, x: NDArray[np.float32]) -> float:
        """The sum of the leaves that x reaches, in nats."""
        return self.constant + float(self.value[self.fits(x).all(axis=1)].sum(dtype=np.float64))

    @property
    def base(self) -> float:
        """The sum where nothing is known: every leaf by its share of the training cases."""
        return self.constant + float((self.value.astype(np.float64) * self._shares().prod(axis=1)).sum())

    def shapley(self, x: NDArray[np.float32]) -> Floats:
        """(features,) -> (features,) nats: adds up to `raw(x) - base`."""
        one, zero = self.fits(x).astype(np.float64), self._shares()
        depth = one.shape[1]
        steps = (self.feature >= 0).sum(axis=1)
        weights = _weights(depth)[steps]
        out = np.zeros(len(x) + 1)
        for i in range(depth):
            poly = np.zeros((len(one), depth))
            poly[:, 0] = 1.0
            for j in range(depth):
                if j != i:
                    poly[:, 1:] = poly[:, 1:] * zero[:, j, None] + poly[:, :-1] * self._one(one, j)
                    poly[:, 0] *= zero[:, j]
            share = self.value * (one[:, i] - zero[:, i]) * (poly * weights).sum(axis=1)
            np.add.at(out, self.feature[:, i], np.where(self.feature[:, i] >= 0, share, 0.0))
        return out[:-1]

    def interventional(
        self, x: NDArray[np.float32], background: NDArray[np.float32], players: NDArray[np.int64] | None = None
    ) -> Floats:
        """(features,), (m, features) -> (players,) nats that add up to `raw(x)` less the mean of `raw` over the background.

        A leaf is reached by a row put together of x and a background row b where every player on whose way only x goes is
        taken from x and every player on whose way only b goes from b; for a of the one and b of the other kind the values
        are (a - 1)! b! / (a + b)! and -a! (b - 1)! / (a + b)! of the leaf. `players` (features,): the player that each
        feature belongs to (the levels of one column are one player); None: each its own.
        """
        owner = np.arange(len(x)) if players is None else players
        count = int(owner.max()) + 1
        steps = np.append(owner, count)[self.feature]
        off = self._off(x, steps, count)
        out = np.zeros(count)
        value = self.value.astype(np.float64)
        for other in background:
            off_other = self._off(other, steps, count)
            own, theirs = ~off & off_other, off & ~off_other
            reached = ~(off & off_other).any(axis=1)
            a, b = own.sum(axis=1), theirs.sum(axis=1)
            weights = _KIND[0][a, b] * value * reached, _KIND[1][a, b] * value * reached
            out += weights[0] @ own - weights[1] @ theirs
        return out / len(background)

    def _off(self, x: NDArray[np.float32], steps: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
        """(leaves, players): whether a player of x leaves the way to the leaf."""
        fits, leaf = self.fits(x), np.arange(len(steps))
        out = np.zeros((len(steps), count + 1), np.bool_)
        for j in range(steps.shape[1]):
            out[leaf, steps[:, j]] |= ~fits[:, j]
        return out[:, :count]

    def _one(self, one: Floats, j: int) -> Floats:
        """A padded step is in no coalition."""
        column: Floats = np.where(self.feature[:, j] >= 0, one[:, j], 0.0)[:, None]
        return column

    def _shares(self) -> Floats:
        return np.where(self.feature >= 0, self.share, 1.0).astype(np.float64)

    def to_bytes(self) -> bytes:
        """An .npz."""
        out = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(self, name) for name in Leaves.__dataclass_fields__}
        np.savez_compressed(out, allow_pickle=False, **arrays)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Leaves":
        """From an .npz; `Unreadable` where it is none."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as found:
                arrays = {name: found[name] for name in cls.__dataclass_fields__}
        except (OSError, ValueError, KeyError) as error:
            raise Unreadable(
                f"The table of leaves cannot be read: {error}.", "Install the model pack again."
            ) from error
        return cls(**{**arrays, "constant": float(arrays["constant"])})


def _weights(depth: int) -> Floats:
    """[steps, size of the coalition] -> |S|! (m - |S| - 1)! / m!"""
    out = np.zeros((depth + 1, depth))
    for m in range(1, depth + 1):
        for k in range(m):
            out[m, k] = math.factorial(k) * math.factorial(m - k - 1) / math.factorial(m)
    return out


def _kinds(most: int = 40) -> tuple[Floats, Floats]:
    """[a, b] -> (a - 1)! b! / (a + b)! and a! (b - 1)! / (a + b)!; nothing where there is none of the kind."""
    first, second = np.zeros((most, most)), np.zeros((most, most))
    for a in range(most):
        for b in range(most):
            total = math.factorial(a + b)
            first[a, b] = math.factorial(a - 1) * math.factorial(b) / total if a else 0.0
            second[a, b] = math.factorial(a) * math.factorial(b - 1) / total if b else 0.0
    return first, second


_KIND = _kinds()
