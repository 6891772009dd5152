"""How notes are read in each language: the tables of `resources/knowledge/notes/`, ready for use."""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.domain.finding import Scope
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "notes"
NEGATED = "negated"
_WORD = re.compile(r"\w+|\?")
SCOPES = {
    "possible": Scope.UNCERTAIN,
    "hypothetical": Scope.HYPOTHETICAL,
    "historical": Scope.HISTORY,
    "family": Scope.FAMILY,
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A context trigger: its category, and whether its scope lies before it, after it, or it ends the scope of others."""

    category: str
    forward: bool = True


class Phrases:
    """Finds phrases of whole words as one regular expression of all would, but tries at each word only those that begin
    with it: six hundred alternatives at each character took a third of a note's time."""

    def __init__(self, phrases: Iterable[str]) -> None:
        begun: dict[str, list[str]] = {}
        for phrase in phrases:
            first = _WORD.match(phrase)
            if first:
                begun.setdefault(first.group().lower(), []).append(phrase)
        self._begun = {
            word: re.compile(rf"(?:{_longest(held)})(?!\w)".replace(r"\ ", r"\s+"), re.IGNORECASE)
            for word, held in begun.items()
        }

    def finditer(self, text: str, start: int, end: int) -> Iterator[re.Match[str]]:
        """The phrases in `text[start:end]`, the longest at each place, and each question mark."""
        for word in _WORD.finditer(text, start, end):
            if word.start() < start:
                continue  # inside the phrase before
            begun = self._begun.get(word.group().lower())
            found = begun.match(text, word.start(), end) if begun else None
            if found is None and word.group() == "?":
                found = word
            if found:
                yield found
                start = found.end()


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """The tables of one language. `triggers` maps a lower-case phrase to what it triggers; `pattern` finds them all."""

    table: dict[str, Any]
    triggers: dict[str, tuple[Trigger, ...]]
    pattern: "re.Pattern[str] | Phrases"
    headers: re.Pattern[str]
    sections: dict[str, str]
    reporters: frozenset[str]
    reporting: re.Pattern[str]


@functools.cache
def load(name: str, folder: Path = FOLDER) -> Language:
    """The tables of "english" or "chinese"."""
    table: dict[str, Any] = yaml.load((folder / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
    triggers: dict[str, list[Trigger]] = {}
    for category in (NEGATED, *SCOPES):
        for direction in ("before", "after"):
            for phrase in table[category][direction]:
                triggers.setdefault(phrase.lower(), []).append(Trigger(category, direction == "before"))
    for phrase in table["terminations"]:
        triggers.setdefault(phrase.lower(), []).append(Trigger("termination"))
    for phrase in table["pseudo"]:
        triggers[phrase.lower()] = [Trigger("pseudo")]
    sections = {title.lower(): kind for kind, titles in table["sections"].items() for title in titles}
    return Language(
        table=table,
        triggers={phrase: tuple(found) for phrase, found in triggers.items()},
        pattern=Phrases(triggers) if name == "english" else _any(triggers, words=False),
        headers=re.compile(rf"(?:^|(?<=[\n。.;；]))\s*({_longest(sections)})\s*[:：\n]", re.IGNORECASE),
        sections=sections,
        reporters=frozenset(table["reporters"]),
        reporting=_any(table["reporting"], words=name == "english"),
    )


def _longest(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))


def _any(phrases: Iterable[str], *, words: bool) -> re.Pattern[str]:
    body = _longest(phrases).replace(r"\ ", r"\s+")
    return re.compile(rf"(?<!\w)(?:{body})(?!\w)|\?" if words else body, re.IGNORECASE)
