"""Locks the window some minutes after the last key or click (`core.store.policy.IdleLock`)."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QGuiApplication, QWindow

from core.store.policy import IdleLock

TOUCHES = frozenset(
    (
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
    )
)


class IdleWatch(QObject):
    """Watches the windows of the program (not every widget: a filter on all events would slow each of them)."""

    def __init__(self, minutes: float, lock: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._lock = clock, lock
        self._idle = IdleLock(minutes, clock())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.check)
        self._wait()
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.focusWindowChanged.connect(self.watch)

    def watch(self, window: QWindow | None) -> None:
        """A window came to the front: keys and clicks in it count."""
        if window is not None:
            window.removeEventFilter(self)
            window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """The user did something."""
        if event.type() in TOUCHES:
            self._idle.touch(self._clock())
        return False

    def check(self) -> None:
        """Lock when it is time; else wait for what is left."""
        if self._idle.due(self._clock()):
            self._lock()
            self._idle.touch(self._clock())
        self._wait()

    def _wait(self) -> None:
        self._timer.start(max(1000, round(1000 * self._idle.left_s(self._clock()))))

    def stop(self) -> None:
        """The window closes."""
        self._timer.stop()
