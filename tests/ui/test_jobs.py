"""Jobs: progress, cancel, stale results, failures, and a window that keeps breathing."""

import threading
import time

import pytest
from PySide6.QtCore import Qt, QTimer

from core.errors import UserError
from core.progress import Report
from tests.ui.conftest import Pump
from ui.jobs import Jobs, Lane, State


@pytest.fixture
def jobs(app):  # type: ignore[no-untyped-def]
    made = Jobs()
    yield made
    made.stop()


def test_result_arrives_on_the_windows_thread(jobs: Jobs, pump: Pump) -> None:
    where: list[object] = []
    jobs.start("t", lambda _r: threading.current_thread(), lambda ran: where.extend((ran, threading.current_thread())))
    pump(jobs)
    assert where[0] is not threading.main_thread()
    assert where[1] is threading.main_thread()


def test_progress_gives_share_and_time_left(jobs: Jobs, pump: Pump) -> None:
    gate = threading.Event()
    seen: list[tuple[float | None, str]] = []

    def work(report: Report) -> None:
        report(1, 4, "quarter")
        gate.wait(5)

    job = jobs.start("t", work, lambda _x: None)
    jobs.changed.connect(lambda: seen.append((job.share, job.what)))
    pump(until=lambda: job.share == 0.25)
    job.started = time.monotonic() - 1.0
    left = job.seconds_left()
    gate.set()
    pump(jobs)
    assert left is not None and 2.5 < left < 4.0
    assert (0.25, "quarter") in seen and job.state is State.DONE


def test_cancel_stops_the_work_and_drops_the_result(jobs: Jobs, pump: Pump) -> None:
    started, results = threading.Event(), []

    def work(report: Report) -> int:
        started.set()
        for i in range(10_000):
            report(i, 10_000, "")
            time.sleep(0.001)
        return 1

    job = jobs.start("t", work, results.append)
    pump(until=started.is_set)
    jobs.cancel(job)
    pump(jobs)
    assert job.state is State.CANCELLED and not results


def test_newer_request_replaces_older(jobs: Jobs, pump: Pump) -> None:
    gate, results = threading.Event(), []

    def slow(_report: Report) -> str:
        gate.wait(5)
        return "old"

    jobs.start("t", slow, results.append, case_id="c", kind="assess")
    jobs.start("t", lambda _r: "new", results.append, case_id="c", kind="assess", lane=Lane.SHORT)
    gate.set()
    pump(jobs)
    assert results == ["new"]


def test_closed_case_drops_its_results_only(jobs: Jobs, pump: Pump) -> None:
    gate, results = threading.Event(), []
    jobs.start("t", lambda _r: gate.wait(5) and "a", results.append, case_id="a")
    jobs.start("t", lambda _r: "b", results.append, case_id="b")
    jobs.cancel_case("a")
    gate.set()
    pump(jobs)
    assert results == ["b"]


def test_failure_reaches_its_handler_or_the_one_for_all(jobs: Jobs, pump: Pump) -> None:
    own, common = [], []
    jobs.crashed.connect(common.append)

    def fail(_report: Report) -> None:
        raise UserError("No film.", "Add one.")

    jobs.start("t", fail, lambda _x: None, failed=own.append)
    job = jobs.start("t", fail, lambda _x: None)
    pump(jobs)
    assert isinstance(own[0], UserError) and isinstance(common[0], UserError)
    assert len(own) == len(common) == 1 and job.state is State.FAILED


def test_short_work_does_not_wait_behind_long(jobs: Jobs, pump: Pump) -> None:
    gate, results = threading.Event(), []
    jobs.start("t", lambda _r: gate.wait(5), lambda _x: results.append("long"))
    jobs.start("t", lambda _r: None, lambda _x: results.append("short"), lane=Lane.SHORT)
    pump(until=lambda: results == ["short"])
    gate.set()
    pump(jobs)
    assert results == ["short", "long"]


def test_window_keeps_breathing_beside_python_heavy_work(jobs: Jobs, pump: Pump) -> None:
    """A 5 ms timer beside two workers that never leave Python: 95 of 100 beats come within 50 ms."""
    beats, last = [], [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        beats.append(now - last[0])
        last[0] = now

    def spin(_report: Report) -> int:
        end, total = time.perf_counter() + 0.6, 0
        while time.perf_counter() < end:
            total += sum(i * i for i in range(500))
        return total

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(5)
    timer.timeout.connect(beat)
    timer.start()
    jobs.start("t", spin, lambda _x: None)
    jobs.start("t", spin, lambda _x: None, lane=Lane.SHORT)
    pump(jobs)
    timer.stop()
    beats.sort()
    assert len(beats) > 20
    assert beats[int(len(beats) * 0.95)] < 0.05
