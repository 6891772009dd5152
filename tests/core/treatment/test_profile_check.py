"""Profiles speak where no rule does: Caution for avoid, Info for care, one Info for what is unknown; never silence."""

import pytest

from core.domain.plan import Alert, Tier
from core.domain.record import Sex
from core.knowledge import drug_profiles
from core.knowledge import drugs as drug_tables
from core.knowledge.interactions import load as load_rules
from core.treatment.check import check_medicines
from tests.core.treatment.build import NOW, Setting

_STATE = {"pregnancy": "pregnancy", "lactation": "lactation", "hepatic": "cirrhosis"}


def setting(kind: str) -> Setting:
    if kind == "renal":
        return Setting(labs={"weight": 72.0, "creatinine": 6.0})
    sex = Sex.FEMALE if kind in {"pregnancy", "lactation"} else Sex.MALE
    return Setting(age=30, sex=sex, states=[_STATE[kind]])


def without_rule(kind: str, value: str) -> str:
    """The first drug whose profile says `value` and that no rule of this kind speaks of."""
    rules = load_rules().patient
    for drug, profile in drug_profiles.load().by_drug.items():
        said = profile.in_week(None) if kind == "pregnancy" else getattr(profile, kind)
        if said == value and not any(rule.kind == kind for rule in rules.get(drug, ())):
            return drug
    raise LookupError(kind, value)


def profile_alerts(one: Setting, drug: str) -> list[Alert]:
    order = f"{drug_tables.load().label(drug).en} oral"
    found = check_medicines(one.record(), (), (order,), NOW)
    return [a for a in found if a.rule_id.startswith("profile_")]


@pytest.mark.parametrize("kind", ["pregnancy", "lactation", "renal", "hepatic"])
@pytest.mark.parametrize("value", ["avoid", "unknown"])
def test_fires_for_the_patient_and_not_for_a_healthy_man(kind: str, value: str) -> None:
    drug = without_rule(kind, value)
    (found,) = profile_alerts(setting(kind), drug)
    assert found.rule_id == f"profile_{kind}_{value}"
    assert found.tier is (Tier.CAUTION if value == "avoid" else Tier.INFO)
    assert found.title.zh and found.source.title and found.factors
    healthy = Setting(labs={"weight": 75, "creatinine": 0.9})
    assert not profile_alerts(healthy, drug)


@pytest.mark.parametrize(("kind", "value"), [("renal", "usual"), ("pregnancy", "compatible")])
def test_what_is_known_to_be_fit_is_silent(kind: str, value: str) -> None:
    assert not profile_alerts(setting(kind), without_rule(kind, value))


def test_rules_speak_before_profiles() -> None:
    assert not profile_alerts(setting("pregnancy"), "enalapril")


def test_pregnancy_not_known_is_asked_for_where_a_profile_forbids_it() -> None:
    drug = without_rule("pregnancy", "avoid")
    woman = Setting(age=30, sex=Sex.FEMALE)
    found = check_medicines(woman.record(), (), (f"{drug_tables.load().label(drug).en} oral",), NOW)
    assert any(a.rule_id == "unchecked_pregnancy" for a in found)
