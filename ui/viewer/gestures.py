"""What buttons, the wheel and fingers do on a viewport: `resources/viewer/mouse.json`, changed by the user's choices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QGestureEvent, QPinchGesture

from core.domain.basics import Label
from ui.viewer.presets import read

if TYPE_CHECKING:
    from ui.viewer.viewport import Viewport

STEP_PX = 24.0
"""Travel of two fingers for one image."""
NOTCH_ZOOM = 1.15
_NAMES = ((Qt.KeyboardModifier.ControlModifier, "ctrl"), (Qt.KeyboardModifier.ShiftModifier, "shift"),
          (Qt.KeyboardModifier.AltModifier, "alt"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gesture:
    """One row of the mouse table."""

    id: str
    does: str
    label: Label
    choices: tuple[str, ...]


@cache
def shipped() -> tuple[Gesture, ...]:
    """The gestures as shipped."""
    return tuple(
        Gesture(r["id"], r["does"], Label(r["en"], r["zh"]), tuple(r["choices"])) for r in read("mouse")["gestures"]
    )


def words(does: str) -> Label:
    """The name of what a gesture does."""
    return Label(*read("mouse")["words"][does])


def in_force(own: dict[str, str]) -> dict[str, str]:
    """Gesture -> what it does; the user's choice where it is one of the row's."""
    return {g.id: own[g.id] if own.get(g.id) in g.choices else g.does for g in shipped()}


class Gestures:
    """Turns wheel, touchpad and pinch events into scrolling, panning and zooming of one viewport."""

    def __init__(self, view: Viewport) -> None:
        self.view = view
        self.table = in_force({})
        self._rest = 0.0
        view.grabGesture(Qt.GestureType.PinchGesture)

    def button(self, name: str, modifiers: Qt.KeyboardModifier) -> str:
        """What a pressed button begins; "" for one that does nothing."""
        for modifier, word in _NAMES:
            if modifiers & modifier and f"{name}+{word}" in self.table:
                return self.table[f"{name}+{word}"]
        return self.table.get(name, "")

    def wheel(self, event: QWheelEvent) -> None:
        """A turn of the wheel (notches), or two fingers moving (pixels)."""
        fingers = event.hasPixelDelta() and event.device().type() is QInputDevice.DeviceType.TouchPad
        does = self.button("fingers" if fingers else "wheel", event.modifiers())
        at = event.position()
        if fingers:
            self._travel(does, QPointF(event.pixelDelta()), at)
            return
        notches = event.angleDelta().y() / 120 or event.angleDelta().x() / 120
        if does == "zoom":
            self.view.zoom_by(NOTCH_ZOOM**notches, (at.x(), at.y()))
        else:
            self._scroll(-notches, 5 if does == "scroll5" else 1)

    def _travel(self, does: str, way: QPointF, at: QPointF) -> None:
        if does == "pan":
            self.view.pan_by(way.x(), way.y())
        elif does == "zoom":
            self.view.zoom_by(1.005 ** way.y(), (at.x(), at.y()))
        else:
            self._scroll(-way.y() / STEP_PX)

    def _scroll(self, amount: float, times: int = 1) -> None:
        self._rest += amount
        steps = int(self._rest)
        self._rest -= steps
        if steps:
            self.view.scroll_by(steps * times)

    def event(self, event: QEvent) -> bool:
        """A pinch: zoom where the fingers are. True when it was one."""
        if isinstance(event, QNativeGestureEvent):
            return self._native(event)
        if event.type() == QEvent.Type.Gesture and isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                at = self.view.mapFromGlobal(pinch.centerPoint())
                self.view.zoom_by(pinch.scaleFactor() or 1.0, (at.x(), at.y()))
                event.accept(pinch)
                return True
        return False

    def _native(self, event: QNativeGestureEvent) -> bool:
        at = (event.position().x(), event.position().y())
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.view.zoom_by(1.0 + event.value(), at)
        elif event.gestureType() == Qt.NativeGestureType.PanNativeGesture:
            self.view.pan_by(event.delta().x(), event.delta().y())
        elif event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
            self.view.model.pose = replace(self.view.model.pose, zoom=0.0, pan=(0.0, 0.0))
            self.view.update()
        else:
            return False
        return True
