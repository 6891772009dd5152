"""One diagnosis in two cases: shares side by side, and which finding makes the difference."""

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QComboBox, QDialog, QStackedWidget, QWidget

from core.domain.case import Case
from core.explain.compare import CaseComparison, Difference, cases, shared_hypotheses
from core.store.summary import CaseSummary
from ui.case.card import percent
from ui.session import Session
from ui.theme.theme import THEME, color, surface
from ui.translate import bind, say, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, StatePanel, Strip
from ui.widgets.rows import PaintedRows
from ui.widgets.search import SearchField
from ui.widgets.text import Elided, fixed
from ui.widgets.waterfall import sigmoid
from ui.words import detail_words

LABEL, NUMBER = 200, 190
CHOICES = 50


def signed(value: float | None) -> str:
    """A share with its sign; a dash where the case says nothing."""
    return "—" if value is None else f"{value:+.2f}".replace("-", "−")


class DifferenceRows(PaintedRows):
    """Finding, its share here and there with the value behind it, and the difference as a bar to the right (speaks for the
    first case) or to the left."""

    def __init__(self) -> None:
        super().__init__(34, 14)
        self.clickable = False
        self._longest = 1.0
        self._decisive: frozenset[tuple[str, str]] = frozenset()

    def show_comparison(self, found: CaseComparison) -> None:
        """Replace the rows."""
        self._longest = max((abs(r.value) for r in found.rows), default=1.0) or 1.0
        self._decisive = frozenset(r.code for r in found.decisive)
        self.show_rows(found.rows)

    def paint_row(self, painter: QPainter, rect: QRect, row: Difference) -> None:
        """Draw a row."""
        weight = 600 if row.code in self._decisive else 400
        paint.text(painter, QRect(rect.x(), rect.y(), LABEL - 8, rect.height()), say(row.label), px=12, weight=weight)
        for k, (value, detail) in enumerate(((row.first, row.first_detail), (row.second, row.second_detail))):
            area = QRect(rect.x() + LABEL + k * NUMBER, rect.y(), NUMBER - 12, rect.height())
            tone = "text.3" if value is None else "shap.posText" if value >= 0 else "shap.negText"
            used = paint.text(painter, area, signed(value), tone, px=12, weight=600)
            paint.text(painter, area.adjusted(used + 8, 0, 0, 0), detail_words(detail), "text.3", px=11)
        room = QRectF(rect.x() + LABEL + 2 * NUMBER, rect.y(), rect.width() - LABEL - 2 * NUMBER - 54, rect.height())
        middle = room.center().x()
        painter.fillRect(round(middle), rect.y(), 1, rect.height(), color("chart.grid"))
        wide = room.width() / 2 * row.value / self._longest
        bar = QRectF(min(middle, middle + wide), room.center().y() - 6, abs(wide), 12)
        painter.fillRect(bar, color("shap.pos" if row.value >= 0 else "shap.neg"))
        paint.text(painter, rect, signed(row.value), px=12, weight=600, align=paint.RIGHT)

    def sentence(self, row: Difference) -> str:
        """A row in words."""
        return f"{say(row.label)}: {signed(row.first)}, {signed(row.second)}, {tr('difference')} {signed(row.value)}"


class CompareDialog(QDialog):
    """Choose another case, then a diagnosis both list."""

    def __init__(self, session: Session, case: Case, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._session, self._case = session, case
        self._other: Case | None = None
        self._lines: tuple[CaseSummary, ...] = ()
        self.setWindowTitle(tr("Compare with another case"))
        self.resize(980, 680)
        surface(self, "panel")
        self.field = SearchField("Name or number of the other case", "", 28)
        self.cases, self.choice = QComboBox(), QComboBox()
        for box, words in ((self.cases, "The other case"), (self.choice, "Diagnosis to explain")):
            box.setMinimumWidth(240)
            bind(box, "setAccessibleName", words)
        self.rows = DifferenceRows()
        self.said = Strip("info", "info")
        self._heads = Elided("", "text.2", 12)
        head = PanelHeader("What makes the difference")
        head.set_note(tr("this case, the other case, difference (log-odds)"))
        self._none = StatePanel("swap", "Choose another case", "")
        body = panel(column(self.said, head, band(row(self._heads, margins=(14, 0, 14, 0)), 28),
                            scroll(panel(column(self.rows, None))), gap=0))  # fmt: skip
        self._stack = QStackedWidget()
        self._stack.addWidget(body)
        self._stack.addWidget(self._none)
        self._stack.setCurrentIndex(1)
        bar = row(self.field, self.cases, 8, fixed("Explaining", "", "text.2"), self.choice, margins=(14, 0, 14, 0))
        close = Button("Close", on_click=self.reject)
        close.setAutoDefault(False)
        feet = row(None, close, margins=(14, 8, 14, 10))
        self.setLayout(column(band(bar, 46), self._stack, feet, gap=0))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self.field.textChanged.connect(self._fill)
        self.cases.activated.connect(lambda _i: self.choose(str(self.cases.currentData())))
        self.choice.activated.connect(lambda _i: self._compare(str(self.choice.currentData())))
        THEME.dress(self)
        self._fill("")

    def sizeHint(self) -> QSize:
        """Room for the table."""
        return QSize(980, 680)

    def _fill(self, words: str) -> None:
        said = words.casefold().strip()
        lines = [r for r in self._session.rows if r.id != self._case.id and r.top is not None]
        found = [r for r in lines if said in f"{r.name} {r.mrn} {r.reason}".casefold()]
        # the same leading diagnosis first: those are the ones worth comparing
        mine = self._case.assessment.hypotheses[0].label.en if self._case.assessment else ""
        found.sort(key=lambda r: (r.top is None or r.top.en != mine, r.name))
        self.cases.clear()
        self.cases.addItem(tr("{n} cases", n=len(found)), "")
        for r in found[:CHOICES]:
            self.cases.addItem(f"{r.name} · {say(r.top) if r.top else ''} {percent(r.probability or 0.0)}", r.id)

    def choose(self, case_id: str) -> None:
        """Load the other case (noted in the audit log as a view) and compare."""
        if case_id:
            self._session.peek(case_id, self._loaded)

    def _loaded(self, other: Case) -> None:
        from shiboken6 import isValid

        if not isValid(self):
            return
        mine, theirs = self._case.assessment, other.assessment
        both = shared_hypotheses(mine, theirs) if mine and theirs else ()
        self._other = other
        self.choice.clear()
        if not both or mine is None:
            self._none.say(tr("No diagnosis in common"), tr("The two differentials have no diagnosis in common."))
            self._stack.setCurrentIndex(1)
            return
        labels = {h.id: h.label for h in mine.hypotheses}
        for name in both:
            self.choice.addItem(say(labels[name]), name)
        self._compare(mine.hypotheses[0].id if mine.hypotheses[0].id in both else both[0])

    def _compare(self, hypothesis_id: str) -> None:
        if self._other is None or self._other.assessment is None or self._case.assessment is None:
            return
        self.choice.setCurrentIndex(self.choice.findData(hypothesis_id))
        found = cases(self._case.assessment, self._other.assessment, hypothesis_id)
        self.rows.show_comparison(found)
        chances = [percent(sigmoid(v)) for v in (found.first_log_odds, found.second_log_odds)]
        self._heads.set_words(
            tr(
                "this case {p} · the other case {q} · base rate {base}",
                p=chances[0],
                q=chances[1],
                base=signed(found.base),
            )
        )
        names = ", ".join(say(r.label) for r in found.decisive)
        told = tr("At least half of the difference comes from: {names}.", names=names)
        self.said.show_words(told if names else tr("No finding makes a difference."), "info", "info")
        self._stack.setCurrentIndex(0)
