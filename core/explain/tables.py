"""Exact Shapley values of a tabular model by enumeration, features that are left out taken from a stored background
(interventional; Lundberg and Lee, NeurIPS 2017; the definition, Shapley 1953). For up to 15 features; trees have their own
exact values (`core/inference/trees.py`), additive engines theirs (`findings`)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError

Table = NDArray[np.float64]
Model = Callable[[Table], Table]
MOST = 15
_ROWS = 1 << 15


@dataclass(frozen=True, slots=True)
class Exact:
    """`values` (features,) add up to `value` - `base` (the model's mean over the background), to `additivity_error`."""

    values: Table
    base: float
    value: float
    additivity_error: float
    evaluations: int
    seconds: float


def explain(model: Model, row: Table, background: Table) -> Exact:
    """`model`: (n, features) -> (n,), in the unit the values shall have. `row` (features,), `background` (m, features).

    Features in which the row equals the whole background are worth nothing and are not enumerated. A coalition's rows that
    come out equal are run once.
    """
    started = time.perf_counter()
    row, background = np.asarray(row, np.float64), np.atleast_2d(np.asarray(background, np.float64))
    players = np.flatnonzero((background != row).any(axis=0))
    if len(players) > MOST:
        raise UserError(f"{len(players)} features differ from the background; at most {MOST} can be enumerated.")
    worth, evaluations = _worth(model, row, background, players)
    values = np.zeros(len(row))
    values[players] = shapley(worth)
    error = abs(float(worth[0] + values.sum() - worth[-1]))
    return Exact(values, float(worth[0]), float(worth[-1]), error, evaluations, time.perf_counter() - started)


def _worth(model: Model, row: Table, background: Table, players: NDArray[np.int64]) -> tuple[Table, int]:
    """Mean output of every coalition, bit i of its number standing for player i: (2 ** players,), and the rows run."""
    count = 1 << len(players)
    kept = ((np.arange(count)[:, None] >> np.arange(len(players))) & 1).astype(bool)
    total, run = np.zeros(count), 0
    for other in background:
        differs = np.flatnonzero(other[players] != row[players])
        # what a coalition shows of this row depends only on the players in which it differs
        shown, place = (kept, slice(None)) if len(differs) == len(players) else _fewer(kept, differs)
        rows = np.tile(other, (len(shown), 1))
        rows[:, players] = np.where(shown, row[players], other[players])
        total += np.concatenate([model(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)])[place]
        run += len(rows)
    return total / len(background), run


def _fewer(kept: NDArray[np.bool_], differs: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The coalitions of some players alone, as rows of `kept`, and for each coalition of all which of them it is."""
    number = kept[:, differs] @ (1 << np.arange(len(differs)))
    _, first, place = np.unique(number, return_index=True, return_inverse=True)
    return kept[first], place


def shapley(worth: Table) -> Table:
    """Worth of every coalition (2 ** n,) -> Shapley values (n,)."""
    n = int(len(worth)).bit_length() - 1
    number = np.arange(len(worth))
    size = np.bitwise_count(number)
    share = np.array([1.0 / (n * comb(n - 1, s)) for s in range(n)])
    out = np.empty(n)
    for i in range(n):
        without = number[(number >> i) & 1 == 0]
        out[i] = float(share[size[without]] @ (worth[without | (1 << i)] - worth[without]))
    return out
