"""Every fact opens its source at its place: each reader's facts against the part of the file that is shown for them."""

import dataclasses
import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.basics import Source
from core.domain.record import Record
from core.errors import Unreadable
from core.records.place import MAX_SHOWN, READABLE, excerpt, title
from core.records.readers import read_bytes
from core.records.sniff import Kind
from tests.core.records.conftest import CCDA, CSV, HL7, SAMPLES, VCF

FHIR = (SAMPLES / "adult-chest-pain" / "record.fhir.json").read_bytes()
PACKET = (SAMPLES / "rare-disease" / "phenopacket.json").read_bytes()
FILES = [
    (Kind.CCDA, CCDA.encode()),
    (Kind.CSV, CSV.encode()),
    (Kind.HL7V2, HL7.encode()),
    (Kind.VCF, VCF.encode()),
    (Kind.FHIR, FHIR),
    (Kind.PHENOPACKET, PACKET),
]


def facts(record: Record) -> Iterator[tuple[object, Source]]:
    for part in dataclasses.fields(Record):
        for fact in getattr(record, part.name) if part.name not in ("patient", "diagnoses") else ():
            for source in getattr(fact, "sources", ()):
                yield fact, source


@pytest.mark.parametrize(("kind", "data"), FILES, ids=[k.value for k, _ in FILES])
def test_the_marked_characters_hold_the_fact(kind: Kind, data: bytes) -> None:
    seen = 0
    for record in read_bytes(data, kind, "file").records:
        for fact, source in facts(record):
            assert source.kind in READABLE
            found = excerpt(data, source)
            marked = found.text[found.start : found.end]
            codes = [c.code for c in getattr(fact, "codes", ())] or [source.text]
            assert marked and any(code in found.text for code in codes), (source, marked)
            if codes[0] and getattr(fact, "codes", ()):
                assert any(code in marked for code in codes), (source, marked)
            seen += 1
    assert seen >= 2


def test_a_gzipped_file_is_opened() -> None:
    (record,) = read_bytes(CSV.encode(), Kind.CSV, "l.csv").records
    source = record.observations[1].sources[0]
    assert excerpt(gzip.compress(CSV.encode()), source) == excerpt(CSV.encode(), source)


def test_a_row_with_a_line_break_inside_a_cell_is_marked_whole() -> None:
    table = 'test,value,comment\nCRP,5,"one\ntwo"\nALT,30,x\n'
    found = excerpt(table.encode(), Source("l.csv", "csv", "row 2"))
    assert found.text[found.start : found.end] == 'CRP,5,"one\ntwo"'
    found = excerpt(table.encode(), Source("l.csv", "csv", "row 3"))
    assert found.text[found.start : found.end] == "ALT,30,x"


def test_the_narrative_a_statement_refers_to_comes_first() -> None:
    (record,) = read_bytes(CCDA.encode(), Kind.CCDA, "d.xml").records
    found = excerpt(CCDA.encode(), record.medications[0].sources[0])
    assert found.text.startswith("Aspirin 81 mg\n") and found.text[found.start :].startswith("<substanceAdministration")


def test_the_second_message_of_a_batch() -> None:
    batch = HL7.rstrip() + "\r" + HL7.replace("Rowan", "Robin")
    found = excerpt(batch.encode(), Source("b.hl7", "hl7v2", "message[2].PID[1]"))
    assert "Robin" in found.text[found.start : found.end]


def test_a_line_of_ndjson() -> None:
    rows = [{"resourceType": "Observation", "id": str(n), "component": [{"x": n}]} for n in range(3)]
    data = "\n".join(map(json.dumps, rows)).encode()
    found = excerpt(data, Source("o.ndjson", "fhir", "Observation[2].component[0]"))
    assert json.loads(found.text)["id"] == "2"
    assert json.loads(found.text[found.start : found.end]) == {"x": 2}


@pytest.mark.parametrize(
    "source",
    [
        Source("l.csv", "csv", "row 99"),
        Source("l.csv", "csv", "nowhere"),
        Source("l.hl7", "hl7v2", "OBX[99]"),
        Source("f.dcm", "dicom", "(0010,0010)"),
    ],
)
def test_a_place_that_is_not_there_is_said(source: Source) -> None:
    data = HL7 if source.kind == "hl7v2" else CSV
    with pytest.raises(Unreadable):
        excerpt(data.encode(), source)


def test_a_huge_resource_is_cut_around_its_place() -> None:
    resource = {"resourceType": "Observation", "note": ["x" * 50 for _ in range(5000)], "component": [{"code": "here"}]}
    found = excerpt(json.dumps(resource).encode(), Source("o.json", "fhir", "Observation.component[0]"))
    assert len(found.text) == MAX_SHOWN and "here" in found.text[found.start : found.end]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_is_marked_is_the_element_itself(inner: object) -> None:
    resource = {"resourceType": "Observation", "before": [1], "component": [{"x": 1}, {"y": inner}], "after": "z"}
    found = excerpt(json.dumps(resource).encode(), Source("o.json", "fhir", "Observation.component[1]"))
    assert json.loads(found.text) == resource
    assert json.loads(found.text[found.start : found.end]) == {"y": inner}


def test_title() -> None:
    assert title(Source("/a/b.zip!c/d.json", "fhir", "Bundle.entry[3].resource")) == "d.json · Bundle.entry[3].resource"
