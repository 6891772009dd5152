"""The one QApplication, windows on a store of synthetic cases, and a guard against leaked widgets and timers."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from core.domain.case import Case
from core.store.store import Store
from tests.ui import builders
from ui.app import application, make_window
from ui.jobs import Jobs
from ui.settings import Settings
from ui.slices import any_busy
from ui.theme.theme import THEME
from ui.translate import LANGUAGE
from ui.window import Window

LONGEST_S = 180.0
"""A limit for what hangs, not a measure: other work may share the machine."""
IDLE_PASSES = 5
Pump = Callable[..., None]


@pytest.fixture(scope="session")
def app() -> QApplication:
    """The application."""
    made = application()
    THEME.apply("dark", "en")
    return made


def collect(app: QApplication) -> None:
    """Run deferred deletions."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        app.processEvents()


@pytest.fixture(autouse=True)
def clean(app: QApplication) -> Iterator[None]:
    """Every test begins in English and dark, and leaves no top-level widget visible or undeleted."""
    before = set(QApplication.topLevelWidgets())
    yield
    LANGUAGE.use("en")
    if THEME.name != "dark":
        THEME.apply("dark", "en")
    collect(app)
    left = [w for w in QApplication.topLevelWidgets() if w not in before and w.isVisible()]
    for widget in left:
        widget.close()
    assert not left, f"windows left open: {left}"


@pytest.fixture
def pump(app: QApplication) -> Pump:
    """`pump(jobs)`: run the event loop until no job is left; `pump(until=f)`: until f() holds."""

    def run(jobs: Jobs | None = None, *, until: Callable[[], bool] | None = None) -> None:
        end, idle = time.monotonic() + LONGEST_S, 0
        quiet = time.monotonic() + 0.15
        while time.monotonic() < end:
            app.processEvents()
            if until is not None and until():
                return
            if jobs is not None and (jobs.busy() or any_busy()):
                quiet, idle = time.monotonic() + 0.15, 0
            elif until is None and time.monotonic() > quiet and (idle := idle + 1) > IDLE_PASSES:
                return
            time.sleep(0.001)
        raise AssertionError("the window did not come to rest")

    return run


@pytest.fixture
def open_window(app: QApplication, tmp_path: Path, pump: Pump) -> Iterator[Callable[..., Window]]:
    """`open_window(*cases, size=(w, h))`: the real window on a store with those cases."""
    made: list[tuple[Window, Store]] = []

    def make(*cases: Case, size: tuple[int, int] = (1600, 1000)) -> Window:
        store = Store.open(tmp_path / f"store{len(made)}", clock=lambda: builders.NOW)
        for case in cases:
            store.save(case)
        settings = Settings(tmp_path / f"settings{len(made)}.json")
        settings.set("user", "Dr A. Example")
        window = make_window(store, settings)
        window.session.now = lambda: builders.NOW
        window.resize(*size)
        window.show()
        made.append((window, store))
        pump(window.jobs)
        return window

    yield make
    for window, store in made:
        window.close()
        window.deleteLater()
        store.close()
    collect(app)
