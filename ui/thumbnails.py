"""Thumbnails of images, made in the background and kept while the program runs."""

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from core.domain.imaging import ImageRef
from core.errors import UserError
from core.progress import Report
from ui.jobs import Jobs, Lane

SIDE = 640
KEPT = 200


class Thumbnails:
    """`get(ref, done)` calls `done(image or None)`, at once where the thumbnail is known."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._known: OrderedDict[str, QImage | None] = OrderedDict()

    def get(self, ref: ImageRef, done: Callable[[QImage | None], None]) -> None:
        """Hand the thumbnail of an image to `done`; None where it can't be read."""
        if ref.id in self._known:
            done(self._known[ref.id])
            return

        def keep(image: QImage | None) -> None:
            self._known[ref.id] = image
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            done(image)

        self._jobs.start("Thumbnail", lambda report: thumbnail(ref, report), keep, lane=Lane.SHORT, quiet=True)


def thumbnail(ref: ImageRef, _report: Report) -> QImage | None:
    """A picture of at most 640 pixels a side. QImage is safe off the window's thread."""
    from core.imaging.pixels import presentation

    try:
        pixels = presentation(ref)
    except UserError:
        return None
    rows, columns = pixels.shape[:2]
    whole = QImage(pixels.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8)
    size = QSize(columns, rows).scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
    return whole.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
