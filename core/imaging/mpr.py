"""Axial, coronal and sagittal views of a volume, linked through its voxels, and slabs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.volume_types import Geometry, Volume

VIEWS = ("axial", "coronal", "sagittal")
_PATIENT_AXES = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}
"""(through, down, right) as patient axes of LPS: x to the left, y to the back, z to the head."""
_DOWN_SIGN = {"axial": 1, "coronal": -1, "sagittal": -1}
"""Down the screen is to the back in an axial view, to the feet in the others."""


@dataclass(frozen=True, slots=True)
class View:
    """How one view cuts the grid: array axes through, down and right, and which of them run backwards."""

    name: str
    through: int
    down: int
    right: int
    down_flipped: bool
    right_flipped: bool
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    slices: int


def view(geometry: Geometry, name: str) -> View:
    """The grid's nearest axial, coronal or sagittal cut. Axial and coronal show the patient's right on the left."""
    axes, signs = _axes(geometry)
    through, down, right = (axes[a] for a in _PATIENT_AXES[name])
    _, down_patient, right_patient = _PATIENT_AXES[name]
    return View(
        name,
        through,
        down,
        right,
        signs[down_patient] != _DOWN_SIGN[name],
        signs[right_patient] != 1,
        (geometry.shape[down], geometry.shape[right]),
        (geometry.spacing_mm[down], geometry.spacing_mm[right]),
        geometry.shape[through],
    )


def _axes(geometry: Geometry) -> tuple[list[int], list[int]]:
    """For each patient axis (x, y, z): the array axis nearest to it, and the sign of its direction."""
    directions = np.array([geometry.slice, geometry.column, geometry.row])
    left = np.abs(directions).copy()
    axes, signs = [0, 0, 0], [1, 1, 1]
    for _ in range(3):
        array, patient = np.unravel_index(int(np.argmax(left)), (3, 3))
        axes[int(patient)] = int(array)
        signs[int(patient)] = 1 if directions[array, patient] > 0 else -1
        left[array, :] = -1
        left[:, patient] = -1
    return axes, signs


def obliquity_degrees(geometry: Geometry) -> float:
    """Largest angle between the grid's axes and the patient's; views of an oblique volume are labelled so."""
    directions = np.abs(np.array([geometry.slice, geometry.column, geometry.row]))
    return float(np.degrees(np.arccos(np.clip(directions.max(axis=1).min(), 0, 1))))


def reslice(volume: Volume, cut: View, index: int) -> NDArray[Any]:
    """Stored values of one cut, (rows, columns) as on screen, contiguous."""
    return _oriented(np.take(volume.stored, index, axis=cut.through), cut)


def slab(volume: Volume, cut: View, index: int, thickness: int) -> NDArray[Any]:
    """Maximum intensity over `thickness` slices centred on `index`; stored values as on screen."""
    low = max(index - thickness // 2, 0)
    high = min(low + max(thickness, 1), cut.slices)
    part = [slice(None)] * 3
    part[cut.through] = slice(low, high)
    return _oriented(volume.stored[tuple(part)].max(axis=cut.through), cut)


def _oriented(plane: NDArray[Any], cut: View) -> NDArray[Any]:
    """The plane's axes are the two left in array order; turn them to (down, right)."""
    turned = plane if cut.down < cut.right else plane.T
    turned = turned[:: -1 if cut.down_flipped else 1, :: -1 if cut.right_flipped else 1]
    return np.ascontiguousarray(turned)


def to_screen(cut: View, voxel: tuple[float, float, float]) -> tuple[float, float, float]:
    """(slice index, column, row) in a view of a voxel (slice, row, column of the array)."""
    row, column = voxel[cut.down], voxel[cut.right]
    row = cut.shape[0] - 1 - row if cut.down_flipped else row
    column = cut.shape[1] - 1 - column if cut.right_flipped else column
    return voxel[cut.through], column, row


def to_voxel(cut: View, index: float, column: float, row: float) -> tuple[float, float, float]:
    """The voxel under a point of a view; inverse of `to_screen`."""
    voxel = [0.0, 0.0, 0.0]
    voxel[cut.through] = index
    voxel[cut.down] = cut.shape[0] - 1 - row if cut.down_flipped else row
    voxel[cut.right] = cut.shape[1] - 1 - column if cut.right_flipped else column
    return voxel[0], voxel[1], voxel[2]
