"""Collects the facts of one patient from one file, each with an id that stays and the place it came from."""

import hashlib
import re
from dataclasses import dataclass, field, replace

from core.domain.basics import Coding, Source
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
from core.records.limits import MAX_FACTS, check_count


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave: one record a patient, and what was left out and why (a sentence, a count)."""

    records: tuple[Record, ...]
    skipped: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """The mutable collector behind a reader; `record()` freezes it. `kind` names the format in every source."""

    file: str
    kind: str
    key: str
    patient: Patient = field(default_factory=Patient)
    problems: list[Problem] = field(default_factory=list)
    medications: list[Medication] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    phenotypes: list[Phenotype] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    family: list[FamilyFact] = field(default_factory=list)
    diagnoses: list[Coding] = field(default_factory=list)
    count: int = 0

    def source(self, place: str, text: str = "") -> Source:
        """The place of a fact in this file."""
        return Source(self.file, self.kind, place, text=text[:500])

    def id(self, fact: str, place: str) -> str:
        """An id from the file's content and the place in it: the same file gives the same ids wherever it lies.

        Raises `Unreadable` once a file gives more facts than any person has.
        """
        self.count += 1
        if self.count > MAX_FACTS:
            check_count(self.file, self.count, "facts")
        return f"{fact}-{hashlib.sha256(f'{self.key}|{fact}|{place}'.encode('utf-8', 'replace')).hexdigest()[:16]}"

    def record(self) -> Record:
        """The facts so far as a frozen record."""
        return Record(
            patient=self.patient,
            problems=tuple(self.problems),
            medications=tuple(self.medications),
            allergies=tuple(replace(a, status="refuted") if says_none_known(a) else a for a in self.allergies),
            observations=tuple(self.observations),
            events=tuple(self.events),
            notes=tuple(self.notes),
            phenotypes=tuple(self.phenotypes),
            variants=tuple(self.variants),
            family=tuple(self.family),
            diagnoses=tuple(self.diagnoses),
        )


_NONE_KNOWN = frozenset({"716186003", "409137002", "160244002", "428607008", "429625007", "428197003"})
"""SNOMED CT: no known allergy, no known drug / food / environmental / latex allergy, and the older situation code."""
_NONE_WORDS = re.compile(
    r"\W*(no\s+(known\s+)?(drug\s+|food\s+|medication\s+|environmental\s+)?allerg(y|ies)|nkd?a|无(药物|食物)?过敏史?|否认.{0,6}过敏史?)\b.{0,20}$",
    re.I,
)


def says_none_known(allergy: Allergy) -> bool:
    """Whether an allergy entry says that no allergy is known: it is kept, and marked refuted."""
    coded = any(c.code in _NONE_KNOWN for c in allergy.codes if c.system == "SNOMED")
    return coded or _NONE_WORDS.match(allergy.text[:80]) is not None


def content_key(data: bytes) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()
