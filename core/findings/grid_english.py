"""A body part and what is felt or seen there, in English wording: "my shoulder is killing me", "redness, heat and swelling
over the left shin", "neck, back and hips ache".

The table is `resources/knowledge/notes/grid.en.yaml`: words of body parts, words of what is felt, which finding the two
make, and the words that may stand between. What denies is left to `core.findings.context`.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.findings import language
from core.findings.english import Match
from core.findings.grid import with_kinds
from core.knowledge import vocabulary

_TOKEN = re.compile(r"[a-z0-9]+(?:['’/&-][a-z0-9]+)*|[^\w\s]")
_JOINTS = frozenset({",", "and", "or", "&", "/", "plus", "with", "+"})
_LISTED = frozenset({",", "and", "or", "&", "/", "plus", "+", "then"})
_OF = frozenset({"of", "on", "in", "over", "around", "under"})
_MARKS = frozenset({":", "-", "="})
_VERBS = frozenset(
    {"is", "are", "was", "were", "feels", "feel", "looks", "look", "has", "have", "gets", "get", "went", "keeps"}
)
_LISTS = ("dropped", "after", "before", "prepositions", "leading")
_CARRIED = frozenset(
    {"swell", "inflamed", "red", "hot", "itch", "numb", "stiff", "blister", "tender", "weak", "warm_pain"}
)
_DENIAL = re.compile(r"\b(?:no|not|never|without|denies|denied|nor|neither)\b|n't\b")
_VAGUE = frozenset({"", "pain", "lump", "edema", "rash", "itching", "numbness", "skin_redness"})
_OWN = frozenset(
    {
        "hot",
        "red",
        "itch",
        "numb",
        "tingle",
        "gritty",
        "bloat",
        "blister",
        "shake",
        "weak",
        "dry",
        "pus",
        "water",
        "bleed",
    }
)
"""What is felt beside what a longer name of the same words says: "gritty watery eyes" are both dry and gritty."""
_SEVERAL = frozenset({"red_hot_joint"})
_REACH = 7
"""Words between a part and what is felt there, those of side and possession left out."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a text: a part ("part"), what is felt ("sense"), or another; the names it stands for; its offsets."""

    form: str
    kind: str
    names: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The words of parts and senses in a trie of tokens, kinds of parts, findings by sense and part, and words between."""

    trie: dict[str, Any]
    kinds: dict[str, tuple[str, ...]]
    grid: dict[str, dict[str, str]]
    words: dict[str, frozenset[str]]


@functools.cache
def table() -> Table:
    """The English table."""
    data: dict[str, Any] = yaml.load((language.FOLDER / "grid.en.yaml").read_text("utf-8"), yaml.CSafeLoader)
    words = {name: frozenset(map(str, data[name])) for name in _LISTS}
    kinds: dict[str, tuple[str, ...]] = {}
    trie: dict[str, Any] = {}
    for name, said in data["bodies"].items():
        part, above = with_kinds(name)
        kinds[part] = above
        for word in said.split("/"):
            for form in dict.fromkeys((word, word + "s")):
                _enter(trie, form, "part", part, words["dropped"])
    for sense, said in data["senses"].items():
        for word in said.split("|" if "|" in said else "/"):
            _enter(trie, word, "sense", sense, words["dropped"])
    for word in data["swallowed"]:
        _enter(trie, word, "", "", frozenset())
    return Table(trie, kinds, data["grid"], words)


def _enter(trie: dict[str, Any], word: str, kind: str, name: str, dropped: frozenset[str]) -> None:
    """A word's tokens into the trie, without those of side and possession unless the side is part of the name."""
    forms = _TOKEN.findall(word.lower())
    if not {"left", "right"}.intersection(forms):
        forms = [form for form in forms if form not in dropped]
    node = trie
    for form in forms:
        node = node.setdefault(form, {})
    held = node.get("", (kind, ()))
    if held[0] == kind and name not in held[1]:
        node[""] = (kind, (*held[1], name))


def _words(text: str) -> list[Word]:
    """The words of a sentence: the table's longest at each place, and the others but those of side and possession."""
    raw = [(m.group().replace("’", "'"), m.start(), m.end()) for m in _TOKEN.finditer(text.lower())]
    dropped = table().words["dropped"]
    found: list[Word] = []
    at = 0
    while at < len(raw):
        stop, held = _longest(raw, at, dropped)
        if held is not None:
            form = " ".join(word for word, _, _ in raw[at:stop])
            found.append(Word(form, held[0], held[1], raw[at][1], raw[stop - 1][2]))
            at = stop
            continue
        form, start, end = raw[at]
        if form not in dropped:
            found.append(Word(form, "", (), start, end))
        at += 1
    return found


def _longest(
    raw: Sequence[tuple[str, int, int]], at: int, dropped: frozenset[str]
) -> tuple[int, tuple[str, tuple[str, ...]] | None]:
    """Where the table's longest word from a place on ends, and what it stands for; words of side may stand inside."""
    node, best = table().trie, None
    stop = at
    for i in range(at, len(raw)):
        if raw[i][0] in node:
            node = node[raw[i][0]]
            if "" in node:
                best, stop = node[""], i + 1
        elif i == at or raw[i][0] not in dropped:
            break
    return stop, best


def find(text: str, names: Sequence[Match] = ()) -> list[Match]:
    """What an English sentence says of parts of the body, but for what one of its `names` says with the same words."""
    words = _words(text)
    if not {"part", "sense"}.issubset({word.kind for word in words}):
        return []
    runs = _runs(words)
    known = vocabulary.load()
    found: dict[str, Match] = {}
    for at, word in enumerate(words):
        if word.kind == "sense":
            for group in _spoken_of(words, at, runs):
                said = {name.key for name in names if _says(name, word, group)}
                for key in _findings(word.names, group):
                    whole = not _OWN.intersection(word.names) or said & _SEVERAL
                    if said and whole and not said.intersection(known.ancestors(key)):
                        continue
                    begin = min(group[0].start, word.start)
                    begin = word.start if _DENIAL.search(text.lower(), begin, word.start) else begin
                    end = max(word.end, group[-1].end if group[-1].end > word.end and begin == word.start else 0)
                    found.setdefault(key, Match(key, begin, end, (word.start,)))
    return sorted(found.values(), key=lambda m: (m.start, m.end))


def _says(name: Match, sense: Word, group: Sequence[Word]) -> bool:
    """Whether a name is made of a sense and of a part it is said of."""
    said = {at for at in name.words if sense.start <= at < sense.end}
    return bool(said) and name.key not in _VAGUE and any(w.start <= at < w.end for w in group for at in name.words)


def _runs(words: Sequence[Word]) -> list[tuple[int, int]]:
    """First and last place of the parts that stand in one list ("neck, back and hips", "toes of the foot")."""
    runs: list[tuple[int, int]] = []
    for at, word in enumerate(words):
        if word.kind != "part":
            continue
        between = words[runs[-1][1] + 1 : at] if runs else ()
        if runs and all(w.form in _LISTED | _OF for w in between):
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs


def _groups(words: Sequence[Word], run: tuple[int, int]) -> list[list[Word]]:
    """The members of a list of parts; "toes of the foot" is one member."""
    groups: list[list[Word]] = []
    for at in range(run[0], run[1] + 1):
        if words[at].kind != "part":
            continue
        if groups and at > run[0] and words[at - 1].form in _OF:
            groups[-1].append(words[at])
        else:
            groups.append([words[at]])
    return groups


def _spoken_of(words: Sequence[Word], at: int, runs: Sequence[tuple[int, int]]) -> list[list[Word]]:
    """The parts that the sense at a place speaks of: those just before it, those after it where a preposition leads to
    them, those it follows, those it stands before, those of the clause before."""
    earlier = next((run for run in reversed(runs) if run[1] < at), None)
    later = next((run for run in runs if run[0] > at), None)
    if earlier and earlier[1] == at - 1:
        return _groups(words, earlier)
    led = _led(words, at, later[0]) if later else ""
    if later and led == "preposition":
        groups = _groups(words, later)
        ends = len(groups) > 1 and _told_after(words, later[1])
        return groups[:-1] if ends else groups
    if earlier and _follows(words, earlier[1], at):
        groups = _groups(words, earlier)
        return groups[-1:] if _told_before(words, earlier[0]) else groups
    if later and led:
        return _groups(words, later)
    if earlier and _carried(words, earlier[1], at):
        return _groups(words, earlier)[-1:]
    return []


def _led(words: Sequence[Word], at: int, part: int) -> str:
    """How a sense leads to a part after it: by a "preposition", as its "adjective", or "" where it does not."""
    between = words[at + 1 : part]
    lists = table().words
    if len(between) > _REACH:
        return ""
    for place, word in enumerate(between):
        ahead = between[place + 1] if place + 1 < len(between) else None
        if word.form in _JOINTS:
            if ahead is None or not (ahead.kind == "sense" or ahead.form in lists["before"]):
                return ""
        elif word.kind == "" and word.form not in lists["before"]:
            return ""
    others = [word.form for word in between if word.kind == "" and word.form not in _JOINTS]
    others += words[part].form.split()[:1]  # "pain | behind the kneecap"
    if others and any(form in lists["prepositions"] for form in others):
        return "preposition"
    return "adjective" if len(others) == 1 and words[part - 1].form in lists["leading"] else ""


def _follows(words: Sequence[Word], part: int, at: int) -> bool:
    """Whether a sense is said of the part before it, with nothing between but what may stand there."""
    between = words[part + 1 : at]
    if len(between) > _REACH:
        return False
    felt = False
    for place, word in enumerate(between):
        felt = felt or word.kind == "sense"
        if word.form in _JOINTS:
            if not felt:
                return False
        elif word.kind == "" and word.form not in table().words["after"] and not (place == 0 and word.form in _MARKS):
            return False
    return True


def _told_after(words: Sequence[Word], part: int) -> bool:
    """Whether a verb and a sense follow a part: "pain in the knee and my ankle is swollen"."""
    rest = words[part + 1 : part + 2]
    return bool(rest) and rest[0].form in _VERBS and any(w.kind == "sense" for w in words[part + 2 : part + 6])


def _told_before(words: Sequence[Word], part: int) -> bool:
    """Whether a sense with a preposition leads to the list that begins here."""
    senses = [at for at in range(max(0, part - 4), part) if words[at].kind == "sense"]
    return bool(senses) and _led(words, senses[-1], part) == "preposition"


def _carried(words: Sequence[Word], part: int, at: int) -> bool:
    """Whether a clause without a part goes on about the part of the clause before: "twisted his ankle, now swollen"."""
    comma = next((i for i in range(at - 1, part, -1) if words[i].form == ","), -1)
    if comma < 0 or comma - part > _REACH or not _CARRIED.intersection(words[at].names):
        return False
    after = table().words["after"] | _JOINTS
    return all(w.kind == "sense" or (w.kind == "" and w.form in after) for w in words[comma + 1 : at])


def _findings(senses: Sequence[str], group: Sequence[Word]) -> Iterator[str]:
    """The findings of the senses at a part: the part's own, else that of the nearest kind that it is."""
    for sense in senses:
        row = table().grid.get(sense, {})
        places = (kind for word in group for name in word.names for kind in _all_kinds(name))
        key = next((row[place] for place in places if place in row), "")
        if key:
            yield key


@functools.cache
def _all_kinds(part: str) -> tuple[str, ...]:
    found = [part]
    for name in found:
        found += [kind for kind in table().kinds.get(name, ())[1:] if kind not in found]
    return tuple(found)
