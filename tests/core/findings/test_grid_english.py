"""An English body part and what is felt there: any wording, lists of parts, adjectives, denials."""

import pytest

from core.domain.finding import Status
from core.findings import grid_english
from core.knowledge import vocabulary
from tests.core.findings.reading import read


def keys(text: str) -> set[str]:
    return {match.key for match in grid_english.find(text)}


def test_every_cell_names_a_known_finding_and_part() -> None:
    table, known = grid_english.table(), vocabulary.load()
    kinds = {kind for row in table.kinds.values() for kind in row}
    cells = [(part, key) for row in table.grid.values() for part, key in row.items()]
    assert len(cells) > 400
    assert not [key for _, key in cells if key and key not in known]
    assert not [part for part, _ in cells if part not in kinds]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My shoulder is killing me", {"shoulder_pain"}),
        ("Neck, back and hips ache", {"neck_pain", "back_pain", "hip_pain"}),
        ("Pain in my neck, back, and hips", {"neck_pain", "back_pain", "hip_pain"}),
        ("Redness, heat and swelling over the left shin", {"skin_redness", "skin_warmth", "leg_swelling"}),
        ("painful knees, swollen ankles", {"knee_pain", "ankle_swelling"}),
        ("numbness and tingling in thumb, index and middle finger", {"hand_numbness_median"}),
        ("Pain behind the kneecap going downstairs", {"anterior_knee_pain"}),
        ("knuckles of both hands are swollen", {"finger_swelling"}),
        ("Power 3/5 in left leg", {"focal_weakness"}),
        ("tender RIF with guarding", {"rlq_tenderness"}),
    ],
)
def test_part_and_feeling(text: str, found: set[str]) -> None:
    assert keys(text) == found


def test_a_verb_after_the_last_part_of_a_list_takes_it_out() -> None:
    assert keys("Pain in the knee and my ankle is swollen") == {"knee_pain", "ankle_swelling"}


def test_a_clause_without_a_part_goes_on_about_the_part_before() -> None:
    assert "ankle_swelling" in keys("Twisted his ankle yesterday, now swollen")


def test_a_denied_feeling_is_denied() -> None:
    assert read("My knees aren't swollen")["knee_swelling"] is Status.ABSENT
    assert read("No redness over the wrist")["skin_redness"] is Status.ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "He hurt his knee",
        "She came back in pain",
        "Hit his head on a cold floor",
        "pitting edema to the knees",
        "Chest film normal",
    ],
)
def test_words_that_hold_a_part_and_say_nothing_of_it(text: str) -> None:
    assert not keys(text)


def test_a_name_of_the_same_words_goes_before() -> None:
    assert "jaw_pain" not in read("Jaw aches on chewing")
