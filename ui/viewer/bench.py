"""Scrolling and window drag, from event to painted pixels: `python -m ui.viewer.bench FOLDER` prints JSON."""

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from core.imaging.cache import FrameCache
from core.imaging.pixels import Frame
from core.imaging.study import read_images
from core.imaging.types import Instance, Series, Study
from ui.viewer.source import SeriesSource
from ui.viewer.viewer import Viewer
from ui.viewer.viewport import Viewport

BUDGET = 700 * 1024**2
"""Memory for decoded slices: the 2,000 slices need 1,000 MB, so eviction is part of what is measured."""
EVENTS = 300
OPENINGS = 30
SIZE = (1000, 1000)


def main(folder: Path) -> dict[str, float]:
    """Measure and give the figures (ms, MB)."""
    application = QApplication.instance() or QApplication([])
    viewer = Viewer(budget_bytes=BUDGET)
    viewer.resize(*SIZE)
    viewer.show()
    began = time.perf_counter()
    studies = read_images([folder]).studies
    known = time.perf_counter()
    viewer.show_study(studies)
    viewer.current.repaint()
    first = 1000 * (time.perf_counter() - known)
    application.processEvents()
    result = {"folder_s": known - began, "window_first_image_ms": first}
    result |= scrolling(application, viewer)
    result["window_drag_p95_ms"] = p95(drags(application, viewer.current))
    film(viewer)
    application.processEvents()
    result["window_drag_film_p95_ms"] = p95(drags(application, viewer.current))
    result["zoom_film_p95_ms"] = p95(zooms(application, viewer.current))
    result["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result |= leaks(application, viewer, studies)
    viewer.stop()
    return {name: round(float(value), 2) for name, value in result.items()}


def leaks(application: QApplication, viewer: Viewer, studies: Sequence[Study]) -> dict[str, float]:
    """Open and close the first 40 slices 30 times: resident memory after the 10th and the 30th closing (MB)."""
    first = studies[0].series[0]
    short = replace(studies[0], series=(replace(first, instances=first.instances[:40]),), objects=())
    seen = []
    for _ in range(OPENINGS):
        viewer.show_study(short)
        for index in range(40):
            viewer.current.go(index)
            viewer.current.repaint()
        application.processEvents()
        viewer.clear()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        application.processEvents()
        seen.append(resident_mb())
    return {"resident_after_10_mb": seen[9], "resident_after_30_mb": seen[-1]}


def resident_mb() -> float:
    """Resident memory of this process in MB; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 1024**2


def p95(times: list[float]) -> float:
    """95th percentile in ms."""
    return float(np.percentile(times, 95)) * 1000


def _timed(application: QApplication, viewport: Viewport, act: Callable[[], object]) -> float:
    """Seconds from the event to the painted frame; what follows (bars, prefetch signals) is let run after."""
    began = time.perf_counter()
    act()
    viewport.repaint()
    taken = time.perf_counter() - began
    application.processEvents()
    return taken


def scrolling(application: QApplication, viewer: Viewer) -> dict[str, float]:
    """Wheel events through the stack one by one, and jumps to any slice."""
    viewport = viewer.current
    viewport.go(0)
    steps = [
        _timed(application, viewport, lambda: application.sendEvent(viewport, _wheel(viewport))) for _ in range(EVENTS)
    ]
    count = viewport.model.source.count if viewport.model.source is not None else 1
    places = np.random.default_rng(0).integers(0, count, EVENTS)
    jumps = [_timed(application, viewport, lambda i=int(i): viewport.go(i)) for i in places]
    return {"scroll_p95_ms": p95(steps), "jump_p95_ms": p95(jumps), "scroll_max_ms": max(steps) * 1000}


def _wheel(viewport: Viewport) -> QWheelEvent:
    at = QPointF(viewport.rect().center())
    none = Qt.KeyboardModifier.NoModifier
    return QWheelEvent(
        at, viewport.mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip


def _mouse(viewport: Viewport, kind: QEvent.Type, at: QPointF) -> QMouseEvent:
    left = Qt.MouseButton.LeftButton
    return QMouseEvent(kind, at, viewport.mapToGlobal(at), left, left, Qt.KeyboardModifier.NoModifier)


def drags(application: QApplication, viewport: Viewport) -> list[float]:
    """Moves of a window/level drag."""
    start = QPointF(viewport.rect().center())
    application.sendEvent(viewport, _mouse(viewport, QEvent.Type.MouseButtonPress, start))
    times = []
    for step in range(EVENTS):
        at = start + QPointF(40 * np.sin(step / 7), 40 * np.cos(step / 9))
        event = _mouse(viewport, QEvent.Type.MouseMove, at)
        times.append(_timed(application, viewport, lambda e=event: application.sendEvent(viewport, e)))
    application.sendEvent(viewport, _mouse(viewport, QEvent.Type.MouseButtonRelease, start))
    return times


def zooms(application: QApplication, viewport: Viewport) -> list[float]:
    """Zooming in and out at the centre."""
    factors = [1.03 if step % 60 < 30 else 1 / 1.03 for step in range(EVENTS)]
    return [_timed(application, viewport, lambda f=factor: viewport.zoom_by(f)) for factor in factors]


def film(viewer: Viewer) -> None:
    """A film of 2,500 x 3,000 pixels, 12 bits, in the active viewport."""
    stored = np.random.default_rng(0).integers(0, 4096, (3000, 2500), dtype=np.uint16)
    instance = Instance("film", rows=3000, columns=2500, modality="DX", pixel_offset=-1)
    cache = FrameCache()
    cache.put(("film", 0), Frame(stored, bits_stored=12))
    viewer.current.show_source(SeriesSource(Series("film", "DX", "", 1, "", (instance,)), cache))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
