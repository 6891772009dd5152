"""The Library screen: kinds and hits at the left, the page at the right, back and forward as in a browser."""

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStackedWidget, QWidget

from core.library import shelf
from core.library.entry import KIND_LABELS, Entry, Hit, Kind, Ref
from core.progress import Report
from ui.library.page import Page
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import color, surface
from ui.translate import LANGUAGE, say, tr
from ui.widgets import paint
from ui.widgets.button import IconButton
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.search import SearchField
from ui.widgets.split import Columns
from ui.widgets.text import Elided

SEARCH_MS = 80
ICONS = {
    Kind.CONDITION: "person", Kind.FINDING: "list", Kind.MEDICINE: "pill", Kind.SCORE: "table",
    Kind.RED_FLAG: "shieldalert",
}  # fmt: skip


class KindRows(PaintedRows):
    """Icon, name, number of pages; the chosen one is marked."""

    def __init__(self) -> None:
        super().__init__(30, 12)
        self.chosen: Kind | None = None

    def paint_row(self, painter: QPainter, rect: QRect, row: tuple[Kind | None, str, int]) -> None:
        """Draw a row."""
        kind, words, count = row
        if kind is self.chosen:
            painter.fillRect(rect.adjusted(-12, 0, 12, 0), color("bg.selected"))
            painter.fillRect(QRect(0, rect.y(), 2, rect.height()), color("accent"))
        icons.draw(painter, ICONS[kind] if kind else "book", "text.1", rect.x(), rect.y() + 8, 14)
        paint.text(painter, rect.adjusted(24, 0, -50, 0), words, px=13)
        paint.text(painter, rect, f"{count:,}", "text.3", px=12, align=paint.RIGHT)

    def sentence(self, row: tuple[Kind | None, str, int]) -> str:
        """A row in words."""
        return f"{row[1]} {row[2]}"


class HitRows(PaintedRows):
    """Icon, name, and the other name that matched."""

    def __init__(self) -> None:
        super().__init__(24, 12)
        self.chosen: Ref | None = None

    def paint_row(self, painter: QPainter, rect: QRect, row: Hit) -> None:
        """Draw a row."""
        if row.ref == self.chosen:
            painter.fillRect(rect.adjusted(-12, 0, 12, 0), color("bg.selected"))
        icons.draw(painter, ICONS[row.ref.kind], "text.2", rect.x(), rect.y() + 5, 14)
        used = paint.text(painter, rect.adjusted(24, 0, 0, 0), say(row.label), px=13)
        if row.matched not in (row.label.en, row.label.zh):
            paint.text(painter, rect.adjusted(34 + used, 0, 0, 0), row.matched, "text.3", px=12)

    def sentence(self, row: Hit) -> str:
        """A row in words."""
        return " · ".join(dict.fromkeys((say(row.label), row.matched, say(KIND_LABELS[row.ref.kind]))))


class LibraryScreen(QWidget):
    """Search and read."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        surface(self, "app")
        self._session = session
        self._past: list[Ref] = []
        self._future: list[Ref] = []
        self.kinds, self.hits, self.page = KindRows(), HitRows(), Page()
        self.search = SearchField("Search conditions, findings, medicines, scores", "Ctrl+F", 30)
        self.back = IconButton("undo", "Back", key="Alt+Left", on_click=self.go_back)
        self._count = Elided("", "text.2", 12)
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_MS)
        self._timer.timeout.connect(self._search)
        self.search.textChanged.connect(lambda _words: self._timer.start())
        self.search.returnPressed.connect(self._open_first)
        self.kinds.activated.connect(self._choose_kind)
        self.hits.activated.connect(lambda hit: self.open(hit.ref))
        self.page.asked.connect(self.open)
        LANGUAGE.changed.connect(self._retranslate)

    def _build(self) -> None:
        left = column(PanelHeader("Library"), self.kinds, None, gap=0)
        top = band(row(self.search, self._count, margins=(12, 0, 12, 0)), 44)
        middle = column(top, scroll(panel(column(self.hits, None, gap=0))), gap=0)
        self._pages = QStackedWidget()
        hint = "Every line here is what the program reckons with. Its source stands beside it."
        self._pages.addWidget(StatePanel("book", "Search, or choose a page", hint))
        self._pages.addWidget(self.page)
        head = band(row(self.back, None, margins=(12, 0, 12, 0)), 44)
        right = column(head, self._pages, gap=0)
        self.back.setEnabled(False)
        columns = Columns("library", self._session.settings)
        columns.add(panel(left), 210, 170, grows=False)
        columns.add(panel(middle), 460, 300, grows=False)
        columns.add(panel(right), 880, 480, grows=True)
        self.setLayout(column(columns, gap=0))

    def refresh(self) -> None:
        """The screen is shown: read the tables once, in the background."""
        if not self.kinds.rows:
            self._search()

    def find(self) -> None:
        """Ctrl+F."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def open(self, ref: Ref) -> None:
        """A page; the one before can be gone back to."""
        if self.page.entry is not None and self.page.entry.ref != ref:
            self._past.append(self.page.entry.ref)
        self._load(ref)

    def go_back(self) -> None:
        """The page before."""
        if self._past:
            self._load(self._past.pop())

    def _load(self, ref: Ref) -> None:
        def work(_report: Report) -> Entry:
            return shelf.page(ref)

        self._session.background("library page", work, self._show)

    def _show(self, entry: Entry) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        self.page.show_entry(entry)
        self._pages.setCurrentWidget(self.page)
        self.hits.chosen = entry.ref
        self.hits.update()
        self.back.setEnabled(bool(self._past))

    def _choose_kind(self, chosen: tuple[Kind | None, str, int]) -> None:
        self.kinds.chosen = chosen[0]
        self.kinds.update()
        self._search()

    def _search(self) -> None:
        words, kind = self.search.text(), self.kinds.chosen

        def work(_report: Report) -> tuple[dict[Kind, int], tuple[Hit, ...]]:
            return shelf.counts(), shelf.search(words, kind)

        self._session.background("library", work, self._found)

    def _found(self, made: tuple[dict[Kind, int], tuple[Hit, ...]]) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        number, hits = made
        rows: list[tuple[Kind | None, str, int]] = [(None, tr("Everything"), sum(number.values()))]
        rows += [(kind, say(KIND_LABELS[kind]), n) for kind, n in number.items()]
        self.kinds.show_rows(rows)
        self.hits.show_rows(hits)
        more = "+" if len(hits) == shelf.MOST_HITS else ""
        self._count.set_words(f"{len(hits)}{more}")

    def _open_first(self) -> None:
        if self.hits.rows:
            self.open(self.hits.rows[0].ref)

    def _retranslate(self) -> None:
        if self.kinds.rows:
            self._search()
        if self.page.entry is not None:
            self.page.show_entry(self.page.entry)
