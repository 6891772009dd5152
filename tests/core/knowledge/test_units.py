"""Units: spellings, conversion, and what may not be converted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.units import convert, ucum


@pytest.mark.parametrize(
    ("value", "unit", "to", "molar", "expected"),
    [
        (98.6, "[degF]", "Cel", None, 37.0),
        (1.0, "mg/dL", "umol/L", 113.12, 88.4),
        (100.0, "mg/dL", "mmol/L", 180.16, 5.55),
        (7.5, "10*3/uL", "10*9/L", None, 7.5),
        (165000.0, "/uL", "10*9/L", None, 165.0),
        (12.5, "g/dL", "g/L", None, 125.0),
        (140.0, "meq/L", "mmol/L", None, None),
        (1.0, "mg/dL", "mmol/L", None, None),
        (1.0, "kg", "cm", None, None),
        (13.3, "kPa", "mm[Hg]", None, 99.76),
    ],
)
def test_convert(value: float, unit: str, to: str, molar: float | None, expected: float | None) -> None:
    found = convert(value, unit, to, molar)
    if unit == "meq/L":
        assert found is None or found == pytest.approx(140.0)
    elif expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("℃", "Cel"), ("mmHg", "mm[Hg]"), ("次/分", "/min"), ("beats per minute", "/min"), ("furlongs", "")],
)
def test_spellings(text: str, unit: str) -> None:
    assert ucum(text) == unit


@given(
    st.floats(0.01, 1e5), st.sampled_from([("mg/dL", "mmol/L"), ("g/L", "g/dL"), ("[degF]", "Cel"), ("ug/L", "nmol/L")])
)
def test_there_and_back(value: float, pair: tuple[str, str]) -> None:
    there = convert(value, pair[0], pair[1], 180.16)
    assert there is not None
    assert convert(there, pair[1], pair[0], 180.16) == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_hba1c_of_either_standard() -> None:
    """53 mmol/mol is 7.0 %, 48 is 6.5 % (the consensus statement's own pairs)."""
    assert convert(53, ucum("mmol/mol"), "%") == pytest.approx(7.0, abs=0.05)
    assert convert(48, "mmol/mol", "%") == pytest.approx(6.5, abs=0.05)
    assert convert(7.0, "%", "mmol/mol") == pytest.approx(53, abs=0.5)
    assert convert(30, ucum("mg/mmol{creat}"), "mg/g") == pytest.approx(265, abs=1)
