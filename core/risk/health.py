"""Health management: long-term risks, kidney stage, what is due, and laboratory trends that go beyond chance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.basics import Label
from core.domain.finding import Finding
from core.domain.record import Record
from core.risk import facts as known
from core.risk.autofill import filled
from core.risk.ckd import KidneyStage, stage, why_unknown
from core.risk.facts import Facts, by_rule, parse_time
from core.risk.reminders import Reminder, has, reminders, table
from core.risk.score import InputValue, ScoreResult, find
from core.risk.trends import Trend, trends

_PREVENTION = ("prevent_cvd", "prevent_ascvd", "prevent_heart_failure")
_KNOWN_DISEASE = Label(
    "Cardiovascular disease is known: risk is high without reckoning.", "已有心血管病：无需计算，属高风险。"
)
_DAYS_PER_YEAR = 365.2425


@dataclass(frozen=True, slots=True)
class Health:
    """The "Health" part of a case. `risks` name their missing inputs; `kidney` is None where it cannot be told."""

    risks: tuple[ScoreResult, ...]
    kidney: KidneyStage | None
    reminders: tuple[Reminder, ...]
    trends: tuple[Trend, ...]
    kidney_missing: Label = Label("")
    """What the kidney stage lacks."""


def health(record: Record, findings: tuple[Finding, ...], now: datetime, *, region: str = "") -> Health:
    """Everything at `now` (timezone-aware). `region`: European risk region of SCORE2 (low, moderate, high, very_high)."""
    facts = known.gather(record, findings, now)
    return Health(tuple(_risks(facts, region)), stage(facts), reminders(facts), trends(facts), why_unknown(facts))


def _risks(facts: Facts, region: str) -> Iterator[ScoreResult]:
    if facts.age is None:
        return
    disease = known.flag(facts, "atherosclerotic_disease")
    sick = disease is not None and disease.value
    if 30 <= facts.age < 80:
        for name in _PREVENTION:
            yield _unless(sick, _with_egfr(facts, filled(facts, find(name))))
    if 40 <= facts.age < 90:
        yield _unless(sick, _score2(facts, region))
    if facts.age >= 18 and not has(facts, "diabetes"):
        yield filled(facts, find("findrisc"))


def _unless(sick: bool, result: ScoreResult) -> ScoreResult:
    """The risk equations are for people without known disease."""
    if not sick:
        return result
    return replace(result, value=None, text=Label("—"), band=Label(""), missing=(), note=_KNOWN_DISEASE)


def _score2(facts: Facts, region: str) -> ScoreResult:
    """SCORE2, from 70 years SCORE2-OP, with diabetes before 70 SCORE2-Diabetes."""
    assert facts.age is not None
    more: dict[str, InputValue] = {"region": region} if region else {}
    if facts.age >= 70:
        return filled(facts, find("score2_op"), more)
    if not has(facts, "diabetes"):
        return filled(facts, find("score2"), more)
    since = _diabetes_since(facts)
    if since is not None:
        more["diabetes_since_age"] = since
    return _with_egfr(facts, filled(facts, find("score2_diabetes"), more), more)


def _diabetes_since(facts: Facts) -> float | None:
    """The age at the onset that the record states, in whole years; None where it states none."""
    stated = by_rule(facts, table()["conditions"]["diabetes"])
    onset = parse_time(stated.time) if stated is not None and stated.value and stated.time else None
    if onset is None or facts.age is None:
        return None
    return float(int(facts.age - (facts.now - onset).days / _DAYS_PER_YEAR))


def _with_egfr(facts: Facts, result: ScoreResult, more: Mapping[str, InputValue] | None = None) -> ScoreResult:
    """eGFR from the newest creatinine where the record does not state one."""
    if result.value is not None or not any(label.en == "eGFR" for label in result.missing):
        return result
    kidney = filled(facts, find("ckd_epi_2021"))
    if kidney.value is None:
        return result
    again = filled(facts, find(result.score_id), {**(more or {}), "egfr": min(kidney.value, 200.0)})
    sources = {used.id: used for used in kidney.inputs}["creatinine"]
    fixed = tuple(
        replace(used, time=sources.time, sources=sources.sources) if used.id == "egfr" else used
        for used in again.inputs
    )
    return replace(again, inputs=fixed)
