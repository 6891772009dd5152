"""Work of the window's own thread in small steps, so that no key waits for all of it."""

import time
from collections import deque
from collections.abc import Iterator
from weakref import WeakSet

from PySide6.QtCore import QObject, QTimer

BUDGET_MS = 8.0
"""A turn ends after the step that used this up. A step itself should stay well under 50 ms."""
PAUSE_MS = 1


_ALL: "WeakSet[Slices]" = WeakSet()


def any_busy() -> bool:
    """Whether steps are left anywhere."""
    return any(one.busy() for one in _ALL)


class Slices(QObject):
    """Runs generators one step after the other, a few milliseconds in each turn of the event loop."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        _ALL.add(self)
        self._waiting: deque[tuple[str, Iterator[object]]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._turn)

    def run(self, name: str, steps: Iterator[object]) -> None:
        """Queue the steps; what was queued under the same name and is not done is dropped."""
        self.drop(name)
        self._waiting.append((name, steps))
        self._timer.start()

    def drop(self, name: str) -> None:
        """Forget steps that are no longer wanted."""
        for item in [one for one in self._waiting if one[0] == name]:
            self._waiting.remove(item)

    def busy(self) -> bool:
        """Whether steps are left."""
        return bool(self._waiting)

    def finish(self) -> None:
        """Do all that is left now."""
        while self._waiting:
            self._step()

    def stop(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._timer.stop()

    def _turn(self) -> None:
        end = time.perf_counter() + BUDGET_MS / 1000
        while self._waiting and time.perf_counter() < end:
            self._step()
        if not self._waiting:
            self._timer.stop()

    def _step(self) -> None:
        item = self._waiting[0]
        try:
            next(item[1])
        except StopIteration:
            if item in self._waiting:
                self._waiting.remove(item)
        except Exception:
            if item in self._waiting:
                self._waiting.remove(item)
            raise
