"""Grey-level transforms (PS3.3 C.11.1 modality LUT, C.11.2 VOI LUT) as tables over stored values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window in modality units. `function`: LINEAR, LINEAR_EXACT or SIGMOID (C.11.2.1.2 and .3)."""

    centre: float
    width: float
    function: str = "LINEAR"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A LUT of a Modality or VOI LUT Sequence: `values[0]` is for input `first` and all below it."""

    first: int
    values: NDArray[np.float64]
    maximum: float
    name: str = ""

    def map(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Output values for inputs of any shape; ends are held."""
        index = np.clip(np.nan_to_num(x) - self.first, 0, len(self.values) - 1).astype(np.int64)
        mapped: NDArray[np.float64] = self.values[index]
        return mapped


def window_values(x: NDArray[np.floating], window: Window) -> NDArray[np.float64]:
    """Modality values to 0..1 (float64, same shape) by PS3.3 C.11.2.1.2.1, .2.2 and .3.1."""
    x = np.asarray(x, dtype=np.float64)
    c, w = window.centre, window.width
    if window.function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (x - c) / max(w, 1e-9), -700, 700))))
    if window.function == "LINEAR_EXACT":
        return np.asarray(np.clip((x - c) / max(w, 1e-9) + 0.5, 0, 1))
    if w <= 1:
        return np.asarray((x > c - 0.5).astype(np.float64))
    return np.asarray(np.clip((x - (c - 0.5)) / (w - 1) + 0.5, 0, 1))


def to_uint8(values: NDArray[np.float64], *, inverted: bool = False) -> UInt8:
    """0..1 to 0..255, rounded to nearest; `inverted` for MONOCHROME1 or the user's invert (not both)."""
    scaled = np.rint((1 - values if inverted else values) * 255)
    return np.asarray(scaled, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Grey:
    """How stored values become grey: modality (table, or slope and intercept), then a VOI window or table."""

    slope: float = 1.0
    intercept: float = 0.0
    modality: Table | None = None

    def units(self, stored: NDArray[np.generic]) -> NDArray[np.float64]:
        """Modality values (HU, ...) of stored values; float64, same shape."""
        x = stored.astype(np.float64)
        return self.modality.map(x) if self.modality is not None else x * self.slope + self.intercept


def grey_table(grey: Grey, voi: Window | Table, *, signed: bool, bits: int, inverted: bool) -> UInt8:
    """Every stored value's grey: uint8 of 2**bits entries (8 or 16), indexed by the unsigned bit pattern."""
    stored = np.arange(1 << bits, dtype=np.int64)
    if signed:
        stored = np.where(stored >= 1 << (bits - 1), stored - (1 << bits), stored)
    return grey_of(grey, voi, stored, inverted=inverted)


def grey_of(grey: Grey, voi: Window | Table, stored: NDArray[np.generic], *, inverted: bool) -> UInt8:
    """Stored values of any type and shape to uint8 grey."""
    units = grey.units(stored)
    if isinstance(voi, Table):
        return to_uint8(voi.map(units) / max(voi.maximum, 1.0), inverted=inverted)
    return to_uint8(window_values(units, voi), inverted=inverted)


def apply_table(stored: NDArray[np.generic], table: UInt8) -> UInt8:
    """Look stored 8- or 16-bit values up in a `grey_table`. Shape kept."""
    bits = np.uint8 if len(table) == 256 else np.uint16
    return np.asarray(table.take(np.ascontiguousarray(stored).view(bits)))
