"""Exact Shapley values of a tabular model by enumeration, features that are left out taken from a stored background
(interventional; Lundberg and Lee, NeurIPS 2017; the definition, Shapley 1953). For up to 15 features; trees have their own
exact values (`core/inference/trees.py`), additive engines theirs (`findings`)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
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
    """`model`: (n, features) -> (n,), in the unit the values shall have; the table it is given is filled anew for its next
    call. `row` (features,), `background` (m, features).

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
    total, run = np.zeros(1 << len(players)), 0
    tables: dict[bytes, Table] = {}
    for other in background:
        differs = players[other[players] != row[players]]
        # what a coalition shows of this row depends only on the players in which it differs
        key = differs.tobytes()
        if key not in tables:
            tables[key] = _shown(row, differs)
        rows = _hidden(tables[key], other, differs)
        found = np.concatenate([model(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)])
        total += found if len(differs) == len(players) else found[_number(players, differs)]
        run += len(rows)
    return total / len(background), run


def _shown(row: Table, differs: NDArray[np.int64]) -> Table:
    """All coalitions' rows with the players' own values in place: (2 ** differs, features), one column after the other in
    memory, so that filling in a column is a copy of runs."""
    rows = np.empty((1 << len(differs), len(row)), order="F")
    rows[:] = row
    return rows


def _hidden(rows: Table, other: Table, differs: NDArray[np.int64]) -> Table:
    """The same table with the hidden values of another background row."""
    kept = np.ones(rows.shape[1], bool)
    kept[differs] = False
    rows[:, kept] = other[kept]
    for bit, player in enumerate(differs):
        rows[:, player].reshape(-1, 2, 1 << bit)[:, 0] = other[player]
    return rows


def _number(players: NDArray[np.int64], differs: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each coalition of all players, the number of the one that it is among those that differ."""
    number = np.arange(1 << len(players))
    places = np.flatnonzero(np.isin(players, differs))
    out = np.zeros_like(number)
    for bit, place in enumerate(places):
        out |= ((number >> place) & 1) << bit
    return out


def shapley(worth: Table) -> Table:
    """Worth of every coalition (2 ** n,) -> Shapley values (n,)."""
    return np.asarray(_weights(int(len(worth)).bit_length() - 1) @ worth)


@lru_cache(maxsize=3)
def _weights(n: int) -> Table:
    """(n, 2 ** n): what each coalition's worth counts in each value."""
    number = np.arange(1 << n)
    size = np.bitwise_count(number)
    inside = np.array([0.0, *(1.0 / (n * comb(n - 1, s - 1)) for s in range(1, n + 1))])[size]
    outside = np.array([*(1.0 / (n * comb(n - 1, s)) for s in range(n)), 0.0])[size]
    return np.stack([np.where((number >> i) & 1, inside, -outside) for i in range(n)]) if n else np.empty((0, 1))
