"""Labels by role and tone, and labels that elide."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ui.theme import fonts
from ui.translate import bind
from ui.widgets import paint


def label(words: str = "", role: str = "", tone: str = "", *, wrap: bool = False, select: bool = False) -> QLabel:
    """A label with data in it (not translated here)."""
    made = QLabel(words)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setProperty("tone", tone)
    if role == "caption":
        fonts.caption(made)
    made.setWordWrap(wrap)
    if select:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def fixed(words: str, role: str = "", tone: str = "", *, wrap: bool = False, **values: object) -> QLabel:
    """A label with a fixed text of the interface, kept on a change of language."""
    made = label("", role, tone, wrap=wrap)
    bind(made, "setText", words, **values)
    return made


class Elided(QWidget):
    """One line of text that ends in … when there is no room."""

    def __init__(self, words: str = "", tone: str = "text.1", px: int = 13, weight: int = 400) -> None:
        super().__init__()
        self._words, self.tone, self._px, self._weight = words, tone, px, weight
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_words(words)

    def words(self) -> str:
        """The whole text."""
        return self._words

    def set_words(self, words: str) -> None:
        """Replace the text."""
        self._words = words
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """The whole text."""
        return QSize(paint.width(self._words, self._px, self._weight) + 2, paint.metrics(self._px).height() + 2)

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        return QSize(min(40, self.sizeHint().width()), self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        area = QRect(0, 0, self.width(), self.height())
        paint.text(painter, area, self._words, self.tone, px=self._px, weight=self._weight)
