"""The images at hand: series with their captions, reports, states, outlines, and the ids their references use."""

from dataclasses import dataclass, replace
from pathlib import Path

from core.imaging.pairing import Pair, day, prior_of
from core.imaging.presentation_state import PresentationState
from core.imaging.types import Instance, Series, Study
from ui.viewer.dress import series_key
from ui.viewer.objects import Region, Regions
from ui.viewer.texts import text
from ui.viewer.thumbnails import Entry

PRIOR = "prior"


@dataclass(slots=True)
class Waiting:
    """Objects whose reading takes a moment, by kind: done in the background."""

    segmentations: list[str]
    structures: list[str]
    states: list[str]
    documents: list[tuple[Instance, str, str]]


class Shelf:
    """Everything the strip shows; replaced as a whole when another case is opened."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.captions: dict[str, tuple[str, str]] = {}
        self.ids: dict[tuple[str, int], str] = {}
        self.reports: dict[str, str] = {}
        self.states: dict[str, PresentationState] = {}
        self.regions: Regions = {}
        self.failures: tuple[str, ...] = ()

    def add(self, series: Series, prefix: str = "", badge: str = "") -> str:
        """Put a series on the shelf; returns its key."""
        key = series_key(series)
        first = series.instances[0]
        words = " ".join(w for w in (series.modality, text(first.view) if first.view else series.description) if w)
        caption = " ".join(w for w in (prefix, words) if w) or Path(first.path).name
        self.series[key], self.captions[key] = series, (caption, badge)
        return key

    def add_objects(self, objects: tuple[Instance, ...], prefix: str, badge: str) -> Waiting:
        """Waveforms as pictures, reports as tiles; returns what is read in the background."""
        waiting = Waiting([], [], [], [])
        for item in objects:
            if item.kind == "waveform":
                self.add(Series(item.path, "ECG", item.series_description, None, "", (item,)), prefix, badge)
            elif item.kind == "structured report":
                self.reports[item.path] = " ".join(w for w in (prefix, text("SR"), item.series_description) if w)
            elif item.kind == "segmentation":
                waiting.segmentations.append(item.path)
            elif item.kind == "RT structure set":
                waiting.structures.append(item.path)
            elif item.kind == "presentation state":
                waiting.states.append(item.path)
            elif item.kind == "encapsulated document":
                waiting.documents.append((item, prefix, badge))
        return waiting

    def add_document(self, item: Instance, pages: int, prefix: str, badge: str) -> None:
        """A PDF as a series of its pages."""
        paged = replace(item, frames=pages, modality="PDF")
        self.add(Series(item.path, "PDF", item.series_description, None, "", (paged,)), prefix, badge)

    def paths(self) -> dict[str, str]:
        """File -> key of its series."""
        return {i.path: key for key, series in self.series.items() for i in series.instances}

    def badge(self, key: str) -> str:
        """ "prior" or ""."""
        return self.captions.get(key, ("", ""))[1]

    def prior_of(self, series: Series) -> Pair | None:
        """The series marked as prior that belongs beside this one."""
        return prior_of(series, (s for key, s in self.series.items() if self.badge(key) == PRIOR))

    def states_on(self, key: tuple[str, int]) -> list[PresentationState]:
        """Presentation states that name a frame, oldest first."""
        return sorted((s for s in self.states.values() if s.names(key)), key=lambda s: s.time)

    def all_regions(self) -> list[Region]:
        """Each structure once, in order of first appearance."""
        found: dict[str, Region] = {}
        for regions in self.regions.values():
            for region in regions:
                found.setdefault(region.label, region)
        return list(found.values())

    def entries(self) -> list[Entry]:
        """The strip's tiles in order."""
        tiles = [Entry(k, self.captions[k][0], len(s.addresses()), self.captions[k][1]) for k, s in self.series.items()]
        tiles += [Entry(path, caption, 1) for path, caption in self.reports.items()]
        names = {p: s.description or s.label for p, s in self.states.items()}
        return [*tiles, *(Entry(p, f"{text('PR')} {n}".strip(), len(self.states[p].images)) for p, n in names.items())]


def badges(series: list[Series]) -> dict[int, tuple[str, str]]:
    """(prefix, badge) of each series by its place: those of an older study than the newest are priors."""
    newest = max((day(s) for s in series), default="")
    current = {s.instances[0].study_instance_uid for s in series if day(s) == newest}
    found = {}
    for place, one in enumerate(series):
        older = bool(day(one)) and day(one) < newest and one.instances[0].study_instance_uid not in current
        found[place] = (day(one), PRIOR) if older else ("", "")
    return found


def study_parts(study: Study, prior: bool) -> tuple[str, str]:
    """(prefix, badge) of a study's tiles."""
    return (study.time[:10], PRIOR) if prior else ("", "")
