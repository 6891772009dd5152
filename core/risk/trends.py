"""Laboratory trends: does a value differ from the one before by more than biology and the analyser explain?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from core.domain.basics import Citation, Label, Quantity, Source
from core.knowledge import analytes
from core.paths import RESOURCES
from core.risk.facts import Facts, Measurement

_Z_95_TWO_SIDED = 1.959964
_SAME_DAY = 0.5
_LONGEST_GAP_DAYS = 3 * 365


@dataclass(frozen=True, slots=True)
class Trend:
    """Two values of an analyte, newest last. `change` and `limits` are relative (0.2 is 20 %).

    `beyond` where the change leaves the reference change value; `worse` where it also goes the unwelcome way.
    """

    analyte: str
    label: Label
    before: Quantity
    before_time: str
    latest: Quantity
    latest_time: str
    change: float
    limits: tuple[float, float]
    beyond: bool
    worse: bool
    sources: tuple[Source, ...]
    source: Citation


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """`variation.yaml`."""
    path = RESOURCES / "knowledge" / "health" / "variation.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def reference_change(cv_i: float, cv_a: float) -> tuple[float, float]:
    """Limits of a change by chance, 95 % two-sided, as shares (fall, rise); variations in %.

    Log-normal, hence not symmetric (Fokkema et al., Clin Chem 2006;52:1602-1603).
    """
    spread = math.sqrt(2 * (math.log((cv_i / 100) ** 2 + 1) + math.log((cv_a / 100) ** 2 + 1)))
    return math.exp(-_Z_95_TWO_SIDED * spread) - 1, math.exp(_Z_95_TWO_SIDED * spread) - 1


def trends(facts: Facts) -> tuple[Trend, ...]:
    """One trend an analyte with two dated values at most three years apart; those that warn first."""
    return tuple(sorted(_all(facts), key=lambda t: (not (t.beyond and t.worse), not t.beyond)))


def _all(facts: Facts) -> Iterator[Trend]:
    for name, row in table()["analytes"].items():
        dated = [m for m in facts.series.get(name, ()) if m.age_days is not None]
        if len(dated) >= 2:
            pair = _pair(dated)
            if pair is not None:
                yield _trend(name, row, *pair)


def _pair(dated: list[Measurement]) -> tuple[Measurement, Measurement] | None:
    """The newest value and the one before it; values of the same half-day are one sample."""
    latest = dated[-1]
    for before in reversed(dated[:-1]):
        gap = (before.age_days or 0.0) - (latest.age_days or 0.0)
        if gap >= _SAME_DAY:
            return (before, latest) if gap <= _LONGEST_GAP_DAYS and before.quantity.value > 0 else None
    return None


def _trend(name: str, row: dict[str, Any], before: Measurement, latest: Measurement) -> Trend:
    change = latest.quantity.value / before.quantity.value - 1
    fall, rise = reference_change(row["cv_i"], row["cv_a"])
    beyond = not fall <= change <= rise
    unwelcome = row["worse"] == "both" or (row["worse"] == "up") == (change > 0)
    return Trend(
        analyte=name,
        label=analytes.load().by_id[name].label,
        before=before.quantity,
        before_time=before.time,
        latest=latest.quantity,
        latest_time=latest.time,
        change=change,
        limits=(fall, rise),
        beyond=beyond,
        worse=beyond and unwelcome,
        sources=before.sources + latest.sources,
        source=Citation(**table()["source"]),
    )
