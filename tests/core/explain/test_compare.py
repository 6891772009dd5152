"""Two cases, and two maps, beside each other."""

import numpy as np
import pytest

from core.domain.basics import Label, Version
from core.domain.explanation import ImageExplanation
from core.errors import UserError
from core.explain.compare import cases, maps, shared_hypotheses
from tests.core.explain.made import assessment


def test_the_finding_that_makes_the_difference_comes_first_and_all_add_up() -> None:
    one, other = assessment({"fever": 1.0, "crp": 2.0}, base=-1.0), assessment({"fever": 0.9, "rash": -0.5}, base=-1.5)
    found = cases(one, other, "pneumonia")
    assert [r.code[1] for r in found.rows] == ["crp", "rash", "fever"]
    assert found.rows[0].second is None and found.rows[0].value == 2.0
    assert found.rows[1].first is None and found.rows[1].value == 0.5
    assert found.base + sum(r.value for r in found.rows) == pytest.approx(found.first_log_odds - found.second_log_odds)
    assert found.additivity_error < 1e-12
    assert [r.code[1] for r in found.decisive] == ["crp"], "two of 3.1 nats"
    assert shared_hypotheses(one, other) == ("pneumonia", "embolism")


def test_a_case_beside_itself_differs_in_nothing() -> None:
    one = assessment({"fever": 1.0})
    found = cases(one, one, "pneumonia")
    assert all(r.value == 0 for r in found.rows) and found.decisive == ()
    with pytest.raises(UserError):
        cases(one, one, "unheard of")


def shown(values: np.ndarray, side: int, image: str = "i1", stability: float = 0.9) -> ImageExplanation:
    return ImageExplanation(
        image, Label("x"), Version("p", "1"), "shapley", side, side, tuple(values.tolist()), (0.0,) * side**2,
        (0, 0, 1, 1), 0.0, float(values.sum()), 0.0, "blur", 128, 0.1, 0, stability,
    )  # fmt: skip


def test_maps_of_other_grids_meet_on_the_coarser_one() -> None:
    fine = np.arange(16.0)
    coarse = np.array([0 + 1 + 4 + 5, 2 + 3 + 6 + 7, 8 + 9 + 12 + 13, 10 + 11 + 14 + 15], float)
    found = maps(shown(fine, 4), shown(coarse, 2, stability=0.4))
    assert found.first == found.second == tuple(coarse) and found.r == pytest.approx(1) and found.same_sign == 1.0
    assert found.r_halves == pytest.approx(0.6) and set(found.difference) == {0.0}
    turned = maps(shown(coarse, 2), shown(-coarse, 2, stability=0.0))
    assert turned.r == pytest.approx(-1) and turned.same_sign == 0.0 and turned.r_halves is None


def test_maps_of_two_images_are_not_compared() -> None:
    with pytest.raises(UserError, match="different images"):
        maps(shown(np.ones(4), 2), shown(np.ones(4), 2, "i2"))
    with pytest.raises(UserError, match="fit together"):
        maps(shown(np.ones(9), 3), shown(np.ones(4), 2))
