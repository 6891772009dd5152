"""Buttons with icon and key hint, painted so that a change of theme needs no new icons."""

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from ui.theme import icons
from ui.theme.theme import restyle
from ui.translate import bind, tr
from ui.widgets import paint

GAP = 6


class Button(QPushButton):
    """A push button. `kind`: "", primary, danger, link, ghost; `state`: "", accepted, rejected."""

    def __init__(
        self,
        words: str = "",
        icon: str = "",
        *,
        kind: str = "",
        hint: str = "",
        small: bool = False,
        on_click: Callable[[], object] | None = None,
        icon_tone: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.icon_name, self.hint, self.icon_tone = icon, hint, icon_tone
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setProperty("kind", kind)
        self.setProperty("size", "small" if small else "")
        if words:
            bind(self, "setText", words)
        if on_click is not None:
            self.clicked.connect(lambda _checked=False: on_click())

    def set_state(self, state: str) -> None:
        """Show as accepted, rejected or neither."""
        restyle(self, state=state)

    def _tone(self) -> str:
        if not self.isEnabled():
            return "text.disabled"
        state, kind = self.property("state"), self.property("kind")
        if state in ("accepted", "rejected"):
            return "green" if state == "accepted" else "red"
        return {"primary": "text.onfill", "danger": "red", "link": "accent"}.get(kind, "text.1")

    def _content_width(self) -> int:
        words = paint.width(self.text(), self._px(), 500) if self.text() else 0
        icon = 15 if self.icon_name else 0
        hint = paint.width(self.hint, 11) + 9 if self.hint else 0
        parts = [part for part in (icon, words, hint) if part]
        return sum(parts) + GAP * max(0, len(parts) - 1)

    def _px(self) -> int:
        return 12 if self.property("size") == "small" else 13

    def sizeHint(self) -> QSize:
        """Content plus padding."""
        padding = {"link": 5, "filter": 9}.get(self.property("kind"), 9 if self.property("size") == "small" else 11)
        return QSize(self._content_width() + 2 * padding + 2, 24 if self.property("size") == "small" else 28)

    def minimumSizeHint(self) -> QSize:
        """Never narrower than its words."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The style's bevel, our content."""
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        tone = self._tone()
        x = (self.width() - self._content_width()) // 2
        if self.icon_name:
            icons.draw(painter, self.icon_name, self.icon_tone or tone, x, (self.height() - 15) // 2, 15)
            x += 15 + GAP
        if self.text():
            wide = paint.width(self.text(), self._px(), 500)
            area = QRect(x, 0, wide + 2, self.height())
            paint.text(painter, area, self.text(), tone, px=self._px(), weight=500)
            x += wide + GAP
        if self.hint:
            hint_box(painter, x, self.height() // 2, self.hint, tone if tone == "text.onfill" else "text.3")


def hint_box(painter: QPainter, x: int, middle: int, hint: str, tone: str = "text.3") -> int:
    """A key name in a thin box; returns its width."""
    wide = paint.width(hint, 11) + 9
    rect = QRect(x, middle - 8, wide, 16)
    paint.box(painter, QRectF(rect), None, tone if tone == "text.onfill" else "line.strong", radius=3)
    paint.text(painter, rect, hint, tone, px=11, align=paint.CENTRE)
    return wide


class IconButton(QToolButton):
    """A square tool button with an icon, its name as tooltip and accessible name, optionally a count badge."""

    def __init__(
        self,
        icon: str,
        name: str,
        *,
        checkable: bool = False,
        size: int = 28,
        icon_px: int = 17,
        tone: str = "text.2",
        key: str = "",
        on_click: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.icon_name, self.icon_px, self.tone, self.badge = icon, icon_px, tone, 0
        self.setCheckable(checkable)
        self.setFixedSize(size, size)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._name, self._key = name, key
        bind(self, "set_name", name)
        if on_click is not None:
            self.clicked.connect(lambda _checked=False: on_click())

    def sizeHint(self) -> QSize:
        """Square: the style sheet sets a smaller least size for all tool buttons."""
        return self.maximumSize()

    def set_name(self, name: str) -> None:
        """Tooltip and accessible name."""
        self.setToolTip(f"{name} ({self._key})" if self._key else name)
        self.setAccessibleName(name)

    def set_badge(self, count: int) -> None:
        """A count in the corner; 0 hides it."""
        self.badge = count
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The style's bevel, our icon."""
        painter = QStylePainter(self)
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = ""
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        tone = "text.disabled" if not self.isEnabled() else "accent" if self.isChecked() else self.tone
        offset, lower = (self.width() - self.icon_px) // 2, 4 if self.badge else 0
        top = (self.height() - self.icon_px) // 2 + lower
        icons.draw(painter, self.icon_name, tone, offset - lower, top, self.icon_px)
        if self.badge:
            self._paint_badge(painter)

    def _paint_badge(self, painter: QPainter) -> None:
        words = str(self.badge) if self.badge < 100 else "99+"
        wide = max(15, paint.width(words, 11, 600) + 8)
        rect = QRect(self.width() - wide, 0, wide, 15)
        paint.box(painter, QRectF(rect), "amber.fill", None, radius=7)
        paint.text(painter, rect, words, "amber.onfill", px=11, weight=600, align=paint.CENTRE)


class RailButton(IconButton):
    """A place in the rail: 40 px, selected with a bar at the window's edge."""

    def __init__(self, icon: str, name: str, on_click: Callable[[], object] | None = None) -> None:
        super().__init__(icon, name, checkable=on_click is None, size=40, icon_px=20, on_click=on_click)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A filled square when selected; no border."""
        painter = QPainter(self)
        if self.isChecked():
            paint.box(painter, QRectF(self.rect()), "bg.selected", None, radius=5)
        elif self.underMouse():
            paint.box(painter, QRectF(self.rect()), "bg.hover", None, radius=5)
        icons.draw(painter, self.icon_name, "accent" if self.isChecked() else "text.2", 10, 10, 20)
        if self.hasFocus():
            paint.focus_ring(painter, self.rect(), 5)


def accept_name(widget: QWidget, text: str) -> None:
    """Accessible name from a translated sentence, kept on a change of language."""
    bind(widget, "setAccessibleName", text)


def tooltip_disabled(widget: QWidget, enabled: bool, why: str) -> None:
    """Enable, or disable with the reason in the tooltip."""
    widget.setEnabled(enabled)
    widget.setToolTip("" if enabled else tr(why))
