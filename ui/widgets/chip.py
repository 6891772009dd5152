"""Chips: a sign or icon and a word on a tint. The sign carries the meaning, colour only repeats it."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import icons
from ui.widgets import paint

HEIGHT = 20
PADDING = 7
TINTS = ("red", "amber", "green", "info", "violet", "grey")


@dataclass(frozen=True, slots=True)
class ChipStyle:
    """Colours of a chip by tone. `solid` fills with the strong colour (Stop, time-critical)."""

    fill: str | None
    line: str
    word: str


def style(tone: str, solid: bool = False) -> ChipStyle:
    """How a chip of a tone looks."""
    if solid:
        return ChipStyle(f"{tone}.fill", f"{tone}.fill", "amber.onfill" if tone == "amber" else "text.onfill")
    if tone == "plain":
        return ChipStyle("bg.raised", "grey.line", "text.1")
    if tone == "unknown":
        return ChipStyle("grey.tint", "grey.line", "grey")
    return ChipStyle(f"{tone}.tint", f"{tone}.line", tone)


def size(words: str, sign: str = "", icon: str = "", closable: bool = False) -> QSize:
    """Size of a chip."""
    extra = (paint.width(sign, 12, 600) + 4 if sign else 0) + (18 if icon else 0) + (16 if closable else 0)
    return QSize(paint.width(words, 12, 500) + extra + 2 * PADDING + 2, HEIGHT)


def draw(
    painter: QPainter,
    at: QPoint,
    words: str,
    tone: str,
    *,
    sign: str = "",
    icon: str = "",
    solid: bool = False,
    limit: int = 10_000,
) -> int:
    """Paint a chip with its top left corner at `at`, at most `limit` wide; returns its width."""
    look = style(tone, solid)
    wanted = size(words, sign, icon)
    wide = min(wanted.width(), limit)
    rect = QRect(at, QSize(wide, HEIGHT))
    paint.box(painter, QRectF(rect), look.fill, look.line, dashed=tone == "unknown")
    x = rect.x() + PADDING
    if icon:
        icons.draw(painter, icon, look.word, x, rect.y() + 3, 14)
        x += 18
    if sign:
        paint.text(painter, QRect(x, rect.y(), 20, HEIGHT), sign, look.word, px=12, weight=600)
        x += paint.width(sign, 12, 600) + 4
    paint.text(painter, QRect(x, rect.y(), rect.right() - x - 4, HEIGHT), words, look.word, px=12, weight=500)
    return wide


class Chip(QWidget):
    """A chip; clickable ones take focus and Enter or Space."""

    clicked = Signal()

    def __init__(
        self,
        words: str,
        tone: str = "grey",
        *,
        sign: str = "",
        icon: str = "",
        solid: bool = False,
        clickable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.tone, self.sign, self.icon, self.solid = tone, sign, icon, solid
        self._words = words
        self._clickable = clickable
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        if clickable:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.set_words(words)

    def words(self) -> str:
        """The text shown."""
        return self._words

    def set_words(self, words: str) -> None:
        """Replace the text."""
        self._words = words
        self.setAccessibleName(f"{self.sign} {words}".strip())
        self.setToolTip(words if paint.width(words, 12, 500) > 220 else "")
        self.updateGeometry()
        self.update()

    def set_tone(self, tone: str, icon: str | None = None) -> None:
        """Replace tone and, where given, icon."""
        self.tone = tone
        self.icon = self.icon if icon is None else icon
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as its words."""
        return size(self._words, self.sign, self.icon)

    def minimumSizeHint(self) -> QSize:
        """Words may be elided to 60 px."""
        hint = self.sizeHint()
        return QSize(min(60, hint.width()), hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        top = (self.height() - HEIGHT) // 2
        draw(
            painter,
            QPoint(0, top),
            self._words,
            self.tone,
            sign=self.sign,
            icon=self.icon,
            solid=self.solid,
            limit=self.width(),
        )
        if self.hasFocus():
            paint.focus_ring(painter, QRect(0, top, self.width(), HEIGHT))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click."""
        if self._clickable and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space click."""
        if self._clickable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


def tone_colour(tone: str) -> QColor:
    """The text colour of a tone."""
    return paint.shade(style(tone).word)
