"""How soon to be seen: the level of care of least expected cost over the differential, and never less than a red flag says.

Costs (`resources/knowledge/diagnosis/triage.yaml`) make a sent-home emergency forty times as bad as a needless wait, so an
emergency that is merely possible counts, not only the first of the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.diagnosis.observations import observe
from core.domain.assessment import Hypothesis, RedFlag, Urgency
from core.domain.finding import Finding
from core.knowledge.condition_tables import Tables
from core.knowledge.conditions import read_yaml
from core.paths import RESOURCES

_PATH = RESOURCES / "knowledge" / "diagnosis" / "triage.yaml"
_LEVELS = tuple(Urgency)


@dataclass(frozen=True, slots=True)
class Costs:
    """`cost[needed][advised]`; the others as in the file."""

    cost: dict[Urgency, dict[Urgency, float]]
    never_home_above: float
    none_of_these: Urgency
    never_home_with: frozenset[str]


@lru_cache(maxsize=1)
def costs() -> Costs:
    """The shipped costs."""
    raw: dict[str, Any] = read_yaml(_PATH)
    table = {Urgency(k): {Urgency(a): float(c) for a, c in row.items()} for k, row in raw["cost"].items()}
    return Costs(
        table, float(raw["never_home_above"]), Urgency(raw["none_of_these"]), frozenset(raw["never_home_with"])
    )


def needed(hypotheses: Sequence[Hypothesis], none_of_these: float = 0.0) -> dict[Urgency, float]:
    """Belief in each level of care (sums to 1 where anything is believed)."""
    mass = dict.fromkeys(_LEVELS, 0.0)
    for hypothesis in hypotheses:
        mass[hypothesis.urgency] += hypothesis.probability
    mass[costs().none_of_these] += none_of_these
    total = sum(mass.values())
    return {level: m / total for level, m in mass.items()} if total else mass


def alarming(findings: Sequence[Finding], tables: Tables) -> bool:
    """Whether one of the general alarm findings, or a kind of one, is present."""
    seen = [o.index for o in observe(findings, tables) if o.present]
    present = {tables.findings[i].id for index in seen for i in (index, *tables.ancestors[index])}
    return bool(present & costs().never_home_with)


def urgency(
    hypotheses: Sequence[Hypothesis],
    flags: Sequence[RedFlag],
    none_of_these: float = 0.0,
    *,
    alarm: bool = False,
) -> Urgency | None:
    """The level of least expected cost, at least what a red flag says. None without hypotheses and flags.

    A red flag, an alarm finding, and belief in emergencies above the file's limit rule out self-care.
    """
    flagged = min((flag.urgency for flag in flags), key=_LEVELS.index, default=None)
    if flagged is Urgency.EMERGENCY or not hypotheses:
        return flagged
    belief, table = needed(hypotheses, none_of_these), costs()
    expected = {a: sum(belief[n] * table.cost[n][a] for n in _LEVELS) for a in _LEVELS}
    if flags or alarm or belief[Urgency.EMERGENCY] >= table.never_home_above:
        del expected[Urgency.SELF_CARE]
    advised = min(expected, key=lambda level: expected[level])
    return advised if flagged is None else min(advised, flagged, key=_LEVELS.index)
