"""The files a DICOMDIR names (PS3.3 F, PS3.10 8.6). Names that lead out of its folder are left alone."""

from collections.abc import Iterator
from pathlib import Path

import pydicom

from core.errors import Unreadable
from core.imaging.header import guarded, read_dataset

MAX_RECORDS = 200_000


def named_files(index: Path) -> tuple[tuple[Path, ...], int]:
    """The files that are there, and how many are named but missing. Raises `Unreadable`."""
    dataset = read_dataset(index)
    places = guarded(lambda: tuple(_places(dataset)), index.name)
    found = tuple(path for parts in places if (path := _inside(index.parent, parts)) is not None)
    return found, len(places) - len(found)


def _places(dataset: pydicom.Dataset) -> Iterator[tuple[str, ...]]:
    for count, record in enumerate(dataset.get("DirectoryRecordSequence") or ()):
        if count >= MAX_RECORDS:
            raise Unreadable("The index names too many files.")
        parts = record.get("ReferencedFileID")
        if parts:
            yield (parts,) if isinstance(parts, str) else tuple(str(part) for part in parts)


def _inside(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file below `folder`, as named or in small letters (how some systems show a CD), or None."""
    if any(part in {"", ".", ".."} or set(part) & set("/\\:\0") for part in parts):
        return None
    for names in (parts, tuple(part.lower() for part in parts)):
        path = folder.joinpath(*names)
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
    return None
