"""The viewer's shortcuts; single letters work only while the focus is in the viewer."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


class Shortcuts:
    """Keys of a widget that can be replaced while it runs."""

    def __init__(self, widget: QWidget, act: Callable[[str], None]) -> None:
        self._widget, self._act = widget, act
        self._made: list[QShortcut] = []

    def use(self, table: dict[str, str]) -> None:
        """Replace the key map (key sequence -> action)."""
        for shortcut in self._made:
            shortcut.setEnabled(False)  # it would make its key ambiguous until it is deleted
            shortcut.deleteLater()
        self._made = []
        for sequence, action in table.items():
            made = QShortcut(QKeySequence(sequence), self._widget)
            made.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            made.activated.connect(partial(self._act, action))
            made.activatedAmbiguously.connect(partial(self._act, action))  # the window has the key too (Ctrl+Z)
            self._made.append(made)
