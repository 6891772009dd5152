"""Measures of calibration: what an interval holds, and what chance alone would do."""

import pytest

from core.diagnosis.measures import interval_coverage, interval_coverage_by_chance


def test_groups_are_held_where_the_share_right_lies_inside() -> None:
    intervals = [(0.4, 0.6)] * 20 + [(0.8, 0.9)] * 20
    right = [True, False] * 10 + [True] * 17 + [False] * 3
    assert interval_coverage(intervals, right, groups=2) == 1
    assert interval_coverage(intervals, [False] * 20 + right[20:], groups=2) == 0.5
    assert interval_coverage(intervals[:1], right[:1], groups=2) is None
    assert interval_coverage_by_chance(intervals[:1], right[:1], groups=2) is None


@pytest.mark.parametrize(("cases", "held"), [(30, 1.0), (600, 0.0)])
def test_chance_explains_a_full_house_of_few_but_not_of_many(cases: int, held: float) -> None:
    """All right against an upper end of .99: .99^30 is .74, .99^600 is .002."""
    intervals, right = [(0.9, 0.99)] * cases, [True] * cases
    assert interval_coverage(intervals, right, groups=1) == 0
    assert interval_coverage_by_chance(intervals, right, groups=1) == held


def test_chance_does_not_excuse_a_wrong_interval() -> None:
    right = [True] * 10 + [False] * 20
    assert interval_coverage_by_chance([(0.8, 0.95)] * 30, right, groups=1) == 0
    assert interval_coverage_by_chance([(0.05, 0.1)] * 30, right, groups=1) == 0
