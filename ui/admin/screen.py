"""Administration: who may do what, the store, and the whole audit trail."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from core.progress import Report
from core.store.audit import AuditCheck, AuditEvent
from core.store.users import SINGLE_DOCTOR, User
from ui.report.audit import EventRows
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import surface
from ui.translate import LANGUAGE, say, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, Strip
from ui.widgets.rows import PaintedRows
from ui.widgets.split import Columns
from ui.widgets.text import fixed, label


class UserRows(PaintedRows):
    """Name, role, state."""

    def __init__(self) -> None:
        super().__init__(30, 14)
        self.clickable = False

    def paint_row(self, painter: QPainter, rect: QRect, row: User) -> None:
        """Draw a row."""
        icons.draw(painter, "person", "text.2", rect.x(), rect.y() + 7, 15)
        paint.text(painter, rect.adjusted(24, 0, 0, 0), row.display or row.name, px=12, weight=500)
        role = tr(str(row.role)) if row.active else f"{tr(str(row.role))} · {tr('inactive')}"
        paint.text(painter, rect, role, "text.2", px=12, align=paint.RIGHT)

    def sentence(self, row: User) -> str:
        """A row in words."""
        return f"{row.display or row.name}, {tr(str(row.role))}"


class Admin(QWidget):
    """Users and store at the left, the audit trail at the right."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        surface(self, "app")
        self._session = session
        self.users, self.events = UserRows(), EventRows(with_case=True)
        self._alone = label("", "secondary", wrap=True)
        self._folder = label("", "secondary", wrap=True, select=True)
        self._verdict = Strip("info", "shieldcheck")
        self._verdict.hide()
        verify = Button("Verify audit trail", "shieldcheck", on_click=self._verify)
        head = row(fixed("Administration and audit", "heading"), None, verify, margins=(14, 0, 14, 0))
        alone = QWidget()
        alone.setLayout(column(self._alone, margins=(14, 10, 14, 10)))
        store = QWidget()
        store.setLayout(column(self._folder, margins=(14, 10, 14, 10)))
        left = panel(column(PanelHeader("Users"), alone, self.users, PanelHeader("Store"), store, None, gap=0))
        self._head = PanelHeader("Audit trail")
        right = panel(column(self._head, self._verdict, scroll(panel(column(self.events, None, gap=0))), gap=0))
        self.columns = Columns("admin", session.settings)
        self.columns.add(left, 380, 280, grows=False)
        self.columns.add(right, 1100, 600, grows=True)
        self.setLayout(column(band(head, 48), self.columns, gap=0))
        self.layout().setStretch(1, 1)
        LANGUAGE.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Read again."""
        store = self._session.store

        def work(_report: Report) -> tuple[tuple[User, ...], bool]:
            return store.users.all(), store.users.single_doctor

        self._session.background("users", work, self._show)
        self._session.audit("", self._show_events)

    def _show(self, found: tuple[tuple[User, ...], bool]) -> None:
        users, alone = found
        self.users.show_rows(users)
        self._alone.setText(say(SINGLE_DOCTOR) if alone else tr("{n} users", n=len(users)))
        words = tr(
            "Encrypted (SQLCipher, AES-256), every page authenticated. Folder: {folder}",
            folder=self._session.store.folder,
        )
        self._folder.setText(words)

    def _show_events(self, events: tuple[AuditEvent, ...]) -> None:
        self.events.show_rows(events[:400])
        self._head.set_note(tr("{n} newest events", n=min(400, len(events))))

    def _verify(self) -> None:
        audit = self._session.store.audit
        self._session.jobs.start("Verify audit trail", lambda _r: audit.verify(), self._verified, kind="verify audit")

    def _verified(self, check: AuditCheck) -> None:
        self._verdict.show()
        if check.whole:
            self._verdict.show_words(
                tr("{n} events checked: the chain is whole.", n=check.events), "green", "shieldcheck"
            )
        else:
            words = tr("The audit trail was altered: {problem}", problem=check.problems[0])
            self._verdict.show_words(words, "red", "shieldalert")
