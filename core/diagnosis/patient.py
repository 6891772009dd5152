"""What age, sex, place, season, pregnancy, onset and duration say: one evidence item each, shown like any other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import surroundings
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
_OLDEST = 200.0


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One piece of evidence that is no vocabulary finding: `weights` (conditions,) in nats. `named`: its label for a row
    where that differs from condition to condition."""

    code: str
    label: Label
    origin: Origin
    weights: Array
    finding_id: str
    detail: str = ""
    named: Callable[[int], Label] | None = None


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
        found.append(_item("age", Label("Age", "年龄"), settings.age_weight * age_weights(tables, age), f"{age:.0f}"))
    if patient.sex in {Sex.FEMALE, Sex.MALE}:
        found.append(_item("sex", Label("Sex", "性别"), _sex(tables, patient.sex), patient.sex.value))
    found += _surroundings(tables, patient.place, now)
    pregnant = next((o for o in observations if o.present and tables.findings[o.index].id in _PREGNANT), None)
    if pregnant is not None:
        listed = tables.written_of(pregnant.index)  # it counts there already
        weights = np.where(listed, 0.0, _logs([c.prevalence.pregnant for c in tables.conditions]))
        found.append(_item("pregnancy_prior", Label("Pregnancy (prior)", "妊娠（先验）"), weights, "", pregnant))
    if duration is not None:
        length, position = duration
        seen = observations[position]
        weights = duration_weights(tables, settings, length)
        found.append(_item("duration", Label("Duration", "病程"), weights, f"{length:g} d", seen))
    return tuple(found)


def _surroundings(tables: Tables, name: str, now: datetime) -> list[Item]:
    """Nothing where the place is not known; no season where its climate has none."""
    place = surroundings.load().place(name)
    if place is None:
        return []
    where = surroundings.place_weights(tables, place)
    found = [_item("place", Label(f"Place: {place.label.en}", f"地区：{place.label.zh}"), where, "")]
    if place.climate != "none":
        month = surroundings.season_weights(tables, place, now.month + (now.day - 15) / 30)
        found.append(_item("season", Label("Time of year", "季节"), month, f"{now:%Y-%m}"))
    return found


def _item(code: str, label: Label, weights: Array, detail: str, seen: Observation | None = None) -> Item:
    if seen is None:
        return Item(code, label, Origin.DEMOGRAPHIC, weights, f"patient.{code}", detail)
    return Item(code, label, seen.finding.origin, weights, f"{seen.finding.id}#{code}", detail)


def age_weights(tables: Tables, age: float) -> Array:
    """Log age factors, blended with the neighbour's over 10 % of the age around a bound: one birthday changes little."""
    lows, highs, factors = _bands(tables)
    width = 0.1 * age + 0.02
    start = max(0.0, age - width)
    covered = np.maximum(0.0, np.minimum(highs, age + width) - np.maximum(lows, start))
    return _logs((factors * covered).sum(axis=1) / (min(_OLDEST, age + width) - start))


@lru_cache(maxsize=4)
def _bands(tables: Tables) -> tuple[Array, Array, Array]:
    """Lower bounds, upper bounds and factors of the age bands, (conditions, bands), padded with empty bands."""
    widest = max((len(c.prevalence.age) for c in tables.conditions), default=1)
    lows = np.full((len(tables.conditions), widest), _OLDEST)
    highs, factors = lows.copy(), np.zeros_like(lows)
    for row, condition in enumerate(tables.conditions):
        bounds = [low for low, _ in condition.prevalence.age]
        lows[row, : len(bounds)] = bounds
        highs[row, : len(bounds)] = [*bounds[1:], _OLDEST]
        factors[row, : len(bounds)] = [factor for _, factor in condition.prevalence.age]
    return lows, highs, factors


def _sex(tables: Tables, sex: Sex) -> Array:
    female = sex is Sex.FEMALE
    return _logs([c.prevalence.female if female else c.prevalence.male for c in tables.conditions])


def _logs(factors: list[float] | Array) -> Array:
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
