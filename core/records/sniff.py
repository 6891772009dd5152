"""What a file is, told by its content and never by its name."""

import re
import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.records.encoding import decode

HEAD = 65536


class Kind(StrEnum):
    """What a file can be."""

    FHIR = "fhir"
    FHIR_XML = "fhir_xml"
    PHENOPACKET = "phenopacket"
    CCDA = "ccda"
    HL7V2 = "hl7v2"
    VCF = "vcf"
    CSV = "csv"
    TEXT = "text"
    PDF = "pdf"
    DICOM = "dicom"
    DICOMDIR = "dicomdir"
    NIFTI = "nifti"
    PICTURE = "picture"
    ZIP = "zip"
    JSON = "json"
    XML = "xml"
    EMPTY = "empty"
    UNKNOWN = "unknown"


IMAGES = frozenset({Kind.DICOM, Kind.DICOMDIR, Kind.NIFTI, Kind.PICTURE})


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A file's kind; `packed` when it is inside gzip."""

    kind: Kind
    packed: bool = False


def sniff(path: Path) -> Sniffed:
    """The kind of a file on disk, from its first 64 KB. Raises OSError where it cannot be opened."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    return sniff_bytes(head)


def sniff_bytes(head: bytes) -> Sniffed:
    """The kind of a file from its first bytes."""
    if not head:
        return Sniffed(Kind.EMPTY)
    if head.startswith(b"\x1f\x8b"):
        inner = _unpacked_head(head)
        return Sniffed(_kind(inner) if inner else Kind.UNKNOWN, packed=True)
    return Sniffed(_kind(head))


def _unpacked_head(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD)
    except zlib.error:
        return b""


def _kind(head: bytes) -> Kind:
    binary = _binary_kind(head)
    if binary is not None:
        return binary
    decoded = decode(head)
    return Kind.UNKNOWN if decoded is None else _text_kind(decoded[0])


def _binary_kind(head: bytes) -> Kind | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return Kind.PICTURE
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if _is_nifti(head):
        return Kind.NIFTI
    if head[128:132] == b"DICM":
        return Kind.DICOMDIR if b"1.2.840.10008.1.3.10" in head[132:1024] else Kind.DICOM
    return Kind.DICOM if _is_bare_dicom(head) else None


def _is_nifti(head: bytes) -> bool:
    if len(head) < 352:
        return False
    sizes = struct.unpack("<i", head[:4])[0], struct.unpack(">i", head[:4])[0]
    return (348 in sizes and head[344:347] in (b"n+1", b"ni1")) or (540 in sizes and head[4:7] in (b"n+2", b"ni2"))


def _is_bare_dicom(head: bytes) -> bool:
    """DICOM without preamble: starts with an element of group 0002 or 0008 (PS3.10 files of old devices)."""
    if len(head) < 8 or head[:2] not in (b"\x02\x00", b"\x08\x00") or head[3] != 0:
        return False
    if head[4:6].isalpha() and head[4:6].isupper():
        return True
    return int.from_bytes(head[4:8], "little") <= 1024


def _text_kind(text: str) -> Kind:
    start = text.lstrip("\ufeff \t\r\n\x0b\x0c\x1c")
    if not start:
        return Kind.EMPTY
    if start[0] in "{[":
        return _json_kind(start)
    if start[0] == "<":
        return _xml_kind(start)
    if re.match(r"(MSH|FHS|BHS).", start) and not start[3].isalnum() and not start[3].isspace():
        return Kind.HL7V2
    if start.startswith("##fileformat=VCF"):
        return Kind.VCF
    return Kind.CSV if _is_table(start) else Kind.TEXT


def _json_kind(text: str) -> Kind:
    if not re.match(r'[\[{]\s*([\]}"{\[\d]|$)', text):
        return Kind.TEXT
    if re.search(
        r'"(phenotypicFeatures|phenopacketSchemaVersion|phenotypic_features|subject)"\s*:', text
    ) and not re.search(r'"resourceType"\s*:', text):
        return Kind.PHENOPACKET
    return Kind.FHIR if re.search(r'"resourceType"\s*:', text) else Kind.JSON


def _xml_kind(text: str) -> Kind:
    if re.search(r"<(\w+:)?ClinicalDocument\b", text):
        return Kind.CCDA
    if re.search(r"""xmlns(:\w+)?=["']http://hl7\.org/fhir["']""", text):
        return Kind.FHIR_XML
    return Kind.XML if re.match(r"<(\?xml|!DOCTYPE|!--|[A-Za-z])", text) else Kind.TEXT


def _is_table(text: str) -> bool:
    from core.records.csv_labs import header_of, sheet_of

    return header_of(text) is not None or sheet_of(text) is not None
