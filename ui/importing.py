"""What to ask after an import: two records of maybe one patient, an image without age or view; and what was not read."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QWidget

from core import pipeline
from core.domain.case import Case, FileReport
from core.domain.imaging import ImageRef
from core.pipeline import IdentityDoubt, Opened
from core.records.csv_labs import unknown_tables
from ui.dialogs import OLDEST, Dialog
from ui.session import Session
from ui.tables import TableDialog, look_at
from ui.theme.theme import THEME
from ui.translate import say, tr
from ui.widgets.button import Button
from ui.widgets.layout import column, line, panel, row, scroll
from ui.widgets.panels import Icon
from ui.widgets.text import label

VIEWS = ("", "PA", "AP", "LL")


class MergeDialog(QDialog):
    """Two records that are probably one patient, side by side. Nothing is preselected."""

    def __init__(self, doubt: IdentityDoubt, first: Case, second: Case, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Same patient?"))
        self.setMinimumWidth(560)
        sides = row(_identity(first), line("v"), _identity(second), gap=16)
        self.merge = Button("Same patient: merge", on_click=self.accept)
        self.keep = Button("Different patients: keep apart", on_click=self.reject)
        for made in (self.merge, self.keep):
            made.setAutoDefault(False)
        head = row(Icon("alert", "amber"), label(say(doubt.reason), "medium", wrap=True))
        head.setStretch(1, 1)
        feet = row(None, self.keep, self.merge)
        self.setLayout(column(head, sides, feet, gap=16, margins=(20, 18, 20, 16)))
        THEME.dress(self)


def _identity(case: Case) -> QWidget:
    patient = case.record.patient
    lines = [
        label(patient.name or tr("Unnamed patient"), "title"),
        label(f"{tr('Born')}: {patient.birth_date or tr('unknown')}", "dense"),
        label(f"{tr('Sex')}: {tr(str(patient.sex))}", "dense"),
        *(label(f"{i.system}: {i.value}", "dense", "text.2") for i in patient.identifiers[:3]),
        label(", ".join(Path(f.path).name for f in case.files[:3]), "caption", wrap=True),
    ]
    holder = QWidget()
    holder.setLayout(column(*lines, None, gap=4))
    return holder


class ImageQuestion(Dialog):
    """What DICOM would have said about a picture: age and view. Unknown is an answer."""

    def __init__(self, ref: ImageRef, age: float | None, parent: QWidget | None) -> None:
        super().__init__("About this image", "Save", parent)
        self.age = QDoubleSpinBox()
        self.age.setRange(-1.0, OLDEST)
        self.age.setDecimals(1)
        self.age.setSpecialValueText(tr("unknown"))
        self.age.setValue(-1.0 if age is None else age)
        self.age.setSuffix(" " + tr("years"))
        self.view = QComboBox()
        words = {"": tr("unknown"), "PA": "PA", "AP": "AP", "LL": tr("lateral")}
        for key in VIEWS:
            self.view.addItem(words[key], key)
        self.view.setCurrentIndex(max(0, self.view.findData(ref.view)))
        hint = tr("A picture file does not say how old the patient was and which view it is. Models need both.")
        self.form.addRow(label(Path(ref.path).name, "title"))
        self.form.addRow(label(hint, "secondary", wrap=True))
        self.form.addRow(tr("Age at the time of the image"), self.age)
        self.form.addRow(tr("View"), self.view)

    def value(self) -> tuple[float | None, str]:
        """(age in years or None, view or "")."""
        age = self.age.value()
        return (None if age < 0 else age), str(self.view.currentData())


class FilesDialog(QDialog):
    """What each file was, what was read, what was not and why."""

    def __init__(self, files: tuple[FileReport, ...], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Files read"))
        self.resize(640, 460)
        lines = [_file_line(report) for report in files]
        close = Button("Close", kind="primary", on_click=self.accept)
        body = scroll(panel(column(*lines, None, gap=8, margins=(16, 12, 16, 12))))
        self.setLayout(column(body, row(None, close, margins=(14, 8, 14, 10)), gap=0))
        THEME.dress(self)


def _file_line(report: FileReport) -> QWidget:
    icon, tone = ("alert", "red") if report.error else ("alert", "amber") if report.skipped else ("check", "green")
    read = ", ".join(f"{n} {tr(what)}" for what, n in report.read)
    parts = [
        label(Path(report.path).name, "medium"),
        label(f"{report.kind} · {read}" if read else report.kind, "secondary", wrap=True),
    ]
    parts += [label(words, "secondary", "amber", wrap=True) for words in report.skipped]
    parts += [label(report.error, "secondary", "red", wrap=True)] if report.error else []
    held = row(column(2, Icon(icon, tone), None, gap=0), column(*parts, gap=2), gap=10)
    held.setStretch(1, 1)
    holder = QWidget()
    holder.setLayout(held)
    return holder


def ask_after_import(parent: QWidget, session: Session, found: Opened) -> None:
    """Ask what has to be asked, say what was not read, then analyse the new cases."""
    cases = {case.id: case for case in found.cases}
    for question in found.questions:
        owner = next((c for c in cases.values() if any(i.id == question.id for i in c.images)), None)
        if owner is not None:
            cases[owner.id] = _ask_image(parent, session, owner, question)
    for doubt in found.doubts:
        if doubt.first in cases and doubt.second in cases:
            _ask_identity(parent, session, doubt, cases)
    tables = _ask_tables(parent, session, found.files)
    bad = [f for f in found.files if f.error and Path(f.path) not in tables]
    if bad:
        FilesDialog(found.files, parent).exec()
    if tables:
        session.import_paths(tables)
    if not cases and not bad:
        return
    for case in cases.values():
        session.analyse(case.id)
    words = tr("{n} files read, {m} unreadable, {k} cases", n=len(found.files), m=len(bad), k=len(cases))
    session.messages.say(words, "amber" if bad else "green")


def _ask_tables(parent: QWidget, session: Session, files: tuple[FileReport, ...]) -> tuple[Path, ...]:
    """Ask what the columns of unknown tables hold; the tables that can now be read."""
    explained: list[Path] = []
    for path in unknown_tables(files):
        sheet = look_at(path)
        if sheet is None:
            continue
        dialog = TableDialog(path.name, sheet, parent)
        if dialog.exec():
            session.keep_table(dialog.table())
            explained.append(path)
    return tuple(explained)


def _ask_image(parent: QWidget, session: Session, case: Case, ref: ImageRef) -> Case:
    from core.domain.age import age_years

    age = ref.age_years if ref.age_years is not None else age_years(case.record.patient, session.now().date())
    dialog = ImageQuestion(ref, age, parent)
    if not dialog.exec():
        return case
    years, view = dialog.value()
    answered = pipeline.answer_image(case, ref.id, age_years=years, view=view)
    session.keep(answered)
    return answered


def _ask_identity(parent: QWidget, session: Session, doubt: IdentityDoubt, cases: dict[str, Case]) -> None:
    first, second = cases[doubt.first], cases[doubt.second]
    if MergeDialog(doubt, first, second, parent).exec():
        session.merge(first, second)
        cases.pop(second.id)
        cases[first.id] = replace(first)
