"""The import wizard: a file or folder, what it leaves open, the security dry run, the installation.

Nothing of a stranger's model is opened in this process: looking, making the pack and the trial run happen in processes of
their own, which end when the job is cancelled.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QLineEdit, QPushButton, QStackedWidget, QWidget

from core.errors import UserError
from core.inference.examine import Examined, examine
from core.progress import Report
from ui.dialogs import LEAST_REASON
from ui.frame.jobstrip import progress_words
from ui.jobs import Job
from ui.models import import_work
from ui.models.check_rows import CheckRows
from ui.models.drawings import Steps
from ui.models.lines import TASK_WORDS
from ui.models.question_form import QuestionForm
from ui.models.sentences import error_words, sentence
from ui.session import Session
from ui.theme.theme import THEME, surface
from ui.translate import say, tr
from ui.widgets.bars import FillBar
from ui.widgets.button import Button
from ui.widgets.layout import band, clear, column, panel, row, scroll
from ui.widgets.panels import Strip
from ui.widgets.text import fixed, label

STEP_NAMES = ("Source", "Questions", "Security check", "Install")
SOURCE, QUESTIONS, CHECK, INSTALL = range(4)
_TICK_MS = 150


class ImportDialog(QDialog):
    """Source, questions, security check, installation. `installed(id)` when a pack is in place."""

    installed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(tr("Import or install a model"))
        self.resize(860, 660)
        surface(self, "panel")
        self.kind = ""
        self.pack_at: Path | None = None
        self.found: Examined | None = None
        self._job: Job | None = None
        self.steps = Steps(STEP_NAMES)
        self.problem = Strip("red", "alert")
        self.problem.hide()
        self.form, self.checks = QuestionForm(), CheckRows()
        self.form.again.connect(self._ask_again)
        self.pages = QStackedWidget()
        for page in (self._source_page(), self._question_page(), self._check_page(), self._install_page()):
            self.pages.addWidget(page)
        self.setLayout(column(band(column(self.steps), 44), self.problem, self.pages, self._feet(), gap=0))
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._show_step(SOURCE)
        THEME.dress(self)

    # -- pages -----------------------------------------------------------------------------------------------------

    def _source_page(self) -> QWidget:
        self.path = QLineEdit()
        self.path.setAccessibleName(tr("File or folder"))
        self.path.returnPressed.connect(self.next)
        browse = row(self.path, Button("File…", small=True, on_click=self._file),
                     Button("Folder…", small=True, on_click=self._folder))  # fmt: skip
        lines = [
            fixed("A model pack: one ZIP file or its folder. Signed by a key trusted here, it needs no questions.",
                  "secondary", wrap=True),
            fixed("A bare ONNX file: one film, one row of a table, or the tokens of a text as its input.",
                  "secondary", wrap=True),
            fixed("A Hugging Face folder with model.safetensors and a tokenizer: classes, words, embeddings, short texts.",
                  "secondary", wrap=True),
            fixed("A TorchScript or skops file. Pickles are refused: they run code when they are read.",
                  "secondary", wrap=True),
        ]  # fmt: skip
        head = fixed("Which model?", "title")
        return panel(column(head, browse, 6, *lines, None, gap=10, margins=(20, 18, 20, 12)))

    def _question_page(self) -> QWidget:
        self.kind_words = label("", "medium")
        held = column(self.kind_words, self.form, gap=10, margins=(20, 14, 20, 14))
        return scroll(panel(held))

    def _check_page(self) -> QWidget:
        self.trust = Button("Trust this maker's key…", "key", small=True, on_click=self._trust)
        self.trust.hide()
        note = fixed("Nothing is installed by these checks. A graph runs only after everything before it was in order,"
                     " in a process of its own with limits of time and memory.", "secondary", wrap=True)  # fmt: skip
        return scroll(panel(column(self.checks, column(note, row(self.trust, None), gap=10, margins=(14, 12, 14, 12)),
                                   None, gap=0)))  # fmt: skip

    def _install_page(self) -> QWidget:
        self.summary = column(gap=6)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText(tr("where it comes from and why it is needed, at least 10 characters"))
        self.reason.setAccessibleName(tr("Reason"))
        self.sure = QCheckBox(tr("I answer for this unsigned model."))
        self.reason.textChanged.connect(lambda _text: self._buttons())
        self.sure.toggled.connect(lambda _on: self._buttons())
        self.who = label("", "secondary", wrap=True)
        self.unsigned = panel(column(fixed("This pack is not signed by a key trusted here.", "medium", "amber"),
                                     self.who, self.reason, self.sure, gap=8))  # fmt: skip
        return scroll(panel(column(self.summary, 8, self.unsigned, None, gap=8, margins=(20, 18, 20, 12))))

    def _feet(self) -> QWidget:
        self.bar = FillBar(0.0, "chart.1", tr("Progress"), width=150)
        self.progress = label("", "secondary")
        self.stop = Button("Stop", "stopsq", small=True, on_click=self.cancel_work)
        self.back = Button("Back", on_click=self._back)
        self.go = Button("Next", kind="primary", on_click=self.next)
        self.close_button = Button("Close", on_click=self.reject)
        parts = row(self.bar, self.progress, self.stop, None, self.back, self.close_button, self.go,
                    margins=(20, 10, 20, 12))  # fmt: skip
        return band(parts, 0, edge="top")

    # -- where one is ----------------------------------------------------------------------------------------------

    def _show_step(self, step: int) -> None:
        self.steps.show_step(step)
        self.pages.setCurrentIndex(step)
        self._buttons()
        focus = {SOURCE: self.path, CHECK: self.checks, INSTALL: self.reason}.get(step)
        if focus is not None:
            focus.setFocus(Qt.FocusReason.OtherFocusReason)

    def _buttons(self) -> None:
        step, busy = self.steps.at, self._job is not None
        for part in (self.bar, self.progress, self.stop):
            part.setVisible(busy)
        self.back.setVisible(step in (QUESTIONS, CHECK, INSTALL))
        self.back.setEnabled(not busy)
        words = {SOURCE: "Next", QUESTIONS: "Make the pack and check it", CHECK: "Next", INSTALL: "Install"}
        self.go.setText(tr(words.get(step, "Next")))
        ready = {CHECK: self.found is not None and self.found.ok, INSTALL: self._may_go()}.get(step, True)
        self.go.setEnabled(not busy and ready)
        for part in (self.path, self.form):
            part.setEnabled(not busy)
        for made in self.findChildren(QPushButton):
            made.setAutoDefault(False)  # Enter in a field goes on; it never presses the button beside it

    def _may_go(self) -> bool:
        if self.found is None or self.found.signed:
            return True
        return self.sure.isChecked() and len(self.reason.text().strip()) >= LEAST_REASON

    def _say(self, words: str, tone: str = "red") -> None:
        self.problem.setVisible(bool(words))
        if words:
            self.problem.show_words(words, tone)

    def next(self) -> None:
        """The step's action."""
        if self.go.isEnabled():
            {SOURCE: self._look, QUESTIONS: self._make, CHECK: self._to_install, INSTALL: self._install}[
                self.steps.at
            ]()

    def _back(self) -> None:
        self._say("")
        at = self.steps.at
        before = SOURCE if at == QUESTIONS or self.kind == import_work.PACK else at - 1
        self._show_step(CHECK if at == INSTALL else before)

    def _file(self) -> None:
        kinds = "ZIP, ONNX, TorchScript, skops (*.zip *.onnx *.pt *.pt2 *.skops)"
        found, _ = QFileDialog.getOpenFileName(self, tr("File…"), "", kinds)
        if found:
            self.path.setText(found)

    def _folder(self) -> None:
        if found := QFileDialog.getExistingDirectory(self, tr("Folder…")):
            self.path.setText(found)

    # -- work ------------------------------------------------------------------------------------------------------

    def _work(self, title: str, work: Callable[[Report], Any], done: Callable[[Any], None]) -> None:
        self._say("")

        def ended(value: Any) -> None:
            self._job = None
            done(value)
            self._buttons()

        def failed(error: Exception) -> None:
            self._job = None
            if isinstance(error, UserError):
                self._say(error_words(error))
            else:
                self._session.messages.fail(error)
                self._say(
                    tr("Something went wrong in the program. Your data is unchanged. The details are in the log.")
                )
            self._buttons()

        self._job = self._session.jobs.start(title, work, ended, kind="import model", failed=failed)
        self._timer.start()
        self._buttons()

    def _tick(self) -> None:
        job = self._job
        if job is None or not job.active:
            self._timer.stop()
            if job is not None:  # cancelled: neither done nor failed was called
                self._job = None
                self._say(tr("Stopped. Nothing was changed."), "amber")
            self._buttons()
            return
        self.bar.set_share(job.share or 0.0)
        self.progress.setText(progress_words(job))

    def cancel_work(self) -> None:
        """End the job that runs; what was installed stays as it was."""
        if self._job is not None:
            self._session.jobs.cancel(self._job)
            self._tick()

    def _source(self) -> Path:
        return Path(self.path.text().strip()).expanduser()

    def _look(self) -> None:
        path = self._source()
        self._work("Looking at the model", lambda report: import_work.look(path, {}, report), self._looked)

    def _looked(self, found: import_work.Looked) -> None:
        self.kind = found.kind
        if found.kind == import_work.PACK:
            self.pack_at = self._source()
            self._examine()
            return
        self.kind_words.setText(f"{tr(import_work.KIND_WORDS[found.kind])} · {self._source().name}")
        self.form.show_questions(found.questions, {})
        self._show_step(QUESTIONS)

    def _ask_again(self) -> None:
        path, answers = self._source(), self.form.value()
        kept = {k: v for k, v in answers.items() if k != "labels" or v}

        def done(found: import_work.Looked) -> None:
            self.form.show_questions(found.questions, kept)

        self._work("Looking at the model", lambda report: import_work.look(path, answers, report), done)

    def _make(self) -> None:
        if left := self.form.unanswered():
            self._say(tr("Not answered yet: {questions}", questions="; ".join(say(q.text) for q in left)))
            return
        if self.kind == "torch" and "scores" not in self.form.fields:
            self._ask_again()  # the shape of its input had to be known before the rest could be asked
            return
        path, answers = self._source(), self.form.value()

        def work(report: Report) -> tuple[Path, Examined]:
            made = import_work.make(path, answers, report)
            return made, examine(made, report)

        def done(found: tuple[Path, Examined]) -> None:
            self.pack_at = found[0]
            self._examined(found[1])

        self._work("Making the pack", work, done)

    def _examine(self) -> None:
        source = self.pack_at
        if source is not None:
            self._work("Checking the pack", lambda report: examine(source, report), self._examined)

    def _examined(self, found: Examined) -> None:
        self.found = found
        self.checks.show_examined(found)
        refused = found.refusal
        self.trust.setVisible(refused is not None and refused.step == "signature")
        self._show_step(CHECK)
        if refused is not None:
            self._say(f"{tr('Refused.')} {sentence(refused.what)} {sentence(refused.next_step)}".strip())

    def _trust(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Trust this maker's key…"), "", "PEM (*.pem)")
        if name:
            self.trust_key(Path(name))

    def trust_key(self, key: Path) -> None:
        """Trust a maker's key and check the pack again."""

        def done(mark: str) -> None:
            self._session.messages.say(
                tr("The key {name} is trusted (SHA-256 {mark}…).", name=key.name, mark=mark), "green"
            )
            self._examine()

        self._work("Trusting a key", lambda _report: import_work.trust(self._session, key), done)

    # -- installation ----------------------------------------------------------------------------------------------

    def _to_install(self) -> None:
        found = self.found
        if found is None:
            return
        clear(self.summary)
        self.summary.addWidget(label(say(found.name), "title"))
        before = found.in_service
        rows = (
            (tr("Pack"), f"{found.pack_id} {found.version}"),
            (tr("Task"), tr(TASK_WORDS.get(found.task, found.task))),
            (tr("Licence"), found.licence),
            (tr("Size"), f"{found.bytes / 1e6:.1f} MB" if found.bytes > 5e4 else f"{found.bytes / 1e3:.1f} kB"),
            (tr("Replaces"), f"{found.pack_id} {before}" if before else tr("nothing: no pack of this name is in use")),
        )
        for name, value in rows:
            words = label(name, "dense", "text.2")
            words.setFixedWidth(150)
            self.summary.addLayout(row(words, label(value, "dense", wrap=True, select=True)))
            self.summary.itemAt(self.summary.count() - 1).layout().setStretch(1, 1)
        self.unsigned.setVisible(not found.signed)
        not_allowed = import_work.may_install(self._session)
        self.who.setText(
            sentence(not_allowed) if not_allowed else tr("Answering for it: {name}", name=self._session.user)
        )
        if self.kind != import_work.PACK:
            words = fixed("Its figures were not measured by this program: it is marked as not validated, and its card says"
                          " what must still be filled in.", "secondary", wrap=True)  # fmt: skip
            self.summary.addWidget(words)
        self._show_step(INSTALL)

    def _install(self) -> None:
        source, found, session = self.pack_at, self.found, self._session
        if source is None or found is None:
            return
        reason = "" if found.signed else self.reason.text().strip()

        def done(pack: Any) -> None:
            session.messages.say(tr("{name} {version} is in use.", name=pack.id, version=pack.pack_version), "green")
            self.installed.emit(pack.id)
            self.accept()

        self._work("Installing pack", lambda report: import_work.install(session, source, reason, report), done)

    def done(self, result: int) -> None:
        """Closing ends what still runs."""
        self._timer.stop()
        if self._job is not None:
            self._session.jobs.cancel(self._job)
            self._job = None
        super().done(result)
