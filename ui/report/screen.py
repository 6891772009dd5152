"""The Report page: what will be exported, on paper white, and the ways to export it."""

import re
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QFrame, QTextBrowser, QWidget

from core.domain.case import Case
from core.errors import UserError
from core.progress import Report
from core.store.exports import exporter
from core.store.files import write_whole
from ui.session import Session
from ui.theme import fonts
from ui.theme.theme import surface, tokens
from ui.translate import LANGUAGE, tr
from ui.widgets.button import Button
from ui.widgets.layout import band, column, row
from ui.widgets.panels import Segmented
from ui.widgets.text import Elided, fixed

PAPER_WIDTH = 860
METER = re.compile(r"<meter[^>]*value=\"?([\d.]+)\"?[^>]*>.*?</meter>", re.DOTALL)
BAR_CELLS = 24
FORMATS = {"pdf": "PDF (*.pdf)", "html": "HTML (*.html)", "json": "JSON (*.json)", "fhir": "FHIR R4 (*.json)"}


def for_preview(html: str) -> str:
    """Qt's text view knows no <meter>: draw it as a bar of cells."""

    def bar(found: re.Match[str]) -> str:
        filled = round(float(found[1]) * BAR_CELLS)
        blue, grey = tokens()["light"]["chart.1"], tokens()["light"]["line.subtle"]
        full, rest = "█" * filled, "█" * (BAR_CELLS - filled)
        return f'<span style="color:{blue}">{full}</span><span style="color:{grey}">{rest}</span>'

    return METER.sub(bar, html)


class ReportPage(QWidget):
    """Preview and export. The language of the report is chosen apart from the window's."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self, "app")
        self._case_id, self._session = case_id, session
        self._case: Case | None = None
        self._choice = Segmented((("en", "English"), ("zh", "中文")), LANGUAGE.code)
        self._status = Elided("", "text.2", 12)
        buttons = [
            Button("Export PDF…", "download", kind="primary", on_click=lambda: self.export("pdf")),
            Button("HTML…", "doc", on_click=lambda: self.export("html")),
            Button("JSON…", "doc", on_click=lambda: self.export("json")),
            Button("FHIR…", "doc", on_click=lambda: self.export("fhir")),
            Button("DICOM…", "upload", on_click=self.export_dicom),
        ]
        title = fixed("Report preview", "strong")
        bar = row(title, self._status, None, fixed("Language", "", "text.2"), self._choice, 8, *buttons,
                  margins=(14, 0, 14, 0))  # fmt: skip
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setObjectName("paper")
        white, ink = tokens()["light"]["bg.panel"], tokens()["light"]["text.1"]
        self.page.setStyleSheet(f"#paper {{ background: {white}; color: {ink}; border: 0; padding: 28px 44px; }}")
        self.page.setFixedWidth(PAPER_WIDTH)
        self.page.document().setDefaultFont(fonts.font(13))
        desk = QFrame()
        surface(desk, "app")
        held = row(None, self.page, None, margins=(20, 16, 20, 16))
        desk.setLayout(held)
        self.setLayout(column(band(bar, 46), desk, gap=0))
        self.layout().setStretch(1, 1)
        self._choice.chosen.connect(lambda _v: self._render())

    def language(self) -> str:
        """The language of the report."""
        return self._choice.value() or LANGUAGE.code

    def show_case(self, case: Case) -> None:
        """Show another state of the case."""
        self._case = case
        self._render()

    def choose_case(self, case: Case) -> None:
        """Export this state without showing it."""
        self._case = case

    def _render(self) -> None:
        case, language = self._case, self.language()
        if case is None:
            return
        self._status.set_words(tr("being written"))

        def work(_report: Report) -> str:
            import core.dicom_report  # noqa: F401  here, so that the DICOM dialog need not wait for pydicom
            from core.report.html import html_text

            return for_preview(html_text(case, language))

        self._session.background("report preview", work, self._show, self._case_id)

    def _show(self, html: str) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        at = self.page.verticalScrollBar().value()
        self.page.setHtml(html)
        self.page.setAccessibleName(tr("Report preview"))
        self.page.verticalScrollBar().setValue(at)
        self._status.set_words(tr("as exported; the PDF also holds the images"))

    def export(self, kind: str) -> None:
        """Ask where, write."""
        case = self._case
        if case is None or not self._allowed():
            return
        numbers = case.record.patient.identifiers
        ending = "fhir.json" if kind == "fhir" else kind
        name = f"{numbers[0].value if numbers else case.id}.{ending}"
        path, _filter = QFileDialog.getSaveFileName(self, tr("Export report"), name, FORMATS[kind])
        if path and kind == "fhir":
            self._export_fhir(case, Path(path))
        elif path:
            self._session.export(self._case_id, Path(path), kind, self.language())

    def _allowed(self) -> bool:
        """Whether the policy lets anything out; says so where it does not."""
        if not self._session.store.policy.export_allowed:
            self._session.messages.say(tr("Your organisation's policy does not allow exports."), "amber")
        return self._session.store.policy.export_allowed

    def _export_fhir(self, case: Case, path: Path) -> None:
        session, language = self._session, self.language()
        store, user = session.store, session.user

        def work(_report: Report) -> Path:
            from core.report.fhir import fhir_bytes
            from core.report.pdf import pdf_bytes

            who = exporter(store, user)
            try:
                write_whole(path, fhir_bytes(case, language, pdf_bytes(case, language)))
            except OSError as error:
                raise UserError(f"{path} could not be written ({error.strerror}).", "Choose another folder.") from error
            store.audit.add_or_keep("export", who, case.id, kind="fhir")
            return path

        def done(made: Path) -> None:
            session.messages.say(tr("Report written: {name}", name=made.name), "green")

        session.jobs.start("Report", work, done, case_id=case.id, kind=f"export {path}")

    def export_dicom(self) -> None:
        """Ask which DICOM objects to write or send."""
        if self._case is not None and self._allowed():
            from ui.pacs.send import ask

            ask(self._session, self._case, self.language(), self)


__all__ = ["ReportPage", "for_preview"]
