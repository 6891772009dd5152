"""The differential column: your own diagnosis first, then red flags, cards, and what to do next."""

import re
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from core.domain.assessment import Assessment, Hypothesis
from core.domain.case import Action, Case, CaseStatus, Decision
from core.store.decisions import standing
from ui.case.card import Card, percent
from ui.case.nextsteps import NextSteps
from ui.session import SKIPPED
from ui.theme.theme import surface
from ui.translate import bind, say, tr
from ui.widgets.bars import ProbabilityBar
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import band, clear, column, line, panel, row, scroll
from ui.widgets.panels import Icon, PanelHeader, StatePanel, Strip
from ui.widgets.text import Elided, fixed, label
from ui.words import cite_words, engine_words

FOLD_BELOW = 0.03
APART = re.compile(r"[,;，；、]|exclude|rule out|排除")


def working_decision(case: Case) -> Decision | None:
    """The doctor's own diagnosis (or its skipping), as it was logged."""
    return next((d for d in case.decisions if d.action is Action.WORKING_DIAGNOSIS), None)


def agreement(words: str, hypotheses: tuple[Hypothesis, ...]) -> int:
    """Rank of the hypothesis the doctor named first (1 = first), 0 for none. Plain comparison of words: what comes after
    a comma or "exclude" is not what the doctor thinks most likely."""
    said = APART.split(words.casefold().strip())[0].strip()
    least = 2 if any("\u4e00" <= c <= "\u9fff" for c in said) else 4
    for i, hypothesis in enumerate(hypotheses):
        for name in (hypothesis.label.en.casefold(), hypothesis.label.zh.casefold()):
            first = APART.split(name)[0].strip()
            if said and first and (first in said or (len(said) >= least and said in name)):
                return i + 1
    return 0


def group_words(group: str) -> str:
    """What near-identical diseases have in common; "" for groups that are not folded in the list."""
    kind, _, name = group.partition(":")
    if kind == "gene" and name:
        return tr("Same gene {gene}", gene=name)
    return tr("Same series {number}", number=name) if kind == "series" and name else ""


class AskFirst(QWidget):
    """Suggestions stay hidden until the doctor wrote a working diagnosis or skipped it."""

    entered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.field = QLineEdit()
        bind(self.field, "setPlaceholderText", "Your working diagnosis")
        bind(self.field, "setAccessibleName", "Your working diagnosis")
        self.enter = Button("Enter", "check", on_click=self._enter)
        self.skip = Button("Skip", on_click=lambda: self.entered.emit(""))
        for made in (self.enter, self.skip):
            made.setMinimumWidth(84)
        title = fixed("What do you think first?", "title")
        hint = fixed(
            "Write your working diagnosis before you see the suggestions, or skip. Both times are logged.",
            "secondary",
            wrap=True,
        )
        held = column(title, hint, self.field, row(self.enter, self.skip, None), None, gap=10, margins=(16, 18, 16, 18))
        self.setLayout(held)
        self.field.returnPressed.connect(self._enter)

    def _enter(self) -> None:
        if self.field.text().strip():
            self.entered.emit(self.field.text().strip())
            self.field.clear()


class Working(QFrame):
    """The strip with the doctor's own diagnosis."""

    def __init__(self) -> None:
        super().__init__()
        surface(self, "raised")
        self._time = ""
        self._about = label("", "caption")
        self._words = Elided("", "text.1", 13, 500)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._none = Chip("", "unknown")
        self._none.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._agrees = Chip("", "green", icon="check")
        self._agrees.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        parts = (Icon("person", "accent", 16), self._about, self._words, self._none, None, self._agrees)
        held = row(*parts, gap=12, margins=(12, 0, 10, 0))
        held.setStretch(2, 1)
        self.setLayout(held)
        self.setFixedHeight(38)

    def show_case(self, case: Case) -> None:
        """Fill from a case."""
        decision = working_decision(case)
        skipped = decision is not None and decision.reason == SKIPPED
        words = "" if skipped else case.working_diagnosis or (decision.text if decision else "")
        time = decision.at[11:16] if decision else ""
        self._time = time
        self._fit()
        self._words.set_words(words)
        self._words.setVisible(bool(words))
        self._none.set_words(tr("not entered"))
        self._none.setVisible(not words)
        rank = agreement(words, case.assessment.hypotheses if case.assessment else ()) if words else 0
        self._agrees.setVisible(rank > 0)
        self._agrees.set_words(tr("Agrees with #{n}", n=rank))

    def _fit(self) -> None:
        long = "Your working diagnosis\n{time}, before suggestions"
        self._about.setText(tr(long if self.width() > 450 else "Yours\n{time}", time=self._time))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The caption shortens before the diagnosis does."""
        super().resizeEvent(event)
        self._fit()


class Differential(QWidget):
    """470 px. `acted(name, hypothesis id)`, `working(text)`, `rerun()`."""

    acted = Signal(str, str)
    working = Signal(str)
    rerun = Signal()

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self.cards: list[Card] = []
        self.selected = ""
        self._case: Case | None = None
        self._outdated = ""
        self._unfolded = False
        self._open_groups: set[str] = set()
        self._roomy = True
        self._working = Working()
        self._ask = AskFirst()
        self._header = PanelHeader("Differential")
        self._stale = Strip("amber", "clock")
        self._stale.actions.addWidget(Button("Re-run", "rotate", small=True, on_click=self.rerun.emit))
        self._flags = QVBoxLayout()
        self._flags.setSpacing(1)
        self._flags.setContentsMargins(0, 0, 0, 0)
        self._body = QVBoxLayout()
        self._body.setSpacing(0)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._scroll = scroll(panel(self._body))
        self.next = NextSteps()
        top = column(self._working, self._header, self._stale, self._flags, self._ask, gap=0)
        self.setLayout(column(top, self._scroll, line(), self.next, gap=0))
        self.layout().setStretch(1, 1)
        self._ask.entered.connect(self.working)

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_case(self, case: Case, outdated: str = "") -> None:
        """Fill from a case; `outdated` is when its inputs changed after the analysis shown."""
        self._case, self._outdated = case, outdated
        assessment = case.assessment
        hidden = self._hides(case)
        self._show_flags(assessment)
        self._working.setVisible(not hidden and assessment is not None)
        self._working.show_case(case)
        self._ask.setVisible(hidden)
        self._scroll.setVisible(not hidden)
        self._header.setVisible(not hidden)
        self._show_stale(assessment)
        clear(self._body)
        self.cards = []
        if not hidden:
            self._show_body(case)
            self.next.show_case(case)
        self.next.setVisible(not hidden and bool(assessment and assessment.next_steps))

    def _hides(self, case: Case) -> bool:
        ready = case.assessment is not None and bool(case.assessment.hypotheses)
        return ready and case.status is not CaseStatus.SIGNED and working_decision(case) is None

    def _show_flags(self, assessment: Assessment | None) -> None:
        clear(self._flags)
        for flag in assessment.red_flags[:3] if assessment else ():
            strip = Strip("red", "shieldalert")
            cite = cite_words(flag.source)
            strip.show_words(
                tr("{what}. {advice}", what=say(flag.label), advice=say(flag.advice)), "red", "shieldalert"
            )
            strip.setToolTip(f"{flag.rule_id} · {cite}")
            self._flags.addWidget(strip)

    def _show_stale(self, assessment: Assessment | None) -> None:
        self._stale.setVisible(bool(self._outdated and assessment))
        if assessment is not None and self._outdated:
            words = tr(
                "Results from {then}, record changed {now}",
                then=assessment.created_at[11:16],
                now=self._outdated[11:16],
            )
            self._stale.show_words(words, "amber", "clock")

    def _show_body(self, case: Case) -> None:
        assessment = case.assessment
        if assessment is None:
            action = Button("Analyse", "bolt", on_click=self.rerun.emit)
            self._body.addWidget(
                StatePanel("layers", "Not analysed yet", "Run the analysis to see suggestions.", action), 1
            )
            self._header.set_note("")
            return
        self._header.set_note(header_words(assessment))
        if not assessment.hypotheses:
            self._body.addWidget(no_estimate(assessment), 1)
            return
        self._show_cards(case, assessment)
        for abstention in assessment.abstentions:
            self._body.addWidget(abstained(abstention.engine, say(abstention.reason)))
        self._body.addStretch(1)

    def _show_cards(self, case: Case, assessment: Assessment) -> None:
        ids = [h.id for h in assessment.hypotheses]
        if self.selected not in ids:
            self.selected = ids[0]
        folded = 0
        alike = self._alike(assessment.hypotheses)
        hidden = {h.id for members in alike.values() for h in members}
        for rank, hypothesis in enumerate(assessment.hypotheses, start=1):
            if hypothesis.id in hidden:
                continue
            small = hypothesis.probability < FOLD_BELOW and rank > 3 and not hypothesis.cant_miss
            if small and not self._unfolded and hypothesis.id != self.selected:
                folded += 1
                continue
            self._add_card(case, assessment, rank, hypothesis)
            if hypothesis.id in alike:
                self._add_alike(hypothesis.group, alike[hypothesis.id])
        if folded:
            words = tr("{n} more below {p} %", n=folded, p=round(100 * FOLD_BELOW))
            self._add_more(words, self._unfold)
        if assessment.none_of_these > 0:
            none = label(tr("None of these: {p}", p=percent(assessment.none_of_these)), "caption")
            self._body.addWidget(band(row(none, margins=(12, 0, 12, 0)), 26))

    def _alike(self, hypotheses: tuple[Hypothesis, ...]) -> dict[str, tuple[Hypothesis, ...]]:
        """Id of the first of its group -> the others that are folded under it."""
        firsts: dict[str, Hypothesis] = {}
        found: dict[str, list[Hypothesis]] = {}
        for h in hypotheses:
            first = firsts.setdefault(h.group, h)
            open_group = not group_words(h.group) or h.group in self._open_groups
            if h is not first and not open_group and not h.cant_miss and h.id != self.selected:
                found.setdefault(first.id, []).append(h)
        return {first: tuple(members) for first, members in found.items()}

    def _add_alike(self, group: str, members: tuple[Hypothesis, ...]) -> None:
        words = tr("{group} · {n} more", group=group_words(group), n=len(members))
        names = "\n".join(f"{say(h.label)} · {percent(h.probability)}" for h in members)
        self._add_more(words, lambda: self._open_group(group), names, indent=19)

    def _add_more(self, words: str, act: Callable[[], object], about: str = "", indent: int = 0) -> None:
        more = Button("", "chevr", kind="link", small=True, on_click=act)
        more.setText(words)
        more.setToolTip(about)
        more.setAccessibleName(words)
        self._body.addWidget(band(row(more, None, margins=(6 + indent, 0, 6, 0)), 28))

    def _open_group(self, group: str) -> None:
        self._open_groups.add(group)
        self._again()

    def _add_card(self, case: Case, assessment: Assessment, rank: int, hypothesis: Hypothesis) -> None:
        decision = next((d for d in reversed(standing(case)) if d.target == f"hypothesis:{hypothesis.id}"), None)
        opened = hypothesis.id == self.selected or (self._roomy and rank == 2)
        card = Card(rank, hypothesis, assessment, decision, opened=opened)
        card.set_selected(hypothesis.id == self.selected)
        card.acted.connect(self.acted)
        card.chosen.connect(self.select)
        if case.status is CaseStatus.SIGNED:
            card.set_enabled(False, "The case is signed.")
        elif self._outdated:
            card.set_enabled(False, "The record changed: run the analysis again first.")
        self.cards.append(card)
        self._body.addWidget(card)

    def _unfold(self) -> None:
        self._unfolded = True
        self._again()

    def _again(self) -> None:
        if self._case is not None:
            self.show_case(self._case, self._outdated)

    # -- moving ----------------------------------------------------------------------------------------------------

    def select(self, hypothesis_id: str) -> None:
        """Open another card."""
        if hypothesis_id == self.selected:
            return
        self.selected = hypothesis_id
        QTimer.singleShot(0, self, self._reselect)

    def _reselect(self) -> None:
        at = self._scroll.verticalScrollBar().value()
        self._again()
        self._scroll.verticalScrollBar().setValue(at)
        card = next((c for c in self.cards if c.hypothesis.id == self.selected), None)
        if card is not None:
            card.setFocus(Qt.FocusReason.OtherFocusReason)

    def fit(self, width: int, height: int) -> None:
        """On narrow or low windows only the selected card is open, and three next steps show."""
        roomy = width > 1300 and height > 850
        shown = 5 if height > 850 else 3
        if roomy != self._roomy or shown != self.next.shown:
            self._roomy, self.next.shown = roomy, shown
            self._again()


def header_words(assessment: Assessment) -> str:
    """Number of hypotheses and who ranked them."""
    engines = dict.fromkeys(h.engine for h in assessment.hypotheses)
    versions = [f"{v.name} {v.version}" for v in assessment.versions if v.name in engines]
    return " · ".join((str(len(assessment.hypotheses)), *(versions or [engine_words(e) for e in engines])))


def abstained(engine: str, reason: str) -> QWidget:
    """An engine or model that gave no estimate."""
    words = Elided(f"{engine_words(engine)}: {reason}", "text.2", 12)
    held = row(Icon("alert", "amber", 14), words, gap=8, margins=(12, 0, 12, 0))
    held.setStretch(1, 1)
    return band(held, 28)


def no_estimate(assessment: Assessment) -> QWidget:
    """The hatched bar, the words, and the reasons."""
    reasons = [label(say(a.reason), "secondary", wrap=True) for a in assessment.abstentions]
    holder = QWidget()
    words = label(tr("No estimate"), "title", "amber")
    hint = fixed("The engines cannot rank diagnoses from what they have. No number is shown.", "secondary", wrap=True)
    bar = ProbabilityBar(None, name=tr("Differential"))
    holder.setLayout(column(bar, words, hint, *reasons, None, gap=8, margins=(16, 16, 16, 16)))
    return holder
