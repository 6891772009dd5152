"""How often each value occurs, with the window over it: drag an end for the width, the middle for the level."""

import math
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QLabel, QWidget

from core.imaging.colours import colour_map, colour_maps
from core.imaging.histogram import Histogram, histogram
from core.imaging.pixels import Frame
from core.imaging.window import Table, Window
from ui.theme.theme import color, surface
from ui.translate import LANGUAGE
from ui.viewer.texts import text
from ui.widgets import layout, paint

HEIGHT = 112
REACH = 8
EDGE = 10


class Curve(QWidget):
    """The histogram of one frame and the window in force. `dragged` carries the new window."""

    dragged = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(60)
        self.setMouseTracking(True)
        self.found: Histogram | None = None
        self.voi: Window | Table | None = None
        self.colours = ""
        self.inverted = False
        self._image: Frame | None = None
        self._grip, self._from, self._start = "", 0.0, Window(0, 1)
        self._held: tuple[float, float] | None = None

    def show_frame(self, image: Frame | None, voi: Window | Table | None, colours: str, *, inverted: bool) -> None:
        """Another frame or window; counted once a frame."""
        if image is not self._image:
            self._image, self.found = image, histogram(image) if image is not None else None
        self.voi, self.colours, self.inverted = voi, colours, inverted
        self.update()

    def span(self) -> tuple[float, float]:
        """Values at the left and right end: the image's, and the window's as far as half a range beyond."""
        if self.found is None:
            return 0.0, 1.0
        low, high = self.found.low, self.found.high
        if isinstance(self.voi, Window):
            room, half = (high - low) / 2, self.voi.width / 2
            low, high = (
                min(low, max(self.voi.centre - half, low - room)),
                max(high, min(self.voi.centre + half, high + room)),
            )
        return low, high

    def x_of(self, value: float) -> float:
        """Where a value stands."""
        low, high = self._held or self.span()
        return EDGE + (value - low) / (high - low) * (self.width() - 2 * EDGE)

    def value_at(self, x: float) -> float:
        """The value at a place."""
        low, high = self._held or self.span()
        return low + (x - EDGE) / max(self.width() - 2 * EDGE, 1) * (high - low)

    def ends(self) -> tuple[float, float]:
        """Lower and upper end of the window in pixels of this widget."""
        if not isinstance(self.voi, Window):
            return 0.0, 0.0
        half = self.voi.width / 2
        return self.x_of(self.voi.centre - half), self.x_of(self.voi.centre + half)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Counts on a logarithmic scale, the window's greys below them, its ends as handles."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(EDGE, 4, self.width() - 2 * EDGE, self.height() - 30)
        if self.found is None:
            paint.text(painter, self.rect(), text("No grey values"), "text.3", px=12, align=paint.CENTRE)
            return
        self._paint_counts(painter, area, self.found)
        if isinstance(self.voi, Window):
            self._paint_window(painter, area, self.voi)
        low, high = self._held or self.span()
        for value, align in ((low, paint.LEFT), (high, paint.RIGHT)):
            paint.text(painter, QRectF(EDGE, self.height() - 16, area.width(), 15).toRect(), f"{value:.5g}", "text.3",
                       px=11, align=align)  # fmt: skip

    def _paint_counts(self, painter: QPainter, area: QRectF, found: Histogram) -> None:
        top = math.log1p(float(found.counts.max(initial=1)))
        left, right = self.x_of(found.low), self.x_of(found.high)
        step = (right - left) / len(found.counts)
        points = [QPointF(left, area.bottom())]
        for number, count in enumerate(found.counts):
            height = area.height() * math.log1p(float(count)) / top
            points.append(QPointF(left + (number + 0.5) * step, area.bottom() - height))
        points.append(QPointF(right, area.bottom()))
        fill = QColor(color("chart.1"))
        fill.setAlphaF(0.35)
        painter.setPen(QPen(color("chart.1"), 1))
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF(points))

    def _paint_window(self, painter: QPainter, area: QRectF, voi: Window) -> None:
        low, high = self.ends()
        painter.save()
        painter.setClipRect(QRectF(0, 0, self.width(), self.height()))
        band = QColor(color("accent"))
        band.setAlphaF(0.12)
        painter.fillRect(QRectF(low, area.top(), max(high - low, 1), area.height()), band)
        painter.fillRect(QRectF(area.left(), area.bottom() + 2, area.width(), 7), self._greys(low, high))
        painter.setPen(QPen(color("accent"), 2))
        for x in (low, high):
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom() + 9))
        painter.setPen(QPen(color("text.2"), 1, Qt.PenStyle.DashLine))
        middle = self.x_of(voi.centre)
        painter.drawLine(QPointF(middle, area.top()), QPointF(middle, area.bottom()))
        painter.restore()

    def _greys(self, low: float, high: float) -> QLinearGradient:
        gradient = QLinearGradient(low, 0, max(high, low + 1), 0)
        table = colour_map(self.colours)
        for place in range(9):
            level = round(255 * (1 - place / 8 if self.inverted else place / 8))
            red, green, blue = table.rgb[level] if table is not None else (level, level, level)
            gradient.setColorAt(place / 8, QColor(int(red), int(green), int(blue)))
        return gradient

    def grip_at(self, x: float) -> str:
        """What a press at `x` takes hold of: "low", "high", "middle" or ""."""
        if self.found is None or not isinstance(self.voi, Window):
            return ""
        low, high = self.ends()
        near = min((abs(x - low), "low"), (abs(x - high), "high"))
        if near[0] <= REACH:
            return near[1]
        return "middle" if low < x < high else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of an end or of the middle."""
        x = event.position().x()
        self._grip = self.grip_at(x) if event.button() == Qt.MouseButton.LeftButton else ""
        if self._grip and isinstance(self.voi, Window):
            self._held = self.span()  # the scale stays while a handle is held
            self._from, self._start = self.value_at(x), self.voi

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it."""
        x = event.position().x()
        if not self._grip:
            over = self.grip_at(x)
            shape = {"": Qt.CursorShape.ArrowCursor, "middle": Qt.CursorShape.SizeAllCursor}
            self.setCursor(shape.get(over, Qt.CursorShape.SizeHorCursor))
            return
        by, start = self.value_at(x) - self._from, self._start
        low, high = start.centre - start.width / 2, start.centre + start.width / 2
        least = start.width / 1000
        if self._grip == "middle":
            low, high = low + by, high + by
        elif self._grip == "low":
            low = min(low + by, high - least)
        else:
            high = max(high + by, low + least)
        self.dragged.emit(replace(start, centre=(low + high) / 2, width=high - low, name=""))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._grip, self._held = "", None
        self.update()


class HistogramPanel(QWidget):
    """The curve, and the choice of pseudo-colours beside it."""

    colourChosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        surface(self, "panel")
        self.setFixedHeight(HEIGHT)
        self.curve = Curve()
        self.colours = QComboBox()
        self._title, self._colour_title = QLabel(), QLabel()
        self._title.setProperty("role", "strong")
        self._colour_title.setProperty("role", "secondary")
        self.colours.activated.connect(lambda _i: self.colourChosen.emit(str(self.colours.currentData() or "")))
        side = layout.column(self._title, self._colour_title, self.colours, None, gap=4, margins=(10, 6, 0, 6))
        row = layout.row(gap=6)
        row.addLayout(side)
        row.addWidget(self.curve, 1)
        self.setLayout(row)
        self.retranslate()

    def show_frame(self, image: Frame | None, voi: Window | Table | None, colours: str, *, inverted: bool) -> None:
        """What the active viewport shows."""
        self.curve.show_frame(image, voi, colours, inverted=inverted)
        self.colours.setCurrentIndex(max(self.colours.findData(colours), 0))
        self.colours.setEnabled(image is not None and not image.colour)

    def retranslate(self) -> None:
        """All words in the language in use."""
        self._title.setText(text("Histogram"))
        self._colour_title.setText(text("Colours"))
        self.curve.setAccessibleName(text("Histogram with window"))
        self.colours.setAccessibleName(text("Colours"))
        chosen = self.colours.currentData()
        self.colours.clear()
        self.colours.addItem(text("Grey"), "")
        for table in colour_maps():
            self.colours.addItem(table.name.text(LANGUAGE.code), table.id)
        self.colours.setCurrentIndex(max(self.colours.findData(chosen), 0))
