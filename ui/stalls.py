"""How long the window's thread is busy at a stretch while the samples are read, analysed, typed into and looked at.

`python -m ui.stalls` prints JSON: for each phase the 50th, 95th and 99th percentile and the longest gap between the
beats of a 5 ms timer, in milliseconds, and how many gaps were longer than 50 ms; the same for the processor time of the
window's thread alone; and the time from the last key in a note to the new differential.
"""

import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from core.store.store import Store
from ui.case.workspace import Workspace
from ui.screenshots import sample_folders, settle
from ui.settings import Settings
from ui.window import Window

BEAT_MS = 5
LIMIT_MS = 50
LONGEST_S = 120.0
PAGES = ("record", "explanation", "treatment", "report", "audit", "review")


class Heart:
    """Beats of a precise timer, by phase."""

    def __init__(self) -> None:
        self.gaps_ms: dict[str, list[float]] = defaultdict(list)
        self.work_ms: dict[str, list[float]] = defaultdict(list)
        """Processor time of the window's thread in each gap: what other programs take is not in it."""
        self.phase = ""
        self._last, self._worked = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self.gaps_ms[self.phase].append(1000 * (now - self._last))
        self.work_ms[self.phase].append(1000 * (worked - self._worked))
        self._last, self._worked = now, worked

    def enter(self, phase: str) -> None:
        """Begin a phase."""
        self.phase = phase
        self._last, self._worked = time.perf_counter(), time.thread_time()


def summary(gaps_ms: list[float], work_ms: list[float]) -> dict[str, float]:
    """Percentiles of the gaps; `work_`: processor time of the window's thread alone."""
    ranked = sorted(gaps_ms)
    at = {f"p{p}_ms": round(ranked[min(len(ranked) - 1, int(len(ranked) * p / 100))], 1) for p in (50, 95, 99)}
    over = sum(gap > LIMIT_MS for gap in ranked)
    return {"n": len(ranked), **at, "longest_ms": round(ranked[-1], 1), "over_50_ms": over} | (
        {"work_longest_ms": round(max(work_ms), 1), "work_over_50_ms": sum(x > LIMIT_MS for x in work_ms)}
        if work_ms
        else {}
    )


def typing_ms(app: QApplication, window: Window, case_id: str) -> float:
    """From the last key to the new differential."""
    seen: list[float] = []
    window.session.changed.connect(lambda _case: seen.append(time.perf_counter()))
    window.show_tab(case_id)
    review = window.workspaces[case_id].review
    review.show_pane("note")
    started = time.perf_counter()
    review.notes.editor.insertPlainText(" Fever and vomiting.")
    while not seen and time.perf_counter() - started < LONGEST_S:
        app.processEvents()
        time.sleep(0.0005)
    settle(app, window.jobs)
    return 1000 * (seen[0] - started)


def rest(app: QApplication, window: Window, workspace: Workspace) -> None:
    """Until the pages that were not asked for yet are made."""
    end = time.perf_counter() + LONGEST_S
    while (workspace.waits() or window.slices.busy()) and time.perf_counter() < end:
        app.processEvents()
        time.sleep(0.0005)


def measure(app: QApplication, window: Window) -> dict[str, object]:
    """Walk the window through the samples."""
    heart = Heart()

    def phase(name: str, act: Callable[[], object]) -> None:
        heart.enter(name)
        act()
        settle(app, window.jobs, LONGEST_S)

    for folder in sample_folders():
        phase("read and analyse", lambda folder=folder: window.session.import_paths([folder]))  # type: ignore[misc]
    ids = [row.id for row in window.session.rows]
    for case_id in ids:
        phase("open", lambda case_id=case_id: window.session.open_case(case_id))  # type: ignore[misc]
        workspace = window.workspaces[case_id]
        phase("working diagnosis", lambda w=workspace: w.review.differential.working.emit(""))  # type: ignore[misc]
        phase("analyse again", lambda case_id=case_id: window.session.analyse(case_id))  # type: ignore[misc]
        for prediction in window.session.cases[case_id].predictions[:1]:
            image_id = prediction.image_id
            phase("evidence map", lambda c=case_id, i=image_id: window.session.explain_image(c, i))  # type: ignore[misc]
        heart.enter("typing")
        delays = [typing_ms(app, window, case_id) for _ in range(3)]
        heart.gaps_ms["key to differential"] += delays
        heart.enter("pages made ahead")
        rest(app, window, workspace)
        for page in PAGES:
            phase(f"page {page}", lambda w=workspace, page=page: w.show_page(page))  # type: ignore[misc]
    phase("language", window.switch_language)
    phase("theme", window.switch_theme)
    return {name: summary(gaps, heart.work_ms.get(name, [])) for name, gaps in heart.gaps_ms.items() if name and gaps}


def main() -> int:
    """Measure on a store of its own."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from ui.app import application, make_window

    app = application()
    with tempfile.TemporaryDirectory(prefix="consilium-stalls-") as folder, Store.open(Path(folder) / "store") as store:
        window = make_window(store, Settings(Path(folder) / "settings.json"))
        window.asks = False
        window.resize(1600, 1000)
        window.show()
        settle(app, window.jobs)
        found = measure(app, window)
        window.close()
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
