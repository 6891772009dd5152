"""The measurements that doses and checks need, newest first, in one unit, with their age and whether they are stale."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from core.domain.basics import Coding, Label, Quantity, Source
from core.domain.finding import Finding
from core.domain.record import Observation, Record
from core.knowledge.treatment_files import read_folder
from core.paths import RESOURCES

_CHILD_YEARS = 18


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement in the unit of the input table. `age_days` None: the time is unknown, therefore `stale`."""

    id: str
    label: Label
    quantity: Quantity
    time: str
    age_days: float | None
    stale: bool
    sources: tuple[Source, ...] = ()

    @property
    def value(self) -> float:
        """The number in the table's unit."""
        return self.quantity.value


@dataclass(frozen=True, slots=True)
class _Input:
    id: str
    label: Label
    unit: str
    max_age_days: float
    max_age_days_child: float
    low: float
    high: float
    loinc: frozenset[str]
    words: re.Pattern[str]
    not_words: re.Pattern[str] | None
    factors: dict[str, float]


def _input(row: dict[str, Any]) -> _Input:
    exclude = row.get("not_words")
    return _Input(
        id=row["id"],
        label=Label(row["en"], row["zh"]),
        unit=row["unit"],
        max_age_days=row["max_age_days"],
        max_age_days_child=row.get("max_age_days_child", row["max_age_days"]),
        low=row["low"],
        high=row["high"],
        loinc=frozenset(row["loinc"]),
        words=re.compile("|".join(row["words"]), re.IGNORECASE),
        not_words=re.compile("|".join(exclude), re.IGNORECASE) if exclude else None,
        factors=row["factors"],
    )


@lru_cache(maxsize=1)
def inputs() -> dict[str, _Input]:
    """The input table by id."""
    rows = read_folder(RESOURCES / "knowledge" / "dosing").files["inputs.yaml"]["inputs"]
    return {row["id"]: _input(row) for row in rows}


def label_of(input_id: str) -> Label:
    """The name of an input; its id in words where the table does not know it."""
    found = inputs().get(input_id)
    return found.label if found else Label(input_id.replace("_", " "))


def parse_time(text: str) -> datetime | None:
    """An ISO 8601 or HL7 date (with or without time); None where it cannot be read. Without zone: UTC."""
    cleaned = text.strip().replace("Z", "+00:00")
    if re.fullmatch(r"\d{8,14}([+-]\d{4})?", cleaned):
        digits = re.split(r"[+-]", cleaned)[0]
        cleaned = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    elif re.fullmatch(r"\d{4}", cleaned):
        cleaned += "-01-01"
    elif re.fullmatch(r"\d{4}-\d{2}", cleaned):
        cleaned += "-01"
    try:
        parsed = datetime.fromisoformat(cleaned)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _identify(codes: Iterable[Coding], text: str) -> _Input | None:
    loinc = {code.code for code in codes if code.system.upper() == "LOINC"}
    for one in inputs().values():
        if loinc & one.loinc:
            return one
    if loinc:
        return None
    for one in inputs().values():
        if one.words.search(text) and not (one.not_words and one.not_words.search(text)):
            return one
    return None


def _converted(quantity: Quantity, one: _Input) -> float | None:
    """The value in the table's unit; None for an unknown unit or an impossible value (never guessed)."""
    if quantity.comparator:
        return None
    factors = {unit.lower(): factor for unit, factor in one.factors.items()}
    factor = factors.get(quantity.unit.lower())
    if factor is None:
        return None
    value = quantity.value * factor
    return value if one.low <= value <= one.high else None


def _candidates(
    record: Record, findings: Iterable[Finding]
) -> Iterable[tuple[_Input, Quantity, str, tuple[Source, ...]]]:
    for observation in record.observations:
        one = _identify(observation.codes, observation.text)
        quantity = observation.value
        if one and quantity is not None and _usable(observation):
            yield one, quantity, observation.time, observation.sources
    for finding in findings:
        if finding.quantity is None:
            continue
        one = _identify(finding.also, finding.label.en)
        if one:
            yield one, finding.quantity, finding.time, (finding.source,)


def _usable(observation: Observation) -> bool:
    return observation.category not in {"goal", "target"}


def latest(record: Record, findings: Iterable[Finding], now: datetime, age: float | None) -> dict[str, Measured]:
    """The newest usable value of each input at `now`; values dated after `now` are left out."""
    best: dict[str, Measured] = {}
    for one, quantity, time, sources in _candidates(record, findings):
        value = _converted(quantity, one)
        when = parse_time(time) if time else None
        if value is None or (when and (when - now).total_seconds() > 86400):
            continue
        age_days = max(0.0, (now - when).total_seconds() / 86400) if when else None
        limit = one.max_age_days_child if age is not None and age < _CHILD_YEARS else one.max_age_days
        stale = age_days is None or age_days > limit
        found = Measured(one.id, one.label, Quantity(round(value, 4), one.unit), time, age_days, stale, sources)
        if one.id not in best or _newer(found, best[one.id]):
            best[one.id] = found
    return best


def _newer(one: Measured, other: Measured) -> bool:
    if one.age_days is None:
        return False
    return other.age_days is None or one.age_days < other.age_days
