"""One page of the library: parts with lines, bars for shares, links to other pages, the source of each line."""

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.domain.basics import Citation
from core.library.entry import Entry, Ref, Row
from ui.theme.theme import color, surface
from ui.translate import LANGUAGE, coded, say, tr
from ui.widgets import paint
from ui.widgets.layout import clear, column, panel, scroll
from ui.widgets.panels import Section
from ui.widgets.rows import PaintedRows
from ui.widgets.text import label

ROW = 24
BAR = 90
NAMES = 10
"""Codes and other names printed under the title; the tooltip has all."""
LONG = 64
"""Characters from which a value is printed in its own paragraph."""


def cite(source: Citation) -> str:
    """ "AGS Beers Criteria, 2023"."""
    return ", ".join(part for part in (source.title, str(source.year or ""), source.version) if part)


def value_words(row: Row) -> str:
    """A row's value; code words of the tables ("acute, infectious_diseases") in the user's language."""
    if LANGUAGE.code == "en" or row.value.zh:
        return say(row.value).replace("_", " ")
    return "、".join(coded(word) for word in row.value.en.split(", "))


class LineRows(PaintedRows):
    """What, how much, and a bar where it is a share. Lines that lead somewhere are in the accent colour."""

    def __init__(self) -> None:
        super().__init__(ROW, 14)

    def paint_row(self, painter: QPainter, rect: QRect, row: Row) -> None:
        """Draw a row."""
        value = value_words(row)
        bar = BAR + 52 if row.share is not None else 0
        room = rect.width() - bar
        half = int(room * 0.52) if value else room
        left = QRect(rect.x(), rect.y(), half - 8, rect.height())
        paint.text(painter, left, say(row.label), "accent" if row.target else "text.1", px=13)
        if value:
            paint.text(
                painter, QRect(rect.x() + half, rect.y(), room - half - 8, rect.height()), value, "text.2", px=12
            )
        if row.share is not None:
            self._bar(painter, rect, row.share)

    def _bar(self, painter: QPainter, rect: QRect, share: float) -> None:
        area = QRect(rect.right() - BAR - 46, rect.center().y() - 3, BAR, 6)
        painter.fillRect(area, color("line.subtle"))
        painter.fillRect(QRect(area.x(), area.y(), max(1, round(BAR * share)), 6), color("chart.1"))
        words = f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %"
        paint.text(painter, rect, words, "text.2", px=12, align=paint.RIGHT)

    def sentence(self, row: Row) -> str:
        """A row in words, with its source."""
        share = f"{100 * row.share:.0f} %" if row.share is not None else ""
        words = " · ".join(x for x in (say(row.label), say(row.value), share) if x)
        return f"{words}\n{tr('Source: {words}', words=cite(row.source))}" if row.source else words


class Page(QWidget):
    """`asked(ref)` when a line leads to another page."""

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self.entry: Entry | None = None
        self.parts: list[LineRows] = []
        self._title = label("", "title", wrap=True)
        self._names = label("", "secondary", "text.2", wrap=True, select=True)
        self._body = QVBoxLayout()
        self._body.setSpacing(0)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._sources = label("", "caption", wrap=True, select=True)
        head, foot = QWidget(), QWidget()
        head.setLayout(column(self._title, self._names, gap=4, margins=(14, 12, 14, 10)))
        foot.setLayout(column(self._sources, margins=(14, 12, 14, 14)))
        self._area = scroll(panel(column(head, self._body, foot, None, gap=0)))
        self.setLayout(column(self._area, gap=0))

    def show_entry(self, entry: Entry) -> None:
        """Replace the page."""
        self.entry = entry
        self._title.setText(say(entry.label))
        other = entry.label.en if LANGUAGE.code == "zh" else entry.label.zh
        names = tuple(dict.fromkeys(x for x in (*entry.codes, other, *entry.names) if x))
        rest = len(names) - NAMES
        self._names.setText(" · ".join((*names[:NAMES], *((f"+{rest}",) if rest > 0 else ()))))
        self._names.setToolTip(" · ".join(names) if rest > 0 else "")
        clear(self._body)
        self.parts = []
        for part in entry.parts:
            self._add(say(part.title), part.rows)
        stated = "; ".join(cite(s) for s in entry.sources)
        version = tr("Table {version}", version=entry.version) if entry.version else ""
        words = tr("Source: {words}", words=stated) if stated else ""
        self._sources.setText(" · ".join(x for x in (words, version) if x))
        self._area.verticalScrollBar().setValue(0)

    def _add(self, title: str, rows: tuple[Row, ...]) -> None:
        long = [r for r in rows if _cells(say(r.value)) > LONG or (not say(r.value) and _cells(say(r.label)) > LONG)]
        made = LineRows()
        made.show_rows(rows)
        made.activated.connect(self._follow)
        content: QWidget = made
        if long:
            content = QWidget()
            texts = [label(_paragraph(r), "dense", wrap=True, select=True) for r in rows]
            content.setLayout(column(*texts, gap=8, margins=(14, 6, 14, 10)))
        else:
            self.parts.append(made)
        section = Section("", content)
        section.head.set_title(title)
        section.head.set_count(str(len(rows)))
        self._body.addWidget(section)

    def _follow(self, row: Row) -> None:
        if isinstance(row.target, Ref):
            self.asked.emit(row.target)


def _cells(words: str) -> int:
    """Characters, Chinese ones counted twice: how much room a text takes."""
    return len(words) + sum(c >= "\u2e80" for c in words)


def _paragraph(row: Row) -> str:
    words = ": ".join(x for x in (say(row.label), say(row.value)) if x)
    return f"{words} ({cite(row.source)})" if row.source else words
