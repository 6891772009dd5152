"""Axial, coronal and sagittal cuts of a volume in three linked viewports."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.domain.basics import Label
from core.imaging import mpr
from core.imaging.volume import geometry_of, load_volume
from core.imaging.volume_types import NotAVolume, Volume
from ui.viewer.source import CutSource, SeriesSource
from ui.viewer.texts import label, text

if TYPE_CHECKING:
    from ui.viewer.viewer import Viewer

OBLIQUE_DEGREES = 5


def show(viewer: Viewer) -> None:
    """Build the volume of the active series in the background, or say why there is none."""
    source = viewer.current.model.source
    if not isinstance(source, SeriesSource):
        return
    if source.series.instances[0].kind != "volume":
        found = geometry_of(source.series)
        if isinstance(found, NotAVolume):
            _warn(viewer, found.reason)
            return
    if source.volume_bytes() > viewer.cache.budget_bytes:
        words = text("The volume needs {need} MB, more than the memory setting of {have} MB.",
                     need=source.volume_bytes() >> 20, have=viewer.cache.budget_bytes >> 20)  # fmt: skip
        _warn(viewer, Label(words))
        return
    _warn(viewer, label("Building the volume …"))
    viewer.decoder.run(partial(load_volume, source.series), partial(_ready, viewer, source))


def _warn(viewer: Viewer, words: Label) -> None:
    viewer.current.warnings = (words,)
    viewer.current.update()


def _ready(viewer: Viewer, source: SeriesSource, volume: object) -> None:
    if viewer.current.model.source is not source:
        return
    if not isinstance(volume, Volume):
        _warn(viewer, volume.reason if isinstance(volume, NotAVolume) else Label(str(volume)))
        return
    image = source.get(viewer.current.model.index)
    windows = (viewer.current.model.voi(image),) if image is not None else ()
    viewer.set_layout("mpr")
    oblique = mpr.obliquity_degrees(volume.geometry) > OBLIQUE_DEGREES
    for view, name in zip(viewer.viewports, mpr.VIEWS, strict=False):
        cut = mpr.view(volume.geometry, name)
        view.show_source(CutSource(volume, cut, source.instance(0), windows), cut.slices // 2)
        view.linked_crosshair = True
        view.setToolTip(text("shift-drag moves the crosshair"))
        view.warnings = (label("oblique to the body axes"),) if oblique else ()
    rows, columns = mpr.view(volume.geometry, "axial").shape
    point_at(viewer, 0, (columns - 1) / 2, (rows - 1) / 2)
    viewer.refresh()


def point_at(viewer: Viewer, number: int, column: float, row: float) -> None:
    """All cuts go through the patient point under (column, row) of one of them."""
    source = viewer.viewports[number].model.source
    if not isinstance(source, CutSource):
        return
    voxel = mpr.to_voxel(source.cut, viewer.viewports[number].model.index, column, row)
    for view in viewer.viewports[: len(mpr.VIEWS)]:
        other = view.model.source
        if isinstance(other, CutSource):
            index, x, y = mpr.to_screen(other.cut, voxel)
            view.model.go(round(index))
            view.model.crosshair = (x, y)
            view.update()
