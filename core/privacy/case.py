"""A whole case without its identity: names, numbers, places, dates; clinical facts and character offsets as they were."""

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import msgspec

from core.domain.age import age_years
from core.domain.basics import Citation
from core.domain.case import Case
from core.domain.record import Identifier, Patient
from core.privacy.notes import covered, identifying, suspects
from core.privacy.pseudonyms import Pseudonyms, shifted

_TIMES = {
    "time", "start", "end", "onset", "abatement", "created_at", "updated_at", "at", "signed_at",
}  # fmt: skip
_PEOPLE = {"user", "second_user", "signed_by"}
_FILES = {"file", "path"}
_UIDS = {"sop_instance_uid", "series_instance_uid", "study_instance_uid"}
_PROSE = {
    "text",
    "title",
    "detail",
    "reason",
    "text_value",
    "description",
    "working_diagnosis",
    "dosage",
    "error",
    "reference",
}
_CITATION = {field.name for field in fields(Citation)}
OLDEST = 90


@dataclass(frozen=True, slots=True)
class Leaks:
    """What was covered (kind -> how often) and what is left for a person to look at, with the place in the case."""

    covered: tuple[tuple[str, int], ...]
    suspects: tuple[tuple[str, str], ...]


def deidentify_case(case: Case, pseudonyms: Pseudonyms) -> tuple[Case, Leaks]:
    """A de-identified copy of a case and a report of what was found.

    Dates move by the subject's own number of days; ages above 89 become 90; files keep only their ending.
    """
    patient = case.record.patient
    subject = pseudonyms.subject(patient)
    people = tuple(
        {d.user for d in case.decisions} | {d.second_user for d in case.decisions} | {a.user for a in case.addenda}
    )
    worker = _Worker(pseudonyms, patient, tuple(p for p in people if p), pseudonyms.days(subject))
    plain = worker.walk(msgspec.to_builtins(case), "", "case")
    released = msgspec.convert(plain, Case)
    record = replace(released.record, patient=_nobody(patient, subject, case))
    fresh = replace(
        released, id=subject.lower() + "-" + hashlib.sha256(case.id.encode()).hexdigest()[:6], record=record
    )
    return fresh, Leaks(tuple(sorted(worker.covered.items())), tuple(worker.suspects))


def _nobody(patient: Patient, subject: str, case: Case) -> Patient:
    age = age_years(patient, date.fromisoformat(case.created_at[:10]))
    capped = None if age is None else min(float(int(age)) if age >= 2 else round(age, 1), float(OLDEST))
    return Patient(subject, None, patient.sex, capped, (Identifier("research", subject),), (), patient.synthetic, ())


class _Worker:
    """Walks the case's plain form; `key` is the field's name, `place` where it stands."""

    def __init__(self, pseudonyms: Pseudonyms, patient: Patient, people: tuple[str, ...], shift: timedelta) -> None:
        self._pseudonyms, self._patient, self._people, self._shift = pseudonyms, patient, people, shift
        self.covered: dict[str, int] = {}
        self.suspects: list[tuple[str, str]] = []

    def walk(self, value: Any, key: str, place: str) -> Any:
        if isinstance(value, dict):
            if value.keys() == _CITATION:
                return value  # our own tables' sources name authors, not patients
            return {k: v if k == "patient" else self.walk(v, k, f"{place}.{k}") for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.walk(v, key, f"{place}[{i}]") for i, v in enumerate(value)]
        return self._text(value, key, place) if isinstance(value, str) and value else value

    def _text(self, text: str, key: str, place: str) -> str:
        if key in _TIMES:
            return shifted(text, self._shift)
        if key in _PEOPLE:
            return self._pseudonyms.person(text)
        if key in _FILES:
            ending = text.rsplit(".", 1)[-1] if "." in text.rsplit("/", 1)[-1] else ""
            return hashlib.sha256(text.encode()).hexdigest()[:10] + (f".{ending}" if ending else "")
        if key in _UIDS:
            return self._pseudonyms.uid(text)
        if key == "sha256" and (".files" in place or ".images" in place):
            return ""  # the hash of the original file would find it again
        return self._prose(text, place) if key in _PROSE else self._known(text)

    def _prose(self, text: str, place: str) -> str:
        spans = identifying(text, self._patient, self._people)
        for span in spans:
            self.covered[span.kind] = self.covered.get(span.kind, 0) + 1
        clean = covered(text, spans)
        self.suspects += [(place, found) for found in suspects(clean)]
        return clean

    def _known(self, text: str) -> str:
        """Codes, labels, units: only what the record itself says about this patient is covered."""
        spans = tuple(s for s in identifying(text, self._patient, self._people) if s.rule == "record")
        return covered(text, spans)
