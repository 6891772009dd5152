"""Messy medication text (English or Chinese) to drug ids, strength, form, route and frequency, with the matched span."""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.domain.basics import Quantity
from core.domain.record import Medication
from core.knowledge import drugs as drug_tables
from core.knowledge.treatment_files import read_folder
from core.paths import RESOURCES

_TOKEN = re.compile(r"[a-z0-9']+|[\u0370-\u03ff]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_SAYS_NONE = re.compile(
    r"^\W*(no (known|data|current|active|information|medication)|none\b|nil\b|n/a\b|\W*$)|不详|^无", re.IGNORECASE
)
_FUZZY_LENGTH = 7
_FUZZY_CUTOFF = 0.88


@dataclass(frozen=True, slots=True)
class Match:
    """Drugs recognised in one span of the text. `exact` is False where the spelling was corrected."""

    drugs: tuple[str, ...]
    start: int
    end: int
    text: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a medication text says. `per_day` counts administrations a day; None where the text does not say."""

    text: str
    drugs: tuple[str, ...]
    matches: tuple[Match, ...]
    strengths: tuple[Quantity, ...] = ()
    route: str = ""
    per_day: float | None = None
    as_needed: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True)
class _Names:
    """Names by token tuple (Latin script) and by string (Chinese)."""

    latin: dict[tuple[str, ...], tuple[str, ...]]
    chinese: dict[str, tuple[str, ...]]
    longest_latin: int
    longest_chinese: int
    single: tuple[str, ...]


@lru_cache(maxsize=1)
def _names() -> _Names:
    latin: dict[tuple[str, ...], tuple[str, ...]] = {}
    chinese: dict[str, tuple[str, ...]] = {}
    vocabulary = drug_tables.load()

    def add(name: str, drugs: tuple[str, ...]) -> None:
        if _CJK.search(name):
            chinese[name.lower()] = drugs
        else:
            latin[tuple(_TOKEN.findall(name.lower()))] = drugs

    for drug in vocabulary.by_id.values():
        for name in (drug.label.en, drug.label.zh, drug.id.replace("_", " "), *drug.names, *drug.brands):
            add(name, (drug.id,))
    for combination in vocabulary.combinations:
        for name in combination.names:
            add(name, combination.drugs)
    latin.pop((), None)
    single = tuple(key[0] for key in latin if len(key) == 1 and len(key[0]) >= _FUZZY_LENGTH)
    return _Names(latin, chinese, max(map(len, latin)), max(map(len, chinese)), single)


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """The word table: routes, frequencies, units."""
    table: dict[str, Any] = read_folder(RESOURCES / "knowledge" / "dosing").files["words.yaml"]
    return table


@lru_cache(maxsize=4096)
def recognise(text: str) -> Recognised:
    """Read one medication entry. `drugs` is empty when no name is known; nothing is assumed then."""
    matches = _find(text)
    drugs = tuple(dict.fromkeys(drug for match in matches for drug in match.drugs))
    route = _route(text)
    local = any(row.get("local", False) for row in words()["routes"] if row["id"] == route)
    return Recognised(text, drugs, matches, _strengths(text), route, _per_day(text), _as_needed(text), local)


def medication_text(medication: Medication) -> str:
    """The wording of an entry in which a drug is recognised: its text, else a code's display; the text if none is."""
    wordings = [w for w in (medication.text, *(code.display for code in medication.codes)) if w]
    return next((w for w in wordings if recognise(w).drugs), wordings[0] if wordings else "")


def says_none(text: str) -> bool:
    """True for entries that state that there is no medicine ("No known medications", "No data")."""
    return bool(_SAYS_NONE.search(text))


def _lowered(text: str) -> str:
    """Lower case of the same length, so that spans fit the text as written."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _find(text: str) -> tuple[Match, ...]:
    lowered = _lowered(text)
    found = [*_latin(text, lowered), *_chinese(text, lowered)]
    if not found:
        found = _fuzzy(text, lowered)
    return tuple(sorted(found, key=lambda match: match.start))


def _latin(text: str, lowered: str) -> list[Match]:
    names = _names()
    tokens = list(_TOKEN.finditer(lowered))
    found = []
    at = 0
    while at < len(tokens):
        for length in range(min(names.longest_latin, len(tokens) - at), 0, -1):
            drugs = names.latin.get(tuple(token.group() for token in tokens[at : at + length]))
            if drugs:
                start, end = tokens[at].start(), tokens[at + length - 1].end()
                found.append(Match(drugs, start, end, text[start:end]))
                at += length
                break
        else:
            at += 1
    return found


def _chinese(text: str, lowered: str) -> list[Match]:
    names = _names()
    found = []
    at = 0
    while at < len(lowered):
        step = 1
        for length in range(min(names.longest_chinese, len(lowered) - at), 1, -1):
            drugs = names.chinese.get(lowered[at : at + length])
            if drugs:
                found.append(Match(drugs, at, at + length, text[at : at + length]))
                step = length
                break
        at += step
    return found


def _fuzzy(text: str, lowered: str) -> list[Match]:
    """Spelling slips of long single-word names only: a short name one letter off may be another drug."""
    names = _names()
    for token in _TOKEN.finditer(lowered):
        word = token.group()
        if len(word) < _FUZZY_LENGTH or word.isdigit():
            continue
        close = difflib.get_close_matches(word, names.single, n=2, cutoff=_FUZZY_CUTOFF)
        drugs = {names.latin[(name,)] for name in close}
        if len(drugs) == 1:
            return [Match(drugs.pop(), token.start(), token.end(), text[token.start() : token.end()], exact=False)]
    return []


@lru_cache(maxsize=1)
def _unit_pattern() -> tuple[re.Pattern[str], dict[str, str]]:
    units = {word: unit for unit, listed in words()["units"].items() for word in listed}
    options = "|".join(re.escape(word) for word in sorted(units, key=len, reverse=True))
    pattern = rf"(?<![a-z0-9.])(\d+(?:,\d{{3}})*(?:\.\d+)?)\s*({options})(?![a-z])(\s*/\s*(?:actuat|ml|act|hr|mg|h)\b)?"
    return re.compile(pattern, re.IGNORECASE), units


def _strengths(text: str) -> tuple[Quantity, ...]:
    pattern, units = _unit_pattern()
    found = []
    for match in pattern.finditer(text.lower()):
        per = (match.group(3) or "").replace(" ", "")
        found.append(Quantity(float(match.group(1).replace(",", "")), units[match.group(2)] + per))
    return tuple(found)


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, Any, re.Pattern[str]], ...]:
    table = words()
    rows: list[tuple[str, Any, list[str]]] = [("route", row["id"], row["words"]) for row in table["routes"]]
    rows += [("frequency", row["per_day"], row["words"]) for row in table["frequencies"]]
    rows.append(("needed", True, table["as_needed"]))
    return tuple((kind, value, _alternatives(listed)) for kind, value, listed in rows)


def _alternatives(listed: list[str]) -> re.Pattern[str]:
    parts = [re.escape(w) if _CJK.search(w) else rf"(?<![a-z]){re.escape(w)}(?![a-z])" for w in listed]
    return re.compile("|".join(sorted(parts, key=len, reverse=True)))


def _best(text: str, kind: str) -> Any:
    """The value whose longest word occurs in the text; a local route outranks the form's usual route."""
    best: tuple[int, Any] = (0, None)
    for row_kind, value, pattern in _patterns():
        if row_kind != kind:
            continue
        length = max((len(match.group()) for match in pattern.finditer(text.lower())), default=0)
        if length > best[0]:
            best = (length, value)
    return best[1]


def _route(text: str) -> str:
    local = {row["id"] for row in words()["routes"] if row.get("local")}
    for kind, value, pattern in _patterns():
        if kind == "route" and value in local and pattern.search(text.lower()):
            return str(value)
    return str(_best(text, "route") or "")


def _per_day(text: str) -> float | None:
    hours = re.search(r"(?:q|every\s+|每)(\d{1,2})\s*(?:h|hours?|小时)", text.lower())
    if hours and int(hours.group(1)) in range(1, 49):
        return 24 / int(hours.group(1))
    found = _best(text, "frequency")
    return None if found is None else float(found)


def _as_needed(text: str) -> bool:
    return bool(_best(text, "needed"))
