"""The viewer's Qt-free parts: where pixels land, what is painted, marks and their history."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.basics import Label, Version
from core.domain.explanation import ImageExplanation
from core.imaging import measure
from core.imaging.cache import FrameCache, nearest_first
from core.imaging.pixels import Frame, render
from core.imaging.window import Grey, Window
from ui.viewer import actions, marks
from ui.viewer.overlay import heat_map
from ui.viewer.presets import hanging, keys, presets, read
from ui.viewer.render import Renderer
from ui.viewer.toolbar import ACTIONS, LAYOUTS
from ui.viewer.transform import Pose, transform, zoomed_at
from ui.viewer.viewport_model import Tool

POSES = st.builds(
    Pose,
    zoom=st.sampled_from([0.0, 0.25, 1.0, 3.0]),
    pan=st.tuples(st.floats(-200, 200), st.floats(-200, 200)),
    turns=st.integers(0, 3),
    flipped=st.booleans(),
)
POINT = st.tuples(st.floats(-500, 500), st.floats(-500, 500))


@given(POSES, POINT, st.floats(0.3, 3))
def test_screen_and_image_are_inverse(pose: Pose, point: tuple[float, float], aspect: float) -> None:
    place = transform(pose, (300, 200), aspect, (640, 480))
    assert place.to_image(place.to_screen(point)) == pytest.approx(point, abs=1e-6)


@given(POSES, st.tuples(st.floats(0, 640), st.floats(0, 480)), st.floats(0.5, 2))
def test_zoom_keeps_the_point_under_the_pointer(pose: Pose, at: tuple[float, float], factor: float) -> None:
    before = transform(pose, (300, 200), 1.0, (640, 480)).to_image(at)
    after = transform(zoomed_at(pose, factor, at, (300, 200), 1.0, (640, 480)), (300, 200), 1.0, (640, 480))
    assert after.to_image(at) == pytest.approx(before, abs=1e-6)


@given(st.integers(0, 3), st.booleans())
def test_flip_is_left_to_right_on_the_screen(turns: int, flipped: bool) -> None:
    pose = Pose(turns=turns, flipped=flipped)
    plain = transform(pose, (300, 200), 1.0, (640, 480)).to_screen((20, 30))
    other = transform(pose.mirrored(), (300, 200), 1.0, (640, 480)).to_screen((20, 30))
    assert other == pytest.approx((640 - plain[0], plain[1]))


@settings(deadline=None)
@given(st.integers(0, 3), st.booleans(), st.booleans())
def test_one_to_one_paints_the_very_pixels(turns: int, flipped: bool, invert: bool) -> None:
    stored = np.random.default_rng(1).integers(-1000, 2000, (40, 30), dtype=np.int16)
    image = Frame(stored, Grey(1, -24))
    window = Window(40, 400)
    pose = Pose(zoom=1.0, turns=turns, flipped=flipped)
    drawn = Renderer().draw(image, transform(pose, (40, 30), 1.0, (100, 100)), (100, 100), window, invert=invert)
    assert drawn is not None
    wanted = render(image, window, invert=invert)
    wanted = wanted[:, ::-1] if flipped else wanted
    wanted = np.rot90(wanted, -turns)
    assert drawn[0].shape == wanted.shape and (drawn[0] == wanted).all()


def test_a_small_zoom_averages_instead_of_dropping_pixels() -> None:
    board = (np.indices((512, 512)).sum(axis=0) % 2 * 1000).astype(np.uint16)
    drawn = Renderer().draw(
        Frame(board), transform(Pose(zoom=0.25), (512, 512), 1.0, (128, 128)), (128, 128), Window(500, 1001)
    )
    assert drawn is not None and np.abs(drawn[0].astype(int) - 127).max() <= 2


def test_nothing_is_painted_outside_the_image() -> None:
    place = transform(Pose(zoom=1.0, pan=(5000, 0)), (10, 10), 1.0, (100, 100))
    assert Renderer().draw(Frame(np.zeros((10, 10), np.uint8)), place, (100, 100), Window(1, 2)) is None


def explanation(values: np.ndarray) -> ImageExplanation:
    rows, columns = values.shape
    flat = tuple(float(v) for v in values.ravel())
    return ImageExplanation(
        "image:1", Label("x"), Version("p", "1"), "m", rows, columns, flat, flat, (0, 0, 100, 100),
        0, 0, 0, "blur", 1, 1, 0, 1,
    )  # fmt: skip


def test_faint_noise_is_not_tinted() -> None:
    values = np.full((10, 10), 0.08)
    values[2, 7] = 1.0
    found = heat_map(explanation(values), (255, 0, 0), (0, 0, 255))
    assert found is not None
    alpha = found.rgba[..., 3]
    assert alpha[-60:, :60].max() == 0 and alpha.max() == 255
    assert found.peak == pytest.approx((75, 25), abs=6) and found.peak_value == 1.0


def test_contour_at_half_of_the_largest_value_and_both_signs() -> None:
    values = np.zeros((10, 10))
    values[2:5, 2:5], values[7, 7] = 1.0, -0.7
    found = heat_map(explanation(values), (1, 2, 3), (4, 5, 6))
    assert found is not None and len(found.raising) == 1 and len(found.lowering) == 1
    x = [p[0] for p in found.raising[0]]
    assert 15 < min(x) < 27 and 43 < max(x) < 55
    assert heat_map(explanation(np.zeros((3, 3))), (1, 2, 3), (4, 5, 6)) is None


def test_undo_and_redo() -> None:
    history: marks.History[tuple[int, ...]] = marks.History(())
    history.change((1,))
    history.change((1, 2))
    assert history.undo() and history.now == (1,)
    assert history.redo() and history.now == (1, 2)
    history.undo()
    history.change((9,))
    assert not history.redo() and history.undo() and history.now == (1,)


@given(st.lists(st.integers(0, 3), max_size=30))
def test_undoing_everything_gives_the_beginning(states: list[int]) -> None:
    history = marks.History(-1)
    for state in states:
        history.change(state)
    while history.undo():
        pass
    assert history.now == -1


def test_marks_are_found_by_their_points_and_edges() -> None:
    box = marks.new_mark("rectangle", "i", [(10, 10), (50, 40)])
    assert marks.nearest([box], (50, 39), 3) == (box, 1)
    assert marks.nearest([box], (30, 10.5), 3) == (box, -1)
    assert marks.nearest([box], (30, 25), 3) is None


def test_a_click_is_no_length() -> None:
    assert not marks.complete(marks.new_mark("length", "i", [(1, 1), (1, 1)]))
    assert marks.complete(marks.new_mark("length", "i", [(1, 1), (9, 1)]))
    assert not marks.complete(marks.new_mark("ratio", "i", [(1, 1), (9, 1)]))


def test_labels_carry_units() -> None:
    image = Frame(np.full((20, 20), 40, np.int16), unit="HU")
    spacing = measure.Spacing(1.0, 1.0, measure.IN_PATIENT)
    found = marks.evaluated(marks.new_mark("ellipse", "i", [(2, 2), (12, 12)]), image, spacing)
    assert marks.label(found, lambda s, **k: s) == ("40 HU ± 0.0", "40 – 40 · 78.5 mm²")


def test_every_key_button_and_menu_entry_names_an_action() -> None:
    named = [*keys().values(), *(a[0] for a in ACTIONS), *(a[0] for a in LAYOUTS)]
    for action in named:
        verb, _, argument = action.partition(":")
        assert verb in actions.ACTIONS
        if verb == "tool":
            assert argument in set(Tool)


def test_presets() -> None:
    assert [p.key for p in presets("CT")][:5] == [1, 2, 3, 4, 5]
    image = Frame(np.array([[0, 1000]], np.uint16))
    full = next(p for p in presets("DX") if p.key == 9).window(image)
    assert isinstance(full, Window) and (full.centre, full.width) == (500, 1000)
    for entries in (read("presets")["CT"], read("presets")["other"]):
        assert all(e["zh"] and e["en"] for e in entries)


@given(st.integers(1, 60), st.integers(-5, 70))
def test_nearest_first_names_each_frame_once_by_distance(count: int, focus: int) -> None:
    order = list(nearest_first(count, focus))
    assert sorted(order) == list(range(count))
    inside = min(max(focus, 0), count - 1)
    distances = [abs(i - inside) for i in order]
    assert distances == sorted(distances)


def test_the_cache_keeps_to_its_budget_and_drops_the_farthest() -> None:
    cache = FrameCache(10 * 1000)
    cache.focus(lambda key: abs(key - 50))  # type: ignore[operator, arg-type]
    for key in range(100):
        cache.put(key, Frame(np.zeros(1000, np.uint8)))
    assert cache.bytes <= 10 * 1000
    for key in range(100):
        cache.put(key, Frame(np.zeros(1000, np.uint8)))
    kept = [k for k in range(100) if k in cache]
    assert set(range(47, 54)) <= set(kept)
    assert not cache.room_for(1000, 60) and cache.room_for(1000, 0)
    cache.clear()
    assert cache.bytes == 0 and len(cache) == 0


def test_hanging_rules() -> None:
    assert hanging("CT", "HEAD").start == "middle" and hanging("US", "").start == "first"
    assert hanging("DX", "CHEST").views[:2] == ("PA", "AP")
    assert hanging("MG", "BREAST").layout == "4"
    assert hanging("XX", "").layout == "1"
