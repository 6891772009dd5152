"""The facts of a record that scores and reminders run on: newest measurements with dates and sources, and yes/no facts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import yaml

from core.domain.age import age_years
from core.domain.basics import Coding, Quantity, Source
from core.domain.finding import Finding, Scope, Status
from core.domain.record import Record, Sex
from core.knowledge import analytes
from core.knowledge.units import convert, ucum
from core.paths import RESOURCES

_ENDED = {"resolved", "inactive", "remission", "completed", "refuted", "entered-in-error"}
_DAY = 86400.0
_FUTURE_DAYS = 1.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value in its analyte's unit. `age_days` None: nobody said when."""

    analyte: str
    quantity: Quantity
    time: str
    age_days: float | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A yes/no fact with where it was read."""

    value: bool
    time: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a patient at a moment. `series` holds every dated value of an analyte, oldest first."""

    record: Record
    findings: tuple[Finding, ...]
    now: datetime
    age: float | None
    sex: Sex
    series: Mapping[str, tuple[Measurement, ...]]

    def newest(self, analyte: str, within_days: float) -> Measurement | None:
        """The newest value not older than that; one without a date only where there is no dated one."""
        found = [m for m in self.series.get(analyte, ()) if m.age_days is None or m.age_days <= within_days]
        dated = [m for m in found if m.age_days is not None]
        return dated[-1] if dated else found[-1] if found else None


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """`autofill.yaml`."""
    path = RESOURCES / "knowledge" / "scores" / "autofill.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def gather(record: Record, findings: Iterable[Finding], now: datetime) -> Facts:
    """All facts at `now` (timezone-aware). Values dated later than `now` and values in unknown units are left out."""
    kept = tuple(findings)
    series: dict[str, list[Measurement]] = {}
    for one in _measurements(record, kept, now):
        series.setdefault(one.analyte, []).append(one)
    ordered = {name: tuple(sorted(found, key=_oldest_first)) for name, found in series.items()}
    return Facts(record, kept, now, age_years(record.patient, now.date()), record.patient.sex, ordered)


def _oldest_first(one: Measurement) -> float:
    return -one.age_days if one.age_days is not None else float("-inf")


def _measurements(record: Record, findings: tuple[Finding, ...], now: datetime) -> Iterator[Measurement]:
    for seen in record.observations:
        if seen.value is not None and not seen.value.comparator and seen.category not in {"goal", "target"}:
            yield from _measured(seen.codes, seen.text, seen.value, seen.time, seen.sources, now)
    read = {(m.file, m.place, m.start) for o in record.observations for m in o.sources}
    for finding in findings:
        known = (finding.source.file, finding.source.place, finding.source.start)
        if finding.quantity is not None and finding.scope is Scope.CURRENT and known not in read:
            yield from _measured(
                (finding.code, *finding.also), "", finding.quantity, finding.time, (finding.source,), now
            )


def _measured(
    codes: Iterable[Coding], text: str, quantity: Quantity, time: str, sources: tuple[Source, ...], now: datetime
) -> Iterator[Measurement]:
    known = analytes.load()
    loinc = [code.code for code in codes if code.system.upper() == "LOINC"]
    analyte = next((known.by_loinc[code] for code in loinc if code in known.by_loinc), None)
    if analyte is None and not loinc:
        analyte = known.by_name.get(text.strip().lower())
    if analyte is None or quantity.comparator:
        return
    value = convert(quantity.value, ucum(quantity.unit) or quantity.unit, analyte.unit, analyte.molar_mass)
    when = parse_time(time)
    age_days = (now - when).total_seconds() / _DAY if when else None
    if value is None or (age_days is not None and age_days < -_FUTURE_DAYS):
        return
    yield Measurement(
        analyte.id,
        Quantity(round(value, 4), analyte.unit),
        time,
        max(0.0, age_days) if age_days is not None else None,
        sources,
    )


def parse_time(text: str) -> datetime | None:
    """An ISO 8601 or HL7 date, with or without time; None where it cannot be read. Without zone: UTC."""
    cleaned = text.strip().replace("Z", "+00:00")
    if re.fullmatch(r"\d{8}(\d{2,6})?([+-]\d{4})?", cleaned):
        cleaned = f"{cleaned[:4]}-{cleaned[4:6]}-{cleaned[6:8]}"
    elif re.fullmatch(r"\d{4}(-\d{2})?", cleaned):
        cleaned = f"{cleaned}-01-01"[:10]
    try:
        parsed = datetime.fromisoformat(cleaned)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def flag(facts: Facts, name: str) -> Fact | None:
    """A yes/no input from findings, problems and medicines; None where nothing says yes or no."""
    rule = table()["flags"].get(name)
    if rule is not None:
        return by_rule(facts, rule)
    negated = table()["negated_flags"].get(name)
    if negated is not None:
        found = _from_findings(facts, (negated,))
        if found is not None:
            return Fact(not found.value, found.time, found.sources)
    derived = table()["derived_flags"].get(name)
    if derived is not None:
        analyte, days = table()["measured"][derived["input"]]
        newest = facts.newest(analyte, days)
        return Fact(newest.quantity.value > derived["above"], newest.time, newest.sources) if newest else None
    return None


def by_rule(facts: Facts, rule: Mapping[str, Any]) -> Fact | None:
    """Findings first (present or all denied), then words of active problems or of current medicines (present only)."""
    found = _from_findings(facts, tuple(rule.get("findings", ())))
    if found is not None and found.value:
        return found
    return _from_words(facts, rule) or found


def _from_findings(facts: Facts, names: tuple[str, ...]) -> Fact | None:
    """True with any present; False only where every one of the names is denied."""
    about = [f for f in facts.findings if f.code.code in names and f.scope in (Scope.CURRENT, Scope.HISTORY)]
    for finding in about:
        if finding.status is Status.PRESENT:
            return Fact(True, finding.time, (finding.source,))
    denied = {f.code.code for f in about if f.status is Status.ABSENT}
    if names and denied == set(names):
        return Fact(False, about[0].time, tuple(f.source for f in about))
    return None


def _from_words(facts: Facts, rule: Mapping[str, Any]) -> Fact | None:
    refuse = _pattern(tuple(rule.get("not_words", ())))
    if rule.get("words"):
        words = _pattern(tuple(rule["words"]))
        for problem in facts.record.problems:
            live = problem.status not in _ENDED and problem.verification not in _ENDED
            if live and words and words.search(problem.text) and not (refuse and refuse.search(problem.text)):
                return Fact(True, problem.onset, problem.sources)
    if rule.get("medicines"):
        words = _pattern(tuple(rule["medicines"]))
        for medicine in facts.record.medications:
            named = words is not None and words.search(medicine.text) is not None
            if medicine.status == "active" and named and not (refuse and refuse.search(medicine.text)):
                return Fact(True, medicine.start, medicine.sources)
    return None


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(words), re.IGNORECASE) if words else None
