"""What to ask or test next, by expected information."""

from PySide6.QtCore import QPoint, QRect, Signal
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from core.domain.assessment import NextStep, StepKind
from core.domain.case import Action, Case
from core.domain.finding import Status
from core.store.decisions import standing
from ui.theme import icons
from ui.translate import say, tr
from ui.widgets import paint
from ui.widgets.layout import column
from ui.widgets.panels import PanelHeader
from ui.widgets.rows import PaintedRows

ICONS = {StepKind.ASK: "chat", StepKind.EXAMINE: "person", StepKind.TEST: "flask", StepKind.IMAGE: "ct"}
WORDS = {StepKind.ASK: "Ask", StepKind.EXAMINE: "Examine", StepKind.TEST: "Plan", StepKind.IMAGE: "Plan"}


class StepRows(PaintedRows):
    """Icon, label, caution, whom it tells apart, gain, action."""

    def __init__(self) -> None:
        super().__init__(24)
        self.names: dict[str, str] = {}
        self.planned: frozenset[str] = frozenset()

    def paint_row(self, painter: QPainter, rect: QRect, row: NextStep) -> None:
        """Draw a row."""
        best = max((step.gain_bits for step in self.rows), default=1.0) or 1.0
        icons.draw(painter, ICONS[row.kind], "text.1", rect.x(), rect.y() + 4, 15)
        action = self.action(row)
        action_wide = max(48, paint.width(action, 12, 500) + 4)
        paint.text(painter, rect, action, "text.3" if row.code.code in self.planned else "accent", px=12, weight=500,
                   align=paint.RIGHT)  # fmt: skip
        gain = QRect(rect.right() - action_wide - 44, rect.y(), 40, rect.height())
        paint.text(painter, gain, f"+{row.gain_bits:.2f}", px=12, weight=600, align=paint.RIGHT)
        bar = QRect(gain.x() - 58, rect.y(), 54, rect.height())
        paint.progress(painter, bar, row.gain_bits / best, "chart.3")
        about = self.names.get(row.hypothesis_ids[0], "") if row.hypothesis_ids else ""
        about_wide = min(96, paint.width(about, 11) + 4) if rect.width() > 400 and not say(row.caution) else 0
        if about_wide:
            area = QRect(bar.x() - about_wide - 8, rect.y(), about_wide, rect.height())
            paint.text(painter, area, about, "text.2", px=11, align=paint.RIGHT)
        room = bar.x() - about_wide - 14 - rect.x() - 24
        used = paint.text(painter, QRect(rect.x() + 24, rect.y(), room, rect.height()), say(row.label), px=12)
        caution = say(row.caution)
        if caution and room - used > 30:
            area = QRect(rect.x() + 30 + used, rect.y(), room - used - 6, rect.height())
            paint.text(painter, area, caution, "amber", px=12)

    def action(self, row: NextStep) -> str:
        """The word at the right."""
        return tr("Planned") if row.code.code in self.planned else tr(WORDS[row.kind])

    def sentence(self, row: NextStep) -> str:
        """A row in words."""
        about = ", ".join(self.names.get(h, h) for h in row.hypothesis_ids)
        gain = tr("{bits} bits", bits=f"{row.gain_bits:.2f}")
        return "\n".join(x for x in (say(row.label), about, gain, say(row.caution)) if x)


class NextSteps(QWidget):
    """Header and rows. `answered(step, status)` for questions, `planned(step)` for tests."""

    answered = Signal(object, object)
    planned = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.header = PanelHeader("What to ask or test next")
        self.rows = StepRows()
        self.header.note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setLayout(column(self.header, self.rows, gap=0))
        self.rows.activated.connect(self._act)
        self.shown = 5

    def show_case(self, case: Case) -> None:
        """Fill from a case."""
        steps = case.assessment.next_steps if case.assessment else ()
        names = {h.id: say(h.label) for h in case.assessment.hypotheses} if case.assessment else {}
        done = {d.target.removeprefix("step:") for d in standing(case) if d.action is Action.PLAN_STEP}
        self.rows.names, self.rows.planned = names, frozenset(done)
        self.rows.show_rows(steps[: self.shown])
        count = tr("{n} of {total}", n=min(self.shown, len(steps)), total=len(steps))
        self.header.set_note(f"{count} · {tr('expected information gain, bits')}")
        self.setVisible(bool(steps))

    def current(self) -> NextStep | None:
        """The row under the cursor."""
        return self.rows.rows[self.rows._current] if self.rows.rows else None

    def _act(self, step: NextStep) -> None:
        if step.kind in (StepKind.TEST, StepKind.IMAGE):
            self.planned.emit(step)
            return
        menu = QMenu(self)
        for words, status in (("Present", Status.PRESENT), ("Absent", Status.ABSENT)):
            action = QAction(tr(words), menu)
            action.triggered.connect(lambda _c=False, status=status: self.answered.emit(step, status))
            menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        at = self.rows.rows.index(step)
        menu.popup(self.rows.mapToGlobal(QPoint(self.rows.width() - 130, self.rows._rect(at).bottom())))
