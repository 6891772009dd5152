"""The synthetic sample cases: opened, analysed and kept, for a first look at the program."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core import pipeline
from core.domain.case import Case
from core.paths import RESOURCES
from core.progress import Report, silent

if TYPE_CHECKING:
    from core.store.store import Store

FOLDER = RESOURCES / "samples"


def folders() -> tuple[Path, ...]:
    """One folder a sample patient."""
    return tuple(sorted(p for p in FOLDER.iterdir() if p.is_dir()))


def analysed(report: Report = silent, *, now: datetime, explain_images: bool = True) -> tuple[Case, ...]:
    """Every sample case through the whole pipeline. Every patient is made up and marked SYNTHETIC."""
    cases: list[Case] = []
    with tempfile.TemporaryDirectory(prefix="consilium-") as scratch:
        for folder in folders():
            opened = pipeline.open_paths([folder], report, scratch=Path(scratch), now=now)
            cases += [pipeline.analyse(c, report, now=now, explain_images=explain_images) for c in opened.cases]
    return tuple(cases)


def fill(store: "Store", report: Report = silent, *, now: datetime, user: str = "samples") -> tuple[Case, ...]:
    """Put the sample cases into an empty store; a store that has cases is left alone."""
    if store.list():
        return ()
    cases = analysed(report, now=now)
    for case in cases:
        store.save(case, user=user)
    return cases
