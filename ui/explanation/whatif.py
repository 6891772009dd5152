"""What if: change one finding, see the estimate move. The engine is asked again; nothing is guessed."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QDialog, QWidget

from core.domain.assessment import Assessment
from core.domain.basics import Coding, Label
from core.domain.case import Case
from core.domain.explanation import FindingExplanation
from core.domain.finding import Finding, Status
from core.knowledge.vocabulary import Entry
from ui.case.card import percent
from ui.case.findings import ZONE, FoundRows, search, stated
from ui.session import Session
from ui.theme.theme import color, surface
from ui.translate import say, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import column, panel, row, scroll
from ui.widgets.panels import PanelHeader, link
from ui.widgets.rows import PaintedRows
from ui.widgets.search import SearchField
from ui.widgets.text import label

CANDIDATES = 60
SHOWN = 3
ROOM = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A question and its answer: `after` None while it is being computed."""

    words: str
    before: float
    after: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """A finding with another status; NOT_ASSESSED takes it away."""

    code: Coding
    label: Label
    status: Status
    also: tuple[Coding, ...] = ()

    def words(self) -> str:
        """The question."""
        name = say(self.label)
        if self.status is Status.NOT_ASSESSED:
            return tr("without: {name}", name=name)
        return tr("{name} absent", name=name) if self.status is Status.ABSENT else tr("{name} present", name=name)


def changed(findings: tuple[Finding, ...], question: Question) -> tuple[Finding, ...]:
    """The findings as they would be. A finding stated twice (note and laboratory) changes in both places."""
    rest = tuple(f for f in findings if f.code != question.code)
    if question.status is Status.NOT_ASSESSED:
        return rest
    same = tuple(replace(f, status=question.status) for f in findings if f.code == question.code)
    return rest + (same or (stated(question.code, question.label, question.also, question.status, ""),))


def probability(assessment: Assessment, hypothesis_id: str) -> float:
    """The probability of a hypothesis; 0 where it is no longer listed."""
    return next((h.probability for h in assessment.hypotheses if h.id == hypothesis_id), 0.0)


class ChangeRows(PaintedRows):
    """Words, dumbbell, before and after."""

    def __init__(self) -> None:
        super().__init__(25, 14)
        self.clickable = False

    def paint_row(self, painter: QPainter, rect: QRect, row: Change) -> None:
        """Draw a row."""
        numbers = QRect(rect.right() - 104, rect.y(), 104, rect.height())
        bar = QRect(numbers.x() - 112, rect.center().y() - 1, 100, 2)
        paint.text(painter, QRect(rect.x(), rect.y(), bar.x() - rect.x() - 10, rect.height()), row.words, px=12)
        painter.fillRect(bar, color("line.strong"))
        painter.setRenderHint(painter.RenderHint.Antialiasing)
        painter.setPen(color("text.3"))
        painter.setBrush(color("text.3"))
        before = QPointF(bar.x() + row.before * bar.width(), bar.y() + 1)
        painter.drawEllipse(before, 3.5, 3.5)
        if row.after is None:
            paint.text(painter, numbers, "…", "text.3", px=12, align=paint.RIGHT)
            return
        painter.setPen(color("chart.1"))
        painter.setBrush(color("chart.1"))
        painter.drawEllipse(QPointF(bar.x() + row.after * bar.width(), bar.y() + 1), 4, 4)
        after = percent(row.after)
        wide = paint.width(after, 12, 600)
        paint.text(painter, numbers, after, px=12, weight=600, align=paint.RIGHT)
        left = f"{percent(row.before)} →"
        paint.text(painter, numbers.adjusted(0, 0, -wide - 6, 0), left, "text.2", px=12, align=paint.RIGHT)

    def sentence(self, row: Change) -> str:
        """A row in words."""
        after = "…" if row.after is None else percent(row.after)
        return f"{row.words}: {percent(row.before)} → {after}"


class CandidateRows(FoundRows):
    """What can be changed: findings of the case with their status, then entries of the vocabulary."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Finding | Entry) -> None:
        """Draw a row."""
        self.paint_zones(painter, rect, row)
        paint.text(painter, rect.adjusted(0, 0, -3 * ZONE - 8, 0), say(row.label), px=12, weight=500)

    def sentence(self, row: Finding | Entry) -> str:
        """A row in words."""
        return say(row.label)


def candidates(findings: tuple[Finding, ...], words: str) -> tuple[Finding | Entry, ...]:
    """Findings of the case whose name has the words, then entries of the vocabulary that are not in the case."""
    said = words.casefold().strip()
    by_code = {f.code: f for f in findings}
    mine = [f for f in by_code.values() if said in f.label.en.casefold() or said in f.label.zh]
    return (*mine, *(e for e in search(words) if e.coding not in by_code))[:CANDIDATES]


class FlipDialog(QDialog):
    """Choose a finding and what it should be; `chosen(question)`."""

    chosen = Signal(object)

    def __init__(self, findings: tuple[Finding, ...], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What if"))
        self.resize(520, 460)
        self._findings = findings
        self.field = SearchField("Find a finding to change", "", 32)
        self.rows = CandidateRows()
        hint = label(tr("+ present, − absent, ? taken away"), "caption")
        close = Button("Close", on_click=self.reject)
        close.setAutoDefault(False)
        feet = row(hint, None, close)
        held = column(self.field, scroll(panel(column(self.rows, None))), feet, gap=8, margins=(14, 14, 14, 12))
        self.setLayout(held)
        self.field.textChanged.connect(self._fill)
        self.rows.set_status.connect(self._choose)
        self.rows.clickable = False
        self._fill("")

    def _fill(self, words: str) -> None:
        self.rows.show_rows(candidates(self._findings, words))

    def _choose(self, chosen: Finding | Entry, status: Status) -> None:
        code = chosen.code if isinstance(chosen, Finding) else chosen.coding
        self.chosen.emit(Question(code, chosen.label, status, chosen.also))
        self.accept()


class WhatIf(QWidget):
    """The strongest findings taken away one by one, and any other the doctor asks for."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self)
        self._case_id, self._session = case_id, session
        self._asked: list[Question] = []
        self._key: tuple[str, str] = ("", "")
        self._answers: dict[Question, float] = {}
        self._hypothesis = ""
        self.header = PanelHeader("What if", link("Add", self._add))
        self.rows = ChangeRows()
        self.setLayout(column(self.header, self.rows, None, gap=0))

    def show_case(self, case: Case, explanation: FindingExplanation | None) -> None:
        """Ask about the three strongest findings of another hypothesis or assessment."""
        self.header.set_note(tr("change one input, see the estimate move"))
        if explanation is None or case.assessment is None:
            self.rows.show_rows(())
            return
        key = (case.assessment.id, explanation.hypothesis_id)
        if key != self._key:
            self._key, self._hypothesis, self._answers = key, explanation.hypothesis_id, {}
            known = {f.id: f for f in case.findings}
            ranked = [known[c.finding_id] for c in explanation.contributions if c.finding_id in known]
            first = {f.code: Question(f.code, f.label, Status.NOT_ASSESSED) for f in ranked}
            self._asked = list(first.values())[:SHOWN]
            self._ask()
        self._show()

    def _ask(self) -> None:
        case = self._session.cases[self._case_id]
        todo = [question for question in self._asked if question not in self._answers]
        variants = tuple(changed(case.findings, question) for question in todo)
        if not variants:
            return
        key = self._key

        def arrived(made: tuple[Assessment, ...]) -> None:
            from shiboken6 import isValid

            if isValid(self) and key == self._key:
                found = (probability(one, self._hypothesis) for one in made)
                self._answers.update(zip(todo, found, strict=True))
                self._show()

        self._session.what_if(self._case_id, variants, arrived)

    def _show(self) -> None:
        case = self._session.cases.get(self._case_id)
        if case is None or case.assessment is None:
            return
        before = probability(case.assessment, self._hypothesis)
        self.rows.show_rows([Change(q.words(), before, self._answers.get(q)) for q in self._asked])

    def _add(self) -> None:
        dialog = FlipDialog(self._session.cases[self._case_id].findings, self)
        dialog.chosen.connect(self.append)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def append(self, question: Question) -> None:
        """Ask one more question; the oldest give way."""
        self._asked = [*(q for q in self._asked if q != question), question][-ROOM:]
        self._ask()
        self._show()
