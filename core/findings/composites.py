"""What a quality, circumstance or course makes of a symptom named elsewhere: "chest pain. It is worse lying flat".

The table is `resources/knowledge/notes/composites.yaml`. A modifier belongs to the nearest symptom that it can say
something of, in its sentence or a few before; one that is denied, or that has no such symptom, says nothing.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.domain.basics import Label
from core.domain.finding import Finding, Scope, Status
from core.domain.record import Note
from core.findings import language
from core.findings.sayings import spelled_out
from core.knowledge import vocabulary

_REACH = 3
_CJK = re.compile("[\u4e00-\u9fff]")
_COMMA = re.compile("[，,]")
_HOURS = frozenset({"night", "morning", "worse_at_night", "worse_in_morning"})
_ONE_MORNING = re.compile(
    r"\b(?:until|till|by|next|following|one|that|yesterday|since|this|\w+day) (?:the )?(?:next |following )?$",
    re.IGNORECASE,
)
"""A morning that something lasts to or begins on: "until the next morning"."""
_OF_SLEEP = frozenset({"insomnia", "early_morning_waking", "worse_at_night", "worse_in_morning"})
"""Findings whose words tell when another symptom comes: "headaches, waking her early"."""
_DAYS = {"min": 1 / 1440, "h": 1 / 24, "d": 1, "wk": 7, "mo": 30, "a": 365}


@dataclass(frozen=True, slots=True)
class Modifier:
    """A modifier found in a note: its name, its sentence's number, its offsets."""

    name: str
    sentence: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What a modifier makes of each symptom it can belong to, how many sentences back that may stand, and in Chinese,
    whose sentences run on, how many characters away (0: any number) and whether in its own clause only."""

    gives: dict[str, str]
    reach: int
    near: int = 0
    clause: bool = False


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.load((language.FOLDER / "composites.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return table


@functools.cache
def rules() -> dict[str, Rule]:
    """The rules by their modifier."""
    return {
        row["modifier"]: Rule(
            row["gives"], row.get("reach", _REACH), row.get("near_zh", 0), row.get("clause_zh", False)
        )
        for row in _table()["rules"]
    }


def phrases(code: str) -> Iterator[tuple[str, str]]:
    """`(phrase, modifier)` of "en" or "zh"."""
    for name, said in _table()["modifiers"].items():
        for pattern in said[code].split("|"):
            for phrase in spelled_out(pattern.strip()):
                yield phrase, name


def composed(
    note: Note, found: Sequence[Finding], modifiers: Sequence[Modifier], starts: Sequence[int]
) -> list[Finding]:
    """The findings that modifiers and durations make of others, in order of place. `starts`: where sentences begin."""
    held = [f for f in found if f.status is Status.PRESENT and f.scope is Scope.CURRENT]
    have = {f.code.code for f in found}
    made: dict[str, Finding] = {}
    chinese = _CJK.search(note.text) is not None
    for modifier in modifiers:
        if modifier.name == "morning" and _ONE_MORNING.search(note.text[: modifier.start]):
            continue
        rule = rules()[modifier.name]
        near = [f for f in held if _gap(modifier, f) <= rule.near] if chinese and rule.near else held
        near = near if chinese else [f for f in near if not _of_another(modifier, f, held)]
        if chinese and rule.clause:
            near = [f for f in near if not _COMMA.search(note.text, *_between(modifier, f))]
        base = _nearest(modifier, near, rule, starts)
        name = _given(rule, base.code.code) if base else None
        if base and name and name not in have:
            made.setdefault(name, _made(note, base, name, modifier.start, modifier.end))
    for base in held:
        name = _long(base)
        if name and name not in have:
            made.setdefault(name, _made(note, base, name, base.source.start, base.source.end))
    return sorted(made.values(), key=lambda f: f.source.start)


def _of_another(modifier: Modifier, finding: Finding, held: Sequence[Finding]) -> bool:
    """Whether a time of day is a word of another finding's name: the night of "night sweats, loose stools"."""
    return modifier.name in _HOURS and any(
        other.source.start <= modifier.start
        and modifier.end <= other.source.end
        and other.source.end - other.source.start > modifier.end - modifier.start
        and not (other.source.start <= finding.source.start and finding.source.end <= other.source.end)
        and other.code.code not in _OF_SLEEP
        and not (finding.source.start <= modifier.start and modifier.end <= finding.source.end)
        for other in held
    )


def _gap(modifier: Modifier, finding: Finding) -> int:
    """Characters between a modifier and a finding; 0 where they touch or overlap."""
    return max(0, modifier.start - finding.source.end, finding.source.start - modifier.end)


def _between(modifier: Modifier, finding: Finding) -> tuple[int, int]:
    """The offsets between a modifier and a finding."""
    return min(modifier.end, finding.source.end), max(modifier.start, finding.source.start)


def _nearest(modifier: Modifier, held: Sequence[Finding], rule: Rule, starts: Sequence[int]) -> Finding | None:
    """The symptom that the modifier speaks of: before it goes before after it, near before far."""
    first = starts[max(0, modifier.sentence - rule.reach)]
    begin = starts[modifier.sentence]
    last = starts[modifier.sentence + 1] if modifier.sentence + 1 < len(starts) else None
    fit = [f for f in held if _given(rule, f.code.code) and f.source.start >= first]
    inside = [f for f in fit if f.source.start >= begin and (last is None or f.source.start < last)]
    before = [f for f in fit if f.source.start < begin]
    if inside:
        return min(inside, key=lambda f: (f.source.start > modifier.end, abs(f.source.start - modifier.start)))
    return max(before, key=lambda f: f.source.start, default=None)


def _given(rule: Rule, name: str) -> str | None:
    """What the rule makes of a finding: by its own name, else by the nearest it is a kind of."""
    known = vocabulary.load()
    if name not in known:
        return None
    given = next((rule.gives[n] for n in (name, *known.ancestors(name)) if n in rule.gives), None)
    return None if given is None or given == name or given in known.ancestors(name) else given


def _long(base: Finding) -> str | None:
    row = _table()["lasting"].get(base.code.code)
    if row is None or base.duration is None:
        return None
    return str(row[1]) if base.duration.value * _DAYS.get(base.duration.unit, 0) >= row[0] else None


def _made(note: Note, base: Finding, name: str, start: int, end: int) -> Finding:
    entry = vocabulary.load().entries[name]
    return dataclasses.replace(
        base,
        id=f"{note.id}-{start}-{name}",
        code=entry.coding,
        label=Label(entry.label.en, entry.label.zh),
        also=entry.also,
        source=dataclasses.replace(base.source, start=start, end=end, text=note.text[start:end]),
    )
