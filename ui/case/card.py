"""One hypothesis as a card: open with its evidence and buttons, or folded to name, bar and number."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from core.domain.assessment import Assessment, Evidence, Hypothesis
from core.domain.basics import Coding
from core.domain.case import Action, Decision
from ui.theme.theme import restyle, surface
from ui.translate import say, tr
from ui.widgets import paint
from ui.widgets.bars import ProbabilityBar
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import FlowLayout, column, row
from ui.widgets.panels import Icon
from ui.widgets.text import Elided, label
from ui.words import cite_words, counting, detail_words, engine_words, evidence_words, is_silence

WIDE_INTERVAL = 0.4
CHIPS_SHOWN = 6
ROOM_FOR_SYSTEM = 440
"""Width from which a card names the system of its code."""
SYSTEMS = ("ICD-10", "ICD-10-CM", "OMIM", "ORPHA", "SNOMED")
ORIGIN_WORDS = {
    "note": "note",
    "laboratory": "labs",
    "vital": "vitals",
    "image": "image",
    "gene": "gene",
    "history": "history",
    "demographic": "age and sex",
    "clinician": "clinician",
}


def code_of(codes: tuple[Coding, ...]) -> Coding | None:
    """The code worth showing."""
    ranked = [c for system in SYSTEMS for c in codes if c.system == system]
    return ranked[0] if ranked else None


def code_words(hypothesis: Hypothesis, *, short: bool) -> str:
    """ "ICD-10 J18.1", or the code alone; "no code" where there is none."""
    code = code_of(hypothesis.codes)
    if code is None:
        return tr("code unknown")
    return code.code if short else f"{code.system} {code.code}"


def percent(value: float) -> str:
    """ "71 %"; nothing is 0 or 100 %: "< 1 %" and "> 99 %" at the ends."""
    if 0 < value < 0.005:
        return "< 1 %"
    return "> 99 %" if value > 0.995 else f"{round(100 * value)} %"


def interval_words(interval: tuple[float, float]) -> str:
    """ "62–79"; like `percent` never certain: "93 – >99" (spaced: the font draws "–>" as an arrow)."""

    def end(value: float) -> str:
        return "<1" if 0 < value < 0.005 else ">99" if value > 0.995 else f"{round(100 * value)}"

    low, high = end(interval[0]), end(interval[1])
    return f"{low}–{high}" if (low + high).isdigit() else f"{low} – {high}"


def is_wide(interval: tuple[float, float]) -> bool:
    """Broader than 40 points."""
    return interval[1] - interval[0] > WIDE_INTERVAL


def source_words(hypothesis: Hypothesis, assessment: Assessment) -> str:
    """Sources of the evidence, of the knowledge, and the engine's version."""
    origins = dict.fromkeys(e.origin for e in counting((*hypothesis.evidence_for, *hypothesis.evidence_against)))
    engine = next((f"{v.name} {v.version}" for v in assessment.versions if v.name == hypothesis.engine), "")
    cites = [cite_words(c) for c in hypothesis.sources[:2]]
    parts = [
        ", ".join(tr(ORIGIN_WORDS[o]) for o in origins),
        "; ".join(cites),
        engine or engine_words(hypothesis.engine),
    ]
    return " · ".join(part or tr("unknown") for part in parts)


def _long_words(evidence: Evidence) -> str:
    return say(evidence.label) if is_silence(evidence) else evidence_words(evidence)


def _about(evidence: Evidence) -> str:
    """A chip's tooltip: the words where the chip has not room for all, the value, the weight, the source."""
    weight = f"{evidence.weight:+.2f}".replace("-", "−") if evidence.weight else tr("unknown")
    if not evidence.finding_id:
        return f"{say(evidence.label)}\n{tr('not assessed; {weight} if present', weight=weight)}"
    about = " · ".join(x for x in (detail_words(evidence.detail), weight, tr(ORIGIN_WORDS[evidence.origin])) if x)
    return f"{_long_words(evidence)}\n{about}"


def accessible(hypothesis: Hypothesis) -> str:
    """The whole sentence for screen readers."""
    low, high = (round(100 * x) for x in hypothesis.interval)
    return tr(
        "{name}, {p} percent, interval {low} to {high}",
        name=say(hypothesis.label),
        p=round(100 * hypothesis.probability),
        low=low,
        high=high,
    )


class Card(QFrame):
    """`acted(name, id)`: accept, reject, edit, explain; `chosen(id)` when clicked or focused."""

    acted = Signal(str, str)
    chosen = Signal(str)

    def __init__(
        self,
        rank: int,
        hypothesis: Hypothesis,
        assessment: Assessment,
        decision: Decision | None,
        *,
        opened: bool,
    ) -> None:
        super().__init__()
        surface(self, "")
        self.hypothesis, self._decision, self._assessment = hypothesis, decision, assessment
        self.opened = opened
        self._rank = rank
        self.setProperty("card", "true")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(accessible(hypothesis))
        self.buttons: dict[str, Button] = {}
        parts = [self._head(), self._bar()]
        if opened:
            parts += self._evidence()
            if say(hypothesis.note):
                parts.append(label(say(hypothesis.note), "caption", wrap=True))
            parts += [self._sources(), self._actions()]
        self.setLayout(column(*parts, gap=6 if opened else 2, margins=(9, 9 if opened else 8, 14, 10 if opened else 7)))

    def set_selected(self, selected: bool) -> None:
        """The blue bar at the left."""
        restyle(self, selected="true" if selected else "false")

    def set_enabled(self, enabled: bool, why: str = "") -> None:
        """Decisions are not possible on results that are out of date, or on a signed case."""
        for name in ("accept", "reject", "edit"):
            if name in self.buttons:
                self.buttons[name].setEnabled(enabled)
                self.buttons[name].setToolTip("" if enabled else tr(why))

    def _head(self) -> object:
        number = label(str(self._rank), "dense", "text.2")
        number.setFixedWidth(13)
        name = Elided(say(self.hypothesis.label), "text.1", 15 if self.opened else 13, 600 if self.opened else 500)
        items: list[object] = [number, name]
        if self.hypothesis.cant_miss:
            warning = Chip(tr("Can't miss"), "red", icon="shieldalert")
            warning.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            items.append(warning)
        self._code = Elided(code_words(self.hypothesis, short=not self.opened), "text.2", 12)
        return row(*items, None, self._code, gap=6)

    def _bar(self) -> object:
        h = self.hypothesis
        bar = ProbabilityBar(h.probability, h.interval, name=say(h.label))
        wide = is_wide(h.interval)
        if not self.opened:
            number = label(percent(h.probability), "strong", "amber" if wide else "")
            number.setFixedWidth(44)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            spread = label(interval_words(h.interval), "dense", "text.2")
            spread.setFixedWidth(max(42, paint.width(spread.text(), 12) + 8))
            spread.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            return row(19, bar, number, spread, Icon("chevr", "text.2", 14), gap=6)
        number = label(percent(h.probability), "number", "amber" if wide else "")
        words = tr("90 % interval {interval}", interval=interval_words(h.interval))
        spread = label(f"{words} · {tr('wide')}" if wide else words, "secondary")
        return row(bar, number, spread, gap=8)

    def _evidence(self) -> list[object]:
        h = self.hypothesis
        groups = (
            ("For", counting(h.evidence_for), "green", "+"),
            ("Against", counting(h.evidence_against), "red", "−"),
            ("Unknown", h.unknown, "unknown", "?"),
        )
        return [self._group(*group) for group in groups]

    def _group(self, title: str, items: tuple[Evidence, ...], tone: str, sign: str) -> object:
        head = label(tr(title), "dense", {"green": "green", "red": "red"}.get(tone, "text.2"))
        head.setFixedWidth(62)
        flow = FlowLayout()
        for evidence in items[:CHIPS_SHOWN]:
            made = Chip(evidence_words(evidence), "grey" if is_silence(evidence) else tone, sign=sign)
            made.setToolTip(_about(evidence))
            flow.addWidget(made)
        if len(items) > CHIPS_SHOWN:
            more = Chip(f"+{len(items) - CHIPS_SHOWN}", "plain")
            more.setToolTip("\n".join(_long_words(e) for e in items[CHIPS_SHOWN:]))
            flow.addWidget(more)
        if not items:
            flow.addWidget(label(tr("none"), "dense", "text.3"))
        holder = QWidget()
        holder.setLayout(flow)
        held = row(column(2, head, None, gap=0), holder, gap=0)
        held.setStretch(1, 1)
        return held

    def _sources(self) -> object:
        words = tr("Source: {words}", words=source_words(self.hypothesis, self._assessment))
        held = row(Icon("book", "text.2", 13), Elided(words, "text.2", 11), gap=7)
        held.setStretch(1, 1)
        return held

    def _actions(self) -> object:
        action = self._decision.action if self._decision else None
        looks = {
            "accept": ("Accept", "check", "green", Action.ACCEPT, "Accepted"),
            "reject": ("Reject…", "x", "red", Action.REJECT, "Rejected"),
            "edit": ("Edit", "edit", "", Action.EDIT, "Edited"),
        }
        for name, (words, icon, tone, when, done) in looks.items():
            chosen = action is when
            made = Button(done if chosen else words, icon, small=True, icon_tone=tone)
            made.setFixedHeight(26)
            made.set_state({"accept": "accepted", "reject": "rejected"}.get(name, "") if chosen else "")
            made.clicked.connect(lambda _c=False, name=name: self.acted.emit(name, self.hypothesis.id))
            made.setAccessibleName(f"{made.text()} {say(self.hypothesis.label)}")
            self.buttons[name] = made
        explain = Button("Explain", "layers", kind="link", small=True)
        explain.clicked.connect(lambda _c=False: self.acted.emit("explain", self.hypothesis.id))
        parts: list[object] = [*self.buttons.values()]
        if self._decision is not None:
            who = f"{self._decision.at[11:16]} {self._decision.user}"
            parts.append(Elided(" · ".join(x for x in (who, self._decision.text) if x), "text.3", 11))
        return row(*parts, None, explain, gap=6)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow column the code's system gives way to name and warning."""
        super().resizeEvent(event)
        words = code_words(self.hypothesis, short=not self.opened or self.width() < ROOM_FOR_SYSTEM)
        if words != self._code.words():
            self._code.set_words(words)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Choose."""
        self.chosen.emit(self.hypothesis.id)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tab shows where the focus is."""
        super().focusInEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the card, then its explanation; it never accepts."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.opened:
                self.acted.emit("explain", self.hypothesis.id)
            else:
                self.chosen.emit(self.hypothesis.id)
        else:
            super().keyPressEvent(event)
