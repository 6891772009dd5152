"""A slider with two handles for a range."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ui.theme.theme import color
from ui.widgets import paint

RADIUS = 6


class RangeSlider(QWidget):
    """Two values in 0-1. Left and Right move the lower, Shift with them the upper handle, by 5 %."""

    changed = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.low, self.high = 0.0, 1.0
        self._dragged = ""
        self.setFixedHeight(24)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def set_range(self, low: float, high: float) -> None:
        """Move both handles without emitting."""
        self.low, self.high = max(0.0, min(low, high)), min(1.0, max(low, high))
        self.update()

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(150, 24)

    def _x(self, value: float) -> float:
        return RADIUS + value * (self.width() - 2 * RADIUS)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y = self.height() / 2
        paint.box(painter, QRectF(RADIUS, y - 2, self.width() - 2 * RADIUS, 4), "line.strong", None, radius=2)
        left, right = self._x(self.low), self._x(self.high)
        paint.box(painter, QRectF(left, y - 2, right - left, 4), "accent", None, radius=2)
        painter.setBrush(color("bg.panel"))
        painter.setPen(QPen(color("focus" if self.hasFocus() else "accent"), 2))
        for x in (left, right):
            painter.drawEllipse(QRectF(x - RADIUS + 1, y - RADIUS + 1, 2 * RADIUS - 2, 2 * RADIUS - 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the nearer handle."""
        x = event.position().x()
        self._dragged = "low" if abs(x - self._x(self.low)) <= abs(x - self._x(self.high)) else "high"
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        if not self._dragged:
            return
        value = (event.position().x() - RADIUS) / max(1, self.width() - 2 * RADIUS)
        value = round(max(0.0, min(1.0, value)), 2)
        if self._dragged == "low":
            self._move(min(value, self.high), self.high)
        else:
            self._move(self.low, max(value, self.low))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._dragged = ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by 5 %."""
        step = {Qt.Key.Key_Left: -0.05, Qt.Key.Key_Right: 0.05}.get(Qt.Key(event.key()), 0.0)
        if not step:
            super().keyPressEvent(event)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._move(self.low, min(1.0, max(self.low, self.high + step)))
        else:
            self._move(max(0.0, min(self.high, self.low + step)), self.high)

    def _move(self, low: float, high: float) -> None:
        if (low, high) != (self.low, self.high):
            self.low, self.high = low, high
            self.update()
            self.changed.emit(low, high)
