"""FHIR R4 resources -> facts of the record, one function a resource type."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.domain.basics import Coding, Quantity, Source
from core.domain.record import Allergy, Event, FamilyFact, Medication, Note, Observation, Problem
from core.records.draft import Draft
from core.records.encoding import decode, language
from core.records.fhir_parts import codings, concept, concept_text, quantity, status_code, times, values_text
from core.records.limits import MAX_NOTE_BYTES
from core.records.plain import Plain, at, node, nodes, number, text

Resolve = Callable[[Any], Plain]


@dataclass(frozen=True, slots=True)
class Place:
    """One resource on its way into a draft: where it stands in the file, and how its references are followed."""

    draft: Draft
    path: str
    resolve: Resolve

    def source(self, resource: Plain) -> Source:
        """The source of the whole resource."""
        return self.draft.source(self.path, text(resource, "id"))

    def id(self, fact: str, suffix: str = "") -> str:
        """The fact's id."""
        return self.draft.id(fact, self.path + suffix)


class NothingInIt(ValueError):
    """A resource without a code, text or value: there is no fact to keep."""


def condition(r: Plain, at_: Place) -> None:
    """Condition -> Problem."""
    found, words = concept(r, "code")
    start, start_end = times(r, "onset", "recordedDate", "assertedDate")
    end = times(r, "abatement")[0] or start_end
    at_.draft.problems.append(
        Problem(
            at_.id("problem"), found, _needed(words), (at_.source(r),),
            status=_problem_status(status_code(r, "clinicalStatus"), end),
            onset=start, abatement=end, verification=status_code(r, "verificationStatus"),
        )
    )  # fmt: skip


def _problem_status(status: str, end: str) -> str:
    if status in ("active", "recurrence", "relapse"):
        return "active"
    if status in ("resolved", "inactive", "remission"):
        return "resolved" if status == "resolved" else "inactive"
    return "resolved" if end and not status else "unknown"


_MEDICINE_STATUS = {
    "active": "active", "completed": "completed", "stopped": "stopped", "cancelled": "stopped", "ended": "stopped",
    "not-taken": "stopped", "on-hold": "stopped", "intended": "intended", "draft": "intended", "in-progress": "active",
    "not-done": "stopped",
}  # fmt: skip


def medication(r: Plain, at_: Place) -> None:
    """MedicationRequest, -Statement, -Administration, -Dispense -> Medication (a referenced Medication is followed)."""
    found, words = concept(r, "medicationCodeableConcept")
    target = at(r, "medicationReference") or at(r, "medication")
    if not words and target is not None:
        found, words = concept(at_.resolve(target), "code")
        words = words or text(target, "display")
    if text(r, "status") == "entered-in-error":
        raise NothingInIt("entered in error")
    doses = nodes(r, "dosageInstruction") or nodes(r, "dosage")
    start, end = times(r, "effective", "authoredOn", "dateAsserted", "whenHandedOver")
    at_.draft.medications.append(
        Medication(
            at_.id("medication"), found, _needed(words), (at_.source(r),),
            status=_MEDICINE_STATUS.get(text(r, "status"), "unknown"),
            dosage="; ".join(d for d in map(_dose, doses) if d),
            route=next((w for w in (concept_text(node(d, "route")) for d in doses) if w), ""),
            start=start, end=end or text(r, "dosageInstruction", 0, "timing", "repeat", "boundsPeriod", "end"),
            reason=_reason(r, at_),
        )
    )  # fmt: skip


def _dose(dose: Plain) -> str:
    """A dosage as printed, else put together from amount, frequency and "as needed"."""
    if text(dose, "text"):
        return text(dose, "text")
    amount = node(dose, "doseAndRate", 0, "doseQuantity") or node(dose, "dose") or node(dose, "doseQuantity")
    repeat = node(dose, "timing", "repeat")
    often = concept_text(node(dose, "timing", "code"))
    if not often and text(repeat, "frequency"):
        often = f"{text(repeat, 'frequency')} per {text(repeat, 'period') or '1'} {text(repeat, 'periodUnit')}".strip()
    need = "as needed" if at(dose, "asNeededBoolean") is True or at(dose, "asNeededCodeableConcept") else ""
    parts = values_text(amount) if amount else "", often, need
    return ", ".join(p for p in parts if p)


def _reason(r: Plain, at_: Place) -> str:
    words = [concept_text(c) for c in nodes(r, "reasonCode")]
    for reference in nodes(r, "reasonReference"):
        words.append(concept(at_.resolve(reference), "code")[1] or text(reference, "display"))
    return "; ".join(dict.fromkeys(w for w in words if w))


def allergy(r: Plain, at_: Place) -> None:
    """AllergyIntolerance -> Allergy; refuted and entered-in-error entries are kept and marked."""
    found, words = concept(r, "code")
    reactions = nodes(r, "reaction")
    substance = [concept_text(node(x, "substance")) for x in reactions]
    shown = tuple(dict.fromkeys(w for x in reactions for w in map(concept_text, nodes(x, "manifestation")) if w))
    verification = status_code(r, "verificationStatus")
    marked = verification if verification in ("refuted", "entered-in-error") else ""
    severe = any(text(x, "severity") == "severe" for x in reactions)
    criticality = {"low": "low", "high": "high"}.get(text(r, "criticality"), "high" if severe else "unknown")
    at_.draft.allergies.append(
        Allergy(
            at_.id("allergy"), found, _needed(words or next((s for s in substance if s), "")), (at_.source(r),),
            kind=text(r, "type") or "allergy", reactions=shown, criticality=criticality,
            status=marked or status_code(r, "clinicalStatus") or "unknown",
            onset=times(r, "onset", "recordedDate", "assertedDate")[0],
        )
    )  # fmt: skip


def observation(r: Plain, at_: Place) -> None:
    """Observation -> one Observation, or one for each component, sharing `group`."""
    if text(r, "status") in ("entered-in-error", "cancelled"):
        raise NothingInIt(text(r, "status"))
    found, words = concept(r, "code")
    category = text(r, "category", 0, "coding", 0, "code") or concept_text(node(r, "category", 0))
    time = times(r, "effective", "issued")[0]
    parts = nodes(r, "component")
    group = at_.id("group") if parts else ""
    own = _value(r)
    if own != (None, "") or not parts:
        _add_value(r, at_, (found, words), (category, time, group, at_.path))
    for index, part in enumerate(parts):
        place = f"{at_.path}.component[{index}]"
        _add_value(part, at_, concept(part, "code"), (category, time, group, place))


def _add_value(r: Plain, at_: Place, what: tuple[tuple[Coding, ...], str], where: tuple[str, str, str, str]) -> None:
    category, time, group, place = where
    amount, words = _value(r)
    if amount is None and not words:
        words = concept_text(node(r, "dataAbsentReason")) or "; ".join(text(n, "text") for n in nodes(r, "note"))
    span = next((x for x in nodes(r, "referenceRange") if x.get("low") or x.get("high")), {})
    at_.draft.observations.append(
        Observation(
            at_.draft.id("observation", place), what[0], _needed(what[1]),
            (at_.draft.source(place, text(r, "id")),),
            category=category, value=amount, text_value=words, time=time,
            reference_low=number(span, "low", "value"), reference_high=number(span, "high", "value"),
            flag=text(r, "interpretation", 0, "coding", 0, "code") or concept_text(node(r, "interpretation", 0)),
            group=group,
        )
    )  # fmt: skip


def _value(r: Plain) -> tuple[Quantity | None, str]:
    for key, value in r.items():
        if key.startswith("value") and key != "valueSet":
            if key == "valueInteger" and number(value) is not None:
                return Quantity(number(value) or 0.0, "1"), ""
            amount = quantity(value) if key == "valueQuantity" else None
            return (amount, "") if amount else (None, values_text(value))
    return None, ""


def report(r: Plain, at_: Place) -> None:
    """DiagnosticReport -> Event, its conclusion and attached texts -> Notes."""
    found, words = concept(r, "code")
    start, end = times(r, "effective", "issued")
    conclusions = [text(r, "conclusion"), *(concept_text(c) for c in nodes(r, "conclusionCode"))]
    conclusion = "; ".join(dict.fromkeys(c for c in conclusions if c))
    _event(r, at_, "diagnostic_report", (found, words or conclusion), (start, end))
    if text(r, "conclusion"):
        _note(at_, text(r, "conclusion"), ".conclusion", (words, start))
    for index, form in enumerate(nodes(r, "presentedForm")):
        _attachment(form, at_, f".presentedForm[{index}]", (words, start))


def document(r: Plain, at_: Place) -> None:
    """DocumentReference -> Event, and a Note for each attached text."""
    found, words = concept(r, "type")
    time = text(r, "date") or text(r, "context", "period", "start")
    title = text(r, "description") or words
    _event(r, at_, "document", (found, title or "document"), (time, ""))
    for index, content in enumerate(nodes(r, "content")):
        _attachment(node(content, "attachment"), at_, f".content[{index}].attachment", (title, time))


def _attachment(form: Plain, at_: Place, suffix: str, about: tuple[str, str]) -> None:
    kind = text(form, "contentType").lower()
    data = text(form, "data")
    if not data or not (kind.startswith("text/") or not kind):
        return
    if len(data) > MAX_NOTE_BYTES * 4 // 3:
        raise NothingInIt("the attached text is too large")
    try:
        decoded = decode(base64.b64decode(data, validate=False))
    except (binascii.Error, ValueError) as error:
        raise NothingInIt("the attached text is damaged") from error
    if decoded and decoded[0].strip():
        _note(at_, decoded[0], suffix, (text(form, "title") or about[0], text(form, "creation") or about[1]))


def _note(at_: Place, words: str, suffix: str, about: tuple[str, str]) -> None:
    source = at_.draft.source(at_.path + suffix)
    note = Note(at_.id("note", suffix), words, source, language(words), title=about[0], time=about[1])
    at_.draft.notes.append(note)


def imaging_study(r: Plain, at_: Place) -> None:
    """ImagingStudy -> Event: what was done, else the modality and body part of its series."""
    found, words = concept(r, "procedureCode")
    for series in nodes(r, "series"):
        for key in ("modality", "bodySite"):
            more, shown = concept(series, key)
            found += tuple(c for c in more if c not in found)
            words = "; ".join(dict.fromkeys(p for p in (*words.split("; "), shown) if p))
    _event(r, at_, "imaging_study", (found, text(r, "description") or words), times(r, "started"))


def impression(r: Plain, at_: Place) -> None:
    """ClinicalImpression -> Event and Note."""
    words = text(r, "summary") or text(r, "description")
    _event(r, at_, "clinical_impression", (codings(node(r, "code")), words), times(r, "effective", "date"))
    if text(r, "summary"):
        _note(at_, text(r, "summary"), ".summary", ("clinical impression", times(r, "effective", "date")[0]))


def family(r: Plain, at_: Place) -> None:
    """FamilyMemberHistory -> a FamilyFact for each condition; without one, a fact that says nothing is known."""
    relation = concept_text(node(r, "relationship")) or text(r, "name")
    conditions = nodes(r, "condition")
    for index, item in enumerate(conditions):
        found, words = concept(item, "code")
        outcome = concept_text(node(item, "outcome"))
        place = f"{at_.path}.condition[{index}]"
        shown = f"{_needed(words)} ({outcome})" if outcome else _needed(words)
        source = at_.draft.source(place)
        at_.draft.family.append(FamilyFact(at_.draft.id("family", place), relation, found, shown, (source,)))
    if not conditions and relation:
        notes = "; ".join(text(n, "text") for n in nodes(r, "note"))
        at_.draft.family.append(FamilyFact(at_.id("family"), relation, (), notes, (at_.source(r),)))


def care_plan(r: Plain, at_: Place) -> None:
    """CarePlan -> Event, and an Event for each planned activity."""
    found, words = concept(r, "category")
    period = times(r, "period", "created")
    _event(r, at_, "care_plan", (found, words or text(r, "title") or text(r, "description")), period)
    for index, activity in enumerate(nodes(r, "activity")):
        detail = node(activity, "detail")
        codes_, shown = concept(detail, "code")
        shown = shown or text(detail, "description")
        if not shown:
            continue
        place = f"{at_.path}.activity[{index}]"
        source = at_.draft.source(place)
        event = Event(at_.draft.id("event", place), "care_plan_activity", codes_, shown, (source,), period[0], period[1],
                      text(detail, "status"))  # fmt: skip
        at_.draft.events.append(event)


def event(kind: str, code_keys: tuple[str, ...], time_keys: tuple[str, ...]) -> Callable[[Plain, Place], None]:
    """A reader for resources that are a dated, coded fact and no more."""

    def read(r: Plain, at_: Place) -> None:
        found: tuple[Coding, ...] = ()
        words = ""
        for key in code_keys:
            more, shown = concept(r, key)
            found, words = found + tuple(c for c in more if c not in found), words or shown or text(r, key)
        _event(r, at_, kind, (found, words), times(r, *time_keys))

    return read


def _event(r: Plain, at_: Place, kind: str, what: tuple[tuple[Coding, ...], str], span: tuple[str, str]) -> None:
    reason = _reason(r, at_)
    words = _needed(what[1] or (kind.replace("_", " ") if what[0] or span[0] else ""))
    shown = f"{words} ({reason})" if reason else words
    status = text(r, "status") or text(r, "lifecycleStatus")
    at_.draft.events.append(Event(at_.id("event"), kind, what[0], shown, (at_.source(r),), span[0], span[1], status))


def _needed(words: str) -> str:
    if not words:
        raise NothingInIt("no code and no text")
    return words
