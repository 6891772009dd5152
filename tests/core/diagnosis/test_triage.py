"""Levels of care: on invented lists, and on 45 short vignettes of our own (SYNTHETIC), fifteen of each level."""

from pathlib import Path

import pytest

from core.diagnosis import triage
from core.domain.assessment import Hypothesis, RedFlag, Urgency
from core.domain.basics import Citation, Label
from core.knowledge import condition_tables
from core.verbs import evaluate_vignettes
from tests.core.diagnosis.world import absent, finding

_FILE = Path(__file__).parent / "triage_vignettes.jsonl"


def _list(**beliefs: float) -> list[Hypothesis]:
    return [
        Hypothesis(name, Label(name), (), "common", p, (0.0, 1.0), 0.0, 0.0, urgency=Urgency(name))
        for name, p in beliefs.items()
    ]


def test_own_vignettes_reach_the_level_they_were_written_for() -> None:
    result = evaluate_vignettes.evaluate(evaluate_vignettes.read(_FILE))
    assert result["urgency_n"] == 45
    assert result["urgency_accuracy"] >= 0.85
    assert result["emergency_accuracy"] >= 0.9
    assert result["emergencies_rated_self_care"] == 0


def test_a_possible_emergency_counts_though_it_does_not_lead() -> None:
    assert triage.urgency(_list(self_care=0.7, emergency=0.3), ()) is Urgency.EMERGENCY
    assert triage.urgency(_list(self_care=0.93, emergency=0.07), ()) is not Urgency.SELF_CARE
    assert triage.urgency(_list(self_care=0.96, routine=0.04), ()) is Urgency.SELF_CARE


def test_alarm_findings_and_flags_rule_out_staying_at_home() -> None:
    harmless = _list(self_care=1.0)
    flag = RedFlag("x", Label("x"), Label("x"), Urgency.URGENT, (), Citation("x"))
    assert triage.urgency(harmless, (), alarm=True) is Urgency.ROUTINE
    assert triage.urgency(harmless, (flag,)) is Urgency.URGENT
    assert triage.urgency([], ()) is None


def test_an_alarm_is_a_present_finding_or_a_kind_of_one() -> None:
    tables = condition_tables.load()
    assert triage.alarming([finding("drooling")], tables)
    assert triage.alarming([finding("exertional_dyspnea")], tables)
    assert not triage.alarming([absent("drooling"), finding("sneezing")], tables)
    assert triage.costs().never_home_with <= set(tables.finding_index)


def test_costs_are_zero_where_right_and_dearest_where_dangerous() -> None:
    cost = triage.costs().cost
    assert all(cost[level][level] == 0 for level in Urgency)
    assert max(c for row in cost.values() for c in row.values()) == cost[Urgency.EMERGENCY][Urgency.SELF_CARE]


@pytest.mark.parametrize(
    ("stated", "level"),
    [
        ("Emergent care", Urgency.EMERGENCY),
        ("emergency", Urgency.EMERGENCY),
        ("Non-emergent care reasonable", Urgency.ROUTINE),
        ("nonemergent", Urgency.ROUTINE),
        ("Self-care reasonable", Urgency.SELF_CARE),
        ("self_care", Urgency.SELF_CARE),
        ("See a doctor", Urgency.ROUTINE),
        ("urgent", Urgency.URGENT),
        ("non-urgent", Urgency.ROUTINE),
        ("", None),
    ],
)
def test_spellings_of_the_levels(stated: str, level: Urgency | None) -> None:
    assert evaluate_vignettes.level(stated) is level
