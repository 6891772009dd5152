"""What the viewer's actions do: one small function each, found by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ui.viewer.source import CutSource, SeriesSource
from ui.viewer.transform import Pose
from ui.viewer.viewport_model import Overlay

if TYPE_CHECKING:
    from ui.viewer.viewer import Viewer
    from ui.viewer.viewport import Viewport

DEFAULT_FRAMES_PER_SECOND = 15
SLABS = (1, 5, 10, 20)


def perform(viewer: Viewer, action: str) -> None:
    """Do an action by its name, "verb" or "verb:argument". Unknown names are refused."""
    verb, _, argument = action.partition(":")
    if verb not in ACTIONS:
        raise KeyError(f"no such viewer action: {action}")
    ACTIONS[verb](viewer, argument)


def _tool(viewer: Viewer, tool: str) -> None:
    viewer.set_tool(tool)


def _preset(viewer: Viewer, key: str) -> None:
    viewer.set_preset(int(key))


def _layout(viewer: Viewer, mode: str) -> None:
    if mode == "mpr":
        viewer.show_mpr()
        return
    if viewer.layout_mode() == "mpr":
        _leave_mpr(viewer)
    viewer.set_layout(mode)
    _fill_empty(viewer)


def _leave_mpr(viewer: Viewer) -> None:
    """Back from cuts to the series they were made of."""
    cut = viewer.viewports[0].model.source
    viewer.set_layout("1")
    if isinstance(cut, CutSource):
        for view in viewer.viewports:
            view.linked_crosshair = False
            view.model.source = None
        viewer.show_series(cut.instance(0).series_instance_uid)


def _fill_empty(viewer: Viewer) -> None:
    """Empty viewports of a new layout take the next series."""
    shown = [v.model.source.series.uid for v in viewer.shown_viewports() if isinstance(v.model.source, SeriesSource)]
    left = [key for key in viewer.series_keys() if key not in shown]
    for view in viewer.shown_viewports():
        if view.model.source is None and left:
            viewer.show_in(view, left.pop(0))


def _turn(viewer: Viewer, way: str) -> None:
    model = viewer.current.model
    model.pose = model.pose.turned(-1 if way == "left" else 1)
    _repaint(viewer)


def _flip(viewer: Viewer, _: str) -> None:
    model = viewer.current.model
    model.pose = model.pose.mirrored()
    _repaint(viewer)


def _invert(viewer: Viewer, _: str) -> None:
    viewer.current.model.invert = not viewer.current.model.invert
    _repaint(viewer)


def _reset(viewer: Viewer, _: str) -> None:
    model = viewer.current.model
    model.pose, model.window, model.invert = Pose(), None, False
    viewer.set_preset(1)
    _repaint(viewer)


def _fit(viewer: Viewer, _: str) -> None:
    model = viewer.current.model
    model.pose = replace(model.pose, zoom=0.0, pan=(0.0, 0.0))
    _repaint(viewer)


def _actual(viewer: Viewer, _: str) -> None:
    model = viewer.current.model
    model.pose = replace(model.pose, zoom=1.0 / viewer.current.devicePixelRatioF(), pan=(0.0, 0.0))
    _repaint(viewer)


def _smooth(viewer: Viewer, _: str) -> None:
    for view in viewer.viewports:
        view.model.smooth = not view.model.smooth
    _repaint(viewer)


def _delete(viewer: Viewer, _: str) -> None:
    if viewer.current.model.remove_selected():
        _marks_changed(viewer)


def _clear(viewer: Viewer, _: str) -> None:
    """All marks of the shown image; one undo brings them back."""
    here = viewer.current.model.image_id()
    left = tuple(m for m in viewer.marks.now if m.image_id != here)
    if left != viewer.marks.now:
        viewer.marks.change(left)
        _marks_changed(viewer)


def _undo(viewer: Viewer, _: str) -> None:
    if viewer.marks.undo():
        _marks_changed(viewer)


def _redo(viewer: Viewer, _: str) -> None:
    if viewer.marks.redo():
        _marks_changed(viewer)


def _marks_changed(viewer: Viewer) -> None:
    _repaint(viewer)
    viewer.measurementsChanged.emit()


def _overlay(viewer: Viewer, _: str) -> None:
    modes = tuple(Overlay)
    mode, _opacity = viewer.overlay_state()
    viewer.set_overlay_mode(modes[(modes.index(mode) + 1) % len(modes)])


def _opacity(viewer: Viewer, step: str) -> None:
    viewer.set_opacity(viewer.overlay_state()[1] + int(step) / 100)


def _scroll(viewer: Viewer, steps: str) -> None:
    viewer.current.scroll_by(int(steps))


def _first(viewer: Viewer, _: str) -> None:
    viewer.current.go(0)


def _last(viewer: Viewer, _: str) -> None:
    source = viewer.current.model.source
    viewer.current.go(source.count - 1 if source is not None else 0)


def _series(viewer: Viewer, step: str) -> None:
    keys, source = viewer.series_keys(), viewer.current.model.source
    if not keys or not isinstance(source, SeriesSource):
        return
    key = source.series.uid or source.series.instances[0].path
    at = keys.index(key) + int(step) if key in keys else 0
    viewer.show_in(viewer.current, keys[min(max(at, 0), len(keys) - 1)])


def _link(viewer: Viewer, _: str) -> None:
    viewer.toggle_link()


def _cine(viewer: Viewer, _: str) -> None:
    timer, source = viewer.cine(), viewer.current.model.source
    if timer.isActive():
        timer.stop()
    elif source is not None and source.count > 1:
        stated = source.instance(viewer.current.model.index).frame_time_ms
        timer.start(round(stated) if stated and stated >= 10 else 1000 // DEFAULT_FRAMES_PER_SECOND)


def cine_step(viewer: Viewer) -> None:
    """The next image of the loop, once it is decoded."""
    model = viewer.current.model
    if model.source is None or model.frame() is None:
        return
    viewer.current.go((model.index + 1) % model.source.count)


def _slab(viewer: Viewer, _: str) -> None:
    """The next slab thickness for all cuts."""
    for view in viewer.viewports:
        source = view.model.source
        if isinstance(source, CutSource):
            source.thickness = SLABS[(SLABS.index(source.thickness) + 1) % len(SLABS)]
    _repaint(viewer)


def _key(viewer: Viewer, _: str) -> None:
    """Mark or unmark the shown image as a key image."""
    shown = viewer.current.model.image_id()
    if not shown:
        return
    marked = viewer.key_images
    viewer.key_images = tuple(k for k in marked if k != shown) if shown in marked else (*marked, shown)
    viewer.keyImagesChanged.emit()
    _repaint(viewer)


def _copy(viewer: Viewer, _: str) -> None:
    viewer.copy_image()


def _maximise(viewer: Viewer, _: str) -> None:
    """One viewport, and back to the layout before."""
    if viewer.layout_mode() == "1":
        viewer.set_layout(viewer.layout_before)
    else:
        viewer.layout_before = viewer.layout_mode()
        viewer.set_layout("1")
    _repaint(viewer)


def _repaint(viewer: Viewer) -> None:
    viewer.current.update()
    viewer.refresh()


def follow_position(viewer: Viewer, moved: Viewport) -> None:
    """Other stacks of the same orientation go to the slice nearest in the patient."""
    source = moved.model.source
    here = source.plane(moved.model.index) if source is not None else None
    if here is None:
        return
    for view in viewer.shown_viewports():
        other = view.model.source
        if view is moved or not isinstance(other, SeriesSource):
            continue
        best = other.nearest(here)
        if best is not None and view.model.go(best):
            view.update()


ACTIONS: dict[str, Callable[[Viewer, str], None]] = {
    "tool": _tool,
    "preset": _preset,
    "layout": _layout,
    "rotate": _turn,
    "flip": _flip,
    "invert": _invert,
    "reset": _reset,
    "fit": _fit,
    "actual": _actual,
    "smooth": _smooth,
    "delete": _delete,
    "clear": _clear,
    "undo": _undo,
    "redo": _redo,
    "overlay": _overlay,
    "opacity": _opacity,
    "scroll": _scroll,
    "first": _first,
    "last": _last,
    "series": _series,
    "link": _link,
    "cine": _cine,
    "slab": _slab,
    "key": _key,
    "copy": _copy,
    "maximise": _maximise,
}
