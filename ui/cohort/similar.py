"""Past cases like this one, with what is shared, what differs, and what became of them."""

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QDialog, QStackedWidget, QWidget

from core.domain.basics import Label
from core.domain.case import Case
from core.store.similar_cases import Past
from ui.cohort.service import KIND_SIMILAR, service, words_of
from ui.session import Session
from ui.theme.theme import THEME, surface
from ui.translate import say, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import column, panel, scroll
from ui.widgets.panels import PanelHeader, StatePanel, Strip
from ui.widgets.rows import PaintedRows

COUNT = 12
NAMED = 5
VIEWS = {"findings": "findings", "note": "note", "image": "image"}


def outcome_words(past: Past) -> str:
    """The diagnosis and what was accepted, or that nothing is known yet."""
    parts = []
    if past.diagnosis:
        parts.append(past.diagnosis)
    parts += [tr("accepted: {name}", name=say(label)) for label in past.accepted[:2]]
    parts += [tr("treated with: {name}", name=say(label)) for label in past.options[:2]]
    return " · ".join(parts) or tr("no outcome on record")


def named(tokens: tuple[str, ...], labels: dict[str, Label]) -> str:
    """The first tokens in words: denied findings with a minus."""
    words = [f"{'− ' if t[0] == '-' else ''}{say(labels[t[1:]])}" for t in tokens[:NAMED] if t[1:] in labels]
    return ", ".join(words) + (" …" if len(tokens) > NAMED else "")


class PastRows(PaintedRows):
    """Similarity, person in short, outcome; beneath it what is shared and what is not."""

    def __init__(self) -> None:
        super().__init__(66, 14)

    def paint_row(self, painter: QPainter, rect: QRect, row: Past) -> None:
        """Draw a row."""
        similar = row.similar
        paint.text(
            painter, QRect(rect.x(), rect.y() + 4, 52, 20), f"{100 * similar.similarity:.0f} %", px=15, weight=600
        )
        parts = " · ".join(f"{tr(VIEWS[name])} {100 * value:.0f}" for name, value in similar.parts)
        left, wide = rect.x() + 58, rect.width() - 58
        age = "" if row.head.age_years is None else tr("{n} y", n=int(row.head.age_years))
        person = " · ".join(w for w in (tr(row.head.sex.value), age, parts) if w)
        signed = tr("signed") if row.signed_at else tr("open")
        paint.text(painter, QRect(left, rect.y() + 4, wide - 70, 18), outcome_words(row), px=13, weight=600)
        paint.text(painter, QRect(left, rect.y() + 4, wide, 18), signed, "text.2", px=12, align=paint.RIGHT)
        shared = tr("both: {names}", names=named(similar.shared, row.labels) or "—")
        differs = tr("only there: {names}", names=named(similar.other, row.labels) or "—")
        here = tr("only here: {names}", names=named(similar.missing, row.labels) or "—")
        paint.text(painter, QRect(left, rect.y() + 23, wide, 16), f"{person}   {shared}", "text.2", px=12)
        paint.text(painter, QRect(left, rect.y() + 41, wide, 16), f"{differs}   {here}", "text.3", px=12)
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), paint.shade("line.subtle"))

    def sentence(self, row: Past) -> str:
        """A row in words."""
        return (
            f"{100 * row.similar.similarity:.0f} %: {outcome_words(row)}. "
            f"{tr('both: {names}', names=named(row.similar.shared, row.labels))}. "
            f"{tr('only there: {names}', names=named(row.similar.other, row.labels))}. "
            f"{tr('only here: {names}', names=named(row.similar.missing, row.labels))}."
        )


class SimilarDialog(QDialog):
    """The list. `opened(case id)` on click."""

    opened = Signal(str)

    def __init__(self, session: Session, case: Case, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(tr("Similar past cases"))
        self.resize(860, 640)
        surface(self, "panel")
        self.rows = PastRows()
        head = PanelHeader("Similar past cases")
        head.set_note(tr("by findings, note and image, from this store alone"))
        warning = Strip("info", "info")
        words = tr(
            "Likeness is no diagnosis. Cases that were alike and ended otherwise are as telling. Looking here is noted "
            "in the audit trail."
        )
        warning.show_words(words, "info", "info")
        strip = QWidget()
        strip.setLayout(column(warning, margins=(14, 8, 14, 8)))
        self._waiting = StatePanel("list", "Looking for similar cases", "", Button("Cancel", "x", on_click=self.reject))
        self._none = StatePanel("list", "No similar case", "")
        self._stack = QStackedWidget()
        for part in (scroll(panel(column(self.rows, None))), self._waiting, self._none):
            self._stack.addWidget(part)
        self._stack.setCurrentIndex(1)
        self.setLayout(column(head, strip, self._stack, gap=0))
        self.layout().setStretch(2, 1)  # type: ignore[union-attr]
        self.rows.activated.connect(self._open)
        THEME.dress(self)
        self._case = case
        service(session).similar(session, case, COUNT, self._arrived, self._refused, self._better)

    def sizeHint(self) -> QSize:
        """Room for a dozen."""
        return QSize(860, 640)

    def _arrived(self, found: tuple[Past, ...]) -> None:
        from shiboken6 import isValid

        if isValid(self):
            self.rows.show_rows(found)
            self._none.say(tr("No similar case"), tr("No other case of this store shares a finding with this one."))
            self._stack.setCurrentIndex(0 if found else 2)

    def _better(self) -> None:
        """The notes and images were read meanwhile: look again, with them."""
        from shiboken6 import isValid

        if isValid(self) and self.isVisible():
            service(self._session).similar(self._session, self._case, COUNT, self._arrived, self._refused)

    def _refused(self, error: Exception) -> None:
        from shiboken6 import isValid

        if isValid(self):
            self._none.say(tr("No similar case"), words_of(self._session, error))
            self._stack.setCurrentIndex(2)

    def _open(self, past: Past) -> None:
        self.opened.emit(past.similar.case_id)
        self.accept()

    def done(self, result: int) -> None:
        """Closing stops the search."""
        self._session.jobs.cancel_kind("", KIND_SIMILAR)
        super().done(result)
