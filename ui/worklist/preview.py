"""The preview of the selected case."""

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from core.domain.age import age_years
from core.domain.assessment import Hypothesis
from core.domain.case import Case
from core.domain.plan import Tier
from core.store.summary import KINDS, kinds_of
from ui.case.card import percent
from ui.case.facts import allergies, key_values
from ui.session import Session
from ui.theme import icons
from ui.thumbnails import Thumbnails
from ui.translate import LANGUAGE, say, tr
from ui.widgets import paint
from ui.widgets.bars import ProbabilityBar
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import FlowLayout, band, clear, column, line, panel, row, scroll
from ui.widgets.panels import Icon, StatePanel
from ui.widgets.picture import Picture
from ui.widgets.text import Elided, fixed, label
from ui.worklist.table import KIND_ICONS, age_text, sex_text

SUGGESTIONS = 3
GROUP = (14, 10, 14, 10)


class Kinds(QWidget):
    """Icons of the kinds of data, each with a tick or "none"."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        super().__init__()
        self._kinds = kinds
        self.setFixedHeight(22)
        self.setAccessibleName(tr("{n} of {total} sources", n=len(kinds), total=len(KINDS)))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        step = self.width() // len(KINDS)
        for i, kind in enumerate(KINDS):
            there = kind in self._kinds
            x = i * step
            icons.draw(painter, KIND_ICONS[kind], "text.1" if there else "text.3", x, 3, 15)
            if there:
                icons.draw(painter, "check", "green", x + 19, 4, 13)
            else:
                paint.text(painter, QRect(x + 19, 0, step - 20, 22), "–", "text.3", px=12)

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(240, 22)


class Preview(QWidget):
    """304 px at the right of the worklist."""

    opened = Signal(str)

    def __init__(self, session: Session, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._session, self._thumbnails = session, thumbnails
        self._case: Case | None = None
        self._wanted = ""
        self._body = QVBoxLayout()
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        self._open = Button("Open case", kind="primary", hint="Enter", on_click=self._emit)
        self._analyse = Button("Analyse", "bolt", on_click=self._start)
        self._foot = band(row(self._open, self._analyse, None, margins=(14, 0, 14, 0)), 52, "top")
        self._empty = StatePanel("person", "No case selected", "Choose a case in the list, or import a record.")
        self.setLayout(column(scroll(panel(self._body)), self._foot, gap=0))
        self._spoken = LANGUAGE.code
        LANGUAGE.changed.connect(self._retranslate)
        self._show()

    def show_case(self, case_id: str) -> None:
        """Load and show a case; "" shows nothing."""
        self._wanted = case_id
        if case_id:
            self._session.peek(case_id, self._arrived)
        else:
            self._case = None
            self._show()

    def _arrived(self, case: Case) -> None:
        if case.id == self._wanted:
            self._case = case
            self._show()

    def _emit(self) -> None:
        if self._case is not None:
            self.opened.emit(self._case.id)

    def _start(self) -> None:
        if self._case is not None:
            self._session.analyse(self._case.id)

    def _retranslate(self) -> None:
        if self.isVisible() and self._spoken != LANGUAGE.code:
            self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with a change of language meanwhile."""
        super().showEvent(event)
        self._retranslate()

    def _show(self) -> None:
        self._spoken = LANGUAGE.code
        clear(self._body)
        case = self._case
        self._foot.setVisible(case is not None)
        if case is None:
            self._body.addWidget(StatePanel("person", "No case selected", "Choose a case, or import a record."), 1)
            return
        self._analyse.setVisible(case.assessment is None)
        parts = (self._identity(case), self._picture(case), self._reason(case), self._suggestions(case))
        more = (self._attention(case), self._values(case), self._completeness(case))
        for i, part in enumerate(p for p in (*parts, *more) if p is not None):
            if i > 1:
                self._body.addWidget(line())
            self._body.addWidget(part)
        self._body.addStretch(1)

    def _identity(self, case: Case) -> QWidget:
        patient = case.record.patient
        age = age_years(patient, self._session.now().date())
        about = " ".join(x for x in (age_text(age), sex_text(patient.sex)) if x)
        name = Elided(patient.name or tr("Unnamed patient"), "text.1", 16, 600)
        chips = FlowLayout()
        for allergy in allergies(case)[:3]:
            words = f"{allergy.text}: {allergy.reactions[0]}" if allergy.reactions else allergy.text
            chips.addWidget(Chip(words, "red", icon="stop"))
        for value in key_values(case, banner=True)[1:3]:
            if value.mark:
                chips.addWidget(Chip(f"{say(value.label)} {value.text}", "amber"))
        top = row(name, label(about, "dense", "text.2"))
        holder = QWidget()
        holder.setLayout(
            column(top, chips, gap=5, margins=(14, 12, 14, 10)) if chips.count() else column(top, margins=GROUP)
        )
        return holder

    def _picture(self, case: Case) -> QWidget | None:
        if not case.images:
            return None
        picture = Picture(184)
        picture.setAccessibleName(tr("First image of the case"))
        picture.hide()

        def arrived(image: QImage | None) -> None:
            from shiboken6 import isValid

            if isValid(picture):
                picture.show_image(image)

        self._thumbnails.get(case.images[0], arrived)
        return picture

    def _reason(self, case: Case) -> QWidget | None:
        if not case.reason:
            return None
        holder = QWidget()
        holder.setLayout(column(fixed("Reason", "caption"), label(case.reason, wrap=True), gap=4, margins=GROUP))
        return holder

    def _suggestions(self, case: Case) -> QWidget:
        holder = QWidget()
        head = row(fixed("Suggestions", "strong"), None, fixed("bar = probability, line = 90 % interval", "caption"))
        items: list[QWidget] = []
        if case.assessment is None:
            items.append(fixed("Not analysed yet", "secondary"))
        elif not case.assessment.hypotheses:
            items.append(ProbabilityBar(None, name=tr("Suggestions")))
            items += [label(say(a.reason), "secondary", wrap=True) for a in case.assessment.abstentions[:2]]
        else:
            items += [_suggestion(h) for h in case.assessment.hypotheses[:SUGGESTIONS]]
        holder.setLayout(column(head, *items, gap=8, margins=GROUP))
        return holder

    def _attention(self, case: Case) -> QWidget | None:
        lines: list[tuple[str, str, str]] = []
        for red in case.assessment.red_flags[:3] if case.assessment else ():
            lines.append(("shieldalert", "red", f"{say(red.label)}. {say(red.advice)}".strip()))
        stops = [a for a in case.plan.alerts if a.tier is Tier.STOP] if case.plan else []
        cautions = [a for a in case.plan.alerts if a.tier is Tier.CAUTION] if case.plan else []
        lines += [("stop", "red", say(a.title)) for a in stops[:2]]
        if cautions:
            lines.append(("alert", "amber", tr("{n} medicines or rules to check", n=len(cautions))))
        lines += [("alert", "amber", f"{f.path.rsplit('/', 1)[-1]}: {f.error}") for f in case.files if f.error][:2]
        if not lines:
            return None
        rows = []
        for icon, tone, words in lines:
            words_label = label(words, "dense", wrap=True)
            held = row(column(2, Icon(icon, tone, 15), None, gap=0), words_label, gap=8)
            held.setStretch(1, 1)
            rows.append(held)
        holder = QWidget()
        holder.setLayout(column(fixed("Needs attention", "strong"), *rows, gap=6, margins=GROUP))
        return holder

    def _values(self, case: Case) -> QWidget | None:
        values = sorted(key_values(case, banner=False), key=lambda v: (v.tone != "red", not v.mark))[:6]
        if not values:
            return None
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(5)
        for i, value in enumerate(values):
            at, side = divmod(i, 2)
            grid.addWidget(label(say(value.label), "dense", "text.2"), at, side * 4)
            shown = label(value.text, "dense", value.tone if value.mark else "")
            grid.addWidget(shown, at, side * 4 + 1)
            grid.addWidget(label(value.mark, "dense", value.tone), at, side * 4 + 2)
            grid.setColumnStretch(side * 4, 1)
        grid.setColumnMinimumWidth(3, 12)
        holder = QWidget()
        holder.setLayout(column(fixed("Key values", "strong"), grid, gap=8, margins=GROUP))
        return holder

    def _completeness(self, case: Case) -> QWidget:
        kinds = kinds_of(case)
        count = label(tr("{n} of {total} sources", n=len(kinds), total=len(KINDS)), "dense", "text.2")
        holder = QWidget()
        holder.setLayout(column(row(fixed("Data completeness", "strong"), None, count), Kinds(kinds), margins=GROUP))
        return holder


def _suggestion(hypothesis: Hypothesis) -> QWidget:
    number = label(percent(hypothesis.probability), "strong")
    icon: tuple[object, ...] = (Icon("shieldalert", "red", 14),) if hypothesis.cant_miss else ()
    name = Elided(say(hypothesis.label), "text.1", 13, 500)
    top = row(name, None, *icon, number, gap=6)
    bar = ProbabilityBar(hypothesis.probability, hypothesis.interval, name=say(hypothesis.label))
    holder = QWidget()
    holder.setLayout(column(top, bar, gap=2))
    return holder
