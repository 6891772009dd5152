"""Rows of a table as numbers: what each column is, learned from the training part, and kept as data in the pack."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError

Floats = NDArray[np.float32]
_MOST_LEVELS = 32


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `levels` empty: a number, given as it is, NaN where missing. Otherwise one 0/1 input a level; a missing or
    unknown level gives zeros everywhere."""

    name: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table in the order of the graph's inputs."""

    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name of every input of the graph."""
        return tuple(
            name
            for c in self.columns
            for name in ([f"{c.name}={level}" for level in c.levels] if c.levels else [c.name])
        )

    def encode(self, rows: Sequence[dict[str, str]]) -> Floats:
        """(n, inputs) float32, NaN where a number is missing or is not one."""
        out = np.zeros((len(rows), len(self.inputs)), np.float32)
        at = 0
        for column in self.columns:
            values = [row.get(column.name, "").strip() for row in rows]
            if column.levels:
                for level in column.levels:
                    out[:, at] = [value == level for value in values]
                    at += 1
            else:
                out[:, at] = [number(value) for value in values]
                at += 1
        return out

    def as_json(self) -> list[dict[str, Any]]:
        """For the manifest."""
        return [asdict(column) for column in self.columns]


def number(text: str) -> float:
    """A number, or NaN."""
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def learn_layout(rows: Sequence[dict[str, str]], skip: Sequence[str]) -> Layout:
    """The layout of training rows: a column of numbers where nine tenths of what is filled are numbers, a column of levels
    where there are few of them; other columns (free text, identifiers) are left out."""
    columns = []
    for name in rows[0]:
        filled = [row.get(name, "").strip() for row in rows if row.get(name, "").strip()]
        if name in skip or not filled:
            continue
        if np.isfinite([number(v) for v in filled]).mean() >= 0.9:
            columns.append(Column(name))
        elif len(levels := sorted(set(filled))) <= _MOST_LEVELS and len(levels) < 0.5 * len(filled):
            columns.append(Column(name, tuple(levels)))
    if not columns:
        raise UserError("The table has no column a model could use.", "Add columns of numbers or of a few levels.")
    return Layout(tuple(columns))


def centre(values: Floats) -> tuple[Floats, Floats, Floats]:
    """(n, d) -> median, mean and standard deviation of each input, missing values left out, each (d,)."""
    known = np.where(np.isfinite(values).any(axis=0), values, np.float32(0))
    median = np.nanmedian(known, axis=0)
    filled = np.where(np.isfinite(values), values, median)
    deviation = filled.std(axis=0)
    return (
        median.astype(np.float32),
        filled.mean(axis=0).astype(np.float32),
        np.where(deviation > 1e-6, deviation, 1).astype(np.float32),
    )
