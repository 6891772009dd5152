"""Outlines of structures from an RT Structure Set (PS3.3 A.19, C.8.8.5-6), as data: in patient mm and on an image."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from core.errors import Unreadable
from core.imaging.header import guarded, read_dataset
from core.imaging.types import FrameAddress, Plane, Series

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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A contour on one image: `points` (n, 2) as (column, row) from the first pixel's centre."""

    structure: Structure
    closed: bool
    points: NDArray[np.float64]


def on_series(structures: Iterable[Structure], series: Series) -> dict[tuple[str, int], tuple[Drawn, ...]]:
    """The contours on each frame of a series, by (SOP instance UID, frame).

    A contour lies on the images it names; one that names none on the nearest plane within half a slice of it, in the
    same frame of reference. Contours off every plane of the series are not drawn.
    """
    addresses = [a for a in series.addresses() if a.frame < len(a.instance.planes)]
    named: dict[str, list[FrameAddress]] = defaultdict(list)
    for address in addresses:
        named[address.instance.sop_instance_uid].append(address)
    reach = _reach(addresses)
    found: dict[tuple[str, int], list[Drawn]] = defaultdict(list)
    for structure in structures:
        for contour in structure.contours:
            if contour.images:
                places = [a for uid in contour.images for a in named.get(uid, ())]
            else:
                places = [a for a in addresses if _same_frame(a, structure)]
            placed = _nearest(contour, places, reach)
            if placed is not None:
                address, points = placed
                key = (address.instance.sop_instance_uid, address.frame)
                found[key].append(Drawn(structure, contour.kind in CLOSED, points))
    return {key: tuple(value) for key, value in found.items()}


def _same_frame(address: FrameAddress, structure: Structure) -> bool:
    stated = address.instance.frame_of_reference_uid
    return bool(stated) and stated == structure.frame_of_reference_uid


def _reach(addresses: list[FrameAddress]) -> float:
    """Half the usual distance between neighbouring planes in mm, with a hundredth for rounding."""
    if len(addresses) < 2:
        return 0.5
    along = _normal(addresses[0].instance.planes[addresses[0].frame])
    places = np.sort([np.dot(along, a.instance.planes[a.frame].position) for a in addresses])
    gaps = np.diff(places)
    gaps = gaps[gaps > 0.01]
    return 0.5 * float(np.median(gaps)) + 0.01 if gaps.size else 0.5


def _normal(plane: Plane) -> NDArray[np.float64]:
    return np.asarray(np.cross(plane.row, plane.column), float)


def _nearest(
    contour: Contour, places: list[FrameAddress], reach: float
) -> tuple[FrameAddress, NDArray[np.float64]] | None:
    best: tuple[float, FrameAddress, NDArray[np.float64]] | None = None
    for address in places:
        plane = address.instance.planes[address.frame]
        spacing = plane.spacing_mm or address.instance.pixel_spacing_mm
        if spacing is None or not len(contour.points_mm):
            continue
        points, away = on_image(contour.points_mm, plane.position, (*plane.row, *plane.column), spacing)
        if away <= reach and (best is None or away < best[0]):
            best = away, address, points
    return (best[1], best[2]) if best is not None else None
