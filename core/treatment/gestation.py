"""How far a pregnancy has gone, in completed weeks since the last period, from what is measured or stated with a date."""

import re
from collections.abc import Mapping
from datetime import datetime

from core.domain.basics import Source
from core.domain.record import Problem, Record
from core.treatment import labs, states
from core.treatment.labs import Measured

_LONGEST_WEEKS = 44.0
_CODE = re.compile(r"^Z3A\.(\d\d)$")
_WORDS = re.compile(r"\b(\d{1,2})\s*(?:\+\s*\d\s*)?(?:weeks?|wks?)\b|孕\s*(\d{1,2})\s*周", re.IGNORECASE)


def weeks(
    record: Record, measured: Mapping[str, Measured], present: Mapping[str, tuple[Source, ...]], now: datetime
) -> tuple[float, tuple[Source, ...]] | None:
    """Weeks at `now` with the sources, or None where no pregnancy is known or its age is not stated with a date.

    A value grows by the time since it was taken; beyond 44 weeks it belongs to an earlier pregnancy.
    """
    if "pregnancy" not in present:
        return None
    dated = [one for one in (_measured(measured), *(_stated(p, now) for p in record.problems)) if one is not None]
    fitting = [one for one in dated if one[1] <= _LONGEST_WEEKS]
    if not fitting:
        return None
    _, value, sources = min(fitting, key=lambda one: one[0])
    return value, sources


def _measured(measured: Mapping[str, Measured]) -> tuple[float, float, tuple[Source, ...]] | None:
    found = measured.get("gestation")
    if found is None or found.age_days is None:
        return None
    return found.age_days, found.value + found.age_days / 7, found.sources


def _stated(problem: Problem, now: datetime) -> tuple[float, float, tuple[Source, ...]] | None:
    """Weeks named by an entry of the problem list about this pregnancy: (days ago, weeks now, sources)."""
    when = labs.parse_time(problem.onset) if problem.onset else None
    if when is None or when > now or not states.states()["pregnancy"].named_by(problem.codes, problem.text):
        return None
    coded = next((int(m.group(1)) for c in problem.codes if (m := _CODE.match(c.code))), None)
    said = _WORDS.search(problem.text)
    value = coded if coded is not None else int(said.group(1) or said.group(2)) if said else None
    if value is None or not 1 <= value <= _LONGEST_WEEKS:
        return None
    days = (now - when).total_seconds() / 86400
    return days, value + days / 7, problem.sources


__all__ = ["weeks"]
