"""The Models page: packs installed here with what they reached, the pack chosen in full, and the fine-tune wizard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QMessageBox, QSplitter, QStackedWidget, QWidget

from core.domain.case import Case
from core.progress import Report
from core.store.users import Permission
from ui.jobs import Jobs
from ui.models.detail import SIGNED_LOOK, Detail
from ui.models.import_dialog import ImportDialog
from ui.models.lines import TASK_WORDS, PackLine, read_packs
from ui.models.site_panel import SiteCalibrations
from ui.models.tune import FineTune
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import color, surface
from ui.translate import LANGUAGE, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.search import SearchField
from ui.widgets.split import Columns
from ui.widgets.text import fixed

__all__ = ["Models", "read_packs"]
COLUMNS = ("Model and task", "Version", "Licence", "Main measure, 95 % interval", "ECE", "Signature", "Size", "State")
_WIDE = (0.275, 0.075, 0.12, 0.205, 0.065, 0.105, 0.075, 0.08)
_NARROW = (0.27, 0.08, 0.0, 0.25, 0.08, 0.12, 0.1, 0.1)
"""Shares of the width; a narrow list leaves the licence to the card."""
_NARROW_PX = 760


def places(width: int) -> list[tuple[int, int]]:
    """Left edge and width of each column."""
    found, at = [], 0
    for share in _WIDE if width >= _NARROW_PX else _NARROW:
        found.append((at, int(share * width)))
        at += int(share * width)
    return found


class Heads(QWidget):
    """The names of the columns."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(28)

    def paintEvent(self, _event: object) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("bg.raised"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, color("line.strong"))
        for (x, wide), name in zip(places(self.width() - 28), COLUMNS, strict=True):
            if wide:
                paint.text(painter, QRect(14 + x, 0, wide - 6, 27), tr(name), "text.2", px=11, weight=500)


class PackRows(PaintedRows):
    """Name and task, version, licence, main measure, calibration error, signature, size, state."""

    def __init__(self) -> None:
        super().__init__(42, 14)
        self.padding = 0
        self.selected = ""

    def paint_row(self, painter: QPainter, rect: QRect, row: PackLine) -> None:
        """Draw a row."""
        if row.id == self.selected:
            painter.fillRect(rect.adjusted(-14, 0, 14, -1), color("bg.selected"))
        painter.fillRect(rect.x() - 14, rect.bottom(), rect.width() + 28, 1, color("line.subtle"))
        y = rect.y()
        at = [(rect.x() + x, wide - 8) for x, wide in places(rect.width())]
        paint.text(painter, QRect(at[0][0], y + 4, at[0][1], 18), row.name, weight=500)
        task = tr(TASK_WORDS.get(row.task, row.task))
        paint.text(painter, QRect(at[0][0], y + 22, at[0][1], 15), f"{row.id} · {task}", "text.2", px=11)
        paint.text(painter, QRect(at[1][0], y, at[1][1], 42), row.version, px=12)
        if at[2][1] > 0:
            paint.text(painter, QRect(at[2][0], y, at[2][1], 42), row.licence or tr("unknown"), "text.2", px=12)
        self._main(painter, QRect(at[3][0], y, at[3][1], 42), row)
        ece = "—" if row.ece is None else f"{row.ece:.3f}"
        tone = "amber" if row.ece is not None and row.ece > 0.05 else "text.1"
        paint.text(painter, QRect(at[4][0], y, at[4][1], 42), ece, tone, px=12)
        self._sign(painter, QRect(at[5][0], y, at[5][1], 42), row)
        paint.text(painter, QRect(at[6][0], y, at[6][1], 42), f"{row.megabytes:.1f} MB", "text.2", px=12)
        bad = row.verdict not in ("", "ok")
        icons.draw(painter, "alert" if bad else "check", "red" if bad else "green", at[7][0], y + 13, 14)
        paint.text(painter, QRect(at[7][0] + 18, y, at[7][1], 42), tr("Altered") if bad else tr("In use"),
                   "red" if bad else "green", px=12, weight=500)  # fmt: skip

    def _main(self, painter: QPainter, rect: QRect, row: PackLine) -> None:
        main = row.main
        if main.value is None:
            paint.text(painter, rect, "—", "text.3", px=12)
            return
        used = paint.text(painter, rect, tr(main.name), "text.2", px=12)
        rest = rect.adjusted(used + 6, 0, 0, 0)
        used = paint.text(
            painter, rest, f"{main.value:.2f}" if main.value < 0.99 else f"{main.value:.3f}", px=13, weight=600
        )
        if main.interval:
            words = f"{main.interval[0]:.2f}–{main.interval[1]:.2f}"
            paint.text(painter, rest.adjusted(used + 6, 0, 0, 0), words, "text.2", px=12)

    def _sign(self, painter: QPainter, rect: QRect, row: PackLine) -> None:
        icon, tone, _ = SIGNED_LOOK[row.signed]
        words = {"shipped": "shipped", "trusted": "OK", "none": "Not signed", "bad": "Not trusted"}[row.signed]
        icons.draw(painter, icon, tone, rect.x(), rect.y() + 13, 14)
        paint.text(painter, rect.adjusted(19, 0, 0, 0), tr(words), tone, px=12, weight=500)

    def sentence(self, row: PackLine) -> str:
        """A row in words."""
        main = f"{row.main.name} {row.main.value:.3f}" if row.main.value is not None else ""
        return f"{row.name} {row.version} {row.licence} {main} {row.verdict}".strip()


class Models(QWidget):
    """List, wizard and detail."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        surface(self, "app")
        self._session = session
        self._site = SiteCalibrations(session)
        self.lines: tuple[PackLine, ...] = ()
        self.rows, self.detail, self.tune = PackRows(), Detail(), FineTune(session)
        self._count = Chip("", "plain")
        self.filter = SearchField("Filter models")
        self.filter.setMaximumWidth(210)
        self.filter.textChanged.connect(lambda _text: self._filtered())
        verify = Button("Verify all", "shieldcheck", on_click=lambda: self._read(check=True))
        bench = Button("Benchmark", "bolt", on_click=self.benchmark)
        install = Button("Import or install…", "upload", kind="primary", on_click=self.open_import)
        head = row(fixed("Models and learning", "heading"), self._count, None, self.filter, verify, bench, install,
                   margins=(14, 0, 14, 0))  # fmt: skip
        self._stack = QStackedWidget()
        self._stack.addWidget(scroll(panel(column(self.rows, None, gap=0))))
        empty = StatePanel("cube", "No model pack is installed", "Record, findings and treatment work without one.")
        self._stack.addWidget(panel(column(empty)))
        self.left = QSplitter(Qt.Orientation.Vertical)
        self.left.setHandleWidth(1)
        self.left.setChildrenCollapsible(False)
        listed = panel(column(Heads(), self._stack, gap=0))
        listed.setMinimumHeight(150)
        self.tune.setMinimumHeight(300)
        self.left.addWidget(listed)
        self.left.addWidget(panel(column(self.tune, gap=0)))
        self.left.setSizes([330, 470])
        self.columns = Columns("models", session.settings)
        self.columns.add(self.left, 1000, 600, grows=True)
        self.columns.add(scroll(panel(column(self.detail, gap=0))), 560, 360, grows=False)
        self.setLayout(column(band(head, 48), self.columns, gap=0))
        self.layout().setStretch(1, 1)
        self.rows.activated.connect(self._choose)
        self.detail.fitted = self._site.fitted
        self.detail.roll_back.connect(self._roll_back)
        self.detail.end_shadow.connect(self._end_shadow)
        self.detail.promote_candidate.connect(self._promote_candidate)
        self.detail.look_back.connect(self.look_back)
        self.detail.calibrate.connect(self._calibrate)
        self.tune.promoted.connect(self.refresh)
        LANGUAGE.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Read the packs again."""
        self._read(check=False)
        self.tune.list_runs()

    def _read(self, *, check: bool) -> None:
        title = "Checking model packs"
        if check:
            self._session.jobs.start(title, lambda r: read_packs(r, check=True), self._show, kind="verify packs")
        else:
            self._session.background("packs", read_packs, self._show)

    def _show(self, lines: tuple[PackLine, ...]) -> None:
        self.lines = lines
        self._count.set_words(tr("{n} installed", n=len(lines)))
        self._stack.setCurrentIndex(0 if lines else 1)
        self._filtered()

    def _filtered(self) -> None:
        words = self.filter.text().strip().lower()
        shown = tuple(p for p in self.lines if words in f"{p.id} {p.name} {p.task}".lower())
        self.rows.show_rows(shown)
        ids = [p.id for p in shown]
        chosen = self.rows.selected if self.rows.selected in ids else (ids[0] if ids else "")
        self._choose(next((p for p in shown if p.id == chosen), None))

    def _choose(self, line: PackLine | None) -> None:
        self.rows.selected = line.id if line else ""
        self.rows.update()
        speeds = tuple((p.name, p.milliseconds) for p in self.lines if p.milliseconds is not None)
        self.detail.show_pack(line, speeds)

    def benchmark(self) -> None:
        """Measure every pack on this machine."""

        def work(report: Report) -> tuple[PackLine, ...]:
            from core.errors import UserError
            from core.inference.packs import installed
            from core.learning.speed import measure

            for pack in installed():
                try:
                    measure(pack, report)
                except UserError:
                    continue  # a task without a single case to time
            return read_packs(report)

        self._session.jobs.start("Measuring speed", work, self._show, kind="bench packs")

    def open_import(self) -> ImportDialog:
        """The import wizard, over the window; the list is read again when a pack was installed."""
        dialog = ImportDialog(self._session, self)
        dialog.installed.connect(self._installed)
        dialog.finished.connect(lambda _result: dialog.deleteLater())
        dialog.open()
        return dialog

    def _installed(self, pack_id: str) -> None:
        self.rows.selected = pack_id
        self.refresh()

    def _roll_back(self, pack_id: str) -> None:
        if not self._sure(tr("Bring back the version of {name} before this one?", name=pack_id)):
            return
        session = self._session

        def work(_report: Report) -> Any:
            from core.verbs.learn_promote import roll_back_as

            return roll_back_as(session.store, pack_id, session.user)

        session.jobs.start("Rolling back", work, lambda _pack: self.refresh(), kind="roll back")

    def look_back(self, pack_id: str) -> None:
        """Read the stored cases for what they say of a pack."""
        store = self._session.store

        def work(report: Report) -> tuple[str, Any]:
            from core.inference.packs import find
            from core.learning.look_back import look_back
            from core.store.decisions import standing

            store.users.require(Permission.VIEW, self._session.user)
            ids = [one.id for one in store.list(limit=100_000)]

            def cases() -> Iterator[Case]:
                for k, case_id in enumerate(ids):
                    report(k, len(ids), "")
                    yield store.load(case_id)

            pack = find(pack_id)
            return pack.sha256, look_back(cases(), pack, standing)

        def done(found: tuple[str, Any]) -> None:
            self.detail.looked[found[0]] = found[1]
            self._filtered()

        self._session.jobs.start("Looking back", work, done, kind="look back")

    def _calibrate(self, pack_id: str, action: str) -> None:
        line = next((line for line in self.lines if line.id == pack_id), None)
        if line is None:
            return
        if action == "fit":
            self._site.fit(line, self._filtered)
        else:
            self._site.change(line, apply=action == "apply", done=self.refresh)

    def _promote_candidate(self, pack_id: str) -> None:
        """The run of a candidate in shadow, compared once more in the wizard below."""

        def work(_report: Report) -> Path | None:
            from core.learning.shadow import origin

            return origin(pack_id)

        def found(run: Path | None) -> None:
            if run is None:
                self._session.messages.say(tr("The run of this candidate is gone; train it again."), "amber")
                return
            self.tune.open_run(run)
            self.tune.compare()

        self._session.background("candidate", work, found)

    def _end_shadow(self, pack_id: str) -> None:
        def work(_report: Report) -> None:
            from core.verbs.learn_promote import end_shadow_as

            end_shadow_as(self._session.store, pack_id, self._session.user)

        self._session.background("end shadow", work, lambda _done: self.refresh())

    def _sure(self, words: str) -> bool:
        found = QMessageBox.question(self, tr("Roll back…"), words)
        return found is QMessageBox.StandardButton.Yes
