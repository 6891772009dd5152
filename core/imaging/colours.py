"""Pseudo-colour tables from `resources/viewer/colours.json`: 256 RGB colours by grey level."""

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Label
from core.paths import RESOURCES


@dataclass(frozen=True, slots=True, eq=False)
class ColourMap:
    """`rgb` uint8 (256, 3)."""

    id: str
    name: Label
    rgb: NDArray[np.uint8]


@cache
def colour_maps() -> tuple[ColourMap, ...]:
    """All tables in the file's order. Raises `ValueError` for a table that has not 256 colours."""
    rows = json.loads((RESOURCES / "viewer" / "colours.json").read_text("utf-8"))["maps"]
    return tuple(ColourMap(r["id"], Label(r["en"], r["zh"]), _rgb(r["rgb"])) for r in rows)


def _rgb(words: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(words), np.uint8).reshape(256, 3)


def colour_map(name: str) -> ColourMap | None:
    """A table by its id; None for "" and for names that are not there."""
    return next((m for m in colour_maps() if m.id == name), None)
