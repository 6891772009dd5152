"""Rows of a table as numbers: what each column is, learned from the training part, and kept as data in the pack."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.classification import Column, Layout, number

Floats = NDArray[np.float32]
_MOST_LEVELS = 32


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


def background_file(rows: Floats) -> bytes:
    """An .npz of the background rows, (m, inputs) float32, NaN where missing."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, rows=rows)
    return out.getvalue()
