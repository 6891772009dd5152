"""The synthetic sample cases: copied with today's dates, opened, analysed and kept, for a first look at the program.

The samples are written as of one day. A copy moves every date by the same number of days, births too, so that ages stay and
no value looks a year old on the day the program is first tried.
"""

import re
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core import pipeline
from core.domain.case import Case
from core.paths import RESOURCES
from core.progress import Report, silent

if TYPE_CHECKING:
    from core.store.store import Store

FOLDER = RESOURCES / "samples"
WRITTEN_ON = date(2025, 11, 14)
_ISO = re.compile(r"\b(19|20)\d{2}-\d{2}-\d{2}")


def folders() -> tuple[Path, ...]:
    """One folder a sample patient, as shipped."""
    return tuple(sorted(p for p in FOLDER.iterdir() if p.is_dir()))


def copies(target: Path, now: datetime) -> tuple[Path, ...]:
    """The sample folders copied below `target`, every date moved so that the samples are of the day of `now`."""
    days = (now.date() - WRITTEN_ON).days
    made = []
    for folder in folders():
        copy = target / folder.name
        copy.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.iterdir()):
            _copy(file, copy / file.name, days)
        made.append(copy)
    return tuple(made)


def _copy(file: Path, target: Path, days: int) -> None:
    if file.suffix == ".dcm":
        _copy_dicom(file, target, days)
    else:
        target.write_text(_ISO.sub(lambda m: _moved(m.group(0), days), file.read_text("utf-8")), "utf-8")


def _moved(text: str, days: int) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days)).isoformat()
    except (ValueError, OverflowError):
        return text


def _copy_dicom(file: Path, target: Path, days: int) -> None:
    """All elements of value representation DA (DICOM PS3.5 6.2) moved; nothing else is touched."""
    import pydicom

    dataset = pydicom.dcmread(file)
    for element in dataset:
        if element.VR != "DA":
            continue
        text = str(element.value)
        if len(text) == 8 and text.isdigit():
            moved = _moved(f"{text[:4]}-{text[4:6]}-{text[6:]}", days)
            element.value = moved.replace("-", "")
    dataset.save_as(target)


def analysed(report: Report = silent, *, now: datetime, explain_images: bool = True) -> tuple[Case, ...]:
    """Every sample case through the whole pipeline. Every patient is made up and marked SYNTHETIC.

    The copies the images lie in are gone afterwards: keep the images with the store, or use `fill`.
    """
    with tempfile.TemporaryDirectory(prefix="consilium-") as scratch:
        return _analysed(Path(scratch), report, now, explain_images=explain_images)[0]


def _analysed(
    scratch: Path, report: Report, now: datetime, *, explain_images: bool
) -> tuple[tuple[Case, ...], tuple[tuple[str, Path], ...]]:
    """The sample cases, and the record files they came from."""
    cases: list[Case] = []
    documents: list[tuple[str, Path]] = []
    for folder in copies(scratch / "samples", now):
        opened = pipeline.open_paths([folder], report, scratch=scratch, now=now)
        cases += [pipeline.analyse(c, report, now=now, explain_images=explain_images) for c in opened.cases]
        documents += opened.documents
    return tuple(cases), tuple(documents)


def fill(store: "Store", report: Report = silent, *, now: datetime, user: str = "samples") -> tuple[Case, ...]:
    """Put the sample cases with their images into an empty store; a store that has cases is left alone."""
    if store.list():
        return ()
    with tempfile.TemporaryDirectory(prefix="consilium-") as scratch:
        cases, documents = _analysed(Path(scratch), report, now, explain_images=True)
        for case in cases:
            store.save(case, user=user)
            store.keep_images(case)
            store.keep_documents(case, documents)
    return cases
