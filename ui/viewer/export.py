"""Marks and key images of a case as DICOM objects, written in the background."""

from collections.abc import Sequence
from pathlib import Path

from core.domain.imaging import ImageRef, Measurement
from ui.viewer.marks import KEY
from ui.viewer.source import SeriesSource
from ui.viewer.viewer import Viewer

Sources = dict[str, tuple[str, int]]


def sources_of(viewer: Viewer, refs: Sequence[ImageRef]) -> Sources:
    """Image id -> (file, frame) of every stored image at hand."""
    found: Sources = {ref.id: (ref.path, ref.frame) for ref in refs}
    for series in viewer.shelf.series.values():
        source = SeriesSource(series, viewer.cache, viewer.shelf.ids)
        found |= {source.image_id(i): source.key(i) for i in range(source.count)}
    return found


def write(kind: str, path: Path, marks: Sequence[Measurement], sources: Sources, observer: str) -> int:
    """Write measurements ("sr") or key images ("ko"); returns how many. Raises `UserError`. Heavy: not on the window's
    thread.
    """
    from core.imaging.sr_export import write_key_images, write_measurements

    # One component only, said so: the user's name is not known by its parts (PS3.5 6.2.1).
    observer = observer if "^" in observer else f"{observer}^"
    if kind == "ko":
        return write_key_images(path, [m.image_id for m in marks if m.kind == KEY], sources, observer=observer)
    return write_measurements(path, marks, sources, observer=observer)
