"""The tabs of the app bar: worklist, open cases, models."""

from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import icons
from ui.theme.theme import color
from ui.widgets import paint

PADDING = 14
MAX_TITLE = 190
LEAST_TITLE = 40


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab. `flagged` shows a red dot: the case has a red flag."""

    key: str
    title: str
    icon: str = ""
    flagged: bool = False
    closable: bool = False


class TabStrip(QWidget):
    """Painted tabs; arrows move, Delete closes."""

    chosen = Signal(str)
    closed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._tabs: tuple[Tab, ...] = ()
        self._current = ""
        self._hover = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Expanding)

    def set_tabs(self, tabs: tuple[Tab, ...], current: str) -> None:
        """Replace the tabs and choose one."""
        self._tabs, self._current = tabs, current
        self.setAccessibleName(", ".join(tab.title for tab in tabs))
        self.updateGeometry()
        self.update()

    def current(self) -> str:
        """The chosen key."""
        return self._current

    def keys(self) -> tuple[str, ...]:
        """All keys in order."""
        return tuple(tab.key for tab in self._tabs)

    def _width(self, tab: Tab, most: int = MAX_TITLE) -> int:
        words = min(most, paint.width(tab.title, 13, 500)) + 2
        return words + 2 * PADDING + (22 if tab.icon else 0) + (16 if tab.flagged else 0) + (20 if tab.closable else 0)

    def _rects(self) -> list[tuple[Tab, QRect]]:
        x, made = 0, []
        for tab, wide in zip(self._tabs, self._widths(), strict=True):
            made.append((tab, QRect(x, 6, wide, self.height() - 6)))
            x += wide
        return made

    def _widths(self) -> list[int]:
        """Where they do not all fit, the others are cut before the chosen one: one must see whose case one is in."""
        others = chosen = MAX_TITLE

        def widths() -> list[int]:
            return [self._width(tab, chosen if tab.key == self._current else others) for tab in self._tabs]

        while sum(widths()) > self.width() and chosen > LEAST_TITLE:
            if others > LEAST_TITLE:
                others -= 10
            else:
                chosen -= 10
        return widths()

    def sizeHint(self) -> QSize:
        """All tabs."""
        return QSize(sum(self._width(tab) for tab in self._tabs), 40)

    def minimumSizeHint(self) -> QSize:
        """May be cut."""
        return QSize(160, 40)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint all tabs."""
        painter = QPainter(self)
        for tab, rect in self._rects():
            self._paint_tab(painter, tab, rect)

    def _paint_tab(self, painter: QPainter, tab: Tab, rect: QRect) -> None:
        selected = tab.key == self._current
        if selected:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(color("line.subtle"), 1))
            painter.setBrush(color("bg.panel"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, 8), 5, 5)
            painter.restore()
        elif tab.key == self._hover:
            paint.box(painter, QRectF(rect), "bg.hover", None, radius=5)
        x = rect.x() + PADDING
        tone = "text.1" if selected else "text.2"
        if tab.icon:
            icons.draw(painter, tab.icon, tone, x, rect.center().y() - 7, 16)
            x += 22
        if tab.flagged:
            paint.box(painter, QRectF(x, rect.center().y() - 2, 7, 7), "red", None, radius=3.5)
            x += 16
        room = rect.right() - x - PADDING + 4 - (20 if tab.closable else 0)
        area = QRect(x, rect.y(), room, rect.height())
        paint.text(painter, area, tab.title, tone, px=13, weight=500)
        if tab.closable:
            icons.draw(painter, "x", "text.2", rect.right() - PADDING - 10, rect.center().y() - 6, 14)
        if selected and self.hasFocus():
            paint.focus_ring(painter, rect.adjusted(1, 1, -1, -1), 5)

    def _at(self, x: int) -> tuple[Tab, QRect] | None:
        return next(((tab, rect) for tab, rect in self._rects() if rect.left() <= x <= rect.right()), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover."""
        found = self._at(int(event.position().x()))
        self._hover = found[0].key if found else ""
        self.setToolTip(found[0].title if found else "")
        self.update()

    def leaveEvent(self, event: object) -> None:
        """No hover."""
        self._hover = ""
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose or close."""
        found = self._at(int(event.position().x()))
        if not found:
            return
        tab, rect = found
        on_cross = tab.closable and event.position().x() > rect.right() - PADDING - 16
        if on_cross or (tab.closable and event.button() == Qt.MouseButton.MiddleButton):
            self.closed.emit(tab.key)
        else:
            self.chosen.emit(tab.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and Delete."""
        keys = list(self.keys())
        at = keys.index(self._current) if self._current in keys else 0
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and keys:
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            self.chosen.emit(keys[(at + step) % len(keys)])
        elif event.key() == Qt.Key.Key_Delete and self._tabs and self._tabs[at].closable:
            self.closed.emit(keys[at])
        else:
            super().keyPressEvent(event)
