"""Every rule fires once where its condition holds and not where it does not; every step gives its tier."""

from typing import Any

import pytest

from core.domain.plan import Alert, Tier
from core.knowledge import drugs as drug_tables
from core.knowledge.interactions import ANY_ROUTE, Rule, load
from core.treatment import when
from core.treatment.check import check_medicines
from core.treatment.recognise import words
from tests.core.treatment.build import NOW, Setting, label, satisfy

RULES = load().all
PAIRS = [rule for rule in RULES if rule.b]
PATIENT = [rule for rule in RULES if not rule.b]
STEPS = [(rule, number) for rule in RULES for number in range(len(rule.steps))]


def subject(rule: Rule, wanted: dict[str, Any] | None = None) -> tuple[str, ...]:
    """The rule's drug, or two different ones; drugs that a step's `one_of` names come first."""
    names = _one_of(wanted or {})
    first = sorted(rule.a & names) or sorted(rule.a)
    if not rule.b:
        return (first[0],)
    second = sorted((rule.b & names) - {first[0]}) or sorted(rule.b - {first[0]})
    return first[0], second[0]


def _one_of(wanted: dict[str, Any]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for key, value in wanted.items():
        if key == "one_of":
            found |= drug_tables.load().expand(value)
        elif key in {"all", "any"}:
            for option in value:
                found |= _one_of(option)
    return found


def fire(rule: Rule, setting: Setting, drugs: tuple[str, ...]) -> list[Alert]:
    """The alerts of this rule for these drugs in this setting."""
    route = next((r for r in rule.routes if r not in {ANY_ROUTE, ""}), "")
    amount = f" {setting.daily_mg:g} mg once daily" if setting.daily_mg else ""
    orders = tuple(f"{label(drug)}{amount} {route}".strip() for drug in drugs)
    new = setting.new if setting.new is not None else list(drugs)
    proposed = tuple(order for order, drug in zip(orders, drugs, strict=True) if drug in new)
    taken = tuple(order for order, drug in zip(orders, drugs, strict=True) if drug not in new)
    alerts = check_medicines(setting.record(taken), setting.findings(), proposed, NOW)
    return [alert for alert in alerts if alert.rule_id == rule.id]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_fires_where_its_condition_holds(rule: Rule) -> None:
    setting = Setting()
    drugs = subject(rule)
    satisfy(rule.when, setting, frozenset(drugs))
    assert len(fire(rule, setting, drugs)) == 1


@pytest.mark.parametrize("rule", PATIENT, ids=lambda rule: rule.id)
def test_does_not_fire_in_a_healthy_man_of_forty(rule: Rule) -> None:
    setting = Setting(labs={"creatinine": 0.9, "weight": 75, "potassium": 4.2, "sodium": 140, "alt": 20, "inr": 1.0,
                            "platelets": 220, "heart_rate": 70, "systolic": 120, "digoxin_level": 0.7})  # fmt: skip
    assert rule.when
    assert not fire(rule, setting, subject(rule))


@pytest.mark.parametrize("rule", PAIRS, ids=lambda rule: rule.id)
def test_does_not_fire_for_one_drug_of_the_pair(rule: Rule) -> None:
    assert not fire(rule, Setting(), subject(rule)[:1])


@pytest.mark.parametrize(("rule", "number"), STEPS, ids=[f"{r.id}-{n}" for r, n in STEPS])
def test_each_step_sets_its_tier(rule: Rule, number: int) -> None:
    step = rule.steps[number]
    setting = Setting()
    drugs = subject(rule, step.when)
    satisfy(rule.when, setting, frozenset(drugs))
    satisfy(step.when, setting, frozenset(drugs))
    alerts = fire(rule, setting, drugs)
    assert len(alerts) == 1
    assert alerts[0].tier in {one.tier for one in rule.steps[: number + 1]}


def test_every_rule_has_a_source_and_both_languages() -> None:
    for rule in RULES:
        assert rule.source.title and rule.source.year >= 2000, rule.id
        for text in (rule.why, rule.action):
            assert text.en and text.zh, rule.id
        assert rule.a, rule.id


def test_conditions_use_known_words_only() -> None:
    def walk(condition: dict[str, Any]) -> None:
        for key, value in condition.items():
            assert key in set(when.known_keys())
            for inner in value if key in {"any", "all"} else [value] if key in {"not", "unless"} else []:
                walk(inner)

    for rule in RULES:
        walk(rule.when)
        for step in rule.steps:
            walk(step.when)


def test_routes_of_rules_exist() -> None:
    known = {row["id"] for row in words()["routes"]} | {ANY_ROUTE, ""}
    assert all(set(rule.routes) <= known for rule in RULES)


def test_missing_creatinine_is_said_and_never_taken_for_normal() -> None:
    alerts = check_medicines(Setting().record(), (), ("metformin",), NOW)
    asked = [a for a in alerts if a.kind == "unchecked" and "creatinine" in a.title.en]
    assert asked and asked[0].tier is Tier.INFO


def test_pregnancy_unknown_is_said_for_a_woman_of_thirty() -> None:
    from core.domain.record import Sex

    woman = Setting(sex=Sex.FEMALE, age=30)
    kinds = {a.rule_id for a in check_medicines(woman.record(), (), ("isotretinoin",), NOW)}
    assert "unchecked_pregnancy" in kinds
    man = {a.rule_id for a in check_medicines(Setting().record(), (), ("isotretinoin",), NOW)}
    assert "unchecked_pregnancy" not in man
