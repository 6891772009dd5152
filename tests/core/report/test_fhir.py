"""The FHIR document: valid R4, marked for what it is, every reference inside it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fhir.resources.R4B.bundle import Bundle

from core.domain.basics import Coding, Label, Source, Version
from core.domain.case import Action, Case, CaseStatus, Decision
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.imaging import ImagePrediction
from core.report.fhir import fhir_bytes, fhir_document
from tests.core.store import sample

PACK = Version("chest-child", "1.2.0", "ab" * 32)
PREDICTION = ImagePrediction(
    "img1", PACK, Coding("consilium", "lung_opacity"), Label("Lung opacity", "肺部阴影"), 0.834, (0.7, 0.9), 1.6, 0.1
)
OPACITY = Finding(
    "f-image", Coding("consilium", "lung_opacity"), Label("Lung opacity", "肺部阴影"), Status.PRESENT, Origin.IMAGE,
    Source("img1", "image", PACK.name, text="chest-child 1.2.0: p = 0.83"), confidence=0.834,
)  # fmt: skip


def signed() -> Case:
    case = sample.case(updated_at="2026-11-22T08:10:00.000+00:00")
    assert case.assessment is not None
    first = case.assessment.hypotheses[0]
    decision = Decision("d", Action.ACCEPT, f"hypothesis:{first.id}", "Dr A", "2026-11-22T08:05:00+00:00")
    return replace(
        case, status=CaseStatus.SIGNED, signed_by="Dr A", signed_at="2026-11-22T08:20:00+00:00", decisions=(decision,),
        predictions=(PREDICTION,), findings=(*case.findings, OPACITY),
    )  # fmt: skip


def resources(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == kind]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inside in value.items():
            if key == "reference":
                yield inside
            yield from references(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from references(inside)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("made", [signed, sample.case])
def test_it_is_valid_and_whole(language: str, made: Any) -> None:
    document = json.loads(fhir_bytes(made(), language, b"%PDF-1.4"))
    Bundle.model_validate(document)
    assert document["type"] == "document" and document["entry"][0]["resource"]["resourceType"] == "Composition"
    inside = {entry["fullUrl"] for entry in document["entry"]}
    assert len(inside) == len(document["entry"]) and set(references(document)) <= inside
    (composition,) = resources(document, "Composition")
    for section in composition["section"]:
        if "text" in section:
            ET.fromstring(section["text"]["div"])


def test_a_signed_case_is_final_and_says_what_was_accepted() -> None:
    case = signed()
    assert case.assessment is not None
    document = fhir_document(case)
    (report,) = resources(document, "DiagnosticReport")
    accepted = case.assessment.hypotheses[0]
    assert report["status"] == "final" and report["conclusionCode"][0]["text"] == accepted.label.en
    (composition,) = resources(document, "Composition")
    assert composition["attester"][0]["time"] == "2026-11-22T08:20:00+00:00"
    (draft,) = resources(fhir_document(replace(case, signed_at="", signed_by="")), "DiagnosticReport")
    assert draft["status"] == "preliminary"
    taken_back = replace(case, decisions=(*case.decisions, replace(case.decisions[0], action=Action.WITHDRAW)))
    (open_again,) = resources(fhir_document(taken_back), "DiagnosticReport")
    assert "conclusionCode" not in open_again


def test_a_model_s_finding_names_the_model() -> None:
    document = fhir_document(signed())
    (device,) = resources(document, "Device")
    assert device["deviceName"][0]["name"] == PACK.name and device["version"] == [{"value": "1.2.0"}]
    (found,) = [o for o in resources(document, "Observation") if "device" in o]
    assert found["device"]["reference"] == f"urn:uuid:{device['id']}"
    assert found["component"][0]["valueQuantity"]["value"] == 83.4


def test_missing_is_not_normal_and_relatives_stay_out() -> None:
    case = sample.case()
    missing = replace(OPACITY, origin=Origin.NOTE, status=Status.NOT_ASSESSED)
    family = replace(OPACITY, scope=Scope.FAMILY)
    document = fhir_document(replace(case, findings=(missing, family)))
    (only,) = resources(document, "Observation")
    assert only["dataAbsentReason"]["coding"][0]["code"] == "not-performed" and "valueCodeableConcept" not in only


def test_synthetic_patients_are_marked() -> None:
    case = sample.case()
    patient = replace(case.record.patient, synthetic=True)
    document = fhir_document(replace(case, record=replace(case.record, patient=patient)))
    assert document["meta"]["tag"][0]["code"] == "HTEST"
    real = replace(case, record=replace(case.record, patient=replace(patient, synthetic=False)))
    assert "meta" not in fhir_document(real)


def test_the_same_case_gives_the_same_bytes() -> None:
    assert fhir_bytes(signed()) == fhir_bytes(signed())
