"""Stacks that scroll together: by position in the patient, else by their middles, else by what the reader set."""

from collections.abc import Sequence

from core.imaging import pairing
from core.imaging.types import Series
from ui.viewer.source import SeriesSource
from ui.viewer.texts import text
from ui.viewer.viewport import Viewport


class Linker:
    """Which frame of each stack belongs to a frame of another. Depths are found once for each series."""

    def __init__(self) -> None:
        self.on = True
        self._depths: dict[int, tuple[Series, list[float] | None]] = {}
        self._by_hand: dict[tuple[str, str], pairing.Link] = {}
        self.shown: dict[int, pairing.Link] = {}
        """Viewport (id) -> the link by which it was last moved."""

    def forget(self) -> None:
        """Other images."""
        self._depths, self._by_hand, self.shown = {}, {}, {}

    def depths(self, series: Series) -> list[float] | None:
        """Positions along the stack in mm."""
        found = self._depths.get(id(series))
        if found is None:
            found = self._depths[id(series)] = series, pairing.depths(series)
        return found[1]

    def between(self, leader: Series, follower: Series) -> pairing.Link | None:
        """The link from one stack to another: set by hand, or found."""
        found = self._by_hand.get((leader.uid, follower.uid))
        if found is None and self.depths(leader) is not None and self.depths(follower) is not None:
            found = pairing.link(leader, follower)
        return found

    def follow(self, moved: Viewport, views: Sequence[Viewport]) -> None:
        """Bring the stacks of the other viewports to the same place."""
        source = moved.model.source
        if not isinstance(source, SeriesSource):
            return
        here = self.depths(source.series)
        self.shown.pop(id(moved), None)
        for view in views:
            other = view.model.source
            if view is moved or not isinstance(other, SeriesSource):
                continue
            link, there = self.between(source.series, other.series), self.depths(other.series)
            if link is None or here is None or there is None:
                self.shown.pop(id(view), None)
                continue
            self.shown[id(view)] = link
            if view.model.go(pairing.nearest(here[moved.model.index] + link.offset_mm, there)):
                view.update()

    def set_here(self, current: Viewport, views: Sequence[Viewport]) -> int:
        """The shown slices are at the same place: keep that, both ways. Returns how many stacks were linked."""
        source = current.model.source
        here = self.depths(source.series) if isinstance(source, SeriesSource) else None
        count = 0
        for view in views:
            other = view.model.source
            if view is current or here is None or not isinstance(other, SeriesSource):
                continue
            there = self.depths(other.series)
            if there is None or not isinstance(source, SeriesSource):
                continue
            one, two = (source.series, here, current.model.index), (other.series, there, view.model.index)
            for a, b in ((one, two), (two, one)):
                self._by_hand[a[0].uid, b[0].uid] = pairing.set_by_hand(a[1], a[2], b[1], b[2])
            self.shown[id(view)] = self._by_hand[source.series.uid, other.series.uid]
            count += 1
        return count

    def words(self, view: Viewport) -> str:
        """How a viewport follows; "" where it does not."""
        link = self.shown.get(id(view))
        if link is None or not self.on:
            return ""
        if link.how == "position":
            return text("linked by position")
        if link.by_hand:
            return text("linked by hand, {mm} mm", mm=f"{link.offset_mm:+.0f}")
        return text("linked by relative place: not registered")
