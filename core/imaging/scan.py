"""A bounded scan of a DICOM file's top-level elements: fast for the usual files, and never recursive.

Reads explicit and implicit VR little endian with a preamble (PS3.5 section 7, PS3.10 section 7.1). Anything else gives
None and is left to pydicom. Sequences are skipped, not parsed, so depth costs neither stack nor memory.
"""

import mmap
import struct
from dataclasses import dataclass

from core.errors import Unreadable

Bytes = bytes | mmap.mmap

_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV"))
_VRS = _LONG | frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_UNDEFINED = 0xFFFFFFFF
_ITEM_END, _SEQUENCE_END = 0xFFFEE00D, 0xFFFEE0DD
_ELEMENT = struct.Struct("<HH2sH").unpack_from
_LENGTH = struct.Struct("<I").unpack_from
_PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
MAX_DEPTH = 64
"""Deepest nesting accepted. The deepest standard template in use nests about 20 levels."""

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
_NOT_SCANNED = frozenset(("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"))


@dataclass(frozen=True, slots=True)
class Scan:
    """Raw value bytes of the wanted tags. `pixel_offset` -1: no pixel data; `pixel_length` -1: encapsulated."""

    syntax: str
    explicit: bool
    values: dict[int, bytes]
    present: frozenset[int]
    pixel_offset: int
    pixel_length: int


def scan(data: Bytes, wanted: frozenset[int], noticed: frozenset[int] = frozenset()) -> Scan | None:
    """Top-level elements of a file; None where it is not plain little endian. Raises `Unreadable` past `MAX_DEPTH`."""
    if len(data) < 140 or data[128:132] != b"DICM":
        return None
    meta = _meta(data)
    if meta is None:
        return None
    syntax, pos = meta
    if not syntax or syntax in _NOT_SCANNED:
        return None
    return _body(data, pos, syntax, wanted, noticed)


def _meta(data: Bytes) -> tuple[str, int] | None:
    """Transfer syntax and where the data set begins (the file meta is always explicit little endian)."""
    pos, syntax = 132, ""
    while pos + 8 <= len(data):
        group, _ = struct.unpack_from("<HH", data, pos)
        if group != 2:
            return syntax, pos
        head = _head(data, pos, explicit=True)
        if head is None or head[2] == _UNDEFINED or head[1] + head[2] > len(data):
            return None
        tag, start, length, _ = head
        if tag == 0x00020010:
            syntax = bytes(data[start : start + length]).decode("ascii", "replace").strip("\0 ")
        pos = start + length
    return None


def _head(data: Bytes, pos: int, explicit: bool) -> tuple[int, int, int, bytes] | None:
    """(tag, start of the value, length, VR) of the element at `pos`; None if it does not look like one."""
    if pos + 8 > len(data):
        return None
    group, element = struct.unpack_from("<HH", data, pos)
    tag = group << 16 | element
    if not explicit or group == 0xFFFE:
        return tag, pos + 8, struct.unpack_from("<I", data, pos + 4)[0], b""
    vr = bytes(data[pos + 4 : pos + 6])
    if vr not in _VRS:
        return None
    if vr in _LONG:
        if pos + 12 > len(data):
            return None
        return tag, pos + 12, struct.unpack_from("<I", data, pos + 8)[0], vr
    return tag, pos + 8, struct.unpack_from("<H", data, pos + 6)[0], vr


def _body(data: Bytes, pos: int, syntax: str, wanted: frozenset[int], noticed: frozenset[int]) -> Scan | None:
    explicit = syntax != IMPLICIT_LITTLE
    values: dict[int, bytes] = {}
    present: set[int] = set()
    size, last = len(data), 0
    while pos + 12 <= size:
        # One unpack an element: this loop runs 150 times a file and decides how soon a folder of slices is known.
        group, element, vr, short = _ELEMENT(data, pos)
        tag = group << 16 | element
        if tag <= last:
            return None
        last = tag
        if not explicit or group == 0xFFFE:
            start, length, vr = pos + 8, int.from_bytes(vr, "little") | short << 16, b""
        elif vr in _LONG:
            start, length = pos + 12, _LENGTH(data, pos + 8)[0]
        elif vr in _VRS:
            start, length = pos + 8, short
        else:
            return None
        if tag in _PIXEL_TAGS:
            known = -1 if length == _UNDEFINED else length
            return Scan(syntax, explicit, values, frozenset(present), start, known)
        if tag in noticed:
            present.add(tag)
        if length == _UNDEFINED:
            end = None if vr == b"UN" else _skip(data, start, explicit)
            if end is None:
                return None
            pos = end
            continue
        pos = start + length
        if pos > size:
            return None
        if tag in wanted:
            values[tag] = data[start:pos]
    return Scan(syntax, explicit, values, frozenset(present), -1, 0)


def _skip(data: Bytes, pos: int, explicit: bool) -> int | None:
    """Past a sequence of undefined length. Iterative: `depth` counts open sequences and items."""
    depth = 1
    while depth:
        head = _head(data, pos, explicit)
        if head is None:
            return None
        tag, start, length, vr = head
        pos = start
        if tag in {_ITEM_END, _SEQUENCE_END}:
            depth -= 1
        elif length == _UNDEFINED:
            if vr == b"UN":
                return None
            depth += 1
        else:
            pos += length
        if depth > MAX_DEPTH:
            raise Unreadable(f"The file nests sequences more than {MAX_DEPTH} levels deep.", "It was not opened.")
        if pos > len(data):
            return None
    return pos
