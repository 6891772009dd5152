"""Monitoring as a grid: what, when; done, due, or a decision."""

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from core.domain.plan import MonitoringItem
from ui.theme.fonts import font, metrics
from ui.theme.theme import color
from ui.translate import say, tr
from ui.widgets import paint

LEFT, HEAD, ROW = 150, 26, 24
LEAST_COLUMN, LARGEST_LEFT = 36, 0.55
LABEL_PX = 12
WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
HOURS_PER_DAY, HOURS_PER_WEEK = 24, 168


def hour_words(hours: float) -> str:
    """ "6 h", "Day 5", "Wk 6"."""
    if hours <= 72:
        return tr("{n} h", n=f"{hours:g}")
    if hours < 2 * HOURS_PER_WEEK:
        return tr("Day {n}", n=f"{hours / HOURS_PER_DAY:g}")
    return tr("Wk {n}", n=f"{hours / HOURS_PER_WEEK:g}")


class Schedule(QWidget):
    """Rows of items, columns of times; circle due, filled done, diamond decide."""

    def __init__(self) -> None:
        super().__init__()
        self._items: tuple[MonitoringItem, ...] = ()
        self._times: list[float] = []

    def show_items(self, items: tuple[MonitoringItem, ...]) -> None:
        """Replace the items."""
        self._items = items
        self._times = sorted({hour for item in items for hour in (*item.times_h, *item.done_h)})
        words = (f"{say(i.label)}: {', '.join(hour_words(h) for h in i.times_h)}" for i in items)
        self.setAccessibleName("; ".join(words))
        self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """All rows."""
        return QSize(380, HEAD + sum(self._heights()) + 4 if self._items else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Labels wrap: the height follows the width."""
        super().resizeEvent(event)
        self.setFixedHeight(self.sizeHint().height())

    def _left(self) -> int:
        """Width of the labels: what the columns leave free, never more than about half."""
        free = self.width() - 16 - LEAST_COLUMN * len(self._times)
        return max(LEFT, min(free, int(self.width() * LARGEST_LEFT)))

    def _heights(self) -> list[int]:
        """Each row's height: its label is written whole, on as many lines as it needs."""
        room = QRect(0, 0, self._left() - 20, 10_000)
        return [max(ROW, _wrapped(say(item.label), room) + 8) for item in self._items]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        if not self._times:
            return
        left = self._left()
        step = (self.width() - left - 16) / len(self._times)
        for j, hours in enumerate(self._times):
            area = QRect(int(left + j * step), 0, int(step), HEAD)
            paint.text(painter, area, hour_words(hours), "text.2", px=11, align=paint.CENTRE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y = HEAD
        for item, height in zip(self._items, self._heights(), strict=True):
            _paragraph(painter, QRect(14, y, left - 20, height - 1), say(item.label))
            painter.fillRect(14, y + height - 1, self.width() - 28, 1, color("line.subtle"))
            for j, hours in enumerate(self._times):
                if hours in item.times_h or hours in item.done_h:
                    centre = QPointF(left + (j + 0.5) * step, y + height / 2 - 0.5)
                    _mark(painter, centre, done=hours in item.done_h, decide=item.decide)
            y += height


def _wrapped(words: str, room: QRect) -> int:
    """The height of words written within the room."""
    return metrics(LABEL_PX).boundingRect(room, WRAP, words).height()


def _paragraph(painter: QPainter, area: QRect, words: str) -> None:
    painter.setFont(font(LABEL_PX))
    painter.setPen(color("text.1"))
    painter.drawText(area, WRAP, words)


def _mark(painter: QPainter, centre: QPointF, *, done: bool, decide: bool) -> None:
    if decide:
        painter.setPen(QPen(color("amber"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        offsets = ((0, -5), (5, 0), (0, 5), (-5, 0))
        painter.drawPolygon(QPolygonF([QPointF(centre.x() + x, centre.y() + y) for x, y in offsets]))
        return
    painter.setPen(QPen(color("green" if done else "info"), 1.4))
    painter.setBrush(color("green") if done else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(centre, 4, 4)


class Legend(QWidget):
    """done, due, decide."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(178, 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = 8
        for words, done, decide in ((tr("done"), True, False), (tr("due"), False, False), (tr("decide"), False, True)):
            _mark(painter, QPointF(x, 10), done=done, decide=decide)
            x += 9 + paint.text(painter, QRect(x + 9, 0, 60, 20), words, "text.2", px=12) + 16
