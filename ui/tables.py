"""Which column of a table of laboratory results holds what: asked once for each set of headings, and kept."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from core.records.csv_labs import FIELDS, Sheet, Table, sheet_of
from core.records.encoding import decode
from ui.dialogs import Dialog
from ui.translate import tr
from ui.widgets.layout import panel, scroll
from ui.widgets.text import Elided, label

HEAD_BYTES = 20_000
SAMPLE_ROWS = 3
WORDS = {
    "": "not read", "test": "Test", "value": "Result", "unit": "Unit", "range": "Reference range", "low": "Lower limit",
    "high": "Upper limit", "flag": "Flag", "time": "Date or time", "code": "Code", "patient_id": "Patient number",
    "patient_name": "Patient name", "birth_date": "Birth date", "sex": "Sex", "result": "A test of its own",
}  # fmt: skip


def look_at(path: Path) -> Sheet | None:
    """The first rows of a table, or None where it is none after all."""
    with path.open("rb") as file:
        decoded = decode(file.read(HEAD_BYTES))
    return sheet_of(decoded[0]) if decoded else None


class TableDialog(Dialog):
    """Each column with its first values and what it holds. Nothing is taken from a column that is not named."""

    def __init__(self, name: str, sheet: Sheet, parent: QWidget | None) -> None:
        super().__init__("Which column is what?", "Read the table", parent)
        self.resize(720, 520)
        self._sheet = sheet
        self.choices: dict[str, QComboBox] = {}
        hint = tr(
            "The headings of {name} are not known. Say which column holds the test and which the result; it is kept"
            " for tables with the same headings.",
            name=name,
        )
        self.form.addRow(label(hint, "secondary", wrap=True))
        grid = QGridLayout()
        grid.setContentsMargins(4, 4, 12, 4)
        grid.setHorizontalSpacing(14)
        grid.setColumnStretch(1, 1)
        for at, column in enumerate(sheet.names):
            self._add(grid, at, column)
        self.form.addRow(scroll(panel(grid)))

    def _add(self, grid: QGridLayout, at: int, column: str) -> None:
        values = " · ".join(row[at] for row in self._sheet.rows[:SAMPLE_ROWS] if at < len(row) and row[at].strip())
        choice = QComboBox()
        choice.setAccessibleName(column)
        for field in ("", *FIELDS):
            choice.addItem(tr(WORDS[field]), field)
        choice.setCurrentIndex(choice.findData(self._sheet.guess.columns.get(column, "")))
        choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.choices[column] = choice
        grid.addWidget(label(column or tr("no heading"), "medium"), at, 0)
        grid.addWidget(Elided(values, "text.2", 12), at, 1)
        grid.addWidget(choice, at, 2)

    def table(self) -> Table:
        """The layout chosen so far."""
        chosen = {column: str(choice.currentData()) for column, choice in self.choices.items()}
        return Table(self._sheet.delimiter, {c: f for c, f in chosen.items() if f})

    def problem(self) -> str:
        """Test and result are needed, and no field twice (but tests of their own)."""
        made = self.table()
        if not made.complete():
            return tr("Name the column of the test and that of the result, or the columns that are tests themselves.")
        fields = [f for f in made.columns.values() if f != "result"]
        twice = next((f for f in fields if fields.count(f) > 1), "")
        return tr("Two columns are named {field}.", field=tr(WORDS[twice])) if twice else ""
