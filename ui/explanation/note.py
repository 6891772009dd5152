"""The note with each finding's contribution behind its words."""

from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextBrowser, QWidget

from core.domain.case import Case
from core.domain.explanation import FindingExplanation
from core.domain.record import Note
from ui.theme import fonts
from ui.theme.theme import THEME, color, mix, surface
from ui.translate import LANGUAGE, bind, tr
from ui.widgets.layout import band, column, row
from ui.widgets.panels import PanelHeader, Segmented
from ui.widgets.text import fixed, label

STRONGEST = 0.5
STOPS = ".!?。！？\n"


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a note with its contribution (log-odds)."""

    start: int
    end: int
    value: float
    words: str


def marks(case: Case, note: Note, explanation: FindingExplanation | None, *, sentences: bool) -> tuple[Mark, ...]:
    """What to highlight in a note: findings read from it, or the sentences around them with their sum."""
    values = {c.finding_id: c.value for c in explanation.contributions} if explanation else {}
    found = [
        Mark(f.source.start, f.source.end, values[f.id], f.label.text(LANGUAGE.code))
        for f in case.findings
        if f.id in values and f.source.place == note.id and 0 <= f.source.start < f.source.end <= len(note.text)
    ]
    if not sentences:
        return tuple(found)
    sums: dict[tuple[int, int], float] = {}
    for mark in found:
        span = sentence_at(note.text, mark.start)
        sums[span] = sums.get(span, 0.0) + mark.value
    return tuple(Mark(a, b, value, "") for (a, b), value in sums.items())


def sentence_at(text: str, at: int) -> tuple[int, int]:
    """Start and end of the sentence around a position."""
    start = max((text.rfind(stop, 0, at) for stop in STOPS), default=-1) + 1
    while start < at and text[start].isspace():
        start += 1
    ends = [i for i in (text.find(stop, at) for stop in STOPS) if i >= 0]
    return start, min(ends) if ends else len(text)


def strength(value: float) -> float:
    """Share of the strongest tint: 0.1 to 1."""
    return 0.1 + 0.9 * min(1.0, abs(value) / STRONGEST)


class Scale(QWidget):
    """The colour scale under the note."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(20)
        self.setMinimumWidth(200)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        for i, value in enumerate((-0.5, -0.3, -0.12, 0.0, 0.12, 0.3, 0.5)):
            rect = QRect(i * 28, 4, 26, 12)
            over = "token.posMax" if value > 0 else "token.negMax"
            painter.fillRect(rect, mix("bg.panel", over, strength(value)) if value else color("line.subtle"))
            if value:
                painter.fillRect(rect.x(), 15, 26, 2, color("shap.pos" if value > 0 else "shap.neg"))


class NotePanel(QWidget):
    """Note text with highlights."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self._case: Case | None = None
        self._explanation: FindingExplanation | None = None
        self._note_id = ""
        self.mode = Segmented((("tokens", "Tokens"), ("sentences", "Sentences")), "tokens")
        self._choices = Segmented((), translate=False)
        self.header = PanelHeader("Note text", self._choices, self.mode)
        self.text = QTextBrowser()
        self.text.setProperty("frame", "none")
        self.text.setOpenLinks(False)
        self.text.document().setDocumentMargin(0)
        self._legend = fixed("Per token, log-odds", "dense", "text.2")
        self._count = label("", "dense", "text.2")
        span = label("−0.5 … +0.5", "dense", "text.2")
        legend = row(self._legend, Scale(), span, None, self._count, margins=(14, 0, 14, 0))
        body = column(self.text, margins=(16, 12, 12, 8))
        self.setLayout(column(self.header, body, band(legend, 36, "top"), gap=0))
        self.layout().setStretch(1, 1)
        self.mode.chosen.connect(lambda _m: self._fill())
        self._choices.chosen.connect(self._choose)
        THEME.changed.connect(self._fill)

    def show_case(self, case: Case, explanation: FindingExplanation | None) -> None:
        """Fill."""
        self._case, self._explanation = case, explanation
        notes = case.record.notes
        if self._note_id not in {n.id for n in notes}:
            self._note_id = max(notes, key=lambda n: n.time).id if notes else ""
        titles = tuple((n.id, n.title or tr("Note {n}", n=i + 1)) for i, n in enumerate(notes[:4]))
        self._choices.set_items(titles, self._note_id)
        self._choices.setVisible(len(notes) > 1)
        self._fill()

    def _choose(self, note_id: str) -> None:
        self._note_id = note_id
        self._fill()

    def _fill(self) -> None:
        if self._case is None:
            return
        note = next((n for n in self._case.record.notes if n.id == self._note_id), None)
        self.text.setPlainText(note.text if note else tr("There is no note in this case."))
        self._set_type()
        if note is None:
            self.header.set_note("")
            bind(self._count, "setText", "")
            return
        self.header.set_note(f"{note.title} {note.time[:16].replace('T', ' ')}".strip())
        found = marks(self._case, note, self._explanation, sentences=self.mode.value() == "sentences")
        for mark in found:
            self._highlight(mark)
        bind(self._count, "setText", "{n} marked", n=len(found))
        spoken = ", ".join(f"{note.text[m.start : m.end]} {m.value:+.2f}" for m in found)
        self.text.setAccessibleName(spoken)

    def _set_type(self) -> None:
        cursor = QTextCursor(self.text.document())
        cursor.select(QTextCursor.SelectionType.Document)
        look = QTextCharFormat()
        look.setFont(fonts.font(14))
        look.setForeground(color("text.1"))
        cursor.setCharFormat(look)
        block = cursor.blockFormat()
        block.setLineHeight(24, 2)
        cursor.setBlockFormat(block)

    def _highlight(self, mark: Mark) -> None:
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(mark.start)
        cursor.setPosition(mark.end, QTextCursor.MoveMode.KeepAnchor)
        look = QTextCharFormat()
        look.setBackground(mix("bg.panel", "token.posMax" if mark.value > 0 else "token.negMax", strength(mark.value)))
        look.setFontUnderline(True)
        look.setUnderlineColor(QColor(color("shap.pos" if mark.value > 0 else "shap.neg")))
        look.setToolTip(f"{mark.words} {mark.value:+.2f}".strip())
        cursor.mergeCharFormat(look)
