"""Measurements against numbers worked out by hand, and what spacing means."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imaging import measure
from core.imaging.pixels import Frame
from core.imaging.types import Instance
from core.imaging.window import Grey

MM = measure.Spacing(2.0, 0.5, measure.IN_PATIENT)
POINT = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000))


def test_length_uses_the_spacing_of_each_direction() -> None:
    (name, value), *_ = measure.length([(0, 0), (6, 2)], MM)
    assert (name, value.value, value.unit) == ("length", 5.0, "mm")


def test_length_without_spacing_is_in_pixels() -> None:
    none = measure.spacing_of(Instance("a", modality="DX"))
    assert measure.length([(0, 0), (3, 4)], none)[0][1].unit == "{pixel}"
    assert "pixels only" in none.note.en


@pytest.mark.parametrize(
    ("stated", "imager", "calibration", "modality", "words"),
    [
        ((0.5, 0.5), None, "", "CT", "in the patient"),
        (None, (0.2, 0.2), "", "DX", "detector"),
        ((0.2, 0.2), (0.2, 0.2), "", "CR", "detector"),
        ((0.15, 0.15), (0.2, 0.2), "", "CR", "calibrated"),
        ((0.2, 0.2), None, "FIDUCIAL", "DX", "calibrated"),
        ((0.2, 0.2), None, "", "CR", "not stated"),
    ],
)
def test_what_a_pixel_measures(
    stated: tuple[float, float] | None, imager: tuple[float, float] | None, calibration: str, modality: str, words: str
) -> None:
    made = Instance("a", modality=modality, pixel_spacing_mm=stated, imager_spacing_mm=imager, calibration=calibration)
    assert words in measure.spacing_of(made).note.en


@given(POINT, st.floats(0, 2 * math.pi), st.floats(0.1, 3.0), st.floats(1, 100), st.floats(1, 100))
def test_angle_is_the_one_drawn(vertex: tuple[float, float], turn: float, angle: float, a: float, b: float) -> None:
    square = measure.Spacing(1.0, 1.0, measure.IN_PATIENT)
    first = (vertex[0] + a * math.cos(turn), vertex[1] + a * math.sin(turn))
    last = (vertex[0] + b * math.cos(turn + angle), vertex[1] + b * math.sin(turn + angle))
    value = measure.angle([first, vertex, last], square)[0][1].value
    assert value == pytest.approx(math.degrees(angle), abs=1e-6)


def test_angle_respects_oblong_pixels() -> None:
    assert measure.angle([(4, 0), (0, 0), (0, 1)], MM)[0][1].value == pytest.approx(90)
    assert measure.angle([(4, 0), (0, 0), (4, 1)], MM)[0][1].value == pytest.approx(45)


def test_cardiothoracic_ratio_counts_widths_only() -> None:
    points = [(100, 300), (220, 320), (50, 400), (290, 390)]
    assert measure.cardiothoracic(points)[0][1].value == pytest.approx(0.5)


def test_region_statistics() -> None:
    stored = np.arange(100, dtype=np.int16).reshape(10, 10)
    image = Frame(stored, Grey(2, -1000), unit="HU")
    values = dict(measure.region("rectangle", image, [(2, 3), (4, 5)], MM))
    inside = stored[3:6, 2:5] * 2 - 1000
    assert values["mean"].value == inside.mean()
    assert values["sd"].value == pytest.approx(inside.std(ddof=1))
    assert (values["min"].value, values["max"].value) == (inside.min(), inside.max())
    assert values["mean"].unit == "[hnsf'U]"
    assert values["area"].value == 2 * 2 * 2.0 * 0.5
    assert values["pixels"].value == 9


def test_a_region_outside_the_image_has_no_statistics() -> None:
    image = Frame(np.zeros((10, 10), np.int16))
    assert [k for k, _ in measure.region("ellipse", image, [(50, 50), (60, 60)], MM)] == ["area"]


@given(st.integers(6, 40), st.integers(6, 40))
def test_ellipse_mask_has_about_the_area_of_the_ellipse(width: int, height: int) -> None:
    mask = measure.ellipse_mask((64, 64), [(5, 5), (5 + width, 5 + height)])
    assert mask.sum() == pytest.approx(math.pi / 4 * width * height, rel=0.2)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20), st.integers(1, 20))
def test_a_rectangle_drawn_freehand_covers_the_same_pixels(x: int, y: int, w: int, h: int) -> None:
    """Off the pixel centres, where both rules agree."""
    a, b = (x + 0.25, y + 0.25), (x + w + 0.25, y + h + 0.25)
    outline = [a, (b[0], a[1]), b, (a[0], b[1])]
    polygon = measure.polygon_mask((48, 48), outline)
    assert (polygon == measure.rectangle_mask((48, 48), [a, b])).all()
