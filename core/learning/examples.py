"""Labelled examples of any task: images of a folder or table, texts of a JSONL or CSV file, rows of a CSV file."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.learning.dataset import NEGATIVE, POSITIVE, SUFFIXES, Film, named
from core.learning.recipe import Task, TrainRecipe

SUBGROUPS = ("age", "sex", "site")
_MOST_CLASSES = 64


@dataclass(frozen=True, slots=True)
class Examples:
    """`labels`: index into `names` (n,). `groups`: subgroup column -> value of each example ("" unknown). One of `films`,
    `texts`, `rows` is filled. `sha256`: of the names, labels, patients and contents, so that a resumed run can tell that
    its data changed."""

    labels: NDArray[np.int64]
    names: tuple[str, ...]
    patients: tuple[str, ...]
    sha256: str
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    films: tuple[Film, ...] = ()
    texts: tuple[str, ...] = ()
    rows: tuple[dict[str, str], ...] = ()
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def two_classes(self) -> bool:
        """One probability is enough."""
        return len(self.names) == 2

    def counts(self) -> dict[str, int]:
        """Examples of each class."""
        found = np.bincount(self.labels, minlength=len(self.names))
        return {name: int(n) for name, n in zip(self.names, found, strict=True)}


def load(recipe: TrainRecipe) -> Examples:
    """The examples of a recipe. UserError where columns are missing or there is only one class."""
    path = Path(recipe.data)
    if recipe.task is Task.IMAGE:
        rows = _image_rows(path, recipe)
    else:
        rows = _table_rows(path)
        wanted = [recipe.label, recipe.patient] + ([recipe.text] if recipe.task is Task.TEXT else [])
        _need(rows, wanted, path)
    labelled = [row for row in rows if row.get(recipe.label, "").strip()]
    if not labelled:
        raise UserError(f"{path} holds no labelled example.", f"Fill the column {recipe.label}.")
    _patients_known(labelled, recipe, path)
    names = _names([row[recipe.label].strip() for row in labelled], recipe)
    return _examples(labelled, names, recipe, len(rows) - len(labelled))


def _examples(rows: list[dict[str, str]], names: tuple[str, ...], recipe: TrainRecipe, dropped: int) -> Examples:
    labels = np.array([names.index(row[recipe.label].strip()) for row in rows], np.int64)
    patients = tuple(row[recipe.patient].strip() for row in rows)
    groups = {
        g: tuple((row.get(g) or "").strip() for row in rows) for g in SUBGROUPS if any(row.get(g) for row in rows)
    }
    digest = hashlib.sha256(json.dumps([names, recipe.label, recipe.patient, rows]).encode()).hexdigest()
    return Examples(
        labels=labels,
        names=names,
        patients=patients,
        sha256=digest,
        groups=groups,
        films=tuple(_film(row, recipe, labels[k]) for k, row in enumerate(rows)) if recipe.task is Task.IMAGE else (),
        texts=tuple(row[recipe.text] for row in rows) if recipe.task is Task.TEXT else (),
        rows=tuple(rows) if recipe.task is Task.TABLE else (),
        dropped=dropped,
    )


def _names(labels: Sequence[str], recipe: TrainRecipe) -> tuple[str, ...]:
    """Classes in order; of two the positive one is last."""
    names = sorted(set(labels))
    if len(names) < 2:
        raise UserError(f"{recipe.data} holds only the class {names[0]}.", "A model needs examples of two classes.")
    if len(names) > _MOST_CLASSES:
        raise UserError(f"{recipe.data} holds {len(names)} classes.", f"Is {recipe.label} the column of the label?")
    if recipe.positive and recipe.positive not in names:
        raise UserError(f"No example is labelled {recipe.positive}.", f"Classes: {', '.join(names)}.")
    if missing := [name for name in recipe.cant_miss if name not in names]:
        raise UserError(f"No example is labelled {missing[0]}.", f"Classes: {', '.join(names)}.")
    if len(names) == 2:
        first = names[0]
        careful = recipe.cant_miss[0] if len(recipe.cant_miss) == 1 else ""
        wanted = (
            recipe.positive
            or careful
            or (first if first.lower() in POSITIVE or names[1].lower() in NEGATIVE else names[1])
        )
        names.sort(key=lambda name: name == wanted)
    return tuple(names)


def _table_rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text.", "Give a CSV or JSONL file in UTF-8.") from error
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        rows = [_json_row(line, k, path) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
    else:
        rows = [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(text.splitlines(keepends=True))]
    if not rows:
        raise UserError(f"{path} holds no row.", "The first line of a CSV file names the columns.")
    return rows


def _json_row(line: str, number: int, path: Path) -> dict[str, str]:
    try:
        row = json.loads(line)
        return {str(k): "" if v is None else str(v) for k, v in row.items()}
    except (ValueError, AttributeError) as error:
        raise UserError(f"Line {number} of {path.name} is not a JSON object.", "One object a line.") from error


def _image_rows(path: Path, recipe: TrainRecipe) -> list[dict[str, str]]:
    """A CSV beside or in the folder, else one folder a class with patients from the file names."""
    table = path if path.is_file() else path / "labels.csv"
    if table.is_file():
        rows = _table_rows(table)
        _need(rows, [recipe.label, recipe.file, recipe.patient], table)
        return [{**row, recipe.file: str(table.parent / row[recipe.file])} for row in rows]
    if not path.is_dir():
        raise UserError(f"{path} is neither a folder nor a table.", "Give a folder of images with labels.csv.")
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    return [
        {
            recipe.file: str(p),
            recipe.label: p.parent.name if p.parent != path else "",
            recipe.patient: named(p, None).patient,
        }
        for p in files
    ]


def _film(row: dict[str, str], recipe: TrainRecipe, label: int) -> Film:
    age = row.get("age") or ""
    try:
        years: float | None = float(age)
    except ValueError:
        years = None
    path = Path(row[recipe.file])
    return Film(
        path, int(label), row[recipe.patient], age_years=years, view=row.get("view", ""), sex=row.get("sex", "")
    )


def _need(rows: list[dict[str, str]], columns: Sequence[str], path: Path) -> None:
    if missing := [name for name in columns if name not in rows[0]]:
        raise UserError(f"{path.name} has no column {missing[0]}.", f"Its columns: {', '.join(rows[0])}.")


def _patients_known(rows: list[dict[str, str]], recipe: TrainRecipe, path: Path) -> None:
    without = sum(not row.get(recipe.patient, "").strip() for row in rows)
    if without:
        raise UserError(
            f"{without} examples of {path.name} have no patient.",
            f"Fill the column {recipe.patient}: without it one patient could be in two parts of the split.",
        )


def balance(examples: Examples) -> dict[str, Any]:
    """For the check before a run: examples and patients of each class, and what stands against training."""
    patients = {
        name: len({p for p, y in zip(examples.patients, examples.labels, strict=True) if y == k})
        for k, name in enumerate(examples.names)
    }
    most = max(Counter(examples.patients).values())
    return {
        "examples": examples.counts(),
        "patients": patients,
        "most_of_one_patient": most,
        "unlabelled": examples.dropped,
    }
