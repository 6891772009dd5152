"""What the viewer's actions do: one small function each, found by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from core.imaging.colours import colour_maps
from ui.viewer.dress import series_key
from ui.viewer.marks import KEY, new_mark
from ui.viewer.source import CutSource, SeriesSource
from ui.viewer.texts import label, text
from ui.viewer.transform import Pose

if TYPE_CHECKING:
    from core.imaging.presentation_state import PresentationState
    from ui.viewer.viewer import Viewer

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


def _compare(viewer: Viewer, _: str) -> None:
    """The prior of the active series beside it, and back to one viewport; or why there is none."""
    source = viewer.current.model.source
    if viewer.layout_mode() == "2" and _shows_prior(viewer):
        viewer.grid.activate(0)
        viewer.set_layout("1")
        _repaint(viewer)
    elif isinstance(source, SeriesSource) and not viewer.opener.compare(series_key(source.series)):
        viewer.current.warnings = (label("No earlier image of the same kind and body part is in this case."),)
        _repaint(viewer)


def _shows_prior(viewer: Viewer) -> bool:
    sources = [v.model.source for v in viewer.shown_viewports()]
    return any(isinstance(s, SeriesSource) and viewer.shelf.badge(series_key(s.series)) == "prior" for s in sources)


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
    model.apply(None)
    model.pose, model.window, model.invert, model.colours = Pose(), None, False, ""
    viewer.set_preset(1)
    _repaint(viewer)


def _fit(viewer: Viewer, _: str) -> None:
    model = viewer.current.model
    model.pose = replace(model.pose, zoom=0.0, pan=(0.0, 0.0), area=None)
    _repaint(viewer)


def _actual(viewer: Viewer, _: str) -> None:
    model = viewer.current.model
    model.pose = replace(model.pose, zoom=1.0 / viewer.current.devicePixelRatioF(), pan=(0.0, 0.0))
    _repaint(viewer)


def _smooth(viewer: Viewer, _: str) -> None:
    viewer.smooth = not viewer.smooth
    for view in viewer.viewports:
        view.model.smooth = viewer.smooth
        view.update()
    _repaint(viewer)


def _histogram(viewer: Viewer, _: str) -> None:
    viewer.histogram.setVisible(not viewer.histogram.isVisible())
    _repaint(viewer)


def _colours(viewer: Viewer, _: str) -> None:
    """Grey, then each table in turn."""
    names = ["", *(table.id for table in colour_maps())]
    now = viewer.current.model.colours
    viewer.set_colours(names[(names.index(now) + 1) % len(names)] if now in names else "")


def _blinking(viewer: Viewer, _: str) -> None:
    viewer.overlays.set_blinking(not viewer.overlays.blinking())


def _state(viewer: Viewer, _: str) -> None:
    """The next presentation state that names the shown image; after the last, the image as it is."""
    model = viewer.current.model
    states: list[PresentationState | None] = [*viewer.shelf.states_on(model.key()), None]
    now = model.applied()
    at = states.index(now) if now in states else len(states) - 1
    model.apply(states[(at + 1) % len(states)])
    _repaint(viewer)


def _delete(viewer: Viewer, _: str) -> None:
    if viewer.current.model.remove_selected():
        _marks_changed(viewer)


def _clear(viewer: Viewer, _: str) -> None:
    """All marks of the shown image; one undo brings them back."""
    here = viewer.current.model.image_id()
    left = tuple(m for m in viewer.marks.now if m.image_id != here or m.kind == KEY)
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
    viewer.evidence.next_mode()
    viewer.refresh()


def _opacity(viewer: Viewer, step: str) -> None:
    viewer.evidence.step_opacity(int(step) / 100)
    viewer.refresh()


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
    key = series_key(source.series)
    at = keys.index(key) + int(step) if key in keys else 0
    viewer.show_in(viewer.current, keys[min(max(at, 0), len(keys) - 1)])


def _link(viewer: Viewer, how: str) -> None:
    """Linked scrolling on or off; "here": the slices now shown are at the same place."""
    if how != "here":
        viewer.toggle_link()
    elif not viewer.linker.set_here(viewer.current, viewer.shown_viewports()):
        viewer.current.warnings = (label("There is no other stack to link with."),)
    _repaint(viewer)


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


def _key(viewer: Viewer, how: str) -> None:
    """Mark or unmark the shown image as a key image; "next" goes to the next one."""
    shown = viewer.current.model.image_id()
    if how == "next":
        _next_key(viewer, shown)
        return
    if not shown:
        return
    left = tuple(m for m in viewer.marks.now if m.kind != KEY or m.image_id != shown)
    mark = new_mark(KEY, shown, (), text("Key image"))
    viewer.marks.change(left if len(left) < len(viewer.marks.now) else (*left, mark))
    viewer.keyImagesChanged.emit()
    _marks_changed(viewer)


def _next_key(viewer: Viewer, shown: str) -> None:
    places = {}
    for key, series in viewer.shelf.series.items():
        source = SeriesSource(series, viewer.cache, viewer.shelf.ids)
        places |= {source.image_id(i): (key, i) for i in range(source.count)}
    marked = [k for k in viewer.key_images if k in places]
    if not marked:
        return
    key, index = places[marked[(marked.index(shown) + 1) % len(marked) if shown in marked else 0]]
    source_now = viewer.current.model.source
    if isinstance(source_now, SeriesSource) and series_key(source_now.series) == key:
        viewer.current.go(index)
    else:
        viewer.opener.show_in(viewer.current, key, index)


def _print(viewer: Viewer, _: str) -> None:
    from ui.viewer.print_dialog import PrintDialog

    if viewer.may_export():
        PrintDialog(viewer).exec()


def _settings(viewer: Viewer, _: str) -> None:
    from ui.viewer.settings_dialog import ViewerSettings

    ViewerSettings(viewer.settings, viewer).exec()


def _ask(name: str) -> Callable[[Viewer, str], None]:
    """An action that the viewer's owner does."""
    return lambda viewer, argument: viewer.asked.emit(f"{name}:{argument}" if argument else name)


def _copy(viewer: Viewer, _: str) -> None:
    viewer.copy_image()


def _maximise(viewer: Viewer, _: str) -> None:
    """One viewport, and back to the layout before."""
    viewer.grid.switch_single()
    _repaint(viewer)


def _repaint(viewer: Viewer) -> None:
    viewer.current.update()
    viewer.refresh()


ACTIONS: dict[str, Callable[[Viewer, str], None]] = {
    "tool": _tool,
    "preset": _preset,
    "layout": _layout,
    "rotate": _turn,
    "flip": _flip,
    "invert": _invert,
    "reset": _reset,
    "histogram": _histogram,
    "colours": _colours,
    "blink": _blinking,
    "state": _state,
    "prior": _compare,
    "print": _print,
    "settings": _settings,
    "detach": _ask("detach"),
    "fullscreen": _ask("fullscreen"),
    "export": _ask("export"),
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
