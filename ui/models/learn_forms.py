"""Beside the fine-tune wizard: collecting a table from signed cases, the trials of a search, the result of a pretraining."""

import math
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from core import paths
from core.progress import Report
from ui.dialogs import LEAST_REASON, Dialog
from ui.models.sections import pairs_table
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import color
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.layout import column, panel
from ui.widgets.rows import PaintedRows
from ui.widgets.text import fixed, label


class CollectDialog(Dialog):
    """What allows it, who refused, and whether films' embeddings are wanted too."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Collect from signed cases", "Collect", parent)
        self.basis, self.without = QLineEdit(), QLineEdit()
        self.images = QCheckBox(tr("also what models saw in films (embeddings)"))
        self.without.setPlaceholderText(tr("cases of patients who refused, separated by commas"))
        words = tr(
            "Findings, age, sex and the accepted diagnosis of each signed case. No text, name, number, date or pixel."
        )
        self.form.addRow(label(words, "secondary", wrap=True))
        self.form.addRow(tr("What allows it"), self.basis)
        self.form.addRow(tr("Leave out"), self.without)
        self.form.addRow("", self.images)

    def problem(self) -> str:
        """A basis in words."""
        short = len(self.basis.text().strip()) < LEAST_REASON
        return tr("Name the consent or the policy, at least 10 characters.") if short else ""

    def value(self) -> dict[str, Any]:
        """Arguments of `collect_from`."""
        cases = [part.strip() for part in self.without.text().replace("，", ",").split(",") if part.strip()]
        return {"basis": self.basis.text().strip(), "exclude": cases, "images": self.images.isChecked()}


def collected(session: Session, asked: dict[str, Any], report: Report) -> dict[str, Any]:
    """Write the tables into the profile; what was found, with their folder. Needs the permission to export; audited."""
    from core.learning import collect
    from core.verbs.learn_collect import collect_from

    found = collect_from(session.store, report=report, **asked)
    home = paths.profile() / "learning" / "collected"
    number = 1
    while (home / str(number)).exists():
        number += 1
    return collect.write(found, home / str(number))


class TrialRows(PaintedRows):
    """One trial of a search a row, the best first: loss on validation, what was tried."""

    def __init__(self) -> None:
        super().__init__(26, 14)
        self.clickable = False
        self.best = -1

    def show_trials(self, trials: tuple[Any, ...]) -> None:
        """Finished ones by loss, then those given up early."""
        ordered = sorted(trials, key=lambda t: (t.loss is None or t.state == "pruned", t.loss or math.inf, t.number))
        self.best = ordered[0].number if ordered and ordered[0].state == "complete" else -1
        self.show_rows(ordered)

    def paint_row(self, painter: QPainter, rect: QRect, row: Any) -> None:
        """Draw a row."""
        done = row.state == "complete"
        tone = "green" if row.number == self.best else "text.1" if done else "text.3"
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, color("line.subtle"))
        if row.number == self.best:
            icons.draw(painter, "check", "green", rect.x(), rect.y() + 5, 14)
        paint.text(painter, QRect(rect.x() + 22, rect.y(), 40, 26), str(row.number + 1), "text.2", px=12)
        loss = f"{row.loss:.4f}" if done and row.loss is not None else tr("given up")
        paint.text(painter, QRect(rect.x() + 62, rect.y(), 80, 26), loss, tone, px=12, weight=500)
        paint.text(painter, QRect(rect.x() + 150, rect.y(), 60, 26), f"{row.seconds:.0f} s", "text.2", px=12)
        paint.text(painter, QRect(rect.x() + 212, rect.y(), rect.width() - 212, 26), tried_words(row), "text.2", px=12)

    def sentence(self, row: Any) -> str:
        """A row in words."""
        loss = f"{row.loss:.4f}" if row.loss is not None else tr("given up")
        return f"{row.number + 1}: {loss} {tried_words(row)}"


def tried_words(row: Any) -> str:
    """Names and values of what a trial tried."""
    parts = [f"{tr(PARAMETERS[name]) if name in PARAMETERS else name} {_value(v)}" for name, v in row.params.items()]
    return " · ".join(parts)


PARAMETERS = {
    "rate": "Learning rate",
    "class_weights": "Classes weighted",
    "leaves": "Leaves a tree",
    "weight_decay": "Weight decay",
    "dropout": "Dropout",
    "hidden": "Hidden units",
    "width": "Width",
    "lora_rank": "Adapter rank",
}


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def notes_table(found: dict[str, int], cover: bool) -> QWidget:
    """Before a pretraining: how many notes, and how much in them identifies somebody."""
    rows = (
        (tr("Notes"), f"{found['notes']:,}"),
        (tr("Places that identify people"), f"{found['covered']:,}"),
        (tr("Notes with a suspicion left"), f"{found['notes_to_look_at']:,}"),
    )
    parts: list[Any] = [pairs_table(rows)]
    if found["covered"] and not cover:
        parts.append(
            fixed("Such notes are never learned from as they are: tick De-identify.", "secondary", "red", wrap=True)
        )
    elif found["notes_to_look_at"]:
        parts.append(fixed("Covering misses some: somebody should look at the notes with a suspicion.", "secondary", "amber",
                           wrap=True))  # fmt: skip
    return panel(column(*parts, gap=6))


def pretrained_table(result: dict[str, Any]) -> QWidget:
    """After a pretraining: whether hidden words of notes kept back are guessed better."""
    before, after = result["loss_before"], result["loss_after"]
    rows = (
        (tr("Notes"), f"{result['notes']:,}"),
        (tr("Loss on notes kept back"), tr("{before} before, {after} after", before=f"{before:.3f}", after=f"{after:.3f}")),
        (tr("Words it hesitates between"), tr("{before} before, {after} after", before=f"{math.exp(before):.1f}",
                                              after=f"{math.exp(after):.1f}")),
        (tr("Model"), str(result["model"])),
    )  # fmt: skip
    better = after < before
    words = (
        "It reads this practice's notes better than before."
        if better
        else "It did not get better: keep the model it began with."
    )
    said = fixed(words, "secondary", "green" if better else "amber", wrap=True)
    return panel(column(pairs_table(rows), column(said, margins=(14, 0, 14, 6)), gap=4))


def best_recipe(run: Path) -> dict[str, Any]:
    """The recipe that a finished search leaves."""
    from core.learning.recipe import as_json, read
    from core.learning.search import BEST

    return as_json(read(run / BEST))
