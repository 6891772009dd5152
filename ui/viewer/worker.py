"""One background thread that decodes frames nearest first, and runs a volume's load. Replaces its plan, never queues up."""

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.imaging.cache import FrameCache
from ui.viewer.source import Step


class Decoder(QObject):
    """Decodes what the current plan names into the cache. Signals arrive on the window's thread."""

    ready = Signal(object)
    failed = Signal(object, str)
    ran = Signal(object, object)

    def __init__(self, cache: FrameCache, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cache = cache
        self._changed = threading.Condition()
        self._plan: Iterator[Step] = iter(())
        self._tasks: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
        self._held: Step | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._bad: set[object] = set()
        self.ran.connect(lambda done, value: done(value))

    def follow(self, plan: Iterator[Step]) -> None:
        """Work along a new plan; what the old one still named is dropped."""
        with self._changed:
            self._plan, self._held = plan, None
            self._start()
            self._changed.notify()

    def run(self, task: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Run one longer task; `done` gets its result, or the `UserError` it raised, on the window's thread."""
        with self._changed:
            self._tasks.append((task, done))
            self._start()
            self._changed.notify()

    def stop(self) -> None:
        """End the thread (after the frame it is at)."""
        with self._changed:
            self._stopping = True
            self._plan, self._held, self._tasks = iter(()), None, []
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None

    def _start(self) -> None:
        if self._thread is None and not self._stopping:
            # The window's thread gets the interpreter back within a millisecond, as in `ui.jobs`.
            sys.setswitchinterval(min(sys.getswitchinterval(), 0.001))
            self._thread = threading.Thread(target=self._serve, name="consilium-decoder", daemon=True)
            self._thread.start()

    def _next(self) -> Step | tuple[Callable[[], Any], Callable[[Any], None]] | None:
        """What is on the screen first, then tasks (thumbnails, volumes), then reading ahead."""
        with self._changed:
            while not self._stopping:
                step = self._held or next((s for s in self._plan if self._needed(s)), None)
                self._held = None
                if step is not None and (step[2] == 0 or not self._tasks):
                    return step
                self._held = step
                if self._tasks:
                    return self._tasks.pop(0)
                self._changed.wait()
        return None

    def _needed(self, step: Step) -> bool:
        return step[0] not in self.cache and step[0] not in self._bad and self.cache.room_for(step[3], step[2])

    def _serve(self) -> None:
        while (item := self._next()) is not None:
            if len(item) == 2:
                self._emit(self.ran, item[1], _attempt(item[0]))
                continue
            generation = self.cache.generation
            result = _attempt(item[1])
            if isinstance(result, UserError):
                self._bad.add(item[0])
                self._emit(self.failed, item[0], str(result))
            else:
                self.cache.put(item[0], result, generation)
                self._emit(self.ready, item[0])

    def _emit(self, signal: Any, *values: object) -> None:
        if not self._stopping:
            signal.emit(*values)


def _attempt(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except UserError as error:
        return error
