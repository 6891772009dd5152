"""Splits by patient: training, validation (early stopping, temperature, threshold) and the project's own test."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.learning.dataset import Film


class Part(StrEnum):
    """What a film is used for. TEST is for the final table alone."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Shares of patients. `validation_block`: the lowest numbers of each series, all to validation, as films of another
    time. `end_block`: the highest numbers; in Kermany's set these come from another room (wider field, other letters,
    gaps in the numbering) and resemble the films that such models get wrong elsewhere. Every other patient of the end
    goes to the test, the rest to training, where `end_films` says which to draw more often."""

    validation: float = 0.08
    validation_block: float = 0.04
    test: float = 0.11
    end_block: float = 0.025
    seed: int = 20


def join_duplicates(films: Sequence[Film], thumbnails: NDArray[np.float32], at_least: float = 0.99) -> list[str]:
    """Group ids: patients, joined where two of their films are near copies (correlation of thumbnails).

    `thumbnails`: float32 (films, pixels).
    """
    parent = {f.patient: f.patient for f in films}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    unit = thumbnails - thumbnails.mean(axis=1, keepdims=True)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True) + 1e-9
    for start in range(0, len(films), 512):
        rows, columns = np.nonzero(unit[start : start + 512] @ unit.T >= at_least)
        for i, j in zip((rows + start).tolist(), columns.tolist(), strict=True):
            if i < j:
                parent[root(films[j].patient)] = root(films[i].patient)
    return [root(f.patient) for f in films]


def split(films: Sequence[Film], groups: Sequence[str], plan: SplitPlan) -> list[Part]:
    """One part a film; films of one group never part. Random shares are stratified by label."""
    part: dict[str, Part] = {}
    _take_blocks(films, groups, plan, part)
    strata: dict[int | None, list[str]] = defaultdict(list)
    for group, label in sorted({g: f.label for f, g in zip(films, groups, strict=True)}.items()):
        if group not in part:
            strata[label].append(group)
    rng = np.random.default_rng(plan.seed)
    for label in sorted(strata, key=str):
        names = list(rng.permutation(strata[label]))
        n_test, n_validation = round(plan.test * len(names)), round(plan.validation * len(names))
        for k, name in enumerate(names):
            kind = Part.TEST if k < n_test else Part.VALIDATION if k < n_test + n_validation else Part.TRAIN
            part[str(name)] = kind
    return [part[g] for g in groups]


def end_films(films: Sequence[Film], plan: SplitPlan) -> list[bool]:
    """Which films carry the highest numbers of their series."""
    numbers = _numbers(films)
    limit = {series: found[-1 - round(plan.end_block * len(found))] for series, found in numbers.items()}
    return [bool(f.series) and f.number > limit[f.series] for f in films]


def _numbers(films: Sequence[Film]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for film in films:
        if film.series:
            found[film.series].add(film.number)
    return {series: sorted(numbers) for series, numbers in found.items()}


def _take_blocks(films: Sequence[Film], groups: Sequence[str], plan: SplitPlan, part: dict[str, Part]) -> None:
    ends: dict[str, list[str]] = defaultdict(list)
    for film, group, end in zip(films, groups, end_films(films, plan), strict=True):
        if end and group not in ends[film.series]:
            ends[film.series].append(group)
    for names in ends.values():
        for k, group in enumerate(names):
            part.setdefault(group, Part.TEST if k % 2 else Part.TRAIN)
    low = {s: found[round(plan.validation_block * len(found))] for s, found in _numbers(films).items()}
    for film, group in zip(films, groups, strict=True):
        if film.series and film.number < low[film.series]:
            part.setdefault(group, Part.VALIDATION)
