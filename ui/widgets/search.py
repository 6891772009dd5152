"""A field with a magnifying glass and the key that reaches it."""

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit

from ui.theme import icons
from ui.translate import bind
from ui.widgets import paint
from ui.widgets.button import hint_box


class SearchField(QLineEdit):
    """`textChanged` as usual; `words` is the placeholder and the accessible name."""

    def __init__(self, words: str, key: str = "", height: int = 28) -> None:
        super().__init__()
        self._key = key
        self.setFixedHeight(height)
        self._room = paint.width(key, 11) + 12 if key else 0
        self.setTextMargins(20, 0, self._room, 0)
        self.setClearButtonEnabled(False)
        bind(self, "set_hint", words)

    def set_hint(self, words: str) -> None:
        """Placeholder in the language in use."""
        self.setPlaceholderText(words)
        self.setAccessibleName(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The field, then glass and key."""
        super().paintEvent(event)
        painter = QPainter(self)
        icons.draw(painter, "search", "text.2", 9, (self.height() - 15) // 2, 15)
        if self._key and not self.text():
            hint_box(painter, self.width() - self._room - 5, self.height() // 2, self._key)
