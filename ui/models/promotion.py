"""The guardrail table, who promotes, and the promotion itself."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLineEdit, QWidget

from core.progress import Report
from ui.dialogs import Dialog
from ui.models.lines import GROUP_WORDS
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import color
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.rows import PaintedRows
from ui.widgets.text import label

WORDS = {
    "label_auroc": "AUROC loses at most 2 points",
    "label_f1": "F1 loses at most 2 points",
    "ece": "Calibration error at most {limit}",
    "cant_miss": "Can't-miss recall not lower",
    "subgroup": "Subgroup loses at most 5 points",
    "labels": "No class is lost",
}


class GuardRows(PaintedRows):
    """One guardrail a row: passed or not, what, before, after."""

    def __init__(self) -> None:
        super().__init__(28, 14)
        self.clickable = False

    def show_table(self, table: Any) -> None:
        """Failed ones first."""
        self.show_rows(sorted(table.guards, key=lambda g: g.ok))

    def paint_row(self, painter: QPainter, rect: QRect, row: Any) -> None:
        """Draw a row."""
        tone = "green" if row.ok else "red"
        icons.draw(painter, "check" if row.ok else "alert", tone, rect.x(), rect.y() + 6, 15)
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, color("line.subtle"))
        numbers = 190
        words = QRect(rect.x() + 24, rect.y(), rect.width() - numbers - 24, rect.height())
        paint.text(painter, words, f"{guard_words(row)}  {of_words(row)}".strip(), px=12)
        area = QRect(rect.right() - numbers, rect.y(), numbers, rect.height())
        before = "—" if row.before is None else f"{row.before:.3f}"
        after = tr("lost") if row.after is None else f"{row.after:.3f}"
        paint.text(painter, area, f"{before} → {after}", tone, px=12, weight=500, align=paint.RIGHT)

    def sentence(self, row: Any) -> str:
        """A row in words."""
        return f"{guard_words(row)} {of_words(row)}: {tr('pass') if row.ok else tr('fail')}"


def guard_words(guard: Any) -> str:
    """A guardrail's name in the language in use."""
    words = WORDS[guard.rule]
    return tr(words, limit=f"{guard.limit:.3f}") if guard.rule == "ece" else tr(words)


def of_words(guard: Any) -> str:
    """The label or subgroup of a guardrail."""
    column, space, value = guard.of.partition(" ")
    return (
        f"{tr(GROUP_WORDS[column])}{space}{value}" if guard.rule == "subgroup" and column in GROUP_WORDS else guard.of
    )


class PromoteDialog(Dialog):
    """Two people answer for it; where there are users, the second gives a PIN."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__("Promote pack", "Promote", parent)
        self._session = session
        self._asks_pin = not session.store.users.single_doctor
        self.second, self.pin = QLineEdit(), QLineEdit()
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        words = tr("The pack in use is kept: roll back is one step. Both names are written to the audit trail.")
        self.form.addRow(label(words, "secondary", wrap=True))
        self.form.addRow(tr("Promoted by"), label(session.user, "medium"))
        self.form.addRow(tr("Second person"), self.second)
        if self._asks_pin:
            self.form.addRow(tr("Their PIN"), self.pin)

    def problem(self) -> str:
        """A second person who is not the first."""
        name = self.second.text().strip()
        if not name:
            return tr("A second person is needed.")
        return tr("The second person is somebody else.") if name == self._session.user else ""

    def value(self) -> dict[str, str]:
        """Who."""
        return {"second": self.second.text().strip(), "pin": self.pin.text()}


def run_promotion(session: Session, run: Path, who: dict[str, str], report: Report) -> Any:
    """Compare once more and install; audited, as the command line does it. UserError where somebody may not or a guardrail
    fails."""
    from core.verbs.learn_promote import promote_as

    pack, _table = promote_as(session.store, run, by=session.user, second=who["second"], pin=who["pin"], report=report)
    return pack
