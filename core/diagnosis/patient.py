"""What age, sex, pregnancy, onset and duration say: one evidence item each, shown like any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.observations import Observation
from core.diagnosis.settings import Settings
from core.domain.age import age_years
from core.domain.basics import Label
from core.domain.finding import Origin
from core.domain.record import Patient, Sex
from core.knowledge.condition_tables import Tables

Array = NDArray[np.float64]
IMPOSSIBLE = -8.0
_PREGNANT = ("pregnancy", "pregnant", "currently_pregnant")
_MIN_SIGMA = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One piece of evidence that is no vocabulary finding: `weights` (conditions,) in nats."""

    code: str
    label: Label
    origin: Origin
    weights: Array
    finding_id: str
    detail: str = ""


def items(
    tables: Tables,
    settings: Settings,
    patient: Patient,
    now: datetime,
    observations: Sequence[Observation],
    duration: tuple[float, int] | None,
) -> tuple[Item, ...]:
    """Only what is known; an unknown age or sex adds no item."""
    found: list[Item] = []
    age = age_years(patient, now.date())
    if age is not None:
        found.append(_item("age", Label("Age", "年龄"), age_weights(tables, age), f"{age:.0f}"))
    if patient.sex in {Sex.FEMALE, Sex.MALE}:
        found.append(_item("sex", Label("Sex", "性别"), _sex(tables, patient.sex), patient.sex.value))
    pregnant = next((o for o in observations if o.present and tables.findings[o.index].id in _PREGNANT), None)
    if pregnant is not None:
        weights = _logs([c.prevalence.pregnant for c in tables.conditions])
        found.append(_item("pregnancy_prior", Label("Pregnancy (prior)", "妊娠（先验）"), weights, "", pregnant))
    if duration is not None:
        length, position = duration
        seen = observations[position]
        weights = duration_weights(tables, settings, length)
        found.append(_item("duration", Label("Duration", "病程"), weights, f"{length:g} d", seen))
    return tuple(found)


def _item(code: str, label: Label, weights: Array, detail: str, seen: Observation | None = None) -> Item:
    if seen is None:
        return Item(code, label, Origin.DEMOGRAPHIC, weights, f"patient.{code}", detail)
    return Item(code, label, seen.finding.origin, weights, f"{seen.finding.id}#{code}", detail)


def age_weights(tables: Tables, age: float) -> Array:
    """Log age factors, interpolated over 10 % of the age beside a bound so that one birthday changes little."""
    return _logs([_age_factor(c.prevalence.age, age) for c in tables.conditions])


def _age_factor(bands: tuple[tuple[float, float], ...], age: float) -> float:
    """The band's factor, blended with the neighbours' over 10 % of the age around each bound."""
    width = 0.1 * age + 0.02
    lows = [low for low, _ in bands] + [200.0]
    total = 0.0
    for (low, factor), high in zip(bands, lows[1:], strict=True):
        covered = min(high, age + width) - max(low, age - width)
        total += factor * max(0.0, covered)
    start = max(0.0, age - width)
    return total / max(1e-9, min(200.0, age + width) - start)


def _sex(tables: Tables, sex: Sex) -> Array:
    female = sex is Sex.FEMALE
    return _logs([c.prevalence.female if female else c.prevalence.male for c in tables.conditions])


def _logs(factors: list[float]) -> Array:
    values = np.array(factors, np.float64)
    return cast(Array, np.where(values > 0, np.log(np.maximum(values, np.exp(IMPOSSIBLE))), IMPOSSIBLE))


def duration_weights(tables: Tables, settings: Settings, length: float) -> Array:
    """Log-normal density of the condition's days against everyone's, limited to `duration_limit`."""
    shortest, median, spread = settings.duration_background
    x = np.log(max(length, shortest))
    low, high = (np.log([c.course.days[i] for c in tables.conditions]) for i in (0, 1))
    mean, sigma = (low + high) / 2, np.maximum((high - low) / 3.29, _MIN_SIGMA)
    own = np.exp(-0.5 * ((x - mean) / sigma) ** 2) / sigma
    average = np.exp(-0.5 * ((x - np.log(median)) / spread) ** 2) / spread
    ratio = np.log(0.9 * own + 0.1 * average) - np.log(average)
    return cast(Array, np.clip(ratio, -settings.duration_limit, settings.duration_limit))
