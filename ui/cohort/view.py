"""The dialog of a global view: which findings move one diagnosis over a set of cases."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QStackedWidget, QWidget

from core.explain.cohort import LEAST, Cohort, Importance
from core.explain.cohort_export import csv_text
from ui.cohort.plots import Dependence, FindingRows, GroupRows
from ui.cohort.service import KIND_COHORT, service, words_of
from ui.exporting import may_export
from ui.session import Session
from ui.theme.theme import THEME, surface
from ui.translate import LANGUAGE, bind, say, tr
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, StatePanel, Strip
from ui.widgets.text import Elided, fixed


class CohortDialog(QDialog):
    """`ids`: the cases (None: all). Computed in the background; Cancel stops it, another diagnosis asks again."""

    def __init__(
        self, session: Session, ids: Sequence[str] | None, parent: QWidget | None, hypothesis_id: str = ""
    ) -> None:
        super().__init__(parent)
        self._session, self._ids = session, ids
        self.cohort: Cohort | None = None
        self.setWindowTitle(tr("What moves the estimate over many cases"))
        self.resize(1120, 760)
        surface(self, "panel")
        self.choice = QComboBox()
        self.choice.setMinimumWidth(280)
        bind(self.choice, "setAccessibleName", "Diagnosis to explain")
        self._about = Elided("", "text.2", 12)
        self.table = Button("Table (CSV)…", "download", small=True, on_click=self._save_table)
        self.picture = Button("Picture (PNG)…", "download", small=True, on_click=self._save_picture)
        self.findings, self.dependence, self.groups = FindingRows(), Dependence(), GroupRows()
        self._waiting = StatePanel("layers", "Reading the cases", "", Button("Cancel", "x", on_click=self._cancel))
        self._failed = StatePanel("alert", "No view", "")
        self._build()
        self.choice.activated.connect(lambda _i: self.ask(str(self.choice.currentData())))
        self.findings.activated.connect(self._depend)
        session.jobs.changed.connect(self._progress)
        THEME.dress(self)
        self.ask(hypothesis_id)

    def _build(self) -> None:
        bar = row(fixed("Explaining", "", "text.2"), self.choice, 6, self._about, self.table, self.picture,
                  margins=(14, 0, 14, 0))  # fmt: skip
        held_back = Strip("info", "info")
        held_back.show_words(
            tr("No name, number or date is in this view. Groups of fewer than five cases are not described."),
            "info",
            "info",
        )
        self._found = PanelHeader("Findings")
        self._found.set_note(
            tr("mean absolute share, and each case's share: red a high or present value, blue a low one")
        )
        left = column(self._found, scroll(panel(column(self.findings, None))), gap=0)
        self._one = PanelHeader("Value against share")
        self._parts = PanelHeader("By age and sex")
        self._parts.set_note(tr("cases, mean probability, shares of the five strongest findings"))
        right = column(self._one, self.dependence, self._parts, scroll(panel(column(self.groups, None))), gap=0)
        body = QWidget()
        body.setLayout(row(panel(left), panel(right), gap=1))
        body.layout().setStretch(0, 3)  # type: ignore[union-attr]
        body.layout().setStretch(1, 2)  # type: ignore[union-attr]
        self._stack = QStackedWidget()
        for part in (body, self._waiting, self._failed):
            self._stack.addWidget(part)
        strip = QWidget()
        strip.setLayout(column(held_back, margins=(14, 8, 14, 8)))
        self.setLayout(column(band(bar, 46), strip, self._stack, gap=0))
        self.layout().setStretch(2, 1)  # type: ignore[union-attr]

    def sizeHint(self) -> QSize:
        """Room for both columns."""
        return QSize(1120, 760)

    def ask(self, hypothesis_id: str) -> None:
        """Compute the view of a diagnosis ("": the one that leads most often)."""
        self._show_state(1)
        service(self._session).cohort(self._session, self._ids, hypothesis_id, self._arrived, self._refused)

    def _arrived(self, cohort: Cohort) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        self.cohort = cohort
        self.choice.clear()
        for name, label, cases in cohort.choices:
            self.choice.addItem(f"{say(label)}   {cases}", name)
        self.choice.setCurrentIndex(self.choice.findData(cohort.hypothesis_id))
        about = tr(
            "{n} cases, {listed} list it, {leading} lead with it · mean {p} %",
            n=cohort.cases,
            listed=cohort.listed,
            leading=cohort.leading,
            p=round(100 * cohort.mean_probability),
        )
        self._about.set_words(about)
        self.findings.show_cohort(cohort)
        self.groups.show_cohort(cohort)
        self._depend(next((f for f in cohort.findings if f.unit and f.points), next(iter(cohort.findings), None)))
        self._show_state(0)

    def _refused(self, error: Exception) -> None:
        from shiboken6 import isValid

        if isValid(self):
            self._failed.say(tr("No view"), words_of(self._session, error))
            self._show_state(2)

    def _show_state(self, at: int) -> None:
        self._stack.setCurrentIndex(at)
        for made in (self.table, self.picture):
            made.setEnabled(at == 0 and self.cohort is not None and self.cohort.listed >= LEAST)

    def _depend(self, finding: Importance | None) -> None:
        self.dependence.show_finding(finding)
        self._one.set_note(say(finding.label) if finding else "")

    def _progress(self) -> None:
        job = self._session.jobs.running("", KIND_COHORT)
        if job is not None and self._stack.currentIndex() == 1:
            self._waiting.say(tr("Reading the cases"), tr("{n} of {total} cases", n=job.made, total=job.total))

    def _cancel(self) -> None:
        self._session.jobs.cancel_kind("", KIND_COHORT)
        if self.cohort is not None:
            self._show_state(0)
        else:
            self.reject()

    def done(self, result: int) -> None:
        """Closing stops the work."""
        self._session.jobs.cancel_kind("", KIND_COHORT)
        super().done(result)

    def _save_table(self) -> None:
        name, _kind = QFileDialog.getSaveFileName(self, tr("Table (CSV)…"), "cohort.csv", "CSV (*.csv)")
        if name:
            self.save_table(Path(name))

    def save_table(self, path: Path) -> None:
        """Write the table; noted in the audit log."""
        if self.cohort is not None and self._may_export():
            path.write_text(csv_text(self.cohort, LANGUAGE.code), encoding="utf-8-sig")
            self._session.messages.say(tr("Written: {name}", name=path.name), "green")

    def _save_picture(self) -> None:
        name, _kind = QFileDialog.getSaveFileName(self, tr("Picture (PNG)…"), "cohort.png", "PNG (*.png)")
        if name:
            self.save_picture(Path(name))

    def save_picture(self, path: Path) -> None:
        """Write what is shown; noted in the audit log."""
        if self.cohort is not None and self._may_export():
            self.grab().save(str(path), "PNG")  # type: ignore[call-overload]
            self._session.messages.say(tr("Written: {name}", name=path.name), "green")

    def _may_export(self) -> bool:
        who = may_export(self._session)
        if who and self.cohort is not None:
            audit = self._session.store.audit
            audit.add_or_keep("export", who, "", kind="cohort", cases=self.cohort.cases)
        return bool(who)
