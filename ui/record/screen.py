"""The Record page: sections, the list of facts with a search, and what a fact says, where it stands and how it went."""

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QWidget

from core.domain.case import Case
from core.progress import Report
from core.risk.growth import Growth, charts
from ui.dialogs import Dialog
from ui.record.detail import Detail
from ui.record.growth import GrowthPane
from ui.record.lines import PARTS, Line, counts, found, lines
from ui.record.rows import ALL, LINE, LineRows, SectionRows
from ui.session import Session
from ui.theme.theme import surface
from ui.translate import say, tr
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, StatePanel
from ui.widgets.search import SearchField
from ui.widgets.split import Columns
from ui.widgets.text import Elided, label

SEARCH_MS = 80
GROWTH = "growth"
SHOWN = 3000
"""Lines shown at once; a search narrows down."""


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
        self.growth = GrowthPane()
        self._count = Elided("", "text.2", 12)
        self._unmerge = Button("Undo merge…", "undo", small=True, on_click=self._ask_unmerge)
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
        self._centre = panel(column(top, self._list, gap=0))
        self._columns = Columns("record", self._session.settings)
        self._columns.add(panel(left), 210, 170, grows=False)
        self._columns.add(self._centre, 800, 380, grows=True)
        self._columns.add(self.detail, 560, 380, grows=False)
        self._columns.add(self.growth, 1000, 600, grows=True)
        self.growth.hide()
        self._unmerge.hide()
        self.setLayout(column(self._columns, gap=0))

    def show_case(self, case: Case) -> None:
        """Gather the facts in the background; a chosen line stays chosen."""
        self._case = case

        def work(_report: Report) -> tuple[Any, ...]:
            from core.store.merges import last_merge

            return lines(case), charts(case.record), last_merge(self._session.store, case.id) is not None

        def done(made: tuple[Any, ...]) -> None:
            from shiboken6 import isValid

            if isValid(self) and self._case is case:
                self._lines, self._growth = made[0], made[1]
                self._unmerge.setVisible(made[2])
                self._filter()

        self._session.background(f"record {self._case_id}", work, done, self._case_id)

    def _ask_unmerge(self) -> None:
        """Taking two records apart changes both cases: asked first, with Cancel at hand."""
        dialog = Dialog("Undo merge", "Undo merge", self)
        words = tr(
            "The other patient's record becomes a case of its own again. What was added since stays here. "
            "Both cases are analysed again."
        )
        dialog.form.addRow(label(words, wrap=True))
        if dialog.exec():
            self._session.unmerge(self._case_id)

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
        for part in (self._centre, self.detail):
            part.setVisible(not growing)
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
