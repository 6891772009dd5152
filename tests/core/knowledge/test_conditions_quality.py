"""What the shipped conditions promise as a whole: breadth of names, enough to go by, limits of sex and age."""

import re

import pytest

from core.knowledge.condition_check import plain
from core.knowledge.conditions import Condition, read

_CONDITIONS = read()
_BY_ID = {condition.id: condition for condition in _CONDITIONS}
_COMMON, _ENOUGH = 2.0, 12
_MALE = re.compile(r"prostat|testic|epididym|varicocele|hydrocele|spermatocele|phimosis|erectile|cryptorch|penile")
_FEMALE = re.compile(r"ovarian|uterine|vagin|placenta|eclampsia|miscarriage|endometri|vulv|dysmenorr|postpartum")
_FEMALE_TOO = {"postpartum_thyroiditis": 0.2, "vulvar_lichen_sclerosus": 0.1}
"""Written under a woman's name, but men have them too: painless thyroiditis, lichen sclerosus."""


def test_breadth_of_conditions_and_names() -> None:
    names = {plain(name) for c in _CONDITIONS for name in (c.label.en, *c.synonyms_en)}
    assert len(_CONDITIONS) >= 1_400
    assert len(names) >= 15_000


def test_each_name_is_written_once_within_a_condition() -> None:
    for c in _CONDITIONS:
        own = [plain(name) for name in (c.label.en, *c.synonyms_en)]
        assert "" not in own, c.id


def test_common_conditions_have_enough_to_go_by() -> None:
    thin = [c.id for c in _CONDITIONS if c.prevalence.weight >= _COMMON and len(c.findings) < _ENOUGH]
    assert thin == []


@pytest.mark.parametrize(("pattern", "other"), [(_MALE, "female"), (_FEMALE, "male")])
def test_diseases_of_one_sex_say_so(pattern: re.Pattern[str], other: str) -> None:
    found = [c for c in _CONDITIONS if pattern.search(c.id)]
    assert len(found) > 10
    loose = [c.id for c in found if getattr(c.prevalence, other) > _FEMALE_TOO.get(c.id, 0.02)]
    assert loose == []


@pytest.mark.parametrize("name", ["neonatal_sepsis", "erythema_toxicum", "meconium_ileus", "omphalitis"])
def test_diseases_of_the_newborn_are_not_offered_to_adults(name: str) -> None:
    assert _share(_BY_ID[name], 30) <= 0.02 * _share(_BY_ID[name], 0.02)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("abruptio placentae", "placental_abruption"),
        ("fracture of the shoulder", "proximal_humerus_fracture"),
        ("mixed incontinence", "mixed_urinary_incontinence"),
        ("shoulder bursitis", "rotator_cuff_tendinopathy"),
        ("typical pneumonia", "pneumonia"),
        ("viral tonsillitis", "viral_pharyngitis"),
        ("bacterial tonsillitis", "streptococcal_pharyngitis"),
        ("low blood pressure", "hypotension_condition"),
    ],
)
def test_other_names_lead_to_their_condition(name: str, expected: str) -> None:
    assert plain(name) in {plain(n) for n in (_BY_ID[expected].label.en, *_BY_ID[expected].synonyms_en)}


def _share(condition: Condition, age: float) -> float:
    return next(factor for low, factor in reversed(condition.prevalence.age) if age >= low)
