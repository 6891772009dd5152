"""Problems and findings to the patient states that rules speak of (pregnancy, chronic kidney disease, ...)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Scope, Status
from core.domain.record import Problem, Record
from core.knowledge.treatment_files import read_folder
from core.paths import RESOURCES
from core.treatment.labs import parse_time

_PREGNANCY_DAYS = 310
_ENDED = {"resolved", "inactive", "remission", "completed"}
_REFUTED = {"refuted", "entered-in-error"}


@dataclass(frozen=True, slots=True)
class State:
    """A state with the words and ICD-10 prefixes that name it."""

    id: str
    label: Label
    acute: bool
    icd10: tuple[str, ...]
    words: re.Pattern[str]
    not_words: re.Pattern[str] | None

    def named_by(self, codes: Iterable[Coding], text: str) -> bool:
        """True where a code or the text names this state."""
        icd10 = (code.code for code in codes if code.system.upper().startswith("ICD"))
        if self.icd10 and any(code.upper().startswith(self.icd10) for code in icd10):
            return True
        return bool(self.words.search(text)) and not (self.not_words and self.not_words.search(text))


def _state(row: dict[str, Any]) -> State:
    exclude = row.get("not_words")
    return State(
        id=row["id"],
        label=Label(row["en"], row["zh"]),
        acute=bool(row.get("acute")),
        icd10=tuple(str(code) for code in row.get("icd10", ())),
        words=re.compile("|".join(row["words"]), re.IGNORECASE),
        not_words=re.compile("|".join(exclude), re.IGNORECASE) if exclude else None,
    )


@lru_cache(maxsize=1)
def states() -> dict[str, State]:
    """All states by id."""
    rows = read_folder(RESOURCES / "knowledge" / "interactions").files["states.yaml"]["states"]
    return {row["id"]: _state(row) for row in rows}


def label_of(state_id: str) -> Label:
    """The state's name."""
    return states()[state_id].label


def present(record: Record, findings: Iterable[Finding], now: datetime) -> dict[str, tuple[Source, ...]]:
    """States that the record or the findings name, with where they were read."""
    found: dict[str, list[Source]] = {}
    for state, sources in (*_from_problems(record, now), *_from_findings(tuple(findings))):
        found.setdefault(state, []).extend(sources)
    return {state: tuple(dict.fromkeys(sources)) for state, sources in found.items()}


def denied(findings: Iterable[Finding]) -> frozenset[str]:
    """States that a finding explicitly excludes ("not pregnant")."""
    absent = [f for f in findings if f.status is Status.ABSENT and f.scope is Scope.CURRENT]
    return frozenset(s.id for f in absent for s in states().values() if s.words.search(_words(f)))


def _from_problems(record: Record, now: datetime) -> Iterator[tuple[str, tuple[Source, ...]]]:
    for problem in record.problems:
        if problem.verification.lower() in _REFUTED or problem.status.lower() in _REFUTED:
            continue
        for state in states().values():
            if not state.named_by(problem.codes, f"{problem.text} {' '.join(c.display for c in problem.codes)}"):
                continue
            if state.acute and not _still(problem, state.id, now):
                continue
            yield state.id, problem.sources


def _still(problem: Problem, state_id: str, now: datetime) -> bool:
    """An acute state counts while the problem is active; a pregnancy for at most 44 weeks from its onset."""
    ended = parse_time(problem.abatement) if problem.abatement else None
    if problem.status.lower() in _ENDED or (ended is not None and ended <= now):
        return False
    onset = parse_time(problem.onset) if problem.onset else None
    return not (state_id == "pregnancy" and onset is not None and (now - onset).days > _PREGNANCY_DAYS)


@lru_cache(maxsize=1)
def _look_alikes() -> frozenset[str]:
    table = read_folder(RESOURCES / "knowledge" / "interactions").files["states.yaml"]
    return frozenset(table["not_findings"])


def _about_the_patient(finding: Finding) -> bool:
    """False for a relative's disease, a contact or a look-alike."""
    code = finding.code.code
    return code not in _look_alikes() and not code.startswith("family_")


def _words(finding: Finding) -> str:
    return f"{finding.code.code.replace('_', ' ')} {finding.label.en} {finding.label.zh}"


def _from_findings(findings: tuple[Finding, ...]) -> Iterator[tuple[str, tuple[Source, ...]]]:
    for finding in findings:
        if finding.status is not Status.PRESENT or finding.scope not in {Scope.CURRENT, Scope.HISTORY}:
            continue
        if not _about_the_patient(finding):
            continue
        for state in states().values():
            if state.acute and finding.scope is Scope.HISTORY:
                continue
            if state.named_by(finding.also, _words(finding)):
                yield state.id, (finding.source,)
