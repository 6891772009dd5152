"""Opens the window; takes screenshots of every screen."""

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from core.errors import UserError
from core.privacy import log as privacy_log
from core.store.store import Store
from ui.jobs import Jobs
from ui.local import sweep
from ui.messages import Messages
from ui.session import Session
from ui.settings import Settings
from ui.sign_in import open_store, sign_in
from ui.theme import fonts
from ui.theme.theme import THEME
from ui.translate import LANGUAGE, tr
from ui.window import Window

SIZES = ((1600, 1000), (1280, 800))
GAVE_UP = 2
"""Exit code where no store was opened."""


def application(argv: Sequence[str] = ()) -> QApplication:
    """The one QApplication, with fonts and style."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(["consilium", *argv])
    app.setApplicationName("Consilium")
    app.setStyle("Fusion")
    fonts.load()
    return app


def make_window(store: Store, settings: Settings | None = None) -> Window:
    """The window on an open store."""
    settings = settings or Settings()
    THEME.apply(str(settings.get("theme")), str(settings.get("language")))
    LANGUAGE.use(str(settings.get("language")))
    jobs, messages = Jobs(), Messages()
    session = Session(jobs, messages, settings, store)
    return Window(session, jobs, messages, settings)


def run_window(argv: Sequence[str] = ()) -> int:
    """Open the window on the user's store; files named in `argv` are read. Returns the exit code."""
    app = application(argv)
    settings = Settings()
    privacy_log.set_up(settings.path.parent / "logs")
    sweep()
    THEME.apply(str(settings.get("theme")), str(settings.get("language")))
    LANGUAGE.use(str(settings.get("language")))
    try:
        store = open_store()
    except UserError as error:
        return _refuse(error)
    if store is None:
        return GAVE_UP
    with store:
        if not sign_in(store, settings):
            return GAVE_UP
        window = make_window(store, settings)
        window.messages.catch_all()
        window.watch_idle()
        window.resize(*SIZES[0])
        window.show()
        if argv:
            window.import_paths([Path(name) for name in argv])
        elif not settings.get("samples_shown"):
            settings.set("samples_shown", True)
            window.show_samples()
        return app.exec()


def _refuse(error: UserError) -> int:
    from PySide6.QtWidgets import QMessageBox

    QMessageBox.warning(None, "Consilium", f"{tr(error.what)}\n\n{tr(error.next_step)}")
    return GAVE_UP


def take_screenshots(
    out: Path,
    *,
    sizes: Sequence[tuple[int, int]] = SIZES,
    themes: Sequence[str] = ("dark", "light"),
    languages: Sequence[str] = ("en", "zh"),
) -> tuple[Path, ...]:
    """Open the real window on the store's (or the sample) cases, wait for its jobs, save a PNG of every screen."""
    from ui.screenshots import take

    return take(out, sizes=sizes, themes=themes, languages=languages)


if __name__ == "__main__":
    sys.exit(run_window(sys.argv[1:]))
