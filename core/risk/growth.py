"""Growth of children: z-scores and centile curves of the WHO standards and the CDC charts, chosen by age.

Measurements are compared with an LMS table (Cole, Stat Med 1992;11:1305-1319): z = ((x / M)^L - 1) / (L S), and
z = ln(x / M) / S where L is 0. WHO restricts z of weight and BMI beyond +-3 (WHO Child Growth Standards, Methods, 2006,
chapter 7): from there on it grows by the distance between the second and the third SD.
"""

import json
import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from core.domain.basics import Citation, Label, Source
from core.domain.record import Observation, Record, Sex
from core.knowledge.units import convert
from core.paths import RESOURCES

MEASURES = ("height", "weight", "bmi", "head_circumference")
LABELS = {
    "height": Label("Length / height", "身长/身高"),
    "weight": Label("Weight", "体重"),
    "bmi": Label("BMI", "体质指数"),
    "head_circumference": Label("Head circumference", "头围"),
}
CENTILES = (0.4, 2.0, 15.0, 50.0, 85.0, 98.0, 99.6)
"""Centiles drawn: about -2.67, -2, -1, 0, +1, +2, +2.67 standard deviations."""
OLDEST_MONTHS = 240.0
CDC_FROM_MONTHS = 24.0
MONTH_DAYS = 30.4375
_RESTRICTED = ("weight", "bmi")
_LOINC = {
    "height": frozenset({"8302-2", "8306-3", "8308-9", "3137-7"}),
    "weight": frozenset({"29463-7", "3141-9", "8335-2", "3142-7"}),
    "bmi": frozenset({"39156-5"}),
    "head_circumference": frozenset({"9843-4", "8287-5"}),
}


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement: age in months, value in the table's unit, z-score and centile (None outside the table)."""

    age_months: float
    value: float
    z: float | None
    centile: float | None
    time: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """A chart: points oldest first, and the centile curves over the ages shown: (centile, ((months, value), ...))."""

    measure: str
    label: Label
    unit: str
    standard: str
    standard_label: Label
    points: tuple[Point, ...]
    curves: tuple[tuple[float, tuple[tuple[float, float], ...]], ...]
    source: Citation
    note: str


@cache
def table() -> dict[str, Any]:
    """`growth.json`."""
    found: dict[str, Any] = json.loads((RESOURCES / "knowledge" / "health" / "growth.json").read_text("utf-8"))
    return found


def standard_for(age_months: float) -> str:
    """WHO below two years, CDC from then on (the CDC's and AAP's advice of 2010); WHO can be chosen at any age."""
    return "who" if age_months < CDC_FROM_MONTHS else "cdc"


def lms(standard: str, measure: str, sex: Sex, age_months: float) -> tuple[float, float, float] | None:
    """(L, M, S) between the table's ages by straight lines; None where the table does not reach or the sex is not known."""
    rows = _rows(standard, measure, sex)
    if not rows or not rows[0][0] <= age_months <= rows[-1][0]:
        return None
    at = bisect_right(rows, age_months, key=lambda r: r[0])
    left, right = rows[at - 1], rows[min(at, len(rows) - 1)]
    share = (age_months - left[0]) / (right[0] - left[0]) if right[0] > left[0] else 0.0
    low, middle, spread = (a + share * (b - a) for a, b in zip(left[1:], right[1:], strict=True))
    return low, middle, spread


def _rows(standard: str, measure: str, sex: Sex) -> list[list[float]]:
    measures = table()["standards"][standard]["measures"]
    found: list[list[float]] = measures.get(measure, {}).get(sex.value, [])
    return found


def value_at(z: float, l_m_s: tuple[float, float, float]) -> float:
    """The value of a z-score (inverse LMS), in the table's unit."""
    power, middle, spread = l_m_s
    if abs(power) < 1e-9:
        return middle * math.exp(spread * z)
    base = 1.0 + power * spread * z
    return middle * math.pow(base, 1.0 / power) if base > 0 else math.nan


def z_score(standard: str, measure: str, sex: Sex, age_months: float, value: float) -> float | None:
    """How many standard deviations a value lies from the median of its age and sex; None where there is no table."""
    found = lms(standard, measure, sex, age_months)
    if found is None or value <= 0:
        return None
    power, middle, spread = found
    plain = (
        math.log(value / middle) / spread if abs(power) < 1e-9 else ((value / middle) ** power - 1) / (power * spread)
    )
    if standard != "who" or measure not in _RESTRICTED or abs(plain) <= 3:
        return plain
    sign = 1.0 if plain > 0 else -1.0
    third, second = value_at(3 * sign, found), value_at(2 * sign, found)
    return sign * (3.0 + abs(value - third) / abs(third - second))


def centile(z: float) -> float:
    """The share of children below, in percent."""
    return 50.0 * (1.0 + math.erf(z / math.sqrt(2.0)))


def _z_of(share: float) -> float:
    """z of a centile in percent, by bisection of `centile`."""
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if centile(middle) < share else (low, middle)
    return (low + high) / 2


def charts(record: Record, standard: str = "") -> tuple[Growth, ...]:
    """A chart for each measure that was taken in childhood, by default against the standard of the age last measured at.

    Empty without a birth date or a sex: both decide the curve.
    """
    patient = record.patient
    if patient.birth_date is None or patient.sex not in (Sex.FEMALE, Sex.MALE):
        return ()
    made = (_chart(measure, record, standard) for measure in MEASURES)
    return tuple(chart for chart in made if chart is not None)


def _chart(measure: str, record: Record, standard: str) -> Growth | None:
    patient = record.patient
    taken = _measured(measure, record)
    if not taken:
        return None
    standard = standard or standard_for(taken[-1][0])
    rows = _rows(standard, measure, patient.sex)
    if not rows:
        return None
    low, high = max(rows[0][0], 0.6 * taken[0][0] - 3), min(rows[-1][0], 1.15 * taken[-1][0] + 12)
    if low >= high:
        return None
    entry = table()["standards"][standard]
    ages = [low + (high - low) * i / 80 for i in range(81)]
    curves = tuple((c, _curve(standard, measure, patient.sex, ages, _z_of(c))) for c in CENTILES)
    points = tuple(_point(standard, measure, patient.sex, *one) for one in taken)
    cite = entry["source"]
    return Growth(
        measure, LABELS[measure], table()["units"][measure], standard, Label(entry["en"], entry["zh"]), points, curves,
        Citation(cite["title"], cite["year"]), entry["note"],
    )  # fmt: skip


def _curve(standard: str, measure: str, sex: Sex, ages: list[float], z: float) -> tuple[tuple[float, float], ...]:
    found = ((age, lms(standard, measure, sex, age)) for age in ages)
    return tuple((age, value_at(z, one)) for age, one in found if one is not None)


def _measured(measure: str, record: Record) -> list[tuple[float, float, Observation]]:
    """(age in months, value in the table's unit, observation), oldest first."""
    made = []
    for observation in record.observations:
        taken, value = _day(observation.time), _value(measure, observation)
        if taken is not None and value is not None and record.patient.birth_date is not None:
            age = (taken - record.patient.birth_date).days / MONTH_DAYS
            if 0 <= age <= OLDEST_MONTHS:
                made.append((age, value, observation))
    return sorted(made, key=lambda m: m[0])


def _point(standard: str, measure: str, sex: Sex, age: float, value: float, observation: Observation) -> Point:
    z = z_score(standard, measure, sex, age, value)
    share = centile(z) if z is not None else None
    return Point(age, value, z, share, observation.time, observation.sources)


def _value(measure: str, observation: Observation) -> float | None:
    if observation.value is None or observation.value.comparator:
        return None
    if not any(c.system == "LOINC" and c.code in _LOINC[measure] for c in observation.codes):
        return None
    return convert(observation.value.value, observation.value.unit, table()["units"][measure])


def _day(time: str) -> date | None:
    try:
        return date.fromisoformat(time[:10])
    except ValueError:
        return None
