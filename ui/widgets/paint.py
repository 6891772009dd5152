"""Painting helpers shared by painted widgets and delegates."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from ui.theme import fonts
from ui.theme.fonts import font, metrics
from ui.theme.theme import color

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter


def shade(token: str | QColor) -> QColor:
    """A colour from a token or as given."""
    return color(token) if isinstance(token, str) else token


def text(
    painter: QPainter,
    rect: QRect | QRectF,
    words: str,
    token: str | QColor = "text.1",
    *,
    px: int = 13,
    weight: int = 400,
    align: Qt.AlignmentFlag = LEFT,
) -> int:
    """Draw one line, elided at the end; returns the width used."""
    area = rect.toRect() if isinstance(rect, QRectF) else rect
    painter.setFont(font(px, weight))
    painter.setPen(shade(token))
    measured = metrics(px, weight)
    shown = measured.elidedText(words, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, int(align), shown)
    return measured.horizontalAdvance(shown)


def width(words: str, px: int = 13, weight: int = 400) -> int:
    """Width of a line in logical pixels."""
    return fonts.width(words, px, weight)


def box(
    painter: QPainter,
    rect: QRectF,
    fill: str | QColor | None,
    line: str | QColor | None = None,
    *,
    radius: float = 4,
    dashed: bool = False,
) -> None:
    """A rounded box with a crisp 1 px border."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(shade(fill) if fill is not None else Qt.BrushStyle.NoBrush)
    if line is None:
        painter.setPen(Qt.PenStyle.NoPen)
    else:
        pen = QPen(shade(line), 1)
        if dashed:
            pen.setDashPattern([3, 2])
        painter.setPen(pen)
        rect = rect.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(rect, radius, radius)
    painter.restore()


def probability(
    painter: QPainter,
    rect: QRect,
    value: float,
    interval: tuple[float, float],
    *,
    muted: bool = False,
) -> None:
    """A 6 px bar with its interval as a bracket, centred in `rect`; values 0-1."""
    x, w, y = rect.x(), rect.width(), rect.y() + rect.height() // 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color("line.subtle"))
    painter.drawRoundedRect(QRectF(x, y - 3, w, 6), 2, 2)
    painter.setBrush(color("text.3" if muted else "chart.1"))
    painter.drawRoundedRect(QRectF(x, y - 3, max(0.0, w * value), 6), 2, 2)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(color("text.1"))
    low, high = x + int((w - 2) * interval[0]), x + int((w - 2) * interval[1])
    painter.drawRect(low, y - 1, max(2, high - low), 2)
    painter.drawRect(low, y - 5, 2, 10)
    painter.drawRect(high, y - 5, 2, 10)
    painter.restore()


def no_estimate(painter: QPainter, rect: QRect) -> None:
    """The hatched amber bar that stands where no number may stand."""
    y = rect.y() + rect.height() // 2 - 3
    fill = QColor(color("amber"))
    fill.setAlphaF(0.5)
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    for x in range(rect.x(), rect.right() - 4, 8):
        painter.drawRect(x, y, 5, 6)
    painter.restore()


def progress(painter: QPainter, rect: QRect, share: float, token: str = "chart.1") -> None:
    """A plain 6 px progress bar, centred in `rect`."""
    y = rect.y() + rect.height() / 2 - 3
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color("line.subtle"))
    painter.drawRoundedRect(QRectF(rect.x(), y, rect.width(), 6), 2, 2)
    painter.setBrush(color(token))
    painter.drawRoundedRect(QRectF(rect.x(), y, rect.width() * share, 6), 2, 2)
    painter.restore()


def focus_ring(painter: QPainter, rect: QRect, radius: float = 4) -> None:
    """The 2 px focus border, inside the outer size."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color("focus"), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), radius, radius)
    painter.restore()
