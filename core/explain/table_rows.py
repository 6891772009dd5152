"""Exact interventional Shapley values of one row under a table pack, its columns as players, against the pack's stored
background: by enumeration where at most 15 columns differ, else from the leaves of its trees (a network has none)."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.explain import tables
from core.inference.classification import layout_of, session
from core.inference.packs import Pack
from core.inference.session import run
from core.inference.trees import Leaves

BACKGROUND = "background.npz"


@dataclass(frozen=True, slots=True)
class RowValues:
    """`values` (columns,) in log-odds add up to `value` - `base` to `additivity_error`. `method`: "enumeration" or "trees"
    (the sum of the trees: of several classes the class's score before the softmax)."""

    columns: tuple[str, ...]
    values: NDArray[np.float64]
    base: float
    value: float
    additivity_error: float
    evaluations: int
    method: str


def explain_row(pack: Pack, row: dict[str, str], label: int = 0, method: str = "") -> RowValues:
    """`row`: column -> text. UserError where the pack has no background, or too many columns and no trees."""
    layout = layout_of(pack)
    if BACKGROUND not in pack.manifest["files"]:
        raise UserError(f"The model pack {pack.id} has no background.", "Train it again; `learn train` stores one.")
    with np.load(io.BytesIO(pack.read(BACKGROUND)), allow_pickle=False) as found:
        behind = np.asarray(found["rows"], np.float32)
    players = np.repeat(np.arange(len(layout.columns)), [max(1, len(c.levels)) for c in layout.columns])
    names = tuple(c.name for c in layout.columns)
    x = layout.encode([row])[0]
    leaves = f"leaves-{label}.npz"
    if method != "trees" and len(_differing(x, behind, players)) <= tables.MOST:
        return _enumerated(pack, names, (x, behind, players), label)
    if leaves not in pack.manifest["files"]:
        raise UserError(
            f"{len(names)} columns are too many to enumerate, and this pack has no trees.",
            "Train it with --learner trees.",
        )
    return _by_trees(Leaves.from_bytes(pack.read(leaves)), names, x, behind, players)


def _same(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)), np.bool_)


def _differing(x: NDArray[np.float32], behind: NDArray[np.float32], players: NDArray[np.int64]) -> NDArray[np.int64]:
    """Columns in which the row is not what every background row is."""
    return np.unique(players[~_same(x[None], behind).all(axis=0)])


def _enumerated(
    pack: Pack,
    names: tuple[str, ...],
    given: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]],
    label: int,
) -> RowValues:
    """Coalitions of columns, run through the pack's own graph; a switch a column: 1 shows the row's, 0 the background's."""
    x, behind, players = given
    differs = _differing(x, behind, players)
    made, used = np.zeros(len(names)), session(pack)
    base = value = 0.0
    count = 0
    for other in behind:

        def model(shown: NDArray[np.float64], other: NDArray[np.float32] = other) -> NDArray[np.float64]:
            switches = np.zeros((len(shown), len(names)), bool)
            switches[:, differs] = shown > 0.5
            rows = np.where(switches[:, players], x, other).astype(np.float32)
            return np.asarray(run(used, {"row": rows})[0][:, label], np.float64)

        found = tables.explain(model, np.ones(len(differs)), np.zeros((1, len(differs))))
        made[differs] += found.values / len(behind)
        base, value = base + found.base / len(behind), found.value
        count += found.evaluations
    return RowValues(names, made, base, value, abs(base + float(made.sum()) - value), count, "enumeration")


def _by_trees(
    leaves: Leaves,
    names: tuple[str, ...],
    x: NDArray[np.float32],
    behind: NDArray[np.float32],
    players: NDArray[np.int64],
) -> RowValues:
    values = leaves.interventional(x, behind, players)
    base, value = float(np.mean([leaves.raw(row) for row in behind])), leaves.raw(x)
    return RowValues(names, values, base, value, abs(base + float(values.sum()) - value), len(behind) + 1, "trees")
