"""What stands in sequences: functional groups of enhanced objects, modality and VOI LUTs, frame planes."""

from pathlib import Path
from typing import cast

import numpy as np
import pydicom

from core.imaging.header import guarded, read_dataset
from core.imaging.types import Plane, Vector
from core.imaging.window import Table, Window

Details = tuple[float | None, float | None, str, Table | None, tuple[Window | Table, ...]]
MAX_FRAMES = 20_000
"""Frames whose groups are read; an object that states more is shown without geometry."""


def frame_details(path: str, index: int) -> Details:
    """(slope, intercept, unit, modality LUT, VOI choices) of a frame; None or empty where not stated."""
    dataset = read_dataset(path, stop_before_pixels=True)
    return guarded(lambda: _details(dataset, index), Path(path).name)


def _details(dataset: pydicom.Dataset, index: int) -> Details:
    group = _items(dataset, index)
    value = _first(group, "PixelValueTransformationSequence")
    slope = _float(value, "RescaleSlope")
    intercept = _float(value, "RescaleIntercept")
    unit = str(value.get("RescaleType", "")) if value is not None else ""
    windows: list[Window | Table] = []
    windows += voi_windows(_first(group, "FrameVOILUTSequence"))
    windows += voi_tables(dataset)
    windows += voi_windows(dataset)
    return slope, intercept, "" if unit == "US" else unit, _modality(dataset), tuple(windows)


def _items(dataset: pydicom.Dataset, index: int) -> tuple[pydicom.Dataset, ...]:
    """The per-frame group of `index`, then the shared one: the frame's own statement wins."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    own = (per_frame[index],) if index < len(per_frame) else ()
    return (*own, *list(shared)[:1])


def _first(groups: tuple[pydicom.Dataset, ...], keyword: str) -> pydicom.Dataset | None:
    for group in groups:
        sequence = group.get(keyword)
        if sequence:
            return cast(pydicom.Dataset, sequence[0])
    return None


def _float(dataset: pydicom.Dataset | None, keyword: str) -> float | None:
    value = dataset.get(keyword) if dataset is not None else None
    return None if value in {None, ""} else float(value)


def _floats(dataset: pydicom.Dataset | None, keyword: str) -> tuple[float, ...]:
    value = dataset.get(keyword) if dataset is not None else None
    if value in {None, ""}:
        return ()
    values = value if isinstance(value, (list, tuple, pydicom.multival.MultiValue)) else (value,)
    return tuple(float(v) for v in values)


def voi_windows(dataset: pydicom.Dataset | None) -> list[Window]:
    """The windows a data set or an item of a softcopy VOI sequence states."""
    if dataset is None:
        return []
    function = str(dataset.get("VOILUTFunction", "") or "LINEAR").upper()
    pairs = zip(_floats(dataset, "WindowCenter"), _floats(dataset, "WindowWidth"), strict=False)
    return [Window(c, w, function) for c, w in pairs if w > 0]


def voi_tables(dataset: pydicom.Dataset) -> list[Table]:
    """The VOI LUTs it states."""
    tables = [_table(item) for item in dataset.get("VOILUTSequence") or ()]
    return [t for t in tables if t is not None]


def _modality(dataset: pydicom.Dataset) -> Table | None:
    sequence = dataset.get("ModalityLUTSequence")
    return _table(sequence[0]) if sequence else None


def _table(item: pydicom.Dataset) -> Table | None:
    """A LUT item (PS3.3 C.11.1.1.1): 0 entries mean 65,536; `first` is signed where its VR says so."""
    descriptor = item.get("LUTDescriptor")
    data = item.get("LUTData")
    if descriptor is None or data is None or len(descriptor) != 3:
        return None
    count, first, bits = (int(v) for v in descriptor)
    raw = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.atleast_1d(np.asarray(data))
    if isinstance(data, bytes) and len(raw) < (count or 65536):
        raw = np.frombuffer(data, np.uint8)
    values = raw[: count or 65536].astype(np.float64)
    if not len(values):
        return None
    return Table(first, values, float((1 << bits) - 1), str(item.get("LUTExplanation", "")))


def frame_planes(path: str) -> tuple[Plane, ...]:
    """One plane a frame of an enhanced object; empty where any frame lacks position or orientation."""
    dataset = read_dataset(path, stop_before_pixels=True)
    return guarded(lambda: _planes(dataset), Path(path).name)


def _planes(dataset: pydicom.Dataset) -> tuple[Plane, ...]:
    count = min(int(dataset.get("NumberOfFrames", 1) or 1), MAX_FRAMES)
    planes = []
    for index in range(count):
        plane = _plane(_items(dataset, index))
        if plane is None:
            return ()
        planes.append(plane)
    return tuple(planes)


def _plane(groups: tuple[pydicom.Dataset, ...]) -> Plane | None:
    position = _floats(_first(groups, "PlanePositionSequence"), "ImagePositionPatient")
    orientation = _floats(_first(groups, "PlaneOrientationSequence"), "ImageOrientationPatient")
    measures = _floats(_first(groups, "PixelMeasuresSequence"), "PixelSpacing")
    return make_plane(position, orientation, measures)


def make_plane(position: tuple[float, ...], orientation: tuple[float, ...], spacing: tuple[float, ...]) -> Plane | None:
    """A plane from the values of the three elements; None where position or orientation is missing or not finite."""
    if len(position) != 3 or len(orientation) != 6:
        return None
    row, column = _unit(orientation[:3]), _unit(orientation[3:])
    if row is None or column is None or abs(sum(a * b for a, b in zip(row, column, strict=True))) > 1e-2:
        return None
    size = (spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None
    return Plane((position[0], position[1], position[2]), row, column, size)


def _unit(vector: tuple[float, ...]) -> Vector | None:
    length = sum(v * v for v in vector) ** 0.5
    if not 0.9 < length < 1.1:
        return None
    return vector[0] / length, vector[1] / length, vector[2] / length
