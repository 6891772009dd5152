"""Made-up notes for the head of the wording: what our own knowledge says of each condition, put into varied sentences.

No patient and no published case is in them. A note draws age and sex from the condition's prevalence, its findings by their
frequency, their phrases from `resources/knowledge/notes/sayings` and the vocabulary, and a few denials and risk factors.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.findings import sayings
from core.knowledge import vocabulary
from core.knowledge.conditions import Condition

_NOISE_FROM, _NOISE_SHARE = 0.04, 0.3
_DENIED_SHARE = 0.6
_MOST_SYMPTOMS = 8
_OPENINGS = (
    "{a} for {d}.", "Presents with {a} for {d}.", "The patient has had {a} for {d}.", "Complains of {a}, {d}.",
    "{d} of {a}.", "I have had {a} for {d}.", "{a} started {d} ago.", "Came in because of {a}, going on for {d}.",
    "{a} that began {d} ago.", "Over the past {d}, {a}.", "History of {a} lasting {d}.",
)  # fmt: skip
_FURTHER = (
    "There is also {b}.", "Also {b}.", "{b}.", "Patient reports {b}.", "Associated with {b}.", "On questioning, {b}.",
    "He also noticed {b}.", "She has {b}.", "{b} as well.", "Along with {b}.", "This is accompanied by {b}.",
    "The patient also describes {b}.", "Has been having {b}.", "I also have {b}.",
)  # fmt: skip
_EXAMINED = ("On examination: {b}.", "Exam shows {b}.", "{b} on examination.", "Noted: {b}.")
_DENIED = ("No {b}.", "Denies {b}.", "There is no {b}.", "Without {b}.")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Finding -> how it is said; finding -> kind; common complaints that any patient may add."""

    said: dict[str, tuple[str, ...]]
    kinds: dict[str, str]
    noise: tuple[str, ...]


@lru_cache(maxsize=1)
def phrases() -> Phrases:
    """English phrases of every finding."""
    said: dict[str, list[str]] = {}
    for phrase, names, denies in sayings.phrases("en"):
        for name in () if denies else names.split():
            said.setdefault(name, []).append(phrase)
    entries = vocabulary.load().entries
    for name, entry in entries.items():
        said.setdefault(name, []).extend([entry.label.en.lower(), *(s.lower() for s in entry.synonyms_en)])
    noise = tuple(
        n for n, e in entries.items() if e.background > _NOISE_FROM and e.kind in ("symptom", "history") and n in said
    )
    return Phrases({n: tuple(p) for n, p in said.items()}, {n: e.kind for n, e in entries.items()}, noise)


def notes(condition: Condition, count: int, seed: int) -> Iterator[str]:
    """Up to `count` notes of a condition, the same for the same seed."""
    chance = random.Random(f"{seed}/{condition.id}")
    for _ in range(count):
        made = _note(condition, chance, phrases())
        if made:
            yield made


def _note(condition: Condition, chance: random.Random, known: Phrases) -> str:
    present = [f.id for f in condition.findings if chance.random() < f.p and f.id in known.said]
    chance.shuffle(present)
    told = [n for n in present if known.kinds.get(n) in ("symptom", "history")]
    seen = [n for n in present if n not in told]
    most = chance.randint(2, _MOST_SYMPTOMS)
    told, seen = told[:most], seen[: max(1, most // 2)]
    if not told and not seen:
        return ""
    if chance.random() < _NOISE_SHARE:
        told.insert(chance.randint(0, len(told)), chance.choice(known.noise))
    if not told:
        told, seen = seen[:1], seen[1:]

    def say(name: str) -> str:
        return chance.choice(known.said[name])

    lines = [_who(condition, chance)]
    lines.append(chance.choice(_OPENINGS).format(a=", ".join(map(say, told[:2])), d=_lasted(condition, chance)))
    rest = told[2:]
    while rest:
        some = chance.randint(1, 3)
        lines.append(chance.choice(_FURTHER).format(b=" and ".join(map(say, rest[:some]))))
        rest = rest[some:]
    if seen:
        lines.append(chance.choice(_EXAMINED).format(b=", ".join(map(say, seen))))
    lines += _absent_and_risks(condition, chance, known, set(present))
    return " ".join(lines)


def _absent_and_risks(condition: Condition, chance: random.Random, known: Phrases, present: set[str]) -> Iterator[str]:
    absent = [f.id for f in condition.findings if f.id not in present and f.id in known.said]
    chance.shuffle(absent)
    if absent and chance.random() < _DENIED_SHARE:
        some = absent[: chance.randint(1, 3)]
        yield chance.choice(_DENIED).format(b=", ".join(chance.choice(known.said[n]) for n in some))
    risks = [r.id for r in condition.risk_factors if chance.random() < min(0.6, 0.08 * r.lr) and r.id in known.said]
    if risks:
        yield "History: " + ", ".join(chance.choice(known.said[n]) for n in risks) + "."


def _who(condition: Condition, chance: random.Random) -> str:
    female, male = condition.prevalence.female + 1e-9, condition.prevalence.male + 1e-9
    woman = chance.random() < female / (female + male)
    ages = [0, 1, 2, *range(3, 95, 3)]
    age = chance.choices(ages, [_factor(condition, age) + 1e-9 for age in ages])[0]
    if age < 2:
        return f"{chance.randint(1, 23)} month old {'girl' if woman else 'boy'}."
    return f"{age} year old {'woman' if woman else 'man'}."


def _factor(condition: Condition, age: float) -> float:
    """The prevalence factor of the band an age lies in."""
    return next((factor for low, factor in reversed(condition.prevalence.age) if age >= low), 1.0)


def _lasted(condition: Condition, chance: random.Random) -> str:
    low, high = (math.log(max(days, 0.04)) for days in condition.course.days)
    days = math.exp(chance.uniform(low, max(low, high)))
    if days < 1:
        return f"{max(1, round(days * 24))} hours"
    if days < 14:
        return f"{round(days)} days"
    if days < 60:
        return f"{round(days / 7)} weeks"
    return f"{round(days / 30.4)} months" if days < 730 else f"{round(days / 365.25)} years"
