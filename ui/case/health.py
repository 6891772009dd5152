"""The Health pane: scores with their inputs and what is missing, checks that are due, trends beyond chance."""

from datetime import datetime

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QShowEvent
from PySide6.QtWidgets import QWidget

from core.domain.case import Case
from core.domain.shown import unit_words
from core.progress import Report
from core.risk.autofill import scores_for
from core.risk.ckd import KidneyStage
from core.risk.health import Health, health
from core.risk.reminders import Reminder
from core.risk.score import ScoreResult
from core.risk.trends import Trend
from ui.case.facts import number_words
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import surface
from ui.translate import LANGUAGE, say, tr
from ui.widgets import paint
from ui.widgets.layout import column, panel, scroll
from ui.widgets.panels import Section
from ui.widgets.rows import PaintedRows
from ui.widgets.text import label
from ui.words import cite_words

ROW = 42
COURSE = 6
STATUS = {
    "due": ("clock", "amber", "due"),
    "no_record": ("help", "text.2", "no record"),
    "done": ("check", "green", "done"),
}
ORDER = ("due", "no_record", "done")


def inputs_words(row: ScoreResult) -> str:
    """ "Age 68, creatinine 126 µmol/L (2025-11-14)"."""
    return ", ".join(
        f"{say(used.label)} {say(used.text)}" + (f" ({used.time[:10]})" if used.time else "") for used in row.inputs
    )


class TwoLineRows(PaintedRows):
    """Name and value over a grey line."""

    def __init__(self) -> None:
        super().__init__(ROW, 14)
        self.clickable = False

    def paint_two(self, painter: QPainter, rect: QRect, upper: tuple[str, str, str], lower: tuple[str, str]) -> None:
        """`upper`: name, value, its tone; `lower`: words, tone."""
        first = QRect(rect.x(), rect.y() + 4, rect.width(), 18)
        wide = min(paint.width(upper[1], 12, 600) + 4, rect.width() // 2)
        paint.text(painter, first.adjusted(0, 0, -wide - 8, 0), upper[0], px=12, weight=500)
        area = QRect(first.right() - wide, first.y(), wide, 18)
        paint.text(painter, area, upper[1], upper[2], px=12, weight=600, align=paint.RIGHT)
        paint.text(painter, QRect(rect.x(), rect.y() + 21, rect.width(), 16), lower[0], lower[1], px=11)


class ScoreRows(TwoLineRows):
    """A score with its inputs, or what is missing for it."""

    def paint_row(self, painter: QPainter, rect: QRect, row: ScoreResult) -> None:
        """Draw a row."""
        tone = "text.2" if row.value is None else "text.1"
        self.paint_two(painter, rect, (say(row.label), self._value(row), tone), self._below(row))

    def _value(self, row: ScoreResult) -> str:
        if row.value is None:
            return tr("not computed")
        return " · ".join(
            x
            for x in (
                f"{say(row.text)} {unit_words(row.unit)}".replace("{score}", "").strip(),
                say(row.band),
            )
            if x
        )

    def _below(self, row: ScoreResult) -> tuple[str, str]:
        if row.missing:
            return tr("needs: {names}", names=", ".join(say(name) for name in row.missing)), "amber"
        return (say(row.note) or inputs_words(row)), "text.3"

    def sentence(self, row: ScoreResult) -> str:
        """A row in words, with the source."""
        parts = (f"{say(row.label)}: {self._value(row)}", self._below(row)[0], inputs_words(row), say(row.note))
        return "\n".join(dict.fromkeys(x for x in (*parts, cite_words(row.source)) if x))


class ReminderRows(TwoLineRows):
    """A check, its state, and why it applies."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Reminder) -> None:
        """Draw a row."""
        icon, tone, _word = STATUS[row.status]
        icons.draw(painter, icon, tone, rect.x(), rect.y() + 6, 14)
        self.paint_two(
            painter, rect.adjusted(22, 0, 0, 0), (say(row.label), self._state(row), tone), (self._why(row), "text.3")
        )

    def _state(self, row: Reminder) -> str:
        return " · ".join(x for x in (tr(STATUS[row.status][2]), row.next_due) if x)

    def _why(self, row: Reminder) -> str:
        last = tr("last {date}", date=row.last[:10]) if row.last else ""
        return " · ".join(x for x in (last, ", ".join(say(b) for b in row.because), cite_words(row.source)) if x)

    def sentence(self, row: Reminder) -> str:
        """A row in words."""
        return f"{say(row.label)}: {self._state(row)}\n{self._why(row)}"


class TrendRows(TwoLineRows):
    """Two values of an analyte, and whether the change is more than chance."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Trend) -> None:
        """Draw a row."""
        tone = "amber" if row.worse else "text.1" if row.beyond else "text.2"
        before, latest = number_words(row.before.value), number_words(row.latest.value)
        values = f"{before} → {latest} {unit_words(row.latest.unit)}"
        self.paint_two(painter, rect, (say(row.label), values, tone), (self._words(row), "text.3"))

    def _words(self, row: Trend) -> str:
        verdict = (
            tr("worse, beyond chance") if row.worse else tr("beyond chance") if row.beyond else tr("within chance")
        )
        low, high = (f"{round(100 * x):+d}" for x in row.limits)
        change = tr("{change} %, limits {low} to {high} %", change=f"{round(100 * row.change):+d}", low=low, high=high)
        return f"{row.before_time[:10]} → {row.latest_time[:10]} · {change} · {verdict}".replace("-", "−", 0)

    def sentence(self, row: Trend) -> str:
        """A row in words."""
        return f"{say(row.label)} {row.before.value:g} → {row.latest.value:g}\n{self._words(row)}\n{cite_words(row.source)}"


def kidney_words(kidney: KidneyStage | None, missing: str = "") -> str:
    """Stage and risk; how long and which way; what is missing, and the source."""
    if kidney is None:
        return " · ".join(x for x in (tr("Kidney stage: unknown"), missing) if x)
    stage = " ".join(x for x in (kidney.filtration, kidney.albuminuria) if x)
    slope = "" if kidney.slope_per_year is None else tr("{slope} mL/min a year", slope=f"{kidney.slope_per_year:+.1f}")
    lasting = {True: tr("lasting 90 days"), False: tr("not so 90 days ago"), None: tr("chronicity not shown")}
    egfr = f"eGFR {kidney.egfr:.0f} ({kidney.time[:10]})"
    first = (tr("Kidney stage: {stage}", stage=stage), egfr, say(kidney.risk) or tr("albuminuria missing"))
    second = (lasting[kidney.lasting], slope, tr("rapid loss") if kidney.rapid else "", _kidney_course(kidney))
    lines = (" · ".join(x for x in line if x) for line in (first, second, (cite_words(kidney.source),)))
    return "\n".join(lines)


def _kidney_course(kidney: KidneyStage) -> str:
    """ "50 → 46 → 41"."""
    values = [f"{value:.0f}" for _, value in kidney.course[-COURSE:]]
    return "eGFR " + " → ".join(values) if len(values) > 1 else ""


class HealthPane(QWidget):
    """Filled in the background when it is looked at."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self)
        self._case_id, self._session = case_id, session
        self._case: Case | None = None
        self._done: tuple[object, ...] = ()
        self.scores, self.risks = ScoreRows(), ScoreRows()
        self.reminders, self.trends = ReminderRows(), TrendRows()
        self.kidney = label("", "secondary", wrap=True)
        kidney = QWidget()
        kidney.setLayout(column(self.kidney, margins=(14, 6, 14, 8)))
        self.sections = {  # the short ones first
            "kidney": Section("Kidneys", kidney),
            "trends": Section("Trends", self.trends),
            "risks": Section("Long-term risks", self.risks),
            "due": Section("Due checks", self.reminders),
            "scores": Section("Scores", self.scores),
        }
        self.setLayout(column(scroll(panel(column(*self.sections.values(), None, gap=0))), gap=0))

    def show_case(self, case: Case) -> None:
        """A new state of the case; computed once it is on screen."""
        self._case = case
        if self.isVisible():
            self._compute()

    def showEvent(self, event: QShowEvent) -> None:
        """Now it is looked at."""
        super().showEvent(event)
        self._compute()

    def _compute(self) -> None:
        case = self._case
        if case is None or self._done == (case.record, case.findings, LANGUAGE.code):
            return
        state = self._done = (case.record, case.findings, LANGUAGE.code)
        now: datetime = self._session.now()

        def work(_report: Report) -> tuple[Health, tuple[ScoreResult, ...]]:
            return health(case.record, case.findings, now), scores_for(case.record, case.findings, now)

        def done(found: tuple[Health, tuple[ScoreResult, ...]]) -> None:
            from shiboken6 import isValid

            if isValid(self) and self._done is state:
                self._show(*found)

        self._session.background(f"health {self._case_id}", work, done, self._case_id)

    def _show(self, found: Health, scores: tuple[ScoreResult, ...]) -> None:
        due = sorted(found.reminders, key=lambda r: ORDER.index(r.status))
        self.reminders.show_rows(due)
        self.risks.show_rows(found.risks)
        self.kidney.setText(kidney_words(found.kidney, say(found.kidney_missing)))
        self.trends.show_rows(sorted(found.trends, key=lambda t: (not t.worse, not t.beyond)))
        known = {risk.score_id for risk in found.risks}
        rest = [s for s in scores if s.score_id not in known]
        self.scores.show_rows(sorted(rest, key=lambda s: s.value is None))
        self.sections["due"].head.set_count(tr("{n} due", n=sum(r.status == "due" for r in due)))
        self.sections["risks"].head.set_count(str(len(found.risks)))
        self.sections["trends"].head.set_count(str(len(found.trends)))
        self.sections["scores"].head.set_count(str(len(rest)))


__all__ = ["HealthPane"]
