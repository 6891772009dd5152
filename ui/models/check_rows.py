"""The security dry run as rows: what was checked, what it found, and what was not run because a check before refused."""

from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from core.inference.examine import ADMINISTRATOR, LEFT, OK, REFUSED, Check, Examined
from ui.models.sentences import sentence
from ui.theme import icons
from ui.theme.theme import color
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.rows import PaintedRows

WORDS = {
    "unpack": "Archive: nothing hidden in it",
    "manifest": "Manifest follows the published schema",
    "signature": "Signature",
    "files": "Every file has its stated hash",
    "graphs": "Graphs ask for nothing they may not have",
    "trial": "Trial run in a process of its own",
}
LOOK = {OK: ("check", "green"), REFUSED: ("alert", "red"), ADMINISTRATOR: ("shieldalert", "amber"),
        LEFT: ("minus", "text.3")}  # fmt: skip


def found_words(check: Check) -> str:
    """What a check found, in a few words."""
    if check.state == LEFT:
        return tr("not run")
    if check.state == ADMINISTRATOR:
        return tr("none: an administrator must answer for it")
    if check.state == REFUSED:
        return tr("refused")
    n = check.number
    if check.step == "signature":
        return tr("by a key trusted here")
    if check.step in ("files", "manifest"):
        return tr("{n} files", n=int(n or 0))
    if check.step == "graphs":
        return tr("{n} graphs", n=int(n or 0))
    if check.step == "trial":
        return tr("reference outputs differ by {n}, {s} s", n=f"{n:.1e}", s=f"{check.seconds:.1f}")
    return tr("in order")


class CheckRows(PaintedRows):
    """One check a row."""

    def __init__(self) -> None:
        super().__init__(32, 14)
        self.clickable = False

    def show_examined(self, found: Examined) -> None:
        """Replace the rows."""
        self.show_rows(found.checks)

    def paint_row(self, painter: QPainter, rect: QRect, row: Any) -> None:
        """Draw a row."""
        icon, tone = LOOK[row.state]
        icons.draw(painter, icon, tone, rect.x(), rect.y() + 8, 15)
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, color("line.subtle"))
        half = rect.width() // 2
        words = QRect(rect.x() + 26, rect.y(), half - 26, rect.height())
        paint.text(painter, words, tr(WORDS[row.step]), "text.3" if row.state == LEFT else "text.1", px=13)
        area = QRect(rect.x() + half, rect.y(), rect.width() - half, rect.height())
        paint.text(painter, area, found_words(row), tone, px=12, weight=500, align=paint.RIGHT)

    def sentence(self, row: Any) -> str:
        """A row in words."""
        said = f" {sentence(row.what)} {sentence(row.next_step)}" if row.what else ""
        return f"{tr(WORDS[row.step])}: {found_words(row)}{said}".rstrip()
