"""One open case: banner, page tabs, pages, and what the doctor does with it."""

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QStackedWidget, QWidget
from shiboken6 import isValid

from core.domain.assessment import NextStep
from core.domain.case import Action, Case, CaseStatus
from ui.case.banner import Banner
from ui.case.review import Review
from ui.dialogs import REJECT_REASONS, ReasonDialog, SignDialog, TextDialog
from ui.explanation.screen import ExplanationPage
from ui.jobs import Jobs
from ui.record.screen import RecordPage
from ui.report.audit import AuditPage
from ui.report.screen import ReportPage
from ui.session import SKIPPED, Session
from ui.slices import Slices
from ui.theme import icons
from ui.theme.theme import THEME, color
from ui.thumbnails import Thumbnails
from ui.translate import LANGUAGE, say, tr
from ui.treatment.screen import TreatmentPage
from ui.widgets import paint
from ui.widgets.button import Button, IconButton
from ui.widgets.chip import Chip
from ui.widgets.layout import band, column, line, row
from ui.widgets.panels import PanelHeader
from ui.widgets.text import Elided
from ui.words import range_look

AHEAD_MS = 600
"""Pages are made ahead when a case was left alone for this long."""
AT_ONCE = 40
PAGES = (
    ("review", "note", "Review"),
    ("record", "folder", "Record"),
    ("explanation", "layers", "Explanation"),
    ("treatment", "pill", "Treatment"),
    ("report", "doc", "Report"),
    ("audit", "shieldcheck", "Audit"),
)


def polished(page: QWidget, size: QSize) -> Iterator[str]:
    """Style and lay out a page that is not shown yet, a few widgets a step, then paint its parts once: the first painting
    of letters and icons takes longest."""
    page.resize(size)
    for i, widget in enumerate(page.findChildren(QWidget)):
        if isValid(widget):
            widget.ensurePolished()
        if i % AT_ONCE == AT_ONCE - 1:
            yield "polished"
    for part in page.findChildren(PanelHeader):
        if isValid(part) and isinstance(held := part.parentWidget(), QWidget):
            held.grab()
            yield "painted"


class PageTabs(QWidget):
    """The pages of a case, underlined."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.current = "review"
        self.with_icons = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(37)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def _width(self, words: str) -> int:
        return paint.width(words, 13, 600) + (48 if self.with_icons else 26)

    def sizeHint(self) -> QSize:
        """All pages."""
        return QSize(sum(self._width(tr(words)) for _key, _icon, words in PAGES), 37)

    def minimumSizeHint(self) -> QSize:
        """All pages."""
        return self.sizeHint()

    def _rects(self) -> list[tuple[str, str, str, QRect]]:
        x, made = 0, []
        for key, icon, words in PAGES:
            wide = self._width(tr(words))
            made.append((key, icon, tr(words), QRect(x, 0, wide, self.height())))
            x += wide
        return made

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        for key, icon, words, rect in self._rects():
            chosen = key == self.current
            tone = "text.1" if chosen else "text.2"
            x = rect.x() + 13
            if self.with_icons:
                icons.draw(painter, icon, tone, x, 11, 16)
                x += 22
            paint.text(painter, QRect(x, 0, rect.right() - x, 37), words, tone, weight=600 if chosen else 500)
            if chosen:
                painter.fillRect(rect.x(), 35, rect.width(), 2, color("accent"))
                if self.hasFocus():
                    paint.focus_ring(painter, rect.adjusted(2, 3, -2, -4))

    def select(self, key: str) -> None:
        """Choose without emitting."""
        self.current = key
        self.setAccessibleName(next(tr(words) for k, _icon, words in PAGES if k == key))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        x = int(event.position().x())
        found = next((key for key, _i, _w, rect in self._rects() if rect.left() <= x <= rect.right()), "")
        if found:
            self.chosen.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step:
            super().keyPressEvent(event)
            return
        names = [key for key, _icon, _words in PAGES]
        self.chosen.emit(names[(names.index(self.current) + step) % len(names)])


class Workspace(QWidget):
    """Everything about one open case."""

    def __init__(
        self, case_id: str, session: Session, jobs: Jobs, thumbnails: Thumbnails, slices: Slices | None = None
    ) -> None:
        super().__init__()
        self.case_id, self._session, self._jobs = case_id, session, jobs
        self.banner = Banner(session)
        self.tabs = PageTabs()
        self.review = Review(case_id, session)
        self._thumbnails = thumbnails
        self._slices = slices or Slices(self)
        self._ahead = QTimer(self)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(AHEAD_MS)
        self._ahead.timeout.connect(self.make_ahead)
        self.pages: dict[str, QWidget] = {"review": self.review}
        self._size = (1600, 1000)
        self._spoken = LANGUAGE.code
        self._shown: dict[str, tuple[Case, str, str]] = {}
        self._stack = QStackedWidget()
        self._stack.addWidget(self.review)
        self._build()
        self._wire()

    def _build(self) -> None:
        self._when = Elided("", "text.2", 12)
        self._range = Chip("", "green")
        self._rerun = Button("Re-run", "rotate", hint="F5", on_click=lambda: self.act("rerun"))
        self._rerun_icon = IconButton("rotate", "Re-run analysis", key="F5", on_click=lambda: self.act("rerun"))
        self._export = Button("Export", "download", on_click=lambda: self.act("export"))
        self._export_icon = IconButton("download", "Export", key="Ctrl+E", on_click=lambda: self.act("export"))
        self._sign = Button("Sign case…", "sign", kind="primary", on_click=lambda: self.act("sign"))
        buttons = (self._rerun, self._rerun_icon, self._export, self._export_icon, self._sign)
        head = row(self.tabs, None, self._when, self._range, line("v"), *buttons, gap=8, margins=(8, 0, 14, 0))
        strip = band(head, 38)
        self.setLayout(column(self.banner, strip, self._stack, gap=0))
        for part in (self.banner, strip, self.review):
            THEME.dress(part)
        self.layout().setStretch(2, 1)

    def _wire(self) -> None:
        self.tabs.chosen.connect(self.show_page)
        self.review.acted.connect(self.act_on)
        self.review.fact_asked.connect(self.show_fact)
        self.review.differential.working.connect(self._working)
        self.review.differential.next.planned.connect(self._plan_step)
        self.review.images.added.connect(self._add_files)
        LANGUAGE.changed.connect(self._retranslate)
        self._session.fetched.connect(self._fetched)

    def _fetched(self, case_id: str) -> None:
        if case_id == self.case_id:
            self.review.images.reload()

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_case(self, case: Case) -> None:
        """A new state of the case: banner, tabs, and the page on screen; other pages when they are shown."""
        self.banner.show_case(case)
        self._show_head(case)
        self._fill(self.tabs.current)
        self._ahead.start()

    def opening(self, case: Case, size: QSize) -> Iterator[str]:
        """Fill and lay out a case that is not shown yet, in small steps."""
        self.banner.show_case(case)
        self._show_head(case)
        yield "banner"
        outdated = self._session.outdated.get(self.case_id, "")
        yield from self.review.filling(case, outdated)
        self._shown["review"] = (case, outdated, LANGUAGE.code)
        self.resize(size)
        yield "size"
        yield from polished(self, size)

    def make_ahead(self) -> None:
        """Make the other pages in small steps while nothing else is asked for, so that each shows at once."""
        if self._jobs.busy():
            self._ahead.start()
        elif self.isVisible():
            self._slices.run(f"ahead {self.case_id}", self._making())

    def waits(self) -> bool:
        """Whether pages will still be made ahead."""
        return self._ahead.isActive()

    def _making(self) -> Iterator[str]:
        for name in ("record", "treatment", "explanation", "report"):
            if not self.isVisible():
                return
            page = self.page(name)
            yield name
            if not page.isVisible():
                self._fill(name)
                yield name
                yield from polished(page, self._stack.size())

    def _show_head(self, case: Case) -> None:
        assessment = case.assessment
        signed = case.status is CaseStatus.SIGNED
        words = ""
        if signed:
            words = tr("Signed {time} by {user}", time=case.signed_at[:16].replace("T", " "), user=case.signed_by)
        elif assessment is not None:
            models = len({v.name for v in assessment.versions})
            time, seconds = assessment.created_at[11:16], f"{assessment.seconds:.1f}"
            words = tr("Analysed {time} · {n} models and tables · {seconds} s", time=time, n=models, seconds=seconds)
        self._when.set_words(words)
        self._show_range(case)
        running = self._jobs.running(self.case_id, "analyse") is not None
        for made in (self._rerun, self._rerun_icon):
            made.setEnabled(not signed and not running)
        self._sign.setEnabled(not signed and assessment is not None)

    def _show_range(self, case: Case) -> None:
        self._range.setVisible(
            bool(case.predictions or case.refusals or (case.assessment and case.assessment.abstentions))
        )
        narrow = self.width() <= 1300
        if case.assessment and not case.assessment.hypotheses:
            self._range.set_tone("amber", "alert")
            self._range.set_words(tr("No estimate"))
        elif case.predictions:
            words, tone, icon = range_look(max(p.ood for p in case.predictions), short=narrow)
            self._range.set_tone(tone, icon)
            self._range.set_words(words)
        else:
            self._range.set_tone("amber", "alert")
            count = len(case.refusals) or len(case.assessment.abstentions if case.assessment else ())
            self._range.set_words(tr("{n} without estimate", n=count))

    def page(self, name: str) -> QWidget:
        """A page; made when it is first asked for, so that opening a case is quick."""
        if name not in self.pages:
            made: QWidget
            if name == "explanation":
                made = ExplanationPage(self.case_id, self._session, self._thumbnails)
                made.fit(self._size[0])
            elif name == "treatment":
                made = TreatmentPage(self.case_id, self._session)
                made.fit(self._size[0])
            elif name == "record":
                made = RecordPage(self.case_id, self._session)
                made.fit(self._size[0])
            elif name == "report":
                made = ReportPage(self.case_id, self._session)
            else:
                made = AuditPage(self.case_id, self._session)
            self.pages[name] = made
            THEME.dress(made)
            self._stack.addWidget(made)
        return self.pages[name]

    def show_page(self, name: str) -> None:
        """review, record, explanation, treatment, report or audit."""
        self.tabs.select(name)
        self._fill(name)
        THEME.catch_up(self.page(name))
        self._stack.setCurrentWidget(self.page(name))

    def show_fact(self, fact_id: str) -> None:
        """The Record page with one fact chosen."""
        self.show_page("record")
        page = self.page("record")
        assert isinstance(page, RecordPage)
        page.open(fact_id)

    def find(self) -> None:
        """Search in this record."""
        self.show_page("record")
        page = self.page("record")
        assert isinstance(page, RecordPage)
        page.focus_search()

    def _fill(self, name: str) -> None:
        case = self._session.cases.get(self.case_id)
        if case is None:
            return
        outdated = self._session.outdated.get(self.case_id, "")
        state = (case, outdated, LANGUAGE.code)
        if name != "audit" and self._shown.get(name) == state:
            return
        self._shown[name] = state
        page = self.page(name)
        if isinstance(page, Review):
            page.show_case(case, outdated)
        elif isinstance(page, ExplanationPage):
            page.show_case(case, self.review.differential.selected)
        elif isinstance(page, RecordPage | TreatmentPage | ReportPage | AuditPage):
            page.show_case(case)

    def _retranslate(self) -> None:
        self._spoken = LANGUAGE.code if self.isVisible() else ""
        case = self._session.cases.get(self.case_id)
        if case is not None and self._spoken:
            self.show_case(case)
            self.tabs.updateGeometry()
            self.tabs.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with a change of language meanwhile."""
        super().showEvent(event)
        if self._spoken != LANGUAGE.code:
            self._retranslate()

    # -- doing -----------------------------------------------------------------------------------------------------

    def act(self, name: str) -> None:
        """An action of the key map or of a button."""
        selected = self.review.differential.selected
        match name:
            case "rerun":
                self._session.analyse(self.case_id)
            case "accept" | "reject" | "edit":
                if selected and self.review.differential.isVisible():
                    self.act_on(name, selected)
            case "plan_step":
                step = self.review.differential.next.current()
                if step is not None:
                    self._plan_step(step)
            case "undo":
                self._undo()
            case "sign":
                self._ask_sign()
            case "export":
                self.export()

    def act_on(self, name: str, hypothesis_id: str) -> None:
        """Accept, reject, edit or explain a hypothesis."""
        case = self._session.cases[self.case_id]
        found = (
            next((h for h in case.assessment.hypotheses if h.id == hypothesis_id), None) if case.assessment else None
        )
        if found is None or (case.status is CaseStatus.SIGNED and name != "explain"):
            return
        target = f"hypothesis:{hypothesis_id}"
        if name == "accept":
            self._session.decide(self.case_id, Action.ACCEPT, target)
        elif name == "explain":
            self.review.differential.select(hypothesis_id)
            self._shown.pop("explanation", None)
            self.show_page("explanation")
        elif name == "reject":
            dialog = ReasonDialog("Reject", say(found.label), REJECT_REASONS, self)
            if dialog.exec():
                value = dialog.value()
                self._session.decide(self.case_id, Action.REJECT, target, reason=value["reason"], text=value["text"])
        else:
            edit = TextDialog("Edit", tr("Diagnosis in your words"), say(found.label), self)
            if edit.exec():
                self._session.decide(self.case_id, Action.EDIT, target, text=edit.text.text().strip())

    def _working(self, words: str) -> None:
        if words:
            self._session.decide(self.case_id, Action.WORKING_DIAGNOSIS, "case", text=words)
        else:
            self._session.decide(self.case_id, Action.WORKING_DIAGNOSIS, "case", text=SKIPPED, reason=SKIPPED)

    def _plan_step(self, step: NextStep) -> None:
        self._session.decide(self.case_id, Action.PLAN_STEP, f"step:{step.code.code}", text=say(step.label))

    def _undo(self) -> None:
        """In the viewer the last mark, elsewhere the last decision."""
        if not self.review.images.undo_mark():
            self._session.undo(self.case_id)

    def _ask_sign(self) -> None:
        case = self._session.cases[self.case_id]
        if case.status is CaseStatus.SIGNED or case.assessment is None:
            return
        dialog = SignDialog(self._session, case.record.patient.name or tr("Unnamed patient"), self)
        if dialog.exec():
            self._session.sign(self.case_id, dialog.pin.text())

    def export(self) -> None:
        """Ask where, write the PDF."""
        case = self._session.cases.get(self.case_id)
        if case is not None:
            report = self.page("report")
            assert isinstance(report, ReportPage)
            report.choose_case(case)
            report.export("pdf")

    def _add_files(self) -> None:
        names, _kind = QFileDialog.getOpenFileNames(self, tr("Import records and images"))
        if names:
            self._session.import_paths([Path(name) for name in names])

    # -- size ------------------------------------------------------------------------------------------------------

    def fit(self, width: int, height: int) -> None:
        """What gives way on narrow and low windows."""
        self._size = (width, height)
        roomy = width > 1300
        for made in (self._rerun, self._export):
            made.setVisible(roomy)
        for made in (self._rerun_icon, self._export_icon):
            made.setVisible(not roomy)
        self._when.setVisible(roomy)
        self.tabs.with_icons = width > 1100
        self.tabs.updateGeometry()
        self.review.fit(width, height)
        for page in self.pages.values():
            if isinstance(page, ExplanationPage | RecordPage | TreatmentPage):
                page.fit(width)
        case = self._session.cases.get(self.case_id)
        if case is not None:
            self._show_range(case)

    def panels(self) -> list[QWidget]:
        """The parts F6 moves between."""
        page = self.page(self.tabs.current)
        parts = page.panels() if isinstance(page, Review) else page.findChildren(PanelHeader)
        places = parts if isinstance(page, Review) else [p for h in parts if (p := h.parentWidget()) is not None]
        return [self.tabs, *(places or [page])]

    def stop(self) -> None:
        """The case was closed."""
        self._ahead.stop()
        self._slices.drop(f"ahead {self.case_id}")
        self.review.images.stop()
