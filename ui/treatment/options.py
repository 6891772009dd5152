"""Plan options as cards, and the changes to current medicines."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from core.domain.case import Action, Case, CaseStatus, Decision
from core.domain.plan import DrugDose, GeneNote, MedicineChange, PlanOption, Tier
from core.knowledge import drug_profiles
from core.store.decisions import standing
from ui.theme.theme import restyle, surface
from ui.translate import say, tr
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import FlowLayout, column, line, row
from ui.widgets.panels import Icon
from ui.widgets.text import Elided, label
from ui.words import cite_words, line_words

CHANGE_ICONS = {"gene": ("dna", "violet"), "renal": ("scale", "amber"), "interaction": ("alert", "amber")}


REASON_TONES = {1: "green", 0: "grey", -1: "red"}


def last_decision(case: Case, target: str) -> Decision | None:
    """The last decision about a target."""
    return next((d for d in reversed(standing(case)) if d.target == target), None)


def dose_cell(dose: DrugDose) -> QWidget:
    """The dose for this patient, or the field to fill. Its inputs are printed with it."""
    parts: list[QWidget] = []
    if dose.patient_dose is not None:
        parts.append(label(say(dose.patient_dose), "strong", wrap=True))
    else:
        asked = ", ".join(say(a) for a in dose.ask) or tr("an input is missing")
        parts.append(label(tr("No dose: {fields}", fields=asked), "medium", "amber", wrap=True))
    if say(dose.adjustment):
        parts.append(label(say(dose.adjustment), "secondary", wrap=True))
    inputs = []
    for item in dose.inputs:
        if item.quantity is None:
            continue
        old = f" ({tr('older than 7 days')})" if item.stale else ""
        inputs.append(f"{say(item.name)} {item.quantity.value:g} {item.quantity.unit} {item.time[:10]}{old}".strip())
    if inputs:
        parts.append(label("; ".join(inputs), "caption", wrap=True))
    if say(dose.duration):
        parts.append(label(say(dose.duration), "caption", wrap=True))
    holder = QWidget()
    holder.setLayout(column(*parts, gap=1))
    return holder


def drug_cell(dose: DrugDose) -> QWidget:
    """The drug's name; its profile (kidney, liver, pregnancy, breast-feeding, QT) as a tooltip, unknown said as such."""
    made = label(say(dose.name), "strong", wrap=True)
    if drug_profiles.ready() and dose.drug in drug_profiles.load().by_drug:
        made.setToolTip(f"{say(dose.name)}\n{say(drug_profiles.described(dose.drug))}")
    return made


def gene_line(note: GeneNote) -> QWidget:
    """A gene result and what it means, with CPIC's level and strength where it is graded."""
    said = label(f"{', '.join(say(one) for one in note.results)}: {say(note.advice)}", "secondary", wrap=True)
    tone = "red" if note.tier is Tier.STOP else "amber" if note.tier is Tier.CAUTION else "info"
    graded = (
        tr("CPIC {level}, {strength}", level=note.level, strength=tr(note.strength)) if note.level else tr("not graded")
    )
    chip = Chip(graded, tone)
    chip.setToolTip(cite_words(note.source))
    held = row(Icon("dna", "violet", 15), said, chip, gap=7)
    held.setStretch(1, 1)
    holder = QWidget()
    holder.setLayout(held)
    return holder


class OptionCard(QFrame):
    """`acted(name, option id)`: accept, reject, edit."""

    acted = Signal(str, str)

    def __init__(self, rank: int, option: PlanOption, case: Case, *, opened: bool) -> None:
        super().__init__()
        surface(self, "")
        self.option = option
        self.setProperty("card", "true")
        self.setProperty("selected", "true" if opened and not option.stopped else "false")
        self.setProperty("blocked", "true" if option.stopped else "false")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        decision = last_decision(case, f"option:{option.id}")
        parts: list[object] = [self._head(rank, case, opened)]
        if option.stopped:
            parts += [self._reasons(), *(gene_line(note) for note in option.genes)]
        else:
            if opened and say(option.indication):
                parts.append(label(say(option.indication), "secondary", wrap=True))
            parts += [self._doses(), self._reasons()]
            parts += [gene_line(note) for note in option.genes]
            for words in option.non_drug[:4]:
                parts.append(row(Icon("check", "text.3", 13), label(say(words), "secondary", wrap=True), None, gap=6))
            parts.append(self._sources())
            parts.append(self._actions(decision, signed=case.status is CaseStatus.SIGNED))
        self.setLayout(column(*parts, gap=7, margins=(11, 10, 14, 10)))
        state = tr("Stopped") if option.stopped else tr("fit {fit}", fit=f"{option.fit:.2f}")
        self.setAccessibleName(f"{rank}. {say(option.label)}, {state}")

    def _head(self, rank: int, case: Case, opened: bool) -> object:
        number = label(str(rank), "dense", "text.2")
        name = Elided(say(self.option.label), "text.2" if self.option.stopped else "text.1", 15 if opened else 13, 600)
        badge: list[object] = []
        cautions = 0
        if case.plan is not None:
            tiers = {a.id: a.tier for a in case.plan.alerts}
            cautions = sum(tiers.get(i) is Tier.CAUTION for i in self.option.alert_ids)
        if self.option.stopped:
            badge = [Chip(tr("Stopped"), "red", icon="stop", solid=True)]
        elif rank == 1 and not cautions:
            badge = [Chip(tr("Best fit"), "green")]
        elif cautions:
            badge = [Chip(tr("{n} cautions", n=cautions) if cautions > 1 else tr("1 caution"), "amber", icon="alert")]
        return row(number, name, None, *badge, gap=8)

    def _doses(self) -> object:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(7)
        grid.setContentsMargins(0, 0, 0, 0)
        for j, words in enumerate(("Drug", "Usual dose", "For this patient")):
            grid.addWidget(label(tr(words), "caption"), 0, j)
        for i, dose in enumerate(self.option.drugs):
            at = 2 * i + 1
            grid.addWidget(line(), at, 0, 1, 3)
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(drug_cell(dose), at + 1, 0, top)
            grid.addWidget(label(say(dose.usual), "dense", "text.2", wrap=True), at + 1, 1, top)
            grid.addWidget(dose_cell(dose), at + 1, 2, top)
        for j, stretch in enumerate((3, 4, 6)):
            grid.setColumnStretch(j, stretch)
        return grid

    def _reasons(self) -> QWidget:
        flow = FlowLayout()
        for reason in self.option.reasons:
            tone = "unknown" if reason.unknown else REASON_TONES[(reason.weight > 0) - (reason.weight < 0)]
            signs = {"unknown": "?", "green": "+", "red": "−", "grey": "·"}
            made = Chip(say(reason.label), tone, sign=signs[tone])
            made.setToolTip(f"{say(reason.label)} {reason.weight:+.2f}")
            flow.addWidget(made)
        holder = QWidget()
        holder.setLayout(flow)
        return holder

    def _sources(self) -> object:
        cites = "; ".join(cite_words(c) for c in self.option.sources[:2]) or tr("unknown")
        words = Elided(" · ".join(x for x in (line_words(self.option.line), cites) if x), "text.2", 11)
        held = row(Icon("book", "text.2", 13), words, gap=7)
        held.setStretch(1, 1)
        return held

    def _actions(self, decision: Decision | None, *, signed: bool) -> object:
        action = decision.action if decision else None
        looks = {
            "accept": ("Accept", "check", "green", Action.ACCEPT, "Accepted"),
            "reject": ("Reject…", "x", "red", Action.REJECT, "Rejected"),
            "edit": ("Edit dose", "edit", "", Action.EDIT, "Edited"),
        }
        buttons = []
        for name, (words, icon, tone, when, done) in looks.items():
            made = Button(done if action is when else words, icon, small=True, icon_tone=tone)
            made.setFixedHeight(26)
            states = {"accept": "accepted", "reject": "rejected"}
            made.set_state(states.get(name, "") if action is when else "")
            made.setEnabled(not signed)
            made.clicked.connect(lambda _c=False, name=name: self.acted.emit(name, self.option.id))
            buttons.append(made)
        low, high = self.option.interval
        fit = tr("fit {fit}, interval {low}–{high}", fit=f"{self.option.fit:.2f}", low=f"{low:.2f}", high=f"{high:.2f}")
        return row(*buttons, None, label(fit, "secondary"), gap=6)

    def set_selected(self, selected: bool) -> None:
        """The blue bar at the left."""
        restyle(self, selected="true" if selected else "false")


class ChangeLine(QFrame):
    """A change to a current medicine: agree or not."""

    acted = Signal(str, str)

    def __init__(self, change: MedicineChange, case: Case) -> None:
        super().__init__()
        self.setProperty("band", "bottom")
        icon, tone = CHANGE_ICONS.get(change.kind, ("pill", "accent"))
        cite = cite_words(change.source)
        words = column(
            label(say(change.title), "medium", wrap=True),
            label(" · ".join(x for x in (say(change.detail), cite) if x), "caption", wrap=True),
            gap=1,
        )
        decision = last_decision(case, f"change:{change.medication_id}")
        buttons = []
        looks = (("accept", "check", "green", Action.ACCEPT), ("reject", "x", "red", Action.REJECT))
        for name, image, colour, when in looks:
            made = Button("", image, small=True, icon_tone=colour)
            made.setFixedWidth(30)
            made.setAccessibleName(f"{tr('Accept') if name == 'accept' else tr('Reject')}: {say(change.title)}")
            made.set_state(f"{name}ed" if decision and decision.action is when else "")
            made.setEnabled(case.status is not CaseStatus.SIGNED)
            made.clicked.connect(lambda _c=False, name=name: self.acted.emit(name, change.medication_id))
            buttons.append(made)
        held = row(Icon(icon, tone, 17), words, *buttons, gap=10, margins=(14, 8, 14, 8))
        held.setStretch(1, 1)
        self.setLayout(held)
