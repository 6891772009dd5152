"""Parts of a pack's page: names and values, graphs with what they lose, classes, drift over time."""

import math
from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from ui.models.shown import ClassLine, GraphLine, loss_words
from ui.translate import tr
from ui.widgets.chart import Chart, Dot, Drawing
from ui.widgets.layout import column, panel
from ui.widgets.panels import Icon
from ui.widgets.text import label

MEASURE_WORDS = {"log_odds": "Answers (log-odds)", "ood": "Input (distance from the validated films)"}
_CHART_PX = 150


def pairs_table(pairs: tuple[tuple[str, str], ...]) -> QWidget:
    """Names and values, both already in the language in use."""
    grid = QGridLayout()
    grid.setContentsMargins(14, 8, 14, 8)
    grid.setVerticalSpacing(5)
    grid.setHorizontalSpacing(12)
    grid.setColumnStretch(1, 1)
    for i, (name, value) in enumerate(pairs):
        words = label(name, "dense", "text.2", wrap=len(name) > 34)
        if len(name) > 34:
            words.setMinimumWidth(220)
        grid.addWidget(words, i, 0)
        grid.addWidget(label(value, "dense", wrap=True, select=True), i, 1)
    return panel(grid)


def graphs_table(lines: tuple[GraphLine, ...]) -> QWidget:
    """Each graph with size, time where it was measured, and what it loses; the one taken here is ticked."""
    grid = QGridLayout()
    grid.setContentsMargins(14, 8, 14, 8)
    grid.setVerticalSpacing(5)
    grid.setHorizontalSpacing(12)
    grid.setColumnStretch(4, 1)
    for i, one in enumerate(lines):
        tone = "" if one.sound else "amber"
        if one.taken:
            tick = Icon("check", "green", 14)
            tick.setAccessibleName(tr("taken here"))
            grid.addWidget(tick, i, 0)
        grid.addWidget(label(one.kind, "dense"), i, 1)
        grid.addWidget(label(f"{one.megabytes:.1f} MB", "dense", "text.2"), i, 2)
        grid.addWidget(label(f"{one.median_ms:.1f} ms" if one.median_ms is not None else "", "dense", "text.2"), i, 3)
        grid.addWidget(label(loss_words(one), "dense", tone, wrap=True, select=True), i, 4)
    return panel(grid)


def classes_table(lines: tuple[ClassLine, ...]) -> QWidget:
    """Figures of every class."""
    grid = QGridLayout()
    grid.setContentsMargins(14, 8, 14, 8)
    grid.setVerticalSpacing(5)
    grid.setHorizontalSpacing(14)
    grid.setColumnStretch(0, 1)
    for k, name in enumerate((tr("Class"), "n", "AUROC", tr("Recall"))):
        grid.addWidget(label(name, "dense", "text.2"), 0, k)
    for i, one in enumerate(lines, 1):
        spread = f" {one.interval[0]:.2f}–{one.interval[1]:.2f}" if one.interval else ""
        grid.addWidget(label(one.name, "dense"), i, 0)
        grid.addWidget(label(f"{one.n:,}", "dense", "text.2"), i, 1)
        grid.addWidget(label(_number(one.auroc) + spread, "dense", select=True), i, 2)
        grid.addWidget(label(_number(one.recall), "dense", select=True), i, 3)
    return panel(grid)


def _number(value: float | None) -> str:
    return "—" if value is None or math.isnan(value) else f"{value:.3f}"


def drift_charts(found: Any) -> list[QWidget]:
    """Answers and input by month, over the 5th to 95th percentile of the reference. None where there is only one month."""
    if len(found.months) < 2:
        return []
    bands = {name: (low, high) for name, low, _, high in found.bands}
    answers = tuple((month, mean) for month, _, mean, _ in found.months)
    made = []
    for name, series in (("log_odds", answers), ("ood", found.month_inputs)):
        points = [(month, value) for month, value in series if value is not None]
        if len(points) > 1:
            chart = Chart()
            chart.setFixedHeight(_CHART_PX)
            chart.show_drawing(_drawing(tr(MEASURE_WORDS[name]), points, bands.get(name, (math.nan, math.nan))))
            title = label(tr(MEASURE_WORDS[name]), "dense", "text.2")
            made.append(panel(column(title, chart, gap=2, margins=(14, 6, 10, 2))))
    return made


def _drawing(name: str, points: list[tuple[str, float]], band: tuple[float, float]) -> Drawing:
    def x_of(month: str) -> float:
        return int(month[:4]) * 12 + int(month[5:7]) - 1

    def x_words(x: float) -> str:
        return f"{int(x) // 12}-{int(x) % 12 + 1:02d}"

    dots = tuple(
        Dot(x_of(month), value, f"{month}: {value:.2f}", "accent" if _inside(value, band) else "amber")
        for month, value in points
    )
    return Drawing(name, "", dots, x_words, band[0], band[1], x_ticks=_months)


def _inside(value: float, band: tuple[float, float]) -> bool:
    return math.isnan(band[0]) or band[0] <= value <= band[1]


def _months(low: float, high: float, wanted: int) -> tuple[float, ...]:
    first, last = math.ceil(low), math.floor(high)
    step = max(1, (last - first) // max(1, wanted))
    return tuple(float(x) for x in range(first, last + 1, step))
