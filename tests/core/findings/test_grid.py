"""A body part and what is felt there: any wording, lists of parts, clauses that name none, denials."""

import pytest

from core.domain.finding import Status
from core.findings import grid
from core.knowledge import vocabulary
from tests.core.findings.reading import read


def keys(text: str) -> set[str]:
    return {match.key for match in grid.find(text)}


def test_every_cell_names_a_known_finding_and_part() -> None:
    table, known = grid.table(), vocabulary.load()
    kinds = {kind for row in table.kinds.values() for kind in row}
    cells = [(part, key) for row in table.grid.values() for part, key in row.items()]
    assert len(cells) > 200
    assert not [key for _, key in cells if key and key not in known]
    assert not [part for part, _ in cells if part not in kinds]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("膝盖老是疼", {"knee_pain"}),
        ("疼在右下腹", {"right_lower_quadrant_pain"}),
        ("膝盖、手腕和脚踝都疼", {"knee_pain", "wrist_pain", "ankle_pain"}),
        ("大腿外侧皮肤发麻", {"numbness"}),
        ("左边奶子疼得厉害", {"breast_pain"}),
        ("肚子右下边隐隐作痛", {"right_lower_quadrant_pain"}),
    ],
)
def test_part_and_feeling(text: str, found: set[str]) -> None:
    assert keys(text) == found


def test_a_clause_without_a_part_speaks_of_the_part_before() -> None:
    assert "skin_warmth" in keys("小腿一片红肿，摸着发烫")
    assert "knee_pain" in keys("膝盖上个月摔过，现在还疼")


def test_what_the_whole_body_has_carries_no_further() -> None:
    assert not keys("身体一直很好，昨天有点痛")


def test_a_denied_feeling_is_denied_and_carries_no_part() -> None:
    assert read("膝盖不疼")["knee_pain"] is Status.ABSENT
    assert "neck_pain" not in read("脖子上摸到一个疙瘩，不疼")


@pytest.mark.parametrize("text", ["抬头看黑板", "做了手术", "心情很好", "胆红素高", "麻醉后"])
def test_a_character_inside_another_word_is_no_part(text: str) -> None:
    assert not keys(text)


def test_both_pain_and_swelling_of_one_word() -> None:
    found = read("手腕肿痛")
    assert {"wrist_pain", "joint_swelling"} <= set(found)
