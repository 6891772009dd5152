"""Painted rows of the Record page: sections, facts, sources."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from core.domain.basics import Source
from core.domain.record import Note
from core.records.place import title
from ui.record.lines import PARTS, Line, excerpt_of
from ui.theme import icons
from ui.theme.theme import color
from ui.widgets import paint
from ui.widgets.rows import PaintedRows

LINE = 24
ALL = ""


class SectionRows(PaintedRows):
    """Icon, name, number of facts; the chosen one is marked."""

    def __init__(self) -> None:
        super().__init__(30, 12)
        self.chosen = ALL

    def paint_row(self, painter: QPainter, rect: QRect, row: tuple[str, str, str, int]) -> None:
        """Draw a row."""
        key, icon, words, count = row
        if key == self.chosen:
            painter.fillRect(rect.adjusted(-12, 0, 12, 0), color("bg.selected"))
            painter.fillRect(QRect(0, rect.y(), 2, rect.height()), color("accent"))
        tone = "text.1" if count else "text.3"
        icons.draw(painter, icon, tone, rect.x(), rect.y() + 8, 14)
        paint.text(painter, rect.adjusted(24, 0, -44, 0), words, tone, px=13)
        paint.text(painter, rect, str(count), "text.3", px=12, align=paint.RIGHT)

    def sentence(self, row: tuple[str, str, str, int]) -> str:
        """A row in words."""
        return f"{row[2]} {row[3]}"


class LineRows(PaintedRows):
    """Date, icon, what, value or status, H or L. While searching, the words found in a note."""

    def __init__(self) -> None:
        super().__init__(LINE, 14)
        self.words, self.chosen = "", ""
        self._icons = {key: icon for key, icon, _name in PARTS}

    def paint_row(self, painter: QPainter, rect: QRect, row: Line) -> None:
        """Draw a row."""
        if row.id == self.chosen:
            painter.fillRect(rect.adjusted(-14, 0, 14, 0), color("bg.selected"))
        x, y, h = rect.x(), rect.y(), rect.height()
        paint.text(painter, QRect(x, y, 78, h), row.time[:10], "text.3", px=12)
        icons.draw(painter, self._icons[row.section], "text.2", x + 84, y + 5, 14)
        left = x + 106
        half = left + int((rect.right() - left) * 0.56)
        paint.text(painter, QRect(left, y, half - left - 8, h), row.title, row.tone, px=13)
        detail = QRect(half, y, rect.right() - half - 18, h)
        if self.words and isinstance(row.fact, Note):
            self._found(painter, detail, row.fact.text)
        else:
            tone = row.tone if row.mark else "text.2"
            paint.text(painter, detail, row.detail, tone, px=12, weight=600 if row.mark else 400)
        paint.text(painter, rect, row.mark, row.tone, px=12, weight=600, align=paint.RIGHT)

    def _found(self, painter: QPainter, area: QRect, text: str) -> None:
        part, places = excerpt_of(text, self.words)
        x, at = area.x(), 0
        for start, end in (*places, (len(part), len(part))):
            for piece, tone, weight in ((part[at:start], "text.2", 400), (part[start:end], "accent", 600)):
                if piece and x < area.right():
                    paint.text(
                        painter, QRect(x, area.y(), area.right() - x, area.height()), piece, tone, px=12, weight=weight
                    )
                    x += paint.width(piece, 12, weight)
            at = end

    def sentence(self, row: Line) -> str:
        """A row in words."""
        return " · ".join(x for x in (row.time[:16].replace("T", " "), row.title, row.detail, row.mark) if x)


class SourceRows(PaintedRows):
    """The files a fact came from."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Source) -> None:
        """Draw a row."""
        icons.draw(painter, "doc", "accent", rect.x(), rect.y() + 3, 14)
        paint.text(painter, rect.adjusted(22, 0, 0, 0), title(row), "accent", px=12)

    def sentence(self, row: Source) -> str:
        """A row in words."""
        return title(row)
