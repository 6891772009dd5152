"""Painted widgets: pixel snapshots (without text, as fonts differ between machines), geometry, names for screen readers."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from tests.ui import builders
from ui.theme.theme import THEME, color
from ui.treatment.matrix import MatrixView
from ui.treatment.schedule import Schedule, hour_words
from ui.widgets import bars
from ui.widgets.bars import FillBar, ProbabilityBar, ShareBar
from ui.widgets.chip import Chip
from ui.widgets.layout import FlowLayout
from ui.widgets.panels import Segmented
from ui.widgets.waterfall import Step, Waterfall, shorten, sigmoid, slope, ticks
from ui.worklist.slider import RangeSlider

SNAPSHOTS = Path(__file__).parent / "snapshots"
TOLERANCE = 6.0


class Spark(QWidget):
    def paintEvent(self, _event: object) -> None:
        bars.sparkline(QPainter(self), QRect(2, 2, 96, 20), (1, 2, 1.5, 4, 6), (1, 3), "amber")


def wide_bar() -> QWidget:
    made = ProbabilityBar(0.47, (0.2, 0.8), name="x")
    made.resize(300, 14)
    return made


def shares() -> QWidget:
    made = ShareBar(((0.5, "chart.2", "a"), (0.3, "chart.1", "b"), (0.2, "chart.4", "c")))
    made.resize(300, 16)
    return made


def spark() -> QWidget:
    made = Spark()
    made.resize(100, 24)
    return made


def refused() -> QWidget:
    made = ProbabilityBar(None, name="x")
    made.resize(300, 14)
    return made


def slider() -> QWidget:
    made = RangeSlider()
    made.set_range(0.2, 0.7)
    made.resize(200, 24)
    return made


MADE = {"bar": wide_bar, "shares": shares, "spark": spark, "refused": refused, "slider": slider}


def difference(one: QImage, other: QImage) -> float:
    """Mean absolute difference of the channels, 0-255."""
    assert one.size() == other.size()
    a, b = (i.convertToFormat(QImage.Format.Format_RGB888) for i in (one, other))
    total = sum(
        abs(x - y)
        for row in range(a.height())
        for x, y in zip(bytes(a.constScanLine(row))[: a.width() * 3], bytes(b.constScanLine(row)), strict=False)
    )
    return total / (a.width() * a.height() * 3)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", list(MADE))
def test_looks_as_before(app, name: str, theme: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(THEME, "name", theme)
    widget = MADE[name]()
    image = QImage(widget.size(), QImage.Format.Format_RGB888)
    image.fill(color("bg.panel"))
    widget.render(image, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    path = SNAPSHOTS / f"{name}-{theme}.png"
    if os.environ.get("CONSILIUM_UPDATE_SNAPSHOTS"):
        image.save(str(path))
    kept = QImage(str(path))
    assert not kept.isNull(), f"no snapshot {path.name}"
    assert difference(image, kept) < TOLERANCE
    widget.deleteLater()


def test_snapshots_can_fail() -> None:
    one, other = QImage(20, 20, QImage.Format.Format_RGB888), QImage(20, 20, QImage.Format.Format_RGB888)
    one.fill(Qt.GlobalColor.black)
    other.fill(Qt.GlobalColor.darkGray)
    assert difference(one, other) > TOLERANCE


def test_bar_is_as_long_as_its_probability(app) -> None:  # type: ignore[no-untyped-def]
    bar = ProbabilityBar(0.5, (0.9, 0.95), name="x")
    bar.resize(400, 14)
    image = bar.grab().toImage()
    y = 4
    assert image.pixelColor(190, y) == color("chart.1") and image.pixelColor(210, y) == color("line.subtle")
    bar.deleteLater()


def test_names_for_screen_readers(app) -> None:  # type: ignore[no-untyped-def]
    assert ProbabilityBar(0.71, (0.62, 0.79), name="Pneumonia").accessibleName() == (
        "Pneumonia, 71 percent, interval 62 to 79"
    )
    assert ProbabilityBar(None, name="Gout").accessibleName() == "Gout: no estimate"
    assert Chip("CRP 186", "green", sign="+").accessibleName() == "+ CRP 186"
    assert FillBar(0.4, name="gain").accessibleName() == "gain"


def test_chips_wrap_like_words(app) -> None:  # type: ignore[no-untyped-def]
    holder = QWidget()
    flow = FlowLayout()
    for i in range(12):
        flow.addWidget(Chip(f"finding number {i}", "green"))
    holder.setLayout(flow)
    assert flow.heightForWidth(2000) == 20
    assert flow.heightForWidth(300) > 100
    holder.deleteLater()


def test_segmented_is_exclusive_after_new_choices(app) -> None:  # type: ignore[no-untyped-def]
    made = Segmented((("a", "A"), ("b", "B")), "a", translate=False)
    made.set_items((("c", "C"), ("d", "D")), "c")
    chosen: list[str] = []
    made.chosen.connect(chosen.append)
    made._buttons["d"].click()
    assert chosen == ["d"] and made.value() == "d" and not made._buttons["c"].isChecked()
    made.deleteLater()


def test_waterfall_sums_the_rest(app) -> None:  # type: ignore[no-untyped-def]
    steps = tuple(Step(str(i), "", 1.0 / (i + 1)) for i in range(14))
    shown = shorten(steps, 10)
    assert len(shown) == 11 and abs(sum(s.value for s in shown) - sum(s.value for s in steps)) < 1e-12
    made = Waterfall()
    made.resize(500, 400)
    made.show_steps(shown, -2.0)
    assert "4 other findings" in made.accessibleName()
    made.grab()
    made.show_steps(shown, -2.0, as_probability=True)
    made.grab()
    made.deleteLater()


def test_axis_ticks_are_round_and_few() -> None:
    for low, high in ((-1.6, 1.2), (0.02, 0.94), (-18.6, 0.2), (0.0, 1e-6)):
        found = ticks(low, high)
        assert 1 <= len(found) <= 8 and all(low <= t <= high for t in found)


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(-800) == 0.0 and sigmoid(800) == 1.0 and sigmoid(0) == 0.5


def test_range_slider_by_keyboard(app) -> None:  # type: ignore[no-untyped-def]
    made, seen = RangeSlider(), []
    made.changed.connect(lambda low, high: seen.append((round(low, 2), round(high, 2))))
    QTest.keyClick(made, Qt.Key.Key_Right)
    QTest.keyClick(made, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert seen == [(0.05, 1.0), (0.05, 0.95)]
    made.deleteLater()


def test_matrix_cells_lead_to_their_alert(app) -> None:  # type: ignore[no-untyped-def]
    plan = builders.plan()
    assert plan.matrix is not None
    made, asked = MatrixView(), []
    made.resize(600, 400)
    made.show_matrix(plan.matrix)
    made.asked.connect(asked.append)
    QTest.keyClick(made, Qt.Key.Key_Return)
    QTest.keyClick(made, Qt.Key.Key_Right)
    QTest.keyClick(made, Qt.Key.Key_Return)
    assert asked == [plan.matrix.cells[0].alert_id, plan.matrix.cells[1].alert_id]
    assert "Penicillin anaphylaxis + Amox-clav.: stop" in made.accessibleName()
    made.grab()
    made.deleteLater()


def test_schedule_words(app) -> None:  # type: ignore[no-untyped-def]
    assert [hour_words(h) for h in (6, 72, 120, 1008)] == ["6 h", "72 h", "Day 5", "Wk 6"]
    made = Schedule()
    made.resize(400, 200)
    made.show_items(builders.plan().monitoring)
    made.grab()
    assert "CRP, white cells: 0 h, 48 h, Day 5" in made.accessibleName()
    made.deleteLater()


def test_the_chosen_tab_is_cut_last(app) -> None:  # type: ignore[no-untyped-def]
    from ui.frame.tabs import Tab, TabStrip

    strip = TabStrip()
    tabs = tuple(Tab(f"c{k}", f"TESTPATIENT, Number {k}", closable=True) for k in range(5))
    strip.set_tabs(tabs, "c3")
    strip.resize(2000, 40)
    whole = [rect.width() for _, rect in strip._rects()]
    strip.resize(sum(whole) - 200, 40)
    cut = [rect.width() for _, rect in strip._rects()]
    assert cut[3] == whole[3] and all(cut[k] < whole[k] for k in (0, 1, 2, 4)) and sum(cut) <= strip.width()
    strip.resize(420, 40)
    assert sum(rect.width() for _, rect in strip._rects()) < sum(cut)
    strip.deleteLater()


def test_the_probability_axis_begins_at_the_base_rate_and_ends_at_the_calibrated_estimate(app) -> None:  # type: ignore[no-untyped-def]
    made = Waterfall()
    made.show_steps((Step("a", "", 20.0), Step("b", "", 6.0)), -6.0, as_probability=True, calibrated=0.88)
    assert made.probability(20.0) == pytest.approx(0.88) and made.probability(-6.0) == pytest.approx(sigmoid(-6.0))
    assert 0.01 < made.probability(7.0) < 0.5 and made.toolTip()
    first, second = made._said(-6.0, Step("a", "", 20.0)), made._said(14.0, Step("b", "", 6.0))
    assert int(first) + int(second) == pytest.approx(88, abs=1)
    assert made._said(-6.0, Step("c", "", 0.01)) == "±0"
    made.show_steps((Step("a", "", 1.0),), 0.0, calibrated=None)
    assert made.probability(1.0) == pytest.approx(sigmoid(1.0)) and not made.toolTip()
    made.deleteLater()


def test_a_calibration_that_turns_the_direction_round_has_no_probability_axis() -> None:
    assert slope(-3.0, 2.0, 0.01) is None and slope(1.0, 1.0, 0.5) is None
    assert slope(-3.0, 2.0, 0.5) == pytest.approx(0.6)


def test_a_waterfall_tells_a_cut_step_in_full(app) -> None:  # type: ignore[no-untyped-def]
    made = Waterfall()
    told = Step("Not found in the note", "no denial, weak: Retrosternal chest pain", -0.5), Step("Cough", "", 1)
    made.show_steps(told, 0.0)
    made.resize(480, 300)
    assert made.words_at(40) == "Not found in the note\nno denial, weak: Retrosternal chest pain\n−0.50"
    assert made.words_at(70) == "Cough\n+1.00" and made.words_at(5) == made.words_at(299) == ""
