"""The patient banner: who, allergies, problems, the values that matter. Painted; never hides name, number, allergies."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from core.domain.age import age_years
from core.domain.case import Case
from core.domain.record import Allergy
from ui.case.facts import KeyValue, allergies, genes, key_values
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import color
from ui.translate import say, tr
from ui.widgets import chip, paint
from ui.worklist.table import age_text, sex_text

HEIGHT = 62


@dataclass(frozen=True, slots=True)
class Who:
    """Identity as it is printed everywhere."""

    name: str
    sex: str
    age: str
    born: str
    number: str
    synthetic: bool


def who(case: Case, session: Session) -> Who:
    """The identity of a case's patient."""
    patient = case.record.patient
    return Who(
        name=patient.name or tr("Unnamed patient"),
        sex=sex_text(patient.sex),
        age=age_text(age_years(patient, session.now().date())),
        born=patient.birth_date.isoformat() if patient.birth_date else "",
        number=patient.identifiers[0].value if patient.identifiers else "",
        synthetic=patient.synthetic,
    )


def allergy_words(allergy: Allergy) -> str:
    """ "PENICILLIN · anaphylaxis"."""
    return " · ".join((allergy.text, *allergy.reactions[:1]))


class Banner(QWidget):
    """62 px over the case's pages."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._case: Case | None = None
        self._who = Who("", "", "", "", "", synthetic=False)
        self._values: tuple[KeyValue, ...] = ()
        self.setFixedHeight(HEIGHT)

    def show_case(self, case: Case) -> None:
        """Show a case."""
        self._case = case
        self._who = who(case, self._session)
        self._values = key_values(case, banner=True)
        spoken = [self._who.name, self._who.sex, self._who.age, self._who.number, self._allergy_title()]
        spoken += [p.text for p in case.record.problems[:6]]
        spoken += [f"{say(v.label)} {v.text} {v.unit}" for v in self._values]
        self.setAccessibleName(", ".join(part for part in spoken if part))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Left to right: identity, allergies; right to left: values; problems take the rest."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("bg.panel"))
        painter.fillRect(0, HEIGHT - 1, self.width(), 1, color("line.subtle"))
        if self._case is None:
            return
        left = self._paint_identity(painter)
        left = self._paint_allergies(painter, left)
        right = self._paint_values(painter)
        self._paint_problems(painter, left, right)

    def _paint_identity(self, painter: QPainter) -> int:
        x = 14
        name_px = 16
        wide = min(260, paint.width(self._who.name, name_px, 600) + 2)
        paint.text(painter, QRect(x, 10, wide, 24), self._who.name, px=name_px, weight=600)
        end = x + wide
        if self._who.synthetic and self.width() > 1250:
            end += 8 + chip.draw(painter, QPoint(x + wide + 8, 12), tr("SYNTHETIC"), "violet")
        parts = [self._who.sex, self._who.age, self._who.born]
        parts += [f"MRN {self._who.number}" if self.width() > 1400 else self._who.number] if self._who.number else []
        words = " · ".join(part for part in parts if part)
        used = paint.text(painter, QRect(x, 34, 320, 18), words, "text.2", px=12)
        return max(end, x + used) + 16

    def _allergy_title(self) -> str:
        found = allergies(self._case) if self._case else ()
        if not found:
            return tr("Allergies not recorded") if self._case and not self._case.record.allergies else ""
        first = allergy_words(found[0])
        return tr("Allergy: {words}", words=first) if self.width() > 1300 else first

    def _paint_allergies(self, painter: QPainter, left: int) -> int:
        assert self._case is not None
        found = allergies(self._case)
        title = self._allergy_title() or tr("No allergy stated as current")
        parts = [found[0].onset[:4]] if found and found[0].onset else []
        parts += [allergy_words(a) for a in found[1:4]]
        second = " · ".join(parts)
        wide = max(paint.width(title, 13, 600), paint.width(second, 11)) + 58
        wide = min(wide, 320 if self.width() > 1400 else 250)
        if found:
            painter.fillRect(QRect(left, 0, wide, HEIGHT - 1), color("red.tint"))
        painter.fillRect(left, 0, 1, HEIGHT - 1, color("red.line" if found else "line.subtle"))
        painter.fillRect(left + wide, 0, 1, HEIGHT - 1, color("red.line" if found else "line.subtle"))
        icons.draw(painter, "stop" if found else "help", "red" if found else "text.3", left + 14, 22, 18)
        tone = "red" if found else "text.2"
        area = QRect(left + 44, 12 if second else 21, wide - 52, 20)
        paint.text(painter, area, title, tone, weight=600 if found else 400)
        paint.text(painter, QRect(left + 44, 33, wide - 52, 16), second, "text.2", px=11)
        return left + wide + 14

    def _paint_values(self, painter: QPainter) -> int:
        assert self._case is not None
        x = self.width()
        for gene in genes(self._case)[:1]:
            x = self._paint_value(painter, x, gene.gene, gene.genotype, "", "violet")
        for value in reversed(self._values):
            if value.wide and self.width() < 1500:
                continue
            arrow = {"H": " ↑", "L": " ↓"}.get(value.mark, "")
            unit = value.unit.split("/1.73")[0] if self.width() > 1300 else ""
            x = self._paint_value(painter, x, say(value.label), value.text + arrow, unit, value.tone)
        return x - 10

    def _paint_value(self, painter: QPainter, right: int, name: str, number: str, unit: str, tone: str) -> int:
        number_wide = paint.width(number, 15, 600)
        unit_wide = paint.width(unit, 11) + 4 if unit else 0
        wide = max(paint.width(name, 11), number_wide + unit_wide) + 26
        left = right - wide
        painter.fillRect(left, 0, 1, HEIGHT - 1, color("line.subtle"))
        paint.text(painter, QRect(left + 13, 11, wide, 16), name, "text.2", px=11)
        paint.text(painter, QRect(left + 13, 29, number_wide + 2, 22), number, tone, px=15, weight=600)
        if unit:
            area = QRect(left + 13 + number_wide + 4, 31, unit_wide + 4, 20)
            paint.text(painter, area, unit, "text.2", px=11)
        return left

    def _problem_words(self) -> list[str]:
        assert self._case is not None
        return [p.text for p in self._case.record.problems if p.status not in ("resolved", "inactive")]

    def _paint_problems(self, painter: QPainter, left: int, right: int) -> None:
        words = self._problem_words()
        if right - left < 120 or not words:
            return
        caption = self.width() > 1300
        if caption:
            paint.text(painter, QRect(left, 11, right - left, 16), tr("Key problems"), "text.2", px=11)
        x, y = left, 31 if caption else 21
        for i, word in enumerate(words):
            rest = len(words) - i
            room = right - x - (44 if rest > 1 else 0)
            wide = min(chip.size(word).width(), 190)
            if room < min(wide, 110) or (i == 3 and rest > 1):
                chip.draw(painter, QPoint(x, y), f"+{rest}", "plain")
                return
            x += chip.draw(painter, QPoint(x, y), word, "grey", limit=min(wide, room)) + 5

    def event(self, event: QEvent) -> bool:
        """The tooltip holds all problems and allergies."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._case is not None:
            lines = [allergy_words(a) for a in self._case.record.allergies] + self._problem_words()
            QToolTip.showText(event.globalPos(), "\n".join(lines), self)
            return True
        return super().event(event)


__all__ = ["Banner", "Who", "who"]
