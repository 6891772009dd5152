"""A body part and what is felt or seen there, in any wording: "膝盖老是疼", "疼在右下腹", "小腿一片红肿，摸着发烫".

The table is `resources/knowledge/notes/grid.zh.yaml`: words of body parts, words of what is felt, and which finding the two
make. A clause that names no part speaks of the part that the clause before named.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.findings import language
from core.findings.english import Match

_CLAUSE = re.compile(r"[，,；;。！!？?：:\n]")
_LIST = re.compile(r"[、和及与跟或以至到/里内处上部位两侧双边侧左右]{0,4}")
_IN = re.compile(r"(?:[^，。]{0,2}(?:在|于|的是|的地方|部位)[^，。]{0,3}|着)")
_DENIAL = re.compile("[无未没不否非]|排除")
_WHOLE = "全身"
_BELOW = frozenset({"下面"})
"""Words that are a part of the body only where no other part stands before them ("耳朵下面")."""
_ALONE = re.compile(r"(?:^|[，,。；;：:、\s我她的是就老总也都天周月年来时后觉得])$")
_REACH, _SHORT_CLAUSE, _BACK = 12, 18, 2
"""Characters between a part and what is felt there; of a clause without a part; clauses back to its part."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the table in a text: a part of the body (`sense` False) or what is felt; `names` it stands for."""

    sense: bool
    names: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The words in a trie, the kinds of each part, the findings by sense and part, and the senses that carry over."""

    trie: dict[str, Any]
    kinds: dict[str, tuple[str, ...]]
    grid: dict[str, dict[str, str]]
    carried: frozenset[str]


@functools.cache
def table() -> Table:
    """The Chinese table."""
    data: dict[str, Any] = yaml.load((language.FOLDER / "grid.zh.yaml").read_text("utf-8"), yaml.CSafeLoader)
    kinds: dict[str, tuple[str, ...]] = {}
    parts: dict[str, list[str]] = {}
    senses: dict[str, list[str]] = {}
    for name, said in data["bodies"].items():
        part, above = with_kinds(name)
        kinds[part] = above
        for word in said.split("/"):
            parts.setdefault(word, []).append(part)
    for sense, said in data["senses"].items():
        for word in said.split("/"):
            senses.setdefault(word, []).append(sense)
    trie: dict[str, Any] = {}
    for word in data["swallowed"]:
        _add(trie, word, None)
    for word, names in senses.items():
        _add(trie, word, (True, tuple(names)))
    for word, names in parts.items():
        _add(trie, word, (False, tuple(names)))
    return Table(trie, kinds, data["grid"], frozenset(data["carried"]))


def with_kinds(name: str) -> tuple[str, tuple[str, ...]]:
    """A part of the table, "knee < joint, limb", and itself with all that it is a kind of."""
    part, _, above = name.partition(" < ")
    return part, (part, *(kind.strip() for kind in above.split(",") if kind))


def _add(trie: dict[str, Any], word: str, entry: tuple[bool, tuple[str, ...]] | None) -> None:
    node = trie
    for character in word:
        node = node.setdefault(character, {})
    node[""] = entry


def _words(text: str, start: int, end: int) -> Iterator[Word]:
    """The table's words in a stretch of text, the longest at each place."""
    at = start
    while at < end:
        node, best = table().trie, None
        for stop in range(at, end):
            node = node.get(text[stop], {})
            if not node:
                break
            if "" in node:
                best = (stop + 1, node[""])
        if best is None:
            at += 1
            continue
        below = text[at : best[0]] in _BELOW and not _ALONE.search(text[start:at])
        if best[1] is not None and not below:
            yield Word(best[1][0], best[1][1], at, best[0])
        at = best[0]


def find(text: str) -> list[Match]:
    """What a Chinese sentence says of parts of the body."""
    found: dict[str, Match] = {}
    topics: list[list[Word]] = []
    for start, end in _clauses(text):
        words = list(_words(text, start, end))
        runs = _runs(text, [w for w in words if not w.sense])
        for sense in (w for w in words if w.sense):
            for group, inside in _spoken_of(text, sense, runs, topics, start, end):
                for key in _findings(sense.names, group):
                    begin = group[0].start if inside and group[0].start < sense.start else sense.start
                    begin = sense.start if _DENIAL.search(text[begin : sense.start]) else begin
                    found.setdefault(key, Match(key, begin, sense.end, (sense.start,)))
        topics = [*topics, runs[-1] if runs else []][-_BACK:]
    return sorted(found.values(), key=lambda m: (m.start, m.end))


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for stop in _CLAUSE.finditer(text):
        yield at, stop.start()
        at = stop.end()
    yield at, len(text)


def _runs(text: str, parts: Sequence[Word]) -> list[list[Word]]:
    """Parts that stand in one list ("膝盖、手腕和脚踝")."""
    runs: list[list[Word]] = []
    for word in parts:
        if runs and _LIST.fullmatch(text[runs[-1][-1].end : word.start]):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _spoken_of(
    text: str, sense: Word, runs: Sequence[list[Word]], topics: Sequence[list[Word]], start: int, end: int
) -> Iterator[tuple[list[Word], bool]]:
    """The parts that a sense speaks of, each with the words before it that it belongs to ("大腿外侧皮肤"), and whether its
    own clause names them."""
    before = [run for run in runs if run[-1].end <= sense.start]
    if before and sense.start - before[-1][-1].end <= _REACH:
        yield from ((group, True) for group in _groups(text, before[-1]))
        return
    after = next((run for run in runs if run[0].start >= sense.end), None)
    if after and _IN.fullmatch(text[sense.end : after[0].start]):
        yield from ((group, True) for group in _groups(text, after))
        return
    if runs or end - start > _SHORT_CLAUSE or not table().carried.intersection(sense.names):
        return
    if _DENIAL.search(text[start : sense.end]):
        return
    topic = next((run for run in reversed(topics) if run), [])
    if any(_WHOLE in word.names for word in topic):
        return
    yield from ((group, False) for group in _groups(text, topic))


def _groups(text: str, run: Sequence[Word]) -> list[list[Word]]:
    """The members of a list of parts; words that follow each other at once are one member."""
    groups: list[list[Word]] = []
    for word in run:
        if groups and not re.search("[、和及与跟或以]", text[groups[-1][-1].end : word.start]):
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _findings(senses: Sequence[str], group: Sequence[Word]) -> Iterator[str]:
    """The findings of the senses at a part: the part's own, else that of the nearest kind that it is; of several words
    the last that the grid knows."""
    for sense in senses:
        row = table().grid.get(sense, {})
        places = (kind for word in reversed(group) for name in word.names for kind in _all_kinds(name))
        key = next((row[place] for place in places if place in row), "")
        if key:
            yield key


@functools.cache
def _all_kinds(part: str) -> tuple[str, ...]:
    found = [part]
    for name in found:
        found += [kind for kind in table().kinds.get(name, ())[1:] if kind not in found]
    return tuple(found)
