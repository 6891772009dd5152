"""One to four viewports and how they are laid out; which of them is the active one."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from ui.theme.theme import surface
from ui.viewer.marks import History
from ui.viewer.viewport import Viewport
from ui.viewer.viewport_model import Marks, ViewportModel

COUNTS = {"1": 1, "2": 2, "3": 3, "4": 4, "mpr": 3}
"""Layout -> viewports."""


class Grid(QWidget):
    """The viewports. `activated` fires when another one becomes active."""

    activated = Signal()

    def __init__(self, marks: History[Marks]) -> None:
        super().__init__()
        surface(self, "viewer")
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self.views = [Viewport(ViewportModel(marks), self) for _ in range(max(COUNTS.values()))]
        self.current = self.views[0]
        self.shown: tuple[Viewport, ...] = ()
        self.mode = self.before = "1"
        self.set_mode("1")

    def set_mode(self, mode: str) -> None:
        """Lay out; a single viewport is the active one."""
        count = COUNTS[mode]
        self.mode = mode
        while self._layout.count():
            self._layout.takeAt(0)
        shown = [self.current] if count == 1 else self.views[:count]
        self.shown = tuple(shown)
        for view in self.views:
            view.setVisible(view in shown)
        for number, view in enumerate(shown):
            row, column, wide, high = _cell(mode, number)
            self._layout.addWidget(view, row, column, high, wide)
        for column in range(3):
            self._layout.setColumnStretch(column, 1 if column < (1 if count == 1 else 3 if mode == "3" else 2) else 0)
        if self.current not in shown:
            self.activate(0)

    def activate(self, number: int) -> None:
        """Make a viewport the active one."""
        self.current = self.views[number]
        self.activated.emit()

    def switch_single(self) -> None:
        """The active viewport alone, and back to the layout before."""
        if self.mode == "1":
            self.set_mode(self.before)
        else:
            self.before = self.mode
            self.set_mode("1")


def _cell(mode: str, number: int) -> tuple[int, int, int, int]:
    """(row, column, columns wide, rows high) of a viewport."""
    if mode == "3":
        return 0, number, 1, 1
    return number // 2, number % 2, 2 if mode == "mpr" and number == 2 else 1, 1
