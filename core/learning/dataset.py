"""Folders of films: one folder a class, or `labels.csv`, or unlabelled. Reads names and labels, not pixels."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".dcm"})
POSITIVE = frozenset({"pneumonia", "positive", "1", "opacity"})
NEGATIVE = frozenset({"normal", "no_findings", "no finding", "no_finding", "negative", "0"})

_PERSON = re.compile(r"^(person(\d+))_(bacteria|virus)")
_NORMAL = re.compile(r"^((?:NORMAL\d+-)?IM)-(\d+)")


@dataclass(frozen=True, slots=True)
class Film:
    """One image of a data set. `label` is 1, 0 or None (unlabelled); `series` and `number` order films as they were
    collected where the name says so; `age_years`, `view`, `sex` come from `labels.csv`."""

    path: Path
    label: int | None
    patient: str
    series: str = ""
    number: int = -1
    age_years: float | None = None
    view: str = ""
    sex: str = ""

    @property
    def kind(self) -> str:
        """Subgroup for reporting: the collection series (bacteria, virus, IM, NORMAL2-IM), or the view."""
        return self.series or self.view


def read_folder(folder: Path) -> tuple[Film, ...]:
    """Every film under `folder`, sorted by path. UserError where there is none."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder.", "Name a folder with one folder a class, or with labels.csv.")
    table = folder / "labels.csv"
    films = tuple(_from_table(folder, table) if table.is_file() else _from_folders(folder))
    if not films:
        raise UserError(f"{folder} holds no image.", "PNG, JPEG and DICOM files are read, in any depth of folders.")
    return films


def _from_folders(folder: Path) -> Iterator[Film]:
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()):
        names = [part.lower() for part in path.relative_to(folder).parts[:-1]] or [folder.name.lower()]
        yield named(path, label_of(names[-1]))


def _from_table(folder: Path, table: Path) -> Iterator[Film]:
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or "file" not in rows[0]:
        raise UserError(f"{table} has no column named file.", "Columns: file, label, patient, age, sex, view.")
    for row in rows:
        film = named(folder / row["file"], label_of(row.get("label") or ""))
        yield Film(
            path=film.path,
            label=film.label,
            patient=row.get("patient") or film.patient,
            series=film.series,
            number=film.number,
            age_years=_number(row.get("age") or ""),
            view=row.get("view") or "",
            sex=row.get("sex") or "",
        )


def label_of(text: str) -> int | None:
    """1, 0, or None where the word is neither."""
    word = text.strip().lower()
    return 1 if word in POSITIVE else 0 if word in NEGATIVE else None


def named(path: Path, label: int | None) -> Film:
    """A film with what its file name says: `person12_virus_34.jpeg` or `NORMAL2-IM-0540-0001.jpeg` (Kermany 2018).

    Numbers are taken as the patient whatever the prefix, which can only join patients, never split one.
    """
    if person := _PERSON.match(path.name):
        return Film(path, label, person[1], person[3], int(person[2]))
    if normal := _NORMAL.match(path.name):
        return Film(path, label, f"normal{int(normal[2])}", normal[1], int(normal[2]))
    return Film(path, label, path.stem)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
