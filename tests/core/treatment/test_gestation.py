"""Weeks of pregnancy: measured or stated with a date, grown by the time since; where not known, asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.basics import Coding
from core.domain.plan import Alert, Tier
from core.domain.record import Problem, Record, Sex
from core.treatment.check import check_medicines
from core.treatment.context import gather
from tests.core.treatment.build import NOW, SOURCE, Setting, lab


def pregnant(weeks: float | None = None, days: float = 0) -> Record:
    setting = Setting(age=30, sex=Sex.FEMALE, states=["pregnancy"])
    record = setting.record()
    return replace(record, observations=(lab("gestation", weeks, days=days, unit="wk"),)) if weeks else record


def stated(text: str, code: str, days: float) -> Record:
    onset = (NOW - timedelta(days=days)).date().isoformat()
    one = Problem("p", (Coding("ICD-10", code),), text, (SOURCE,), status="active", onset=onset)
    return replace(Setting(age=30, sex=Sex.FEMALE).record(), problems=(one,))


def alert(record: Record, order: str, rule: str) -> Alert | None:
    found = check_medicines(record, (), (order,), NOW)
    return next((a for a in found if a.rule_id == rule), None)


def test_weeks_grow_with_the_time_since_they_were_measured() -> None:
    assert gather(pregnant(20, days=28), (), NOW).weeks == pytest.approx(24)
    assert gather(pregnant(), (), NOW).weeks is None
    assert gather(pregnant(40, days=60), (), NOW).weeks is None


@pytest.mark.parametrize(("text", "code"), [("Pregnancy, 28 weeks", "Z34"), ("孕28周", "Z34"), ("pregnancy", "Z3A.28")])
def test_weeks_stated_in_the_problem_list_need_a_date(text: str, code: str) -> None:
    record = stated(text, code, days=14)
    assert gather(record, (), NOW).weeks == pytest.approx(30, abs=0.2)
    undated = replace(record, problems=(replace(record.problems[0], onset=""),))
    assert gather(undated, (), NOW).weeks is None


@pytest.mark.parametrize(
    ("weeks", "tier"), [(12, Tier.INFO), (24, Tier.CAUTION), (33, Tier.STOP), (None, Tier.CAUTION)]
)
def test_nsaid_by_trimester(weeks: float | None, tier: Tier) -> None:
    found = alert(pregnant(weeks), "ibuprofen 400 mg tid", "preg_nsaid")
    assert found is not None and found.tier is tier
    asked = alert(pregnant(weeks), "ibuprofen 400 mg tid", "unchecked_gestation")
    assert (asked is not None) == (weeks is None)


@pytest.mark.parametrize(("weeks", "tier"), [(10, Tier.CAUTION), (20, Tier.STOP), (None, Tier.STOP)])
def test_ace_inhibitor_by_trimester(weeks: float | None, tier: Tier) -> None:
    found = alert(pregnant(weeks), "enalapril 10 mg", "preg_ras")
    assert found is not None and found.tier is tier


@pytest.mark.parametrize(("weeks", "tier"), [(8, Tier.CAUTION), (24, Tier.INFO), (38, Tier.CAUTION)])
def test_trimethoprim_by_trimester(weeks: float, tier: Tier) -> None:
    found = alert(pregnant(weeks), "trimethoprim 200 mg bid", "preg_trimethoprim")
    assert found is not None and found.tier is tier


def test_low_dose_aspirin_late_in_pregnancy_is_let_be() -> None:
    assert alert(pregnant(34), "aspirin 100 mg once daily", "preg_aspirin_late") is None
    found = alert(pregnant(34), "aspirin 500 mg three times daily", "preg_aspirin_late")
    assert found is not None and found.tier is Tier.STOP
