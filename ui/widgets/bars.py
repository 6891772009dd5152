"""Bars: probability with its interval, information gain, sparkline, share of sources."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme.theme import color
from ui.translate import tr
from ui.widgets import paint


class ProbabilityBar(QWidget):
    """Bar = calibrated probability, line = 90 % interval; `value` None draws the no-estimate hatch."""

    def __init__(self, value: float | None = None, interval: tuple[float, float] = (0, 0), *, name: str = "") -> None:
        super().__init__()
        self.setFixedHeight(14)
        self.setMinimumWidth(50)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.muted = False
        self.set_value(value, interval, name=name)

    def set_value(self, value: float | None, interval: tuple[float, float] = (0, 0), *, name: str = "") -> None:
        """Show a probability (0-1) with its interval."""
        self._value, self._interval = value, interval
        if value is None:
            self.setAccessibleName(tr("{name}: no estimate", name=name))
        else:
            low, high = (round(100 * x) for x in interval)
            self.setAccessibleName(
                tr("{name}, {p} percent, interval {low} to {high}", name=name, p=round(100 * value), low=low, high=high)
            )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        if self._value is None:
            paint.no_estimate(painter, self.rect())
        else:
            paint.probability(painter, self.rect(), self._value, self._interval, muted=self.muted)


class FillBar(QWidget):
    """A plain bar filled to a share (0-1)."""

    def __init__(self, share: float, tone: str = "chart.3", name: str = "", width: int = 0) -> None:
        super().__init__()
        self.share, self.tone = share, tone
        self.setFixedHeight(12)
        if width:
            self.setFixedWidth(width)
        self.setAccessibleName(name)

    def set_share(self, share: float) -> None:
        """Fill to another share."""
        self.share = share
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        paint.progress(QPainter(self), self.rect(), max(0.0, min(1.0, self.share)), self.tone)


def sparkline(painter: QPainter, rect: QRect, values: tuple[float, ...], band: tuple[float, float], tone: str) -> None:
    """A series as a line over its reference band (either end may be NaN), the last point marked."""
    if not values:
        return
    known = [x for x in (*values, *band) if x == x]
    low, high = min(known), max(known)
    span = (high - low) or 1.0

    def y_of(value: float) -> float:
        return rect.bottom() - 2 - (value - low) / span * (rect.height() - 5)

    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if band[0] == band[0] or band[1] == band[1]:
        top = y_of(band[1]) if band[1] == band[1] else rect.top()
        bottom = y_of(band[0]) if band[0] == band[0] else rect.bottom()
        painter.fillRect(QRectF(rect.x(), top, rect.width(), max(1.0, bottom - top)), color("line.subtle"))
    step = (rect.width() - 4) / max(1, len(values) - 1)
    points = [QPointF(rect.x() + 2 + i * step, y_of(v)) for i, v in enumerate(values)]
    if len(points) == 1:
        points[0].setX(rect.right() - 3)
    painter.setPen(QPen(color(tone), 1.4))
    painter.drawPolyline(QPolygonF(points))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(tone))
    painter.drawEllipse(points[-1], 2, 2)
    painter.restore()


class ShareBar(QWidget):
    """Shares of a whole as one bar of coloured parts; `parts` are (share, tone, name)."""

    def __init__(self, parts: tuple[tuple[float, str, str], ...] = (), height: int = 16) -> None:
        super().__init__()
        self.setFixedHeight(height)
        self.set_parts(parts)

    def set_parts(self, parts: tuple[tuple[float, str, str], ...]) -> None:
        """Replace the parts."""
        self._parts = parts
        self.setAccessibleName(", ".join(f"{name} {share:.0%}" for share, _tone, name in parts))
        self.update()

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(200, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        total = sum(share for share, _tone, _name in self._parts) or 1.0
        x = 0.0
        room = self.width() - 2 * max(0, len(self._parts) - 1)
        for share, tone, _name in self._parts:
            wide = room * share / total
            paint.box(painter, QRectF(x, 0, wide, self.height()), tone, None, radius=2)
            x += wide + 2
