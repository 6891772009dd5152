"""Line plots: a few named curves over 0-1, each labelled at the line."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme.theme import color
from ui.widgets import paint


@dataclass(frozen=True, slots=True)
class Line:
    """A curve: points (x, y) in 0-1, its name as printed, its colour token."""

    name: str
    points: tuple[tuple[float, float], ...]
    tone: str
    dashed: bool = False


class Plot(QWidget):
    """Curves on a unit square."""

    def __init__(self, caption: str = "") -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self._caption = caption
        self.setMinimumSize(200, 130)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_lines(self, lines: tuple[Line, ...], caption: str) -> None:
        """Replace the curves."""
        self._lines, self._caption = lines, caption
        self.setAccessibleName(f"{caption}: {', '.join(line.name for line in lines)}")
        self.update()

    def sizeHint(self) -> QSize:
        """A small plot."""
        return QSize(260, 170)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        area = QRect(36, 8, self.width() - 48, self.height() - 34)
        for i in range(5):
            y = area.bottom() - i * area.height() // 4
            painter.fillRect(area.x(), y, area.width(), 1, color("chart.grid"))
            words = f"{i / 4:g}"
            paint.text(painter, QRect(0, y - 8, 30, 16), words, "text.2", px=11, align=paint.RIGHT)
        caption = QRect(area.x(), area.bottom() + 8, area.width(), 16)
        paint.text(painter, caption, self._caption, "text.2", px=11, align=paint.CENTRE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        taken: list[QRect] = []
        for line in self._lines:
            self._paint_line(painter, area, line)
        for line in self._lines:
            self._paint_name(painter, area, line, taken)

    def _paint_line(self, painter: QPainter, area: QRect, line: Line) -> None:
        pen = QPen(color(line.tone), 2 if not line.dashed else 1.4)
        if line.dashed:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(_places(area, line)))

    def _paint_name(self, painter: QPainter, area: QRect, line: Line, taken: list[QRect]) -> None:
        """Beside its line, on a ground of its own: other lines may cross there."""
        points = _places(area, line)
        if not points:
            return
        wide = paint.width(line.name, 12, 500) + 4
        at = points[int(len(points) * 0.72)]
        y = max(area.y() + 2, int(at.y()) - 18)
        label = QRect(min(int(at.x()), area.right() - wide), y, wide, 16)
        while any(label.intersects(other) for other in taken) and label.bottom() < area.bottom():
            label.translate(0, 17)
        taken.append(label)
        painter.fillRect(label.adjusted(-2, 1, 0, -1), color("bg.panel"))
        paint.text(painter, label, line.name, line.tone, px=12, weight=500)


def _places(area: QRect, line: Line) -> list[QPointF]:
    return [QPointF(area.x() + x * area.width(), area.bottom() - y * area.height()) for x, y in line.points]
