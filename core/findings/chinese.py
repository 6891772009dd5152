"""Finding names in Chinese text: characters are normalised (offsets kept), then the longest name at each place wins.

"头有点疼", "头部疼痛" and "头痛" become one form; the tables of `resources/knowledge/notes/chinese.yaml` say how.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.findings import language
from core.findings.english import Match

_BREAKS = frozenset("，。；、！？,;!?\n：:（）()")
_ENDINGS = ("麻木", "无力", "痛", "肿", "瘙痒", "麻", "胀", "压痛", "肿块", "出血")
_REACH = 6
_PART, _LONGEST, _APART = 2, 9, 5
"""Least characters of a torn name's parts, most of the whole, and most between."""
_COMPLETE = "\0"


@dataclass(frozen=True, slots=True)
class Normal:
    """Normalised text and, for each of its characters, where it began and ended in the original."""

    text: str
    start: tuple[int, ...]
    end: tuple[int, ...]


@functools.cache
def _forms() -> tuple[re.Pattern[str], dict[str, str]]:
    table = language.load("chinese").table
    forms = {word: group[0] for group in table["classes"] for word in group if word != group[0]}
    forms |= dict.fromkeys(table["fillers"], "")
    body = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return re.compile(body), forms


@functools.lru_cache(maxsize=64)
def normal(text: str) -> Normal:
    """The text with words of one class made equal and fillers left out."""
    pattern, forms = _forms()
    out: list[str] = []
    start: list[int] = []
    end: list[int] = []
    at = 0
    for word in pattern.finditer(text):
        for i in range(at, word.start()):
            out.append(text[i].lower())
            start.append(i)
            end.append(i + 1)
        for character in forms[word.group()]:
            out.append(character)
            start.append(word.start())
            end.append(word.end())
        at = word.end()
    for i in range(at, len(text)):
        out.append(text[i].lower())
        start.append(i)
        end.append(i + 1)
    return Normal("".join(out), tuple(start), tuple(end))


def ambiguous(phrase: str) -> bool:
    """Whether a phrase means too many things, or loses its last word as a filler ("睡眠好" would become "睡眠")."""
    return cut_short(phrase) or unclear(phrase)


def cut_short(phrase: str) -> bool:
    """Whether a phrase loses its last word, or all, when fillers are left out ("吃奶好" would be "吃奶")."""
    plain = normal(phrase)
    return not plain.text or plain.end[-1] < len(phrase)


@functools.cache
def _unclear() -> frozenset[str]:
    return frozenset(normal(name).text for name in language.load("chinese").table["ambiguous"])


def unclear(name: str) -> bool:
    """Whether a name comes down to a word that means too many things ("很能吃")."""
    return normal(name).text in _unclear()


_DENIAL = "无未没不"
_NO_PAIN = re.compile("(?:觉|温觉|触觉|温触觉)")
"""What follows 痛 where a sense is told and no pain."""


class Matcher:
    """Finds many names in Chinese text. Names are `(name, key)`; the first key of an equal normal form wins."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self.trie: dict[str, object] = {}
        self.split: dict[str, dict[str, object]] = {}
        forms: dict[str, str] = {}
        for name, key in names:
            form = normal(name).text
            if len(form) < min(2, len(name)):  # nothing but fillers would be left: such a name stays as it is written
                form = name
            _add(self.trie, form, key)
            forms.setdefault(form, key)
            for ending in _ENDINGS:
                stem = form.removesuffix(ending)
                if stem and stem != form:
                    _add(self.split.setdefault(ending, {}), stem, key)
        self.seams = _seams(forms)
        self.begins = {first[:_PART] for first in self.seams}

    def find(self, text: str) -> list[Match]:
        """All matches, left to right, the longest at each place; words of a name may have a few characters between."""
        plain = normal(text)
        matches: list[Match] = []
        endings = [(ending, trie) for ending, trie in self.split.items() if ending in plain.text]
        at = 0
        while at < len(plain.text):
            length, key = _longest(self.trie, plain.text, at)
            stretched = self._stretched(plain.text, at, length, endings) if endings else None
            if stretched:
                length, key = stretched
            if length and plain.text[at] in _DENIAL and _longest(self.trie, plain.text, at + 1)[0] >= length:
                length = 0  # "无尿频" denies frequency; it does not state "无尿"
            if length and plain.text[at] in _DENIAL and self._runs_beyond(plain.text, at, length):
                length = 0  # "没有便血" denies blood; it does not state "没有便"
            if length == 2 and "的" in text[plain.start[at] : plain.end[at + 1]]:
                length = 0  # "高的原因" is not "高原"
            if length and plain.text[at + length - 1] == "痛" and _NO_PAIN.match(plain.text, at + length):
                length = 0  # "拇指痛觉减退" tells of no pain
            if length:
                first, last = plain.start[at], plain.end[at + length - 1]
                matches.append(Match(key, first, last, (first,)))
                at += length
            else:
                at += 1
        return matches

    def _runs_beyond(self, text: str, at: int, length: int) -> bool:
        """Whether a name that begins inside the one at a place ends after it."""
        inside = range(at + 1, at + length)
        return any(found > 1 and i + found > at + length for i in inside for found, _ in [_longest(self.trie, text, i)])

    def torn(self, text: str, joins: Callable[[str], bool]) -> list[Match]:
        """Names whose two parts stand a few characters apart ("腹部有明显的压痛"), where `joins` lets what is between."""
        plain = normal(text)
        found: dict[str, Match] = {}
        for at in range(len(plain.text)):
            if plain.text[at : at + _PART] not in self.begins:
                continue
            for length in range(_PART, _LONGEST - _PART + 1):
                for rest, key in self.seams.get(plain.text[at : at + length], ()):
                    begin = plain.text.find(rest, at + length + 1, at + length + _APART + len(rest))
                    if begin > 0 and key not in found and joins(plain.text[at + length : begin]):
                        first, end = plain.start[at], plain.end[begin + len(rest) - 1]
                        found[key] = Match(key, first, end, (first,))
        return list(found.values())

    def _stretched(
        self, text: str, at: int, direct: int, endings: Iterable[tuple[str, dict[str, object]]]
    ) -> tuple[int, str] | None:
        """A name whose last word stands a little later ("右下腹持续性隐痛"), where nothing else begins in between."""
        best: tuple[int, str] | None = None
        for ending, trie in endings:
            length, key = _longest(trie, text, at)
            if not key or length < direct:
                continue
            stop = min(len(text), at + length + _REACH)
            place = text.find(ending, at + length, stop + len(ending))
            between = text[at + length : place] if place >= 0 else ""
            if place < 0 or _BREAKS.intersection(between) or re.search("[无不未没伴有后]", between):
                continue
            if any(_longest(self.trie, text, i)[0] > 1 for i in range(at + length, place)):
                continue
            reach = place + len(ending) - at
            if best is None or length > best[0]:
                best = (reach, key)
        return best


def _seams(forms: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """First part -> (second part, key) of names that fall into two parts which other names have as well."""
    long = {
        form: key
        for form, key in forms.items()
        if 2 * _PART <= len(form) <= _LONGEST and key.isidentifier() and form[0] not in _DENIAL
    }
    begins = Counter(form[:i] for form in long for i in range(_PART, len(form) - _PART + 1))
    ends = Counter(form[i:] for form in long for i in range(_PART, len(form) - _PART + 1))
    found: dict[str, list[tuple[str, str]]] = {}
    for form, key in long.items():
        cut = max(range(_PART, len(form) - _PART + 1), key=lambda i: min(begins[form[:i]], ends[form[i:]]))
        if min(begins[form[:cut]], ends[form[cut:]]) > 1:
            found.setdefault(form[:cut], []).append((form[cut:], key))
    return found


def _add(trie: dict[str, object], form: str, key: str) -> None:
    node: dict[str, object] = trie
    for character in form:
        child = node.setdefault(character, {})
        assert isinstance(child, dict)
        node = child
    node.setdefault(_COMPLETE, key)


def _longest(trie: dict[str, object], text: str, at: int) -> tuple[int, str]:
    node: dict[str, object] = trie
    best = (0, "")
    if text[at] not in trie:
        return best
    for i in range(at, len(text)):
        child = node.get(text[i])
        if not isinstance(child, dict):
            break
        node = child
        key = node.get(_COMPLETE)
        if isinstance(key, str):
            best = (i - at + 1, key)
    return best
