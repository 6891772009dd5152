"""Which frames are decoded next, and what happens when one is there or cannot be read."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from ui.viewer.source import FAR, CutSource, SeriesSource
from ui.viewer.viewport import Viewport

if TYPE_CHECKING:
    from ui.viewer.viewer import Viewer

READ_AHEAD_MS = 60


class Reader:
    """Keeps the background thread on what is on the screen, then around it."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self._ahead = QTimer(viewer)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(READ_AHEAD_MS)
        self._ahead.timeout.connect(lambda: self.follow(viewer.current))
        viewer.decoder.ready.connect(self._decoded)
        viewer.decoder.failed.connect(self._not_decoded)

    def follow(self, view: Viewport) -> None:
        """Decode what is on the screen first, then around it, the viewport that moved before the others."""
        viewer = self.viewer
        views = sorted(viewer.shown_viewports(), key=lambda v: v is not view)
        shown = [(v.model.source, v.model.index) for v in views]
        stacks = [(source, index) for source, index in shown if isinstance(source, SeriesSource)]
        viewer.cache.focus(lambda key: min((s.distance(key, i) for s, i in stacks), default=FAR))
        first = [islice(source.plan(index), 1) for source, index in stacks]
        viewer.decoder.follow(chain(*first, *(source.plan(index) for source, index in stacks)))

    def scrolled(self, view: Viewport, index: int) -> None:
        """A viewport shows another image: decode it, bring linked ones along."""
        viewer, source = self.viewer, view.model.source
        if isinstance(source, SeriesSource) and source.key(index) not in viewer.cache and not source.quick(index):
            self.follow(view)
        else:
            # What is at hand is painted first; reading ahead waits for a pause.
            self._ahead.start()
        if viewer.linker.on and viewer.layout_mode() in {"2", "3", "4"}:
            viewer.linker.follow(view, viewer.shown_viewports())
        if isinstance(source, CutSource) and view.model.crosshair is not None:
            viewer.point_at(viewer.viewports.index(view), *view.model.crosshair)

    def _showing(self, key: object) -> list[Viewport]:
        """Viewports whose image has that key in the cache."""
        found = []
        for view in self.viewer.viewports:
            source = view.model.source
            if isinstance(source, SeriesSource) and source.count and source.key(view.model.index) == key:
                found.append(view)
        return found

    def _decoded(self, key: object) -> None:
        for view in self._showing(key):
            view.update()
            self.viewer.refresh_soon()

    def _not_decoded(self, key: object, reason: str) -> None:
        for view in self._showing(key):
            view.model.error = reason
            view.update()
