"""Windows against the formulas of PS3.3 C.11.2, written out a second time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imaging.window import Grey, Table, Window, apply_table, grey_of, grey_table, window_values


def linear(x: float, c: float, w: float) -> float:
    """C.11.2.1.2.1, with ymin 0 and ymax 1."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 1.0
    return (x - (c - 0.5)) / (w - 1) + 0.5


def linear_exact(x: float, c: float, w: float) -> float:
    """C.11.2.1.3.2."""
    if x <= c - w / 2:
        return 0.0
    return 1.0 if x > c + w / 2 else (x - c) / w + 0.5


def sigmoid(x: float, c: float, w: float) -> float:
    """C.11.2.1.3.1."""
    return 1 / (1 + math.exp(min(-4 * (x - c) / w, 700)))


REFERENCE = {"LINEAR": linear, "LINEAR_EXACT": linear_exact, "SIGMOID": sigmoid}


@pytest.mark.parametrize("function", sorted(REFERENCE))
@given(x=st.floats(-5000, 5000), centre=st.floats(-2000, 2000), width=st.floats(2, 4000))
def test_window_follows_the_standard(function: str, x: float, centre: float, width: float) -> None:
    ours = window_values(np.array([x]), Window(centre, width, function))[0]
    assert ours == pytest.approx(REFERENCE[function](x, centre, width), abs=1e-6)


def test_width_one_is_a_threshold() -> None:
    assert window_values(np.array([9.0, 9.5, 10.0]), Window(10, 1)).tolist() == [0, 0, 1]


@given(st.integers(-32768, 32767), st.floats(0.1, 4), st.floats(-2000, 2000), st.booleans())
def test_table_equals_direct_computation(stored: int, slope: float, intercept: float, inverted: bool) -> None:
    grey, window = Grey(slope, intercept), Window(40, 400)
    table = grey_table(grey, window, signed=True, bits=16, inverted=inverted)
    values = np.array([[stored]], np.int16)
    assert apply_table(values, table)[0, 0] == grey_of(grey, window, values, inverted=inverted)[0, 0]


def test_modality_and_voi_tables_hold_their_ends() -> None:
    modality = Table(10, np.array([100.0, 200.0, 300.0]), 65535)
    assert modality.map(np.array([0.0, 10, 11, 99])).tolist() == [100, 100, 200, 300]
    voi = Table(100, np.linspace(0, 255, 201), 255)
    shown = grey_of(Grey(modality=modality), voi, np.array([[10, 12]], np.uint16), inverted=False)
    assert shown.tolist() == [[0, 255]]


def test_inverted_is_the_complement() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    window = Window(128, 256)
    up = grey_of(Grey(), window, values, inverted=False).astype(int)
    down = grey_of(Grey(), window, values, inverted=True).astype(int)
    assert np.abs(up + down - 255).max() <= 1
