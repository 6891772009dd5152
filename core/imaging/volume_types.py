"""A volume, the grid it stands on, and the word for a series that is none."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from core.domain.basics import Label
from core.imaging.types import Vector
from core.imaging.window import Grey


@dataclass(frozen=True, slots=True)
class Geometry:
    """A regular grid. `spacing_mm` is (between slices, between rows, between columns); directions are LPS cosines."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin: Vector
    row: Vector
    column: Vector
    slice: Vector

    def to_patient(self, slice_index: float, row_index: float, column_index: float) -> Vector:
        """Patient coordinates (mm, LPS) of a voxel centre."""
        dz, dy, dx = self.spacing_mm
        k, j, i = slice_index * dz, row_index * dy, column_index * dx
        x, y, z = (
            o + i * a + j * b + k * c for o, a, b, c in zip(self.origin, self.row, self.column, self.slice, strict=True)
        )
        return x, y, z


@dataclass(frozen=True, slots=True)
class NotAVolume:
    """Why a series is shown as a stack only; measuring across slices is off."""

    reason: Label


@dataclass(frozen=True, slots=True)
class Volume:
    """`stored`: (slices, rows, columns) stored values; slices run along `geometry.slice`."""

    stored: NDArray[Any]
    geometry: Geometry
    grey: Grey = Grey()
