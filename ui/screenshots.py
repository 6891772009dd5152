"""Screenshots of the real window on the sample cases: read, analysed and explained for real, then grabbed."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtWidgets import QApplication

from core.domain.case import Case
from core.errors import UserError
from core.store.store import Store
from ui.jobs import Jobs
from ui.settings import Settings
from ui.slices import any_busy
from ui.theme.theme import THEME
from ui.translate import LANGUAGE
from ui.window import Window

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 300.0
SETTLE_S = 0.3
IDLE_PASSES = 5
"""Passes of the event loop without a job before the window counts as settled."""
PAGES = ("review", "record", "explanation", "treatment", "report", "audit")
PLACES = ("worklist", "models", "admin")


def settle(app: QApplication, jobs: Jobs, longest_s: float = LONGEST_WAIT_S) -> bool:
    """Run the event loop until no job is left; False when it took too long."""
    end, idle = time.monotonic() + longest_s, 0
    quiet = time.monotonic() + SETTLE_S
    while time.monotonic() < end:
        app.processEvents()
        if jobs.busy() or any_busy():
            quiet, idle = time.monotonic() + SETTLE_S, 0
        elif time.monotonic() > quiet and (idle := idle + 1) > IDLE_PASSES:
            return True
        time.sleep(0.002)
    return False


def sample_folders() -> tuple[Path, ...]:
    """One folder a sample patient, with today's dates: made-up patients, so their files may lie in the open profile."""
    from core.paths import profile
    from core.samples import copies

    return copies(profile() / "samples", datetime.now().astimezone())


def take(
    out: Path, *, sizes: Sequence[tuple[int, int]], themes: Sequence[str], languages: Sequence[str]
) -> tuple[Path, ...]:
    """Save a PNG of every screen; returns the files."""
    from ui.app import application, make_window

    out.mkdir(parents=True, exist_ok=True)
    app = application()
    scratch = Path(tempfile.mkdtemp(prefix="consilium-screens-"))
    settings = Settings(scratch / "settings.json")
    settings.set("user", "Dr A. Example")
    try:
        with Store.open(scratch / "store") as store:
            window = make_window(store, settings)
            window.asks = False
            window.resize(*sizes[0])
            window.show()
            try:
                return tuple(_all(app, window, out, (sizes, themes, languages)))
            finally:
                window.close()
                app.processEvents()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _all(
    app: QApplication, window: Window, out: Path, wanted: tuple[Sequence[tuple[int, int]], Sequence[str], Sequence[str]]
) -> list[Path]:
    sizes, themes, languages = wanted
    for folder in sample_folders():
        window.session.import_paths([folder])
        settle(app, window.jobs)
    main = _prepare(app, window)
    made: list[Path] = []
    for theme in themes:
        for language in languages:
            THEME.apply(theme, language)
            LANGUAGE.use(language)
            for width, height in sizes:
                window.resize(width, height)
                settle(app, window.jobs)
                tail = f"{width}x{height}-{theme}-{language}"
                made += _screens(app, window, main, lambda name, tail=tail: out / f"{name}-{tail}.png")
    return made


def _prepare(app: QApplication, window: Window) -> str:
    """Open every case, enter past the first question, map the images; returns the case with most to show."""
    for row in window.session.rows:
        window.session.open_case(row.id)
        settle(app, window.jobs)
        workspace = window.workspaces[row.id]
        workspace.review.differential.working.emit("")
        settle(app, window.jobs)
        case = window.session.cases[row.id]
        for image_id in dict.fromkeys(p.image_id for p in case.predictions):
            window.session.explain_image(row.id, image_id)
            settle(app, window.jobs)
    ranked = sorted(window.session.cases.values(), key=_fullness, reverse=True)
    if not ranked:
        raise UserError("No sample case could be opened.", "Reinstall the program: resources/samples is missing.")
    return ranked[0].id


def _fullness(case: Case) -> tuple[int, int, int]:
    maps = len(case.explanation.images) if case.explanation else 0
    return maps, len(case.images), len(case.record.medications)


def _screens(app: QApplication, window: Window, main: str, name: Callable[[str], Path]) -> list[Path]:
    made = []
    for place in PLACES:
        window.show_tab(place)
        made.append(_grab(app, window, name(place)))
    for i, case_id in enumerate([main, *(c for c in window.workspaces if c != main)]):
        window.show_tab(case_id)
        for page in PAGES if case_id == main else PAGES[:4]:
            window.workspaces[case_id].show_page(page)
            stem = page if case_id == main else f"{page}-case{i + 1}"
            made.append(_grab(app, window, name(stem)))
        window.workspaces[case_id].show_page("review")
    return made


def _grab(app: QApplication, window: Window, path: Path) -> Path:
    if not settle(app, window.jobs):
        log.warning("%s was taken while jobs were still running", path.name)
    window.grab().save(str(path))
    return path
