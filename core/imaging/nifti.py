"""NIfTI-1 volumes (read through nibabel), turned to the DICOM convention (LPS, slices first)."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import Unreadable
from core.imaging.types import Instance, Vector
from core.imaging.volume_types import Geometry, Volume

MAX_VOXELS = 1 << 30


def _open(path: str | Path) -> Any:
    import nibabel

    try:
        image: Any = nibabel.load(path)
    except (OSError, ValueError, EOFError, nibabel.filebasedimages.ImageFileError) as error:
        raise Unreadable(f"{Path(path).name} is not a readable NIfTI file ({error}).") from error
    shape = image.shape[:3]
    if len(shape) < 3 or min(shape) < 1 or int(np.prod(shape, dtype=np.int64)) > MAX_VOXELS:
        raise Unreadable(f"{Path(path).name} is no volume of a size that can be shown ({image.shape}).")
    return image


def instance(path: str | Path) -> Instance:
    """A NIfTI file as one instance of kind "volume"; it says nothing of the patient."""
    image = _open(path)
    columns, rows, slices = (int(n) for n in image.shape[:3])
    return Instance(
        str(path), kind="volume", rows=rows, columns=columns, frames=slices, modality="", series_instance_uid=str(path)
    )


def load(path: str | Path) -> Volume:
    """The first volume of the file: (slices, rows, columns), float32 in the file's units, LPS directions."""
    image = _open(path)
    try:
        data = np.asarray(image.dataobj[(slice(None),) * 3 + (0,) * (len(image.shape) - 3)])
    except (OSError, ValueError, EOFError) as error:
        raise Unreadable(f"{Path(path).name} is damaged ({error}).") from error
    if data.dtype.kind not in "iuf":
        raise Unreadable(f"{Path(path).name} holds values of type {data.dtype}, which cannot be shown.")
    stored: NDArray[Any] = np.ascontiguousarray(data.transpose(2, 1, 0))
    if stored.dtype not in {np.dtype(np.uint8), np.dtype(np.int16), np.dtype(np.uint16)}:
        stored = stored.astype(np.float32)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(image.affine, float)
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or (steps <= 0).any():
        raise Unreadable(f"{Path(path).name} states no usable orientation.")
    directions = affine[:3, :3] / steps
    shape = cast(tuple[int, int, int], stored.shape)
    return Volume(
        stored,
        Geometry(
            shape,
            (float(steps[2]), float(steps[1]), float(steps[0])),
            _vector(affine[:3, 3]),
            _vector(directions[:, 0]),
            _vector(directions[:, 1]),
            _vector(directions[:, 2]),
        ),
    )


def _vector(values: NDArray[Any]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])
