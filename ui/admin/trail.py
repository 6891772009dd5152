"""The whole audit trail: filters, verification, export for a log server."""

import json
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from core.errors import UserError
from core.progress import Report
from core.store.atna import audit_bundle
from core.store.audit import AuditCheck, AuditEvent
from core.store.files import write_whole
from core.store.users import Permission
from ui.jobs import Job
from ui.report.audit import EventRows, detail_words
from ui.session import Session
from ui.translate import LANGUAGE, tr
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, Strip
from ui.widgets.search import SearchField

READ = 5_000
"""Newest events that are looked through."""
SHOWN = 400
DELAY_MS = 150


class Trail(QWidget):
    """Filter by user, action and words; verify; export."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.all: tuple[AuditEvent, ...] = ()
        self.events = EventRows(with_case=True)
        self.user, self.action = QComboBox(), QComboBox()
        for box, words in ((self.user, "User"), (self.action, "Action")):
            box.setAccessibleName(tr(words))
            box.setMinimumWidth(140)
            box.currentIndexChanged.connect(lambda _at: self._filter())
        self.words = SearchField("Case, detail or hash")
        self.header = PanelHeader("Audit trail")
        self.verdict = Strip("info", "shieldcheck")
        self.verdict.hide()
        verify = Button("Verify audit trail", "shieldcheck", on_click=self.verify)
        export = Button("Export for a log server…", "download", on_click=self._ask_export)
        tools = row(self.user, self.action, self.words, verify, export, margins=(12, 0, 12, 0))
        tools.setStretch(2, 1)
        body = scroll(panel(column(self.events, None, gap=0)))
        self.setLayout(column(self.header, band(tools, 44), self.verdict, body, gap=0))
        self.layout().setStretch(3, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._filter)
        self.words.textChanged.connect(lambda _text: self._timer.start())
        LANGUAGE.changed.connect(self._relabel)

    def refresh(self) -> None:
        """Read the newest events."""
        store = self._session.store

        def work(_report: Report) -> tuple[AuditEvent, ...]:
            store.users.require(Permission.READ_AUDIT)
            return store.audit.events(limit=READ)

        self._session.jobs.start("audit", work, self._show, kind="audit ", quiet=True, failed=self._refused)

    def _refused(self, error: Exception) -> None:
        self._show(())
        words = f"{tr(error.what)} {tr(error.next_step)}".strip() if isinstance(error, UserError) else str(error)
        self.verdict.show()
        self.verdict.show_words(words, "amber", "alert")

    def _show(self, events: tuple[AuditEvent, ...]) -> None:
        self.all = events
        self._relabel()

    def _relabel(self) -> None:
        _choices(self.user, tr("All users"), [(u, u) for u in sorted({e.user for e in self.all})])
        actions = sorted({e.action for e in self.all})
        _choices(self.action, tr("All actions"), [(tr(a.replace("_", " ")), a) for a in actions])
        self._filter()

    def passing(self) -> tuple[AuditEvent, ...]:
        """The events that pass the filters."""
        user, action, words = self.user.currentData(), self.action.currentData(), self.words.text().strip().casefold()
        return tuple(
            e
            for e in self.all
            if (not user or e.user == user)
            and (not action or e.action == action)
            and (not words or words in f"{e.case_id} {detail_words(e)} {e.detail} {e.hash}".casefold())
        )

    def _filter(self) -> None:
        found = self.passing()
        self.events.show_rows(found[:SHOWN])
        self.header.set_note(tr("{n} of the newest {m} events", n=len(found), m=len(self.all)))

    def verify(self) -> Job:
        """Walk the chain."""
        audit = self._session.store.audit
        return self._session.jobs.start(
            "Verify audit trail", lambda _r: audit.verify(), self._verified, kind="verify audit"
        )

    def _verified(self, check: AuditCheck) -> None:
        self.verdict.show()
        if check.whole:
            words = tr("{n} events checked: the chain is whole.", n=check.events)
            self.verdict.show_words(words, "green", "shieldcheck")
        else:
            words = tr("The audit trail was altered: {problem}", problem=check.problems[0])
            self.verdict.show_words(words, "red", "shieldalert")

    def _ask_export(self) -> None:
        path, _kind = QFileDialog.getSaveFileName(
            self, tr("Export for a log server"), "consilium-audit.json", "FHIR R4 AuditEvent (*.json)"
        )
        if path:
            self.export(Path(path))

    def export(self, path: Path) -> Job:
        """All events as FHIR AuditEvent resources (IHE ATNA / BALP)."""
        store = self._session.store

        def work(_report: Report) -> int:
            who = store.users.require(Permission.READ_AUDIT)
            events = store.audit.events(limit=2**62)[::-1]
            try:
                write_whole(path, json.dumps(audit_bundle(events), ensure_ascii=False).encode())
            except OSError as error:
                raise UserError(f"{path} could not be written ({error.strerror}).", "Choose another folder.") from error
            store.audit.add_or_keep("export", who, kind="audit", count=len(events))
            return len(events)

        def done(count: int) -> None:
            self._session.messages.say(tr("{n} events written: {name}", n=count, name=path.name), "green")

        return self._session.jobs.start("Audit export", work, done, kind="audit export")


def _choices(box: QComboBox, everything: str, items: Sequence[tuple[str, str]]) -> None:
    kept = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(everything, "")
    for words, value in items:
        box.addItem(words, value)
    box.setCurrentIndex(max(0, box.findData(kept)))
    box.blockSignals(False)
