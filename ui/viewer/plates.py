"""The plates of a viewport: identity, window, counter, what was done to the picture, patient directions, probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from core.imaging.colours import colour_map
from core.imaging.measure import IN_PATIENT
from core.imaging.pixels import Frame, value_at
from core.imaging.presentation_state import PresentationState
from core.imaging.window import Window
from ui.theme.fonts import metrics
from ui.translate import LANGUAGE
from ui.viewer import paint_marks
from ui.viewer.source import SeriesSource
from ui.viewer.texts import text
from ui.viewer.transform import Transform
from ui.viewer.viewport_model import Tool, ViewportModel

if TYPE_CHECKING:
    from ui.viewer.viewport import Viewport


def paint(view: Viewport, painter: QPainter, image: Frame, place: Transform) -> None:
    """All plates of a viewport that shows an image."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    wide, high = view.width(), view.height()
    lines = view_lines(view.model, image, place)
    taken = max(metrics(12, 500).horizontalAdvance(line) for line in lines) + 34
    whole = max(len(view.identity) - 1, 0)
    left = paint_marks.plate(painter, view.identity, QPointF(8, 8), room=max(wide - taken, 60), whole=whole)
    top = 8 if left.right() + taken <= wide + 10 else left.bottom() + 4
    paint_marks.plate(painter, lines, QPointF(wide - 8, top), align="right")
    bottom = paint_marks.plate(painter, (*counter(view.model), *view.footer), QPointF(8, high - 8), bottom=True)
    said = warnings(view)
    if said:
        corner = QPointF(8, (bottom.top() if bottom.height() else high - 8) - 4)
        paint_marks.plate(painter, said, corner, bottom=True, tone="amber", border="amber.line", room=wide - 16)
    if view.synthetic:
        words = (text("SYNTHETIC · not for diagnosis"),)
        room = wide - metrics(12, 500).horizontalAdvance(words[0]) - 32
        corner = QPointF(wide - 8, high - 8 if bottom.right() < room else bottom.top() - 34)
        paint_marks.plate(painter, words, corner, align="right", bottom=True, tone="violet", border="violet.line")
    _value(view, painter, image, place)
    directions(view, painter)


def view_lines(model: ViewportModel, image: Frame, place: Transform) -> tuple[str, ...]:
    """Window, zoom and size."""
    voi = model.voi(image)
    window = f"W {voi.width:.4g}  L {voi.centre:.4g}" if isinstance(voi, Window) else f"LUT {voi.name}".strip()
    rows, columns = image.stored.shape[:2]
    depth = f" · {image.bits_stored} bit" if image.bits_stored else ""
    return (
        window if not image.colour else "RGB",
        text("Zoom {percent} %", percent=round(100 * place.scale)),
        f"{columns:,} × {rows:,}{depth}",
    )


def counter(model: ViewportModel) -> tuple[str, ...]:
    """Which image of how many."""
    if model.source is None:
        return ()
    return (text("Image {index} / {count}", index=model.index + 1, count=model.source.count),)


def warnings(view: Viewport) -> tuple[str, ...]:
    """What was done to the picture; stays on as long as it holds."""
    model, own = view.model, []
    pose = model.pose
    if pose.flipped:
        own.append(text("flipped"))
    if pose.turns:
        own.append(text("rotated {degrees}°", degrees=90 * pose.turns))
    if model.invert:
        own.append(text("inverted"))
    colours = colour_map(model.colours)
    if colours is not None:
        own.append(text("pseudo-colour: {name}", name=colours.name.text(LANGUAGE.code)))
    if not model.smooth:
        own.append(text("not smoothed"))
    source = model.source
    if isinstance(source, SeriesSource) and source.lossy(model.index):
        own.append(text("stored with loss"))
    state = model.applied()
    said = _state_lines(model, state) if state is not None else ()
    return (*(w.text(LANGUAGE.code) for w in view.warnings), *said, *((" · ".join(own),) if own else ()))


def _state_lines(model: ViewportModel, state: PresentationState) -> tuple[str, ...]:
    name = state.description or state.label or "PR"
    lines = [text("Presentation state applied: {name}", name=name)]
    missing = [text(word) for word in state.left_out]
    image = model.frame()
    if state.rescale is not None and image is not None and state.rescale != (image.grey.slope, image.grey.intercept):
        missing.append(text("a modality LUT of its own"))
    if missing:
        lines.append(text("not applied: {names}", names=", ".join(missing)))
    return tuple(lines)


def spacing_note(model: ViewportModel) -> str:
    """What a length means where that is not plain."""
    note = model.source.spacing(model.index).note if model.source is not None else None
    return note.text(LANGUAGE.code) if note is not None and note != IN_PATIENT else ""


def _value(view: Viewport, painter: QPainter, image: Frame, place: Transform) -> None:
    hover = view.hover
    if hover is None or view.interaction.tool is not Tool.PROBE:
        return
    column, row = (round(v) for v in place.to_image(hover))
    value = value_at(image, column, row)
    if value is None:
        return
    shown = f"{value:.0f} {image.unit}".strip() if isinstance(value, float) else str(value)
    paint_marks.plate(painter, (shown, f"{column}, {row}"), QPointF(hover[0] + 14, hover[1] + 10))


def directions(view: Viewport, painter: QPainter) -> None:
    """Patient directions at the edges, where the plane is stated."""
    letters = view.model.orientation()
    if letters is None:
        return
    wide, high = view.width(), view.height()
    places = (
        (QPointF(8, high / 2 - 10), "left", False),
        (QPointF(wide / 2, 8), "centre", False),
        (QPointF(wide - 8, high / 2 - 10), "right", False),
        (QPointF(wide / 2, high - 8), "centre", True),
    )
    for letter, (at, align, bottom) in zip(letters, places, strict=True):
        paint_marks.plate(painter, (letter,), at, align=align, bottom=bottom)
