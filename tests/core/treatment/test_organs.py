"""Worked values of the kidney, liver and body formulas."""

import pytest

from core.domain.record import Sex
from core.treatment import organs
from core.treatment.context import gather
from tests.core.treatment.build import NOW, Setting, lab


@pytest.mark.parametrize(
    ("age", "weight", "creatinine", "sex", "expected"),
    [(60, 72, 1.0, Sex.MALE, 80.0), (60, 72, 1.0, Sex.FEMALE, 68.0), (40, 72, 2.0, Sex.MALE, 50.0)],
)
def test_cockcroft_gault(age: float, weight: float, creatinine: float, sex: Sex, expected: float) -> None:
    """(140 - age) x weight / (72 x creatinine), x 0.85 for women, as in the paper."""
    assert organs.cockcroft_gault(age, weight, creatinine, sex) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("age", "creatinine", "sex", "expected"),
    [
        (50, 1.0, Sex.MALE, 92),
        (50, 1.0, Sex.FEMALE, 69),
        (50, 0.9, Sex.MALE, 104),
        (50, 0.7, Sex.FEMALE, 105),
        (50, 0.5, Sex.FEMALE, 114),
        (50, 0.6, Sex.MALE, 118),
    ],
)
def test_ckd_epi_2021(age: float, creatinine: float, sex: Sex, expected: int) -> None:
    """142 x min(Scr/k,1)^a x max(Scr/k,1)^-1.2 x 0.9938^age x 1.012 for women, rounded as laboratories report it."""
    assert round(organs.ckd_epi_2021(age, creatinine, sex)) == expected


def test_bedside_schwartz() -> None:
    assert organs.bedside_schwartz(100, 0.5) == pytest.approx(82.6)


def test_body_sizes() -> None:
    assert organs.ideal_weight(177.8, Sex.MALE) == pytest.approx(73.0)
    assert organs.adjusted_weight(120, 177.8, Sex.MALE) == pytest.approx(91.8)
    assert organs.clearance_weight(75, 177.8, Sex.MALE) == 75
    assert organs.clearance_weight(120, None, Sex.MALE) == 120
    assert organs.clearance_weight(120, 177.8, Sex.MALE) == pytest.approx(91.8)
    assert organs.body_surface(70, 175) == pytest.approx(1.845, abs=0.001)


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "inr", "ascites", "brain", "points", "letter"),
    [
        (1, 4, 1.0, 0, 0, 5, "A"),
        (2.5, 3.0, 2.0, 1, 0, 9, "B"),
        (5, 2.0, 3.0, 2, 2, 15, "C"),
        (2, 3.5, 1.7, 0, 0, 8, "B"),
    ],
)
def test_child_pugh(
    bilirubin: float, albumin: float, inr: float, ascites: int, brain: int, points: int, letter: str
) -> None:
    found = organs.child_pugh(bilirubin, albumin, inr, ascites, brain)
    assert found == points
    assert organs.child_pugh_class(found) == letter


def test_kidney_asks_for_what_is_missing_and_flags_what_is_stale() -> None:
    from dataclasses import replace

    empty = gather(Setting().record(), (), NOW).kidney
    assert empty.crcl is None and set(empty.ask) == {"creatinine", "weight"}
    record = Setting().record()
    old = replace(record, observations=(lab("creatinine", 1.0, days=8), lab("weight", 72)))
    kidney = gather(old, (), NOW).kidney
    assert kidney.crcl == pytest.approx(100, rel=0.01) and kidney.stale and kidney.ask == ("creatinine",)
    fresh = replace(record, observations=(lab("creatinine", 1.0, days=6), lab("weight", 72)))
    assert not gather(fresh, (), NOW).kidney.stale


def test_units_are_converted_and_nonsense_is_left_out() -> None:
    from dataclasses import replace

    record = Setting().record()
    micromol = replace(record, observations=(lab("creatinine", 88.4, unit="umol/L"),))
    assert gather(micromol, (), NOW).measured["creatinine"].value == pytest.approx(1.0, abs=0.001)
    for bad in (lab("creatinine", 88.4), lab("creatinine", 1.0, unit="furlong")):
        assert "creatinine" not in gather(replace(record, observations=(bad,)), (), NOW).measured
