"""Which reader reads which kind of file. Readers are imported when first needed."""

import gzip
import importlib
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Unreadable
from core.records.draft import Reading
from core.records.limits import MAX_PATIENTS, MAX_PDF_BYTES, MAX_TEXT_BYTES, check_size
from core.records.sniff import Kind, Sniffed

if TYPE_CHECKING:
    from core.records.csv_labs import Table

_MODULES = {
    Kind.FHIR: "fhir", Kind.FHIR_XML: "fhir_xml", Kind.PHENOPACKET: "phenopacket", Kind.CCDA: "ccda",
    Kind.HL7V2: "hl7v2", Kind.VCF: "vcf", Kind.CSV: "csv_labs", Kind.TEXT: "text", Kind.PDF: "pdf",
}  # fmt: skip
_ADVICE = {
    Kind.JSON: ("is JSON, but neither FHIR nor a phenopacket.", "Export the record as FHIR R4."),
    Kind.XML: ("is XML, but not a C-CDA document.", "Export the record as C-CDA or FHIR R4."),
    Kind.EMPTY: ("is empty.", "Export it again."),
    Kind.UNKNOWN: ("is not a kind of file that is read.", "Open FHIR, C-CDA, HL7 v2, text, PDF, VCF, CSV or images."),
}


def read_file(path: Path, sniffed: Sniffed, name: str, tables: "tuple[Table, ...]" = ()) -> tuple[Reading, str]:
    """What a record file holds, and the SHA-256 of its bytes. `tables`: layouts the user gave. Raises `Unreadable`."""
    from core.records.draft import content_key

    if sniffed.kind not in _MODULES:
        what, then = _ADVICE.get(sniffed.kind, _ADVICE[Kind.UNKNOWN])
        raise Unreadable(f"{Path(name).name} {what}", then)
    limit = MAX_PDF_BYTES if sniffed.kind is Kind.PDF else MAX_TEXT_BYTES
    check_size(Path(name).name, path.stat().st_size, limit)
    data = path.read_bytes()
    key = content_key(data)
    if sniffed.packed:
        data = _unpacked(data, name)
    return read_bytes(data, sniffed.kind, name, tables), key


def read_bytes(data: bytes, kind: Kind, name: str, tables: "tuple[Table, ...]" = ()) -> Reading:
    """What the bytes of a record file hold. Raises `Unreadable`."""
    if kind is Kind.CSV:
        from core.records import csv_labs

        return csv_labs.read(data, name, known=tables)
    reader = importlib.import_module(f"core.records.{_MODULES[kind]}")
    try:
        reading: Reading = reader.read(data, name)
    except (RecursionError, MemoryError) as error:
        raise Unreadable(f"{Path(name).name} is too deep or too large to read.", "It is damaged or hostile.") from error
    if len(reading.records) > MAX_PATIENTS:
        raise Unreadable(f"{Path(name).name} holds more than {MAX_PATIENTS} patients.", "Export one patient at a time.")
    return reading


def _unpacked(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            plain = stream.read(MAX_TEXT_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"{Path(name).name} is a damaged gzip file ({error}).", "Copy it again.") from error
    check_size(Path(name).name, len(plain), MAX_TEXT_BYTES)
    return plain
