import gzip
import struct

import pytest

from core.records.encoding import decode, language
from core.records.sniff import Kind, sniff, sniff_bytes
from tests.core.records.conftest import documents, png


@pytest.mark.parametrize("kind", sorted(documents()))
def test_every_kind_is_told_by_content(kind, tmp_path):
    path = tmp_path / "misleading.bin"
    path.write_bytes(documents()[kind])
    assert sniff(path).kind == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", Kind.EMPTY),
        (b"   \n", Kind.EMPTY),
        (b"PK\x03\x04rest", Kind.ZIP),
        (png(), Kind.PICTURE),
        (b"\xff\xd8\xff\xe0", Kind.PICTURE),
        (b"\x00" * 128 + b"DICM" + b"\x02\x00", Kind.DICOM),
        (b"\x00" * 128 + b"DICM" + b"1.2.840.10008.1.3.10\x00", Kind.DICOMDIR),
        (b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100", Kind.DICOM),
        (struct.pack("<i", 348) + b"\x00" * 340 + b"n+1\x00" + b"\x00" * 8, Kind.NIFTI),
        (b"\x00\x01\x02\x03" * 50, Kind.UNKNOWN),
        (b'{"a": 1}', Kind.JSON),
        (b"<html><body/></html>", Kind.XML),
        (b'<Bundle xmlns="http://hl7.org/fhir"/>', Kind.FHIR_XML),
        (b"<5 mg/L was measured, fever since Monday", Kind.TEXT),
        (b"[edited] patient with cough", Kind.TEXT),
    ],
)
def test_heads(head, kind):
    assert sniff_bytes(head).kind is kind


def test_gzip_is_looked_into():
    sniffed = sniff_bytes(gzip.compress(documents()["vcf"]))
    assert sniffed.kind is Kind.VCF
    assert sniffed.packed


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("患者发热三天，咳嗽。", "gb18030"),
        ("患者发热", "utf-8"),
        ("Señora Ordóñez, café", "cp1252"),
        ("发热 fever", "utf-16"),
    ],
)
def test_encodings(words, encoding):
    found = decode(words.encode(encoding))
    assert found is not None
    assert found[0] == words


def test_language():
    assert language("患者，男，45岁，CRP 58 mg/L") == "zh"
    assert language("A man with fever and 咳") == "en"
