"""Names, places, numbers and dates in clinical text, English and Chinese, found and covered without moving a character.

Covering keeps the length, so character offsets into a note stay right. Three layers: what the record itself says about this
patient, patterns (HIPAA 45 CFR 164.514(b)(2) lists the kinds), and names by their context and surname.
"""

import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import msgspec

from core import paths
from core.domain.record import Patient


class Kind(StrEnum):
    """What a piece of text gives away."""

    NAME = "NAME"
    DATE = "DATE"
    PLACE = "PLACE"
    NUMBER = "NUMBER"
    CONTACT = "CONTACT"
    AGE = "AGE"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text that identifies: character offsets (end exclusive), its kind, and which rule found it."""

    start: int
    end: int
    kind: Kind
    rule: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The compiled tables."""

    patterns: tuple[tuple[str, Kind, re.Pattern[str], int], ...]
    given_names: frozenset[str]
    not_names: frozenset[str]
    suspicious: tuple[tuple[str, re.Pattern[str]], ...]
    eponyms: frozenset[str]
    """Words after which a surname is a disease's or a test's."""


_CITED = re.compile(r"source|title|citation|author|url|version")
_WORDY = ("titled name", "named field", "relative", "town", "initials", "surname, given", "name with degree")
"""Rules that take any capitalised word: dropped where all words are ordinary or medical ones."""


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The tables of resources/knowledge/deidentification/notes.json, compiled once."""
    path = paths.RESOURCES / "knowledge" / "deidentification" / "notes.json"
    table = msgspec.json.decode(path.read_bytes())
    parts = {name: "(?:" + "|".join(values) + ")" for name, values in table["parts"].items()}

    def compiled(pattern: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"<(\w+)>", lambda m: parts.get(m[1], m[0]), pattern))

    return Rules(
        tuple((r["rule"], Kind(r["kind"]), compiled(r["pattern"]), r.get("group", 0)) for r in table["patterns"]),
        frozenset(table["given_names"]),
        frozenset(table["not_names"]),
        tuple((r["rule"], compiled(r["pattern"])) for r in table["suspicious"]),
        frozenset(table["not_eponym"]),
    )


def identifying(text: str, patient: Patient | None = None, people: Sequence[str] = ()) -> tuple[Span, ...]:
    """Spans of `text` that identify somebody, in order and without overlap.

    `patient` and `people` (staff, relatives known from the record) give the names and numbers to look for in any case.
    """
    found = [*_known(text, patient, people), *_by_pattern(text), *_by_given_name(text), *_by_capitals(text)]
    found += _by_list(text)
    return _merged([*found, *_again(text, found)])


def covered(text: str, spans: Iterable[Span]) -> str:
    """`text` with each span replaced by "[NAME]" padded with "*", or by "*" alone where it is shorter."""
    pieces, at = [], 0
    for span in spans:
        length = span.end - span.start
        tag = f"[{span.kind}]"
        pieces += [text[at : span.start], tag.ljust(length, "*") if length >= len(tag) else "*" * length]
        at = span.end
    return "".join(pieces) + text[at:]


def suspects(text: str) -> tuple[str, ...]:
    """What is left in a covered text that somebody should look at: long digits, capitalised pairs, @, surnames."""
    return tuple(
        dict.fromkeys(f"{rule}: {m[0]}" for rule, pattern in rules().suspicious for m in pattern.finditer(text))
    )


def known_values(patient: Patient) -> tuple[tuple[str, Kind], ...]:
    """A patient's own names, numbers and birth date in the forms they are written in."""
    values: list[tuple[str, Kind]] = [(i.value, Kind.NUMBER) for i in patient.identifiers if len(i.value) >= 3]
    for name in (patient.name, *patient.other_names):
        values.append((name, Kind.NAME))
        values += [(part, Kind.NAME) for part in re.split(r"[\s,^，]+", name) if len(part) >= 2]
    if patient.birth_date:
        born = patient.birth_date
        forms = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d")
        values += [(born.strftime(form), Kind.DATE) for form in forms]
        values.append((f"{born.year}年{born.month}月{born.day}日", Kind.DATE))
    return tuple((value, kind) for value, kind in values if value.strip())


def _known(text: str, patient: Patient | None, people: Sequence[str]) -> list[Span]:
    values = list(known_values(patient)) if patient else []
    values += [(part, Kind.NAME) for name in people for part in (name, *name.split()) if len(part) >= 2]
    spans = []
    for value, kind in values:
        edge = r"\b" if value.isascii() and value[0].isalnum() and value[-1].isalnum() else ""
        for match in re.finditer(edge + re.escape(value) + edge, text, re.IGNORECASE):
            spans.append(Span(match.start(), match.end(), kind, "record"))
    return spans


def _by_pattern(text: str) -> list[Span]:
    table, spans = rules(), []
    for rule, kind, pattern, group in table.patterns:
        for match in pattern.finditer(text):
            words = match[group].lower().split()
            if rule in _WORDY and words and all(w.strip(".,") in table.not_names for w in words):
                continue
            if match.start(group) >= 0:
                spans.append(Span(match.start(group), match.end(group), kind, rule))
    return spans


def _by_given_name(text: str) -> list[Span]:
    """A capitalised common given name, with the capitalised words after it."""
    spans, table = [], rules()
    for match in re.finditer(r"\b[A-Z][a-z]{2,}(?:[ -][A-Z][a-z'’]+){0,2}\b", text):
        words = re.split(r"[ -]", match[0])
        first = next((i for i, word in enumerate(words) if word.lower() in table.given_names), None)
        if first is None or (len(words) == 1 and words[0].lower() in table.not_names):
            continue
        offset = sum(len(word) + 1 for word in words[:first])
        last = next((i for i in range(first + 1, len(words)) if words[i].lower() in table.not_names), len(words))
        end = offset + sum(len(word) + 1 for word in words[first:last]) - 1
        spans.append(Span(match.start() + offset, match.start() + end, Kind.NAME, "given name"))
    return spans


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Latin names in lower case -> "g" (given), "s" (surname) or "b" (both); without words that mean something."""
    path = paths.RESOURCES / "knowledge" / "deidentification" / "names.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        pairs = (line.rstrip("\n").split("\t") for line in lines)
        return {name: kind for name, kind in pairs if name not in _ordinary()}


_WORD = r"[A-ZÀ-Þ][a-zà-ɏ'’-]{2,}"
_RUN = re.compile(rf"(?<![\w-]){_WORD}(?: {_WORD}){{0,3}}(?![\w-])")
_SENTENCE = re.compile(r"(?:^|[.!?:\n]\s*|[-*•]\s+)$")


def _by_list(text: str) -> list[Span]:
    """Names of the list: a pair of capitalised words with one of them, or one alone inside a sentence."""
    spans, known, ordinary = [], _names(), _ordinary()
    for match in _RUN.finditer(text):
        words = match[0].split(" ")
        marks = [known.get(re.sub(r"['’]s$", "", w.lower()), "") for w in words]
        starts = _SENTENCE.search(text[: match.start()]) is not None
        plain = [w.lower() in ordinary for w in words]
        first = 1 if starts and plain[0] and len(words) > 1 else 0
        if not any(marks[first:]) or _eponym(text, match.end()):
            continue
        chosen = [i for i in range(first, len(words)) if marks[i] or not plain[i]]
        alone = len(chosen) == 1
        if alone and starts and chosen[0] == 0 and "g" not in marks[0] and "b" not in marks[0]:
            continue
        begin = match.start() + sum(len(w) + 1 for w in words[: chosen[0]])
        end = match.start() + sum(len(w) + 1 for w in words[: chosen[-1] + 1]) - 1
        spans.append(Span(begin, end, Kind.NAME, "name of the list"))
    return spans


def _eponym(text: str, at: int) -> bool:
    following = re.match(r"(?:['’]s)?[ -]([A-Za-z]+)", text[at : at + 40])
    return following is not None and following[1].lower() in rules().eponyms


def _again(text: str, found: Sequence[Span]) -> list[Span]:
    """Names once found, wherever they stand again: "Pieter" after "Pieter Vandenberghe"."""
    spans, ordinary = [], _ordinary()
    names = {text[s.start : s.end] for s in found if s.kind is Kind.NAME}
    parts = {
        p for n in names for p in re.split(r"[\s,.·]+", n) if len(p) >= 3 and p.isascii() and p.lower() not in ordinary
    }
    parts |= {n for n in names if not n.isascii() and len(n) >= 2}
    for part in parts:
        edge = r"\b" if part[0].isalnum() and part.isascii() else ""
        for match in re.finditer(edge + re.escape(part) + edge, text):
            spans.append(Span(match.start(), match.end(), Kind.NAME, "named before"))
    return spans


def _by_capitals(text: str) -> list[Span]:
    """Two capitalised words together of which neither is an ordinary or medical one."""
    words, spans = _ordinary(), []
    for match in re.finditer(r"\b[A-Z][a-zà-ÿ'’]+(?:-[A-Z][a-zà-ÿ]+)? [A-Z][a-zà-ÿ'’]{2,}\b", text):
        if not any(word in words for word in re.split(r"[ -]", match[0].lower())):
            spans.append(Span(match.start(), match.end(), Kind.NAME, "two capitals"))
    return spans


@lru_cache(maxsize=1)
def _ordinary() -> frozenset[str]:
    """English words of the product's own knowledge tables: what medicine calls things is not a person."""
    words = set(rules().not_names)
    for folder in ("findings", "conditions", "laboratory", "plans"):
        for path in sorted((paths.RESOURCES / "knowledge" / folder).glob("*.yaml")):
            for line in path.read_text("utf-8").splitlines():
                if not _CITED.search(line):  # citations name authors
                    words.update(re.findall(r"[a-z]{3,}", line.lower()))
    return frozenset(words - rules().given_names)


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    """In order, overlapping ones joined under the kind of the longer."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            longer = last if last.end - last.start >= span.end - span.start else span
            merged[-1] = Span(last.start, max(last.end, span.end), longer.kind, longer.rule)
        elif span.end > span.start:
            merged.append(span)
    return tuple(merged)
