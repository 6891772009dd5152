"""Stored values of one frame: uncompressed frames straight from the file, the rest through pydicom's plugins.

Decoders: pydicom (RLE, deflated), OpenCV and pylibjpeg-openjpeg (JPEG 2000, HTJ2K), pyjpegls (JPEG-LS), Pillow
(8-bit JPEG) and GDCM (JPEG lossless, in a process of its own). What none of them decodes is refused by name, never shown
black.
"""

import mmap
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID

from core.errors import Unreadable
from core.imaging import jpeg2000
from core.imaging.header import Header, guarded, read_dataset
from core.imaging.types import Instance

if TYPE_CHECKING:
    from core.imaging.isolated import Helper

MAX_FRAME_BYTES = 1 << 30
"""Largest decoded frame (bytes); more is refused before anything is allocated."""

NATIVE = frozenset(("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"))
_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_SOC_SIZ = b"\xff\x4f\xff\x51"
_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"


def stored(header: Header, index: int) -> NDArray[Any]:
    """Stored values of frame `index`: (rows, columns) or (rows, columns, 3), sign and mask applied.

    Raises `Unreadable` where there are no pixels, the frame is missing or no decoder knows the syntax.
    """
    rows, columns = header.integer("Rows"), header.integer("Columns")
    samples, bits = max(header.integer("SamplesPerPixel", 1), 1), header.integer("BitsAllocated")
    name = Path(header.path).name
    if rows <= 0 or columns <= 0 or not header.has_pixels:
        raise Unreadable(f"{name} holds no picture.")
    if rows * columns * samples * max(bits, 8) // 8 > MAX_FRAME_BYTES:
        raise Unreadable(f"{name} states a frame of {columns} x {rows} pixels, which is too large.")
    frames = max(header.integer("NumberOfFrames", 1), 1)
    if not 0 <= index < frames:
        raise Unreadable(f"{name} has no frame {index + 1}.")
    if header.syntax in NATIVE and header.pixel_length > 0 and samples == 1 and bits in {8, 16, 32}:
        return _native(header, index, (rows, columns), bits)
    return _decoded(header, index)


def _native(header: Header, index: int, shape: tuple[int, int], bits: int) -> NDArray[Any]:
    """An uncompressed grey frame read straight from its place in the file."""
    signed = header.integer("PixelRepresentation") == 1
    dtype = np.dtype(f"<{'i' if signed else 'u'}{bits // 8}")
    size = shape[0] * shape[1] * dtype.itemsize
    start = index * size
    if start + size > header.pixel_length:
        raise Unreadable(f"{Path(header.path).name}: frame {index + 1} is cut off.", "Ask for the file again.")
    values: NDArray[Any] = np.empty(shape, dtype)
    with Path(header.path).open("rb", buffering=0) as file:
        file.seek(header.pixel_offset + start)
        if file.readinto(cast(Any, values.reshape(-1).view(np.uint8))) != size:
            raise Unreadable(f"{Path(header.path).name}: the pixel data is cut off.", "Ask for the file again.")
    return tidy(values, header.integer("BitsStored", bits), header.integer("HighBit", -1))


def read_into(target: NDArray[Any], instance: Instance, index: int) -> None:
    """Read an uncompressed frame into `target` (rows, columns, contiguous) without a copy. Raises `Unreadable`."""
    try:
        with Path(instance.path).open("rb", buffering=0) as file:
            file.seek(instance.pixel_offset + index * target.nbytes)
            count = file.readinto(cast(Any, target.reshape(-1).view(np.uint8)))
    except OSError as error:
        raise Unreadable(f"{Path(instance.path).name} could not be read ({error.strerror}).") from error
    if count != target.nbytes:
        raise Unreadable(f"{Path(instance.path).name}: the pixel data is cut off.", "Ask for the file again.")
    tidy(target, instance.bits_stored or instance.bits_allocated, -1)


def tidy(values: NDArray[Any], bits_stored: int, high_bit: int) -> NDArray[Any]:
    """Only the stored bits count (PS3.5 8.1.1): shift to the high bit, extend the sign or mask the rest, in place."""
    bits = values.dtype.itemsize * 8
    high = bits_stored - 1 if high_bit < 0 else high_bit
    if not 0 < bits_stored < bits and high == bits - 1:
        return values
    if not (0 < bits_stored <= bits and bits_stored - 1 <= high < bits):
        return values
    if values.dtype.kind == "u" and high == bits_stored - 1 and (not values.size or values.max() < 1 << bits_stored):
        return values
    left, right = bits - 1 - high, bits - bits_stored
    np.left_shift(values, left, out=values)
    np.right_shift(values, right, out=values)
    return values


def _decoded(header: Header, index: int) -> NDArray[Any]:
    name = Path(header.path).name
    refused = unsupported(header)
    if refused:
        raise Unreadable(f"{name}: {refused}: no decoder.", "Ask for an uncompressed copy.")
    plugin = _PLUGINS.get(header.syntax, "")
    if plugin == "pylibjpeg" and _codestream_differs(header):
        raise Unreadable(f"{name} is damaged: its JPEG 2000 data states another size.", "Ask for the file again.")
    if plugin == "gdcm":
        return helper().decode(header.path, index, name)
    if jpeg2000.takes(header):
        found = _jpeg2000(header, index)
        if found is not None:
            return found
    try:
        return by_plugin(header.path, index, plugin)
    except Unreadable:
        if plugin not in {"pyjpegls", "pylibjpeg", "pillow"}:
            raise
        return helper().decode(header.path, index, name)


def _jpeg2000(header: Header, index: int) -> NDArray[Any] | None:
    return jpeg2000.decode(
        header.path, header.pixel_offset, index, max(header.integer("NumberOfFrames", 1), 1),
        shape=(header.integer("Rows"), header.integer("Columns")),
        bits=header.integer("BitsAllocated", 16), signed=header.integer("PixelRepresentation") == 1,
    )  # fmt: skip


def helper() -> "Helper":
    """The process where GDCM runs."""
    from core.imaging.isolated import HELPER

    return HELPER


def by_plugin(path: str, index: int, plugin: str) -> NDArray[Any]:
    """A frame decoded by pydicom's plugin of that name (any where ""). Raises `Unreadable`."""
    name = Path(path).name
    dataset = read_dataset(path)
    if not any(k in dataset for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise Unreadable(f"{name} holds no pixel data.")
    syntax = dataset.file_meta.get("TransferSyntaxUID") or _implied_syntax(dataset)
    if syntax == _DEFLATED_FRAMES:
        return guarded(lambda: _deflated_frame(dataset, index), name)
    return guarded(lambda: _by_pydicom(dataset, str(syntax), index, plugin), name)


def _by_pydicom(dataset: pydicom.Dataset, syntax: str, index: int, plugin: str) -> NDArray[Any]:
    decoder = get_decoder(UID(syntax, validation_mode=pydicom.config.IGNORE))
    plugin = plugin if plugin in decoder.available_plugins else ""
    values, _ = decoder.as_array(dataset, index=index, raw=False, decoding_plugin=plugin)
    return np.ascontiguousarray(values)


_PLUGINS = {
    "1.2.840.10008.1.2.5": "pylibjpeg",
    **dict.fromkeys(("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"), "pillow"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"), "gdcm"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"), "pyjpegls"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203)), "pylibjpeg"),
}
"""One plugin a syntax: a failure is handed on to GDCM in its own process, never in this one."""


def _implied_syntax(dataset: pydicom.Dataset) -> str:
    """Without file meta: what pydicom found while parsing."""
    implicit, little = dataset.original_encoding
    if implicit:
        return "1.2.840.10008.1.2"
    return "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"


def _deflated_frame(dataset: pydicom.Dataset, index: int) -> NDArray[Any]:
    """Deflated Image Frame Compression (PS3.5 8.2.17): each frame is a raw deflate stream."""
    frames = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=int(dataset.NumberOfFrames))
    data = next(d for i, d in enumerate(frames) if i == index)
    shape = (int(dataset.Rows), int(dataset.Columns))
    body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, MAX_FRAME_BYTES)
    if dataset.BitsAllocated == 1:
        return np.unpackbits(np.frombuffer(body, np.uint8), bitorder="little")[: shape[0] * shape[1]].reshape(shape)
    dtype = np.dtype(f"<{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}")
    return np.frombuffer(body, dtype, shape[0] * shape[1]).reshape(shape).copy()


def unsupported(header: Header) -> str:
    """The name of what cannot be decoded, "" when a decoder is there."""
    syntax = header.syntax
    if not syntax or syntax == _DEFLATED_FRAMES:
        return ""
    uid = UID(syntax, validation_mode=pydicom.config.IGNORE)
    known = uid.name if uid.name != syntax else f"transfer syntax {ascii(syntax)[1:-1]}"
    if syntax == _JPEG_EXTENDED and _jpeg_precision(header) == 12:
        return "JPEG Extended, 12 bit"
    try:
        return "" if get_decoder(uid).is_available else known
    except NotImplementedError:
        return known


def _codestream_differs(header: Header) -> bool:
    """Whether any JPEG 2000 codestream states a size other than Rows x Columns (ISO/IEC 15444-1 A.5.1).

    A damaged size can keep the decoder busy for a minute.
    """
    if header.pixel_offset < 0:
        return False
    wanted = (header.integer("Columns"), header.integer("Rows"))
    with (
        Path(header.path).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        at = data.find(_SOC_SIZ, header.pixel_offset)
        while 0 <= at <= len(data) - 24:
            right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
            if (right - left, bottom - top) != wanted:
                return True
            at = data.find(_SOC_SIZ, at + 4)
    return False


def _jpeg_precision(header: Header) -> int:
    """Sample precision in the first JPEG frame header (ISO/IEC 10918-1 B.2.2); 0 when there is none."""
    if header.pixel_offset < 0:
        return 0
    with (
        Path(header.path).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        for marker in (b"\xff\xc1", b"\xff\xc0"):
            at = data.find(marker, header.pixel_offset, header.pixel_offset + 65536)
            if at >= 0 and at + 4 < len(data):
                return data[at + 4]
    return 0


def to_grey_or_rgb(header: Header, values: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Palette to uint8 RGB (the decoder has already turned YBR to RGB); grey stays. Also gives the photometric
    interpretation that now holds.
    """
    photometric = header.text("PhotometricInterpretation").upper() or "MONOCHROME2"
    if photometric == "PALETTE COLOR":
        return _palette(header, values), "RGB"
    if values.ndim == 2:
        return values, photometric if photometric.startswith("MONOCHROME") else "MONOCHROME2"
    return np.ascontiguousarray(_eight_bits(values, header)[..., :3]), "RGB"


def _eight_bits(values: NDArray[Any], header: Header) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    bits = header.integer("BitsStored", 8)
    return np.asarray(values.astype(np.int64) >> max(bits - 8, 0), dtype=np.uint8)


def _palette(header: Header, values: NDArray[Any]) -> NDArray[np.uint8]:
    dataset = read_dataset(header.path)
    colours: NDArray[Any] = guarded(lambda: apply_color_lut(values, dataset), Path(header.path).name)
    if colours.dtype == np.uint16:
        colours = colours >> 8
    return np.ascontiguousarray(colours[..., :3].astype(np.uint8))
