import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.basics import Coding, Quantity, Source
from core.domain.record import (
    Allergy,
    Event,
    FamilyFact,
    Identifier,
    Medication,
    Note,
    Observation,
    Patient,
    Phenotype,
    Problem,
    Record,
    Sex,
    Variant,
)
from core.records import fhir
from core.records.fhir_export import to_fhir
from core.records.intake import read_paths

_TEXT = st.text(max_size=12)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_TIMES = st.sampled_from(
    ["", "2025", "2025-11", "2025-11-14", "2025-11-14T08:55:00+00:00", "2025-02-31", "P3Y", "child"]
)
_CODES = st.lists(
    st.builds(Coding, st.sampled_from(["SNOMED", "LOINC", "own", "http://x/y", ""]), _TEXT, _TEXT), max_size=2
).map(tuple)
_SOURCES = st.lists(
    st.builds(Source, _TEXT, _TEXT, _TEXT, st.integers(-1, 9), st.integers(-1, 9), _TEXT), max_size=2
).map(tuple)
_KINDS = st.sampled_from(["procedure", "immunization", "encounter", "care_plan", "other"])
_PATIENTS = st.builds(
    Patient,
    _TEXT,
    st.none() | st.dates(date(1900, 1, 1)),
    st.sampled_from(Sex),
    st.none() | st.floats(0, 120),
    st.lists(st.builds(Identifier, _TEXT, _TEXT), max_size=2).map(tuple),
    st.lists(_TEXT, max_size=2).map(tuple),
    st.booleans(),
    _SOURCES,
)
_OBSERVATIONS = st.builds(
    Observation,
    _TEXT,
    _CODES,
    _TEXT,
    _SOURCES,
    category=_TEXT,
    text_value=_TEXT,
    time=_TIMES,
    flag=_TEXT,
    group=_TEXT,
    value=st.none() | st.builds(Quantity, _NUMBERS, _TEXT, st.sampled_from(["", "<", ">="])),
    reference_low=st.none() | _NUMBERS,
    reference_high=st.none() | _NUMBERS,
)


def _many(strategy):
    return st.lists(strategy, max_size=2).map(tuple)


_RECORDS = st.builds(
    Record,
    _PATIENTS,
    _many(st.builds(Problem, _TEXT, _CODES, _TEXT, _SOURCES, _TEXT, _TIMES, _TIMES, _TEXT)),
    _many(st.builds(Medication, _TEXT, _CODES, _TEXT, _SOURCES, _TEXT, _TEXT, _TEXT, _TIMES, _TIMES, _TEXT)),
    _many(
        st.builds(
            Allergy, _TEXT, _CODES, _TEXT, _SOURCES, _TEXT, st.lists(_TEXT, max_size=2).map(tuple), _TEXT, _TEXT, _TIMES
        )
    ),
    _many(_OBSERVATIONS),
    _many(st.builds(Event, _TEXT, _KINDS, _CODES, _TEXT, _SOURCES, _TIMES, _TIMES, _TEXT)),
    _many(st.builds(Note, _TEXT, _TEXT, st.builds(Source, _TEXT, _TEXT), st.sampled_from(["en", "zh"]), _TEXT, _TIMES)),
    _many(st.builds(Phenotype, _TEXT, st.builds(Coding, _TEXT, _TEXT, _TEXT), st.booleans(), _SOURCES, _TIMES)),
    _many(st.builds(Variant, _TEXT, _TEXT, _SOURCES, _TEXT, _TEXT, position=st.integers(0, 2**31))),
    _many(st.builds(FamilyFact, _TEXT, _TEXT, _CODES, _TEXT, _SOURCES)),
    _CODES,
)


@given(_RECORDS)
@settings(max_examples=25, deadline=None)
def test_export_and_back_loses_nothing(record):
    assert fhir.read(to_fhir(record), "x").records == (record,)


@given(_RECORDS)
@settings(max_examples=10, deadline=None)
def test_the_export_is_valid_fhir(record):
    _validate(to_fhir(record))


def _validate(data: bytes) -> None:
    from fhir.resources.R4B.bundle import Bundle

    Bundle.model_validate_json(data)


@pytest.mark.parametrize("case", ["child-cough", "adult-chest-pain", "chinese-note", "rare-disease"])
def test_samples_survive_and_validate(case, samples, tmp_path):
    (record,) = read_paths([samples / case], scratch=tmp_path).records
    data = to_fhir(record)
    _validate(data)
    assert fhir.read(data, "x").records == (record,)


def test_other_systems_read_the_standard_elements(samples, tmp_path):
    """Without our extension the clinical content is still there: codes, texts, values, times."""
    (record,) = read_paths([samples / "adult-chest-pain"], scratch=tmp_path).records
    parsed = json.loads(to_fhir(record))
    for entry in parsed["entry"]:
        del entry["resource"]["extension"]
    (plain,) = fhir.read(json.dumps(parsed).encode(), "x").records
    for name in ("problems", "medications", "allergies"):
        assert [(x.codes, x.text, x.status) for x in getattr(plain, name)] == [
            (x.codes, x.text, x.status) for x in getattr(record, name)
        ]
    told = [(o.codes, o.text, o.value, o.text_value, o.time, o.reference_low, o.flag) for o in record.observations]
    assert [
        (o.codes, o.text, o.value, o.text_value, o.time, o.reference_low, o.flag) for o in plain.observations
    ] == told
    assert [n.text for n in plain.notes] == [n.text for n in record.notes]
    assert (plain.patient.name, plain.patient.birth_date, plain.patient.synthetic) == (
        record.patient.name,
        record.patient.birth_date,
        True,
    )


def test_an_edited_resource_is_read_as_it_stands_now():
    record = Record(problems=(Problem("p", (), "Gout", ()),))
    data = to_fhir(record).replace(b'"text": "Gout"', b'"text": "Pseudogout"')
    assert fhir.read(data, "x").records[0].problems[0].text == "Pseudogout"
