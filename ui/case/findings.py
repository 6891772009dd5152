"""The findings of a case: what was read, from where; add, deny, or set back to not assessed."""

from uuid import uuid4

from PySide6.QtCore import QPoint, QRect, QRectF, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from core.domain.basics import Coding, Label, Source
from core.domain.case import Case, CaseStatus
from core.domain.finding import Finding, Origin, Scope, Status
from ui.case.card import ORIGIN_WORDS, percent
from ui.case.facts import number_words, unit_words
from ui.case.vocabulary import Entry, Term, search, search_terms
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import surface
from ui.translate import say, tr
from ui.widgets import chip, paint
from ui.widgets.layout import band, column, line, panel, row, scroll
from ui.widgets.panels import PanelHeader, StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.search import SearchField
from ui.widgets.text import fixed

ZONE = 30
SIGNS = ((Status.PRESENT, "+", "green"), (Status.ABSENT, "−", "red"), (Status.NOT_ASSESSED, "?", "unknown"))
SIGN_KEYS = {"+": Status.PRESENT, "-": Status.ABSENT, "?": Status.NOT_ASSESSED}


def stated(code: Coding, label: Label, also: tuple[Coding, ...], status: Status, time: str) -> Finding:
    """A finding as the clinician states it."""
    source = Source("clinician", "clinician")
    return Finding(f"c-{uuid4().hex[:8]}", code, label, status, Origin.CLINICIAN, source, also=also, time=time)


def with_status(findings: tuple[Finding, ...], new: Finding) -> tuple[Finding, ...]:
    """`findings` with what the clinician says about a code put in the place of what was read; nothing read is lost
    from the record, as it is found there again."""
    rest = tuple(f for f in findings if f.code != new.code)
    return (*rest, new)


class StatusRows(PaintedRows):
    """Rows with three zones at the right: present, absent, not assessed. `set_status(row, status)`."""

    set_status = Signal(object, object)

    def __init__(self, height: int = 26) -> None:
        super().__init__(height)
        self.editable = True

    def status_of(self, row: object) -> Status | None:
        """The status to mark."""
        return row.status if isinstance(row, Finding) else None

    def paint_zones(self, painter: QPainter, rect: QRect, row: object) -> None:
        """The three signs."""
        now = self.status_of(row)
        for i, (status, sign, tone) in enumerate(SIGNS):
            zone = QRect(rect.right() - ZONE * (3 - i) + 1, rect.y() + 3, ZONE - 4, rect.height() - 6)
            chosen = status is now
            look = chip.style(tone)
            paint.box(painter, QRectF(zone), look.fill if chosen else None, look.line if chosen else "line.subtle")
            paint.text(painter, zone, sign, look.word if chosen else "text.3", px=13, weight=600, align=paint.CENTRE)

    def _zone(self, at: QPoint) -> Status | None:
        right = self.width() - self._margin
        i = 3 - (right - at.x()) // ZONE - 1
        return SIGNS[i][0] if 0 <= i < 3 and at.x() <= right else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A sign sets the status; elsewhere the row is activated."""
        at = self._at(event.position().y())
        status = self._zone(event.position().toPoint())
        if at >= 0 and status is not None and self.editable:
            self._current = at
            self.set_status.emit(self.rows[at], status)
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """+, - and ? set the status of the current row."""
        status = SIGN_KEYS.get(event.text())
        if status is not None and self.rows and self.editable:
            self.set_status.emit(self.rows[self._current], status)
        else:
            super().keyPressEvent(event)


class FindingRows(StatusRows):
    """What was found, from where."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Finding) -> None:
        """Draw a row."""
        self.paint_zones(painter, rect, row)
        tone = {"present": "text.1", "absent": "text.2", "not_assessed": "text.3"}[row.status]
        where = self._where(row)
        room = rect.width() - 3 * ZONE - 12
        half = int(room * 0.58)
        name = say(row.label) if row.status is not Status.ABSENT else tr("no: {words}", words=say(row.label))
        paint.text(painter, QRect(rect.x(), rect.y(), half, rect.height()), name, tone, px=12, weight=500)
        icon = "person" if row.origin is Origin.CLINICIAN else ""
        x = rect.x() + half + 8
        if icon:
            icons.draw(painter, icon, "accent", x, rect.y() + 6, 13)
            x += 18
        area = QRect(x, rect.y(), rect.x() + room - x, rect.height())
        paint.text(painter, area, where, "text.3", px=11)

    def _where(self, row: Finding) -> str:
        scope = tr(str(row.scope)) if row.scope is not Scope.CURRENT else ""
        value = f"{number_words(row.quantity.value)} {unit_words(row.quantity.unit)}" if row.quantity else ""
        quoted = f"“{row.source.text}”" if row.source.text and row.source.start >= 0 else ""
        sure = percent(row.confidence) if row.confidence < 1 else ""
        return " · ".join(dict.fromkeys(x for x in (tr(ORIGIN_WORDS[row.origin]), scope, value, quoted, sure) if x))

    def sentence(self, row: Finding) -> str:
        """A row in words."""
        return f"{say(row.label)}: {tr(str(row.status))} · {self._where(row)} · {row.code.system} {row.code.code}"


class FoundRows(StatusRows):
    """Entries of the vocabulary that match the search."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Entry | Term) -> None:
        """Draw a row."""
        self.paint_zones(painter, rect, row)
        used = paint.text(painter, rect.adjusted(0, 0, -3 * ZONE - 8, 0), say(row.label), px=12, weight=500)
        paint.text(painter, rect.adjusted(used + 10, 0, -3 * ZONE - 8, 0), tr(row.kind), "text.3", px=11)

    def sentence(self, row: Entry | Term) -> str:
        """A row in words."""
        return " · ".join(x for x in (say(row.label), tr(row.kind), row.hpo) if x)


class FindingsPane(QWidget):
    """Search at the top, findings below. `asked(note id, start, end)` shows a finding's place."""

    asked = Signal(str, int, int)

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self)
        self._case_id, self._session = case_id, session
        self.field = SearchField("Add a finding: type a symptom, sign, result or HPO code", "", 32)
        self.found, self.rows = FoundRows(), FindingRows()
        self.header = PanelHeader("Findings")
        self._empty = StatePanel("search", "No findings yet", "Type a note, import a record, or add findings above.")
        body = column(self.rows, self._empty, None, gap=0)
        top = band(row(self.field, margins=(12, 0, 12, 0)), 48)
        self._nothing = fixed(
            "Nothing by that name. Try another word, or a code such as HP:0001250.", "secondary", wrap=True
        )
        self._nothing.setContentsMargins(12, 0, 12, 8)
        self.setLayout(column(top, self.found, self._nothing, line(), self.header, scroll(panel(body)), gap=0))
        self._searched, self._waits = "", False
        self.found.hide()
        self._nothing.hide()
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(self._first)
        self.found.set_status.connect(self._add)
        self.found.activated.connect(lambda entry: self._add(entry, Status.PRESENT))
        self.rows.set_status.connect(self._set)
        self.rows.activated.connect(self._ask)

    def show_case(self, case: Case) -> None:
        """Fill: present first, then absent, then the rest; by name."""
        order = {Status.PRESENT: 0, Status.ABSENT: 1, Status.NOT_ASSESSED: 2}
        shown = sorted(case.findings, key=lambda f: (order[f.status], say(f.label).casefold()))
        editable = case.status is not CaseStatus.SIGNED
        self.rows.editable = self.found.editable = editable
        self.field.setEnabled(editable)
        self.rows.show_rows(shown)
        self._empty.setVisible(not shown)
        present = sum(f.status is Status.PRESENT for f in shown)
        absent = sum(f.status is Status.ABSENT for f in shown)
        self.header.set_note(tr("{n} present, {m} absent", n=present, m=absent))

    def _search(self, words: str) -> None:
        self._waits = False

        def arrived(found: tuple[Entry | Term, ...]) -> None:
            if words == self.field.text():
                self._found(words, found)

        self._session.background(
            "find findings", lambda _report: (*search(words), *search_terms(words)), arrived, self._case_id
        )

    def _found(self, words: str, entries: tuple[Entry | Term, ...]) -> None:
        self._searched = words
        self.found.show_rows(entries)
        self.found.setVisible(bool(entries))
        self._nothing.setVisible(bool(words.strip()) and not entries)
        if self._waits:
            self._first()

    def _first(self) -> None:
        """Enter adds the first entry found for the words as they stand now, as soon as it is known."""
        self._waits = self._searched != self.field.text()
        if self.found.rows and not self._waits:
            self._add(self.found.rows[0], Status.PRESENT)

    def _add(self, entry: Entry | Term, status: Status) -> None:
        self.state(entry.coding, entry.label, entry.also, status)
        self.field.clear()

    def _set(self, finding: Finding, status: Status) -> None:
        case = self._session.cases[self._case_id]
        if finding.origin is Origin.CLINICIAN and status is Status.NOT_ASSESSED:
            self._session.edit_findings(self._case_id, tuple(f for f in case.findings if f.id != finding.id))
        elif finding.status is not status:
            self.state(finding.code, finding.label, finding.also, status)

    def state(self, code: Coding, label: Label, also: tuple[Coding, ...], status: Status) -> None:
        """Record what the clinician says about a finding, and assess again."""
        case = self._session.cases[self._case_id]
        new = stated(code, label, also, status, self._session.now().isoformat(timespec="seconds"))
        self._session.edit_findings(self._case_id, with_status(case.findings, new))

    def _ask(self, finding: Finding) -> None:
        if finding.source.start >= 0:
            self.asked.emit(finding.source.place, finding.source.start, finding.source.end)


__all__ = ["FindingsPane", "search", "stated", "with_status"]
