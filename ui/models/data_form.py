"""What to learn from: the first step of the fine-tune wizard."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from ui.translate import bind, tr
from ui.widgets.button import Button
from ui.widgets.layout import column, panel, row
from ui.widgets.panels import Segmented
from ui.widgets.text import fixed, label

NOTES = "notes"
ROWS = (("image", "Images"), ("text", "Texts"), ("table", "Table"), (NOTES, "Notes (pretraining)"))
LEARNERS = {"network": "Network", "linear": "Linear", "trees": "Boosted trees"}
ADAPTERS = {"0": "Every weight", "4": "Adapter, rank 4", "8": "Adapter, rank 8", "16": "Adapter, rank 16"}
HINTS = {
    "image": "A folder with one folder a class, or with labels.csv (file, label, patient).",
    "text": "A CSV or JSONL file with the columns text, label and patient.",
    "table": "A CSV file with the columns label and patient; every other column is looked at.",
    NOTES: "A folder of .txt and .md notes. A text model reads them with words hidden, and guesses; no labels are needed.",
}
ADAPTER_HINT = "An adapter trains a small part beside the weights: for larger models and little data."
TREES_HINT = "Trees are explained exactly however many columns there are; a network up to 15."


class DataForm(QWidget):
    """What to learn from. `collect` where a table of this practice's signed cases is wanted."""

    collect = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.task = Segmented(ROWS, "table")
        self.learner = Segmented(tuple(LEARNERS.items()), "network")
        self.adapter = Segmented(tuple(ADAPTERS.items()), "0")
        self.data, self.model, self.pack = QLineEdit(), QLineEdit(), QLineEdit()
        self.label_column, self.patient = QLineEdit("label"), QLineEdit("patient")
        self.cant_miss = QLineEdit()
        self.epochs = QSpinBox()
        self.epochs.setRange(1, 500)
        self.epochs.setMinimumWidth(72)
        self.epochs.setValue(30)
        self.epochs_words = fixed("Epochs", "dense", "text.2")
        self.cover = QCheckBox()
        bind(self.cover, "setText", "Cover what identifies people before learning (the files stay as they are)")
        self.cover.setChecked(True)
        self.hint = label("", "secondary", wrap=True)
        self.file_button = Button("File…", small=True, on_click=self._file)
        self.collect_button = Button("Collect from signed cases…", "db", small=True, on_click=self.collect.emit)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(7)
        self._grid.setHorizontalSpacing(10)
        self._grid.setColumnStretch(1, 1)
        self._rows: dict[str, tuple[QLabel, QWidget]] = {}
        self._fill()
        self.setLayout(column(self._grid, self.hint, None, gap=10))
        for choice in (self.task, self.learner, self.adapter):
            choice.chosen.connect(lambda _value: self._chosen())
        self._chosen()

    def _fill(self) -> None:
        folder = Button("Folder…", small=True, on_click=lambda: self._folder(self.data))
        columns = row(
            fixed("label", "dense", "text.3"), self.label_column, fixed("patient", "dense", "text.3"), self.patient
        )
        browse = Button("Browse…", small=True, on_click=lambda: self._folder(self.model))
        self._row("task", "Task", row(self.task, None))
        self._row("data", "Data", row(self.data, self.file_button, folder, self.collect_button))
        self._row("columns", "Columns", columns)
        self._row("learner", "Learner", row(self.learner, None))
        self._row("model", "Pretrained model", row(self.model, browse))
        self._row("adapter", "What is trained", row(self.adapter, None))
        self._row("cover", "De-identify", row(self.cover, None))
        self._row("cant_miss", "Can't be missed", row(self.cant_miss))
        self._row("pack", "Pack", row(self.pack, self.epochs_words, self.epochs))

    def _row(self, key: str, name: str, fields: Any) -> None:
        at = len(self._rows)
        words, held = fixed(name, "dense", "text.2"), panel(fields)
        self._grid.addWidget(words, at, 0)
        self._grid.addWidget(held, at, 1)
        self._rows[key] = (words, held)

    def _chosen(self) -> None:
        task = self.task.value()
        shown = {
            "columns": task != NOTES,
            "learner": task == "table",
            "model": task in ("text", NOTES),
            "adapter": task == "text",
            "cover": task == NOTES,
            "cant_miss": task != NOTES,
        }
        for key, on in shown.items():
            for part in self._rows[key]:
                part.setVisible(on)
        self.collect_button.setVisible(task == "table")
        self.file_button.setVisible(task != NOTES)
        trees = task == "table" and self.learner.value() == "trees"
        for part in (self.epochs, self.epochs_words):
            part.setVisible(not trees)
        more = ADAPTER_HINT if task == "text" else TREES_HINT if task == "table" else ""
        self.hint.setText(f"{tr(HINTS[task])} {tr(more) if more else ''}".strip())
        self.pack.setPlaceholderText("notes" if task == NOTES else f"local-{task}")

    def relabel(self) -> None:
        """The hint in the language in use."""
        self._chosen()

    def _file(self) -> None:
        found, _ = QFileDialog.getOpenFileName(self, tr("Data"), "", "CSV, JSONL (*.csv *.jsonl)")
        if found:
            self.data.setText(found)

    def _folder(self, field: QLineEdit) -> None:
        if found := QFileDialog.getExistingDirectory(self, tr("Data")):
            field.setText(found)

    @property
    def is_notes(self) -> bool:
        """Pretraining on notes, not a recipe with labels."""
        return self.task.value() == NOTES

    def use_for_texts(self, model: str) -> None:
        """Texts next, from a model that was pretrained."""
        self.task.set_value("text")
        self.model.setText(model)
        self.data.clear()
        self.pack.clear()
        self._chosen()

    def values(self) -> dict[str, Any]:
        """A recipe's fields."""
        task = self.task.value()
        name = {"id": self.pack.text().strip() or self.pack.placeholderText()}
        model = {"model": self.model.text().strip()}
        if task == NOTES:
            return {
                "task": "text",
                "data": self.data.text().strip(),
                "epochs": self.epochs.value(),
                "about": name,
                **model,
            }
        missed = [word.strip() for word in self.cant_miss.text().replace("，", ",").split(",") if word.strip()]
        made: dict[str, Any] = {
            "task": task,
            "data": self.data.text().strip(),
            "label": self.label_column.text().strip() or "label",
            "patient": self.patient.text().strip() or "patient",
            "epochs": self.epochs.value(),
            "cant_miss": missed,
            "about": name,
        }
        if task == "text":
            made |= {**model, "lora_rank": int(self.adapter.value() or 0)}
        elif task == "table":
            made |= {"network": {}, "linear": {"hidden": 0}, "trees": {"learner": "trees"}}[self.learner.value()]
        return made
