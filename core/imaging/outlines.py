"""Outlines of structures from an RT Structure Set (PS3.3 A.19, C.8.8.5-6), as data: in patient mm and on an image."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from core.errors import Unreadable
from core.imaging.header import guarded, read_dataset

MAX_POINTS = 20_000_000
CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})


@dataclass(frozen=True, slots=True)
class Contour:
    """`points_mm` float64 (n, 3) in the patient (x, y, z); `images` are the SOP instance UIDs the file names for it."""

    kind: str
    points_mm: NDArray[np.float64]
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """One region of interest with its contours; `colour` RGB, None where the file says none."""

    number: int
    name: str
    colour: tuple[int, int, int] | None
    frame_of_reference_uid: str
    contours: tuple[Contour, ...]


def read_outlines(path: str | Path) -> tuple[Structure, ...]:
    """The structures of an RT Structure Set in the file's order. Raises `Unreadable`."""
    dataset = read_dataset(path)
    name = Path(path).name
    if "StructureSetROISequence" not in dataset:
        raise Unreadable(f"{name} is no structure set.")
    return guarded(lambda: _structures(dataset), name)


def _structures(dataset: pydicom.Dataset) -> tuple[Structure, ...]:
    drawn = {int(item.ReferencedROINumber): item for item in dataset.get("ROIContourSequence") or ()}
    found, left = [], MAX_POINTS
    for item in dataset.StructureSetROISequence:
        number = int(item.ROINumber)
        contours = []
        for one in drawn.get(number, pydicom.Dataset()).get("ContourSequence") or ():
            contours.append(_contour(one))
            left -= len(contours[-1].points_mm)
            if left < 0:
                raise Unreadable("The structure set has too many points.")
        colour = drawn[number].get("ROIDisplayColor") if number in drawn else None
        rgb = (int(colour[0]), int(colour[1]), int(colour[2])) if colour and len(colour) == 3 else None
        frame = str(item.get("ReferencedFrameOfReferenceUID", ""))
        found.append(Structure(number, str(item.get("ROIName", "")), rgb, frame, tuple(contours)))
    return tuple(found)


def _contour(item: pydicom.Dataset) -> Contour:
    values = np.asarray(item.get("ContourData") or (), float)
    if values.size % 3 or not np.isfinite(values).all():
        raise Unreadable("A contour's points are not triples of numbers.")
    images = tuple(str(i.ReferencedSOPInstanceUID) for i in item.get("ContourImageSequence") or ())
    return Contour(str(item.get("ContourGeometricType", "")), values.reshape(-1, 3), images)


def on_image(
    points_mm: NDArray[np.float64],
    position_mm: tuple[float, ...],
    orientation: tuple[float, ...],
    spacing_mm: tuple[float, float],
) -> tuple[NDArray[np.float64], float]:
    """Points of the patient on an image (PS3.3 C.7.6.2.1.1): (n, 2) as (column, row) from the first pixel's centre.

    Also the largest distance of a point from the image's plane in mm: a contour of this slice has less than half the
    slice spacing. `orientation` is ImageOrientationPatient, `spacing_mm` PixelSpacing (between rows, between columns).
    """
    along, down = np.asarray(orientation[:3], float), np.asarray(orientation[3:6], float)
    away = np.asarray(points_mm, float).reshape(-1, 3) - np.asarray(position_mm, float)
    pixels = np.column_stack([away @ along / spacing_mm[1], away @ down / spacing_mm[0]])
    return pixels, float(np.abs(away @ np.cross(along, down)).max(initial=0.0))
