"""The Record page: sections, the list of facts with a search, and what a fact says, where it stands and how it went."""

from typing import Any

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QColor, QPainter, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QScrollArea, QStackedWidget, QTextEdit, QWidget

from core.domain.basics import Source
from core.domain.case import Case
from core.domain.record import Note
from core.errors import UserError
from core.progress import Report
from core.records.place import READABLE, Excerpt, excerpt, title
from core.risk.growth import Growth, charts, standard_for
from ui.record.drawings import course_drawing, course_of, growth_drawing
from ui.record.lines import PARTS, Line, counts, excerpt_of, found, lines, words_of
from ui.session import Session
from ui.theme import fonts, icons
from ui.theme.theme import color, mix, surface
from ui.translate import bind, say, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.chart import Chart
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, Segmented, StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.search import SearchField
from ui.widgets.split import Columns
from ui.widgets.text import Elided, fixed, label

SEARCH_MS = 80
LINE = 24
ALL, GROWTH = "", "growth"
SHOWN = 3000
"""Lines shown at once; a search narrows down."""
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


class SectionRows(PaintedRows):
    """Icon, name, number of facts; the chosen one is marked."""

    def __init__(self) -> None:
        super().__init__(30, 12)
        self.chosen = ALL

    def paint_row(self, painter: QPainter, rect: QRect, row: tuple[str, str, str, int]) -> None:
        """Draw a row."""
        key, icon, words, count = row
        if key == self.chosen:
            painter.fillRect(rect.adjusted(-12, 0, 12, 0), color("bg.selected"))
            painter.fillRect(QRect(0, rect.y(), 2, rect.height()), color("accent"))
        tone = "text.1" if count else "text.3"
        icons.draw(painter, icon, tone, rect.x(), rect.y() + 8, 14)
        paint.text(painter, rect.adjusted(24, 0, -44, 0), words, tone, px=13)
        paint.text(painter, rect, str(count), "text.3", px=12, align=paint.RIGHT)

    def sentence(self, row: tuple[str, str, str, int]) -> str:
        """A row in words."""
        return f"{row[2]} {row[3]}"


class LineRows(PaintedRows):
    """Date, icon, what, value or status, H or L. While searching, the words found in a note."""

    def __init__(self) -> None:
        super().__init__(LINE, 14)
        self.words, self.chosen = "", ""
        self._icons = {key: icon for key, icon, _name in PARTS}

    def paint_row(self, painter: QPainter, rect: QRect, row: Line) -> None:
        """Draw a row."""
        if row.id == self.chosen:
            painter.fillRect(rect.adjusted(-14, 0, 14, 0), color("bg.selected"))
        x, y, h = rect.x(), rect.y(), rect.height()
        paint.text(painter, QRect(x, y, 78, h), row.time[:10], "text.3", px=12)
        icons.draw(painter, self._icons[row.section], "text.2", x + 84, y + 5, 14)
        left = x + 106
        half = left + int((rect.right() - left) * 0.56)
        paint.text(painter, QRect(left, y, half - left - 8, h), row.title, row.tone, px=13)
        detail = QRect(half, y, rect.right() - half - 18, h)
        if self.words and isinstance(row.fact, Note):
            self._found(painter, detail, row.fact.text)
        else:
            tone = row.tone if row.mark else "text.2"
            paint.text(painter, detail, row.detail, tone, px=12, weight=600 if row.mark else 400)
        paint.text(painter, rect, row.mark, row.tone, px=12, weight=600, align=paint.RIGHT)

    def _found(self, painter: QPainter, area: QRect, text: str) -> None:
        part, places = excerpt_of(text, self.words)
        x, at = area.x(), 0
        for start, end in (*places, (len(part), len(part))):
            for piece, tone, weight in ((part[at:start], "text.2", 400), (part[start:end], "accent", 600)):
                if piece and x < area.right():
                    paint.text(
                        painter, QRect(x, area.y(), area.right() - x, area.height()), piece, tone, px=12, weight=weight
                    )
                    x += paint.width(piece, 12, weight)
            at = end

    def sentence(self, row: Line) -> str:
        """A row in words."""
        return " · ".join(x for x in (row.time[:16].replace("T", " "), row.title, row.detail, row.mark) if x)


class SourceRows(PaintedRows):
    """The files a fact came from."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Source) -> None:
        """Draw a row."""
        icons.draw(painter, "doc", "accent", rect.x(), rect.y() + 3, 14)
        paint.text(painter, rect.adjusted(22, 0, 0, 0), title(row), "accent", px=12)

    def sentence(self, row: Source) -> str:
        """A row in words."""
        return title(row)


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
        """The text, scrolled to the place, which is lit."""
        self.text.setPlainText(made.text)
        marked = QTextEdit.ExtraSelection()
        look = QTextCharFormat()
        look.setBackground(QColor(mix("bg.input", "accent", 0.28)))
        marked.format = look  # type: ignore[assignment]
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(_units(made.text, made.start))
        top = QTextCursor(cursor)
        cursor.setPosition(_units(made.text, made.end), QTextCursor.MoveMode.KeepAnchor)
        marked.cursor = cursor  # type: ignore[assignment]
        self.text.setExtraSelections([marked])
        self.text.setTextCursor(top)
        self.text.centerCursor()


def _units(text: str, at: int) -> int:
    """Qt counts UTF-16 units, Python characters."""
    return at + sum(ord(c) > 0xFFFF for c in text[:at])


def _note_of(case: Case, source: Source) -> Note | None:
    return next((n for n in case.record.notes if n.source.file == source.file and n.source.place == source.place), None)


class GrowthPane(QWidget):
    """A child's charts, two in a row, WHO or CDC."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        surface(self)
        self._session = session
        self._case: Case | None = None
        self.standard = Segmented((("who", "WHO"), ("cdc", "CDC")), "who", translate=False)
        self.header = PanelHeader("Growth", self.standard)
        self.charts = [Chart() for _ in range(4)]
        self._names = [label("", "strong") for _ in self.charts]
        self._latest = [label("", "secondary", wrap=True) for _ in self.charts]
        cells = [
            panel(column(name, latest, chart, gap=4, margins=(14, 10, 14, 10)))
            for name, latest, chart in zip(self._names, self._latest, self.charts, strict=True)
        ]
        self.cells = cells
        self._note = label("", "caption", wrap=True)
        grid = column(row(*cells[:2], gap=0), row(*cells[2:], gap=0), gap=0)
        foot = QWidget()
        foot.setLayout(column(self._note, margins=(14, 6, 14, 8)))
        self.setLayout(column(self.header, grid, foot, gap=0))
        self.layout().setStretch(1, 1)
        self.standard.chosen.connect(self._draw)

    def show_case(self, case: Case, made: tuple[Growth, ...]) -> None:
        """The charts by the standard of the child's age."""
        self._case = case
        born = case.record.patient.birth_date
        months = (self._session.now().date() - born).days / 30.4375 if born else 0.0
        self.standard.set_value(made[0].standard if made else standard_for(months))
        self._show(made)

    def _draw(self, standard: str) -> None:
        if self._case is not None:
            self._show(charts(self._case.record, self._session.now(), standard))

    def _show(self, made: tuple[Growth, ...]) -> None:
        for i, (cell, chart) in enumerate(zip(self.cells, self.charts, strict=True)):
            cell.setVisible(i < len(made))
            if i < len(made):
                drawing = growth_drawing(made[i])
                chart.show_drawing(drawing)
                self._names[i].setText(drawing.name)
                self._latest[i].setText(drawing.dots[-1].words)
        sources = dict.fromkeys(f"{g.source.title}. {g.note}" for g in made)
        words = "\n".join(sources)
        self._note.setText(words or tr("No measurement of this child lies within the tables of this standard."))


class RecordPage(QWidget):
    """Sections at the left, facts in the middle, the chosen one at the right."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self, "app")
        self._case_id, self._session = case_id, session
        self._case: Case | None = None
        self._lines: tuple[Line, ...] = ()
        self._growth: tuple[Growth, ...] = ()
        self.sections, self.rows = SectionRows(), LineRows()
        self.search = SearchField("Search this record", "Ctrl+F", 30)
        self.detail = Detail(case_id, session)
        self.growth = GrowthPane(session)
        self._count = Elided("", "text.2", 12)
        self._unmerge = Button("Undo merge…", "undo", small=True, on_click=lambda: session.unmerge(case_id))
        self._empty = StatePanel("search", "Nothing found", "Fewer or other words may help.")
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_MS)
        self._timer.timeout.connect(self._filter)
        self.search.textChanged.connect(lambda _words: self._timer.start())
        self.sections.activated.connect(self._choose_section)
        self.rows.activated.connect(self.choose)

    def _build(self) -> None:
        left = column(PanelHeader("Record"), self.sections, None, gap=0)
        top = band(row(self.search, self._count, None, self._unmerge, margins=(12, 0, 12, 0)), 44)
        self.search.setMinimumWidth(180)
        self._list = QStackedWidget()
        self._list.addWidget(scroll(panel(column(self.rows, None, gap=0))))
        self._list.addWidget(self._empty)
        centre = panel(column(top, self._list, gap=0))
        self._columns = Columns("record", self._session.settings)
        self._columns.add(panel(left), 210, 170, grows=False)
        self._columns.add(centre, 800, 380, grows=True)
        self._columns.add(self.detail, 560, 380, grows=False)
        self._columns.add(self.growth, 1000, 600, grows=True)
        self.growth.hide()
        self._unmerge.hide()
        self.setLayout(column(self._columns, gap=0))

    def show_case(self, case: Case) -> None:
        """Gather the facts in the background; a chosen line stays chosen."""
        self._case = case
        now = self._session.now()

        def work(_report: Report) -> tuple[Any, ...]:
            from core.store.merges import last_merge

            return lines(case), charts(case.record, now), last_merge(self._session.store, case.id) is not None

        def done(made: tuple[Any, ...]) -> None:
            from shiboken6 import isValid

            if isValid(self) and self._case is case:
                self._lines, self._growth = made[0], made[1]
                self._unmerge.setVisible(made[2])
                self._filter()

        self._session.background(f"record {self._case_id}", work, done, self._case_id)

    def focus_search(self) -> None:
        """Ctrl+F."""
        self.search.setFocus()
        self.search.selectAll()

    def open(self, fact_id: str) -> None:
        """Show everything with one fact chosen, now or once the facts are gathered."""
        self.search.clear()
        self.sections.chosen = ALL
        self.rows.chosen = fact_id
        if self._lines:
            self._filter()

    def choose(self, line: Line) -> None:
        """Show one fact."""
        if self._case is not None:
            self.rows.chosen = line.id
            self.rows.update()
            self.detail.show_line(self._case, line)

    def _choose_section(self, chosen: tuple[str, str, str, int]) -> None:
        self.sections.chosen = chosen[0]
        self._filter()

    def _filter(self) -> None:
        words, section = self.search.text(), self.sections.chosen
        hits = found(self._lines, words)
        number = counts(hits)
        rows = [(ALL, "table", tr("Everything"), len(hits))]
        rows += [(key, icon, say(name), number.get(key, 0)) for key, icon, name in PARTS]
        if self._growth:
            rows.append((GROWTH, "person", tr("Growth"), len(self._growth)))
        self.sections.show_rows(rows)
        growing = section == GROWTH and bool(self._growth)
        self.growth.setVisible(growing)
        for at in (1, 2):
            self._columns.widget(at).setVisible(not growing)
        if growing and self._case is not None:
            self.growth.show_case(self._case, self._growth)
            return
        shown = found(hits, "", section if section != GROWTH else ALL)
        self.rows.words = words.strip()
        self.rows.show_rows(shown[:SHOWN])
        self._list.setCurrentIndex(0 if shown else 1)
        self._count.set_words(_count_words(len(shown), len(self._lines)))
        chosen = next((line for line in shown if line.id == self.rows.chosen), shown[0] if shown else None)
        if chosen is not None:
            self.choose(chosen)
            self._scroll_to(shown.index(chosen))

    def _scroll_to(self, at: int) -> None:
        area = self._list.widget(0)
        assert isinstance(area, QScrollArea)
        area.ensureVisible(0, at * LINE + LINE, 0, 3 * LINE)

    def fit(self, width: int) -> None:
        """Less room at the right on narrow windows."""
        self._columns.give(2, 560 if width > 1400 else 420)
        self._columns.give(0, 210 if width > 1400 else 170)


def _count_words(shown: int, total: int) -> str:
    if shown > SHOWN:
        return tr("the newest {n} of {total}; search to narrow down", n=SHOWN, total=shown)
    return tr("{n} of {total}", n=shown, total=total)


__all__ = ["RecordPage"]
