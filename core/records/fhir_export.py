"""Record -> FHIR R4 bundle and back, without loss.

Each fact is written in standard elements that any system reads, and whole in one extension (see `fhir_ours`) that
survives the way back. The extension is ignored once anybody has edited the resource.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec

from core.domain.basics import Coding, Quantity
from core.domain.record import (
    Allergy,
    Event,
    FamilyFact,
    Medication,
    Note,
    Observation,
    Patient,
    Phenotype,
    Problem,
    Record,
    Variant,
)
from core.domain.serial import to_json
from core.records import codes
from core.records.fhir_ours import EXTENSION, digest
from core.records.plain import Plain

_DATE_TIME = re.compile(
    r"(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-3]):[0-5]\d))?)?)?"
)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_THO = "http://terminology.hl7.org/CodeSystem/"
_PATIENT = "patient"


def to_fhir(record: Record) -> bytes:
    """The record as a FHIR R4 collection bundle (UTF-8 JSON). Reading it with `fhir.read` gives the same record."""
    resources = [_fact(_patient(record.patient), "patient", record.patient)]
    for name, build in _BUILDERS.items():
        for fact in getattr(record, name):
            resources.append(_fact(_about(build(fact)), name, fact))
    entries = [{"fullUrl": f"urn:consilium:{_digest(str(i))}", "resource": r} for i, r in enumerate(resources)]
    entries[0]["fullUrl"] = f"Patient/{_PATIENT}"
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return msgspec.json.format(msgspec.json.encode(bundle), indent=1)


def _fact(resource: Plain, kind: str, fact: Any) -> Plain:
    """The resource with the whole fact in our extension, tied to it by a digest."""
    clean: Plain = _without_empty(resource)
    parts = {"kind": kind, "json": to_json(fact).decode(), "digest": digest(clean)}
    inner = [{"url": url, "valueString": value} for url, value in parts.items()]
    clean["extension"] = [{"url": EXTENSION, "extension": inner}]
    return clean


def _without_empty(value: Any) -> Any:
    """FHIR allows no empty strings, lists or objects."""
    if isinstance(value, dict):
        found = {k: _without_empty(v) for k, v in value.items()}
        return {k: v for k, v in found.items() if v not in ("", None, [], {})}
    if isinstance(value, list | tuple):
        return [v for v in map(_without_empty, value) if v not in ("", None, [], {})]
    return _safe(value) if isinstance(value, str) else value


def _safe(words: str) -> str:
    """FHIR strings hold no control characters but tab, line feed and carriage return, and are not blank."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", words).strip()


def _about(resource: Plain) -> Plain:
    who = (
        "patient"
        if resource["resourceType"] in ("AllergyIntolerance", "Immunization", "FamilyMemberHistory")
        else "subject"
    )
    return {**resource, who: {"reference": f"Patient/{_PATIENT}"}}


def _id(fact_id: str) -> str:
    return fact_id if _ID.fullmatch(fact_id) else _digest(fact_id)


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]


def _codings(found: tuple[Coding, ...]) -> list[Plain]:
    return [
        {"system": codes.uri(c.system), "code": _code(c.code), "display": c.display} for c in found if c.code.strip()
    ]


def _code(written: str) -> str:
    """FHIR codes hold single spaces only."""
    return " ".join(_safe(written).split())


def _concept(found: tuple[Coding, ...], words: str) -> Plain:
    return {"coding": _codings(found), "text": _safe(words) or "not stated"}


def _status(system: str, code: str) -> Plain:
    return {"coding": [{"system": _THO + system, "code": code}]} if code else {}


def _time(stamp: str) -> str:
    return stamp if _DATE_TIME.fullmatch(stamp) and _real_day(stamp) else ""


def _real_day(stamp: str) -> bool:
    from core.records.dates import day

    return len(stamp) < 10 or day(stamp) is not None


def _quantity(amount: Quantity) -> Plain:
    sign = amount.comparator if amount.comparator in ("<", "<=", ">", ">=") else ""
    return {"value": amount.value, "unit": amount.unit, "system": "http://unitsofmeasure.org" if amount.unit.strip() else "",
            "code": _code(amount.unit), "comparator": sign}  # fmt: skip


def _patient(p: Patient) -> Plain:
    family, _, given = p.name.partition(", ")
    names = [{"use": "official", "family": family, "given": [given], "text": p.name}] if p.name.strip() else []
    tag = {"system": _THO + "v3-ActReason", "code": "HTEST", "display": "test health data"}
    return {
        "resourceType": "Patient",
        "id": _PATIENT,
        "meta": {"tag": [tag]} if p.synthetic else {},
        "identifier": [{"system": codes.uri(i.system) if i.system else "", "value": i.value} for i in p.identifiers],
        "name": names + [{"use": "usual", "text": n} for n in p.other_names],
        "gender": p.sex.value,
        "birthDate": p.birth_date.isoformat() if p.birth_date else "",
    }


def _problem(p: Problem) -> Plain:
    status = p.status if p.status in ("active", "resolved", "inactive") else ""
    known = ("unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error")
    return {
        "resourceType": "Condition", "id": _id(p.id),
        "clinicalStatus": {} if p.verification == "entered-in-error" else _status("condition-clinical", status),
        "verificationStatus": _status("condition-ver-status", p.verification if p.verification in known else ""),
        "code": _concept(p.codes, p.text), "onsetDateTime": _time(p.onset),
        "onsetString": "" if _time(p.onset) else p.onset,
        "abatementDateTime": _time(p.abatement), "abatementString": "" if _time(p.abatement) else p.abatement,
    }  # fmt: skip


def _medication(m: Medication) -> Plain:
    status = m.status if m.status in ("active", "completed", "stopped", "intended") else "unknown"
    dose = {"text": m.dosage, "route": {"text": m.route}}
    return {
        "resourceType": "MedicationStatement", "id": _id(m.id), "status": status,
        "medicationCodeableConcept": _concept(m.codes, m.text),
        "effectivePeriod": {"start": _time(m.start), "end": _time(m.end)},
        "reasonCode": [{"text": m.reason}], "dosage": [dose],
    }  # fmt: skip


def _allergy(a: Allergy) -> Plain:
    refuted = a.status in ("refuted", "entered-in-error")
    status = a.status if a.status in ("active", "inactive", "resolved") else ""
    return {
        "resourceType": "AllergyIntolerance", "id": _id(a.id),
        "clinicalStatus": _status("allergyintolerance-clinical", status),
        "verificationStatus": _status("allergyintolerance-verification", a.status if refuted else ""),
        "type": a.kind if a.kind in ("allergy", "intolerance") else "", "code": _concept(a.codes, a.text),
        "criticality": a.criticality if a.criticality in ("low", "high") else "unable-to-assess",
        "onsetDateTime": _time(a.onset), "reaction": [{"manifestation": [{"text": r}]} for r in a.reactions if _safe(r)],
    }  # fmt: skip


def _observation(o: Observation) -> Plain:
    span = {}
    if o.reference_low is not None:
        span["low"] = {"value": o.reference_low}
    if o.reference_high is not None:
        span["high"] = {"value": o.reference_high}
    return {
        "resourceType": "Observation", "id": _id(o.id), "status": "final",
        "category": [_status("observation-category", _code(o.category))],
        "code": _concept(o.codes, o.text), "effectiveDateTime": _time(o.time),
        "valueQuantity": _quantity(o.value) if o.value else {}, "valueString": "" if o.value else o.text_value,
        "interpretation": [_status("v3-ObservationInterpretation", _code(o.flag))], "referenceRange": [span],
    }  # fmt: skip


_EVENT_STATUS = frozenset({"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "unknown"})


def _event(e: Event) -> Plain:
    period = {"start": _time(e.start), "end": _time(e.end)}
    base: Plain = {"id": _id(e.id)}
    if e.kind == "procedure":
        status = e.status if e.status in _EVENT_STATUS else "unknown"
        return {
            "resourceType": "Procedure",
            **base,
            "status": status,
            "code": _concept(e.codes, e.text),
            "performedPeriod": period,
        }
    if e.kind == "immunization":
        when: Plain = (
            {"occurrenceDateTime": _time(e.start)}
            if _time(e.start)
            else {"occurrenceString": _safe(e.start) or "unknown"}
        )
        status = "not-done" if e.status == "not-done" else "completed"
        return {
            "resourceType": "Immunization",
            **base,
            "status": status,
            "vaccineCode": _concept(e.codes, e.text),
            **when,
        }
    if e.kind == "encounter":
        unknown = {"system": _THO + "v3-NullFlavor", "code": "UNK"}
        return {"resourceType": "Encounter", **base, "status": "unknown", "class": unknown,
                "type": [_concept(e.codes, e.text)], "period": period}  # fmt: skip
    created = e.start[:10] if len(e.start) >= 10 and _time(e.start[:10]) else ""
    return {"resourceType": "Basic", **base, "code": _concept(e.codes, e.text), "created": created}


def _note(n: Note) -> Plain:
    data = base64.b64encode(n.text.encode("utf-8", "replace")).decode()
    language = n.language if n.language in ("en", "zh") else ""
    attachment = {"contentType": "text/plain; charset=utf-8", "language": language, "data": data, "title": n.title}
    return {"resourceType": "DocumentReference", "id": _id(n.id), "status": "current", "description": n.title,
            "content": [{"attachment": attachment}]}  # fmt: skip


def _phenotype(p: Phenotype) -> Plain:
    return {
        "resourceType": "Observation", "id": _id(p.id), "status": "final",
        "code": _concept((p.code,), p.code.display or p.code.code), "valueBoolean": not p.excluded,
    }  # fmt: skip


def _variant(v: Variant) -> Plain:
    words = " ".join(w for w in (v.gene, v.hgvs or v.rsid, v.genotype or v.zygosity, v.significance) if _safe(w))
    code = {"coding": [{"system": "http://loinc.org", "code": "69548-6", "display": "Genetic variant assessment"}]}
    return {
        "resourceType": "Observation",
        "id": _id(v.id),
        "status": "final",
        "code": code,
        "valueString": words or "variant",
    }


def _family(f: FamilyFact) -> Plain:
    conditions = [{"code": _concept(f.codes, f.text)}] if f.codes or _safe(f.text) else []
    relation = {"text": _safe(f.relation) or "relative"}
    return {"resourceType": "FamilyMemberHistory", "id": _id(f.id), "status": "completed", "relationship": relation,
            "condition": conditions}  # fmt: skip


def _diagnosis(c: Coding) -> Plain:
    return {
        "resourceType": "Basic",
        "id": _digest(c.system + c.code),
        "code": _concept((c,), f"confirmed diagnosis: {c.display or c.code}"),
    }


_BUILDERS: dict[str, Callable[[Any], Plain]] = {
    "problems": _problem, "medications": _medication, "allergies": _allergy, "observations": _observation, "events": _event,
    "notes": _note, "phenotypes": _phenotype, "variants": _variant, "family": _family, "diagnoses": _diagnosis,
}  # fmt: skip
