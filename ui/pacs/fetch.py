"""Fetch from archive: ask for studies, choose some, retrieve them in the background; then they are read as any files."""

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QGridLayout, QLineEdit, QStackedWidget, QWidget

from core.domain.basics import Label
from core.domain.case import Case, CaseStatus
from core.errors import UserError
from core.exchange import StudyFound, StudyQuery, fetch_studies, find_studies
from core.pipeline import IdentityDoubt, Opened
from core.progress import Report
from ui.frame.jobstrip import JobStrip
from ui.importing import MergeDialog
from ui.jobs import Job
from ui.pacs.state import ARCHIVES
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import THEME
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import column, line, panel, row, scroll
from ui.widgets.panels import StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.text import Elided, label

if TYPE_CHECKING:
    from ui.window import Window

MODALITIES = ("", "CR", "DX", "CT", "MR", "US", "XA", "NM", "PT", "MG", "ECG", "SR")
KIND = "fetch studies"
Ask = Callable[[Case, Case], bool]


class StudyRows(PaintedRows):
    """A box to tick, date, kind, description, patient, number of images."""

    def __init__(self) -> None:
        super().__init__(40, 14)
        self.ticked: set[str] = set()
        self.activated.connect(self._tick)

    def _tick(self, row: StudyFound) -> None:
        self.ticked ^= {row.uid}
        self.update()

    def paint_row(self, painter: QPainter, rect: QRect, row: StudyFound) -> None:
        """Draw a row."""
        x, top = rect.x(), QRect(rect.x(), rect.y() + 2, rect.width(), 18)
        low = top.translated(0, 18)
        ticked = row.uid in self.ticked
        paint.box(
            painter, QRectF(x, rect.y() + 13, 14, 14), "accent.fill" if ticked else "bg.input", "line.control", radius=3
        )
        if ticked:
            icons.draw(painter, "check", "text.onfill", x + 1, rect.y() + 14, 12)
        paint.text(painter, top.adjusted(26, 0, 0, 0), day(row.date), px=12, weight=500)
        paint.text(painter, low.adjusted(26, 0, 0, 0), row.modalities, "text.2", px=12)
        wide = rect.width() - 130 - 90
        words = row.description or tr("no description")
        paint.text(painter, QRect(x + 130, top.y(), wide, 18), words, px=12, weight=500)
        who = " · ".join(p for p in (name_words(row.patient_name), row.patient_id, day(row.birth_date), row.sex) if p)
        paint.text(painter, QRect(x + 130, low.y(), wide, 18), who, "text.2", px=12)
        count = tr("{n} images", n=row.images) if row.images else ""
        paint.text(painter, top, count, "text.2", px=12, align=paint.RIGHT)

    def sentence(self, row: StudyFound) -> str:
        """A row in words."""
        return f"{day(row.date)} {row.modalities} {row.description} {name_words(row.patient_name)} {row.patient_id}"


def day(text: str) -> str:
    """A DICOM date as year-month-day."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def name_words(name: str) -> str:
    """A DICOM name for reading: its parts in order, characters after letters."""
    groups = [" ".join(p for p in group.split("^") if p) for group in name.split("=")]
    return " · ".join(group for group in groups if group)


class FetchDialog(QDialog):
    """Question above, answers below. Closing it leaves a running transfer running."""

    def __init__(self, session: Session, parent: QWidget | None, patient_id: str = "", case_id: str = "") -> None:
        super().__init__(parent)
        THEME.dress(self)
        self.setWindowTitle(tr("Fetch from archive"))
        self.resize(860, 600)
        self._session, self._patient_id, self._case_id = session, patient_id, case_id
        self.archive, self.modality = QComboBox(), QComboBox()
        for name in ARCHIVES.names:
            self.archive.addItem(name, name)
        for code in MODALITIES:
            self.modality.addItem(code or tr("any"), code)
        self.name, self.number = QLineEdit(), QLineEdit(patient_id)
        self.since, self.until = _date_field(), _date_field()
        self.ask = Button("Search the archive", "search", kind="primary", on_click=self.search)
        self.priors = Button("Studies of the open patient", "person", on_click=self.search_priors)
        self.priors.setVisible(bool(patient_id))
        self.get = Button("Fetch", "download", kind="primary", on_click=self.fetch)
        close = Button("Close", on_click=self.close)
        for made in (self.ask, self.priors, self.get, close):
            made.setAutoDefault(False)
        self.rows, self.note = StudyRows(), Elided("", "text.2", 12)
        self.state = StatePanel("search", "Ask for a name, a number, a date or a kind of image")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self.stack.addWidget(scroll(panel(column(self.rows, None, gap=0))))
        feet = row(self.note, None, close, self.get, margins=(14, 8, 14, 10))
        strip = JobStrip(session.jobs)
        self.setLayout(column(self._question(), line(), self.stack, line(), feet, strip, gap=0))
        self.layout().setStretch(2, 1)
        self.rows.activated.connect(lambda _row: self._count())
        for field in (self.name, self.number, self.since, self.until):
            field.returnPressed.connect(self.search)
        self._count()

    def _question(self) -> QWidget:
        grid = QGridLayout()
        grid.setContentsMargins(14, 12, 14, 12)
        grid.setHorizontalSpacing(10)
        cells = (
            ("Archive", self.archive, 0, 0), ("Modality", self.modality, 0, 2), ("Patient name", self.name, 1, 0),
            ("Patient number", self.number, 1, 2), ("From", self.since, 2, 0), ("To", self.until, 2, 2),
        )  # fmt: skip
        for words, field, at, across in cells:
            grid.addWidget(label(tr(words), "secondary"), at, across)
            grid.addWidget(field, at, across + 1)
            field.setAccessibleName(tr(words))
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        grid.addLayout(row(None, self.priors, self.ask), 3, 0, 1, 4)
        holder = QWidget()
        holder.setLayout(grid)
        return holder

    def query(self) -> StudyQuery:
        """What stands in the fields. Raises `ValueError` for a date that can't be read."""
        since, until = _chosen_date(self.since), _chosen_date(self.until)
        modality = str(self.modality.currentData())
        return StudyQuery(self.name.text().strip(), self.number.text().strip(), since, until, modality)

    def search_priors(self) -> None:
        """Everything the archive has of the open patient."""
        self.name.clear()
        self.number.setText(self._patient_id)
        self.modality.setCurrentIndex(0)
        self.since.clear()
        self.until.clear()
        self.search()

    def search(self) -> None:
        """Ask in the background."""
        store, user, name = self._session.store, self._session.user, self._name()
        try:
            query = self.query()
        except ValueError:
            self.stack.setCurrentIndex(0)
            self.state.say(tr("Write the date as year-month-day, for example 1958-03-02."))
            return
        self.ask.setEnabled(False)
        self.stack.setCurrentIndex(0)
        self.state.say(tr("Asking {name}", name=name))
        self._session.jobs.start(
            "Search the archive", lambda _r: find_studies(store, name, query, user), self._found, kind="find studies",
            failed=self._failed, quiet=True,
        )  # fmt: skip

    def _name(self) -> str:
        return str(self.archive.currentData() or "")

    def _found(self, found: tuple[StudyFound, ...]) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        self.ask.setEnabled(True)
        self.rows.ticked.clear()
        self.rows.show_rows(found)
        self.stack.setCurrentIndex(1 if found else 0)
        if not found:
            self.state.say(tr("The archive has no such study"))
        self._count()

    def _failed(self, error: Exception) -> None:
        from shiboken6 import isValid

        if not isinstance(error, UserError):
            self._session.messages.fail(error)
        if not isValid(self):
            return
        self.ask.setEnabled(True)
        self.stack.setCurrentIndex(0)
        if isinstance(error, UserError):
            self.state.say(tr(error.what), tr(error.next_step) if error.next_step else "")
        else:
            self.state.say(
                tr("Something went wrong in the program. Your data is unchanged. The details are in the log.")
            )

    def chosen(self) -> tuple[StudyFound, ...]:
        """The ticked studies."""
        return tuple(row for row in self.rows.rows if row.uid in self.rows.ticked)

    def _count(self) -> None:
        chosen = self.chosen()
        self.get.setEnabled(bool(chosen))
        words = tr("{n} studies found, {m} chosen", n=len(self.rows.rows), m=len(chosen)) if self.rows.rows else ""
        self.note.set_words(words)

    def fetch(self) -> Job:
        """Retrieve the ticked studies; what came is imported. Those under the open patient's number may join that case."""
        chosen = self.chosen()
        same = bool(self._patient_id) and all(study.patient_id == self._patient_id for study in chosen)
        return start_fetch(self._session, self._name(), chosen, self._case_id if same else "")


def start_fetch(
    session: Session, name: str, studies: tuple[StudyFound, ...], case_id: str = "", ask: "Ask | None" = None
) -> Job:
    """Retrieve in the background into the session's own folder, then read as files; a cancelled transfer imports nothing.

    `case_id` is the open case these are priors of: `ask` says whether they are one patient (default: the dialog).
    """
    folder = Path(tempfile.mkdtemp(prefix="fetch-", dir=session.local.path))
    store, user = session.store, session.user

    def work(report: Report) -> list[Path]:
        return fetch_studies(store, name, studies, folder, user=user, report=report)

    def done(files: list[Path]) -> None:
        session.messages.say(tr("{n} images fetched from {name}", n=len(files), name=name), "green")
        if case_id:
            _join(session, case_id, folder, ask or _ask_same)
        session.import_paths(sorted({file.parent for file in files}))

    return session.jobs.start("Fetching from archive", work, done, kind=KIND)


def _join(session: Session, case_id: str, folder: Path, ask: Ask) -> None:
    """Wait for the import of one folder, then offer to put its case into the open one."""

    def imported(found: Opened) -> None:
        mine = [c for c in found.cases if any(Path(i.path).is_relative_to(folder) for i in c.images)]
        if not mine:
            return
        session.imported.disconnect(imported)
        kept = session.cases.get(case_id)
        other = next(
            (c for c in mine if kept is not None and kept.status is not CaseStatus.SIGNED and ask(kept, c)), None
        )
        if kept is not None and other is not None:
            session.jobs.cancel_case(other.id)
            session.merge(session.cases.get(case_id, kept), other)

    session.imported.connect(imported)


def _ask_same(kept: Case, other: Case) -> bool:
    reason = Label("Fetched as a study of the open patient", "作为当前患者的检查调取")
    doubt = IdentityDoubt(kept.id, other.id, kept.record.patient.name, other.record.patient.name, reason)
    dialog = MergeDialog(doubt, kept, other, QApplication.activeWindow())
    same = bool(dialog.exec())
    dialog.deleteLater()
    return same


def _date_field() -> QLineEdit:
    made = QLineEdit()
    made.setPlaceholderText("2026-03-01")
    return made


def _chosen_date(field: QLineEdit) -> date | None:
    text = field.text().strip()
    return date.fromisoformat(text) if text else None


def open_fetch(window: "QWidget | Window") -> FetchDialog | None:
    """Show the dialog over the window, with the number of the patient whose case is open."""
    session = getattr(window, "session", None)
    if not isinstance(session, Session):
        return None
    current = getattr(window, "current_workspace", lambda: None)()
    case = session.cases.get(current.case_id) if current is not None else None
    numbers = case.record.patient.identifiers if case is not None else ()
    dialog = FetchDialog(session, window, numbers[0].value if numbers else "", case.id if case is not None else "")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    return dialog
