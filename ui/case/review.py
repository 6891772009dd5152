"""The Review page: record, images or note or findings, differential."""

from collections.abc import Iterator

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QWidget

from core.domain.assessment import NextStep
from core.domain.case import Case
from core.domain.finding import Status
from ui.case.differential import Differential
from ui.case.findings import FindingsPane
from ui.case.health import HealthPane
from ui.case.images import ImagePane
from ui.case.notes import NotePane
from ui.case.record import RecordColumn
from ui.frame.tabs import Tab, TabStrip
from ui.session import Session
from ui.theme.theme import surface
from ui.translate import tr
from ui.widgets.button import IconButton
from ui.widgets.layout import band, column, row
from ui.widgets.split import Columns

PANES = ("images", "note", "findings", "health")
DRAWER = 44
DRAWER_WIDTH = 340
SECTIONS = (("clock", "Timeline"), ("list", "Problems"), ("pill", "Medicines"), ("flask", "Labs and vitals"))


class Drawer(QFrame):
    """On narrow windows: icons that open the record over the viewer."""

    asked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self.setFixedWidth(DRAWER)
        self.buttons = [
            IconButton(icon, name, size=36, on_click=lambda i=i: self.asked.emit(i))
            for i, (icon, name) in enumerate(SECTIONS)
        ]
        self.setLayout(column(*self.buttons, None, gap=6, margins=(4, 10, 4, 10)))

    def show_counts(self, medicines: int, labs: int) -> None:
        """Badges: medicines to check, abnormal values."""
        self.buttons[2].set_badge(medicines)
        self.buttons[3].set_badge(labs)


class Review(QWidget):
    """Three columns; `acted(name, hypothesis id)` from the cards."""

    acted = Signal(str, str)
    fact_asked = Signal(str)
    """A line of the record column was chosen: its fact's id."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        self._case_id, self._session = case_id, session
        self.record, self.drawer = RecordColumn(), Drawer()
        self.images = ImagePane(case_id, session)
        self.notes = NotePane(case_id, session)
        self.findings = FindingsPane(case_id, session)
        self.health = HealthPane(case_id, session)
        self.differential = Differential()
        self._tabs = TabStrip()
        self._panes = QStackedWidget()
        for pane in (self.images, self.notes, self.findings, self.health):
            self._panes.addWidget(pane)
        self._chosen = False
        self._narrow = False
        self._build()
        self._wire()

    def _build(self) -> None:
        centre = QWidget()
        self._tabs.setFixedHeight(34)
        centre.setLayout(column(band(row(self._tabs, None, margins=(6, 0, 6, 0)), 35, name="app"), self._panes, gap=0))
        self.columns = Columns("case", self._session.settings)
        self.columns.add(self.record, 340, 300, grows=False)
        self.columns.add(centre, 738, 460, grows=True)
        self.columns.add(self.differential, 470, 380, grows=False)
        self.drawer.hide()
        held = row(self.drawer, self.columns, gap=0)
        held.setStretch(1, 1)
        self.setLayout(held)

    def _wire(self) -> None:
        self._tabs.chosen.connect(self.show_pane)
        self.record.asked.connect(self._open)
        self.record.fact_asked.connect(self.fact_asked)
        self.drawer.asked.connect(self._open_drawer)
        self.findings.asked.connect(self._show_place)
        self.differential.acted.connect(self.acted)
        self.differential.rerun.connect(lambda: self._session.analyse(self._case_id))
        self.differential.next.answered.connect(self._answered)

    # -- panes -----------------------------------------------------------------------------------------------------

    def show_pane(self, name: str) -> None:
        """images, note, findings or health."""
        self._chosen = True
        self._panes.setCurrentIndex(PANES.index(name))
        self._show_tabs()

    def _show_tabs(self) -> None:
        case = self._session.cases.get(self._case_id)
        if case is None:
            return
        current = PANES[self._panes.currentIndex()]
        tabs = (
            Tab("images", tr("Images {n}", n=len(case.images)), "xray"),
            Tab("note", tr("Notes {n}", n=len(case.record.notes)), "doc"),
            Tab("findings", tr("Findings {n}", n=len(case.findings)), "list"),
            Tab("health", tr("Health"), "heart"),
        )
        self._tabs.set_tabs(tabs, current)

    def _open(self, target: str) -> None:
        kind, _, name = target.partition(":")
        if kind == "note":
            self.show_pane("note")
            self.notes.choose(name)
        elif kind == "image":
            self.show_pane("images")
            case = self._session.cases[self._case_id]
            ref = next((i for i in case.images if i.id == name), None)
            if ref is not None:
                self.images.viewer.show_image(ref)
        self._close_drawer()

    def _show_place(self, note_id: str, start: int, end: int) -> None:
        self.show_pane("note")
        self.notes.choose(note_id, start, end)

    def _answered(self, step: NextStep, status: Status) -> None:
        self.findings.state(step.code, step.label, (), status)

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_case(self, case: Case, outdated: str) -> None:
        """Fill all panes."""
        for _step in self.filling(case, outdated):
            pass

    def filling(self, case: Case, outdated: str) -> Iterator[str]:
        """The same, a pane a step."""
        self.record.show_case(case)
        self.drawer.show_counts(*self.record.counts())
        yield "record"
        self.differential.show_case(case, outdated)
        yield "differential"
        if case.images:
            self.images.viewer  # noqa: B018  making it takes as long as all the rest
            yield "viewer"
        self.images.show_case(case)
        yield "images"
        self.notes.show_case(case)
        self.findings.show_case(case)
        yield "findings"
        self.health.show_case(case)
        if not self._chosen:
            self._panes.setCurrentIndex(0 if case.images else 1)
        self._show_tabs()

    def panels(self) -> list[QWidget]:
        """The parts F6 moves between."""
        return [self.drawer, self.record, self._tabs, self._panes, self.differential]

    # -- narrow windows --------------------------------------------------------------------------------------------

    def fit(self, width: int, height: int) -> None:
        """Below 1366 the record becomes a drawer."""
        narrow = width < 1366
        self.differential.fit(width, height)
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self.drawer.setVisible(narrow)
        if narrow:
            self.record.setParent(self)
            self.record.hide()
            self.columns.give(1, 410)
        else:
            self.record.setParent(None)
            self.columns.insertWidget(0, self.record)
            self.record.show()

    def _open_drawer(self, section: int) -> None:
        if self.record.isVisible():
            self._close_drawer()
            return
        self.record.setGeometry(DRAWER, 0, DRAWER_WIDTH, self.height())
        self.record.raise_()
        self.record.show()
        self.record.section(section).head.setFocus()
        self.record.installEventFilter(self)

    def _close_drawer(self) -> None:
        if self._narrow:
            self.record.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc closes the drawer."""
        from PySide6.QtGui import QKeyEvent

        if watched is self.record and isinstance(event, QKeyEvent) and event.text() == "\x1b":
            self._close_drawer()
            return True
        return super().eventFilter(watched, event)
