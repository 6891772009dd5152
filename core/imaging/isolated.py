"""GDCM in a process of its own: mutated JPEG files abort or crash it (4 of 1,500 here), and must not take the window along.

One helper is started at the first frame that needs it and kept; when it dies or takes too long, the file is refused and
the next frame gets a new one.
"""

import atexit
import contextlib
import multiprocessing
import threading
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Unreadable

SECONDS = 20.0
"""Longest time for one frame, the helper's start included."""
MEMORY_BYTES = 4 << 30
Worker = tuple[Any, Connection]


class Helper:
    """The process and the pipe to it. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = None

    def decode(self, path: str, index: int, name: str) -> NDArray[Any]:
        """Stored values of a frame. Raises `Unreadable` where the file is damaged or the decoder gave up."""
        with self._lock:
            process, pipe = self._worker or self._start()
            try:
                pipe.send((path, index))
                answer = pipe.recv() if pipe.poll(SECONDS) else None
            except (EOFError, OSError):
                answer = None
            if answer is None:
                self._end(process, pipe)
                raise Unreadable(f"{name}: the decoder failed on this file; it is damaged.", "Ask for the file again.")
        if isinstance(answer, str):
            raise Unreadable(answer)
        return np.asarray(answer)

    def _start(self) -> Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), name="consilium-gdcm", daemon=True)
        process.start()
        theirs.close()
        self._worker = process, ours
        return self._worker

    def _end(self, process: Any, pipe: Connection) -> None:
        self._worker = None
        pipe.close()
        process.kill()
        process.join(5)

    def stop(self) -> None:
        """End the helper."""
        with self._lock:
            if self._worker is not None:
                self._end(*self._worker)


def _serve(pipe: Connection) -> None:
    """The helper's loop: a frame for every request, or the sentence that says why not."""
    from core.imaging.decode import by_plugin

    _limit_memory()
    while True:
        try:
            path, index = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            pipe.send(by_plugin(path, index, "gdcm"))
        except Unreadable as error:
            pipe.send(str(error))


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


HELPER = Helper()
atexit.register(HELPER.stop)
