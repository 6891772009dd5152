"""A chart of measured points over time or age: axes with round numbers, a reference band, named curves behind the points."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.theme.theme import color
from ui.widgets import paint

LEFT, RIGHT, TOP, BOTTOM = 48, 34, 12, 26
X_ROOM = 74
"""Pixels for one label of the x axis."""
NEAR = 9
"""Pixels around a point that count as it."""
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Dot:
    """A measured point, what the tooltip says of it, its colour token."""

    x: float
    y: float
    words: str
    tone: str = "accent"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve behind the points, named at its right end."""

    name: str
    points: tuple[tuple[float, float], ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a chart shows. `low`, `high`: the reference band (NaN where open); `x_words` writes a place on the x axis."""

    name: str
    unit: str
    dots: tuple[Dot, ...]
    x_words: Callable[[float], str]
    low: float = NAN
    high: float = NAN
    curves: tuple[Curve, ...] = ()
    x_ticks: Callable[[float, float, int], tuple[float, ...]] | None = None
    """Places on the x axis between two bounds, about so many; None: round numbers."""


def ticks(low: float, high: float, wanted: int = 4) -> tuple[float, ...]:
    """Round numbers between two bounds, about `wanted` of them (steps of 1, 2, 2.5 or 5 times a power of ten)."""
    if not math.isfinite(low) or not math.isfinite(high) or high <= low:
        return (low,) if math.isfinite(low) else ()
    raw = (high - low) / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return tuple(round(i * step, 12) for i in range(first, int(math.floor(high / step + 1e-9)) + 1))


class Chart(QWidget):
    """Points joined by a line. Left and right walk the points; their values are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.drawing: Drawing | None = None
        self._current = -1
        self.setMinimumSize(220, 170)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Replace what is shown."""
        self.drawing, self._current = drawing, -1
        read = "; ".join(d.words for d in drawing.dots[-8:]) if drawing else ""
        self.setAccessibleName(f"{drawing.name}: {read}" if drawing else "")
        self.update()

    def sizeHint(self) -> QSize:
        """A moderate chart."""
        return QSize(420, 230)

    # -- geometry --------------------------------------------------------------------------------------------------

    def bounds(self) -> tuple[float, float, float, float]:
        """(lowest x, highest x, lowest y, highest y) with some air."""
        assert self.drawing is not None
        d = self.drawing
        xs = [p.x for p in d.dots] + [x for c in d.curves for x, _ in c.points]
        ys = [p.y for p in d.dots] + [y for c in d.curves for _, y in c.points]
        ys += [y for y in (d.low, d.high) if not math.isnan(y)]
        air_x = (max(xs) - min(xs)) * 0.03 or 1.0
        air_y = (max(ys) - min(ys)) * 0.08 or abs(ys[0]) * 0.1 or 1.0
        if d.curves:
            air_x = 0.0
        floor = 0.0 if min(ys) >= 0 else -math.inf
        return min(xs) - air_x, max(xs) + air_x, max(floor, min(ys) - air_y), max(ys) + air_y

    def _area(self) -> QRect:
        return QRect(LEFT, TOP, max(10, self.width() - LEFT - RIGHT), max(10, self.height() - TOP - BOTTOM))

    def place(self, x: float, y: float) -> QPointF:
        """Where a point lies in the widget."""
        x0, x1, y0, y1 = self.bounds()
        area = self._area()
        return QPointF(
            area.x() + (x - x0) / (x1 - x0) * area.width(), area.bottom() - (y - y0) / (y1 - y0) * area.height()
        )

    # -- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        if self.drawing is None or not self.drawing.dots:
            return
        self._band(painter)
        self._axes(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for curve in self.drawing.curves:
            self._curve(painter, curve)
        self._dots(painter)
        if self.hasFocus():
            paint.focus_ring(painter, self.rect())

    def _band(self, painter: QPainter) -> None:
        assert self.drawing is not None
        area = self._area()
        low, high = self.drawing.low, self.drawing.high
        if math.isnan(low) and math.isnan(high):
            return
        x0 = self.bounds()[0]
        top = area.top() if math.isnan(high) else int(self.place(x0, high).y())
        bottom = area.bottom() if math.isnan(low) else int(self.place(x0, low).y())
        painter.fillRect(QRect(area.x(), top, area.width(), max(1, bottom - top)), color("line.subtle"))

    def _axes(self, painter: QPainter) -> None:
        assert self.drawing is not None
        area, (x0, x1, y0, y1) = self._area(), self.bounds()
        for value in ticks(y0, y1):
            y = int(self.place(x0, value).y())
            painter.fillRect(area.x(), y, area.width(), 1, color("chart.grid"))
            paint.text(painter, QRect(0, y - 8, LEFT - 7, 16), f"{value:g}", "text.2", px=11, align=paint.RIGHT)
        paint.text(painter, QRect(LEFT, 0, area.width(), 14), self.drawing.unit, "text.3", px=11)
        taken = -1000
        places = self.drawing.x_ticks or ticks
        for value in places(x0, x1, max(2, area.width() // X_ROOM)):
            words = self.drawing.x_words(value)
            wide, x = paint.width(words, 11) + 6, int(self.place(value, y0).x())
            if x - wide // 2 > taken and area.left() <= x <= area.right():
                painter.fillRect(x, area.bottom(), 1, 4, color("line.control"))
                paint.text(painter, QRect(x - wide // 2, area.bottom() + 6, wide, 16), words, "text.2", px=11,
                           align=paint.CENTRE)  # fmt: skip
                taken = x + wide // 2

    def _curve(self, painter: QPainter, curve: Curve) -> None:
        pen = QPen(color("text.2" if curve.strong else "text.3"), 1.4 if curve.strong else 1.0)
        if not curve.strong:
            pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF([self.place(x, y) for x, y in curve.points]))
        end = self.place(*curve.points[-1])
        paint.text(painter, QRect(int(end.x()) + 4, int(end.y()) - 8, RIGHT - 4, 16), curve.name, "text.3", px=11)

    def _dots(self, painter: QPainter) -> None:
        assert self.drawing is not None
        places = [self.place(d.x, d.y) for d in self.drawing.dots]
        painter.setPen(QPen(color("accent"), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(Qt.PenStyle.NoPen)
        for i, (dot, at) in enumerate(zip(self.drawing.dots, places, strict=True)):
            size = 5.0 if i == self._current else 3.2
            painter.setBrush(color(dot.tone))
            painter.drawEllipse(QRectF(at.x() - size, at.y() - size, 2 * size, 2 * size))

    # -- reading ---------------------------------------------------------------------------------------------------

    def nearest(self, x: float, y: float) -> int:
        """Index of the point at a place of the widget, or -1."""
        if self.drawing is None or not self.drawing.dots:
            return -1
        far = [math.hypot(at.x() - x, at.y() - y) for at in (self.place(d.x, d.y) for d in self.drawing.dots)]
        best = min(range(len(far)), key=far.__getitem__)
        return best if far[best] <= NEAR else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the pointer."""
        self._select(self.nearest(event.position().x(), event.position().y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk the points."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step or self.drawing is None or not self.drawing.dots:
            super().keyPressEvent(event)
            return
        last = len(self.drawing.dots) - 1
        self._select(last if self._current < 0 else max(0, min(last, self._current + step)))

    def _select(self, index: int) -> None:
        if index == self._current:
            return
        self._current = index
        if self.drawing is not None and index >= 0:
            dot = self.drawing.dots[index]
            QToolTip.showText(self.mapToGlobal(self.place(dot.x, dot.y).toPoint()), dot.words, self)
            self.setAccessibleDescription(dot.words)
        self.update()
