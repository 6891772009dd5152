"""The rail at the left: places at the top, language and settings at the bottom."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame

from ui.theme.theme import color, surface
from ui.widgets.button import RailButton
from ui.widgets.layout import column

PLACES = (
    ("worklist", "list", "Worklist"),
    ("case", "person", "Open case"),
    ("models", "cube", "Models and learning"),
    ("library", "book", "Library"),
    ("admin", "shieldcheck", "Administration and audit"),
)


class Rail(QFrame):
    """52 px. `chosen(place)` for places, `language` and `settings` for the two at the bottom."""

    chosen = Signal(str)
    language = Signal()
    settings = Signal()

    def __init__(self) -> None:
        super().__init__()
        surface(self, "app")
        self.setFixedWidth(52)
        self._group = QButtonGroup(self)
        self._buttons = {key: RailButton(icon, name) for key, icon, name in PLACES}
        for key, made in self._buttons.items():
            self._group.addButton(made)
            made.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
        self.globe = RailButton("globe", "中文 / English", self.language.emit)
        self.sliders = RailButton("sliders", "Settings", self.settings.emit)
        self.setLayout(column(*self._buttons.values(), None, self.globe, self.sliders, gap=4, margins=(6, 8, 6, 10)))

    def select(self, place: str) -> None:
        """Mark a place without emitting."""
        if place in self._buttons:
            self._buttons[place].setChecked(True)
        self.update()

    def enable(self, place: str, enabled: bool) -> None:
        """A place that leads nowhere yet is disabled."""
        self._buttons[place].setEnabled(enabled)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The selected place has a bar at the window's edge."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(self.width() - 1, 0, 1, self.height(), color("line.subtle"))
        for made in self._buttons.values():
            if made.isChecked():
                painter.fillRect(0, made.y() + 9, 3, made.height() - 18, color("accent"))
