"""How notes are read in each language: the tables of `resources/knowledge/notes/`, ready for use."""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.domain.finding import Scope
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "notes"
NEGATED = "negated"
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


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """The tables of one language. `triggers` maps a lower-case phrase to what it triggers; `pattern` finds them all."""

    table: dict[str, Any]
    triggers: dict[str, tuple[Trigger, ...]]
    pattern: re.Pattern[str]
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
        pattern=_any(triggers, words=name == "english"),
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
