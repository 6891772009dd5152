"""The note editor: what is typed is found and assessed while typing."""

from dataclasses import replace

from PySide6.QtCore import QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from core.domain.basics import Source
from core.domain.case import Case, CaseStatus
from core.domain.record import Note
from ui.session import Session
from ui.theme import fonts
from ui.theme.theme import surface
from ui.translate import bind, tr
from ui.widgets.button import Button
from ui.widgets.layout import band, column, row
from ui.widgets.panels import Segmented
from ui.widgets.text import label

DELAY_MS = 30
"""Long enough for a fast typist's next key, short enough that the differential follows within 200 ms."""
OWN_NOTE = "note-own"


def looks_chinese(text: str) -> bool:
    """Whether a note is written in Chinese."""
    return sum("\u4e00" <= c <= "\u9fff" for c in text) * 4 > len(text)


class NotePane(QWidget):
    """All notes of a case; the chosen one can be edited until the case is signed."""

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self)
        self._case_id, self._session = case_id, session
        self._note_id = ""
        self._filling = False
        self._choices = Segmented((), translate=False)
        self._state = label("", "caption")
        self.editor = QPlainTextEdit()
        self.editor.setProperty("frame", "none")
        self.editor.setTabChangesFocus(True)
        bind(self.editor, "setAccessibleName", "Note text")
        bind(
            self.editor,
            "setPlaceholderText",
            "Type the history, examination and results. Findings are read as you type.",
        )
        self._add = Button("New note", "plus", small=True, on_click=self.start_note)
        head = band(row(self._choices, None, self._state, self._add, margins=(12, 0, 12, 0)), 38)
        body = column(self.editor, margins=(16, 12, 16, 12))
        self.setLayout(column(head, body, gap=0))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._typed)
        self.editor.textChanged.connect(self._changed)
        self._choices.chosen.connect(self.choose)

    def show_case(self, case: Case) -> None:
        """Fill; what is being typed is never overwritten."""
        notes = sorted(case.record.notes, key=lambda n: n.time)
        titles = tuple((n.id, n.title or tr("Note {n}", n=i + 1)) for i, n in enumerate(notes))
        if self._note_id not in {n.id for n in notes}:
            self._note_id = notes[-1].id if notes else ""
        self._choices.set_items(titles, self._note_id)
        self._choices.setVisible(len(notes) > 1)
        self.editor.setFont(fonts.font(14))
        signed = case.status is CaseStatus.SIGNED
        self.editor.setReadOnly(signed)
        self._add.setVisible(not signed)
        self._state.setText(tr("Signed: read-only") if signed else "")
        if not self.editor.hasFocus() or signed:
            self._fill(case)

    def _fill(self, case: Case) -> None:
        note = next((n for n in case.record.notes if n.id == self._note_id), None)
        text = note.text if note else ""
        if text != self.editor.toPlainText():
            self._filling = True
            self.editor.setPlainText(text)
            self._filling = False

    def choose(self, note_id: str, start: int = -1, end: int = -1) -> None:
        """Show a note, perhaps with a place in it selected."""
        self._note_id = note_id
        case = self._session.cases[self._case_id]
        self._choices.set_value(note_id)
        self._fill(case)
        if start >= 0:
            cursor = self.editor.textCursor()
            cursor.setPosition(min(start, len(self.editor.toPlainText())))
            cursor.setPosition(min(end, len(self.editor.toPlainText())), QTextCursor.MoveMode.KeepAnchor)
            self.editor.setTextCursor(cursor)
            self.editor.ensureCursorVisible()

    def start_note(self) -> None:
        """An empty note to type in."""
        case = self._session.cases[self._case_id]
        number = sum(n.id.startswith(OWN_NOTE) for n in case.record.notes) + 1
        self._note_id = f"{OWN_NOTE}-{number}"
        self._filling = True
        self.editor.clear()
        self._filling = False
        self.editor.setFocus()

    def _changed(self) -> None:
        if not self._filling and not self.editor.isReadOnly():
            self._timer.start()

    def _typed(self) -> None:
        """Hand the text to the session: it is read and assessed in the background, and saved."""
        text = self.editor.toPlainText()
        case = self._session.cases.get(self._case_id)
        if case is None or not (text.strip() or self._note_id):
            return
        self._note_id = self._note_id or f"{OWN_NOTE}-1"
        old = next((n for n in case.record.notes if n.id == self._note_id), None)
        language = "zh" if looks_chinese(text) else "en"
        if old is not None and old.text == text:
            return
        now = self._session.now().isoformat(timespec="seconds")
        own = Note(self._note_id, text, Source("typed", "text", self._note_id), language, tr("My note"), now)
        self._session.edit_note(self._case_id, replace(old, text=text, language=language) if old else own)


__all__ = ["NotePane", "looks_chinese"]
