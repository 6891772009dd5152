"""What one fact says, how it went, and where it stands in its source."""

import re

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from core.domain.basics import Source
from core.domain.case import Case
from core.domain.record import Note
from core.errors import UserError
from core.progress import Report
from core.records.place import READABLE, Excerpt, excerpt
from ui.record.drawings import course_drawing, course_of
from ui.record.lines import Line, telling, words_of
from ui.record.rows import SourceRows
from ui.session import Session
from ui.theme import fonts
from ui.theme.theme import mix, surface
from ui.translate import bind, tr
from ui.widgets.chart import Chart
from ui.widgets.layout import band, column, row
from ui.widgets.panels import PanelHeader
from ui.widgets.text import Elided, fixed, label

WHOLE = 160
"""Characters from which a marked place is too long to be lit whole."""
FIELDS = {
    "codes": "Codes", "status": "Status", "onset": "Onset", "abatement": "End", "verification": "Verification",
    "dosage": "Dosage", "route": "Route", "start": "Start", "end": "End", "reason": "Reason", "kind": "Kind",
    "reactions": "Reactions", "criticality": "Criticality", "category": "Category", "text_value": "Result",
    "time": "Time", "language": "Language", "title": "Title", "code": "Code", "excluded": "Excluded", "gene": "Gene",
    "hgvs": "HGVS", "zygosity": "Zygosity", "significance": "Significance", "genotype": "Genotype",
    "assembly": "Assembly", "chromosome": "Chromosome", "position": "Position", "reference": "Reference",
    "alternate": "Alternate", "rsid": "rsID", "relation": "Relation", "modality": "Modality", "view": "View",
    "body_part": "Body part", "description": "Description",
}  # fmt: skip


class Detail(QWidget):
    """What one fact says, its course or growth, its sources and the place in one of them."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self)
        self._case_id, self._session = case_id, session
        self._case: Case | None = None
        self._line: Line | None = None
        self.header = PanelHeader("Details")
        self.heading = label("", "title", wrap=True)
        self.value = label("", "strong", wrap=True, select=True)
        self.facts = label("", "secondary", wrap=True, select=True)
        self.chart = Chart()
        self.sources = SourceRows(22)
        self._place = Elided("", "text.2", 12)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setProperty("frame", "none")
        self.text.document().setDocumentMargin(14)
        self.text.setFont(fonts.font(12, mono=True))
        bind(self.text, "setAccessibleName", "Source text")
        top = column(self.heading, self.value, self.facts, gap=4, margins=(14, 10, 14, 8))
        body = column(
            self.header, top, self.chart, band(row(fixed("Sources", "caption"), self._place, margins=(14, 0, 14, 0)), 26),
            self.sources, self.text, gap=0,
        )  # fmt: skip
        body.setStretch(5, 1)
        self.chart.setMaximumHeight(230)
        self.setLayout(body)
        self.sources.activated.connect(self.show_source)

    def show_line(self, case: Case, line: Line) -> None:
        """A fact, and the first of its sources."""
        self._case, self._line = case, line
        self.heading.setText(line.title)
        self.value.setText(line.detail)
        self.value.setVisible(bool(line.detail))
        told = (f"{tr(FIELDS.get(name, name))}: {value}" for name, value in words_of(line.fact))
        self.facts.setText("\n".join(told))
        course = course_of(case, line)
        drawing = course_drawing(case, course) if course is not None else None
        self.chart.show_drawing(drawing)
        self.chart.setVisible(drawing is not None)
        self.sources.show_rows(line.sources)
        self._place.set_words(tr("{n} places", n=len(line.sources)) if len(line.sources) > 1 else "")
        self.text.clear()
        if line.sources:
            self.show_source(line.sources[0])

    def show_source(self, source: Source) -> None:
        """The place in a file: a note as it stands, other files as the store kept them."""
        case, line = self._case, self._line
        if case is None or line is None:
            return
        if isinstance(line.fact, Note) or source.kind not in READABLE:
            note = line.fact if isinstance(line.fact, Note) else _note_of(case, source)
            self._say_place(note, source)
            return

        def work(_report: Report) -> Excerpt | UserError:
            try:
                return excerpt(self._session.store.document(case, source.file), source)
            except UserError as error:
                return error

        def done(made: Excerpt | UserError) -> None:
            from shiboken6 import isValid

            if isValid(self) and self._line is line:
                self._show_excerpt(made, source)

        self._session.background(f"source {self._case_id}", work, done, self._case_id)

    def _say_place(self, note: Note | None, source: Source) -> None:
        if note is None:
            self.text.setPlainText(source.text or tr("The file itself is not text."))
        else:
            start = max(0, source.start)
            self._mark(Excerpt(note.text, start, source.end if source.start >= 0 else start))

    def _show_excerpt(self, made: Excerpt | UserError, source: Source) -> None:
        if isinstance(made, UserError):
            words = f"{tr(made.what)} {tr(made.next_step) if made.next_step else ''}".strip()
            self.text.setPlainText(f"{words}\n\n{source.text}".strip())
        else:
            self._mark(made)

    def _mark(self, made: Excerpt) -> None:
        """The text, scrolled to the place, which is lit; of a whole resource what tells the fact."""
        self.text.setPlainText(made.text)
        spans = [(made.start, made.end)]
        if made.end - made.start > WHOLE and self._line is not None:
            spans = _told(made, telling(self._line.fact)) or spans
        self.text.setExtraSelections([self._lit(made.text, *span) for span in spans])
        top = QTextCursor(self.text.document())
        top.setPosition(_units(made.text, spans[0][0]))
        self.text.setTextCursor(top)
        self.text.centerCursor()

    def _lit(self, text: str, start: int, end: int) -> QTextEdit.ExtraSelection:
        made = QTextEdit.ExtraSelection()
        look = QTextCharFormat()
        look.setBackground(QColor(mix("bg.input", "accent", 0.32)))
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(_units(text, start))
        cursor.setPosition(_units(text, end), QTextCursor.MoveMode.KeepAnchor)
        made.format, made.cursor = look, cursor
        return made


def _told(made: Excerpt, words: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where whole words of a fact stand in the marked part, in order."""
    part = made.text[made.start : made.end]
    spans: list[tuple[int, int]] = []
    for word in sorted(words, key=len, reverse=True):
        for hit in re.finditer(rf"(?<![\w.]){re.escape(word)}(?![\w.])", part):
            at = (made.start + hit.start(), made.start + hit.end())
            if not any(a < at[1] and at[0] < b for a, b in spans):
                spans.append(at)
    return sorted(spans)


def _units(text: str, at: int) -> int:
    """Qt counts UTF-16 units, Python characters."""
    return at + sum(ord(c) > 0xFFFF for c in text[:at])


def _note_of(case: Case, source: Source) -> Note | None:
    return next((n for n in case.record.notes if n.source.file == source.file and n.source.place == source.place), None)
