"""Safety alerts in three tiers. Stop blocks, Caution asks, Info is silent and folded."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from core.domain.case import Case, CaseStatus
from core.domain.plan import Alert, Tier
from ui.theme.theme import surface
from ui.translate import say, tr
from ui.treatment.matrix import TIER_LOOK
from ui.treatment.options import last_decision
from ui.treatment.override import reason_words
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import clear, column, panel, row, scroll
from ui.widgets.panels import Icon, PanelHeader, StatePanel, link
from ui.widgets.text import label
from ui.words import cite_words

TITLE = {Tier.STOP: "Stop: {title}", Tier.CAUTION: "Caution: {title}", Tier.INFO: "Info: {title}"}
CAUTIONS_SHOWN, INFOS_SHOWN = 6, 2


class AlertCard(QFrame):
    """`acted(name, alert id)`: override, review, noted."""

    acted = Signal(str, str)

    def __init__(self, alert: Alert, case: Case) -> None:
        super().__init__()
        icon, tone = TIER_LOOK[alert.tier]
        self.alert = alert
        self.setProperty("alert", tone)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        title = tr(TITLE[alert.tier], title=say(alert.title))
        cite = cite_words(alert.source)
        detail = " · ".join(x for x in (say(alert.detail), cite, alert.rule_id) if x)
        parts = [label(title, "strong", wrap=True), label(detail, "caption", wrap=True)]
        if say(alert.action) and alert.tier is not Tier.INFO:
            parts.append(label(say(alert.action), "secondary", wrap=True))
        decision = last_decision(case, f"alert:{alert.id}")
        if decision is not None:
            reason = " — ".join(part for part in (reason_words(decision.reason), decision.text) if part)
            who = " + ".join(part for part in (decision.user, decision.second_user) if part)
            words = f"{tr(decision.action.capitalize())} · {decision.at[11:16]} {who} · {reason}"
            parts.append(label(words, "secondary", tone, wrap=True))
        held = row(column(1, Icon(icon, tone, 17), None, gap=0), column(*parts, gap=2), gap=10, margins=(12, 9, 12, 9))
        held.setStretch(1, 1)
        if decision is None and case.status is not CaseStatus.SIGNED:
            held.addWidget(self._button(alert))
        self.setLayout(held)
        self.setAccessibleName(f"{title}. {detail}")

    def _button(self, alert: Alert) -> Button:
        looks = {
            Tier.STOP: ("Override with reason…", "danger", "override"),
            Tier.CAUTION: ("Review", "", "review"),
            Tier.INFO: ("Noted", "", "noted"),
        }
        words, kind, name = looks[alert.tier]
        made = Button(words, kind=kind, small=True)
        made.clicked.connect(lambda _c=False: self.acted.emit(name, alert.id))
        return made


def grouped(alerts: tuple[Alert, ...]) -> list[Alert]:
    """One alert for each group of the same tier, Stop first."""
    seen: dict[tuple[str, str], Alert] = {}
    for alert in alerts:
        seen.setdefault((alert.tier, alert.group or alert.id), alert)
    return sorted(seen.values(), key=lambda a: list(Tier).index(a.tier))


class Alerts(QWidget):
    """Header with both counts, cards, and what is folded."""

    acted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self._case: Case | None = None
        self._unfolded = False
        self._chips = {
            Tier.STOP: Chip("", "red", icon="stop", solid=True),
            Tier.CAUTION: Chip("", "amber", icon="alert"),
            Tier.INFO: Chip("", "info", icon="info"),
        }
        self.header = PanelHeader("Safety alerts", *self._chips.values())
        self._body = QVBoxLayout()
        self._body.setSpacing(6)
        self._body.setContentsMargins(12, 10, 12, 10)
        self._scroll = scroll(panel(self._body))
        self.setLayout(column(self.header, self._scroll, gap=0))

    def show_case(self, case: Case) -> None:
        """Fill."""
        self._case = case
        alerts = case.plan.alerts if case.plan else ()
        shown = grouped(alerts)
        self.header.set_note(tr("{n} findings grouped into {m} alerts", n=len(alerts), m=len(shown)))
        words = {Tier.STOP: "Stop {n}", Tier.CAUTION: "Caution {n}", Tier.INFO: "Info {n}"}
        for tier, made in self._chips.items():
            count = sum(a.tier is tier for a in shown)
            made.set_words(tr(words[tier], n=count))
            made.setVisible(count > 0)
        clear(self._body)
        visible = self._visible(shown)
        for alert in visible:
            card = AlertCard(alert, case)
            card.acted.connect(self.acted)
            self._body.addWidget(card)
        if len(visible) < len(shown):
            more = link("Show all", self._unfold)
            more.setText(tr("Show {n} more", n=len(shown) - len(visible)))
            self._body.addLayout(row(more, None))
        if not shown:
            hint = "No rule of the tables fired for this patient's medicines."
            self._body.addWidget(StatePanel("shieldcheck", "No alert", hint))
        for gap in case.plan.gaps if case.plan else ():
            words_label = label(say(gap), "secondary", wrap=True)
            held = row(column(2, Icon("help", "text.3", 14), None, gap=0), words_label, gap=8)
            held.setStretch(1, 1)
            self._body.addLayout(held)
        self._body.addStretch(1)

    def _visible(self, shown: list[Alert]) -> list[Alert]:
        if self._unfolded:
            return shown
        stops = [a for a in shown if a.tier is Tier.STOP]
        cautions = [a for a in shown if a.tier is Tier.CAUTION][:CAUTIONS_SHOWN]
        return [*stops, *cautions, *[a for a in shown if a.tier is Tier.INFO][:INFOS_SHOWN]]

    def _unfold(self) -> None:
        self._unfolded = True
        if self._case is not None:
            self.show_case(self._case)

    def reveal(self, alert_id: str) -> None:
        """Scroll to an alert and focus it."""
        self._unfold()
        for i in range(self._body.count()):
            item = self._body.itemAt(i)
            widget = item.widget() if item else None
            if isinstance(widget, AlertCard) and widget.alert.id == alert_id:
                widget.setFocus()
                self._scroll.ensureWidgetVisible(widget)


__all__ = ["AlertCard", "Alerts", "grouped"]
