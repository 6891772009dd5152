"""The Explanation page: waterfall and sources, note and what-if, image and checks."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QComboBox, QDialog, QMenu, QSplitter, QStackedWidget, QTabBar, QWidget

from core.domain.assessment import Hypothesis
from core.domain.case import Case
from core.domain.explanation import Contribution, FindingExplanation
from core.domain.finding import Origin
from core.progress import Report
from core.store.users import Permission
from ui.case.card import percent
from ui.explanation.image import ImagePanel
from ui.explanation.note import NotePanel
from ui.explanation.quality import Fidelity, Provenance
from ui.explanation.whatif import WhatIf
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import surface
from ui.thumbnails import Thumbnails
from ui.translate import bind, say, tr
from ui.widgets import paint
from ui.widgets.bars import ShareBar
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import Icon, PanelHeader, Segmented, StatePanel, Strip
from ui.widgets.rows import PaintedRows
from ui.widgets.split import Columns
from ui.widgets.text import fixed
from ui.widgets.waterfall import Step, Waterfall, shorten, sigmoid
from ui.words import UNSAID, detail_words

TOP = 10
BASE = "base"
ORIGIN_LOOK = {
    Origin.NOTE: ("chart.2", "doc", "Note text"),
    Origin.LABORATORY: ("chart.1", "flask", "Laboratory"),
    Origin.VITAL: ("info", "heart", "Vital signs"),
    Origin.IMAGE: ("chart.4", "xray", "Image"),
    Origin.GENE: ("chart.3", "dna", "Gene"),
    Origin.HISTORY: ("text.3", "person", "History"),
    Origin.DEMOGRAPHIC: ("line.control", "person", "Age, sex, place"),
    Origin.CLINICIAN: ("accent.fill", "edit", "Clinician"),
}


def shares(contributions: tuple[Contribution, ...]) -> tuple[tuple[Origin, float, float], ...]:
    """(origin, share of absolute value, net) with the largest share first."""
    total = sum(abs(c.value) for c in contributions) or 1.0
    found: dict[Origin, tuple[float, float]] = {}
    for c in contributions:
        absolute, net = found.get(c.origin, (0.0, 0.0))
        found[c.origin] = (absolute + abs(c.value), net + c.value)
    ranked = sorted(found.items(), key=lambda item: -item[1][0])
    return tuple((origin, absolute / total, net) for origin, (absolute, net) in ranked)


class SourceRows(PaintedRows):
    """Colour, icon, name, share, net."""

    def __init__(self) -> None:
        super().__init__(24, 14)
        self.clickable = False

    def paint_row(self, painter: QPainter, rect: QRect, row: tuple[Origin, float, float]) -> None:
        """Draw a row."""
        tone, icon, words = ORIGIN_LOOK[row[0]]
        middle = rect.center().y()
        paint.box(painter, QRect(rect.x(), middle - 4, 9, 9).toRectF(), tone, None, radius=2)
        icons.draw(painter, icon, "text.1", rect.x() + 20, middle - 7, 14)
        paint.text(painter, rect.adjusted(42, 0, -180, 0), tr(words), px=12)
        number = f"{round(100 * row[1])} %" if row[1] >= 0.005 else "< 1 %"
        paint.text(painter, rect.adjusted(0, 0, -94, 0), number, "text.2", px=12, align=paint.RIGHT)
        net = f"{row[2]:+.2f}".replace("-", "−")
        wide = paint.width(net, 12, 600)
        tone = "shap.posText" if row[2] >= 0 else "shap.negText"
        paint.text(painter, rect, net, tone, px=12, weight=600, align=paint.RIGHT)
        paint.text(painter, rect.adjusted(0, 0, -wide - 5, 0), tr("net"), "text.2", px=12, align=paint.RIGHT)

    def sentence(self, row: tuple[Origin, float, float]) -> str:
        """A row in words."""
        return f"{tr(ORIGIN_LOOK[row[0]][2])} {row[1]:.0%}, {tr('net')} {row[2]:+.2f}"


class ExplanationPage(QWidget):
    """Why one hypothesis has its probability."""

    def __init__(self, case_id: str, session: Session, thumbnails: Thumbnails) -> None:
        super().__init__()
        surface(self, "app")
        self._case_id, self._session, self._thumbnails = case_id, session, thumbnails
        self._case: Case | None = None
        self._hypothesis = ""
        self._all = False
        self._narrow = False
        self.choice = QComboBox()
        self.choice.setMinimumWidth(300)
        bind(self.choice, "setAccessibleName", "Diagnosis to explain")
        self.against = QComboBox()
        self.against.setMinimumWidth(200)
        bind(self.against, "setAccessibleName", "compared with")
        self.unit = Segmented((("log", "Log-odds"), ("p", "Probability")), "log")
        self.waterfall = Waterfall()
        self.sources, self.share = SourceRows(), ShareBar()
        self.note = NotePanel()
        self.what_if = WhatIf(case_id, session)
        self.image = ImagePanel(thumbnails)
        self.fidelity, self.provenance = Fidelity(), Provenance()
        self._build()
        self._wire()

    def _build(self) -> None:
        legend = row(Icon("arrow", "shap.pos", 14), fixed("raises", "dense"), Icon("arrow", "shap.neg", 14),
                     fixed("lowers", "dense"), gap=5)  # fmt: skip
        self.beyond = Button("Compare…", "swap", small=True, on_click=self._ask_beyond)
        bar = row(fixed("Explaining", "", "text.2"), self.choice, 6, fixed("compared with", "", "text.2"), self.against,
                  6, fixed("Unit", "", "text.2"), self.unit, None, legend, 6, self.beyond,
                  margins=(14, 0, 14, 0))  # fmt: skip
        self._bar = band(bar, 46)
        self._more = Button("Show all", kind="link", small=True, on_click=self._toggle_all)
        self.moved = PanelHeader("What moved the estimate", self._more)
        self._hint = Strip("info", "info")
        left = column(self.moved, scroll(panel(column(self.waterfall, gap=0))), self._hint_box(), gap=0)
        left.setStretch(1, 1)
        self._sum = PanelHeader("Contribution by source")
        held = column(row(self.share, margins=(12, 0, 12, 0)), self.sources, gap=8, margins=(0, 12, 0, 8))
        sum_box = panel(column(self._sum, held, None, gap=0))
        self.columns = Columns("explanation", self._session.settings)
        self.columns.add(stacked(panel(left), sum_box, (720, 200)), 540, 400, grows=False)
        middle = stacked(stacked(self.note, self.what_if, (380, 120)), self.fidelity, (530, 250))
        self._tabs = QTabBar()
        self._tabs.setExpanding(False)
        for _name in range(2):
            self._tabs.addTab("")
        self._tabs.hide()
        self._middle = QStackedWidget()
        self._middle.addWidget(middle)
        middle_box = QWidget()
        middle_box.setLayout(column(self._tabs, self._middle, gap=0))
        self.columns.add(middle_box, 516, 360, grows=True)
        self._right = stacked(self.image, self.provenance, (560, 220))
        self.columns.add(self._right, 492, 360, grows=False)
        whole = QWidget()
        whole.setLayout(column(self._bar, self.columns, gap=0))
        whole.layout().setStretch(1, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(whole)
        self._stack.addWidget(StatePanel("layers", "Nothing to explain yet", "Run the analysis first."))
        self.setLayout(column(self._stack, gap=0))

    def _hint_box(self) -> QWidget:
        held = QWidget()
        held.setLayout(column(self._hint, margins=(14, 6, 14, 10)))
        return held

    def _wire(self) -> None:
        self.choice.activated.connect(lambda _i: self._choose(str(self.choice.currentData())))
        self.against.activated.connect(lambda _i: self._show_values())
        self.unit.chosen.connect(lambda _v: self._show_values())
        self._tabs.currentChanged.connect(self._middle.setCurrentIndex)
        self.image.judged.connect(self._note_verdict)
        self.image.asked.connect(lambda image_id: self._session.explain_image(self._case_id, image_id))

    def _toggle_all(self) -> None:
        self._all = not self._all
        self._show_values()

    def _choose(self, hypothesis_id: str) -> None:
        if self._case is not None:
            self.show_case(self._case, hypothesis_id)

    # -- beyond this case ------------------------------------------------------------------------------------------

    def _ask_beyond(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("With another case…"), self.compare_cases)
        models = menu.addAction(tr("Two models on this image…"), self.compare_models)
        models.setEnabled(self.image.ref is not None)
        menu.addSeparator()
        menu.addAction(tr("Similar past cases…"), self.similar_cases)
        menu.addAction(tr("This diagnosis over all cases…"), self.all_cases)
        menu.popup(self.beyond.mapToGlobal(self.beyond.rect().bottomLeft()))

    def _note_verdict(self, image_id: str, right: bool) -> None:
        """What the doctor thinks of a map goes into the audit trail: it changes nothing by itself."""
        maps = self._case.explanation.images if self._case and self._case.explanation else ()
        shown = next((m for m in maps if m.image_id == image_id), None)
        if shown is None:
            return
        session, case_id, user = self._session, self._case_id, self._session.user
        detail = {"image": image_id, "right": right, "pack": shown.pack.name, "version": shown.pack.version,
                  "method": shown.method, "baseline": shown.baseline, "seed": shown.seed}  # fmt: skip

        def work(_report: Report) -> None:
            who = session.store.users.require(Permission.DECIDE, user)
            session.store.audit.add_or_keep("map_verdict", who, case_id, **detail)

        session.background("map verdict", work, lambda _n: None, case_id)

    def compare_cases(self) -> QDialog | None:
        """This diagnosis in another case."""
        from ui.cohort.compare import CompareDialog

        return _shown(CompareDialog(self._session, self._case, self)) if self._case is not None else None

    def compare_models(self) -> QDialog | None:
        """The image's map under two models."""
        from ui.cohort.models import ModelsDialog

        if self._case is None or self.image.ref is None:
            return None
        return _shown(ModelsDialog(self._session, self._case, self.image.ref, self._thumbnails, self))

    def similar_cases(self) -> QDialog | None:
        """Past cases like this one; a click opens one."""
        from ui.cohort.similar import SimilarDialog

        if self._case is None:
            return None
        dialog = SimilarDialog(self._session, self._case, self)
        dialog.opened.connect(self._session.open_case)
        return _shown(dialog)

    def all_cases(self) -> QDialog:
        """What moves this diagnosis over all cases."""
        from ui.cohort.view import CohortDialog

        return _shown(CohortDialog(self._session, None, self, self._hypothesis))

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_case(self, case: Case, hypothesis_id: str) -> None:
        """Explain a hypothesis of a case."""
        self._case = case
        hypotheses = case.assessment.hypotheses if case.assessment else ()
        self._stack.setCurrentIndex(0 if hypotheses else 1)
        if not hypotheses:
            return
        ids = [h.id for h in hypotheses]
        self._hypothesis = hypothesis_id if hypothesis_id in ids else ids[0]
        self._name_tabs()
        self._fill_choice(hypotheses)
        explanation = self._found()
        if explanation is None:
            self._session.explain_hypothesis(self._case_id, self._hypothesis)
        self._hint.show_words(
            tr(
                "These values explain the model, not the disease. Removing a feature shows what the model would have said."
            ),
            "info",
            "info",
        )
        self._fill_against(hypotheses)
        self._show_values()
        self.note.show_case(case, explanation)
        self.what_if.show_case(case, explanation)
        image = self.image.show_case(case)
        self.fidelity.show_case(explanation, image)
        self.provenance.show_case(case, explanation, image)

    def _name_tabs(self) -> None:
        for i, words in enumerate((tr("Note text"), tr("Image"))):
            self._tabs.setTabText(i, words)

    def _fill_choice(self, hypotheses: tuple[Hypothesis, ...]) -> None:
        self.choice.clear()
        for i, h in enumerate(hypotheses, start=1):
            self.choice.addItem(f"{i} · {say(h.label)}   {percent(h.probability)}", h.id)
        self.choice.setCurrentIndex(self.choice.findData(self._hypothesis))

    def _fill_against(self, hypotheses: tuple[Hypothesis, ...]) -> None:
        this = next(h for h in hypotheses if h.id == self._hypothesis)
        base = tr("Base rate {p}", p=percent(sigmoid(this.base_log_odds)))
        chosen = self.against.currentData() or BASE
        self.against.clear()
        self.against.addItem(base, BASE)
        for h in hypotheses:
            if h.id != self._hypothesis:
                self.against.addItem(say(h.label), h.id)
        self.against.setCurrentIndex(max(0, self.against.findData(chosen)))

    def _found(self) -> FindingExplanation | None:
        explanation = self._case.explanation if self._case else None
        found = explanation.findings if explanation else ()
        return next((f for f in found if f.hypothesis_id == self._hypothesis), None)

    def _values(self) -> FindingExplanation | None:
        case, other = self._case, self.against.currentData()
        if case is not None and case.assessment is not None and other not in (None, BASE):
            from core.explain.findings import compare

            return compare(case.assessment, self._hypothesis, other)
        return self._found()

    def _probability(self) -> float | None:
        """The calibrated probability of what is explained; None where two diagnoses are compared."""
        hypotheses = self._case.assessment.hypotheses if self._case and self._case.assessment else ()
        alone = self.against.currentData() == "base"
        return next((h.probability for h in hypotheses if alone and h.id == self._hypothesis), None)

    def _show_values(self) -> None:
        explanation = self._values()
        if explanation is None:
            self.waterfall.show_steps((), 0.0)
            self.moved.set_note(tr("being computed"))
            return
        steps = tuple(_step(c) for c in explanation.contributions)
        shown = tuple(sorted(steps, key=lambda s: -abs(s.value))) if self._all else shorten(steps, TOP)
        self._more.setVisible(len(steps) > TOP + 1)
        self._more.setText(tr("Show fewer") if self._all else tr("Show all"))
        count = tr("Shapley values, top {n} of {total} findings", n=min(TOP, len(steps)), total=len(steps))
        self.moved.set_note(count)
        self.waterfall.show_steps(shown, explanation.base_log_odds, as_probability=self.unit.value() == "p",
                                  calibrated=self._probability())  # fmt: skip
        rows = shares(explanation.contributions)
        self._sum.set_note(tr("share of absolute value"))
        self.share.set_parts(tuple((s, ORIGIN_LOOK[o][0], tr(ORIGIN_LOOK[o][2])) for o, s, _net in rows))
        self.sources.show_rows(rows)

    def fit(self, width: int) -> None:
        """Below 1440 the image goes under the note."""
        narrow = width < 1440
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self._tabs.setVisible(narrow)
        if narrow:
            self._middle.addWidget(self._right)
        else:
            self._middle.setCurrentIndex(0)
            self.columns.addWidget(self._right)
            self._right.show()


def _shown(dialog: QDialog) -> QDialog:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog


def _step(contribution: Contribution) -> Step:
    """Of what a note leaves unsaid the line below holds that it is no denial, and the names: the first line is short."""
    words, detail = say(contribution.label), detail_words(contribution.detail)
    if contribution.finding_id == UNSAID:
        words, _, detail = words.replace("（", " (").replace("）", ")").partition(" (")
        detail = detail.replace(")", "", 1)
    return Step(words, detail, contribution.value)


def stacked(upper: QWidget, lower: QWidget, sizes: tuple[int, int]) -> QSplitter:
    """Two panels one over the other."""
    made = QSplitter(Qt.Orientation.Vertical)
    made.setHandleWidth(1)
    made.setChildrenCollapsible(False)
    made.addWidget(upper)
    made.addWidget(lower)
    made.setSizes(list(sizes))
    made.setStretchFactor(0, 1)
    return made


__all__ = ["ExplanationPage", "shares"]
