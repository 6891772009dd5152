"""Decoded frames within a memory budget, and which to decode next: nearest to the shown one first."""

from collections.abc import Callable, Hashable, Iterator
from threading import Lock

from core.imaging.pixels import Frame

DEFAULT_BUDGET = 2 * 1024**3
SLACK = 0.05
"""Share of the budget made free at once, so that not every new frame sorts the old ones."""


class FrameCache:
    """Frames by key. Past the budget the frames farthest from the focus go; without a focus, the oldest."""

    def __init__(self, budget_bytes: int = DEFAULT_BUDGET) -> None:
        self.budget_bytes = budget_bytes
        self._frames: dict[Hashable, Frame] = {}
        self._lock = Lock()
        self._bytes = 0
        self.generation = 0
        self._distance: Callable[[Hashable], float] | None = None
        self._farthest = 0.0

    @property
    def bytes(self) -> int:
        """Memory the frames hold."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._frames)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._frames

    def get(self, key: Hashable) -> Frame | None:
        """The frame, or None."""
        return self._frames.get(key)

    def focus(self, distance: Callable[[Hashable], float]) -> None:
        """How far each key is from what is shown now."""
        with self._lock:
            self._distance = distance
            self._farthest = max(map(distance, self._frames), default=0.0)

    def put(self, key: Hashable, image: Frame, generation: int | None = None) -> None:
        """Keep a frame; past the budget, make a twentieth of it free. The frame just put stays.

        With a `generation` that is past (a decode that outlived `clear`), nothing is kept.
        """
        with self._lock:
            if generation is not None and generation != self.generation:
                return
            self._drop(key)
            self._frames[key] = image
            self._bytes += image.stored.nbytes
            if self._bytes > self.budget_bytes:
                self._evict(key)

    def clear(self) -> None:
        """Drop everything (a case was closed)."""
        with self._lock:
            self._frames.clear()
            self._bytes = 0
            self.generation += 1

    def resize(self, budget_bytes: int) -> None:
        """Another bound; what is past it goes at once, farthest first."""
        with self._lock:
            self.budget_bytes = budget_bytes
            if self._bytes > budget_bytes:
                self._evict(None)

    def room_for(self, nbytes: int, distance: float) -> bool:
        """Whether decoding a frame that far away would stay within the budget, or push out only farther ones."""
        with self._lock:
            if self._bytes + nbytes <= self.budget_bytes:
                return True
            return self._distance is not None and self._farthest > distance

    def _drop(self, key: Hashable) -> None:
        old = self._frames.pop(key, None)
        if old is not None:
            self._bytes -= old.stored.nbytes

    def _evict(self, keep: Hashable | None) -> None:
        keys = [k for k in self._frames if k != keep]
        if self._distance is not None:
            keys.sort(key=self._distance, reverse=True)
        for key in keys:
            if self._bytes <= self.budget_bytes * (1 - SLACK):
                break
            self._drop(key)
        if self._distance is not None:
            self._farthest = max(map(self._distance, self._frames), default=0.0)


def nearest_first(count: int, focus: int) -> Iterator[int]:
    """focus, focus + 1, focus - 1, focus + 2, ... within 0..count - 1."""
    if not count:
        return
    focus = min(max(focus, 0), count - 1)
    yield focus
    for step in range(1, count):
        if focus + step < count:
            yield focus + step
        if focus - step >= 0:
            yield focus - step
