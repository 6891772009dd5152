"""The main window: the frame, the screens in it, and the way between them."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QMainWindow, QStackedWidget, QWidget

from core.domain.case import Case
from core.domain.record import Record
from core.pipeline import Opened
from ui import keymap, panels
from ui.admin.screen import Admin
from ui.case.workspace import Workspace
from ui.dialogs import LockDialog, NewCaseDialog, SettingsDialog
from ui.frame.appbar import AppBar
from ui.frame.facts import machine_facts
from ui.frame.jobstrip import JobStrip
from ui.frame.rail import Rail
from ui.frame.statusbar import StatusBar
from ui.frame.tabs import Tab
from ui.idle import IdleWatch
from ui.importing import ask_after_import
from ui.jobs import Jobs
from ui.messages import Messages
from ui.models.screen import Models
from ui.search_all import SearchAll
from ui.session import Session
from ui.settings import Settings
from ui.slices import Slices
from ui.theme.theme import THEME
from ui.thumbnails import Thumbnails
from ui.translate import LANGUAGE, tr
from ui.widgets.button import IconButton
from ui.widgets.layout import column, row
from ui.widgets.panels import Strip
from ui.worklist.screen import Worklist

if TYPE_CHECKING:
    from ui.library.screen import LibraryScreen

MESSAGE_MS = 12_000
AFTER_CLOSE_MS = 1_000
"""What a closed case leaves behind is collected then: the large tables are not looked through (`ui/jobs.py`)."""
TONE_ICONS = {"red": "alert", "amber": "alert", "green": "check", "info": "info"}


class MessageBar(QFrame):
    """One sentence under the app bar; closes by itself unless it is an error."""

    def __init__(self, messages: Messages) -> None:
        super().__init__()
        self.strip = Strip()
        self.strip.actions.addWidget(IconButton("x", "Close", size=24, icon_px=14, on_click=self.hide))
        self.setLayout(column(self.strip, gap=0))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        messages.shown.connect(self.say)
        self.hide()

    def say(self, words: str, tone: str) -> None:
        """Show a sentence."""
        self.strip.show_words(words, tone, TONE_ICONS.get(tone, "info"))
        self.show()
        self._timer.stop()
        if tone in ("green", "info"):
            self._timer.start(MESSAGE_MS)


class Window(QMainWindow):
    """Frame and screens. Holds no case: the session does."""

    def __init__(self, session: Session, jobs: Jobs, messages: Messages, settings: Settings) -> None:
        super().__init__()
        self.session, self.jobs, self.messages, self.settings = session, jobs, messages, settings
        self.setObjectName("app")
        self.setWindowTitle("Consilium")
        self.setMinimumSize(1024, 700)
        self.setAcceptDrops(True)
        self.thumbnails = Thumbnails(jobs)
        self.slices = Slices(self)
        self.appbar, self.rail, self.statusbar_ = AppBar(), Rail(), StatusBar()
        self.jobstrip = JobStrip(jobs)
        self.worklist = Worklist(session, jobs, self.thumbnails)
        self.models = Models(session, jobs)
        self.admin = Admin(session)
        self.workspaces: dict[str, Workspace] = {}
        self._order: list[str] = []
        self.stack = QStackedWidget()
        for screen in (self.worklist, self.models, self.admin):
            self.stack.addWidget(screen)
        self._build()
        self._wire()
        self.show_place("worklist")
        self.statusbar_.show_user(session.user)
        self.worklist.table.setFocus()
        self.asks = True
        self._locked = False
        self._idle: IdleWatch | None = None
        session.refresh()
        self._read_facts()

    # -- frame -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        content = QWidget()
        content.setLayout(column(self.stack, self.jobstrip, gap=0))
        body = row(self.rail, content, gap=0)
        body.setStretch(1, 1)
        whole = QWidget()
        self.message_bar = MessageBar(self.messages)
        whole.setLayout(column(self.appbar, self.message_bar, body, self.statusbar_, gap=0))
        whole.layout().setStretch(2, 1)
        self.setCentralWidget(whole)
        for part in (
            self.appbar,
            self.rail,
            self.statusbar_,
            self.jobstrip,
            self.message_bar,
            self.worklist,
            self.models,
        ):
            THEME.dress(part)
        THEME.dress(self.admin)
        self._library: LibraryScreen | None = None

    def _wire(self) -> None:
        self.session.opened.connect(self._opened)
        self.session.closed.connect(self._closed)
        self.session.changed.connect(self._changed)
        self.session.saved.connect(self.statusbar_.show_saved)
        self.session.imported.connect(self._imported)
        self.session.listed.connect(self._show_tabs)
        self.jobs.crashed.connect(self.messages.fail)
        self.worklist.opened.connect(self.session.open_case)
        self.worklist.new_button.clicked.connect(lambda _c=False: self.new_case())
        self.appbar.tabs.chosen.connect(self.show_tab)
        self.appbar.tabs.closed.connect(self.session.close_case)
        self.appbar.search.returnPressed.connect(self._search_all)
        self.appbar.search_icon.clicked.connect(lambda _c=False: self._search_all())
        self.appbar.theme.clicked.connect(lambda _c=False: self.switch_theme())
        self.appbar.help.clicked.connect(lambda _c=False: self.help())
        for button in (self.appbar.lock, self.appbar.lock_icon):
            button.clicked.connect(lambda _c=False: self.lock())
        self.rail.chosen.connect(self.show_place)
        self.rail.language.connect(self.switch_language)
        self.rail.settings.connect(self.edit_settings)
        LANGUAGE.changed.connect(self._show_tabs)
        LANGUAGE.changed.connect(self._read_facts)
        self.shortcuts = keymap.install(self, self.settings, self._actions())

    def _actions(self) -> dict[str, Callable[[], object]]:
        actions: dict[str, Callable[[], object]] = {
            "help": self.help,
            "find": self._find,
            "search": self._focus_search,
            "back": self._back,
            "import": self.worklist.browse,
            "new": self.new_case,
            "next_case": self.next_case,
            "close_case": self.close_current,
            "lock": self.lock,
            "theme": self.switch_theme,
            "language": self.switch_language,
            "full_screen": self.switch_full_screen,
            "cancel": self.jobstrip.cancel_current,
            "next_panel": lambda: self.move_panel(1),
            "previous_panel": lambda: self.move_panel(-1),
        }
        for page in ("review", "record", "explanation", "treatment", "report", "audit"):
            actions[page] = lambda page=page: self._in_case(lambda w: w.show_page(page))
        for name in ("rerun", "accept", "reject", "edit", "plan_step", "sign", "export", "undo"):
            actions[name] = lambda name=name: self._in_case(lambda w: w.act(name))
        return actions

    def _find(self) -> None:
        """In a case its record, in the library its pages, elsewhere the worklist."""
        current = self.current_workspace()
        if current is not None:
            current.find()
        elif self.stack.currentWidget() is self._library:
            self.library.find()
        else:
            self.worklist.find()

    def _back(self) -> None:
        if self.stack.currentWidget() is self._library:
            self.library.go_back()

    def _in_case(self, act: Callable[[Workspace], object]) -> None:
        current = self.current_workspace()
        if current is not None:
            act(current)

    def _read_facts(self) -> None:
        store = self.session.store
        self.session.background("facts", lambda report: machine_facts(store, report), self.statusbar_.show_facts)

    # -- places ----------------------------------------------------------------------------------------------------

    def current_workspace(self) -> Workspace | None:
        """The case on screen."""
        widget = self.stack.currentWidget()
        return widget if isinstance(widget, Workspace) else None

    def show_place(self, place: str) -> None:
        """A place of the rail."""
        if place == "case":
            self.show_tab(self._order[-1] if self._order else "worklist")
        else:
            self.show_tab(place)

    def show_tab(self, key: str) -> None:
        """A tab: worklist, models, library, admin or a case id."""
        fixed_places: dict[str, QWidget] = {"worklist": self.worklist, "models": self.models, "admin": self.admin}
        if key == "library":
            fixed_places[key] = self.library
        widget = fixed_places.get(key) or self.workspaces.get(key) or self.worklist
        THEME.catch_up(widget)
        self.stack.setCurrentWidget(widget)
        if key in self._order:
            self._order.remove(key)
            self._order.append(key)
        self.rail.select("case" if key in self.workspaces else key)
        self.jobstrip.setVisible(key in self.workspaces)
        if widget is self.models:
            self.models.refresh()
        if widget is self.admin:
            self.admin.refresh()
        if widget is self._library:
            self.library.refresh()
        self._show_tabs(key)
        self._fit()

    @property
    def library(self) -> "LibraryScreen":
        """The library; made when it is first asked for, because its tables are large."""
        if self._library is None:
            from ui.library.screen import LibraryScreen

            self._library = LibraryScreen(self.session)
            THEME.dress(self._library)
            self.stack.addWidget(self._library)
        return self._library

    def _show_tabs(self, current: str = "") -> None:
        current = current or self.appbar.tabs.current() or "worklist"
        flagged = {r.id for r in self.session.rows if r.flag and r.flag.kind in ("time_critical", "red_flag", "stop")}
        tabs = [Tab("worklist", tr("Worklist"), "list")]
        for case_id in self.workspaces:
            case = self.session.cases.get(case_id)
            name = (case.record.patient.name if case else "") or tr("Unnamed patient")
            tabs.append(Tab(case_id, name, flagged=case_id in flagged, closable=True))
        tabs.append(Tab("models", tr("Models") if self.width() <= 1300 else tr("Models & learning"), "cube"))
        self.appbar.tabs.set_tabs(tuple(tabs), current)
        self.rail.enable("case", enabled=bool(self.workspaces))
        synthetic = [c.record.patient.synthetic for c in self.session.cases.values()] or [
            r.synthetic for r in self.session.rows
        ]
        self.appbar.synthetic.setVisible(any(synthetic))

    # -- cases -----------------------------------------------------------------------------------------------------

    def _opened(self, case_id: str) -> None:
        if case_id not in self.workspaces:
            made = Workspace(case_id, self.session, self.jobs, self.thumbnails, self.slices)
            self.workspaces[case_id] = made
            self._order.append(case_id)
            self.stack.addWidget(made)
            self.slices.run(f"open {case_id}", self._opening(case_id))
        else:
            self.show_tab(case_id)

    def _opening(self, case_id: str) -> Iterator[str]:
        """Fill a new case in small steps, then show it."""
        yield "made"
        made = self.workspaces[case_id]
        for step in made.opening(self.session.cases[case_id], self.stack.size()):
            yield step
            if case_id not in self.session.cases:
                return
        made.show_case(self.session.cases[case_id])
        self.show_tab(case_id)

    def _changed(self, case_id: str) -> None:
        workspace = self.workspaces.get(case_id)
        if workspace is not None:
            workspace.show_case(self.session.cases[case_id])

    def _closed(self, case_id: str) -> None:
        workspace = self.workspaces.pop(case_id, None)
        if workspace is None:
            return
        self._order = [key for key in self._order if key != case_id]
        workspace.stop()
        self.stack.removeWidget(workspace)
        workspace.deleteLater()
        QTimer.singleShot(AFTER_CLOSE_MS, self, lambda: gc.collect())
        self.show_tab(self._order[-1] if self._order else "worklist")

    def _imported(self, found: Opened) -> None:
        if self.asks:
            ask_after_import(self, self.session, found)
        else:
            for case in found.cases:
                self.session.analyse(case.id)

    def new_case(self) -> None:
        """A case to be filled by hand: who it is about, then the note."""
        dialog = NewCaseDialog(self, str(self.settings.get("place")))
        if dialog.exec():
            stamp = self.session.now().isoformat(timespec="seconds")
            record = Record(patient=dialog.patient())
            reason = dialog.reason.text().strip()
            self.session.create(Case(uuid4().hex[:12], stamp, stamp, reason=reason, record=record))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped anywhere in the window."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.import_paths(paths)

    def next_case(self) -> None:
        """Ctrl+Tab."""
        keys = list(self.workspaces)
        if keys:
            current = self.appbar.tabs.current()
            at = keys.index(current) if current in keys else -1
            self.show_tab(keys[(at + 1) % len(keys)])

    def close_current(self) -> None:
        """Ctrl+W."""
        current = self.appbar.tabs.current()
        if current in self.workspaces:
            self.session.close_case(current)

    # -- actions ---------------------------------------------------------------------------------------------------

    def switch_theme(self) -> None:
        """Dark and light."""
        name = "light" if THEME.name == "dark" else "dark"
        self.settings.set("theme", name)
        self._dress(name, LANGUAGE.code)

    def switch_language(self) -> None:
        """English and Chinese."""
        code = "zh" if LANGUAGE.code == "en" else "en"
        self.settings.set("language", code)
        self._dress(THEME.name, code)

    def _dress(self, theme: str, language: str) -> None:
        """Switch theme and language."""
        if theme != THEME.name or language != LANGUAGE.code:
            self.slices.drop("look")
            self.setUpdatesEnabled(False)
            steps = self._dressing(theme, language)
            next(steps)
            self.slices.run("look", steps)

    def _dressing(self, theme: str, language: str) -> Iterator[str]:
        """Change the look in steps; painting waits until all that is on screen has changed."""
        try:
            yield from THEME.steps(theme, language)
            for step in LANGUAGE.steps(language):
                if step == "shown":
                    self.setUpdatesEnabled(True)
                yield step
        finally:
            self.setUpdatesEnabled(True)

    def move_panel(self, step: int) -> None:
        """F6: to the next part of the screen, where its focus was."""
        current = self.stack.currentWidget()
        inside = current.panels() if isinstance(current, Workspace) else [current]
        panels.move([self.appbar, self.rail, *inside, self.jobstrip], step)

    def switch_full_screen(self) -> None:
        """F11."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def help(self) -> None:
        """F1."""
        from ui.case.images import viewer_keys

        keymap.KeySheet(self.settings, viewer_keys(self.settings), self).exec()

    def lock(self) -> None:
        """Hide everything until the user is back."""
        if self._locked:
            return
        self._locked = True
        try:
            dialog = LockDialog(self.session, self)
            dialog.exec()
            dialog.deleteLater()
        finally:
            self._locked = False

    def watch_idle(self) -> None:
        """Lock after some minutes without a key or click: the policy's, else the user's, else 15. 0 is never."""
        policy = self.session.store.policy.idle_minutes
        minutes = policy if policy is not None else float(self.settings.get("idle_minutes"))
        if minutes > 0:
            self._idle = IdleWatch(minutes, self.lock)
            self._idle.watch(self.windowHandle())

    def edit_settings(self) -> None:
        """Name, theme, language."""
        if SettingsDialog(self.settings, self).exec():
            self._dress(str(self.settings.get("theme")), str(self.settings.get("language")))
            self.statusbar_.show_user(self.session.user)

    def _focus_search(self) -> None:
        if self.appbar.search.isVisible():
            self.appbar.search.setFocus()
            self.appbar.search.selectAll()
        else:
            self._search_all()

    def _search_all(self) -> None:
        SearchAll(self.session, self.appbar.search.text(), self).exec()

    def import_paths(self, paths: list[Path]) -> None:
        """Read files (from the command line)."""
        self.session.import_paths(paths)

    def show_samples(self) -> None:
        """On the very first start: the synthetic sample cases, if the store is empty."""
        from ui.screenshots import sample_folders

        if not self.session.store.list(limit=1):
            for folder in sample_folders():
                self.session.import_paths([folder])

    # -- size ------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What gives way as the window narrows."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width, height = self.width(), self.height()
        self.appbar.fit(width)
        self.worklist.fit(width)
        for workspace in self.workspaces.values():
            workspace.fit(width, height)
        self._show_tabs()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the workers, then close."""
        self.slices.stop()
        for workspace in self.workspaces.values():
            workspace.stop()
        if self._idle is not None:
            self._idle.stop()
        self.jobs.stop()
        self.session.close()
        super().closeEvent(event)
        app = QApplication.instance()
        if app is not None:
            app.quit()
