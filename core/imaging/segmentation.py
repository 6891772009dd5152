"""DICOM segmentations (PS3.3 A.51, A.84): which pixels of which image belong to which segment."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from core.errors import Unreadable
from core.imaging.header import guarded, read_dataset

MAX_BYTES = 1 << 30
"""Largest unpacked segmentation (one byte a pixel and frame)."""
COLOURS = ((255, 196, 0), (0, 200, 255), (255, 110, 180), (120, 230, 120), (190, 150, 255), (255, 150, 90))


@dataclass(frozen=True, slots=True)
class Segment:
    """One structure. `colour` is the file's recommended display colour as RGB, else one of six."""

    number: int
    label: str
    colour: tuple[int, int, int]
    algorithm: str


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Masks by (SOP instance UID, frame index) of the image they lie on: (segment number, bool (rows, columns))."""

    path: str
    segments: tuple[Segment, ...]
    masks: Mapping[tuple[str, int], tuple[tuple[int, NDArray[np.bool_]], ...]]


def read_segmentation(path: str | Path) -> Segmentation:
    """A segmentation whose frames name their source images. Raises `Unreadable` where they do not, or on damage."""
    dataset = read_dataset(path)
    name = Path(path).name
    if "SegmentSequence" not in dataset:
        raise Unreadable(f"{name} is no segmentation.")
    pixels = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("NumberOfFrames", 1) or 1)
    if pixels > MAX_BYTES:
        raise Unreadable(f"{name} holds {pixels:,} segmented pixels, which is too many.")
    return guarded(lambda: _read(dataset, str(path)), name)


def _read(dataset: pydicom.Dataset, path: str) -> Segmentation:
    frames = np.atleast_3d(dataset.pixel_array)
    frames = frames.reshape(-1, int(dataset.Rows), int(dataset.Columns))
    labelmap = str(dataset.get("SegmentationType", "")) == "LABELMAP"
    masks: dict[tuple[str, int], list[tuple[int, NDArray[np.bool_]]]] = defaultdict(list)
    for values, group in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=False):
        key = _source(group)
        if key is None:
            continue
        for number in np.unique(values[values > 0]) if labelmap else (_number(group, dataset),):
            mask = values == number if labelmap else values > 0
            if mask.any():
                masks[key].append((int(number), np.asarray(mask)))
    if not masks:
        raise Unreadable("The segmentation does not say which images it lies on.")
    return Segmentation(path, _segments(dataset), {k: tuple(v) for k, v in masks.items()})


def _source(group: pydicom.Dataset) -> tuple[str, int] | None:
    """The image (and frame) a segmentation frame was made from."""
    for derivation in group.get("DerivationImageSequence") or ():
        for source in derivation.get("SourceImageSequence") or ():
            number: Any = source.get("ReferencedFrameNumber") or 1
            first = number if isinstance(number, int) else int(number[0]) if hasattr(number, "__len__") else int(number)
            return str(source.ReferencedSOPInstanceUID), int(first) - 1
    return None


def _number(group: pydicom.Dataset, dataset: pydicom.Dataset) -> int:
    for holder in (group, *(dataset.get("SharedFunctionalGroupsSequence") or ())):
        found = holder.get("SegmentIdentificationSequence")
        if found:
            return int(found[0].ReferencedSegmentNumber)
    return 1


def _segments(dataset: pydicom.Dataset) -> tuple[Segment, ...]:
    found = []
    for place, item in enumerate(dataset.SegmentSequence):
        lab = item.get("RecommendedDisplayCIELabValue")
        colour = lab_to_rgb([int(v) for v in lab]) if lab else COLOURS[place % len(COLOURS)]
        label = str(item.get("SegmentLabel", "")) or str(item.get("SegmentDescription", "")) or f"Segment {place + 1}"
        found.append(Segment(int(item.SegmentNumber), label, colour, str(item.get("SegmentAlgorithmName", ""))))
    return tuple(found)


def lab_to_rgb(encoded: list[int]) -> tuple[int, int, int]:
    """PCS CIELab as DICOM encodes it (PS3.3 C.10.7.1.1, D50) to sRGB 0-255."""
    lightness = encoded[0] * 100 / 65535
    a, b = (v * 255 / 65535 - 128 for v in encoded[1:3])
    fy = (lightness + 16) / 116
    white = (0.9642, 1.0, 0.8249)
    xyz = [
        w * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29))
        for w, f in zip(white, (fy + a / 500, fy, fy - b / 200), strict=True)
    ]
    # Bradford-adapted D50 matrix of IEC 61966-2-1 sRGB.
    matrix = (
        (3.1338561, -1.6168667, -0.4906146),
        (-0.9787684, 1.9161415, 0.0334540),
        (0.0719453, -0.2289914, 1.4052427),
    )
    linear = [sum(m * v for m, v in zip(row, xyz, strict=True)) for row in matrix]
    shown = [
        12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in (min(max(v, 0.0), 1.0) for v in linear)
    ]
    red, green, blue = (round(255 * min(max(c, 0.0), 1.0)) for c in shown)
    return red, green, blue
