"""Columns side by side whose widths the user drags; kept per screen in the settings."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QSplitter, QWidget

from ui.settings import Settings


class Columns(QSplitter):
    """One column takes all extra width; the others keep theirs."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._name, self._settings = name, settings
        self._wanted: list[int] = []
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(400)
        self._timer.timeout.connect(self._keep)
        self.splitterMoved.connect(lambda _at, _index: self._timer.start())

    def add(self, widget: QWidget, width: int, least: int, *, grows: bool) -> None:
        """Append a column with its width at 1600 and its least width."""
        widget.setMinimumWidth(least)
        self.addWidget(widget)
        self.setStretchFactor(self.count() - 1, int(grows))
        saved = (self._settings.get("columns") or {}).get(self._name, [])
        at = self.count() - 1
        self._wanted.append(saved[at] if at < len(saved) else width)
        self.setSizes(self._wanted)

    def give(self, index: int, width: int) -> None:
        """Set one column's width; the one that grows takes the rest."""
        sizes = self.sizes()
        if index < len(sizes) and sizes[index] != width:
            grows = next((i for i in range(self.count()) if self.widget(i).sizePolicy().horizontalStretch()), 0)
            sizes[grows] += sizes[index] - width
            sizes[index] = width
            self.setSizes(sizes)

    def _keep(self) -> None:
        if all(self.sizes()):
            columns = {**(self._settings.get("columns") or {}), self._name: self.sizes()}
            self._settings.set("columns", columns)
