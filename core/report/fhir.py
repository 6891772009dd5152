"""A case as a FHIR R4 document (hl7.org/fhir/R4/documents.html): what another system can file and search.

A Bundle of one Composition (the report's sections, as text), the Patient, the author, a DiagnosticReport with the
diagnoses the clinician accepted or named, an Observation for every finding, and a Device for every model that found one.
A case that is not signed is marked preliminary; a synthetic patient carries the tag HTEST. The same case gives the same
bytes.
"""

import base64
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any

from core.domain.assessment import Hypothesis
from core.domain.basics import Coding, Quantity
from core.domain.case import Action, Case, Decision
from core.domain.finding import Finding, Interpretation, Origin, Scope, Status
from core.domain.imaging import ImagePrediction
from core.records.codes import uri
from core.report.build import build, percent
from core.report.html import block_html
from core.report.model import Bars, Block, Picture, Section
from core.report.words import word

_SPACE = uuid.UUID("7b0f6f0e-4a0c-5c5e-9a52-6b2f3c7d1e10")
_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_NOTE = {"system": "http://loinc.org", "code": "11488-4", "display": "Consult note"}
_INTERPRETED = {
    Interpretation.CRITICAL_LOW: "LL", Interpretation.LOW: "L", Interpretation.NORMAL: "N", Interpretation.HIGH: "H",
    Interpretation.CRITICAL_HIGH: "HH",
}  # fmt: skip
_CATEGORIES = {Origin.LABORATORY: "laboratory", Origin.VITAL: "vital-signs", Origin.IMAGE: "imaging"}
_STATED = {Status.PRESENT: ("52101004", "Present"), Status.ABSENT: ("2667000", "Absent")}
"""SNOMED CT qualifier values."""


def fhir_bytes(case: Case, language: str = "en", pdf: bytes = b"") -> bytes:
    """The document as UTF-8 JSON; `pdf` is the same report as PDF, carried in the DiagnosticReport."""
    return json.dumps(fhir_document(case, language, pdf), ensure_ascii=False, indent=1).encode()


def fhir_document(case: Case, language: str = "en", pdf: bytes = b"") -> dict[str, Any]:
    """The Bundle as plain JSON values."""
    observations = [_observation(case, f, n, language) for n, f in enumerate(_reported(case))]
    devices = {_model_key(p): _device(case, p) for p in case.predictions}
    report = _diagnostic_report(case, language, pdf, len(observations))
    resources = [
        _composition(case, language, len(observations)), _patient(case), _author(case), report, *observations,
        *devices.values(),
    ]  # fmt: skip
    tags = {"meta": {"tag": [_tag()]}} if case.record.patient.synthetic else {}
    return {
        "resourceType": "Bundle",
        "id": _id(case, "bundle"),
        **tags,
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{_id(case, 'bundle')}"},
        "type": "document",
        "timestamp": _moment(case.signed_at or case.updated_at or case.created_at),
        "entry": [{"fullUrl": f"urn:uuid:{made['id']}", "resource": made} for made in resources],
    }


def _id(case: Case, what: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{case.id}/{what}"))


def _to(case: Case, what: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{_id(case, what)}"}


def _tag() -> dict[str, str]:
    return {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST", "display": "test health data",
    }  # fmt: skip


def _moment(stamp: str) -> str:
    """An ISO time with a zone, as FHIR's instant wants; one without is taken for UTC."""
    made = datetime.fromisoformat(stamp)
    return (made if made.tzinfo else made.replace(tzinfo=UTC)).isoformat(timespec="seconds")


def _status(case: Case) -> str:
    return "final" if case.signed_at else "preliminary"


# -- who -----------------------------------------------------------------------------------------------------------


def _patient(case: Case) -> dict[str, Any]:
    patient = case.record.patient
    made: dict[str, Any] = {"resourceType": "Patient", "id": _id(case, "patient")}
    if patient.synthetic:
        made["meta"] = {"tag": [_tag()]}
    if patient.identifiers:
        made["identifier"] = [_identifier(i.system, i.value) for i in patient.identifiers]
    if patient.name:
        made["name"] = [{"text": patient.name}]
    made["gender"] = str(patient.sex)
    if patient.birth_date:
        made["birthDate"] = patient.birth_date.isoformat()
    return made


def _identifier(system: str, value: str) -> dict[str, str]:
    """A system that is no address is kept as the text it is, so that nobody resolves it."""
    address = system if ":" in system else f"urn:consilium:identifier:{system}"
    return {"system": address.replace(" ", "-"), "value": value} if system else {"value": value}


def _author(case: Case) -> dict[str, Any]:
    name = case.signed_by or next((d.user for d in reversed(case.decisions)), "")
    made: dict[str, Any] = {"resourceType": "Practitioner", "id": _id(case, "author")}
    return made | {"name": [{"text": name or "not signed"}]}


def _model_key(prediction: ImagePrediction) -> str:
    return f"device {prediction.pack.name} {prediction.pack.version}"


def _device(case: Case, prediction: ImagePrediction) -> dict[str, Any]:
    pack = prediction.pack
    made: dict[str, Any] = {
        "resourceType": "Device", "id": _id(case, _model_key(prediction)),
        "deviceName": [{"name": pack.name, "type": "model-name"}],
        "version": [{"value": pack.version}],
    }  # fmt: skip
    return made | ({"lotNumber": pack.sha256[:16]} if pack.sha256 else {})


# -- what was found ------------------------------------------------------------------------------------------------


def _reported(case: Case) -> tuple[Finding, ...]:
    """Findings about this patient now or before; not those of relatives, plans and doubts."""
    return tuple(f for f in case.findings if f.scope in (Scope.CURRENT, Scope.HISTORY))


def _observation(case: Case, finding: Finding, number: int, language: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Observation",
        "id": _id(case, f"finding {number}"),
        "status": _status(case),
    }
    if finding.origin in _CATEGORIES:
        made["category"] = [{"coding": [{"system": _CATEGORY, "code": _CATEGORIES[finding.origin]}]}]
    made["code"] = _concept((finding.code, *finding.also), finding.label.text(language))
    made["subject"] = _to(case, "patient")
    made |= _value(finding)
    if finding.interpretation:
        made["interpretation"] = [
            {"coding": [{"system": _INTERPRETATION, "code": _INTERPRETED[finding.interpretation]}]}
        ]
    if finding.reference:
        made["referenceRange"] = [{"text": finding.reference}]
    made |= _by_model(case, finding)
    note = ", ".join(filter(None, (str(finding.origin), finding.source.text[:200])))
    return made | {"note": [{"text": note}]}


def _value(finding: Finding) -> dict[str, Any]:
    if finding.status is Status.NOT_ASSESSED:
        return {"dataAbsentReason": {"coding": [{"system": _ABSENT_REASON, "code": "not-performed"}]}}
    if finding.quantity is not None:
        return {"valueQuantity": _quantity(finding.quantity)}
    code, display = _STATED[finding.status]
    return {
        "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": code, "display": display}]}
    }


def _quantity(value: Quantity) -> dict[str, Any]:
    made: dict[str, Any] = {"value": value.value}
    if value.comparator:
        made["comparator"] = value.comparator
    return made | {"unit": value.unit or "1", "system": "http://unitsofmeasure.org", "code": value.unit or "1"}


def _by_model(case: Case, finding: Finding) -> dict[str, Any]:
    """The model and its probability, for a finding a model made."""
    if finding.origin is not Origin.IMAGE:
        return {}
    made = next((p for p in case.predictions if made_by(finding, p)), None)
    if made is None:
        return {}
    low, high = made.interval
    return {
        "device": _to(case, _model_key(made)),
        "component": [
            {
                "code": {"text": "Probability given by the model (calibrated)"},
                "valueQuantity": _quantity(Quantity(round(100 * made.probability, 2), "%")),
                "referenceRange": [{"text": f"90 % interval {percent(low)} to {percent(high)}"}],
            }
        ],
    }


def made_by(finding: Finding, prediction: ImagePrediction) -> bool:
    """Whether a finding is what `core.findings.images` made of a prediction."""
    return (finding.source.file, finding.source.place) == (prediction.image_id, prediction.pack.name) and (
        f"{prediction.probability:.2f}" in finding.source.text
    )


# -- what was concluded --------------------------------------------------------------------------------------------


def _diagnostic_report(case: Case, language: str, pdf: bytes, observations: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "DiagnosticReport", "id": _id(case, "report"), "status": _status(case),
        "identifier": [{"system": "urn:consilium:case", "value": case.id}],
        "code": {"coding": [_NOTE], "text": word("title", language)}, "subject": _to(case, "patient"),
        "effectiveDateTime": _moment(case.created_at),
        "issued": _moment(case.signed_at or case.updated_at or case.created_at),
        "performer": [_to(case, "author")],
    }  # fmt: skip
    if observations:
        made["result"] = [_to(case, f"finding {n}") for n in range(observations)]
    accepted = _accepted(case)
    names = [case.working_diagnosis] if case.working_diagnosis else [h.label.text(language) for h in accepted]
    if names:
        made["conclusion"] = "; ".join(names)
    codes = [_concept(h.codes, h.label.text(language)) for h in accepted]
    if codes:
        made["conclusionCode"] = codes
    if pdf:
        made["presentedForm"] = [{"contentType": "application/pdf", "data": base64.b64encode(pdf).decode()}]
    return made


def _accepted(case: Case) -> tuple[Hypothesis, ...]:
    """The hypotheses whose last standing decision is to accept them."""
    last: dict[str, list[Decision]] = {}
    for decision in case.decisions:
        held = last.setdefault(decision.target, [])
        if decision.action is Action.WITHDRAW:
            del held[-1:]
        else:
            held.append(decision)
    known = case.assessment.hypotheses if case.assessment else ()
    return tuple(h for h in known if (d := last.get(f"hypothesis:{h.id}")) and d[-1].action is Action.ACCEPT)


def _composition(case: Case, language: str, observations: int) -> dict[str, Any]:
    report = build(case, language)
    stamp = _moment(case.signed_at or case.updated_at or case.created_at)
    made: dict[str, Any] = {
        "resourceType": "Composition", "id": _id(case, "composition"), "status": _status(case),
        "language": "zh-CN" if language == "zh" else "en",
        "type": {"coding": [_NOTE]}, "subject": _to(case, "patient"), "date": stamp,
        "author": [_to(case, "author")], "title": report.title,
    }  # fmt: skip
    if case.signed_at:
        made["attester"] = [{"mode": "professional", "time": _moment(case.signed_at), "party": _to(case, "author")}]
    sections = [_section(section) for section in report.sections]
    entries = [_to(case, "report"), *(_to(case, f"finding {n}") for n in range(observations))]
    made["section"] = [{"title": word("findings", language), "entry": entries}, *sections]
    return made


def _section(section: Section) -> dict[str, Any]:
    body = "".join(_narrative(block) for block in section.blocks) or "<p>-</p>"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'
    return {"title": section.title, "text": {"status": "generated", "div": div}}


def _narrative(block: Block) -> str:
    """XHTML of a block: FHIR's narrative knows no <meter>, and pictures don't travel in it."""
    if isinstance(block, Bars):
        rows = "".join(
            f"<tr><td>{escape(b.label)} {escape(b.mark)}</td><td>{percent(b.probability)}</td></tr>" for b in block.bars
        )
        return f"<table>{rows}</table>"
    if isinstance(block, Picture):
        return f"<p>{escape(block.caption)}</p>"
    return block_html(block).replace("<br>", "<br/>")


def _concept(codings: Iterable[Coding], text: str) -> dict[str, Any]:
    codes = [
        {"system": uri(c.system), "code": c.code, **({"display": c.display} if c.display else {})}
        for c in dict.fromkeys(codings)
        if c.code
    ]
    return ({"coding": codes} if codes else {}) | {"text": text}
