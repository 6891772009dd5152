"""Opening studies and references: filling the strip, reading objects beside the images, showing a series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from core.domain.basics import Label
from core.domain.imaging import ImageRef
from core.errors import UserError
from core.imaging.document import page_count
from core.imaging.header import read_header
from core.imaging.instance import instance_of
from core.imaging.presentation_state import PresentationState, read_presentation_state
from core.imaging.sr_tree import read_tree
from core.imaging.study import series_of
from core.imaging.types import Instance, Series, Study
from core.imaging.volume_types import NotAVolume
from ui.viewer import dress, objects
from ui.viewer.presets import hanging
from ui.viewer.shelf import PRIOR, Shelf, Waiting, badges, study_parts
from ui.viewer.source import SeriesSource
from ui.viewer.texts import text
from ui.viewer.viewport import Viewport

if TYPE_CHECKING:
    from ui.viewer.viewer import Viewer

FEW = 4
"""References to so few files are opened at once, the rest in the background."""


class Opener:
    """Fills a viewer. Results of an earlier opening are dropped by comparing the shelf they were asked for."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.shelf = Shelf()
        self._wanted: tuple[ImageRef, ...] = ()
        self._objects: tuple[str, ...] = ()

    def forget(self) -> None:
        """An empty shelf; results asked for the old one are dropped."""
        self.shelf, self._wanted, self._objects = Shelf(), (), ()

    def study(self, current: Sequence[Study], priors: Sequence[Study]) -> None:
        """Series of studies, priors after them; the first is shown by its hanging rule."""
        self.viewer.clear()
        found = [
            (study, *study_parts(study, prior))
            for group, prior in ((current, False), (priors, True))
            for study in group
        ]
        for study, prefix, badge in found:
            for series in dress.in_hanging_order(study.series):
                self.shelf.add(series, prefix, badge)
        for study, prefix, badge in found:  # outlines need all series on the shelf
            self.read_objects(study.objects, prefix, badge)
        self.fill_strip()
        if self.shelf.series:
            self._hang(next(iter(self.shelf.series)))

    def images(self, refs: Sequence[ImageRef], objects_: Sequence[str] = ()) -> None:
        """The series of references, and files of other objects that belong to them."""
        self.viewer.clear()
        self._wanted, self._objects = tuple(refs), tuple(objects_)
        if len({ref.path for ref in refs}) <= FEW and not any(dress.in_large_folder(ref) for ref in refs):
            self._images_found(self._wanted, dress.series_of_all(self._wanted))
        else:
            wanted = self._wanted
            self.viewer.decoder.run(partial(dress.series_of_all, wanted), partial(self._images_found, wanted))

    def _images_found(self, refs: tuple[ImageRef, ...], found: tuple[list[Series], str]) -> None:
        if refs != self._wanted:
            return
        series, failure = found
        for place, (prefix, badge) in badges(series).items():
            self.shelf.add(series[place], prefix, badge)
        self.shelf.ids |= {(ref.path, ref.frame): ref.id for ref in refs}
        self.fill_strip()
        paths = self.shelf.paths()
        known = [ref for ref in refs if ref.path in paths]
        first = next((r for r in known if self.shelf.badge(paths[r.path]) != PRIOR), known[0] if known else None)
        if first is not None:
            self.image(first)
            self._beside(paths[first.path])
        else:
            self.viewer.current.model.error = failure if refs else ""
            self.viewer.current.update()
        if self._objects:
            self.background(partial(_instances, self._objects), self._objects_found)

    def _objects_found(self, found: object) -> None:
        if isinstance(found, tuple):
            self.read_objects(found, "", "")
            self.fill_strip()
            self._show_something()

    def _show_something(self) -> None:
        """Where a case has no pictures: its ECG or document."""
        if self.viewer.current.model.source is None and self.shelf.series and not self._wanted:
            self.show_in(self.viewer.current, next(iter(self.shelf.series)))

    def _hang(self, key: str) -> None:
        """Show a series and what its rule lays beside it."""
        first = self.shelf.series[key]
        rule = hanging(first.modality, first.body_part)
        if rule.layout != "1" and len(self.shelf.series) > 1:
            self.viewer.act(f"layout:{rule.layout}")
        self.show_in(self.viewer.viewports[0], key)
        self._beside(key)

    def _beside(self, key: str) -> None:
        series = self.shelf.series[key]
        if hanging(series.modality, series.body_part).prior_beside:
            self.compare(key)

    def compare(self, key: str) -> bool:
        """The current series at the left, its prior at the right, scrolled to the same place; False without a prior."""
        pair = self.shelf.prior_of(self.shelf.series[key])
        if pair is None:
            return False
        viewer = self.viewer
        left, right = viewer.viewports[0], viewer.viewports[1]
        source = left.model.source
        index = (
            left.model.index if isinstance(source, SeriesSource) and dress.series_key(source.series) == key else None
        )
        viewer.grid.activate(0)
        viewer.set_layout("2")
        self.show_in(right, dress.series_key(pair.prior))
        self.show_in(left, key, index)
        viewer.linker.follow(left, viewer.shown_viewports())
        viewer.refresh()
        return True

    # Objects

    def read_objects(self, items: tuple[Instance, ...], prefix: str, badge: str) -> None:
        """Put what is quick on the shelf, read the rest in the background."""
        waiting: Waiting = self.shelf.add_objects(items, prefix, badge)
        for path in waiting.segmentations:
            self.background(partial(objects.regions_of, path), self._regions_ready)
        for path in waiting.structures:
            self.background(
                lambda p=path: objects.structures_of(p, tuple(self.shelf.series.values())), self._regions_ready
            )
        for path in waiting.states:
            self.background(partial(read_presentation_state, path), self._state_ready)
        for item, before, mark in waiting.documents:
            self.background(partial(page_count, item.path), lambda n, i=item, p=before, b=mark: self._pages(i, n, p, b))

    def background(self, task: Callable[[], object], done: Callable[[object], None]) -> None:
        """Run a task for the shelf at hand; a failure is kept and said, a result for another shelf is dropped."""
        shelf = self.shelf

        def ended(result: object) -> None:
            if shelf is not self.shelf:
                return
            if isinstance(result, UserError):
                shelf.failures = (*shelf.failures, str(result))
                self.viewer.current.warnings = (*self.viewer.current.warnings, Label(str(result)))
                self.viewer.current.update()
            else:
                done(result)

        self.viewer.decoder.run(task, ended)

    def _regions_ready(self, regions: object) -> None:
        if isinstance(regions, dict):
            for key, found in regions.items():
                self.shelf.regions[key] = (*self.shelf.regions.get(key, ()), *found)
            self.viewer.overlays.show_regions()

    def _state_ready(self, state: object) -> None:
        if isinstance(state, PresentationState):
            self.shelf.states[state.path] = state
            self.fill_strip()
            self.viewer.refresh()

    def _pages(self, item: Instance, count: object, prefix: str, badge: str) -> None:
        if isinstance(count, int) and count:
            self.shelf.add_document(item, count, prefix, badge)
            self.fill_strip()
            self._show_something()

    def open_tile(self, key: str) -> bool:
        """A tile that is no series: a report opens, a state is applied. False for a series."""
        if key in self.shelf.reports:
            self._open_report(key)
            return True
        state = self.shelf.states.get(key)
        if state is not None:
            self.apply_state(state)
        return state is not None

    def _open_report(self, path: str) -> None:
        def show(lines: object) -> None:
            if isinstance(lines, tuple):
                objects.ReportDialog(self.shelf.reports.get(path, text("Report")), lines, self.viewer).show()

        self.background(partial(read_tree, path), show)

    def apply_state(self, state: PresentationState) -> None:
        """Show the first image a state names, as the state says."""
        view = self.viewer.current
        if not state.names(view.model.key()):
            found = self._first_named(state)
            if found is None:
                view.warnings = (Label(text("The presentation state names none of the images at hand.")),)
                view.update()
                return
            self.show_in(view, *found)
        view.model.apply(state)
        self.viewer.refresh()

    def _first_named(self, state: PresentationState) -> tuple[str, int] | None:
        for key, series in self.shelf.series.items():
            for index, address in enumerate(series.addresses()):
                if state.names((address.instance.sop_instance_uid, address.frame)):
                    return key, index
        return None

    # Series

    def image(self, ref: ImageRef) -> None:
        """Show the image of a reference in the active viewport."""
        self.shelf.ids[ref.path, ref.frame] = ref.id
        key = self.shelf.paths().get(ref.path)
        if key is None:
            key = self.shelf.add(series_of(ref))
            self.fill_strip()
        addresses = self.shelf.series[key].addresses()
        index = next((i for i, a in enumerate(addresses) if (a.instance.path, a.frame) == (ref.path, ref.frame)), 0)
        self.show_in(self.viewer.current, key, index)

    def fill_strip(self) -> None:
        """Tiles for everything on the shelf; their pictures follow."""
        strip, entries = self.viewer.strip, self.shelf.entries()
        known = strip.pictures()
        strip.show_entries(entries)
        strip.setVisible(bool(entries))
        for key, series in self.shelf.series.items():
            if key in known:
                strip.set_picture(key, known[key])
            else:
                self.viewer.decoder.run(partial(dress.thumbnail, series), partial(self._thumbnail_ready, key))

    def _thumbnail_ready(self, key: str, pixels: object) -> None:
        if isinstance(pixels, np.ndarray):
            self.viewer.strip.set_picture(key, pixels)

    def show_in(self, view: Viewport, key: str, index: int | None = None) -> None:
        """Show a series in a viewport; it becomes the active one."""
        series, viewer = self.shelf.series.get(key), self.viewer
        if series is None:
            return
        if viewer.layout_mode() == "mpr":
            viewer.set_layout("1")
        source = SeriesSource(series, viewer.cache, self.shelf.ids)
        view.linked_crosshair = False
        view.setToolTip("")
        view.show_source(source, index if index is not None else dress.start_of(series))
        view.model.smooth = viewer.smooth
        view.warnings = ()
        viewer.decoder.run(partial(dress.stack_reason, series), partial(_reason_ready, view, source))
        viewer.shown_in(view)


def _reason_ready(view: Viewport, source: SeriesSource, reason: object) -> None:
    if view.model.source is source and isinstance(reason, NotAVolume):
        view.warnings = (reason.reason,)
        view.update()


def _instances(paths: tuple[str, ...]) -> tuple[Instance, ...]:
    """The objects in files; those that are gone or damaged are left out, the import has said so."""
    found = []
    for path in paths:
        try:
            found.append(instance_of(read_header(path)))
        except (UserError, OSError):
            continue
    return tuple(found)
