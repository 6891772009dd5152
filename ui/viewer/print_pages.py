"""Which images are printed, each drawn as its viewport shows it; and a page drawn for preview and printer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from core.imaging.pixels import Frame
from core.imaging.window import Window
from ui.theme.fonts import font
from ui.viewer import dress
from ui.viewer.marks import KEY
from ui.viewer.print_layout import Box, Head, Printed, cells
from ui.viewer.source import SeriesSource, Source
from ui.viewer.texts import text
from ui.viewer.viewport import Viewport
from ui.viewer.viewport_model import ViewportModel

if TYPE_CHECKING:
    from ui.viewer.viewer import Viewer

SHARPNESS = 2.5
"""Pixels of a printed picture for each pixel its texts are laid out in."""
POINTS_A_MM = 4.2
MAX_PICTURES = 400
Item = tuple[Viewport, Source, int]
"""(the viewport whose look is taken, source, index)."""


def wanted(viewer: Viewer, what: str, step: int) -> list[Item]:
    """The images of a choice: "shown" viewports, the active "series", or "key" images."""
    if what == "series":
        source = viewer.current.model.source
        return (
            [(viewer.current, source, i) for i in range(0, source.count, max(step, 1))][:MAX_PICTURES] if source else []
        )
    if what == "key":
        return _key_images(viewer)
    return [(v, v.model.source, v.model.index) for v in viewer.shown_viewports() if v.model.source is not None]


def _key_images(viewer: Viewer) -> list[Item]:
    marked = {m.image_id for m in viewer.marks.now if m.kind == KEY}
    found: list[Item] = []
    for series in viewer.shelf.series.values():
        source = SeriesSource(series, viewer.cache, viewer.shelf.ids)
        found += [(viewer.current, source, i) for i in range(source.count) if source.image_id(i) in marked]
    return found[:MAX_PICTURES]


def needs_decoding(item: Item) -> partial[Frame] | None:
    """How to decode an image that is not at hand; None where it is."""
    _view, source, index = item
    if isinstance(source, SeriesSource) and source.get(index) is None:
        return partial(source.decode, index)
    return None


def picture(viewer: Viewer, item: Item, box: Box) -> Printed:
    """An image as its viewport would show it in a cell of that shape, with window, directions, marks and overlays."""
    like, source, index = item
    width, height = round(box[2] * POINTS_A_MM), round(box[3] * POINTS_A_MM)
    view = Viewport(ViewportModel(viewer.marks))
    view.resize(width, height)
    _look(view, like, source, index)
    dress.dress(viewer, view)
    view.identity, view.active = (), False
    view.ratio = SHARPNESS
    image = QImage(round(width * SHARPNESS), round(height * SHARPNESS), QImage.Format.Format_RGB888)
    image.fill(QColor(0, 0, 0))
    image.setDevicePixelRatio(SHARPNESS)
    view.render(image)
    words = caption(view)
    view.deleteLater()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return Printed(rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy(), words)


def _look(view: Viewport, like: Viewport, source: Source, index: int) -> None:
    """Window, turns, colours and state of the viewport it is taken from; its zoom where it shows the same series."""
    view.model.show(source, index)
    same = like.model.source is source or _uid(like.model.source) == _uid(source) != ""
    if not same:
        return
    model, other = view.model, like.model
    model.window, model.invert, model.colours = other.window, other.invert, other.colours
    model.smooth, model.state, model.pose = other.smooth, other.state, other.pose
    view.warnings = like.warnings
    if other.pose.zoom:
        scale = min(view.width() / max(like.width(), 1), view.height() / max(like.height(), 1))
        pan = (other.pose.pan[0] * scale, other.pose.pan[1] * scale)
        model.pose = replace(other.pose, zoom=other.pose.zoom * scale, pan=pan)


def _uid(source: Source | None) -> str:
    return source.series.uid if isinstance(source, SeriesSource) else ""


def caption(view: Viewport) -> str:
    """Series, number, time and window in one line."""
    model = view.model
    if model.source is None:
        return ""
    image = model.frame()
    voi = model.voi(image) if image is not None and not image.colour else None
    window = f"W {voi.width:.4g} L {voi.centre:.4g}" if isinstance(voi, Window) else ""
    number = text("Image {index} / {count}", index=model.index + 1, count=model.source.count)
    return " · ".join(w for w in (*dress.image_line(view), number, window) if w)


def paint_page(
    painter: QPainter, scale: float, top: Head, pictures: Sequence[Printed], layout: tuple[int, int], number: str
) -> None:
    """One page at `scale` pixels a millimetre. The PDF is set by `print_layout.write_pdf` to the same measures."""

    def area(x: float, y: float, width: float, height: float) -> QRectF:
        return QRectF(x * scale, y * scale, width * scale, height * scale)

    left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setPen(QColor(23, 28, 36))
    painter.setFont(font(max(round(3.2 * scale), 6), 600))
    painter.drawText(area(16, 8, 140, 8), left, top.identity)
    if top.badge:
        painter.setPen(QColor(88, 58, 172))
        painter.drawText(area(120, 8, 74, 8), right, top.badge)
    painter.setPen(QColor(221, 227, 234))
    for y in (17.0, 284.0):
        painter.drawLine(QPointF(16 * scale, y * scale), QPointF(194 * scale, y * scale))
    painter.setPen(QColor(85, 98, 115))
    painter.setFont(font(max(round(2.6 * scale), 5)))
    painter.drawText(area(16, 285, 140, 6), left, top.foot)
    painter.drawText(area(150, 285, 44, 6), right, f"{top.page_word} {number}")
    for one, (x, y, width, height) in zip(pictures, cells(layout), strict=False):
        rows, columns = one.pixels.shape[:2]
        image = QImage(one.pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
        painter.drawImage(area(x, y, width, height), image)
        painter.drawText(area(x, y + height, width, 4.5), left, one.caption)
