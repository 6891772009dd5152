"""Grayscale Softcopy Presentation States (PS3.3 A.33.1): how somebody wanted images to be seen, read as plain values.

Points are (column, row) from the centre of the first pixel; the file counts from its corner (C.10.5.1.2). What a state
asks for and this program does not do stands by name in `left_out`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from core.errors import Unreadable
from core.imaging.groups import voi_tables, voi_windows
from core.imaging.header import guarded, read_dataset
from core.imaging.window import Table, Window

GREYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
MAX_GRAPHICS = 5_000
MAX_POINTS = 200_000
Point = tuple[float, float]
Key = tuple[str, int]
"""(SOP instance UID, frame index); frame -1 stands for all frames."""


@dataclass(frozen=True, slots=True)
class Graphic:
    """A drawn shape or a text. `kind`: POINT, POLYLINE, INTERPOLATED, CIRCLE, ELLIPSE or TEXT.

    `display` says the points are shares (0-1) of the displayed area instead of pixels. A TEXT has its box's corners
    and, where it points at something, `anchor`.
    """

    kind: str
    points: tuple[Point, ...]
    text: str = ""
    filled: bool = False
    display: bool = False
    anchor: Point | None = None


@dataclass(frozen=True, slots=True)
class Shutter:
    """What is left visible; the rest gets grey `value` (0-1). Any of the three may be given (C.7.6.11)."""

    rectangle: tuple[float, float, float, float] | None = None
    """(left, top, right, bottom) in pixels."""
    circle: tuple[Point, float] | None = None
    polygon: tuple[Point, ...] = ()
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Area:
    """The displayed area: corners in pixels of the stored image. `mode`: SCALE TO FIT, TRUE SIZE or MAGNIFY."""

    corners: tuple[Point, Point]
    mode: str
    magnification: float = 1.0


@dataclass(frozen=True, slots=True)
class PresentationState:
    """One state. The dictionaries are by `Key`; look values up with `of`."""

    path: str
    label: str
    description: str
    creator: str
    time: str
    images: tuple[Key, ...]
    turns: int = 0
    """Quarter turns to the right, before the flip."""
    flipped: bool = False
    inverse: bool = False
    """The presentation LUT's shape; it stands in place of the image's own MONOCHROME1 (C.11.6)."""
    voi: dict[Key, Window | Table] = field(default_factory=dict)
    areas: dict[Key, Area] = field(default_factory=dict)
    graphics: dict[Key, tuple[Graphic, ...]] = field(default_factory=dict)
    shutter: Shutter | None = None
    left_out: tuple[str, ...] = ()
    rescale: tuple[float, float] | None = None
    """(slope, intercept) where the state states one; what it says of an image of another rescale does not hold."""

    def names(self, key: Key) -> bool:
        """Whether the state is about a frame."""
        return key in self.images or (key[0], -1) in self.images

    def of(self, table: dict[Key, Any], key: Key) -> Any:
        """A value for a frame: its own, its image's, or the one for all images of the state."""
        return table.get(key) or table.get((key[0], -1)) or table.get(("", -1))


def read_presentation_state(path: str | Path) -> PresentationState:
    """A greyscale presentation state. Raises `Unreadable` for damage and for the other kinds of state, by name."""
    dataset = read_dataset(path)
    name = Path(path).name
    if str(dataset.get("SOPClassUID", "")) != GREYSCALE:
        raise Unreadable(f"{name} is a presentation state of another kind: only greyscale states are applied.")
    return guarded(lambda: _read(dataset, str(path)), name)


def _read(dataset: pydicom.Dataset, path: str) -> PresentationState:
    images = tuple(_referenced(dataset))
    if not images:
        raise Unreadable("The presentation state names no images.")
    turns = int(dataset.get("ImageRotation", 0) or 0)
    if turns % 90:
        raise Unreadable("The presentation state turns by an angle that is no quarter turn.")
    return PresentationState(
        path=path,
        label=str(dataset.get("ContentLabel", "")),
        description=str(dataset.get("ContentDescription", "") or ""),
        creator=str(dataset.get("ContentCreatorName", "") or ""),
        time="".join(str(dataset.get(f"PresentationCreation{p}", "") or "") for p in ("Date", "Time"))[:12],
        images=images,
        turns=turns // 90 % 4,
        flipped=str(dataset.get("ImageHorizontalFlip", "N")) == "Y",
        inverse=str(dataset.get("PresentationLUTShape", "IDENTITY")) == "INVERSE",
        voi=_voi(dataset),
        areas=_areas(dataset),
        graphics=_graphics(dataset),
        shutter=_shutter(dataset),
        left_out=tuple(_left_out(dataset)),
        rescale=(float(dataset.RescaleSlope), float(dataset.RescaleIntercept)) if "RescaleSlope" in dataset else None,
    )


def _referenced(dataset: pydicom.Dataset) -> Iterator[Key]:
    for series in dataset.get("ReferencedSeriesSequence") or ():
        yield from _keys(series)


def _keys(item: pydicom.Dataset) -> tuple[Key, ...]:
    """The frames an item is about; for all images of the state where it names none."""
    found: list[Key] = []
    for image in item.get("ReferencedImageSequence") or ():
        uid, frames = str(image.ReferencedSOPInstanceUID), image.get("ReferencedFrameNumber")
        numbers = np.atleast_1d(np.asarray(frames, int)) if frames not in (None, "") else [0]
        found += [(uid, int(n) - 1) for n in numbers]
    return tuple(found)


def _voi(dataset: pydicom.Dataset) -> dict[Key, Window | Table]:
    found: dict[Key, Window | Table] = {}
    for item in dataset.get("SoftcopyVOILUTSequence") or ():
        choices: list[Window | Table] = [*voi_tables(item), *voi_windows(item)]
        if choices:
            found |= dict.fromkeys(_keys(item) or (("", -1),), choices[0])
    return found


def _areas(dataset: pydicom.Dataset) -> dict[Key, Area]:
    found: dict[Key, Area] = {}
    for item in dataset.get("DisplayedAreaSelectionSequence") or ():
        a, b = item.DisplayedAreaTopLeftHandCorner, item.DisplayedAreaBottomRightHandCorner
        # Corners are whole pixels counted from 1; the area runs to their outer edges.
        x, y = sorted((float(a[0]), float(b[0]))), sorted((float(a[1]), float(b[1])))
        mode = str(item.get("PresentationSizeMode", "SCALE TO FIT"))
        ratio = float(item.get("PresentationPixelMagnificationRatio") or 1.0)
        area = Area(((x[0] - 1.5, y[0] - 1.5), (x[1] - 0.5, y[1] - 0.5)), mode, ratio)
        found |= dict.fromkeys(_keys(item) or (("", -1),), area)
    return found


def _graphics(dataset: pydicom.Dataset) -> dict[Key, tuple[Graphic, ...]]:
    found: dict[Key, tuple[Graphic, ...]] = {}
    count = 0
    for item in dataset.get("GraphicAnnotationSequence") or ():
        made = (*_shapes(item), *_texts(item))
        count += len(made)
        if count > MAX_GRAPHICS or sum(len(g.points) for g in made) > MAX_POINTS:
            raise Unreadable("The presentation state has too many graphics.")
        for key in _keys(item) or (("", -1),):
            found[key] = (*found.get(key, ()), *made)
    return found


def _shapes(item: pydicom.Dataset) -> Iterator[Graphic]:
    for shape in item.get("GraphicObjectSequence") or ():
        display = str(shape.get("GraphicAnnotationUnits", "PIXEL")) == "DISPLAY"
        kind = str(shape.get("GraphicType", "")).strip()
        points = _pairs(shape.get("GraphicData"), display)
        if kind in {"POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE"} and points:
            yield Graphic(kind, points, filled=str(shape.get("GraphicFilled", "N")) == "Y", display=display)


def _texts(item: pydicom.Dataset) -> Iterator[Graphic]:
    for text in item.get("TextObjectSequence") or ():
        words = str(text.get("UnformattedTextValue", "")).replace("\r\n", "\n").replace("\r", "\n").strip()
        boxed = text.get("BoundingBoxTopLeftHandCorner") is not None
        units = "BoundingBoxAnnotationUnits" if boxed else "AnchorPointAnnotationUnits"
        display = str(text.get(units, "PIXEL")) == "DISPLAY"
        box = (
            *_pairs(text.get("BoundingBoxTopLeftHandCorner"), display),
            *_pairs(text.get("BoundingBoxBottomRightHandCorner"), display),
        )
        anchor_display = str(text.get("AnchorPointAnnotationUnits", "PIXEL")) == "DISPLAY"
        anchor = _pairs(text.get("AnchorPoint"), anchor_display)
        shown = str(text.get("AnchorPointVisibility", "N")) == "Y" and anchor_display == display
        if words and (box or anchor):
            yield Graphic("TEXT", box or anchor, words, display=display, anchor=anchor[0] if anchor and shown else None)


def _pairs(values: Any, display: bool) -> tuple[Point, ...]:
    if values is None:
        return ()
    flat = np.asarray(values, float).reshape(-1)
    if flat.size % 2 or not np.isfinite(flat).all():
        raise Unreadable("A graphic's points are not pairs of numbers.")
    shift = 0.0 if display else 0.5
    return tuple((float(x) - shift, float(y) - shift) for x, y in flat.reshape(-1, 2))


def _shutter(dataset: pydicom.Dataset) -> Shutter | None:
    shapes = dataset.get("ShutterShape")
    named = {shapes} if isinstance(shapes, str) else set(shapes or ())
    if not named & {"RECTANGULAR", "CIRCULAR", "POLYGONAL"}:
        return None
    box, circle = None, None
    polygon: tuple[Point, ...] = ()
    if "RECTANGULAR" in named:
        edges = [float(dataset.get(f"Shutter{e}Edge")) for e in ("LeftVertical", "RightVertical")]
        rows = [float(dataset.get(f"Shutter{e}Edge")) for e in ("UpperHorizontal", "LowerHorizontal")]
        # An edge is the first column or row that is hidden, counted from 1.
        box = (edges[0] - 0.5, rows[0] - 0.5, edges[1] - 1.5, rows[1] - 1.5)
    if "CIRCULAR" in named:
        row, column = (float(v) for v in dataset.CenterOfCircularShutter)
        circle = ((column - 1, row - 1), float(dataset.RadiusOfCircularShutter))
    if "POLYGONAL" in named:
        flat = np.asarray(dataset.VerticesOfThePolygonalShutter, float).reshape(-1, 2)
        polygon = tuple((float(c) - 1, float(r) - 1) for r, c in flat)
    value = float(dataset.get("ShutterPresentationValue", 0) or 0) / 65535
    return Shutter(box, circle, polygon, min(max(value, 0.0), 1.0))


def _left_out(dataset: pydicom.Dataset) -> Iterator[str]:
    """What the state asks for that is not done here."""
    if any("CompoundGraphicSequence" in i for i in dataset.get("GraphicAnnotationSequence") or ()):
        yield "compound graphics"
    if "BITMAP" in str(dataset.get("ShutterShape", "")):
        yield "a bitmap shutter"
    if dataset.get("MaskSubtractionSequence"):
        yield "mask subtraction"
    if dataset.get("PresentationLUTSequence"):
        yield "a presentation LUT"
    if dataset.get("ModalityLUTSequence"):
        yield "a modality LUT of its own"
    if any(
        "TRUE SIZE" in str(a.get("PresentationSizeMode")) for a in dataset.get("DisplayedAreaSelectionSequence") or ()
    ):
        yield "true size"
