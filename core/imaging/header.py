"""The header of one DICOM file as plain values, read within bounds of depth, memory and time."""

import io
import logging
import mmap
import struct
import time
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import pydicom
from pydicom import charset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.valuerep import PersonName

from core.errors import Unreadable
from core.imaging.scan import Bytes, Scan, scan

T = TypeVar("T")

# Odd values are common in real files and are judged here, not by pydicom; its log would carry them to the user's screen.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.ERROR)

SECONDS = 1.5
"""Longest time one file's header may take to parse."""
INFLATED_LIMIT = 512 * 1024 * 1024
"""Largest deflated data set that is inflated (bytes)."""
DEFLATED = "1.2.840.10008.1.2.1.99"

KEYWORDS = tuple(
    """SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID StudyDate SeriesDate AcquisitionDate ContentDate
    StudyTime SeriesTime AcquisitionTime ContentTime AccessionNumber Modality InstitutionName StudyDescription
    SeriesDescription PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex PatientAge OtherPatientNames
    PatientComments BodyPartExamined SliceThickness EchoNumbers ViewPosition StudyInstanceUID SeriesInstanceUID
    SeriesNumber AcquisitionNumber InstanceNumber ImagePositionPatient ImageOrientationPatient PatientOrientation
    FrameOfReferenceUID Laterality ImageLaterality ImageComments SamplesPerPixel PhotometricInterpretation
    PlanarConfiguration NumberOfFrames Rows Columns PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing
    PixelAspectRatio PixelSpacingCalibrationType EstimatedRadiographicMagnificationFactor GantryDetectorTilt
    BitsAllocated BitsStored HighBit PixelRepresentation SmallestImagePixelValue LargestImagePixelValue
    PixelPaddingValue PixelPaddingRangeLimit WindowCenter WindowWidth WindowCenterWidthExplanation
    RescaleIntercept RescaleSlope RescaleType VOILUTFunction PresentationLUTShape Units TemporalPositionIdentifier
    CineRate FrameTime BurnedInAnnotation""".split()  # noqa: SIM905  a block of words reads better
)
_SEQUENCES = (
    "ModalityLUTSequence",
    "VOILUTSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "ViewCodeSequence",
    "RedPaletteColorLookupTableDescriptor",
    "ContentSequence",
)


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return int(tag)


_WANTED = {_tag(k): k for k in KEYWORDS}
_VR = {k: dictionary_VR(t) for t, k in _WANTED.items()}
_NOTICED = {_tag(k): k for k in _SEQUENCES} | {0x60003000: "OverlayData"}
_WANTED_SET, _NOTICED_SET = frozenset(_WANTED), frozenset(_NOTICED)


@dataclass(frozen=True, slots=True)
class Header:
    """Values by DICOM keyword: str, int, float or tuple of them. `present` names the sequences that are there.

    `pixel_offset` is the byte where pixel data begins in the file (-1: none, or unknown because pydicom read it).
    """

    path: str
    syntax: str
    values: dict[str, Any] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    pixel_offset: int = -1
    pixel_length: int = 0
    has_pixels: bool = False

    def text(self, keyword: str) -> str:
        """The value as text, "" when absent; the first of several."""
        value = self.values.get(keyword, "")
        if isinstance(value, tuple):
            value = value[0] if value else ""
        return str(value).strip()

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values as text."""
        value = self.values.get(keyword, ())
        return tuple(str(v).strip() for v in value) if isinstance(value, tuple) else (str(value).strip(),)

    def number(self, keyword: str) -> float | None:
        """The first value as a number, None when absent or not a number."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as numbers; empty when any of them is not a finite number."""
        value = self.values.get(keyword, ())
        value = value if isinstance(value, tuple) else (value,)
        try:
            numbers = tuple(float(v) for v in value)
        except (TypeError, ValueError, OverflowError):
            return ()
        return numbers if all(abs(n) < 1e30 for n in numbers) else ()

    def integer(self, keyword: str, default: int = 0) -> int:
        """The first value as an integer."""
        number = self.number(keyword)
        return default if number is None else int(number)


def read_header(path: str | Path) -> Header:
    """The header of a DICOM file. Raises `Unreadable` with the reason; takes at most about `SECONDS`."""
    name = str(path)
    try:
        found = _scan_file(Path(path))
        if found is not None:
            return _from_scan(name, found)
        return _from_dataset(name, read_dataset(path, stop_before_pixels=True))
    except OSError as error:
        raise Unreadable(f"{Path(path).name} could not be opened ({error.strerror or error}).") from error


def _scan_file(path: Path) -> Scan | None:
    with path.open("rb") as file:
        if path.stat().st_size < 140:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return scan(cast(Bytes, data), _WANTED_SET, _NOTICED_SET)


def _from_scan(path: str, found: Scan) -> Header:
    raw = {_WANTED[tag]: value for tag, value in found.values.items()}
    encodings = _encodings(raw.get("SpecificCharacterSet", b""))
    values = {k: v for k, v in ((k, _value(_VR[k], b, encodings)) for k, b in raw.items()) if v not in {"", ()}}
    present = frozenset(_NOTICED[t] for t in found.present)
    return Header(path, found.syntax, values, present, found.pixel_offset, found.pixel_length, found.pixel_offset >= 0)


def _encodings(raw: bytes) -> list[str]:
    names = [part.strip() for part in raw.decode("ascii", "replace").strip("\0 ").split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return charset.convert_encodings(names if any(names) else [""])
        except (LookupError, ValueError):
            return ["iso8859"]


_BINARY: dict[str, tuple[str, int]] = {
    "US": ("H", 2), "SS": ("h", 2), "UL": ("I", 4), "SL": ("i", 4), "FL": ("f", 4), "FD": ("d", 8),
}  # fmt: skip


def _value(vr: str, raw: bytes, encodings: list[str]) -> Any:
    """A raw value as Python values; "" where it does not fit its VR."""
    vr = "US" if vr.startswith("US or") else vr
    if vr in _BINARY:
        code, size = _BINARY[vr]
        count = len(raw) // size
        numbers = struct.unpack(f"<{count}{code}", raw[: count * size])
        return numbers[0] if count == 1 else numbers
    plain = raw.isascii() and b"\x1b" not in raw
    if vr == "PN" and not plain:
        return _person(raw, encodings)
    if not plain and vr in {"LO", "SH", "LT", "ST", "UT"}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = charset.decode_bytes(raw, encodings, {0x0A, 0x0C, 0x0D})
    else:
        text = raw.decode("ascii", "replace")
    if "\\" not in text or vr in {"PN", "LT", "ST", "UT"}:
        return text.strip(" \0")
    return tuple(part.strip(" \0") for part in text.split("\\"))


def _person(raw: bytes, encodings: list[str]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return str(PersonName(raw.rstrip(b" \0"), encodings).decode())
        except (LookupError, ValueError):
            return raw.decode("latin-1").strip(" \0")


class _Bounded(io.RawIOBase):
    """A binary file whose reads never ask for more than is left, and that stops at a deadline."""

    def __init__(self, file: BinaryIO, size: int, seconds: float) -> None:
        super().__init__()
        self._file, self._size, self._deadline = file, size, time.monotonic() + seconds
        self.name = getattr(file, "name", "")

    def read(self, size: int = -1, /) -> bytes:
        if time.monotonic() > self._deadline:
            raise Unreadable("The file's header takes too long to parse.", "It was not opened.")
        left = max(self._size - self._file.tell(), 0)
        return self._file.read(left if size is None or size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def read_dataset(path: str | Path, *, stop_before_pixels: bool = False) -> pydicom.Dataset:
    """A pydicom data set, read within bounds. Raises `Unreadable` for what is damaged, hostile or not DICOM."""
    path = Path(path)
    with path.open("rb") as file:
        inflated = _inflate(file)
        source: BinaryIO = file if inflated is None else io.BytesIO(inflated)
        size = path.stat().st_size if inflated is None else len(inflated)
        bounded = cast(BinaryIO, _Bounded(source, size, SECONDS if stop_before_pixels else 10 * SECONDS))
        dataset = guarded(lambda: _dcmread(bounded, stop_before_pixels), path.name)
    if len(dataset) == 0:
        raise Unreadable(f"{path.name} is not a DICOM file, or it is empty.")
    return dataset


def _dcmread(source: BinaryIO, stop_before_pixels: bool) -> pydicom.Dataset:
    dataset = pydicom.dcmread(source, stop_before_pixels=stop_before_pixels, force=True)
    if not _plausible(dataset):
        raise Unreadable("The file is not DICOM.")
    return dataset


def _plausible(dataset: pydicom.Dataset) -> bool:
    """Forced parsing accepts any bytes; a real object has at least one of these."""
    return bool(dataset.file_meta) or any(k in dataset for k in ("SOPClassUID", "Modality", "PatientID", "Rows"))


def guarded(work: Callable[[], T], name: str) -> T:
    """Run a parse of untrusted bytes; whatever it raises becomes one `Unreadable` sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return work()
        except Unreadable:
            raise
        except RecursionError as error:
            raise Unreadable(f"{name} nests sequences too deeply.", "It was not opened.") from error
        except MemoryError as error:
            raise Unreadable(f"{name} asks for more memory than is allowed.", "It was not opened.") from error
        except Exception as error:  # a parser of hostile bytes may raise anything
            raise Unreadable(f"{name} is damaged or not a valid DICOM file ({_short(error)}).") from error


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


def _inflate(file: BinaryIO) -> bytes | None:
    """The whole file with its deflated data set inflated (bounded), as explicit little endian; None if not deflated."""
    head = file.read(4096)
    file.seek(0)
    if not _states_deflated(str(file.name)):
        return None
    dataset = guarded(lambda: pydicom.filereader.read_file_meta_info(file.name), str(file.name))
    if dataset.get("TransferSyntaxUID") != DEFLATED:
        return None
    start = 132 + 12 + int(dataset.get("FileMetaInformationGroupLength", 0))
    file.seek(start)
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = unpack.decompress(file.read(), INFLATED_LIMIT)
    except zlib.error as error:
        raise Unreadable(f"{Path(str(file.name)).name}: the deflated data set is damaged.") from error
    if unpack.unconsumed_tail:
        raise Unreadable("The deflated data set is larger than 512 MB.", "It was not opened.")
    meta = head[:start].replace(DEFLATED.encode(), b"1.2.840.10008.1.2.1\0\0\0", 1)
    return meta + body


def _states_deflated(path: str) -> bool:
    """Whether the beginning of the file names the deflated syntax (pydicom is given the inflated bytes)."""
    with Path(path).open("rb") as file:
        head = file.read(1024)
    return head[128:132] == b"DICM" and DEFLATED.encode() in head


def _from_dataset(path: str, dataset: pydicom.Dataset) -> Header:
    values: dict[str, Any] = {}
    for keyword in KEYWORDS:
        value = _plain(dataset, keyword)
        if value not in {"", ()}:
            values[keyword] = value
    present = frozenset(name for tag, name in _NOTICED.items() if tag in dataset)
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", "") or "") if dataset.file_meta else ""
    syntax = DEFLATED if _states_deflated(path) else syntax
    has_pixels = "Rows" in dataset and "BitsAllocated" in dataset
    return Header(path, syntax, values, present, has_pixels=has_pixels)


def _plain(dataset: pydicom.Dataset, keyword: str) -> Any:
    """One element as plain values; "" when it is absent or cannot be converted."""
    try:
        value = guarded(lambda: dataset.get(keyword, ""), keyword)
    except Unreadable:
        return ""
    if value is None:
        return ""
    if isinstance(value, (pydicom.multival.MultiValue, list, tuple)):
        return tuple(str(v) for v in value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
