"""What to learn from: the first step of the fine-tune wizard."""

from typing import Any

from PySide6.QtWidgets import QFileDialog, QGridLayout, QLineEdit, QSpinBox, QWidget

from ui.translate import tr
from ui.widgets.button import Button
from ui.widgets.layout import column, row
from ui.widgets.panels import Segmented
from ui.widgets.text import fixed, label

ROWS = (("image", "Images"), ("text", "Texts"), ("table", "Table"))
HINTS = {
    "image": "A folder with one folder a class, or with labels.csv (file, label, patient).",
    "text": "A CSV or JSONL file with the columns text, label and patient.",
    "table": "A CSV file with the columns label and patient; every other column is looked at.",
}


class DataForm(QWidget):
    """What to learn from."""

    def __init__(self) -> None:
        super().__init__()
        self.task = Segmented(ROWS, "table")
        self.data, self.model, self.pack = QLineEdit(), QLineEdit(), QLineEdit()
        self.label_column, self.patient = QLineEdit("label"), QLineEdit("patient")
        self.cant_miss = QLineEdit()
        self.epochs = QSpinBox()
        self.epochs.setRange(1, 500)
        self.epochs.setValue(30)
        self.hint = label("", "secondary", wrap=True)
        self.pack.setPlaceholderText("local-table")
        grid = QGridLayout()
        grid.setVerticalSpacing(7)
        grid.setHorizontalSpacing(10)
        self.model_row = (fixed("Pretrained model", "dense", "text.2"), row(self.model, Button("Browse…", small=True,
                          on_click=lambda: self._folder(self.model))))  # fmt: skip
        rows: tuple[tuple[str, Any], ...] = (
            ("Task", row(self.task, None)),
            ("Data", row(self.data, Button("File…", small=True, on_click=self._file),
                         Button("Folder…", small=True, on_click=lambda: self._folder(self.data)))),
            ("Columns", row(fixed("label", "dense", "text.3"), self.label_column, fixed("patient", "dense", "text.3"),
                            self.patient)),
            ("Can't be missed", self.cant_miss),
            ("Pack", row(self.pack, fixed("Epochs", "dense", "text.2"), self.epochs)),
        )  # fmt: skip
        for k, (name, field) in enumerate(rows):
            grid.addWidget(fixed(name, "dense", "text.2"), k, 0)
            if isinstance(field, QWidget):
                grid.addWidget(field, k, 1)
            else:
                grid.addLayout(field, k, 1)
        grid.addWidget(self.model_row[0], len(rows), 0)
        grid.addLayout(self.model_row[1], len(rows), 1)
        grid.setColumnStretch(1, 1)
        self.setLayout(column(grid, self.hint, None, gap=10))
        self.task.chosen.connect(self._chosen)
        self._chosen(self.task.value())

    def _chosen(self, task: str) -> None:
        self.hint.setText(tr(HINTS[task]))
        self.pack.setPlaceholderText(f"local-{task}")
        for k in range(self.model_row[1].count()):
            item = self.model_row[1].itemAt(k)
            if item is not None and (widget := item.widget()) is not None:
                widget.setVisible(task == "text")
        self.model_row[0].setVisible(task == "text")

    def relabel(self) -> None:
        """The hint in the language in use."""
        self._chosen(self.task.value())

    def _file(self) -> None:
        found, _ = QFileDialog.getOpenFileName(self, tr("Data"), "", "CSV, JSONL (*.csv *.jsonl)")
        if found:
            self.data.setText(found)

    def _folder(self, field: QLineEdit) -> None:
        if found := QFileDialog.getExistingDirectory(self, tr("Data")):
            field.setText(found)

    def values(self) -> dict[str, Any]:
        """A recipe's fields."""
        missed = [name.strip() for name in self.cant_miss.text().split(",") if name.strip()]
        made: dict[str, Any] = {
            "task": self.task.value(),
            "data": self.data.text().strip(),
            "label": self.label_column.text().strip() or "label",
            "patient": self.patient.text().strip() or "patient",
            "epochs": self.epochs.value(),
            "cant_miss": missed,
            "about": {"id": self.pack.text().strip() or self.pack.placeholderText()},
        }
        return made | ({"model": self.model.text().strip()} if self.task.value() == "text" else {})
