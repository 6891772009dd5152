"""What holds in notes of every language: weeks of pregnancy, degrees of fever, findings that make others void, what one
sex cannot have."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from core.domain.finding import Finding, Scope, Status
from core.domain.record import Patient, Sex
from core.findings import language
from core.findings.context import Sentence
from core.findings.english import Match


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.load((language.FOLDER / "shared.yaml").read_text("utf-8"), yaml.CSafeLoader)
    for name in ("gestation", "temperature"):
        table[name]["patterns"] = [re.compile(p, re.IGNORECASE) for p in table[name]["patterns"]]
    return table


def gestations(text: str, sentence: Sentence) -> Iterator[Match]:
    """Weeks of pregnancy stated in a sentence, as matches of the finding that the number means."""
    table = _table()["gestation"]
    for pattern in table["patterns"]:
        for found in pattern.finditer(text, sentence.start, sentence.end):
            weeks = int(found["weeks"])
            key = next((name for low, high, name in table["weeks"] if low <= weeks <= high), None)
            if key is not None:
                yield Match(key, found.start(), found.end(), (found.start(),))
                return


def temperatures(text: str, sentence: Sentence) -> Iterator[Match]:
    """Body temperatures above normal, as matches of the fever that the number means."""
    table = _table()["temperature"]
    for pattern in table["patterns"]:
        for found in pattern.finditer(text, sentence.start, sentence.end):
            degrees = float(found["number"])
            key = next((name for low, high, name in table["degrees"] if low <= degrees < high), None)
            if key is not None:
                yield Match(key, found.start(), found.end(), (found.start("number"),))


def sound(found: Sequence[Finding], patient: Patient) -> list[Finding]:
    """The findings without those that another makes void, and without what the patient's sex or age rules out."""
    stated = {f.code.code for f in found if f.status is Status.PRESENT and f.scope in (Scope.CURRENT, Scope.HISTORY)}
    void = {name for by, names in _table()["replaces"].items() if by in stated for name in names} | _impossible(patient)
    return [f for f in found if f.code.code not in void]


def _impossible(patient: Patient) -> set[str]:
    table = _table()
    names = {Sex.MALE: table["female_only"], Sex.FEMALE: table["male_only"]}.get(patient.sex, ())
    low, high = table["childbearing"]["years"]
    unfit = patient.age_years is not None and not low <= patient.age_years <= high
    return set(names) | (set(table["childbearing"]["findings"]) if unfit else set())
