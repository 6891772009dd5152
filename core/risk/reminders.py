"""Checks and vaccinations by age, sex and condition: done, due again, or without any record."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import yaml

from core.domain.basics import Citation, Coding, Label, Source
from core.paths import RESOURCES
from core.risk.facts import Facts, by_rule, parse_time

_NOT_DONE = {"not-done", "entered-in-error", "cancelled", "refused", "preparation", "planned"}


@dataclass(frozen=True, slots=True)
class Reminder:
    """A check or vaccination that applies. `status`: "done", "due" (again) or "no_record" (ask: it may be done elsewhere).

    `last` and `next_due` are ISO dates, "" where unknown or never again.
    """

    id: str
    kind: str
    label: Label
    status: str
    last: str
    next_due: str
    region: str
    because: tuple[Label, ...]
    sources: tuple[Source, ...]
    source: Citation


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """`reminders.yaml`."""
    path = RESOURCES / "knowledge" / "health" / "reminders.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def reminders(facts: Facts) -> tuple[Reminder, ...]:
    """All that apply, due ones first, then those without a record. Nothing without an age."""
    order = {"due": 0, "no_record": 1, "done": 2}
    found = [_reminder(facts, row) for row in table()["reminders"] if applies(facts, row)]
    return tuple(sorted(found, key=lambda r: order[r.status]))


def applies(facts: Facts, row: Mapping[str, Any]) -> bool:
    """Whether age, sex and conditions fit. Unknown age or sex: a reminder that depends on it does not show."""
    if facts.age is None or not row["from_age"] <= facts.age < row.get("below_age", 200):
        return False
    if row.get("sex") and facts.sex.value != row["sex"]:
        return False
    if row.get("conditions") and not any(has(facts, name) for name in row["conditions"]):
        return False
    if any(has(facts, name) for name in row.get("not_conditions", ())):
        return False
    return not row.get("overweight") or _overweight(facts)


def has(facts: Facts, condition: str) -> bool:
    """Whether the record says the patient has a condition."""
    found = by_rule(facts, table()["conditions"][condition])
    return found is not None and found.value


def _overweight(facts: Facts) -> bool:
    bmi = facts.newest("bmi", 1826)
    if bmi is not None:
        return bmi.quantity.value >= 25
    weight, height = facts.newest("body_weight", 1826), facts.newest("body_height", 36525)
    return (
        weight is not None and height is not None and weight.quantity.value / (height.quantity.value / 100) ** 2 >= 25
    )


def _reminder(facts: Facts, row: Mapping[str, Any]) -> Reminder:
    ways = row.get("any_of", (row,))
    found = [(when, sources, way["every_days"]) for way in ways for when, sources in _done(facts, way)]
    last, sources, every = max(found, key=_until, default=(None, (), row["every_days"]))
    until = last + timedelta(days=every) if last and every else None
    today = facts.now.date()
    status = "no_record" if last is None else "due" if until is not None and until <= today else "done"
    because = tuple(_condition_label(name) for name in row.get("conditions", ()) if has(facts, name))
    return Reminder(
        id=row["id"],
        kind=row["kind"],
        label=Label(row["en"], row["zh"]),
        status=status,
        last=last.isoformat() if last else "",
        next_due=until.isoformat() if until else "",
        region=row["region"],
        because=because,
        sources=sources,
        source=Citation(**row["source"]),
    )


def _until(found: tuple[date, tuple[Source, ...], int]) -> date:
    when, _, every = found
    return when + timedelta(days=every) if every else date.max


def _condition_label(name: str) -> Label:
    names = {
        "diabetes": "糖尿病",
        "hypertension": "高血压",
        "heart_failure": "心力衰竭",
        "copd": "慢性阻塞性肺疾病",
        "ckd": "慢性肾病",
        "liver_disease": "慢性肝病",
        "smoking": "吸烟",
    }
    return Label(name.replace("_", " "), names[name])


def _done(facts: Facts, way: Mapping[str, Any]) -> Iterator[tuple[date, tuple[Source, ...]]]:
    today = facts.now.date()
    for analyte in way.get("analytes", ()):
        for one in facts.series.get(analyte, ()):
            if one.age_days is not None:
                yield today - timedelta(days=int(one.age_days)), one.sources
    for codes, text, time, status, sources in _dated(facts):
        if status in _NOT_DONE or not _named(way, codes, text):
            continue
        when = parse_time(time)
        if when is not None and when.date() <= today:
            yield when.date(), sources


def _dated(facts: Facts) -> Iterator[tuple[tuple[Coding, ...], str, str, str, tuple[Source, ...]]]:
    for event in facts.record.events:
        yield event.codes, event.text, event.start, event.status, event.sources
    for seen in facts.record.observations:
        yield seen.codes, seen.text, seen.time, "", seen.sources


def _named(way: Mapping[str, Any], codes: Iterable[Coding], text: str) -> bool:
    if any(code.system.upper() == "LOINC" and code.code in way.get("loinc", ()) for code in codes):
        return True
    words, refuse = tuple(way.get("words", ())), tuple(way.get("not_words", ()))
    return bool(words and _pattern(words).search(text)) and not (refuse and _pattern(refuse).search(text))


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)
