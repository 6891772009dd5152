"""The audit trail of a case: who saw, changed, decided, exported and signed, and when."""

import json

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QWidget

from core.domain.case import Case, CaseStatus
from core.store.audit import AuditEvent
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import surface
from ui.translate import bind, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import column, panel, row, scroll
from ui.widgets.panels import PanelHeader, StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.text import fixed

ICONS = {
    "view": ("eye", "text.2"),
    "create": ("plus", "accent"),
    "change": ("edit", "text.2"),
    "sign": ("sign", "green"),
    "addendum": ("note", "accent"),
    "export": ("download", "accent"),
    "delete": ("x", "red"),
    "decision_accept": ("check", "green"),
    "decision_reject": ("x", "red"),
    "decision_override": ("stop", "red"),
    "decision_edit": ("edit", "accent"),
    "archive_query": ("search", "text.2"),
    "archive_fetch": ("download", "amber"),
    "archive_send": ("upload", "amber"),
    "archives_changed": ("link", "amber"),
    "cohort": ("layers", "text.2"),
    "map_verdict": ("layers", "accent"),
    "backup": ("download", "text.2"),
    "restore": ("upload", "text.2"),
    "failed_sign_in": ("alert", "red"),
    "break_glass": ("alert", "red"),
    "purge": ("x", "red"),
}


DETAILS = {
    "target": "target", "reason": "reason", "kind": "format", "value": "value", "sha256": "SHA-256", "archive": "archive",
    "study": "study", "count": "number", "outcome": "outcome", "on": "on", "removed": "removed", "role": "role",
    "number": "number", "tries": "tries",
}  # fmt: skip
OUTCOMES = ("whole", "cancelled", "failed")
TARGETS = {
    "case": "case", "hypothesis": "hypothesis", "option": "option", "alert": "alert", "step": "next step",
    "change": "change",
}  # fmt: skip


def local_time(stamp: str) -> str:
    """An ISO time in the local zone, to the second."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return stamp


def detail_words(event: AuditEvent) -> str:
    """The event's detail as words."""
    try:
        detail = json.loads(event.detail or "{}")
    except ValueError:
        return event.detail
    if not isinstance(detail, dict):
        return ""
    return ", ".join(f"{_key(key)}: {_value(key, str(value)[:40])}" for key, value in detail.items())


def _key(key: str) -> str:
    return tr(DETAILS[key]) if key in DETAILS else key


def _value(key: str, value: str) -> str:
    if key == "outcome" and value in OUTCOMES:
        return tr(value)
    kind, colon, name = value.partition(":")
    if key != "target" or kind not in TARGETS:
        return value
    return f"{tr(TARGETS[kind])}{colon}{name}"


class EventRows(PaintedRows):
    """Number, time, icon, action, user, detail, hash."""

    def __init__(self, *, with_case: bool = False) -> None:
        super().__init__(28, 16)
        self.clickable = False
        self._with_case = with_case

    def paint_row(self, painter: QPainter, rect: QRect, row: AuditEvent) -> None:
        """Draw a row."""
        icon, tone = ICONS.get(row.action, ("shieldcheck", "text.2"))
        x, y, h = rect.x(), rect.y(), rect.height()
        paint.text(painter, QRect(x, y, 50, h), str(row.seq), "text.3", px=12)
        paint.text(painter, QRect(x + 56, y, 150, h), local_time(row.at), "text.2", px=12)
        icons.draw(painter, icon, tone, x + 212, y + 7, 14)
        paint.text(painter, QRect(x + 236, y, 190, h), tr(row.action.replace("_", " ")), px=12, weight=500)
        paint.text(painter, QRect(x + 432, y, 150, h), row.user, px=12)
        words = " · ".join(part for part in (row.case_id if self._with_case else "", detail_words(row)) if part)
        paint.text(painter, QRect(x + 590, y, rect.right() - x - 590 - 110, h), words, "text.2", px=12)
        paint.text(painter, rect, f"{row.hash[:8]}…", "text.3", px=11, align=paint.RIGHT)

    def sentence(self, row: AuditEvent) -> str:
        """A row in words."""
        return f"{local_time(row.at)} {tr(row.action.replace('_', ' '))} {row.user} {detail_words(row)}".strip()


class AuditPage(QWidget):
    """Events of one case, newest first; and addenda once the case is signed."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self)
        self._case_id, self._session = case_id, session
        self.remove = Button("Delete case…", "x", kind="danger", small=True, on_click=self._delete)
        self.header = PanelHeader("Audit trail", self.remove)
        self.rows = EventRows()
        self._text = QPlainTextEdit()
        self._text.setFixedHeight(64)
        bind(self._text, "setPlaceholderText", "Addendum to the signed case")
        bind(self._text, "setAccessibleName", "Addendum to the signed case")
        add = Button("Add addendum", "plus", on_click=self._add)
        self._box = QWidget()
        self._box.setLayout(column(fixed("Addendum", "strong"), self._text, row(None, add), margins=(16, 12, 16, 12)))
        self._stack = QStackedWidget()
        self._stack.addWidget(scroll(panel(column(self.rows, None))))
        self._stack.addWidget(StatePanel("shieldcheck", "No event yet"))
        self.setLayout(column(self.header, self._stack, self._box, gap=0))
        self.layout().setStretch(1, 1)

    def show_case(self, case: Case) -> None:
        """Read the trail again."""
        self._box.setVisible(case.status is CaseStatus.SIGNED)
        self._session.audit(self._case_id, self._show)

    def _show(self, events: tuple[AuditEvent, ...]) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        self.header.set_note(tr("{n} events, hash-chained; nothing is ever changed or removed", n=len(events)))
        self.rows.show_rows(events)
        self._stack.setCurrentIndex(0 if events else 1)

    def _add(self) -> None:
        if self._text.toPlainText().strip():
            self._session.addendum(self._case_id, self._text.toPlainText().strip())
            self._text.clear()

    def _delete(self) -> None:
        """Off the worklist, with a reason; an administrator may bring it back until it is purged."""
        from ui.dialogs import TextDialog

        session, case_id = self._session, self._case_id
        dialog = TextDialog("Delete case", tr("Why is it deleted?"), "", self)
        bind(dialog.ok, "setText", "Delete case")
        taken, reason = bool(dialog.exec()), dialog.text.text().strip()
        dialog.deleteLater()
        if taken:
            store, user = session.store, session.user

            def done(_made: object) -> None:
                session.close_case(case_id)
                session.refresh()

            session.background("delete", lambda _r: store.delete(case_id, user, reason=reason), done)
