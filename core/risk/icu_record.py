"""A record's first 48 hours of intensive care as a stay that the mortality model reads."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from core.domain.age import age_years
from core.domain.record import Event, Observation, Record, Sex
from core.errors import UserError
from core.inference.icu_features import table
from core.inference.icu_stay import HOURS, Stay, statics, stay_of
from core.knowledge.units import convert, ucum
from core.risk.facts import parse_time

_INTENSIVE = re.compile(r"intensive care|critical care|\bicu\b|\bccu\b|重症监护|重症医学", re.IGNORECASE)
_VENTILATED = re.compile(r"mechanical(ly)? ventilat|invasive ventilat|artificial respiration|机械通气", re.IGNORECASE)
_PRESSURES = {"SBP": "NISysABP", "DBP": "NIDiasABP", "MBP": "NIMAP"}
_HEIGHT = ("8302-2",)

Raw = dict[str, list[tuple[int, float]]]


def stay_from(record: Record, *, admitted: str = "", unit: str = "") -> Stay:
    """The stay that began at `admitted` (ISO 8601), or with the newest encounter in intensive care.

    `unit`: coronary, cardiac_surgery, medical or surgical. UserError where the beginning or the unit is not known.
    """
    start = parse_time(admitted) if admitted else _beginning(record)
    if start is None:
        raise UserError(
            f"{admitted!r} is not a time." if admitted else "The record names no encounter in intensive care.",
            "Say when it began: --admitted 2026-01-31T14:00.",
        )
    if not unit:
        raise UserError("The kind of intensive-care unit is not in a record.", "Name it: --unit medical.")
    patient = record.patient
    male = {Sex.MALE: True, Sex.FEMALE: False}.get(patient.sex)
    known = statics(age_years(patient, start.date()), male, _height(record), unit)
    return stay_of("record", known, _channels(record, start))


def _beginning(record: Record) -> datetime | None:
    times = [parse_time(e.start) for e in record.events if e.kind == "encounter" and _INTENSIVE.search(e.text)]
    return max((t for t in times if t is not None), default=None)


def _height(record: Record) -> float | None:
    found = [o for o in record.observations if any(c.code in _HEIGHT for c in o.codes) and o.value is not None]
    values = [convert(o.value.value, ucum(o.value.unit) or o.value.unit, "cm", None) for o in found if o.value]
    return next((v for v in reversed(values) if v is not None), None)


def _channels(record: Record, start: datetime) -> Raw:
    raw: Raw = {}
    by_code = {code: name for name, spec in table()["channels"].items() for code in spec.get("loinc", ())}
    for seen in record.observations:
        name = next((by_code[c.code] for c in seen.codes if c.system.upper() == "LOINC" and c.code in by_code), "")
        found = _value(seen, name, start) if name else None
        if found is not None:
            raw.setdefault(_PRESSURES.get(name, name), []).append(found)
    for event in record.events:
        for minute in _ventilated(event, start):
            raw.setdefault("MechVent", []).append((minute, 1.0))
    return raw


def _value(seen: Observation, name: str, start: datetime) -> tuple[int, float] | None:
    """(minute, value in the model's unit); None outside the 48 hours, without a number, or in an unknown unit."""
    minute, spec = _minute(seen.time, start), table()["channels"][name]
    if minute is None or seen.value is None or seen.value.comparator:
        return None
    value = convert(seen.value.value, ucum(seen.value.unit) or seen.value.unit, spec["unit"], spec.get("molar_mass"))
    if value is None and name == "Urine":
        value = {"mL": 1.0, "ml": 1.0, "L": 1000.0}.get(seen.value.unit, 0.0) * seen.value.value or None
    return None if value is None else (minute, value / spec.get("per", 1))


def _minute(time: str, start: datetime) -> int | None:
    when = parse_time(time)
    if when is None or len(time.strip()) <= len("2026-01-31"):  # a day is not enough
        return None
    minute = int((when - start).total_seconds() // 60)
    return minute if 0 <= minute <= HOURS * 60 else None


def _ventilated(event: Event, start: datetime) -> Iterator[int]:
    """One mark an hour, as charts have it."""
    begin, end = parse_time(event.start), parse_time(event.end)
    if begin is None or not _VENTILATED.search(event.text):
        return
    at, stop = begin, min(end or begin, start + timedelta(hours=HOURS))
    while at <= stop:
        minute = int((at - start).total_seconds() // 60)
        if 0 <= minute <= HOURS * 60:
            yield minute
        at += timedelta(hours=1)
