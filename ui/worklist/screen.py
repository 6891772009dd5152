"""The worklist screen: search, filters, table, preview, drop zone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from core.store.search import SearchHit
from ui.jobs import Jobs
from ui.pacs.state import ARCHIVES
from ui.session import Session
from ui.theme.theme import restyle, surface
from ui.thumbnails import Thumbnails
from ui.translate import LANGUAGE, bind, tr
from ui.widgets.button import Button, IconButton
from ui.widgets.chip import Chip
from ui.widgets.layout import band, column, line, panel, row
from ui.widgets.panels import Icon, StatePanel
from ui.widgets.search import SearchField
from ui.widgets.split import Columns
from ui.widgets.text import Elided, fixed
from ui.worklist.filters import RECEIVED, Filters
from ui.worklist.preview import Preview
from ui.worklist.rows import CaseSummary, Counts, Filter, counts, ordered, passes
from ui.worklist.table import CaseTable

FORMATS = ("FHIR", "HL7 v2", "C-CDA", "Text, PDF", "VCF", "DICOM")
SEARCH_DELAY_MS = 120
AT_ONCE = 1000
"""More rows than these are filtered and sorted beside the window."""
Shown = tuple[list[CaseSummary], Counts, int]


class DropZone(QFrame):
    """Takes files, folders and ZIPs."""

    dropped = Signal(object)
    browse = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("drop", "true")
        self.setAcceptDrops(True)
        title = fixed("Drop a record, a DICOM folder or a ZIP", "medium")
        hint = fixed(
            "Read on this machine only. Originals stay unchanged. Patient identity is checked before merge.",
            "secondary",
            wrap=True,
        )
        words = column(title, hint, gap=2)
        self.chips = QWidget()
        self.chips.setLayout(row(*(Chip(name, "plain") for name in FORMATS), gap=6))
        held = row(Icon("upload", "accent", 26), words, self.chips, gap=18, margins=(24, 12, 22, 12))
        held.setStretch(1, 1)
        self.setLayout(held)
        self.setFixedHeight(84)
        bind(self, "setAccessibleName", "Drop a record, a DICOM folder or a ZIP")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files over the zone."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            restyle(self, over="true")

    def dragLeaveEvent(self, event: object) -> None:
        """Gone again."""
        restyle(self, over="")

    def dropEvent(self, event: QDropEvent) -> None:
        """Files dropped."""
        restyle(self, over="")
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.dropped.emit(paths)


class Worklist(QWidget):
    """All cases."""

    opened = Signal(str)

    def __init__(self, session: Session, jobs: Jobs, thumbnails: Thumbnails) -> None:
        super().__init__()
        surface(self, "app")
        self._session, self._jobs = session, jobs
        self._hits: frozenset[str] | None = None
        self._narrow = False
        self._dirty = True
        self._respell = False
        self.filters = Filters(session.settings)
        self.table = CaseTable()
        self.preview = Preview(session, thumbnails)
        self.search = SearchField("Search notes, findings, codes, drugs, genes in all records", "Ctrl F", 34)
        self.drop = DropZone()
        self._count = Elided("", "text.3", 12)
        self._count.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._received = Chip("", "info", icon="x", clickable=True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_DELAY_MS)
        self._build()
        self._wire()

    def _build(self) -> None:
        self.show_filters = IconButton("filter", "Show or hide the filters", checkable=True)
        self.show_preview = IconButton("table", "Show or hide the preview", checkable=True)
        self.import_button = Button("Import…", "upload", hint="Ctrl O", on_click=self.browse)
        self.new_button = Button("New case", "plus", kind="primary")
        self.fetch_button = Button("Fetch from archive…", "download", on_click=self._fetch)
        buttons = (self.fetch_button, self.import_button, self.new_button)
        for made in buttons:
            made.setFixedHeight(34)
        top = band(row(self.search, *buttons, margins=(14, 0, 14, 0)), 53)
        tools = row(
            fixed("Worklist", "strong"),
            self._count,
            self._received,
            IconButton("layers", "What moves the estimate over these cases", on_click=self.over_these),
            self.show_preview,
            self.show_filters,
            margins=(14, 0, 14, 0),
        )
        empty = StatePanel(
            "list",
            "No case here",
            "Import a record, or change the filters.",
            Button("Import…", "upload", on_click=self.browse),
            Button("Reset filters", on_click=self.filters.reset),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(empty)
        held = QVBoxLayout()
        held.setContentsMargins(14, 10, 14, 10)
        held.addWidget(self.drop)
        middle = panel(column(top, band(tools, 38), self.stack, line(), panel(held), gap=0))
        self.columns = Columns("worklist", self._session.settings)
        self.columns.add(self.filters, 204, 180, grows=False)
        self.columns.add(middle, 1040, 640, grows=True)
        self.columns.add(self.preview, 304, 260, grows=False)
        self.setLayout(column(self.columns, gap=0))
        self.show_filters.setChecked(True)
        self.show_preview.setChecked(True)

    def _wire(self) -> None:
        self._session.listed.connect(self.show_rows)
        self._jobs.changed.connect(self._show_running)
        self.filters.changed.connect(self._filtered)
        self.search.textChanged.connect(lambda _words: self._timer.start())
        self._timer.timeout.connect(self._search)
        self.table.opened.connect(self.opened)
        self.table.current_changed.connect(self.preview.show_case)
        self.table.previewed.connect(lambda: self.show_preview.click())
        self.preview.opened.connect(self.opened)
        self.show_filters.toggled.connect(self.filters.setVisible)
        self.show_preview.toggled.connect(self.preview.setVisible)
        self.drop.dropped.connect(lambda paths: self._session.import_paths(paths))
        self._received.clicked.connect(lambda: self.filters.set_filter(replace(self.filters.filter, received="all")))
        LANGUAGE.changed.connect(self.retranslate)
        ARCHIVES.changed.connect(self._show_archives)
        self._show_archives()

    def _show_archives(self) -> None:
        """Fetching is offered where an archive is configured."""
        self.fetch_button.setVisible(bool(ARCHIVES.names))

    def _fetch(self) -> None:
        from ui.pacs.fetch import open_fetch

        open_fetch(self.window())

    def over_these(self) -> None:
        """A global view over the cases that pass search and filters."""
        from ui.cohort.view import CohortDialog

        dialog = CohortDialog(self._session, [line.id for line in self._working()()[0]], self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def browse(self) -> None:
        """Choose files to import."""
        names, _kind = QFileDialog.getOpenFileNames(self, tr("Import records and images"))
        if names:
            self._session.import_paths([Path(name) for name in names])

    def find(self) -> None:
        """Ctrl+F."""
        self.search.setFocus()
        self.search.selectAll()

    def _filtered(self, wanted: Filter) -> None:
        self._received.setVisible(wanted.received != "all")
        self.show_rows()

    def _search(self) -> None:
        words = self.search.text().strip()
        if words:
            self._session.search(words, self._found)
        else:
            self._hits = None
            self.show_rows()

    def _found(self, hits: tuple[SearchHit, ...]) -> None:
        self._hits = frozenset(hit.case_id for hit in hits)
        self.show_rows()

    def _working(self) -> Callable[[], Shown]:
        """Filter, sort and count, from a copy of everything it needs."""
        now, wanted, hits, rows = self._session.now(), self.filters.filter, self._hits, self._session.rows

        def work() -> Shown:
            found = (r for r in rows if hits is None or r.id in hits)
            return ordered(r for r in found if passes(r, wanted, now)), counts(rows, now), len(rows)

        return work

    def show_rows(self) -> None:
        """Show the rows that pass search and filters; while another screen is shown, later."""
        self._dirty = not self.isVisible()
        if self._dirty:
            return
        work = self._working()
        if len(self._session.rows) > AT_ONCE:
            self._session.background("worklist", lambda _report: work(), self._show)
        else:
            self._show(work())

    def _show(self, found: Shown) -> None:
        lines, numbers, total = found
        self.filters.show_counts(numbers)
        self.table.show_rows(lines)
        self.stack.setCurrentIndex(0 if lines else 1)
        self._count.set_words(tr("{n} of {total} · red flags first", n=len(lines), total=total))
        received = dict(RECEIVED)[self.filters.filter.received]
        self._received.set_words(tr(received))
        self._received.setVisible(self.filters.filter.received != "all")
        self._show_running()

    def _show_running(self) -> None:
        running = {j.case_id: (j.share, j.what) for j in self._jobs.visible() if j.active and j.kind == "analyse"}
        self.table.cases.show_running(running)

    def retranslate(self) -> None:
        """Texts that hold data; while hidden, when it is shown."""
        self._respell = not self.isVisible()
        if self._respell:
            return
        self.filters.retranslate()
        self.show_rows()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed meanwhile."""
        super().showEvent(event)
        if self._respell:
            self.retranslate()
        elif self._dirty:
            self.show_rows()

    def fit(self, width: int) -> None:
        """Below 1440 the preview closes to a toggle, below 1300 the filters as well."""
        narrow, tight = width < 1440, width <= 1300
        if narrow != self._narrow:
            self._narrow = narrow
            self.show_preview.setChecked(not narrow)
        self.drop.chips.setVisible(not tight)
        self.filters.setVisible(self.show_filters.isChecked())


__all__ = ["DropZone", "Worklist"]
