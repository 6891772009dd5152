"""Marks, plates, overlay and crosshair painted over the image."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from core.domain.imaging import Measurement
from ui.theme.fonts import font, metrics
from ui.theme.theme import tokens
from ui.viewer.marks import label
from ui.viewer.overlay import HeatMap
from ui.viewer.texts import text
from ui.viewer.transform import Transform
from ui.viewer.viewport_model import Overlay

Place = Callable[[tuple[float, float]], QPointF]
PLATE_OPACITY = 0.78


def color(token: str) -> QColor:
    """A token in the dark theme: image areas are black in both."""
    return QColor(tokens()["dark"][token])


LINE_HEIGHT = 17
HEADROOM = 116
"""Height that identity and window take at the top of a viewport, with a plate of two lines below them."""


def plate(
    painter: QPainter,
    lines: Sequence[str],
    corner: QPointF,
    *,
    align: str = "left",
    bottom: bool = False,
    tone: str = "viewer.text",
    border: str = "",
    px: int = 12,
    room: int = 0,
    whole: int = 0,
    keep: bool = False,
) -> QRectF:
    """Lines of text on a dark plate whose corner (by `align` and `bottom`) is at `corner`; returns its rectangle.

    `room` (pixels) shortens lines after the first `whole` ones (identity is never shortened); `keep` moves the plate back
    into the viewport.
    """
    measured = metrics(px, 500)
    elide = Qt.TextElideMode.ElideRight
    shown = [
        measured.elidedText(line, elide, room - 12) if room and number >= whole else line
        for number, line in enumerate(line for line in lines if line)
    ]
    if not shown:
        return QRectF()
    width = max(measured.horizontalAdvance(line) for line in shown) + 12
    height = len(shown) * LINE_HEIGHT + 5
    x = corner.x() - {"left": 0, "right": width, "centre": width / 2}[align]
    y = corner.y() - (height if bottom else 0)
    if keep:
        whole = painter.viewport()
        x = min(max(x, 2), max(whole.width() - width - 2, 2))
        y = min(max(y, 2), max(whole.height() - height - 2, 2))
    rect = QRectF(round(x), round(y), width, height)
    back = QColor(color("viewer.plate"))
    back.setAlphaF(PLATE_OPACITY)
    painter.setPen(QPen(color(border), 1) if border else Qt.PenStyle.NoPen)
    painter.setBrush(back)
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5) if border else rect, 3, 3)
    painter.setFont(font(px, 500))
    painter.setPen(color(tone))
    flag = Qt.AlignmentFlag.AlignRight if align == "right" else Qt.AlignmentFlag.AlignLeft
    for number, line in enumerate(shown):
        area = QRect(round(x) + 6, round(y) + 2 + number * LINE_HEIGHT, width - 12, LINE_HEIGHT)
        painter.drawText(area, int(flag | Qt.AlignmentFlag.AlignVCenter), line)
    return rect


def marks(painter: QPainter, shown: Sequence[Measurement], place: Transform, selected: str, note: str) -> None:
    """All marks of the image. `note` says what a length means where that is not plain."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for mark in shown:
        _mark(painter, mark, lambda p: QPointF(*place.to_screen(p)), mark.id == selected, note)


def _mark(painter: QPainter, mark: Measurement, place: Place, selected: bool, note: str) -> None:
    points = [place(p) for p in mark.points]
    tone = "viewer.roi" if mark.kind in {"ellipse", "rectangle", "freehand"} else "viewer.measure"
    for shade, width in ((QColor(0, 0, 0, 170), 3.5), (color(tone), 1.6 if not selected else 2.2)):
        painter.setPen(QPen(shade, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _shape(painter, mark.kind, points)
    if selected:
        painter.setBrush(color(tone))
        painter.setPen(QPen(QColor(0, 0, 0), 1))
        for point in points if mark.kind != "freehand" else points[:1]:
            painter.drawRect(QRectF(point.x() - 3.5, point.y() - 3.5, 7, 7))
    lines = list(label(mark, text))
    if lines:
        if note and (mark.kind == "length" or (selected and mark.kind in {"ellipse", "rectangle", "freehand"})):
            lines.append(note)
        at, align, bottom = _label_place(mark.kind, points)
        plate(painter, lines, at, align=align, bottom=bottom, tone=tone, px=13, keep=True)


def _shape(painter: QPainter, kind: str, points: list[QPointF]) -> None:
    if kind in {"ellipse", "rectangle"} and len(points) == 2:
        box = QRectF(points[0], points[1]).normalized()
        (painter.drawEllipse if kind == "ellipse" else painter.drawRect)(box)
    elif kind == "freehand":
        painter.drawPolygon(QPolygonF(points)) if len(points) > 2 else painter.drawPolyline(QPolygonF(points))
    elif kind == "ratio":
        _ratio(painter, points)
    elif kind == "length" and len(points) == 2:
        _caliper(painter, points[0], points[1])
    elif kind == "arrow" and len(points) == 2:
        _arrow(painter, points[0], points[1])
    elif kind in {"probe", "text"} and points:
        p = points[0]
        painter.drawLine(QPointF(p.x() - 6, p.y()), QPointF(p.x() + 6, p.y()))
        painter.drawLine(QPointF(p.x(), p.y() - 6), QPointF(p.x(), p.y() + 6))
    elif len(points) > 1:
        painter.drawPolyline(QPolygonF(points))


def _caliper(painter: QPainter, a: QPointF, b: QPointF) -> None:
    painter.drawLine(a, b)
    way = b - a
    length = max((way.x() ** 2 + way.y() ** 2) ** 0.5, 1e-6)
    side = QPointF(-way.y() / length * 7, way.x() / length * 7)
    for end in (a, b):
        painter.drawLine(end - side, end + side)


def _ratio(painter: QPainter, points: list[QPointF]) -> None:
    if len(points) >= 2:
        _caliper(painter, points[0], points[1])
    if len(points) == 4:
        pen = QPen(painter.pen())
        pen.setDashPattern([5, 3])
        painter.setPen(pen)
        _caliper(painter, points[2], points[3])


def _arrow(painter: QPainter, tail: QPointF, head: QPointF) -> None:
    painter.drawLine(tail, head)
    way = head - tail
    length = max((way.x() ** 2 + way.y() ** 2) ** 0.5, 1e-6)
    u = QPointF(way.x() / length, way.y() / length)
    side = QPointF(-u.y(), u.x())
    painter.drawLine(head, head - u * 11 + side * 6)
    painter.drawLine(head, head - u * 11 - side * 6)


def _label_place(kind: str, points: list[QPointF]) -> tuple[QPointF, str, bool]:
    """(corner of the plate, its side, whether it grows upwards); below the mark where the corner plates are above it."""
    if kind == "ratio":
        return QPointF((points[0].x() + points[1].x()) / 2, points[0].y() - 8), "centre", True
    if kind == "length":
        high, low = min(points, key=lambda p: p.y()), max(points, key=lambda p: p.y())
        if high.y() < HEADROOM:
            return QPointF(low.x() + 8, low.y() + 4), "left", False
        return QPointF(high.x() + 8, high.y() - 4), "left", True
    right = max(points, key=lambda p: p.x())
    return QPointF(right.x() + 8, right.y() + 4), "left", False


def heat(painter: QPainter, found: HeatMap, place: Transform, how: Overlay, opacity: float, title: str) -> None:
    """The evidence map over the image, its contour, and a plate at the strongest place."""
    if how is Overlay.OFF or opacity <= 0:
        return
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    if how is Overlay.HEAT:
        _tint(painter, found, place, opacity)
    for outlines, tone in ((found.raising, "shap.pos"), (found.lowering, "shap.neg")):
        shade = QColor(color(tone))
        shade.setAlphaF(min(1.0, opacity + 0.35))
        painter.setPen(QPen(shade, 1.8))
        for outline in outlines if how is Overlay.CONTOUR else outlines[:0]:
            painter.drawPolygon(QPolygonF([QPointF(*place.to_screen(p)) for p in outline]))
    painter.restore()
    _peak(painter, found, place, title)


def _tint(painter: QPainter, found: HeatMap, place: Transform, opacity: float) -> None:
    from PySide6.QtGui import QTransform

    height, width = found.rgba.shape[:2]
    image = QImage(found.rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    m = place.matrix
    painter.setOpacity(opacity)
    painter.setTransform(QTransform(m[0, 0], m[1, 0], m[0, 1], m[1, 1], m[0, 2], m[1, 2]))
    x0, y0, x1, y1 = found.box
    painter.drawImage(QRectF(x0 - 0.5, y0 - 0.5, x1 - x0, y1 - y0), image)


def _peak(painter: QPainter, found: HeatMap, place: Transform, title: str) -> None:
    at = QPointF(*place.to_screen(found.peak))
    # To the nearer side, up or down towards the middle: seen whole, and the corner plates stay free.
    view = painter.viewport()
    aside = 70 if at.x() > view.width() / 2 else -70
    to = at + QPointF(aside, 70 if at.y() < view.height() / 2 else -60)
    tone = "shap.posText" if found.peak_value > 0 else "shap.negText"
    border = "shap.pos" if found.peak_value > 0 else "shap.neg"
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color(border), 1.4))
    painter.drawLine(at, to)
    words = f"{title} φ {found.peak_value:+.2f}".strip()
    half = metrics(13, 500).horizontalAdvance(words) / 2 + 10
    to.setX(min(max(to.x(), half), max(view.width() - half, half)))
    plate(painter, (words,), to, align="centre", bottom=at.y() >= to.y(), tone="viewer.text", border=border, px=13)
    painter.setPen(color(tone))


def crosshair(painter: QPainter, at: QPointF, width: int, height: int) -> None:
    """The linked crosshair of the MPR views."""
    painter.setPen(QPen(color("accent"), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(0, at.y()), QPointF(width, at.y()))
    painter.drawLine(QPointF(at.x(), 0), QPointF(at.x(), height))
