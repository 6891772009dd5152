"""FHIR in XML reads like the same bundle in JSON, and hostile XML is refused."""

import json
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from core.domain.record import Record
from core.errors import Unreadable
from core.records.fhir_xml import to_json
from core.records.place import excerpt
from core.records.readers import read_bytes
from core.records.sniff import Kind, sniff_bytes
from tests.core.records.conftest import SAMPLES

NAMESPACE = "http://hl7.org/fhir"
BUNDLES = ("adult-chest-pain", "child-cough", "chinese-note")


def as_xml(value: Any, name: str) -> str:
    """A simple writer of FHIR XML, apart from the reader: what JSON nests is an element, what it states a value."""
    if isinstance(value, list):
        return "".join(as_xml(v, name) for v in value)
    if not isinstance(value, dict):
        words = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name} value={quoteattr(words)}/>"
    kind = value.get("resourceType", "")
    attributes = f" url={quoteattr(value['url'])}" if "url" in value and name == "extension" else ""
    skipped = ("resourceType", "url") if attributes else ("resourceType",)
    inner = "".join(as_xml(v, k) for k, v in value.items() if k not in skipped)
    if not kind:
        return f"<{name}{attributes}>{inner}</{name}>"
    resource = f"<{kind} xmlns='{NAMESPACE}'>{inner}</{kind}>"
    return resource if not name else f"<{name}>{resource}</{name}>"


def plain(record: Record) -> list[tuple[Any, ...]]:
    """A record's facts without what depends on the file: ids and the file's hash."""
    return [
        (o.text, o.codes, o.value, o.time, o.category, o.reference_low, o.sources[0].place) for o in record.observations
    ] + [(x.text, x.codes, x.status) for x in (*record.problems, *record.medications, *record.allergies)]


@pytest.mark.parametrize("name", BUNDLES)
def test_the_same_bundle_in_xml_gives_the_same_record(name: str) -> None:
    data = (SAMPLES / name / "record.fhir.json").read_bytes()
    xml = as_xml(json.loads(data), "").encode()
    assert sniff_bytes(xml).kind is Kind.FHIR_XML
    (expected,), (found,) = (read_bytes(d, k, "f").records for d, k in ((data, Kind.FHIR), (xml, Kind.FHIR_XML)))
    assert found.patient.name == expected.patient.name and found.patient.birth_date == expected.patient.birth_date
    assert plain(found) == plain(expected) and plain(found)


def test_a_place_in_xml_can_be_shown() -> None:
    xml = as_xml(json.loads((SAMPLES / "child-cough" / "record.fhir.json").read_bytes()), "").encode()
    (record,) = read_bytes(xml, Kind.FHIR_XML, "f").records
    fact = record.observations[0]
    shown = excerpt(xml, fact.sources[0])
    assert fact.codes[0].code in shown.text[shown.start : shown.end]


@pytest.mark.parametrize(
    "xml",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir"/>',
        b'<Patient xmlns="http://hl7.org/fhir"><name>',
        b'<Patient xmlns="urn:other"/>',
        b'<Bundle xmlns="http://hl7.org/fhir">' + b"<entry>" * 5000,
    ],
)
def test_damaged_and_hostile_xml_is_refused(xml: bytes) -> None:
    with pytest.raises(Unreadable):
        read_bytes(xml, Kind.FHIR_XML, "f")


def test_primitives_lists_and_narrative() -> None:
    xml = (
        b'<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>'
        b'<div xmlns="http://www.w3.org/1999/xhtml"><p>A  note</p></div></text><active value="true"/>'
        b'<name><family value="Sample"/><given value="Ada"/><given value="B"/></name></Patient>'
    )
    assert json.loads(to_json(xml, "f")) == {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": "A note"},
        "active": "true",
        "name": [{"family": "Sample", "given": ["Ada", "B"]}],
    }
