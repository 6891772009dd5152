"""Kidney disease: KDIGO stage, risk by the grid, whether it has lasted, and its course."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from core.domain.basics import Citation, Label, Source
from core.domain.record import Sex
from core.paths import RESOURCES
from core.risk.facts import Facts, Measurement
from core.risk.scores.kidney import ckd_epi_2021

_ADULT = 18
_ACR_DAYS = 730
_NEWEST_DAYS = 730
_YEAR = 365.25
_LEAST_POINTS = 3
_LEAST_SPAN_DAYS = 180


@dataclass(frozen=True, slots=True)
class KidneyStage:
    """Where the kidneys stand. `albuminuria` and `risk` are empty without an albumin to creatinine ratio.

    `lasting`: the same side of 60 for 90 days (True, False), None where earlier values are missing.
    `slope_per_year`: mL/min/1.73 m2, None under three values or half a year; `rapid` below -5 a year.
    """

    egfr: float
    time: str
    filtration: str
    albuminuria: str
    risk: Label
    lasting: bool | None
    slope_per_year: float | None
    rapid: bool
    course: tuple[tuple[str, float], ...]
    sources: tuple[Source, ...]
    source: Citation
    stated: bool = False
    """True where the laboratory's eGFR was taken, since it could not be reckoned from a creatinine."""


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """`ckd.yaml`."""
    path = RESOURCES / "knowledge" / "health" / "ckd.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def stage(facts: Facts) -> KidneyStage | None:
    """The stage of an adult by the newest creatinine, or by a stated eGFR; None otherwise (`why_unknown` says why)."""
    course = _newest_course(facts)
    if not course:
        return None
    newest, egfr = course[-1]
    filtration = _below(table()["filtration"], egfr)
    acr = facts.newest("urine_acr", _ACR_DAYS)
    albuminuria = _below(table()["albuminuria"], acr.quantity.value) if acr else ""
    slope = _slope(course)
    return KidneyStage(
        egfr=egfr,
        time=newest.time,
        filtration=filtration,
        albuminuria=albuminuria,
        risk=_risk(filtration, albuminuria),
        lasting=_lasting(course),
        slope_per_year=slope,
        rapid=slope is not None and slope < -table()["rapid_loss_per_year"],
        course=tuple((m.time, round(value, 1)) for m, value in course),
        sources=newest.sources + (acr.sources if acr else ()),
        source=Citation(**table()["source"]),
        stated=newest.analyte == "egfr",
    )


def why_unknown(facts: Facts) -> Label:
    """What `stage` lacks; empty where there is a stage."""
    if _newest_course(facts):
        return Label("")
    if facts.age is None:
        return Label("the age is not known", "年龄未知")
    if facts.age < _ADULT:
        return Label("the stages by CKD-EPI are for adults", "CKD-EPI分期仅适用于成人")
    if not facts.series.get("creatinine") and not facts.series.get("egfr"):
        return Label("no creatinine or eGFR", "无肌酐或eGFR")
    if facts.series.get("creatinine") and facts.sex not in (Sex.FEMALE, Sex.MALE):
        return Label("the sex is not known, and no eGFR is stated", "性别未知，且未给出eGFR")
    return Label("no creatinine or eGFR of the last two years", "近两年无肌酐或eGFR")


def _newest_course(facts: Facts) -> list[tuple[Measurement, float]]:
    """The course by creatinine, or by stated eGFR where that is what there is; empty where it is older than two years."""
    for course in (_course(facts), _stated(facts)):
        newest = course[-1][0].age_days if course else None
        if newest is not None and newest <= _NEWEST_DAYS:
            return course
    return []


def _stated(facts: Facts) -> list[tuple[Measurement, float]]:
    """Dated eGFR as the laboratory stated it, of an adult."""
    if facts.age is None:
        return []
    dated = [m for m in facts.series.get("egfr", ()) if m.age_days is not None]
    return [(m, m.quantity.value) for m in dated if facts.age - (m.age_days or 0.0) / _YEAR >= _ADULT]


def _course(facts: Facts) -> list[tuple[Measurement, float]]:
    """eGFR at each dated creatinine, with the age the patient had then."""
    if facts.age is None or facts.sex not in (Sex.FEMALE, Sex.MALE):
        return []
    found = []
    for one in facts.series.get("creatinine", ()):
        if one.age_days is None:
            continue
        age = facts.age - one.age_days / _YEAR
        creatinine = _mg_dl(one)
        if age >= _ADULT and creatinine > 0:
            found.append((one, ckd_epi_2021(age=age, creatinine=creatinine, sex=facts.sex.value)))
    return found


def _mg_dl(one: Measurement) -> float:
    return one.quantity.value / 88.4 if one.quantity.unit == "umol/L" else one.quantity.value


def _below(rows: list[list[Any]], value: float) -> str:
    return next((str(name) for limit, name in rows if value < limit), "")


def _risk(filtration: str, albuminuria: str) -> Label:
    if not albuminuria:
        return Label("")
    row = table()["labels"][table()["risk"][filtration][int(albuminuria[1]) - 1]]
    return Label(row["en"], row["zh"])


def _lasting(course: list[tuple[Measurement, float]]) -> bool | None:
    newest, value = course[-1]
    limit = (newest.age_days or 0.0) + table()["chronic_days"]
    earlier = [egfr for one, egfr in course if (one.age_days or 0.0) >= limit]
    return None if not earlier else (earlier[-1] < 60) == (value < 60)


def _slope(course: list[tuple[Measurement, float]]) -> float | None:
    """Least squares over all values."""
    times = [-(one.age_days or 0.0) / _YEAR for one, _ in course]
    if len(course) < _LEAST_POINTS or (times[-1] - times[0]) * _YEAR < _LEAST_SPAN_DAYS:
        return None
    values = [value for _, value in course]
    mean_t, mean_v = sum(times) / len(times), sum(values) / len(values)
    square = sum((t - mean_t) ** 2 for t in times)
    return sum((t - mean_t) * (v - mean_v) for t, v in zip(times, values, strict=True)) / square
