"""What if: take one finding away, see the estimate move. The engine is asked again; nothing is guessed."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import QMenu, QWidget

from core.domain.assessment import Assessment
from core.domain.case import Case
from core.domain.explanation import FindingExplanation
from core.domain.finding import Finding, Status
from ui.case.card import percent
from ui.session import Session
from ui.theme.theme import color, surface
from ui.translate import say, tr
from ui.widgets import paint
from ui.widgets.layout import column
from ui.widgets.panels import PanelHeader, link
from ui.widgets.rows import PaintedRows

SHOWN = 3
ROOM = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A question and its answer: `after` None while it is being computed."""

    words: str
    before: float
    after: float | None


def without(findings: tuple[Finding, ...], finding_id: str) -> tuple[Finding, ...]:
    """The findings with one not assessed."""
    return tuple(f for f in findings if f.id != finding_id)


def denied(findings: tuple[Finding, ...], finding_id: str) -> tuple[Finding, ...]:
    """The findings with one absent."""
    from dataclasses import replace

    return tuple(replace(f, status=Status.ABSENT) if f.id == finding_id else f for f in findings)


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
        numbers = QRect(rect.right() - 84, rect.y(), 84, rect.height())
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
        left = f"{round(100 * row.before)} →"
        paint.text(painter, numbers.adjusted(0, 0, -wide - 6, 0), left, "text.2", px=12, align=paint.RIGHT)

    def sentence(self, row: Change) -> str:
        """A row in words."""
        after = "…" if row.after is None else f"{round(100 * row.after)} %"
        return f"{row.words}: {round(100 * row.before)} % → {after}"


class WhatIf(QWidget):
    """The strongest findings taken away one by one, and any other the doctor asks for."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self)
        self._case_id, self._session = case_id, session
        self._asked: list[tuple[str, bool]] = []
        self._key: tuple[str, str] = ("", "")
        self._answers: dict[tuple[str, bool], float] = {}
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
            known = {f.id for f in case.findings}
            ranked = [c.finding_id for c in explanation.contributions if c.finding_id in known]
            self._asked = [(finding_id, False) for finding_id in ranked[:SHOWN]]
            self._ask()
        self._show()

    def _ask(self) -> None:
        case = self._session.cases[self._case_id]
        todo = [question for question in self._asked if question not in self._answers]
        variants = tuple((denied if absent else without)(case.findings, finding) for finding, absent in todo)
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
        names = {f.id: say(f.label) for f in case.findings}
        before = probability(case.assessment, self._hypothesis)
        rows = []
        for finding_id, absent in self._asked:
            name = names.get(finding_id, finding_id)
            words = tr("{name} absent", name=name) if absent else tr("without: {name}", name=name)
            rows.append(Change(words, before, self._answers.get((finding_id, absent))))
        self.rows.show_rows(rows)

    def _add(self) -> None:
        case = self._session.cases[self._case_id]
        menu = QMenu(self)
        for finding in case.findings[:30]:
            if finding.status is Status.PRESENT:
                action = QAction(tr("{name} absent", name=say(finding.label)), menu)
                action.triggered.connect(lambda _c=False, key=finding.id: self._append(key))
                menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.rect().topRight()))

    def _append(self, finding_id: str) -> None:
        self._asked = [*self._asked, (finding_id, True)][-ROOM:]
        self._ask()
        self._show()
