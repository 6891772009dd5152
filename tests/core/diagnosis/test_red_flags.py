"""Every red flag fires on the least that should fire it, and on nothing less."""

from typing import Any

import pytest

from core.diagnosis.red_flags import Rule, check_form, names, red_flags, rules
from core.domain.assessment import Urgency
from core.domain.basics import Quantity
from core.domain.finding import Finding, Origin, Scope
from core.domain.record import Patient, Sex
from core.knowledge import condition_tables
from tests.core.diagnosis.world import NOW, absent, finding

_RULES = rules()
_AGES = [0.1, 3.0, 35.0, 70.0]


def _least(when: Any) -> list[str]:
    """Findings of the first way to satisfy a condition."""
    if isinstance(when, str):
        return [when]
    ((operator, value),) = when.items()
    if operator == "any":
        return min((_least(part) for part in value), key=len)
    if operator == "all":
        return [name for part in value for name in _least(part)]
    if operator == "at_least":
        return [name for part in value["of"][: value["count"]] for name in _least(part)]
    return [value["id"]] if operator in {"value", "lasting"} else []


def _fires(rule: Rule, findings: list[Finding], age: float | None, sex: Sex = Sex.UNKNOWN) -> bool:
    flags = red_flags(findings, Patient(age_years=age, sex=sex), NOW, condition_tables.load(), (rule,))
    return bool(flags)


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.id)
def test_fires_on_the_least_and_on_nothing_less(rule: Rule) -> None:
    least = list(dict.fromkeys(_least(rule.when)))
    with_values = [
        Finding(**{**_fields(finding(name)), "quantity": Quantity(7.5, "mmol/L"), "duration": Quantity(6, "d")})
        for name in least
    ]
    ages = [age for age in _AGES if _fires(rule, with_values, age)]
    assert ages, f"{rule.id} does not fire on {least}"
    kept = with_values
    for one in with_values:
        fewer = [f for f in kept if f is not one]
        if _fires(rule, fewer, ages[0]):
            kept = fewer
    assert kept
    for one in kept:
        assert not _fires(rule, [f for f in kept if f is not one], ages[0])


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.id)
def test_stays_silent_when_nothing_is_known_and_when_everything_is_denied(rule: Rule) -> None:
    denied = [absent(name) for name in sorted(names(rule.when))]
    for age in (None, *_AGES):
        assert not _fires(rule, [], age)
        assert not _fires(rule, denied, age)


def _fields(one: Finding) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Finding.__slots__}


@pytest.mark.parametrize(
    ("rule_id", "present", "age", "expected"),
    [
        ("sepsis_suspected", ["fever", "tachycardia"], 40, False),
        ("sepsis_suspected", ["high_fever", "tachycardia", "confusion"], 40, True),
        ("acute_coronary_syndrome", ["chest_pain", "sweating"], 20, False),
        ("acute_coronary_syndrome", ["crushing_chest_pain"], 62, True),
        ("giant_cell_arteritis", ["headache", "jaw_claudication"], 30, False),
        ("giant_cell_arteritis", ["headache", "jaw_claudication"], 72, True),
        ("fever_young_infant", ["fever"], 1, False),
        ("fever_young_infant", ["fever"], 0.1, True),
        ("meningitis", ["fever", "headache"], 20, False),
        ("meningitis", ["fever", "headache", "neck_stiffness"], 20, True),
        ("cauda_equina", ["low_back_pain", "sciatica"], 40, False),
        ("cauda_equina", ["low_back_pain", "urinary_retention"], 40, True),
        ("ectopic_pregnancy", ["pelvic_pain"], 28, False),
        ("ectopic_pregnancy", ["pelvic_pain", "amenorrhea", "vaginal_bleeding"], 28, True),
        ("testicular_torsion", ["testicular_pain"], 15, False),
        ("testicular_torsion", ["testicular_pain", "vomiting"], 15, True),
        ("anaphylaxis", ["urticaria"], 30, False),
        ("anaphylaxis", ["urticaria", "wheezing"], 30, True),
        ("airway_obstruction", ["sore_throat"], 30, False),
        ("preeclampsia", ["pregnancy", "headache"], 30, False),
        ("preeclampsia", ["second_half_pregnancy", "elevated_blood_pressure", "headache"], 30, True),
        ("hypertension_in_pregnancy", ["second_half_pregnancy", "elevated_blood_pressure"], 30, True),
        ("hypertension_in_pregnancy", ["elevated_blood_pressure"], 30, False),
        ("pulmonary_embolism", ["dyspnea"], 50, False),
        ("pulmonary_embolism", ["pleuritic_chest_pain", "recent_surgery"], 50, True),
        ("stroke", ["headache"], 70, False),
        ("stroke", ["hemiparesis", "aphasia"], 70, True),
    ],
)
def test_near_misses(rule_id: str, present: list[str], age: float, expected: bool) -> None:
    (rule,) = [r for r in _RULES if r.id == rule_id]
    assert _fires(rule, [finding(name) for name in present], age) is expected


def test_there_are_at_least_forty_rules_each_bilingual_with_a_source_and_known_findings() -> None:
    known = condition_tables.load().finding_index
    assert len(_RULES) >= 40
    assert len({rule.id for rule in _RULES}) == len(_RULES)
    for rule in _RULES:
        assert rule.label.zh and rule.advice.zh and rule.source.title
        assert rule.urgency in {Urgency.EMERGENCY, Urgency.URGENT}
        assert names(rule.when) <= set(known)


def test_another_persons_or_past_findings_do_not_fire() -> None:
    (rule,) = [r for r in _RULES if r.id == "subarachnoid_hemorrhage"]
    for scope in (Scope.FAMILY, Scope.HISTORY, Scope.HYPOTHETICAL):
        assert not _fires(rule, [finding("sudden_severe_headache", scope=scope)], 40)


def test_an_image_model_against_a_finding_does_not_fire_it() -> None:
    (rule,) = [r for r in _RULES if r.id == "tension_pneumothorax"]
    shock = finding("shock")
    for shift, expected in ((-2.0, False), (2.0, True)):
        image = finding("pneumothorax_on_xray", origin=Origin.IMAGE, logit_shift=shift)
        assert _fires(rule, [shock, image], 40) is expected


@pytest.mark.parametrize("wrong", [3, {"maybe": "fever"}, {"any": [{"all": ["a"], "any": ["b"]}]}])
def test_a_malformed_condition_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="a condition is|is none of"):
        check_form(wrong)
