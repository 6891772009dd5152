"""What a run looks like while it goes: curves with the set-up beside them, or the trials of a search."""

from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.models.drawings import Curves, Divider, Track
from ui.models.learn_forms import TrialRows
from ui.models.tune_parts import epochs_of, progress_words, setup_of
from ui.translate import LANGUAGE, tr
from ui.widgets.bars import FillBar
from ui.widgets.layout import clear, column, panel, row, scroll
from ui.widgets.text import fixed, label


class TrainPage(QWidget):
    """Share done, time left, loss and metric, set-up."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.bar, self.left = label("", "medium"), FillBar(0.0, "chart.1"), label("", "secondary")
        self.loss, self.quality = Curves("Loss"), Curves("Macro F1, validation")
        self.setup = QVBoxLayout()
        self.setup.setContentsMargins(12, 4, 4, 4)
        self._set_up: Any = None
        side = panel(self.setup)
        side.setMinimumWidth(200)
        side.setMaximumWidth(300)
        top = row(self.words, self.bar, self.left, gap=10)
        top.setStretch(1, 1)
        plots = row(self.loss, self.quality, Divider(), side, gap=8)
        plots.setStretch(0, 1)
        plots.setStretch(1, 1)
        self.setLayout(column(panel(column(top, plots, gap=6, margins=(14, 10, 14, 8))), gap=0))

    def show_state(self, state: Any, now: float | None, *, labelled: bool) -> None:
        """A run as it stands. `now`: macro F1 of the pack in use; `labelled`: there is a metric beside the loss."""
        epochs = epochs_of(state.recipe)
        trees, at = state.recipe.get("learner") == "trees", min(epochs, state.epoch + 1)
        told = tr("Trees {n} of {total}", n=10 * at, total=10 * epochs)
        self.words.setText(told if trees else tr("Epoch {n} of {total}", n=at, total=epochs))
        self.loss.unit = self.quality.unit = "trees, in tens" if trees else "epoch"
        share = state.step / state.steps if state.steps else 0.0
        self.bar.set_share(1.0 if state.state == "done" else share)
        self.left.setText(progress_words(state, share))
        tracks = (Track(tr("train"), state.losses, "chart.1"), Track(tr("validation"), state.validation, "chart.2"))
        self.loss.show_tracks(tracks, epochs)
        self.quality.show_tracks((Track("", state.metric, "chart.3"),), epochs, now)
        self.quality.setVisible(labelled)
        self._show_setup(setup_of(state))

    def _show_setup(self, rows: tuple[tuple[str, str], ...]) -> None:
        """Built again only where it changed: the page is shown once a second."""
        shown = (LANGUAGE.code, rows)
        if shown == self._set_up:
            return
        self._set_up = shown
        clear(self.setup)
        self.setup.addWidget(fixed("Set-up", "strong"))
        for name, value in rows:
            self.setup.addLayout(row(label(tr(name), "dense", "text.2"), None, label(value, "dense")))
        self.setup.addStretch(1)


class TrialsPage(QWidget):
    """How far a search is, and its trials, the best first."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.bar, self.left = label("", "medium"), FillBar(0.0, "chart.1"), label("", "secondary")
        self.rows = TrialRows()
        top = row(self.words, self.bar, self.left, gap=10)
        top.setStretch(1, 1)
        note = fixed("Loss on validation decides; the test is never looked at.", "secondary")
        head = column(top, note, gap=6, margins=(14, 10, 14, 4))
        self.setLayout(column(panel(column(head, scroll(panel(column(self.rows, None, gap=0))), gap=0)), gap=0))

    def show_state(self, state: Any) -> None:
        """A search as it stands."""
        done = state.state == "done"
        self.words.setText(tr("Trial {n} of {total}", n=min(state.steps, state.step + (not done)), total=state.steps))
        share = state.step / state.steps if state.steps else 0.0
        self.bar.set_share(1.0 if done else share)
        self.left.setText(progress_words(state, share))
