"""The images at hand: series with their captions, reports, outlines, and the ids their references use."""

from pathlib import Path

from core.imaging.types import Series, Study
from ui.viewer.dress import series_key
from ui.viewer.objects import Regions
from ui.viewer.texts import text
from ui.viewer.thumbnails import Entry


class Shelf:
    """Everything the strip shows; replaced as a whole when another case is opened."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.captions: dict[str, tuple[str, str]] = {}
        self.ids: dict[tuple[str, int], str] = {}
        self.reports: dict[str, str] = {}
        self.regions: Regions = {}

    def add(self, series: Series, prefix: str = "", badge: str = "") -> str:
        """Put a series on the shelf; returns its key."""
        key = series_key(series)
        first = series.instances[0]
        words = " ".join(w for w in (series.modality, text(first.view) if first.view else series.description) if w)
        caption = " ".join(w for w in (prefix, words) if w) or Path(first.path).name
        self.series[key], self.captions[key] = series, (caption, badge)
        return key

    def add_objects(self, study: Study, prefix: str, badge: str) -> list[str]:
        """Waveforms as pictures, reports as tiles; returns the segmentations, which are read in the background."""
        segmentations = []
        for item in study.objects:
            if item.kind == "waveform":
                self.add(Series(item.path, "ECG", item.series_description, None, "", (item,)), prefix, badge)
            elif item.kind == "structured report":
                self.reports[item.path] = " ".join(w for w in (prefix, text("SR"), item.series_description) if w)
            elif item.kind == "segmentation":
                segmentations.append(item.path)
        return segmentations

    def paths(self) -> dict[str, str]:
        """File -> key of its series."""
        return {i.path: key for key, series in self.series.items() for i in series.instances}

    def entries(self) -> list[Entry]:
        """The strip's tiles in order."""
        tiles = [Entry(k, self.captions[k][0], len(s.addresses()), self.captions[k][1]) for k, s in self.series.items()]
        return [*tiles, *(Entry(path, caption, 1) for path, caption in self.reports.items())]
