"""What stands on the plates of a viewport, why a stack is no volume, and the small pictures of the strip."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.domain.imaging import ImageRef
from core.errors import UserError
from core.imaging.cache import FrameCache
from core.imaging.pixels import render
from core.imaging.study import series_of
from core.imaging.types import Series
from core.imaging.volume import geometry_of
from core.imaging.volume_types import NotAVolume
from ui.translate import LANGUAGE
from ui.viewer.objects import Region, Regions
from ui.viewer.presets import hanging
from ui.viewer.source import CutSource, SeriesSource
from ui.viewer.texts import text
from ui.viewer.thumbnails import PICTURE_HEIGHT, TILE_WIDTH
from ui.viewer.viewport import Viewport

if TYPE_CHECKING:
    from ui.viewer.viewer import Viewer

LARGE_FOLDER = 24
_STACKS = frozenset(("CT", "MR", "PT"))


def image_line(view: Viewport) -> tuple[str, ...]:
    """Modality, body part, view, description and time of the shown image."""
    source = view.model.source
    if source is None or not source.count:
        return ()
    instance = source.instance(view.model.index)
    what = " ".join(w for w in (instance.modality, instance.body_part.lower(), instance.view) if w)
    when = instance.time.replace("T", " ")[:16]
    return (" · ".join(w for w in (what, instance.series_description, when) if w),)


def dress(viewer: Viewer, view: Viewport) -> None:
    """Plates and overlays of one viewport."""
    source, evidence = view.model.source, viewer.evidence
    view.active = view is viewer.current and len(viewer.shown_viewports()) > 1
    view.identity = (*viewer.identity, *image_line(view))
    instance = source.instance(view.model.index) if source is not None and source.count else None
    view.synthetic = viewer.synthetic or (instance is not None and instance.synthetic)
    view.footer = (*footer(view, viewer.series_keys(), viewer.key_images), *_more(viewer, view))
    view.heat = evidence.heat if evidence.lies_on(view.model.image_id()) else None
    view.heat_title = evidence.title(LANGUAGE.code)
    view.overlay, view.opacity = evidence.overlay, evidence.opacity
    view.regions, view.region_look = regions_at(view, viewer.shelf.regions), evidence.regions
    view.update()


def _more(viewer: Viewer, view: Viewport) -> tuple[str, ...]:
    """That it is a prior, how it is linked, and that there are presentation states."""
    source, lines = view.model.source, []
    if isinstance(source, SeriesSource) and viewer.shelf.badge(series_key(source.series)) == "prior":
        lines.append(f"{text('Prior')} {source.instance(view.model.index).time[:10]}")
    linked = viewer.linker.words(view) if viewer.layout_mode() in {"2", "3", "4"} else ""
    if linked:
        lines.append(linked)
    states = viewer.shelf.states_on(view.model.key())
    if states and view.model.applied() is None:
        lines.append(text("{n} presentation states (Y)", n=len(states)))
    return tuple(lines)


def footer(view: Viewport, keys: Sequence[str], key_images: Sequence[str]) -> tuple[str, ...]:
    """Which series, which cut, and whether it is a key image."""
    source, lines = view.model.source, []
    if isinstance(source, SeriesSource) and len(keys) > 1:
        key = series_key(source.series)
        if key in keys:
            lines.append(text("Series {index} / {count}", index=list(keys).index(key) + 1, count=len(keys)))
    if isinstance(source, CutSource):
        lines.append(text(source.cut.name.capitalize()))
        if source.thickness > 1:
            step = source.volume.geometry.spacing_mm[source.cut.through]
            lines.append(text("MIP {mm} mm", mm=f"{source.thickness * step:.0f}"))
    if view.model.image_id() in key_images:
        lines.append(f"★ {text('Key image')}")
    return tuple(lines)


def regions_at(view: Viewport, regions: Regions) -> tuple[Region, ...]:
    """Segments on the shown image."""
    source = view.model.source
    if not regions or not isinstance(source, SeriesSource) or not source.count:
        return ()
    address = source.addresses[view.model.index]
    return regions.get((address.instance.sop_instance_uid, address.frame), ())


def in_hanging_order(series: Sequence[Series]) -> list[Series]:
    """Series by the views of their hanging rule (PA before lateral), otherwise as they came."""

    def place(one: Series) -> int:
        views = hanging(one.modality, one.body_part).views
        view = one.instances[0].view
        return views.index(view) if view in views else len(views)

    return sorted(series, key=place)


def start_of(series: Series) -> int:
    """The frame a series is first shown at."""
    return len(series.addresses()) // 2 if hanging(series.modality, series.body_part).start == "middle" else 0


def in_large_folder(ref: ImageRef) -> bool:
    """Whether finding the reference's series means reading many headers (more than a moment on the window's thread)."""
    with contextlib.suppress(OSError), os.scandir(Path(ref.path).parent) as entries:
        return sum(1 for _ in zip(entries, range(LARGE_FOLDER + 1), strict=False)) > LARGE_FOLDER
    return False


def series_of_all(refs: Sequence[ImageRef]) -> tuple[list[Series], str]:
    """The series of all references, each once, and the last reason why one could not be read."""
    found: dict[str, Series] = {}
    failure = ""
    for ref in refs:
        if any(ref.path == i.path for s in found.values() for i in s.instances):
            continue
        try:
            series = series_of(ref)
        except (UserError, OSError) as error:
            failure = str(error)
            continue
        found[series_key(series)] = series
    return list(found.values()), failure


def series_key(series: Series) -> str:
    """The strip's key of a series."""
    return series.uid or series.instances[0].path


def stack_reason(series: Series) -> NotAVolume | None:
    """Why a stack of slices is no volume; None where it is one, or is no stack."""
    first = series.instances[0]
    if first.kind != "image" or first.modality not in _STACKS or len(series.addresses()) < 3:
        return None
    found = geometry_of(series)
    return found if isinstance(found, NotAVolume) else None


def thumbnail(series: Series) -> np.ndarray:
    """A small picture of the middle frame; uint8. Raises `Unreadable`."""
    import cv2

    source = SeriesSource(series, FrameCache(0))
    shown = render(source.decode(source.count // 2))
    scale = max(2 * TILE_WIDTH / shown.shape[1], 2 * PICTURE_HEIGHT / shown.shape[0])
    if scale >= 1:
        return np.ascontiguousarray(shown)
    size = (max(round(shown.shape[1] * scale), 1), max(round(shown.shape[0] * scale), 1))
    return np.ascontiguousarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA))
