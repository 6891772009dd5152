"""The fine-tune wizard: data, checks, training with live curves, validation, promotion; a search of settings and pretraining
on notes go the same way.

The training runs in a process of its own; the page reads its progress file once a second and never waits for it.
"""

from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QStackedWidget, QVBoxLayout, QWidget

from core.errors import UserError
from core.progress import Report
from core.store.users import Permission
from ui.models.data_form import DataForm
from ui.models.drawings import Steps
from ui.models.learn_forms import (
    CollectDialog,
    best_recipe,
    collected,
    notes_table,
    pretrained_table,
)
from ui.models.promotion import GuardRows, PromoteDialog, run_promotion
from ui.models.run_pages import TrainPage, TrialsPage
from ui.models.sentences import error_words, sentence
from ui.models.tune_parts import (
    check_table,
    in_use,
    notes_of,
    result_table,
    variant_words,
)
from ui.session import Session
from ui.translate import LANGUAGE, tr
from ui.widgets.button import Button
from ui.widgets.layout import band, clear, column, panel, scroll
from ui.widgets.panels import PanelHeader, Strip
from ui.widgets.text import label

POLL_MS = 1000
STEP_NAMES = ("Data", "Checks", "Train", "Validate", "Promote")
DATA, CHECKS, TRAIN, VALIDATE, PROMOTE = range(5)
TRIALS_PAGE = 4
SEARCH, PRETRAIN = "search", "pretrain"


class FineTune(QWidget):
    """The wizard. `promoted` when a pack was installed: the list is read again."""

    promoted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.run: Path | None = None
        self.process: BaseProcess | None = None
        self.state: Any = None
        self._checked: dict[str, Any] | None = None
        self._table: Any = None
        self._now: float | None = None
        self.kind = "train"
        """What the run is: "train", "search" or "pretrain"."""
        self.form = DataForm()
        self.form.collect.connect(self._collect)
        self.steps = Steps(STEP_NAMES)
        self.earlier = QComboBox()
        self.earlier.setMinimumWidth(130)
        self.earlier.activated.connect(self._open_earlier)
        self.new = Button("New", "plus", small=True, on_click=self.begin)
        self.go = Button("Check data", small=True, kind="primary", on_click=self._next)
        self.pause = Button("Pause", "pause", small=True, on_click=self._pause)
        self.resume = Button("Resume", "play", small=True, on_click=self._resume)
        self.trials = QSpinBox()
        self.trials.setRange(2, 500)
        self.trials.setMinimumWidth(72)
        self.trials.setValue(20)
        self.trials.setAccessibleName(tr("Trials"))
        self.search = Button("Search settings", "search", small=True, on_click=self._search)
        self.shadow = Button("Run in shadow", "eye", small=True, on_click=self._shadow)
        self.header = PanelHeader(
            "Fine-tune",
            self.earlier,
            self.new,
            self.pause,
            self.resume,
            self.trials,
            self.search,
            self.shadow,
            self.go,
            height=42,
        )
        self.problem = Strip("red", "alert")
        self.problem.hide()
        self.pages, self.train_page, self.trials_page = QStackedWidget(), TrainPage(), TrialsPage()
        self.bar = self.train_page.bar
        self._check_page, self._result_page = QVBoxLayout(), QVBoxLayout()
        self.pages.addWidget(scroll(panel(column(self.form, margins=(14, 12, 14, 12)))))
        self.pages.addWidget(scroll(panel(self._check_page)))
        self.pages.addWidget(self.train_page)
        self.pages.addWidget(scroll(panel(self._result_page)))
        self.pages.addWidget(self.trials_page)
        self.setLayout(column(self.header, band(column(self.steps), 44), self.problem, self.pages, gap=0))
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.poll)
        LANGUAGE.changed.connect(self._relabel)
        self._show_step(DATA)

    # -- where one is ----------------------------------------------------------------------------------------------

    def _relabel(self) -> None:
        self.form.relabel()
        if self._checked is not None:
            self._show_checks(self._checked)
        if self.state is not None:
            self._show_state(self.state)
        if self._table is not None and self.steps.at == PROMOTE:
            self._show_guards(self._table)
        self.list_runs()
        self._buttons()

    def _show_step(self, step: int) -> None:
        self.steps.show_step(step)
        self.pages.setCurrentIndex(TRIALS_PAGE if step == TRAIN and self.kind == SEARCH else min(step, VALIDATE))
        self._buttons()

    def _buttons(self) -> None:
        step, state = self.steps.at, self.state.state if self.state else "new"
        running = state == "running"
        self.pause.setVisible(step == TRAIN and running)
        self.resume.setVisible(step == TRAIN and state in ("stopped", "failed"))
        self.new.setVisible(step != DATA)
        self.shadow.setVisible(step == PROMOTE and self._table is not None and bool(self._table.in_service))
        for part in (self.search, self.trials):
            part.setVisible(step == CHECKS and not self.form.is_notes)
        words = {DATA: "Check data", CHECKS: "Start training", VALIDATE: "Compare with the pack in use",
                 PROMOTE: "Promote…"}.get(step, "")  # fmt: skip
        if self.kind == SEARCH and step == TRAIN and state == "done":
            words = "Train with the best"
        if self.kind == PRETRAIN and step == VALIDATE:
            words = "Use for texts"
        self.go.setVisible(bool(words))
        if words:
            self.go.setText(tr(words))
        ready = not (step == CHECKS and self._checked and self._checked["problems"])
        self.search.setEnabled(ready)
        self.go.setEnabled(ready and not (step == PROMOTE and self._table is not None and not self._table.ok))
        self.header.set_note(self.run.name if self.run else "")

    def _say(self, words: str) -> None:
        self.problem.setVisible(bool(words))
        if words:
            self.problem.show_words(words, "red")

    def _failed(self, error: Exception) -> None:
        if isinstance(error, UserError):
            self._say(error_words(error))
        else:
            self._session.messages.fail(error)

    def _work(self, title: str, work: Callable[[Report], Any], done: Callable[[Any], None]) -> None:
        self._say("")
        self._session.jobs.start(title, work, done, kind="fine-tune", failed=self._failed)

    def begin(self) -> None:
        """A new run: back to the data. A run in training goes on by itself."""
        self.run = self.process = self.state = self._table = self._checked = None
        self.kind = "train"
        self._timer.stop()
        self._say("")
        self._show_step(DATA)

    def _next(self) -> None:
        actions = {DATA: self._check, CHECKS: self._start, TRAIN: self._train_best, VALIDATE: self.compare,
                   PROMOTE: self._promote}  # fmt: skip
        if self.kind == PRETRAIN and self.steps.at == VALIDATE:
            self._use_for_texts()
        else:
            actions[self.steps.at]()

    # -- data and checks -------------------------------------------------------------------------------------------

    def _check(self) -> None:
        values = self.form.values()
        if self.form.is_notes:
            self._check_notes(values)
            return

        def work(_report: Report) -> dict[str, Any]:
            from core.learning.recipe import from_json
            from core.learning.study import look

            if not values["data"]:
                raise UserError("There is no data.", "Choose a file or a folder.")
            return look(from_json(values))

        self._work("Checking data", work, self._show_checks)

    def _show_checks(self, found: dict[str, Any]) -> None:
        self._checked = found
        clear(self._check_page)
        self._check_page.addLayout(column(check_table(found), margins=(14, 12, 14, 12)))
        for words in notes_of(found):
            self._check_page.addLayout(column(label(words, "secondary", wrap=True), margins=(14, 0, 14, 4)))
        for problem in found["problems"]:
            words = tr("Too few examples: {what}", what=problem)
            self._check_page.addLayout(column(label(words, "secondary", "red", wrap=True), margins=(14, 0, 14, 4)))
        self._check_page.addStretch(1)
        if self.steps.at <= CHECKS:
            self._show_step(CHECKS)

    def _check_notes(self, values: dict[str, Any]) -> None:
        def work(report: Report) -> dict[str, Any]:
            from core.learning.pretrain import read_notes
            from core.learning.recipe import from_json

            if not values["data"]:
                raise UserError("There is no data.", "Choose a file or a folder.")
            from_json(values)
            return read_notes(Path(values["data"]), True, report)[1]

        self._work("Reading notes", work, self._show_notes)

    def _show_notes(self, found: dict[str, Any]) -> None:
        cover = self.form.cover.isChecked()
        self._checked = {**found, "problems": ["cover"] if found["covered"] and not cover else []}
        clear(self._check_page)
        self._check_page.addLayout(column(notes_table(found, cover), margins=(0, 8, 14, 12)))
        self._check_page.addStretch(1)
        self._show_step(CHECKS)

    def _collect(self) -> None:
        dialog = CollectDialog(self)
        if dialog.exec():
            self.collect_cases(dialog.value())
        dialog.deleteLater()

    def collect_cases(self, asked: dict[str, Any]) -> None:
        """Collect a table from signed cases and take it as the data."""
        session = self._session

        def done(found: dict[str, Any]) -> None:
            self.form.data.setText(str(Path(found["folder"]) / "diagnoses.csv"))
            words = tr("{n} signed cases were collected.", n=found["diagnoses"])
            session.messages.say(words, "green")

        self._work("Collecting signed cases", lambda report: collected(session, asked, report), done)

    def _search(self) -> None:
        self._start({"kind": SEARCH, "trials": self.trials.value()})

    def _start(self, plan: dict[str, Any] | None = None) -> None:
        from core.learning import background
        from core.learning.recipe import from_json

        values = self.form.values()
        if self.form.is_notes:
            plan = {"kind": PRETRAIN, "notes": values["data"], "deidentify": self.form.cover.isChecked()}
        self._begin_run(lambda: background.new_run(from_json(values), plan), plan["kind"] if plan else "train")

    def _begin_run(self, make: Callable[[], Path], kind: str) -> None:
        try:
            self._session.store.users.require(Permission.CHANGE, self._session.user)
            self.run, self.kind, self.state = make(), kind, None
        except UserError as error:
            self._failed(error)
            return
        self._resume()

    def _train_best(self) -> None:
        """A run of its own with the best settings of a search."""
        from core.learning import background
        from core.learning.recipe import from_json

        run = self.run
        if run is not None:
            self._begin_run(lambda: background.new_run(from_json(best_recipe(run))), "train")

    def _use_for_texts(self) -> None:
        """The pretrained model is the start of a text recipe."""
        model = str((self.state.result or {}).get("model", "")) if self.state else ""
        self.begin()
        self.form.use_for_texts(model)

    # -- training --------------------------------------------------------------------------------------------------

    def _resume(self) -> None:
        from core.learning import background

        if self.run is None:
            return
        run = self.run
        self._say("")
        try:
            self.process = background.start(run)
        except UserError as error:
            self._failed(error)
            return
        self._show_step(TRAIN)
        self._timer.start()
        self.list_runs()
        self.poll()

    def _pause(self) -> None:
        from core.learning.run_log import ask_to_stop

        if self.run is not None:
            ask_to_stop(self.run)
            self.pause.setEnabled(False)

    def poll(self) -> None:
        """Read how far the run is, in the background."""
        if self.run is None:
            return
        run = self.run

        def work(_report: Report) -> tuple[Any, float | None, str, tuple[Any, ...]]:
            from core.learning.background import plan_of
            from core.learning.run_log import read_run
            from core.learning.search import tried

            state, kind = read_run(run), plan_of(run)["kind"]
            return state, in_use(state.recipe), kind, tried(run) if kind == SEARCH else ()

        self._session.background("run", work, lambda found: self._polled(run, found))

    def _polled(self, run: Path, found: tuple[Any, float | None, str, tuple[Any, ...]]) -> None:
        if run != self.run:
            return
        state, self._now, kind, trials = found
        if kind != self.kind:
            self.kind = kind
            self._show_step(self.steps.at)
        if kind == SEARCH:
            self.trials_page.rows.show_trials(trials)
        starting = self.process is not None and self.process.is_alive() and state.state in ("new", "stopped", "failed")
        self._show_state(state)
        if state.state in ("stopped", "failed", "done") and not starting:
            self._timer.stop()
            self.pause.setEnabled(True)
        if state.state == "failed" and not starting:
            self._say(sentence(state.error))

    def _show_state(self, state: Any) -> None:
        self.state = state
        if self.kind == SEARCH:
            self.trials_page.show_state(state)
            self._buttons()
            return
        self.train_page.show_state(state, self._now, labelled=self.kind != PRETRAIN)
        if state.state == "done" and self.steps.at <= VALIDATE:
            self._show_result(state)
        else:
            self._buttons()

    # -- validation and promotion ----------------------------------------------------------------------------------

    def _show_result(self, state: Any) -> None:
        clear(self._result_page)
        result = state.result or {}
        made = pretrained_table(result) if self.kind == PRETRAIN and result else result_table(result)
        self._result_page.addLayout(column(made, margins=(14, 12, 14, 12)))
        for words in variant_words(result):
            self._result_page.addLayout(column(label(words, "secondary", wrap=True), margins=(14, 0, 14, 4)))
        self._result_page.addStretch(1)
        self._show_step(VALIDATE)

    def compare(self) -> None:
        """The guardrails of the run against the pack in use, measured in the background."""
        run = self.run
        if run is None:
            return

        def work(report: Report) -> Any:
            from core.learning.promote import compare

            return compare(run, report=report)

        self._work("Comparing with the pack in use", work, self._show_guards)

    def _show_guards(self, found: Any) -> None:
        self._table = found
        clear(self._result_page)
        rows = GuardRows()
        rows.show_table(found)
        head = PanelHeader("Guardrails for promotion")
        before = found.in_service or tr("no pack in use")
        head.set_note(tr("{new} against {old}, {n} test cases", new=found.candidate, old=before, n=found.n))
        self._result_page.addWidget(head)
        self._result_page.addWidget(rows)
        self._result_page.addStretch(1)
        self._show_step(PROMOTE)

    def _promote(self) -> None:
        run, session = self.run, self._session
        if run is None:
            return
        dialog = PromoteDialog(session, self)
        if dialog.exec():
            who = dialog.value()
            self._work("Promoting", lambda report: run_promotion(session, run, who, report), self._promoted)
        dialog.deleteLater()

    def _promoted(self, pack: Any) -> None:
        self._session.messages.say(tr("{name} {version} is in use.", name=pack.id, version=pack.pack_version), "green")
        self.steps.show_step(len(STEP_NAMES))
        self._buttons()
        self.promoted.emit()

    def _shadow(self) -> None:
        run, session = self.run, self._session
        if run is None:
            return

        def work(_report: Report) -> Any:
            from core.verbs.learn_promote import shadow_as

            return shadow_as(session.store, run, session.user)

        self._work("Starting shadow mode", work, lambda _pack: self.promoted.emit())

    # -- earlier runs ----------------------------------------------------------------------------------------------

    def list_runs(self) -> None:
        """The earlier runs of this profile, newest first."""
        from core.learning import background

        self.earlier.clear()
        found = background.runs()
        self.earlier.addItem(tr("Earlier runs"), None)
        for run in found:
            self.earlier.addItem(run.name, str(run))
        self.earlier.setVisible(bool(found))

    def _open_earlier(self, at: int) -> None:
        if folder := self.earlier.itemData(at):
            self.open_run(Path(folder))

    def open_run(self, run: Path) -> None:
        """Show a run: its curves, its result, or the way to go on."""
        self.begin()
        self.run = run
        self.list_runs()
        self._show_step(TRAIN)
        self._timer.start()
        self.poll()

    def close_run(self) -> None:
        """End of the window: a training that runs writes a checkpoint if it can, and ends."""
        self._timer.stop()
        if self.run is not None and self.process is not None and self.process.is_alive():
            from core.learning.background import stop

            stop(self.run, self.process, 2.0)
        self.process = None
