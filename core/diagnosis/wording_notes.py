"""Made-up notes for the head of the wording: what our own knowledge says of each condition, put into varied sentences.

No patient and no published case is in them. A note draws age and sex from the condition's prevalence, its findings by their
frequency, their phrases from `resources/knowledge/notes/sayings` and the vocabulary, a few risk factors; how that is put
stands in `resources/knowledge/wording/templates.yaml`: as a patient tells it, as clinicians write it, as a case, or brief.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from core.findings import sayings
from core.knowledge import vocabulary
from core.knowledge.conditions import Condition
from core.paths import RESOURCES

_TEMPLATES = RESOURCES / "knowledge" / "wording" / "templates.yaml"
_STYLES = "pcvb"
_NOISE_FROM, _NOISE_SHARE = 0.04, 0.25
_DENIED_SHARE = 0.2  # a note's denials are mostly left out before it is embedded (core.findings.wording)
_WHO_SHARE, _FILLER_SHARE, _SINCE_SHARE = 0.65, 0.45, 0.1
_FREQUENCY = 0.8  # a case that is written up shows more of what is usual than the average case: p ^ 0.8
_MOST_SYMPTOMS = 9
_TOLD = ("symptom", "history")
_INFANT, _ADULT = 2, 16


@dataclass(frozen=True, slots=True)
class Phrases:
    """Finding -> how it is said; finding -> kind; common complaints that any patient may add."""

    said: dict[str, tuple[str, ...]]
    kinds: dict[str, str]
    noise: tuple[str, ...]


@lru_cache(maxsize=2)
def phrases(language: str = "en") -> Phrases:
    """Phrases of every finding in "en" or "zh"; the vocabulary's own names stand beside the sayings."""
    said: dict[str, list[str]] = {}
    for phrase, names, denies in sayings.phrases(language):
        for name in () if denies else names.split():
            said.setdefault(name, []).append(phrase)
    entries = vocabulary.load().entries
    for name, entry in entries.items():
        said.setdefault(name, []).extend(n.lower() for n in vocabulary.names(entry, language))
    noise = tuple(n for n, e in entries.items() if e.background > _NOISE_FROM and e.kind in _TOLD and said.get(n))
    known = {n: tuple(dict.fromkeys(p)) for n, p in said.items() if p}
    return Phrases(known, {n: e.kind for n, e in entries.items()}, noise)


@lru_cache(maxsize=1)
def _templates() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(_TEMPLATES.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def notes(condition: Condition, count: int, seed: int, language: str = "en") -> Iterator[str]:
    """Up to `count` notes of a condition, the same for the same seed. Each draws for itself: a finding said in one more way
    changes the notes that have it, and no others."""
    for number in range(count):
        chance = random.Random(f"{seed}/{language}/{condition.id}/{number}")
        made = _Note(condition, chance, language).write()
        if made:
            yield made


class _Note:
    """One note in the making."""

    def __init__(self, condition: Condition, chance: random.Random, language: str) -> None:
        self.condition, self.chance, self.known = condition, chance, phrases(language)
        self.words = _templates()[language]
        self.style = chance.choice(_STYLES)
        self.gap = "" if language == "zh" else " "

    def write(self) -> str:
        chance, known = self.chance, self.known
        present = [f.id for f in self.condition.findings if chance.random() < f.p**_FREQUENCY and f.id in known.said]
        chance.shuffle(present)
        told = [n for n in present if known.kinds.get(n) in _TOLD]
        seen = [n for n in present if n not in told]
        most = chance.randint(2, _MOST_SYMPTOMS)
        told, seen = told[:most], seen[: chance.randint(0, max(1, most // 2))]
        if not told and not seen:
            return ""
        if chance.random() < _NOISE_SHARE:
            told.insert(chance.randint(0, len(told)), chance.choice(known.noise))
        if not told:
            told, seen = seen[:1], seen[1:]
        lines = [self._opening(told), *self._further(told[2:], seen), *self._absent(set(present)), *self._history()]
        lines += [chance.choice(self.words["filler"]) for _ in range(3) if chance.random() < _FILLER_SHARE]
        if chance.random() < 0.3:
            rest = lines[1:]
            chance.shuffle(rest)
            lines = [lines[0], *rest]
        if chance.random() < _WHO_SHARE:
            lines.insert(0, self._who())
        return self.gap.join(self._cased(line) for line in lines)

    def _pick(self, part: str) -> str:
        return str(self.chance.choice(self.words[part][self.style]))

    def _say(self, names: Sequence[str]) -> str:
        said = [self.chance.choice(self.known.said[n]) for n in names]
        text = said[0]
        for phrase in said[1:]:
            text += self._pick("join") + phrase
        return text

    def _cased(self, line: str) -> str:
        return line[:1].upper() + line[1:] if self.chance.random() < 0.8 else line

    def _opening(self, told: Sequence[str]) -> str:
        return self._pick("open").format(a=self._say(told[:2]), d=self._lasted())

    def _further(self, rest: Sequence[str], seen: Sequence[str]) -> Iterator[str]:
        while rest:
            some = self.chance.randint(1, 3)
            yield self._pick("more").format(b=self._say(rest[:some]))
            rest = rest[some:]
        while seen:
            some = self.chance.randint(1, 4)
            yield self._pick("seen").format(b=self._say(seen[:some]))
            seen = seen[some:]

    def _absent(self, present: set[str]) -> Iterator[str]:
        absent = [f.id for f in self.condition.findings if f.id not in present and f.id in self.known.said]
        self.chance.shuffle(absent)
        if absent and self.chance.random() < _DENIED_SHARE:
            some = absent[: self.chance.randint(1, 2)]
            yield self.chance.choice(self.words["denied"]).format(b=self._say(some))

    def _history(self) -> Iterator[str]:
        risks = [r.id for r in self.condition.risk_factors if r.id in self.known.said]
        lrs = {r.id: r.lr for r in self.condition.risk_factors}
        risks = [name for name in risks if self.chance.random() < min(0.6, 0.08 * lrs[name])]
        if risks:
            yield self._pick("history").format(r=self._say(risks))

    def _who(self) -> str:
        prevalence = self.condition.prevalence
        female, male = prevalence.female + 1e-9, prevalence.male + 1e-9
        sex = "f" if self.chance.random() < female / (female + male) else "m"
        ages = [0, 1, 2, *range(3, 95, 3)]
        age = self.chance.choices(ages, [_factor(self.condition, age) + 1e-9 for age in ages])[0]
        words = self.words["sexes"]
        spoken = self.chance.choice(words["adult" if age >= _ADULT else "child"][sex])
        if age < _INFANT:
            return self._pick("infant").format(n=self.chance.randint(1, 23), s=spoken, i=words["i"][sex])
        number = age + self.chance.randint(0, 2) if age > _INFANT else age
        return self._pick("who").format(n=number, s=spoken, i=words["i"][sex])

    def _lasted(self) -> str:
        if self.chance.random() < _SINCE_SHARE and self.gap:
            return str(self.chance.choice(self.words["since"]))
        low, high = (math.log(max(days, 0.04)) for days in self.condition.course.days)
        days = math.exp(self.chance.uniform(low, max(low, high)))
        spans = (("h", 1.0, 1 / 24), ("d", 14, 1.0), ("w", 60, 7), ("m", 730, 30.4), ("y", math.inf, 365.25))
        unit, size = next((u, s) for u, below, s in spans if days < below)
        number, word = max(1, round(days / size)), self.chance.choice(self.words["units"][unit])
        return f"{number}{self.gap if len(word) > 1 else ''}{word}"


def _factor(condition: Condition, age: float) -> float:
    """The prevalence factor of the band an age lies in."""
    return next((factor for low, factor in reversed(condition.prevalence.age) if age >= low), 1.0)
