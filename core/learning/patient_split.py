"""Splits by patient for any task, written to the run folder once and read from there after."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.learning.examples import Examples, balance
from core.learning.recipe import TrainRecipe
from core.learning.split import Part

FILE = "split.json"
_LEAST = 2


def deal(examples: Examples, recipe: TrainRecipe, groups: Sequence[str] | None = None) -> list[Part]:
    """One part an example; a patient (or a group of `groups`, patients joined by near copies) is never in two.

    Stratified by the rarest class a patient has, so that rare classes are in every part.
    """
    owner = list(groups if groups is not None else examples.patients)
    counts = np.bincount(examples.labels, minlength=len(examples.names))
    rarest: dict[str, int] = {}
    for name, label in zip(owner, examples.labels.tolist(), strict=True):
        if name not in rarest or counts[label] < counts[rarest[name]]:
            rarest[name] = label
    rng = np.random.default_rng([recipe.seed, 20])
    part: dict[str, Part] = {}
    for label in range(len(examples.names)):
        names = rng.permutation(sorted(name for name, own in rarest.items() if own == label)).tolist()
        tests, validations = round(recipe.test * len(names)), round(recipe.validation * len(names))
        for k, name in enumerate(names):
            part[name] = Part.TEST if k < tests else Part.VALIDATION if k < tests + validations else Part.TRAIN
    return [part[name] for name in owner]


def places(parts: Sequence[Part], part: Part) -> NDArray[np.int64]:
    """Indices of the examples of a part."""
    return np.flatnonzero([p is part for p in parts])


def check(examples: Examples, parts: Sequence[Part]) -> dict[str, Any]:
    """What the wizard shows before a run: sizes, balance, and problems in words. A run with `problems` is refused."""
    table: dict[str, Any] = {**balance(examples), "parts": {}}
    problems, notes = [], []
    for part in Part:
        chosen = places(parts, part)
        found = np.bincount(examples.labels[chosen], minlength=len(examples.names))
        patients = {examples.patients[int(k)] for k in chosen}
        by_class = {name: int(n) for name, n in zip(examples.names, found, strict=True)}
        table["parts"][part.value] = {"examples": len(chosen), "patients": len(patients), "classes": by_class}
        problems += [f"{name}: {n} in {part.value}" for name, n in by_class.items() if n < _LEAST]
    counts = list(table["examples"].values())
    if max(counts) > 20 * min(counts):
        notes.append("unbalanced")
    if sum(counts) < 200:
        notes.append("few")
    return {**table, "problems": problems, "notes": notes, "subgroups": sorted(examples.groups)}


def keep(run: Path, examples: Examples, recipe: TrainRecipe, groups: Sequence[str] | None = None) -> list[Part]:
    """The split of a run. UserError where the data is not what the run began with, or a part lacks a class."""
    path = run / FILE
    if path.is_file():
        stated = json.loads(path.read_text(encoding="utf-8"))
        if stated["data"] != examples.sha256:
            raise UserError("The data is not what this run began with.", "Begin a new run folder.")
        return [Part(name) for name in stated["parts"]]
    parts = deal(examples, recipe, groups)
    if problems := check(examples, parts)["problems"]:
        raise UserError(
            f"Too few patients of a class for the three parts ({problems[0]}).",
            f"At least {_LEAST} examples of each class are needed in each part.",
        )
    run.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"data": examples.sha256, "parts": [p.value for p in parts]}).encode())
    return parts


def write_whole(path: Path, data: bytes) -> None:
    """Written aside and swapped in: a kill leaves the file as it was."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
