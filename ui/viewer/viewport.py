"""One viewport: paints an image with its marks, plates and overlay, and hands mouse work to `Interaction`."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from core.domain.basics import Label
from core.errors import UserError
from core.imaging.colours import colour_map
from core.imaging.pixels import Frame
from ui.viewer import paint_marks, paint_state, plates
from ui.viewer.gestures import Gestures
from ui.viewer.interaction import Interaction
from ui.viewer.marks import new_mark
from ui.viewer.objects import Region, RegionLook, paint_regions
from ui.viewer.overlay import HeatMap
from ui.viewer.render import Renderer
from ui.viewer.source import Source
from ui.viewer.texts import text
from ui.viewer.transform import Transform, zoomed_at
from ui.viewer.viewport_model import Overlay, Tool, ViewportModel

SERIES_MIME = "application/x-consilium-series"
_BUTTONS = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.MiddleButton: "middle",
    Qt.MouseButton.RightButton: "right",
    Qt.MouseButton.BackButton: "back",
    Qt.MouseButton.ForwardButton: "forward",
}


class Viewport(QWidget):
    """Shows one source. `scrolled` carries the new index; `pointed` the (column, row) under a crosshair click."""

    activated = Signal()
    scrolled = Signal(int)
    changed = Signal()
    marksChanged = Signal()
    maximised = Signal()
    menuWanted = Signal(QPoint)
    dropped = Signal(str)
    pointed = Signal(float, float)

    def __init__(self, model: ViewportModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.interaction = Interaction(model)
        self.identity: tuple[str, ...] = ()
        self.footer: tuple[str, ...] = ()
        self.warnings: tuple[Label, ...] = ()
        self.synthetic = False
        self.active = False
        self.heat: HeatMap | None = None
        self.heat_title = ""
        self.regions: tuple[Region, ...] = ()
        self.overlay = Overlay.OFF
        self.opacity = 0.55
        self.blink = False
        self.linked_crosshair = False
        self._renderer = Renderer()
        self.hover: tuple[float, float] | None = None
        self.region_look = RegionLook()
        self.ratio = 0.0
        self.gestures = Gestures(self)
        self._editor: QLineEdit | None = None
        self._menu_pressed = False
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # What is shown

    def show_source(self, source: Source, index: int = 0) -> None:
        """Show another source from the start."""
        self.interaction.cancel()
        self._renderer.forget()
        self.model.show(source, index)
        self.setAccessibleName(" · ".join((*self.identity, *self.footer)))
        self.update()

    def show_nothing(self) -> None:
        """Empty, as before the first image."""
        self.interaction.cancel()
        self._renderer.forget()
        self.model.source, self.model.error, self.model.crosshair, self.model._range = None, "", None, None
        self.model.state, self.regions = None, ()
        self.heat, self.warnings, self.linked_crosshair = None, (), False
        self.setToolTip("")
        self.update()

    def screen(self) -> tuple[int, int]:
        """Size in device pixels: the image is resampled to those."""
        ratio = self.pixel_ratio()
        return round(self.width() * ratio), round(self.height() * ratio)

    def pixel_ratio(self) -> float:
        """Device pixels a logical pixel: the screen's, or what was set for printing."""
        return self.ratio or self.devicePixelRatioF()

    def frame(self) -> Frame | None:
        """The frame shown; a failure to decode is kept and shown by name."""
        try:
            return self.model.frame()
        except UserError as error:
            self.model.error = str(error)
            return None

    def place(self, image: Frame) -> Transform:
        """Image to widget coordinates (logical pixels)."""
        return self.model.transform(image, (self.width(), self.height()))

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Image, overlay, marks, plates; in that order."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), paint_marks.color("bg.viewer"))
        image = self.frame()
        if image is None:
            self._paint_absent(painter)
            return
        self._paint_image(painter, image)
        place = self.place(image)
        if self.heat is not None and not self.blink:
            paint_marks.heat(painter, self.heat, place, self.overlay, self.opacity, self.heat_title)
        if self.regions and not self.blink:
            paint_regions(painter, self.regions, place, self.region_look)
        if self.linked_crosshair and self.model.crosshair is not None:
            at = QPointF(*place.to_screen(self.model.crosshair))
            paint_marks.crosshair(painter, at, self.width(), self.height())
        state = self.model.applied()
        if state is not None:
            if state.shutter is not None:
                paint_state.shutter(painter, state.shutter, place)
            size = (image.stored.shape[0], image.stored.shape[1])
            paint_state.graphics(painter, state, self.model.key(), place, self.model.pose, size)
        note = plates.spacing_note(self.model)
        paint_marks.marks(painter, self.model.shown_marks(), place, self.model.selected, note)
        plates.paint(self, painter, image, place)
        self._paint_border(painter)

    def _paint_image(self, painter: QPainter, image: Frame) -> None:
        ratio = self.pixel_ratio()
        placed = self.model.transform(image, self.screen()) if self.model.pose.zoom == 0 else self._device_place(image)
        model = self.model
        colours = colour_map(model.colours)
        drawn = self._renderer.draw(
            image, placed, self.screen(), model.voi(image), invert=model.invert, smooth=model.smooth,
            colours=colours.rgb if colours is not None else None,
        )  # fmt: skip
        if drawn is None:
            return
        pixels, (x, y) = drawn
        height, width = pixels.shape[:2]
        form = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
        shown = QImage(pixels.data, width, height, pixels.strides[0], form)
        shown.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(x / ratio, y / ratio), shown)

    def _device_place(self, image: Frame) -> Transform:
        place = self.place(image)
        return Transform(place.matrix * self.pixel_ratio())

    def _paint_absent(self, painter: QPainter) -> None:
        words = self.model.error or (text("Loading …") if self.model.source is not None else text("No image"))
        painter.setPen(paint_marks.color("amber" if self.model.error else "text.3"))
        area = self.rect().adjusted(30, 30, -30, -30)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), words)
        paint_marks.plate(painter, self.identity, QPointF(8, 8))
        self._paint_border(painter)

    def _paint_border(self, painter: QPainter) -> None:
        if not self.active:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(paint_marks.color("accent"), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin what the button does."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.activated.emit()
        image, button = self.frame(), _BUTTONS.get(event.button())
        if image is None or button is None:
            return
        at = (event.position().x(), event.position().y())
        if button == "left" and self._moves_crosshair(event):
            self._point(at, image)
            return
        how = self.gestures.button(button, event.modifiers())
        asked = self.interaction.press(at, how, image, self.place(image))
        if asked == "text":
            self._ask_text(at)
        self._after(marks=self.interaction.tool is Tool.PROBE)

    def _moves_crosshair(self, event: QMouseEvent) -> bool:
        return self.linked_crosshair and bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)

    def _point(self, at: tuple[float, float], image: Frame) -> None:
        column, row = self.place(image).to_image(at)
        self.pointed.emit(column, row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it."""
        image = self.frame()
        if image is None:
            return
        at = (event.position().x(), event.position().y())
        self.hover = at
        if event.buttons() & Qt.MouseButton.LeftButton and self._moves_crosshair(event):
            self._point(at, image)
            return
        steps = self.interaction.move(at, image, self.place(image), (self.width(), self.height()))
        if steps:
            self.scroll_by(steps)
        if self.interaction.drag is not None or self.model.draft is not None:
            self._after()
        elif self.interaction.tool is Tool.PROBE:
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it; a right click without a drag opens the menu."""
        drag = self.interaction.drag
        if event.button() == Qt.MouseButton.RightButton and drag is not None and not drag.moved:
            self.menuWanted.emit(event.globalPosition().toPoint())
        self._after(marks=self.interaction.release())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """One viewport, and back."""
        if event.button() == Qt.MouseButton.LeftButton and self.model.draft is None:
            self.interaction.cancel()
            self.maximised.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu comes with the release of the right button, not before; the menu key opens it at the centre."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menuWanted.emit(self.mapToGlobal(self.rect().center()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """What the wheel, or two fingers on a touchpad, are set to do."""
        self.gestures.wheel(event)

    def event(self, event: QEvent) -> bool:
        """Pinching on a touchpad or a touch screen."""
        return self.gestures.event(event) or super().event(event)

    def leaveEvent(self, _event: object) -> None:
        """The probe's value goes with the pointer."""
        self.hover = None
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A series from the strip may be dropped here."""
        if event.mimeData().hasFormat(SERIES_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show the dropped series here."""
        self.activated.emit()
        self.dropped.emit(bytes(event.mimeData().data(SERIES_MIME).data()).decode())

    # Changes

    def scroll_by(self, steps: int) -> None:
        """Move through the stack."""
        self.go(self.model.index + steps)

    def go(self, index: int) -> None:
        """Show an image of the stack."""
        if self.model.go(index):
            self.scrolled.emit(self.model.index)
            self._after()

    def zoom_by(self, factor: float, at: tuple[float, float] | None = None) -> None:
        """Zoom around a point (the centre by default)."""
        image = self.frame()
        if image is None:
            return
        at = at or (self.width() / 2, self.height() / 2)
        size = (image.stored.shape[0], image.stored.shape[1])
        screen = (self.width(), self.height())
        self.model.pose = zoomed_at(self.model.pose, factor, at, size, self.model.aspect(), screen)
        self._after()

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the image under the viewport."""
        image = self.frame()
        if image is None:
            return
        pose = self.model.pose
        zoom = pose.zoom or self.place(image).scale
        self.model.pose = replace(pose, zoom=zoom, pan=(pose.pan[0] + dx, pose.pan[1] + dy))
        self._after()

    def _after(self, *, marks: bool = False) -> None:
        self.update()
        self.changed.emit()
        if marks:
            self.marksChanged.emit()

    def _ask_text(self, at: tuple[float, float]) -> None:
        """A small field on the image; Enter keeps the text, Escape gives it up."""
        editor = QLineEdit(self)
        editor.setPlaceholderText(text("Text"))
        editor.setMaxLength(120)
        editor.setGeometry(QRectF(at[0], at[1] - 14, 180, 28).toRect())
        editor.show()
        editor.setFocus()
        editor.editingFinished.connect(self._keep_text)
        self._editor = editor

    def _keep_text(self) -> None:
        editor, self._editor = self._editor, None
        draft = self.model.draft
        if editor is None or draft is None:
            return
        words = editor.text().strip()
        editor.deleteLater()
        self.model.draft = None
        if words:
            self.model.keep(new_mark("text", draft.image_id, draft.points, words))
            self._after(marks=True)
        self.update()
