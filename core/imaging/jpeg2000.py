"""Grey JPEG 2000 frames by OpenCV's OpenJPEG, straight from their place in the file.

OpenCV gives the interpreter back while it decodes (pylibjpeg holds it: the window's thread then waits 36 ms at p95, here
0.6), so that several slices decode at once. Signed values are decoded as unsigned ones: without the level shift of ISO/IEC
15444-1 G.1.2 they differ by half the range only. What it does not take (colour, less than 8 bits, a sign the header
denies) goes on to pylibjpeg.
"""

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.header import Header
from core.imaging.types import Instance

SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203))
_ITEM, _END = 0xFFFEE000, 0xFFFEE0DD
MAX_FRAGMENTS = 100_000
_DEPTH = 42
"""Byte of the first component's sign and depth in a codestream."""


def takes(item: Header | Instance) -> bool:
    """Whether a file may hold what this module decodes: one component, encapsulated at a known place."""
    if isinstance(item, Instance):
        return item.syntax in SYNTAXES and not item.colour and item.encapsulated_offset >= 0
    one = item.integer("SamplesPerPixel", 1) == 1
    return item.syntax in SYNTAXES and one and item.pixel_offset >= 0 and item.pixel_length < 0


def decode_instance(item: Instance, index: int) -> NDArray[Any] | None:
    """Frame `index` of an instance that `takes`; None where another decoder has to look at it."""
    place = item.path, item.encapsulated_offset, index, item.frames
    try:
        return decode(*place, shape=(item.rows, item.columns), bits=item.bits_allocated, signed=item.signed)
    except OSError:
        return None


def decode(
    path: str, offset: int, index: int, frames: int, *, shape: tuple[int, int], bits: int, signed: bool
) -> NDArray[Any] | None:
    """Frame `index` of `frames` as 8- or 16-bit integers (rows, columns); None where another decoder has to look.

    `offset` is the byte where the pixel data element's items begin, `bits` BitsAllocated.
    """
    stream = codestream(path, offset, index, frames)
    found = _siz(stream) if stream is not None else None
    if stream is None or found is None or found.shape != shape or found.signed != signed or bits not in {8, 16}:
        return None
    data = np.frombuffer(stream, np.uint8).copy()
    data[_DEPTH] &= 0x7F
    values = _decoder()(data)
    if values is None or values.shape != shape or values.dtype not in (np.uint8, np.uint16):
        return None
    if signed:
        return np.asarray(values.astype(np.int32) - (1 << (found.depth - 1)), np.dtype(f"<i{bits // 8}"))
    return np.asarray(values, np.dtype(f"<u{bits // 8}"))


def codestream(path: str, offset: int, index: int, frames: int) -> bytes | None:
    """The bytes of one frame; None where fragments do not say which frame they belong to (PS3.5 A.4)."""
    parts: list[tuple[int, int]] = []
    with Path(path).open("rb") as file:
        file.seek(offset)
        while len(parts) <= MAX_FRAGMENTS:
            head = file.read(8)
            if len(head) < 8:
                return None
            group, element, length = struct.unpack("<HHI", head)
            if group << 16 | element == _END:
                break
            if group << 16 | element != _ITEM or length == 0xFFFFFFFF:
                return None
            parts.append((file.tell(), length))
            file.seek(length, 1)
        parts = parts[1:]  # the first item is the offset table
        if frames > 1 and len(parts) != frames or not parts:
            return None
        data = []
        for start, length in parts if frames == 1 else parts[index : index + 1]:
            file.seek(start)
            data.append(file.read(length))
    return b"".join(data)


@dataclass(frozen=True, slots=True)
class _Size:
    shape: tuple[int, int]
    depth: int
    signed: bool


def _siz(stream: bytes) -> _Size | None:
    """What the SIZ marker states, for one component of 8 to 16 bits (ISO/IEC 15444-1 A.5.1); None for anything else."""
    if stream[:4] != b"\xff\x4f\xff\x51" or len(stream) <= _DEPTH + 2:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
    components, depth = struct.unpack_from(">HB", stream, _DEPTH - 2)
    bits = (depth & 0x7F) + 1
    if components != 1 or not 8 <= bits <= 16:
        return None
    return _Size((bottom - top, right - left), bits, depth > 0x7F)


@cache
def _decoder() -> Any:
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # a warning for every grey frame

    def run(data: NDArray[np.uint8]) -> Any:
        try:
            return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        except cv2.error:
            return None

    return run
