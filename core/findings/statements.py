"""What holds in notes of every language: pressures in two postures or arms, weeks of pregnancy, time since a birth,
degrees of fever, findings that make others void, what one sex cannot have."""

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
    number, unit = "|".join([r"\d+", *table["numbers"]]), "|".join(table["units"])
    table["since_birth"]["patterns"] = [
        pattern.replace("<number>", f"(?P<number>{number})").replace("<unit>", f"(?P<unit>{unit})")
        for pattern in table["since_birth"]["patterns"]
    ]
    for name in ("gestation", "since_birth", "at_birth", "temperature"):
        table[name]["patterns"] = [re.compile(p, re.IGNORECASE) for p in table[name]["patterns"]]
    return table


def gestations(text: str, sentence: Sentence) -> Iterator[Match]:
    """Weeks of pregnancy, at birth, and time since a birth stated in a sentence, as matches of what the numbers mean."""
    for name in ("gestation", "since_birth", "at_birth"):
        yield from _stated(text, sentence, _table()[name])


def _stated(text: str, sentence: Sentence, table: dict[str, Any]) -> Iterator[Match]:
    """Matches of the findings of the first length of time found, none where no pattern fits or its length means nothing."""
    for pattern in table["patterns"]:
        for found in pattern.finditer(text, sentence.start, sentence.end):
            length = _length(found.groupdict())
            names = next((names for low, high, names in table["lengths"] if low <= length < high), ())
            for name in names:
                yield Match(name, found.start(), found.end(), (found.start(),))
            if names:
                return


def _length(said: dict[str, str | None]) -> float:
    """A length of time in weeks: the groups `weeks`, `months`, or `number` with its `unit`."""
    words = _table()["numbers"]
    number, unit = next((said[name], name) for name in ("weeks", "months", "number") if said.get(name) is not None)
    value = float(words.get(str(number).lower()) or number or 0)
    unit = str(said["unit"]).lower() if unit == "number" else unit
    return value * float(next(weeks for start, weeks in _table()["units"].items() if unit.startswith(start)))


def temperatures(text: str, sentence: Sentence) -> Iterator[Match]:
    """Body temperatures above normal, as matches of the fever that the number means."""
    table = _table()["temperature"]
    for pattern in table["patterns"]:
        for found in pattern.finditer(text, sentence.start, sentence.end):
            degrees = float(found["number"])
            key = next((name for low, high, name in table["degrees"] if low <= degrees < high), None)
            if key is not None:
                yield Match(key, found.start(), found.end(), (found.start("number"),))


_LOW = r"(?:lying|supine|recumbent|flat|in bed|sitting|seated|卧位?|平卧|坐位)"
_UP = r"(?:standing|stands|stood|upright|erect|立位|站立位?|直立位?)"
_SIDE = r"(?P<{}>right|left|右|左)"
_FIRST, _SECOND = (rf"(?<![\d/])(?P<{n}>\d{{2,3}})\s*/\s*\d{{2,3}}(?:\s*mm\s?Hg)?" for n in ("first", "second"))
_GAP = r"[^\d.;。；]{0,25}?"
_POSTURES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_LOW}{_GAP}{_FIRST}{_GAP}{_UP}{_GAP}{_SECOND}",
        rf"{_FIRST}{_GAP}{_LOW}{_GAP}{_SECOND}{_GAP}{_UP}",
        rf"(?:falls?|drops?|fell|dropped|falling|dropping) (?:from )?{_FIRST}{_GAP}to {_SECOND}{_GAP}{_UP}",
    )
)
_ARMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_SIDE.format('one')}{_GAP}{_FIRST}{_GAP}{_SIDE.format('other')}{_GAP}{_SECOND}",
        rf"{_FIRST}{_GAP}{_SIDE.format('one')}{_GAP}{_SECOND}{_GAP}{_SIDE.format('other')}",
    )
)
_FALL, _STEADY = 20, 10
"""Millimetres of mercury. A systolic fall on standing from which on it is abnormal (Freeman R et al. Clin Auton Res
2011;21:69-72), as is a difference between the arms (expert estimate); a fall smaller than the second is none."""


def pressures(text: str, sentence: Sentence) -> Iterator[Match]:
    """Blood pressures (mmHg) told lying and standing, or of both arms, as a match of what their difference means; a fall
    that is neither abnormal nor none has no key."""
    for pattern in _POSTURES:
        found = pattern.search(text, sentence.start, sentence.end)
        if found:
            fall = int(found["first"]) - int(found["second"])
            key = "orthostatic_hypotension" if fall >= _FALL else "!orthostatic_hypotension" if fall < _STEADY else ""
            yield Match(key, found.start(), found.end(), (found.start("second"),))
            return
    for pattern in _ARMS:
        found = pattern.search(text, sentence.start, sentence.end)
        if found and found["one"].lower() != found["other"].lower():
            if abs(int(found["first"]) - int(found["second"])) >= _FALL:
                yield Match("arm_blood_pressure_difference", found.start(), found.end(), (found.start("second"),))
            return


def sound(found: Sequence[Finding], patient: Patient) -> list[Finding]:
    """The findings without those that another makes void, those that need another which the note lacks, and without what
    the patient's sex or age rules out."""
    stated = {f.code.code for f in found if f.status is Status.PRESENT and f.scope in (Scope.CURRENT, Scope.HISTORY)}
    void = {name for by, names in _table()["replaces"].items() if by in stated for name in names} | _impossible(patient)
    void |= {name for name, needed in _table()["needs"].items() if not stated.intersection(needed)}
    return [f for f in found if f.code.code not in void]


def _impossible(patient: Patient) -> set[str]:
    table = _table()
    names = {Sex.MALE: table["female_only"], Sex.FEMALE: table["male_only"]}.get(patient.sex, ())
    low, high = table["childbearing"]["years"]
    unfit = patient.age_years is not None and not low <= patient.age_years <= high
    grown = patient.age_years is not None and patient.age_years >= table["child_only"]["years"]
    names = {*names, *(table["child_only"]["findings"] if grown else ())}
    return names | (set(table["childbearing"]["findings"]) if unfit else set())
