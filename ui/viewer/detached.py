"""A window of its own for the images of a case: on another screen where there is one, and back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence, QScreen, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from ui.dialogs import LockDialog
from ui.theme.theme import THEME, surface
from ui.viewer.texts import text
from ui.viewer.viewer import Viewer
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import band, column, row
from ui.widgets.text import label


class DetachedViewer(QWidget):
    """Holds a viewer with all its state. `returned` fires when it should go back (closed, or asked for)."""

    returned = Signal()

    def __init__(self, viewer: Viewer, identity: str, synthetic: bool) -> None:
        super().__init__(None, Qt.WindowType.Window)
        surface(self, "viewer")
        self.viewer = viewer
        self.setWindowTitle(text("Images · {name}", name=identity))
        self.identity = label(identity, "strong")
        self.synthetic = Chip(text("SYNTHETIC"), "violet")
        self.synthetic.setVisible(synthetic)
        words = label(text("Decision support only. The clinician decides."), "caption")
        back = Button("Bring back", "swap", small=True, on_click=self.close)
        head = band(row(self.identity, self.synthetic, None, words, back, margins=(12, 0, 10, 0)), 36)
        viewer.setParent(self)
        self.setLayout(column(head, viewer, gap=0))
        self.layout().setStretch(1, 1)
        THEME.dress(self)
        viewer.show()
        self._before: QRect | None = None
        for keys, run in (("F11", self.switch_full_screen), ("Esc", self.leave_full_screen)):
            made = QShortcut(QKeySequence(keys), self)
            made.activated.connect(run)

    def show_identity(self, identity: str, *, synthetic: bool) -> None:
        """Whose images these are."""
        self.identity.setText(identity)
        self.setWindowTitle(text("Images · {name}", name=identity))
        self.synthetic.setVisible(synthetic)

    def place(self, near: QWidget) -> None:
        """Fill another screen than the one `near` is on; else a window beside it."""
        other = other_screen(near.screen())
        if other is not None:
            self.setGeometry(other.availableGeometry())
            self.showMaximized()
            return
        area = near.screen().availableGeometry()
        self.setGeometry(
            area.adjusted(area.width() // 8, area.height() // 12, -area.width() // 8, -area.height() // 12)
        )
        self.show()

    def switch_full_screen(self) -> None:
        """F11."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def leave_full_screen(self) -> None:
        """Esc: first a mark being drawn, then the full screen."""
        if not self.viewer.current.interaction.cancel():
            self.setWindowState(self.windowState() & ~Qt.WindowState.WindowFullScreen)
        self.viewer.current.update()

    def event(self, event: QEvent) -> bool:
        """While the program is locked nothing is seen here either."""
        if event.type() == QEvent.Type.WindowBlocked and isinstance(QApplication.activeModalWidget(), LockDialog):
            self._cover(hidden=True)
        elif event.type() == QEvent.Type.WindowUnblocked:
            self._cover(hidden=False)
        return super().event(event)

    def _cover(self, *, hidden: bool) -> None:
        for part in (self.viewer, self.identity):
            if part.parent() is not None and part.window() is self:
                part.setVisible(not hidden)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The images go back; the viewer is not closed with the window."""
        event.accept()
        self.returned.emit()


def other_screen(here: QScreen) -> QScreen | None:
    """The largest screen but this one."""
    others = [s for s in QGuiApplication.screens() if s is not here]
    return max(others, key=lambda s: s.geometry().width() * s.geometry().height(), default=None)
