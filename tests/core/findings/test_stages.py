"""Weeks of pregnancy and the time since a birth are told apart; what needs a pregnancy is read only in one."""

import pytest

from core.domain.basics import Source
from core.domain.finding import Status
from core.domain.record import Note, Patient, Sex
from core.findings.text import findings_in


def _present(text: str, age: float | None = 30) -> set[str]:
    note = Note("n", text, Source("n", "text"))
    found = findings_in(note, Patient(sex=Sex.FEMALE, age_years=age))
    return {f.code.code for f in found if f.status is Status.PRESENT}


@pytest.mark.parametrize(
    ("text", "stated", "not_stated"),
    [
        ("She is 9 weeks pregnant.", {"first_trimester"}, {"second_half_pregnancy"}),
        ("A 30-year-old woman, 16 weeks pregnant.", {"second_trimester"}, {"second_half_pregnancy", "first_trimester"}),
        ("G2P1 at 24 weeks of gestation.", {"second_half_pregnancy", "weeks_20_to_27"}, {"third_trimester"}),
        ("孕32周。", {"second_half_pregnancy", "third_trimester"}, {"term_pregnancy", "weeks_20_to_27"}),
        ("She is 39 weeks pregnant.", {"third_trimester", "term_pregnancy"}, set()),
        ("I'm six months pregnant.", {"weeks_20_to_27"}, {"third_trimester"}),
        ("怀孕8个月。", {"third_trimester"}, {"weeks_20_to_27"}),
        ("Forty minutes after delivering twins she bleeds.", {"postpartum", "just_delivered"}, {"postpartum_weeks"}),
        ("She gave birth to a girl ten days ago.", {"postpartum", "postpartum_weeks"}, {"just_delivered"}),
        ("产后3月，乏力。", {"postpartum_months"}, {"postpartum_weeks"}),
        ("A cough for 12 weeks.", set(), {"first_trimester", "second_trimester"}),
        ("Pain at 24 weeks after surgery.", set(), {"weeks_20_to_27", "second_half_pregnancy"}),
    ],
)
def test_the_number_tells_the_stage(text: str, stated: set[str], not_stated: set[str]) -> None:
    found = _present(text)
    assert stated <= found
    assert not not_stated & found


def test_a_newborns_own_weeks_are_no_pregnancy_of_its_own() -> None:
    text = "The girl, born at 36 weeks, vomits six hours after the birth."
    assert not {"pregnancy", "second_half_pregnancy", "just_delivered", "postpartum"} & _present(text, age=0.001)


def test_painless_bleeding_is_one_of_pregnancy_only_in_pregnancy() -> None:
    bleeding = "painless_vaginal_bleeding_pregnancy"
    assert bleeding in _present("She is 32 weeks pregnant with painless vaginal bleeding.")
    assert bleeding not in _present("Painless vaginal bleeding eight years after menopause.", age=60)


@pytest.mark.parametrize(
    ("text", "early"),
    [
        ("A boy born at 28 weeks breathes fast.", True),
        ("胎龄30周早产儿，呼吸急促。", True),
        ("A girl born by caesarean at 39 weeks.", False),
        ("A boy of 27 months.", False),
    ],
)
def test_the_weeks_at_birth_tell_who_was_born_early(text: str, early: bool) -> None:
    assert ("prematurity" in _present(text, age=0.02)) is early
