"""What a presentation state draws: shutters over the image, shapes and texts over those."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from core.imaging.presentation_state import Graphic, PresentationState, Shutter
from ui.viewer.paint_marks import color, plate
from ui.viewer.transform import Pose, Transform, shown_area

TONE = "chart.3"
Point = tuple[float, float]


def shutter(painter: QPainter, found: Shutter, place: Transform) -> None:
    """Cover everything outside the openings."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    whole = QPainterPath()
    whole.addRect(QRectF(painter.viewport()))
    for opening in _openings(found, place):
        cover = whole.subtracted(opening)
        level = round(255 * found.value)
        painter.fillPath(cover, QColor(level, level, level))
    painter.restore()


def _openings(found: Shutter, place: Transform) -> list[QPainterPath]:
    made = []
    if found.rectangle is not None:
        left, top, right, bottom = found.rectangle
        made.append(_polygon(((left, top), (right, top), (right, bottom), (left, bottom)), place))
    if found.circle is not None:
        centre, radius = found.circle
        made.append(_ellipse((centre, (centre[0] + radius, centre[1])), place))
    if len(found.polygon) > 2:
        made.append(_polygon(found.polygon, place))
    return made


def _at(place: Transform, point: Point) -> QPointF:
    return QPointF(*place.to_screen(point))


def _polygon(points: tuple[Point, ...], place: Transform) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([_at(place, p) for p in points]))
    path.closeSubpath()
    return path


def _ellipse(points: tuple[Point, Point], place: Transform) -> QPainterPath:
    """A circle of the image, by its centre and a point on it; an ellipse where pixels are not square."""
    (cx, cy), (x, y) = points
    radius = ((x - cx) ** 2 + (y - cy) ** 2) ** 0.5
    centre = _at(place, (cx, cy))
    across, down = _at(place, (cx + radius, cy)) - centre, _at(place, (cx, cy + radius)) - centre
    path = QPainterPath()
    rx, ry = max(abs(across.x()), abs(down.x())), max(abs(across.y()), abs(down.y()))
    path.addEllipse(centre, rx, ry)
    return path


def graphics(
    painter: QPainter,
    state: PresentationState,
    key: tuple[str, int],
    place: Transform,
    pose: Pose,
    size: tuple[int, int],
) -> None:
    """Shapes and texts of the state on one image of `size` (rows, columns)."""
    (x0, y0), (x1, y1) = shown_area(pose, size)
    corners = _at(place, (x0, y0)), _at(place, (x1, y1))
    area = QRectF(corners[0], corners[1]).normalized()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for one in state.of(state.graphics, key) or ():
        _graphic(painter, one, place, area)
    painter.restore()


def _graphic(painter: QPainter, one: Graphic, place: Transform, area: QRectF) -> None:
    def at(point: Point) -> QPointF:
        if one.display:
            return QPointF(area.left() + point[0] * area.width(), area.top() + point[1] * area.height())
        return _at(place, point)

    points = [at(p) for p in one.points]
    painter.setBrush(color(TONE) if one.filled else Qt.BrushStyle.NoBrush)
    for shade, width in ((QColor(0, 0, 0, 170), 3.5), (color(TONE), 1.6)):
        painter.setPen(QPen(shade, width))
        if one.kind == "TEXT":
            if one.anchor is not None:
                painter.drawLine(points[0], at(one.anchor))
        else:
            painter.drawPath(_path(one.kind, points))
    if one.kind == "TEXT":
        box = QPolygonF(points).boundingRect()
        plate(painter, one.text.split("\n"), box.topLeft(), tone=TONE, px=12)


def _path(kind: str, points: list[QPointF]) -> QPainterPath:
    path = QPainterPath()
    if kind == "POINT":
        for p in points:
            path.addRect(QRectF(p.x() - 2.5, p.y() - 2.5, 5, 5))
    elif kind == "CIRCLE" and len(points) == 2:
        way = points[1] - points[0]
        radius = (way.x() ** 2 + way.y() ** 2) ** 0.5
        path.addEllipse(points[0], radius, radius)
    elif kind == "ELLIPSE" and len(points) == 4:
        _add_ellipse(path, points)
    elif kind == "INTERPOLATED" and len(points) > 2:
        _add_spline(path, points)
    else:
        path.addPolygon(QPolygonF(points))
    return path


def _add_ellipse(path: QPainterPath, points: list[QPointF]) -> None:
    """Ends of the major axis, then of the minor one (PS3.3 C.10.5.1.2)."""
    centre = (points[0] + points[1]) / 2
    a, b = (points[1] - points[0]) / 2, (points[3] - points[2]) / 2
    kappa = 0.5522847498  # Bezier length for a quarter of a circle
    path.moveTo(centre + a)
    for p, q in ((a, b), (b, -a), (-a, -b), (-b, a)):
        path.cubicTo(centre + p + q * kappa, centre + q + p * kappa, centre + q)


def _add_spline(path: QPainterPath, points: list[QPointF]) -> None:
    """A smooth curve through all points (Catmull-Rom); the standard leaves the kind of curve open."""
    ends = [points[0], *points, points[-1]]
    path.moveTo(points[0])
    for before, a, b, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        path.cubicTo(a + (b - before) / 6, b - (after - a) / 6, b)
