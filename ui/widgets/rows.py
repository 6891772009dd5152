"""A painted list of dense rows: hover, click, arrows and Enter. Quick to fill, no widget per row."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.theme.theme import color
from ui.widgets import paint


class PaintedRows(QWidget):
    """Subclasses paint a row and say it in words. `activated(row)` on click or Enter."""

    activated = Signal(object)

    def __init__(self, height: int = 21, margin: int = 12) -> None:
        super().__init__()
        self.rows: tuple[Any, ...] = ()
        self._height, self._margin = height, margin
        self._hover, self._current = -1, 0
        self.clickable = True
        self.padding = 4
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[Any]) -> None:
        """Replace the rows."""
        self.rows = tuple(rows)
        self._current = min(self._current, max(0, len(self.rows) - 1))
        self.setAccessibleName("; ".join(self.sentence(row) for row in self.rows[:12]))
        self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def paint_row(self, painter: QPainter, rect: QRect, row: Any) -> None:
        """Draw a row."""
        raise NotImplementedError

    def sentence(self, row: Any) -> str:
        """A row in words, for screen readers and the tooltip."""
        raise NotImplementedError

    def sizeHint(self) -> QSize:
        """All rows."""
        return QSize(200, self._height * len(self.rows) + 2 * self.padding if self.rows else 0)

    def _rect(self, at: int) -> QRect:
        return QRect(0, self.padding + at * self._height, self.width(), self._height)

    def _at(self, y: float) -> int:
        at = int((y - self.padding) // self._height)
        return at if 0 <= at < len(self.rows) else -1

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is exposed."""
        painter = QPainter(self)
        for i, row in enumerate(self.rows):
            rect = self._rect(i)
            if not rect.intersects(event.rect()):
                continue
            if i == self._hover and self.clickable:
                painter.fillRect(rect, color("bg.hover"))
            self.paint_row(painter, rect.adjusted(self._margin, 0, -self._margin, 0), row)
            if i == self._current and self.hasFocus():
                paint.focus_ring(painter, rect.adjusted(2, 0, -2, 0))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover."""
        at = self._at(event.position().y())
        if at != self._hover:
            self._hover = at
            if at >= 0:
                QToolTip.showText(event.globalPosition().toPoint(), self.sentence(self.rows[at]), self)
            self.update()

    def leaveEvent(self, _event: object) -> None:
        """No hover."""
        self._hover = -1
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click."""
        at = self._at(event.position().y())
        if at >= 0 and self.clickable:
            self._current = at
            self.activated.emit(self.rows[at])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, Enter activates."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self.rows:
            self._current = max(0, min(len(self.rows) - 1, self._current + step))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.rows and self.clickable:
            self.activated.emit(self.rows[self._current])
        else:
            super().keyPressEvent(event)
