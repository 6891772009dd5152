import json

import pytest

from core.domain.basics import Coding, Quantity
from core.domain.record import Sex
from core.errors import Unreadable
from core.records import fhir
from tests.core.records.conftest import bundle

PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": "SAMPLE", "given": ["Ann"]}],
    "gender": "female",
    "birthDate": "1960-05-01",
}


def test_the_adult_sample(samples):
    reading = fhir.read((samples / "adult-chest-pain" / "record.fhir.json").read_bytes(), "a.json")
    (record,) = reading.records
    assert (record.patient.name, record.patient.sex, record.patient.synthetic) == (
        "TESTPATIENT, Rowan",
        Sex.FEMALE,
        True,
    )
    assert record.patient.identifiers[0].value == "SYN-004217"
    assert {m.text.split()[0] for m in record.medications} == {
        "Clopidogrel",
        "Aspirin",
        "Citalopram",
        "Simvastatin",
        "Metformin",
        "Ramipril",
        "Omeprazole",
    }
    penicillin = record.allergies[0]
    assert (penicillin.text, penicillin.reactions, penicillin.criticality) == ("Penicillin", ("Anaphylaxis",), "high")
    creatinine = [o for o in record.observations if o.text == "Creatinine"]
    assert [o.value.value for o in creatinine] == [126, 118, 112]
    assert creatinine[0].reference_high == 90
    genotype = next(o for o in record.observations if o.text == "CYP2C19 genotype")
    assert genotype.text_value == "CYP2C19 *2/*2, poor metaboliser"
    pressure = [o for o in record.observations if "blood pressure" in o.text]
    assert len({o.group for o in pressure}) == 1
    assert [o.value for o in pressure] == [Quantity(128, "mm[Hg]"), Quantity(74, "mm[Hg]")]
    assert all(s.place.startswith("Bundle.entry[") for o in record.observations for s in o.sources)


def test_a_referenced_and_a_contained_medicine_are_followed():
    aspirin = {"resourceType": "Medication", "id": "m", "code": {"text": "Aspirin"}}
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "active",
        "subject": {"reference": "Patient/p"},
    }
    contained = {
        **statement,
        "id": "t",
        "medicationReference": {"reference": "#c"},
        "contained": [{"resourceType": "Medication", "id": "c", "code": {"text": "Ramipril"}}],
    }
    data = bundle(PATIENT, aspirin, {**statement, "medicationReference": {"reference": "Medication/m"}}, contained)
    assert [m.text for m in fhir.read(data, "x").records[0].medications] == ["Aspirin", "Ramipril"]


def test_two_patients_stay_apart_and_a_stranger_is_left_out():
    other = {**PATIENT, "id": "q", "name": [{"family": "OTHER"}]}
    problems = [
        {"resourceType": "Condition", "id": i, "code": {"text": t}, "subject": {"reference": f"Patient/{who}"}}
        for i, t, who in (("1", "Gout", "p"), ("2", "Asthma", "q"), ("3", "Angina", "stranger"))
    ]
    reading = fhir.read(bundle(PATIENT, other, *problems), "x")
    assert [[p.text for p in r.problems] for r in reading.records] == [["Gout"], ["Asthma"]]
    assert reading.skipped == ("Condition: belongs to a patient who is not in this file",)


def test_a_note_comes_out_of_a_document_reference():
    import base64

    data = base64.b64encode("患者发热。".encode()).decode()
    document = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "type": {"text": "Note"},
        "subject": {"reference": "Patient/p"},
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }
    (note,) = fhir.read(bundle(PATIENT, document), "x").records[0].notes
    assert (note.text, note.language, note.source.place) == (
        "患者发热。",
        "zh",
        "Bundle.entry[1].resource.content[0].attachment",
    )


def test_wrong_shapes_are_left_out_and_the_rest_is_read():
    good = {
        "resourceType": "Condition",
        "id": "1",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "22298006"}]},
    }
    bad = [
        {"resourceType": "Condition", "code": 5},
        {"resourceType": "Observation", "code": {"coding": "x"}, "component": 7},
        {"resourceType": "Immunization", "vaccineCode": [None, 3]},
        {"resourceType": 5},
        {"resourceType": "AllergyIntolerance", "reaction": "x"},
    ]
    reading = fhir.read(bundle(PATIENT, *bad, good), "x")
    assert reading.records[0].problems[0].codes == (Coding("SNOMED", "22298006"),)
    assert sum("no code and no text" in why for why in reading.skipped) == 4


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]", b"{}", b'{"resourceType": "Bundle"}', b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"null"],
)
def test_what_is_not_fhir_is_unreadable(data):
    with pytest.raises(Unreadable):
        fhir.read(data, "x.json")


def test_one_resource_a_line():
    lines = [PATIENT, {"resourceType": "Condition", "code": {"text": "Gout"}, "subject": {"reference": "Patient/p"}}]
    data = "\n".join(json.dumps(x) for x in lines).encode()
    assert fhir.read(data, "x").records[0].problems[0].text == "Gout"


def test_no_known_allergy_is_not_an_allergy():
    none = {
        "resourceType": "AllergyIntolerance",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}]},
    }
    assert fhir.read(bundle(PATIENT, none), "x").records[0].allergies[0].status == "refuted"


def test_ids_stay_and_are_unique(samples):
    data = (samples / "adult-chest-pain" / "record.fhir.json").read_bytes()
    first, second = (fhir.read(data, name).records[0] for name in ("a", "elsewhere/b"))
    ids = [o.id for o in first.observations]
    assert ids == [o.id for o in second.observations]
    assert len(set(ids)) == len(ids)
