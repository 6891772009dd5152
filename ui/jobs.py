"""The one place for threads.

Core calls run on two worker threads, one for long work and one for short work (a note was edited, a case saved), so
that a keystroke never waits behind an explanation and Python-heavy work never holds the interpreter from more than two
sides. Every job carries its case and request; a result that is no longer wanted is dropped.
"""

import gc
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.progress import Cancelled, Report

log = logging.getLogger(__name__)

REPAINTS_PER_SECOND = 10
SWITCH_INTERVAL_S = 0.001
HISTORY = 50
COLLECT_AFTER = (2_000, 10, 1_000)
"""Small collections of a few milliseconds; a full one, which stops all threads, hardly ever by itself."""


class Lane(StrEnum):
    """Which worker runs a job."""

    LONG = "long"
    SHORT = "short"


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True, eq=False)
class Job:
    """One request. `title` is an English key; `what` is the core's own progress text."""

    id: int
    title: str
    work: Callable[[Report], Any]
    done: Callable[[Any], None]
    failed: Callable[[Exception], None] | None
    case_id: str
    kind: str
    lane: Lane
    quiet: bool = False
    state: State = State.QUEUED
    made: int = 0
    total: int = 0
    what: str = ""
    started: float = 0.0
    ended: float = 0.0
    cancel: threading.Event = field(default_factory=threading.Event)
    stale: bool = False

    @property
    def active(self) -> bool:
        """Waiting or running."""
        return self.state in (State.QUEUED, State.RUNNING)

    @property
    def share(self) -> float | None:
        """Part done, 0-1; None when the length is unknown."""
        return min(1.0, self.made / self.total) if self.total > 0 else None

    def elapsed(self) -> float:
        """Seconds since it started running."""
        return (self.ended or time.monotonic()) - self.started if self.started else 0.0

    def seconds_left(self) -> float | None:
        """Estimated from the pace so far; None before it can be known."""
        share = self.share
        if not share or self.elapsed() < 0.3:
            return None
        return self.elapsed() * (1 - share) / share


class Jobs(QObject):
    """Starts jobs, reports progress, cancels, and hands results back on the window's thread."""

    changed = Signal()
    crashed = Signal(object)
    """An error no `failed` handler took: `messages.py` shows it."""
    _arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._next = 0
        self._jobs: list[Job] = []
        self._met: set[str] = set()
        """Kinds of work done once: they read the large tables, which the collector need not look through again (a full
        collection over them stops every thread for 0.1 s and more)."""
        self._inbox: queue.SimpleQueue[tuple[str, Job, Any]] = queue.SimpleQueue()
        self._queues: dict[Lane, queue.SimpleQueue[Job | None]] = {lane: queue.SimpleQueue() for lane in Lane}
        self._threads: list[threading.Thread] = []
        self._arrived.connect(self._deliver)

    def start(
        self,
        title: str,
        work: Callable[[Report], Any],
        done: Callable[[Any], None],
        *,
        case_id: str = "",
        kind: str = "",
        lane: Lane = Lane.LONG,
        failed: Callable[[Exception], None] | None = None,
        quiet: bool = False,
    ) -> Job:
        """Queue `work(report)`; `done(result)` runs on the window's thread.

        A job of the same case and kind that still runs is cancelled and its result dropped. `quiet` jobs are not
        listed in the job strip.
        """
        self._start_threads()
        if kind:
            self.cancel_kind(case_id, kind)
        self._next += 1
        job = Job(self._next, title, work, done, failed, case_id, kind, lane, quiet)
        self._jobs.append(job)
        self._forget()
        self._queues[lane].put(job)
        self.changed.emit()
        return job

    def visible(self) -> tuple[Job, ...]:
        """Jobs for the strip and its history, oldest first."""
        return tuple(job for job in self._jobs if not job.quiet)

    def busy(self) -> bool:
        """Whether anything waits or runs."""
        return any(job.active for job in self._jobs)

    def running(self, case_id: str, kind: str) -> Job | None:
        """The active job of a case and kind."""
        return next((j for j in self._jobs if j.active and j.case_id == case_id and j.kind == kind), None)

    def cancel(self, job: Job) -> None:
        """Ask a job to stop; its result, if one still comes, is dropped."""
        job.stale = True
        job.cancel.set()
        if job.state is State.QUEUED:
            job.state = State.CANCELLED
        self.changed.emit()

    def cancel_kind(self, case_id: str, kind: str) -> None:
        """Cancel what a newer request replaces."""
        for job in [j for j in self._jobs if j.active and j.case_id == case_id and j.kind == kind]:
            self.cancel(job)

    def cancel_case(self, case_id: str) -> None:
        """Cancel everything of a case that was closed."""
        for job in [j for j in self._jobs if j.active and j.case_id == case_id]:
            self.cancel(job)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Cancel all jobs and end the workers."""
        for job in self._jobs:
            if job.active:
                self.cancel(job)
        for lane_queue in self._queues.values():
            lane_queue.put(None)
        for thread in self._threads:
            thread.join(timeout_s)
        self._threads.clear()

    def _start_threads(self) -> None:
        if self._threads:
            return
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.set_threshold(*COLLECT_AFTER)
        for lane in Lane:
            thread = threading.Thread(target=self._serve, args=(lane,), name=f"consilium-{lane}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _forget(self) -> None:
        ended = [job for job in self._jobs if not job.active]
        for job in ended[: max(0, len(ended) - HISTORY)]:
            self._jobs.remove(job)

    def _serve(self, lane: Lane) -> None:
        while (job := self._queues[lane].get()) is not None:
            if not job.cancel.is_set():
                self._run(job)

    def _run(self, job: Job) -> None:
        job.state, job.started = State.RUNNING, time.monotonic()
        self._post("progress", job)
        try:
            result = job.work(_reporter(job, lambda: self._post("progress", job)))
        except Cancelled:
            self._post("cancelled", job)
        except Exception as error:  # noqa: BLE001  handed to the one handler on the window's thread
            self._post("failed", job, error)
        else:
            self._post("done", job, result)

    def _post(self, event: str, job: Job, value: Any = None) -> None:
        self._inbox.put((event, job, value))
        self._arrived.emit()

    def _deliver(self) -> None:
        heard = False
        while True:
            try:
                event, job, value = self._inbox.get_nowait()
            except queue.Empty:
                break
            heard = True
            self._settle(event, job, value)
            if event == "done" and job.title not in self._met:
                self._met.add(job.title)
                gc.freeze()
        if heard:
            self.changed.emit()

    def _settle(self, event: str, job: Job, value: Any) -> None:
        if event == "progress":
            return
        job.ended = time.monotonic()
        if event == "cancelled" or job.stale:
            job.state = State.CANCELLED
        elif event == "done":
            job.state = State.DONE
            job.made = job.total
            job.done(value)
        else:
            job.state = State.FAILED
            self._report_failure(job, value)

    def _report_failure(self, job: Job, error: Exception) -> None:
        job.what = str(error) if isinstance(error, UserError) else job.what
        if job.failed is not None:
            job.failed(error)
        else:
            self.crashed.emit(error)


def _reporter(job: Job, post: Callable[[], None]) -> Report:
    last = [0.0]

    def report(made: int, total: int, what: str) -> None:
        if job.cancel.is_set():
            raise Cancelled
        job.made, job.total, job.what = made, total, what
        now = time.monotonic()
        if now - last[0] >= 1 / REPAINTS_PER_SECOND:
            last[0] = now
            post()

    return report
