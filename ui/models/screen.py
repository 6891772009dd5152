"""The Models page: packs installed here, whether they are what was shipped, and what each was validated on."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QTextBrowser, QVBoxLayout, QWidget

from core.errors import UserError
from core.progress import Report
from ui.jobs import Jobs
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import color, surface
from ui.translate import LANGUAGE, say, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import band, clear, column, panel, row, scroll
from ui.widgets.panels import PanelHeader, StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.split import Columns
from ui.widgets.text import fixed, label

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class PackLine:
    """A pack as the list shows it. `verdict`: "" not checked yet, "ok", or what is wrong."""

    id: str
    name: str
    task: str
    version: str
    licence: str
    megabytes: float
    sha256: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str], ...]
    card: str


def metric_words(value: Any) -> str:
    """A figure of the manifest with its confidence interval where it has one."""
    if isinstance(value, dict):
        main = value.get("value", value.get("mean"))
        ci = value.get("ci95")
        if isinstance(main, int | float):
            spread = f" ({ci[0]:.3f}–{ci[1]:.3f})" if isinstance(ci, list) and len(ci) == 2 else ""
            return f"{main:.3f}{spread}"
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value) if isinstance(value, int | str) else ""


def read_packs(_report: Report, *, check: bool = False) -> tuple[PackLine, ...]:
    """All packs; with `check` every file is hashed."""
    from core.inference.packs import folders, installed, verify

    made = []
    known = {pack.folder: pack for pack in installed()}
    for folder in folders():
        pack = known.get(folder)
        verdict = ""
        if check:
            try:
                pack = verify(folder)
                verdict = "ok"
            except UserError as error:
                verdict = str(error)
        if pack is not None:
            made.append(_line(pack, verdict))
    return tuple(made)


def _line(pack: Any, verdict: str) -> PackLine:
    manifest, domain = pack.manifest, pack.domain
    size = sum(int(f.get("bytes", 0)) for f in manifest["files"].values()) / MEGABYTE
    ages = f"{domain.age_from_years:g} – {domain.age_below_years:g}"
    facts = (
        ("Labels", ", ".join(say(item.name) for item in pack.labels)),
        ("Modalities", ", ".join(domain.modalities)),
        ("Views", ", ".join(domain.views)),
        ("Ages, years", ages),
        ("Least size, pixels", str(domain.least_size)),
        ("SHA-256", f"{pack.sha256[:12]}…{pack.sha256[-6:]}"),
    )
    raw = manifest.get("metrics") or {}
    metrics = tuple((name, metric_words(value)) for name, value in raw.items()) if isinstance(raw, dict) else ()
    card_path = next((pack.folder / n for n in manifest["files"] if n.lower().endswith(".md")), None)
    card = card_path.read_text("utf-8") if card_path is not None and card_path.is_file() else ""
    return PackLine(
        pack.id,
        say(pack.name),
        pack.task,
        pack.pack_version,
        str(manifest.get("licence") or manifest.get("license") or ""),
        size,
        pack.sha256,
        verdict,
        facts,
        tuple((n, v) for n, v in metrics if v),
        card,
    )


class PackRows(PaintedRows):
    """Name and task, version, licence, size, verdict."""

    def __init__(self) -> None:
        super().__init__(42, 14)
        self.selected = ""

    def paint_row(self, painter: QPainter, rect: QRect, row: PackLine) -> None:
        """Draw a row."""
        if row.id == self.selected:
            painter.fillRect(rect.adjusted(-14, 0, 14, -1), color("bg.selected"))
        painter.fillRect(rect.x() - 14, rect.bottom(), rect.width() + 28, 1, color("line.subtle"))
        x, y = rect.x(), rect.y()
        paint.text(painter, QRect(x, y + 5, 300, 18), row.name, weight=500)
        paint.text(painter, QRect(x, y + 22, 300, 15), f"{row.id} · {row.task}", "text.2", px=11)
        paint.text(painter, QRect(x + 310, y, 90, 42), row.version, px=12)
        paint.text(painter, QRect(x + 400, y, 120, 42), row.licence or tr("unknown"), px=12)
        paint.text(painter, QRect(x + 530, y, 80, 42), f"{row.megabytes:.1f} MB", "text.2", px=12)
        looks = {"ok": ("shieldcheck", "green", "Files as shipped"), "": ("clock", "text.2", "Not checked yet")}
        icon, tone, words = looks.get(row.verdict, ("shieldalert", "red", "Altered"))
        icons.draw(painter, icon, tone, x + 620, y + 13, 15)
        paint.text(painter, QRect(x + 642, y, rect.right() - x - 642, 42), tr(words), tone, px=12, weight=500)

    def sentence(self, row: PackLine) -> str:
        """A row in words."""
        return f"{row.name} {row.version} {row.licence} {row.verdict}".strip()


class Models(QWidget):
    """List and detail."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        surface(self, "app")
        self._session = session
        self.rows = PackRows()
        self._detail = QVBoxLayout()
        self._detail.setContentsMargins(0, 0, 0, 0)
        self._detail.setSpacing(0)
        self._count = Chip("", "plain")
        verify = Button("Verify all", "shieldcheck", on_click=lambda: self._read(check=True))
        title = row(fixed("Models and learning", "heading"), self._count, None, verify, margins=(14, 0, 14, 0))
        self._stack = QStackedWidget()
        self._stack.addWidget(scroll(panel(column(self.rows, None, gap=0))))
        empty = StatePanel("cube", "No model pack is installed", "Record, findings and treatment work without one.")
        self._stack.addWidget(panel(column(empty)))
        left = panel(column(PanelHeader("Installed packs"), self._stack, gap=0))
        self.columns = Columns("models", session.settings)
        self.columns.add(left, 900, 600, grows=True)
        self.columns.add(scroll(panel(self._detail)), 560, 380, grows=False)
        self.setLayout(column(band(title, 48), self.columns, gap=0))
        self.layout().setStretch(1, 1)
        self.rows.activated.connect(self._choose)
        LANGUAGE.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Read the packs again."""
        self._read(check=False)

    def _read(self, *, check: bool) -> None:
        title = "Checking model packs"
        if check:
            self._session.jobs.start(title, lambda r: read_packs(r, check=True), self._show, kind="verify packs")
        else:
            self._session.background("packs", read_packs, self._show)

    def _show(self, lines: tuple[PackLine, ...]) -> None:
        self._count.set_words(tr("{n} installed", n=len(lines)))
        self._stack.setCurrentIndex(0 if lines else 1)
        self.rows.show_rows(lines)
        ids = [line.id for line in lines]
        chosen = self.rows.selected if self.rows.selected in ids else (ids[0] if ids else "")
        self._choose(next((line for line in lines if line.id == chosen), None))

    def _choose(self, line: PackLine | None) -> None:
        clear(self._detail)
        self.rows.selected = line.id if line else ""
        self.rows.update()
        if line is None:
            self._detail.addWidget(StatePanel("cube", "No pack chosen"), 1)
            return
        verdict = Chip(
            line.verdict if line.verdict not in ("", "ok") else line.version,
            "red" if line.verdict not in ("", "ok") else "green",
        )
        self._detail.addWidget(band(row(label(line.name, "heading"), verdict, None, margins=(14, 0, 14, 0)), 48))
        for title, pairs in (("Validated on", line.facts), ("Figures of the pack", line.metrics)):
            if pairs:
                self._detail.addWidget(PanelHeader(title))
                self._detail.addWidget(table(pairs))
        if line.card:
            self._detail.addWidget(PanelHeader("Model card"))
            card = QTextBrowser()
            card.setProperty("frame", "none")
            card.setMarkdown(line.card)
            card.setMinimumHeight(320)
            held = QWidget()
            held.setLayout(column(card, margins=(14, 10, 14, 10)))
            self._detail.addWidget(held, 1)
        self._detail.addStretch(1)


def table(pairs: tuple[tuple[str, str], ...]) -> QWidget:
    """Names and values."""
    grid = QGridLayout()
    grid.setContentsMargins(14, 10, 14, 10)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    for i, (name, value) in enumerate(pairs):
        grid.addWidget(label(tr(name), "dense", "text.2"), i, 0)
        grid.addWidget(label(value, "dense", wrap=True, select=True), i, 1)
    return panel(grid)
