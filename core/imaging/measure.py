"""Lengths, angles, regions and the cardiothoracic ratio, honest about what the spacing means.

Points are (column, row) in pixels, the centre of the first pixel at (0, 0).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Label, Quantity
from core.imaging.pixels import Frame
from core.imaging.types import Instance

Point = tuple[float, float]
Values = tuple[tuple[str, Quantity], ...]

_PROJECTION = frozenset(("CR", "DX", "DR", "RG", "MG", "RF", "XA", "IO", "PX"))
_UCUM = {"HU": "[hnsf'U]", "": "1"}

IN_PATIENT = Label("in the patient", "患者体内尺寸")
_CALIBRATED = Label("calibrated", "已校准")
_DETECTOR = Label("at the detector plane", "探测器平面（大于体内实际尺寸）")
_UNSTATED = Label("plane not stated", "未说明测量平面")
_NONE = Label("no spacing stated: pixels only", "未给出像素间距：仅以像素计")


@dataclass(frozen=True, slots=True)
class Spacing:
    """mm between pixel rows and columns, or None where the file states none. `note` says what a length means."""

    row_mm: float | None
    column_mm: float | None
    note: Label

    @property
    def known(self) -> bool:
        """Whether lengths are in mm."""
        return self.row_mm is not None and self.column_mm is not None


def spacing_of(instance: Instance) -> Spacing:
    """What a pixel measures (PS3.3 10.7.1.3): in the patient, calibrated, at the detector, or not known."""
    stated, imager = instance.pixel_spacing_mm, instance.imager_spacing_mm
    if stated is None and imager is None:
        return Spacing(None, None, _NONE)
    if stated is None and imager is not None:
        return Spacing(*imager, _DETECTOR)
    assert stated is not None
    if instance.modality not in _PROJECTION:
        return Spacing(*stated, IN_PATIENT)
    if instance.calibration in {"GEOMETRY", "FIDUCIAL"} or (imager is not None and not _same(stated, imager)):
        return Spacing(*stated, _CALIBRATED)
    return Spacing(*stated, _DETECTOR if imager is not None else _UNSTATED)


def _same(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(abs(x - y) <= 1e-4 * abs(y) for x, y in zip(a, b, strict=True))


def _scaled(point: Point, spacing: Spacing) -> Point:
    return point[0] * (spacing.column_mm or 1.0), point[1] * (spacing.row_mm or 1.0)


def length(points: Sequence[Point], spacing: Spacing) -> Values:
    """Distance between two points, in mm where the spacing is known, else in pixels."""
    (x0, y0), (x1, y1) = (_scaled(p, spacing) for p in points[:2])
    return (("length", Quantity(math.hypot(x1 - x0, y1 - y0), "mm" if spacing.known else "{pixel}")),)


def angle(points: Sequence[Point], spacing: Spacing) -> Values:
    """Angle at the second of three points, 0-180 degrees, in true proportions of the pixel."""
    a, b, c = (_scaled(p, spacing) for p in points[:3])
    u, v = (a[0] - b[0], a[1] - b[1]), (c[0] - b[0], c[1] - b[1])
    degrees = math.degrees(abs(math.atan2(u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1])))
    return (("angle", Quantity(degrees, "deg")),)


def cardiothoracic(points: Sequence[Point]) -> Values:
    """Widest horizontal extent of the heart (first two points) over that of the thorax (last two).

    Danzer CS. The cardiothoracic ratio. Am J Med Sci 1919;157:513. Only widths count, so no spacing is needed.
    """
    heart, thorax = abs(points[1][0] - points[0][0]), abs(points[3][0] - points[2][0])
    return (("ratio", Quantity(heart / thorax if thorax else math.nan, "1")),)


def ellipse_mask(shape: tuple[int, int], points: Sequence[Point]) -> NDArray[np.bool_]:
    """Pixels whose centre lies in the ellipse of the box between two corners; bool (rows, columns)."""
    (x0, y0), (x1, y1) = points[:2]
    cx, cy, a, b = (x0 + x1) / 2, (y0 + y1) / 2, abs(x1 - x0) / 2, abs(y1 - y0) / 2
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    if a == 0 or b == 0:
        return np.zeros(shape, bool)
    mask: NDArray[np.bool_] = ((columns - cx) / a) ** 2 + ((rows - cy) / b) ** 2 <= 1
    return mask


def rectangle_mask(shape: tuple[int, int], points: Sequence[Point]) -> NDArray[np.bool_]:
    """Pixels whose centre lies in the box between two corners."""
    (x0, y0), (x1, y1) = points[:2]
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside = (columns >= min(x0, x1)) & (columns <= max(x0, x1)) & (rows >= min(y0, y1)) & (rows <= max(y0, y1))
    return np.asarray(inside)


def polygon_mask(shape: tuple[int, int], points: Sequence[Point]) -> NDArray[np.bool_]:
    """Pixels whose centre lies in the closed outline (even-odd rule)."""
    mask = np.zeros(shape, bool)
    corners = np.asarray(points, float)
    if len(corners) < 3:
        return mask
    low, high = max(math.ceil(corners[:, 1].min()), 0), min(math.floor(corners[:, 1].max()), shape[0] - 1)
    columns = np.arange(shape[1])
    following = np.roll(corners, -1, axis=0)
    for row in range(low, high + 1):
        crosses = (corners[:, 1] <= row) != (following[:, 1] <= row)
        a, b = corners[crosses], following[crosses]
        at = np.sort(a[:, 0] + (row - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0]))
        mask[row] = np.searchsorted(at, columns, side="right") % 2 == 1
    return mask


MASKS = {"ellipse": ellipse_mask, "rectangle": rectangle_mask, "freehand": polygon_mask}


def region(kind: str, image: Frame, points: Sequence[Point], spacing: Spacing) -> Values:
    """Mean, SD (n - 1), min, max of the pixels inside, their number and the area of the shape itself.

    Values are modality units (HU for CT); colour images give the area only. Empty regions give no statistics.
    """
    shape = (image.stored.shape[0], image.stored.shape[1])
    mask = MASKS[kind](shape, points)
    area = _area(kind, points)
    unit = "mm2" if spacing.known else "{pixel}2"
    factor = (spacing.row_mm or 1.0) * (spacing.column_mm or 1.0)
    values: list[tuple[str, Quantity]] = [("area", Quantity(area * factor, unit))]
    if image.colour or not mask.any():
        return tuple(values)
    inside = image.grey.units(image.stored[mask])
    name = _UCUM.get(image.unit, image.unit)
    spread = float(inside.std(ddof=1)) if inside.size > 1 else 0.0
    for key, number in (("mean", inside.mean()), ("sd", spread), ("min", inside.min()), ("max", inside.max())):
        values.append((key, Quantity(float(number), name)))
    values.append(("pixels", Quantity(float(mask.sum()), "{pixel}")))
    return tuple(values)


def _area(kind: str, points: Sequence[Point]) -> float:
    """Area of the shape in square pixels (not a count of pixels)."""
    if kind == "freehand":
        corners = np.asarray(points, float)
        x, y = corners[:, 0], corners[:, 1]
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
    (x0, y0), (x1, y1) = points[:2]
    box = abs(x1 - x0) * abs(y1 - y0)
    return box * math.pi / 4 if kind == "ellipse" else box
