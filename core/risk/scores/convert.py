"""Doses into equivalents: glucocorticoids and opioids. The factors are data (`resources/knowledge/scores/doses.yaml`)."""

from functools import lru_cache
from typing import Any

import yaml

from core.paths import RESOURCES


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """The two tables with their sources."""
    path = RESOURCES / "knowledge" / "scores" / "doses.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def steroid_equivalent(*, steroid: str, dose_mg: float, target_steroid: str) -> float:
    """mg of `target_steroid` as strong as `dose_mg` of `steroid` (glucocorticoid potency, not duration or salt)."""
    equal = tables()["steroids"]["equal_doses_mg"]
    return float(dose_mg / equal[steroid] * equal[target_steroid])


def morphine_equivalents(**daily: float | None) -> dict[str, float] | None:
    """Milligrams of oral morphine a day, by opioid; each input is the daily dose of that opioid in its stated unit.

    None where no opioid is given at all: nothing was measured, which is not the same as none taken.
    """
    factors = tables()["opioids"]["factors"]
    given = {name: dose * factors[name] for name, dose in daily.items() if dose is not None}
    return given or None
