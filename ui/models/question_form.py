"""A form from the questions an import asks: fields by kind, grouped, with what the model's file suggests filled in."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QGridLayout, QLineEdit, QWidget

from core.inference.importing.questions import Question
from ui.translate import say, tr
from ui.widgets.button import Button
from ui.widgets.layout import clear, column, row
from ui.widgets.text import fixed, label

WORDS = {
    "pack": "The pack",
    "rights": "Licence and training data",
    "gives": "What it gives",
    "takes": "What it takes",
    "domain": "Where it may be used",
    "reference": "Reference inputs",
}
GROUPS = {
    "id": "pack", "version": "pack", "name_en": "pack", "name_zh": "pack",
    "licence": "rights", "data_title": "rights", "data_licence": "rights", "patients": "rights",
    "task": "gives", "output": "gives", "scores": "gives", "labels": "gives",
    "body_part": "domain", "modalities": "domain", "views": "domain", "age_from_years": "domain",
    "age_below_years": "domain", "samples": "domain",
    "reference_rows": "reference", "reference_texts": "reference",
}  # fmt: skip
ASK_AGAIN = ("scores", "output")
"""Answers that change how many labels there are."""
LABEL_COLUMNS = (("code", 0), ("en", 0), ("zh", 0), ("system", 92), ("threshold", 76), ("prevalence", 76))
HEADS = {"code": "Code", "en": "English", "zh": "Chinese", "system": "Code system", "threshold": "Threshold",
         "prevalence": "Prevalence"}  # fmt: skip
NUMBERS = ("threshold", "prevalence")


class LabelTable(QWidget):
    """One row an output: code, names, threshold, prevalence."""

    def __init__(self, given: Any, count: int) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(5)
        for k, (key, wide) in enumerate(LABEL_COLUMNS):
            self._grid.addWidget(label(tr(HEADS[key]), "dense", "text.2"), 0, k)
            self._grid.setColumnStretch(k, 0 if wide else 1)
        self.rows: list[dict[str, QLineEdit]] = []
        for k in range(max(1, count, len(given or ()))):
            self.add((given or [])[k] if k < len(given or []) else {})
        more = Button("Add a label", "plus", kind="link", small=True, on_click=self.add)
        self.setLayout(column(self._grid, row(more, None), gap=4))

    def add(self, given: dict[str, Any] | None = None) -> None:
        """Another row."""
        fields, at = {}, len(self.rows) + 1
        known = {"system": "local", **(given or {})}
        for k, (key, wide) in enumerate(LABEL_COLUMNS):
            field = QLineEdit(str(known.get(key, "")))
            field.setAccessibleName(f"{tr(HEADS[key])} {at}")
            field.setMinimumWidth(60)
            if wide:
                field.setFixedWidth(wide)
            if key in NUMBERS:
                field.setPlaceholderText("0.5")
            self._grid.addWidget(field, at, k)
            fields[key] = field
        self.rows.append(fields)

    def value(self) -> list[dict[str, Any]]:
        """Rows with a code or a name."""
        found = []
        for fields in self.rows:
            one: dict[str, Any] = {key: field.text().strip() for key, field in fields.items() if field.text().strip()}
            if one.get("code") or one.get("en"):
                found.append({k: _number(v) if k in NUMBERS else v for k, v in one.items()})
        return found


def _number(text: str) -> Any:
    """A whole number or a decimal; the text where it is neither."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(value) if value == int(value) and "." not in text else value


class QuestionForm(QWidget):
    """Everything that can be answered. `again` where an answer changes what is asked."""

    again = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._box = column(gap=12)
        self.setLayout(self._box)
        self.questions: tuple[Question, ...] = ()
        self.fields: dict[str, QWidget] = {}

    def show_questions(self, questions: tuple[Question, ...], answers: dict[str, Any]) -> None:
        """Build the form; `answers` given so far go before what the file suggests."""
        clear(self._box)
        self.questions, self.fields = questions, {}
        for group, words in WORDS.items():
            asked = [q for q in questions if GROUPS.get(q.key, "takes") == group]
            if asked:
                self._box.addWidget(fixed(words, "strong"))
                self._box.addLayout(self._group(asked, answers))
        self._box.addStretch(1)

    def _group(self, asked: list[Question], answers: dict[str, Any]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        for k, question in enumerate(asked):
            words = label(say(question.text), "dense", "text.2", wrap=True)
            words.setFixedWidth(250)
            field = self._field(question, answers.get(question.key, question.default))
            field.setAccessibleName(say(question.text))
            words.setBuddy(field)
            self.fields[question.key] = field
            if question.key == "labels":
                grid.addWidget(label(say(question.text), "dense", "text.2", wrap=True), 2 * k, 0, 1, 2)
                grid.addWidget(field, 2 * k + 1, 0, 1, 2)
                continue
            grid.addWidget(words, 2 * k, 0)
            grid.addLayout(self._with_browse(question, field), 2 * k, 1)
        return grid

    def _field(self, question: Question, value: Any) -> QWidget:
        if question.key == "labels":
            return LabelTable(value, _count(question))
        if question.kind == "choice":
            return self._choice(question, value)
        text = (
            ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else "" if value is None else str(value)
        )
        field = QLineEdit(text)
        if question.required:
            field.setPlaceholderText(tr("must be answered"))
        return field

    def _choice(self, question: Question, value: Any) -> QComboBox:
        box = QComboBox()
        if value is None:
            box.addItem(tr("must be answered"), "")
        for choice in question.choices:
            box.addItem(tr(CHOICES[choice]) if choice in CHOICES else choice, choice)
        box.setCurrentIndex(max(0, box.findData(value)))
        if question.key in ASK_AGAIN:
            box.activated.connect(lambda _at: self.again.emit())
        return box

    def _with_browse(self, question: Question, field: QWidget) -> Any:
        if question.kind not in ("file", "folder") or not isinstance(field, QLineEdit):
            return row(field)
        return row(field, Button("Browse…", small=True, on_click=lambda: _browse(question.kind, field)))

    def value(self) -> dict[str, Any]:
        """Answers that were given; empty fields are left to the question's default."""
        found: dict[str, Any] = {}
        for question in self.questions:
            value = self._value(question, self.fields[question.key])
            if value not in ("", [], None):
                found[question.key] = value
        return found

    def _value(self, question: Question, field: QWidget) -> Any:
        if isinstance(field, LabelTable):
            return field.value()
        if isinstance(field, QComboBox):
            return field.currentData()
        assert isinstance(field, QLineEdit)
        text = field.text().strip()
        if question.kind == "list":
            return [_number(p.strip()) for p in text.replace("，", ",").split(",") if p.strip()]
        return _number(text) if question.kind == "number" else text

    def unanswered(self) -> tuple[Question, ...]:
        """Questions that must be answered and are not; the first gets the focus."""
        given = self.value()
        left = tuple(q for q in self.questions if q.required and q.key not in given)
        if left:
            self.fields[left[0].key].setFocus()
        return left


CHOICES = {
    "logits": "logits of classes that exclude each other",
    "probabilities": "probabilities of classes that exclude each other",
    "independent-logits": "logits, each label apart",
    "independent-probabilities": "probabilities, each label apart",
    "image-classification": "Image classification",
    "text-classification": "Text classification",
    "tabular-classification": "Table classification",
}


def _count(question: Question) -> int:
    """How many labels the question names, 0 where the graph does not say."""
    first = question.text.en.split()[1:2]
    return int(first[0]) if first and first[0].isdigit() else 0


def _browse(kind: str, field: QLineEdit) -> None:
    if kind == "folder":
        found = QFileDialog.getExistingDirectory(field, tr("Browse…"))
    else:
        found, _ = QFileDialog.getOpenFileName(field, tr("Browse…"))
    if found:
        field.setText(found)
