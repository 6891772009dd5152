"""Ctrl+K: search everything, with excerpts; Enter opens."""

import html

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QLabel, QListWidget, QListWidgetItem, QWidget

from core.store.search import SearchHit
from ui.session import Session
from ui.theme.theme import THEME
from ui.translate import tr
from ui.widgets.layout import column
from ui.widgets.search import SearchField

DELAY_MS = 100


class SearchAll(QDialog):
    """A field and its hits."""

    def __init__(self, session: Session, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(tr("Search everything"))
        self.resize(680, 460)
        self.field = SearchField("Search everything", "", 34)
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.setLayout(column(self.field, self.list, gap=10, margins=(16, 16, 16, 16)))
        THEME.dress(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._search)
        self.field.textChanged.connect(lambda _w: self._timer.start())
        self.field.returnPressed.connect(self._open)
        self.list.itemActivated.connect(lambda _item: self._open())
        self.field.setText(words)

    def _search(self) -> None:
        if self.field.text().strip():
            self._session.search(self.field.text().strip(), self._found)
        else:
            self.list.clear()

    def _found(self, hits: tuple[SearchHit, ...]) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        self.list.clear()
        for hit in hits:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, hit.case_id)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{hit.name} {hit.mrn} {hit.excerpt}")
            shown = QLabel(f"<b>{html.escape(hit.name)}</b> · {html.escape(hit.mrn)}<br>{marked(hit)}")
            shown.setContentsMargins(8, 6, 8, 6)
            item.setSizeHint(shown.sizeHint())
            self.list.addItem(item)
            self.list.setItemWidget(item, shown)
        if not hits:
            self.list.addItem(tr("Nothing found"))
        self.list.setCurrentRow(0)

    def _open(self) -> None:
        item = self.list.currentItem()
        case_id = item.data(Qt.ItemDataRole.UserRole) if item else None
        if case_id:
            self.accept()
            self._session.open_case(case_id)


def marked(hit: SearchHit) -> str:
    """The excerpt as HTML with its matches in bold."""
    out, at = [], 0
    for start, end in sorted(hit.marks):
        out.append(html.escape(hit.excerpt[at:start]) + f"<b>{html.escape(hit.excerpt[start:end])}</b>")
        at = end
    return "".join(out) + html.escape(hit.excerpt[at:])
