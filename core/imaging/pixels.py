"""Stored pixels of one frame, and the presentation a model or a reader looks at."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.domain.imaging import ImageRef
from core.errors import Unreadable
from core.imaging import decode
from core.imaging.header import Header, read_header
from core.imaging.picture import is_picture, read_picture
from core.imaging.window import Grey, Table, UInt8, Window, apply_table, grey_of, grey_table

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (Rec. ITU-R BT.601-7)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame.

    `stored`: (rows, columns) of uint8, int16, uint16, int32, uint32, float32 or float64 stored values, or
    (rows, columns, 3) uint8 RGB. `windows` are the file's own VOI choices, first is the default. `unit` is the
    modality unit ("HU", ...). `padding` is the stored range that is no image (inclusive).
    """

    stored: NDArray[Any]
    grey: Grey = Grey()
    windows: tuple[Window | Table, ...] = ()
    photometric: str = "MONOCHROME2"
    unit: str = ""
    padding: tuple[int, int] | None = None
    bits_stored: int = 0
    overlays: tuple[NDArray[np.bool_], ...] = ()

    @property
    def colour(self) -> bool:
        """Whether `stored` is RGB."""
        return self.stored.ndim == 3

    @property
    def inverted(self) -> bool:
        """MONOCHROME1: the lowest value is white."""
        return self.photometric == "MONOCHROME1"

    def default_window(self) -> Window | Table:
        """The file's first VOI choice, else the full range of the image (padding left out)."""
        return self.windows[0] if self.windows else self.full_range()

    def full_range(self) -> Window:
        """A window from the darkest to the brightest pixel, in modality units."""
        stored = self.stored
        if self.padding is not None:
            inside = (stored < self.padding[0]) | (stored > self.padding[1])
            stored = stored[inside] if inside.any() else stored
        finite = stored[np.isfinite(stored)] if stored.dtype.kind == "f" else stored
        if not finite.size:
            return Window(0.5, 1.0, "LINEAR_EXACT")
        ends = self.grey.units(np.array([finite.min(), finite.max()]))
        low, high = float(ends.min()), float(ends.max())
        return Window((low + high) / 2, max(high - low, 1e-6), "LINEAR_EXACT", "full range")


def frame(source: ImageRef | str | Path, index: int | None = None) -> Frame:
    """Decode one frame of a DICOM file or picture. `index` defaults to the ref's frame (else 0).

    Raises `Unreadable` naming what cannot be decoded.
    """
    path = source.path if isinstance(source, ImageRef) else str(source)
    index = index if index is not None else (source.frame if isinstance(source, ImageRef) else 0)
    if is_picture(path):
        return Frame(read_picture(path), bits_stored=8)
    return frame_of(read_header(path), index)


def frame_of(header: Header, index: int) -> Frame:
    """Decode one frame of a file whose header is at hand."""
    stored = decode.stored(header, index)
    stored, photometric = decode.to_grey_or_rgb(header, stored)
    if stored.ndim == 3:
        return Frame(stored, photometric="RGB", bits_stored=8)
    details = _details(header, index)
    return replace(details, stored=stored, photometric=photometric)


def _details(header: Header, index: int) -> Frame:
    """Everything of the frame but its pixels. Functional groups and LUT sequences are read only where present."""
    deep = header.present & {
        "ModalityLUTSequence", "VOILUTSequence", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
    }  # fmt: skip
    if deep:
        from core.imaging.groups import frame_details

        slope, intercept, unit, modality, windows = frame_details(header.path, index)
    else:
        slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
        unit, modality, windows = "", None, ()
    slope = header.number("RescaleSlope") if slope is None else slope
    intercept = header.number("RescaleIntercept") if intercept is None else intercept
    grey = Grey(slope or 1.0, intercept or 0.0, modality)
    return Frame(
        stored=np.empty((0, 0), np.uint8),
        grey=grey,
        windows=windows or _windows(header),
        unit=unit or _unit(header),
        padding=_padding(header),
        bits_stored=header.integer("BitsStored", header.integer("BitsAllocated", 8)),
    )


def _windows(header: Header) -> tuple[Window, ...]:
    centres, widths = header.numbers("WindowCenter"), header.numbers("WindowWidth")
    names = header.texts("WindowCenterWidthExplanation")
    function = header.text("VOILUTFunction").upper() or "LINEAR"
    pairs = [(c, w) for c, w in zip(centres, widths, strict=False) if w > 0]
    return tuple(Window(c, w, function, names[i] if i < len(names) else "") for i, (c, w) in enumerate(pairs))


def _unit(header: Header) -> str:
    stated = header.text("RescaleType") or header.text("Units")
    if stated and stated != "US":
        return stated
    return "HU" if header.text("Modality") == "CT" else ""


def _padding(header: Header) -> tuple[int, int] | None:
    value = header.number("PixelPaddingValue")
    if value is None:
        return None
    limit = header.number("PixelPaddingRangeLimit")
    ends = [_signed(header, value), _signed(header, value if limit is None else limit)]
    return min(ends), max(ends)


def _signed(header: Header, value: float) -> int:
    """US-or-SS values come as unsigned here; make them signed where the pixels are."""
    bits = header.integer("BitsAllocated", 16)
    number = int(value)
    if header.integer("PixelRepresentation") == 1 and bits == 16 and number >= 1 << 15:
        return number - (1 << 16)
    return number


@lru_cache(maxsize=32)
def _table(grey: Grey, voi: Window, signed: bool, bits: int, inverted: bool) -> UInt8:
    return grey_table(grey, voi, signed=signed, bits=bits, inverted=inverted)


def lookup(image: Frame, voi: Window | Table, *, invert: bool = False) -> UInt8 | None:
    """The grey table for a frame of 8- or 16-bit values; None for other types (use `render`)."""
    dtype = image.stored.dtype
    if dtype.kind not in "iu" or dtype.itemsize > 2:
        return None
    inverted = image.inverted != invert
    arguments = (image.grey, voi, dtype.kind == "i", 8 * dtype.itemsize, inverted)
    if isinstance(voi, Window) and image.grey.modality is None:
        return _table(*cast(Any, arguments))
    return grey_table(image.grey, voi, signed=dtype.kind == "i", bits=8 * dtype.itemsize, inverted=inverted)


def render(image: Frame, voi: Window | Table | None = None, *, invert: bool = False) -> UInt8:
    """Grey (rows, columns) or RGB (rows, columns, 3) as uint8, with the window applied and MONOCHROME1 inverted."""
    if image.colour:
        return 255 - image.stored if invert else image.stored
    chosen = voi if voi is not None else image.default_window()
    table = lookup(image, chosen, invert=invert)
    if table is not None:
        return apply_table(image.stored, table)
    return grey_of(image.grey, chosen, image.stored, inverted=image.inverted != invert)


def presentation(ref: ImageRef | str | Path) -> UInt8:
    """The image as a reader first sees it: uint8 (rows, columns), 0 black; colour as luminance.

    Raises `Unreadable` where the pixels cannot be decoded.
    """
    shown = render(frame(ref))
    if shown.ndim == 2:
        return shown
    return np.asarray(np.rint(shown.astype(np.float32) @ np.array(LUMINANCE, np.float32)), dtype=np.uint8)


def value_at(image: Frame, column: int, row: int) -> float | tuple[int, int, int] | None:
    """Modality value (or RGB) of one pixel; None outside the image."""
    rows, columns = image.stored.shape[:2]
    if not (0 <= row < rows and 0 <= column < columns):
        return None
    pixel = image.stored[row, column]
    if image.colour:
        return int(pixel[0]), int(pixel[1]), int(pixel[2])
    return float(image.grey.units(np.array([pixel]))[0])


__all__ = ["Frame", "Unreadable", "frame", "frame_of", "lookup", "presentation", "render", "value_at"]
