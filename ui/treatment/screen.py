"""The Treatment page: options and changes, alerts and interactions, monitoring and the patient's summary."""

from PySide6.QtWidgets import QComboBox, QFrame, QSizePolicy, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from core.domain.case import Action, Case
from core.knowledge import drug_profiles
from ui.dialogs import REJECT_REASONS, ReasonDialog, TextDialog
from ui.explanation.screen import stacked
from ui.jobs import Lane
from ui.session import Session
from ui.theme.theme import surface
from ui.translate import bind, say, tr
from ui.treatment.alerts import Alerts
from ui.treatment.matrix import CellRows, MatrixView
from ui.treatment.options import ChangeLine, OptionCard
from ui.treatment.override import OverrideDialog
from ui.treatment.schedule import Legend, Schedule
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import band, clear, column, panel, row, scroll
from ui.widgets.panels import Icon, PanelHeader, Segmented, StatePanel
from ui.widgets.split import Columns
from ui.widgets.text import fixed, label


class Summary(QWidget):
    """A draft in plain words, in English, Chinese or both."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self._case: Case | None = None
        self.choice = Segmented((("en", "English"), ("zh", "中文"), ("both", "Both")), "both")
        self.header = PanelHeader("Summary for the patient", self.choice)
        self.text = label("", "read", wrap=True, select=True)
        self._copy = Button("Copy", "doc", on_click=self._to_clipboard)
        draft = Chip("", "amber", icon="edit")
        bind(draft, "set_words", "Draft, review first")
        feet = band(row(draft, None, self._copy, margins=(14, 0, 14, 0)), 44, "top")
        body = panel(column(self.text, None, margins=(16, 14, 16, 14)))
        self.setLayout(column(self.header, scroll(body), feet, gap=0))
        self.choice.chosen.connect(lambda _v: self._show())

    def show_case(self, case: Case) -> None:
        """Fill."""
        self._case = case
        self._show()

    def _show(self) -> None:
        summary = self._case.plan.summary if self._case and self._case.plan else None
        if summary is None or not summary.en:
            self.text.setText(tr("No summary for this plan."))
            return
        parts = {"en": (summary.en,), "zh": (summary.zh or summary.en,), "both": (summary.en, summary.zh)}
        self.text.setText("\n\n".join(x for x in parts[self.choice.value() or "both"] if x))

    def _to_clipboard(self) -> None:
        from PySide6.QtWidgets import QApplication

        QApplication.clipboard().setText(self.text.text())


class FollowUp(QWidget):
    """Monitoring grid and when to escalate."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self.header = PanelHeader("Monitoring and follow-up", Legend())
        self.schedule = Schedule()
        self._none = fixed("No monitoring is stated for this plan.", "secondary")
        self._box = QFrame()
        self._box.setProperty("surface", "raised")
        self._words = label("", "dense", wrap=True)
        head = row(Icon("flag", "red", 15), fixed("Escalate if", "strong"), None, gap=8)
        self._box.setLayout(column(head, self._words, gap=4, margins=(12, 9, 12, 10)))
        held = column(row(self._none, margins=(14, 8, 14, 0)), self.schedule, 8, row(self._box, margins=(14, 0, 14, 10)),
                      None, gap=0)  # fmt: skip
        self.setLayout(column(self.header, scroll(panel(held)), gap=0))

    def show_case(self, case: Case) -> None:
        """Fill."""
        plan = case.plan
        items = plan.monitoring if plan else ()
        self.schedule.show_items(items)
        self._none.setVisible(not items)
        escalate = plan.escalate if plan else ()
        self._box.setVisible(bool(escalate))
        self._words.setText("; ".join(say(words) for words in escalate))


class TreatmentPage(QWidget):
    """The plan for one hypothesis."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self, "app")
        self._case_id, self._session = case_id, session
        self._narrow = False
        self._tight = False
        self._opened = ""
        self.choice = QComboBox()
        self.choice.setFixedWidth(280)
        self.choice.view().setMinimumWidth(340)
        bind(self.choice, "setAccessibleName", "Diagnosis to treat")
        self.options_head = PanelHeader("Plan options", self.choice, height=38)
        self.changes_head = PanelHeader("Change current medicines")
        self._options, self._changes = QVBoxLayout(), QVBoxLayout()
        for layout in (self._options, self._changes):
            layout.setSpacing(0)
            layout.setContentsMargins(0, 0, 0, 0)
        self.alerts = Alerts()
        self.matrix, self.cells = MatrixView(), CellRows()
        self.matrix_head = PanelHeader("Interactions")
        self.follow_up, self.summary = FollowUp(), Summary()
        self._build()
        self._wire()

    def _build(self) -> None:
        body = panel(column(self._options, self.changes_head, self._changes, None, gap=0))
        left = panel(column(self.options_head, scroll(body), gap=0))
        matrix_box = panel(column(self.matrix, self.cells, None, gap=0, margins=(0, 8, 0, 8)))
        self.cells.hide()
        interactions = panel(column(self.matrix_head, scroll(matrix_box), gap=0))
        middle = stacked(self.alerts, interactions, (420, 380))
        self._right = stacked(self.follow_up, self.summary, (320, 460))
        for split in (middle, self._right):
            split.setStretchFactor(1, 1)  # a small window takes its height from both, not from the alerts alone
        self.columns = Columns("treatment", self._session.settings)
        self._tabs = QTabBar()
        self._left_stack = QStackedWidget()
        self._left_stack.addWidget(left)
        self._left_box = QWidget()
        self._left_box.setLayout(column(self._tabs, self._left_stack, gap=0))
        self._tabs.hide()
        self.columns.add(self._left_box, 508, 420, grows=False)
        self.columns.add(middle, 594, 460, grows=True)
        self.columns.add(self._right, 446, 360, grows=False)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.columns)
        self._stack.addWidget(StatePanel("pill", "No plan yet", "Run the analysis first."))
        self.setLayout(column(self._stack, gap=0))

    def _wire(self) -> None:
        self.choice.activated.connect(lambda _i: self._session.plan_for(self._case_id, str(self.choice.currentData())))
        self.alerts.acted.connect(self._alert)
        self.matrix.asked.connect(self.alerts.reveal)
        self.cells.activated.connect(lambda cell: self.alerts.reveal(cell.alert_id))
        self._tabs.currentChanged.connect(self._left_stack.setCurrentIndex)

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_case(self, case: Case) -> None:
        """Fill."""
        self._stack.setCurrentIndex(0 if case.plan else 1)
        if case.plan is None:
            return
        self._fill_choice(case)
        self.options_head.set_note(tr("{n} options", n=len(case.plan.options)))
        clear(self._options)
        ids = [o.id for o in case.plan.options]
        self._opened = self._opened if self._opened in ids else (ids[0] if ids else "")
        for rank, option in enumerate(case.plan.options, start=1):
            card = OptionCard(rank, option, case, opened=option.id == self._opened)
            card.acted.connect(self._option)
            self._options.addWidget(card)
        if not ids:
            self._options.addWidget(self._no_option(case))
        clear(self._changes)
        self.changes_head.set_note(str(len(case.plan.changes)))
        self.changes_head.setVisible(bool(case.plan.changes))
        for change in case.plan.changes:
            made = ChangeLine(change, case)
            made.acted.connect(self._change)
            self._changes.addWidget(made)
        self.alerts.show_case(case)
        self._fill_matrix(case)
        self.follow_up.show_case(case)
        self.summary.show_case(case)
        self._read_profiles()

    def _read_profiles(self) -> None:
        """Read the drugs' profiles beside the UI, once; the tooltips of the drugs follow."""
        if drug_profiles.ready() or self._session.jobs.running(self._case_id, "profiles"):
            return

        def done(_: object) -> None:
            case = self._session.cases.get(self._case_id)
            if case is not None:
                self.show_case(case)

        self._session.jobs.start(
            "Treatment", lambda _report: drug_profiles.load(), done, case_id=self._case_id, kind="profiles",
            lane=Lane.SHORT, quiet=True,
        )  # fmt: skip

    def _no_option(self, case: Case) -> QWidget:
        gaps = [say(gap) for gap in case.plan.gaps] if case.plan else []
        hint = "The tables hold no plan for it. Nothing is guessed."
        made = StatePanel("pill", "No option is known for this diagnosis", hint)
        if gaps:
            made.say(tr("No option is known for this diagnosis"), gaps[0])
        return made

    def _fill_choice(self, case: Case) -> None:
        assert case.plan is not None
        self.choice.clear()
        for h in case.assessment.hypotheses if case.assessment else ():
            self.choice.addItem(say(h.label), h.id)
        self.choice.setCurrentIndex(self.choice.findData(case.plan.hypothesis_id))

    def _fill_matrix(self, case: Case) -> None:
        matrix = case.plan.matrix if case.plan else None
        self.matrix.setVisible(matrix is not None and not self._tight)
        self.cells.setVisible(matrix is not None and self._tight)
        if matrix is None:
            self.matrix_head.set_note(tr("none known"))
            return
        words = tr(
            "{n} current, {m} proposed, {k} patient factors",
            n=len(matrix.current),
            m=len(matrix.proposed),
            k=len(matrix.factors),
        )
        self.matrix_head.set_note(words)
        self.matrix.show_matrix(matrix)
        self.cells.show_matrix(matrix)

    # -- doing -----------------------------------------------------------------------------------------------------

    def _option(self, name: str, option_id: str) -> None:
        case = self._session.cases[self._case_id]
        option = next((o for o in case.plan.options if o.id == option_id), None) if case.plan else None
        if option is None:
            return
        target = f"option:{option_id}"
        if name == "accept":
            self._session.decide(self._case_id, Action.ACCEPT, target)
        elif name == "reject":
            self._reject(target, say(option.label))
        else:
            doses = "; ".join(
                f"{say(d.name)} {say(d.patient_dose) if d.patient_dose else ''}".strip() for d in option.drugs
            )
            dialog = TextDialog("Edit dose", say(option.label), doses, self)
            if dialog.exec():
                self._session.decide(self._case_id, Action.EDIT, target, text=dialog.text.text().strip())

    def _reject(self, target: str, subject: str) -> None:
        dialog = ReasonDialog("Reject", subject, REJECT_REASONS, self)
        if dialog.exec():
            value = dialog.value()
            self._session.decide(self._case_id, Action.REJECT, target, reason=value["reason"], text=value["text"])

    def _change(self, name: str, medication_id: str) -> None:
        target = f"change:{medication_id}"
        if name == "accept":
            self._session.decide(self._case_id, Action.ACCEPT, target)
            return
        case = self._session.cases[self._case_id]
        changes = case.plan.changes if case.plan else ()
        found = next((c for c in changes if c.medication_id == medication_id), None)
        self._reject(target, say(found.title) if found else medication_id)

    def _alert(self, name: str, alert_id: str) -> None:
        case = self._session.cases[self._case_id]
        alert = next((a for a in case.plan.alerts if a.id == alert_id), None) if case.plan else None
        if alert is None:
            return
        target = f"alert:{alert_id}"
        if name == "noted":
            self._session.decide(self._case_id, Action.ACCEPT, target, reason="noted")
            return
        dialog = OverrideDialog(alert, self._session.user, self)
        if dialog.exec():
            self._session.decide(self._case_id, Action.OVERRIDE, target, **dialog.value())

    # -- size ------------------------------------------------------------------------------------------------------

    def fit(self, width: int) -> None:
        """Below 1440 the follow-up becomes a tab beside the plan; below 1300 the matrix a list."""
        narrow, tight = width < 1440, width <= 1300
        if tight != self._tight:
            self._tight = tight
            case = self._session.cases.get(self._case_id)
            if case is not None:
                self._fill_matrix(case)
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self._tabs.setVisible(narrow)
        if narrow:
            self._tabs.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            while self._tabs.count():
                self._tabs.removeTab(0)
            self._tabs.addTab(tr("Plan"))
            self._tabs.addTab(tr("Follow-up"))
            self._left_stack.addWidget(self._right)
        else:
            self._left_stack.setCurrentIndex(0)
            self.columns.addWidget(self._right)
        self._right.show()
