"""Findings told in parts: no name stands in one piece in "眼前老有小黑点飘来飘去" or "the left calf is twice the size of the
right".

The tables are `resources/knowledge/notes/parts.<zh|en>.yaml` and, by area, `parts/`; an English word stands for all
that begin with it. A pattern's parts stand near each other, in their order or in any, with nothing between that denies;
what denies around them is left to `core.findings.context`.
"""

import functools
import itertools
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.findings import language
from core.findings.english import Match
from core.knowledge import vocabulary

_SEPARATOR = re.compile(r"\s+(>>|\+\+|>|\+)\s+")
_REACH = {"chinese": (8, 14), "english": (28, 60)}
"""Characters between the parts of a near and of a far pattern."""
_DENIAL = {
    "chinese": re.compile("[无未没不否非]|排除|差点|险些|几乎"),
    "english": re.compile(r"\b(?:no|not|never|without|denies|denied|nor|neither|hardly|barely|scarcely)\b|n't\b"),
}
_GENERAL = frozenset({
    "itching", "rash", "numbness", "lump", "pain", "malaise", "skin_redness", "skin_warmth", "wheezing", "cyanosis",
    "limb_swelling_local", "fatigue",
})  # fmt: skip
"""Findings that a longer one around them makes superfluous, although it is no kind of them."""
_DENIED = {
    "chinese": re.compile(
        r"[^，,。；;：:、无未没不否非痛疼]*(?:没有|没|无|未见|未|不|也不|都不|并不)(?:再|怎么|太|明显|有|出现|是|算|那么|及|触及|扪及|探及|摸到|闻及|查及|发现)?"
    ),
    "english": re.compile(r"[^,;.:]*?(?:\bnot|n't|\bno|\bnever|\bwithout)\s+(?:\w+\s+)?"),
}
"""What stands between the parts of a finding that is denied: "大便没有血", "the knee is not swollen"."""
_OF_OTHERS = frozenset({"sick_contact", "household_itch", "covid_contact", "tuberculosis_contact", "pertussis_contact"})
"""Exposures that tell of others' symptoms; any other makes none superfluous ("吃虾后起疹子": shrimps and a rash)."""
_MISREAD = {"paresthesia": frozenset({"burn_skin"})}
"""Findings that a word inside a longer one seems to name: feet that burn are not burned."""
_REST_OF_NUMBER = re.compile(r"\d*(?:\.\d+)?")
_DEGREES = frozenset("多大好重快高低深")
"""Words of degree: "不多" is less, not none."""
_LED = {
    "chinese": re.compile(r"(?:没有|没|无|未|不|否认)[^，。；]{0,2}$"),
    "english": re.compile(r"\b(?:no|not|denies|without|never)\s(?:\w+\s)?$|n't\s(?:\w+\s)?$"),
}
"""A denial just before what would run on past a comma: "没有咳嗽，没有痰" denies a cough, not a cough without phlegm."""
_NEXT, _CARRY = 2, 20
"""Clauses from a topic to what is said of it, and characters between them."""
_STOPS = {False: re.compile(r"[，,。.；;！!？?：:\n]"), True: re.compile(r"[。.；;！!？?\n]")}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A finding, the words of each part, whether the order counts, and whether a comma may stand between."""

    key: str
    parts: tuple[tuple[str, ...], ...]
    ordered: bool
    far: bool


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The patterns, the bits of all parts of each, the places (pattern, part) that each word fills, and of two characters
    the lengths of the words that they begin."""

    patterns: tuple[Pattern, ...]
    full: tuple[int, ...]
    places: dict[str, list[tuple[int, int]]]
    lengths: dict[str, tuple[int, ...]]
    name: str
    not_before: dict[str, str]
    not_followed: dict[str, str]
    between: re.Pattern[str]
    whole: re.Pattern[str]
    topics: re.Pattern[str]


@functools.cache
def _file(name: str) -> dict[str, Any]:
    file = {"chinese": "parts.zh.yaml", "english": "parts.en.yaml"}[name]
    table: dict[str, Any] = yaml.load((language.FOLDER / file).read_text("utf-8"), yaml.CSafeLoader)
    areas = sorted((language.FOLDER / "parts").glob("*" + file.removeprefix("parts")))
    table["areas"] = [yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) for path in areas]
    return table


def patterns(name: str) -> Iterator[Pattern]:
    """The patterns of "english" or "chinese", sets of words put in."""
    table = _file(name)
    sets = table["sets"]
    rows = itertools.chain(table["patterns"].items(), *(area.items() for area in table["areas"]))
    for key, said in rows:
        for one in said.split("|"):
            pieces = _SEPARATOR.split(one.strip())
            marks = set(pieces[1::2])
            parts = tuple(tuple(_words(piece, sets)) for piece in pieces[::2])
            yield Pattern(key, parts, bool(marks & {">", ">>"}), bool(marks & {">>", "++"}))


def _words(piece: str, sets: dict[str, str]) -> Iterator[str]:
    for word in piece.split("/"):
        yield from _words(sets[word[1:]], sets) if word.startswith("$") else (sys.intern(word.strip()),)


@functools.cache
def _table(name: str) -> Table:
    known = tuple(patterns(name))
    places: dict[str, list[tuple[int, int]]] = {}
    for number, pattern in enumerate(known):
        for part, words in enumerate(pattern.parts):
            place = (number, part)
            for word in words:
                places.setdefault(word.lower(), []).append(place)
    lengths: dict[str, set[int]] = defaultdict(set)
    for word in places:
        if len(word) > 1:
            lengths[word[:2]].add(len(word))
    sizes = {begin: tuple(sorted(found)) for begin, found in lengths.items()}
    between = _file(name)["between"]
    whole = re.compile("|".join(map(re.escape, _file(name).get("whole", ()))) or r"(?!)")
    followed = _file(name).get("not_followed", {})
    gap = re.compile(between or r"(?!)")
    topics = re.compile("|".join(map(re.escape, _file(name).get("topics", ()))) or r"(?!)")
    full = tuple((1 << len(pattern.parts)) - 1 for pattern in known)
    not_before = {k.lower(): v.lower() for k, v in _file(name)["not_before"].items()}  # as the text is
    return Table(known, full, places, sizes, name, not_before, followed, gap, whole, topics)


def find(text: str, name: str) -> list[Match]:
    """The findings that a text in "english" or "chinese" tells in parts."""
    table = _table(name)
    text = text.lower() if len(text.lower()) == len(text) else text
    found: dict[str, Match] = {}
    for number, parts in sorted(_filled(_hits(text, table), table).items()):
        pattern = table.patterns[number]
        place = _place(text, table, pattern, parts) or _denied(text, table, pattern, parts)
        place = place or _carried(text, table, pattern, parts)
        if place and (
            pattern.key not in found or place[1] - place[0] > found[pattern.key].end - found[pattern.key].start
        ):
            found[pattern.key] = Match(pattern.key, place[0], _whole_number(text, place[1]), (place[0],))
    return sorted(found.values(), key=lambda m: (m.start, m.end))


def _hits(text: str, table: Table) -> dict[str, list[tuple[int, int]]]:
    """Where the patterns' words stand in a text, in order of place."""
    inner = {at for word in table.whole.finditer(text) for at in range(word.start() + 1, word.end())}
    hits: dict[str, list[tuple[int, int]]] = {}
    english, places, lengths = table.name == "english", table.places, table.lengths
    for at in range(len(text)):
        if at in inner or (english and at and text[at - 1].isalnum()):
            continue  # only where a word begins
        for length in (1, *lengths.get(text[at : at + 2], ())):
            word = text[at : at + length]
            if word in places and len(word) == length and not _is_another(text, at, at + length, table):
                hits.setdefault(word, []).append((at, at + length))
    return hits


def _filled(hits: dict[str, list[tuple[int, int]]], table: Table) -> dict[int, dict[int, list[tuple[int, int]]]]:
    """Of the patterns all of whose parts have a word in the text: each part's words, in order of place."""
    masks: dict[int, int] = {}
    whole: set[int] = set()
    full = table.full
    for word in hits:
        for number, part in table.places[word]:
            mask = masks.get(number, 0) | 1 << part
            masks[number] = mask
            if mask == full[number]:
                whole.add(number)
    filled: dict[int, dict[int, list[tuple[int, int]]]] = {number: {} for number in whole}
    for word, spans in hits.items():
        for number, part in table.places[word]:
            if number in whole:
                filled[number].setdefault(part, []).extend(spans)
    for parts in filled.values():
        for spans in parts.values():
            spans.sort()
    return filled


def _is_another(text: str, start: int, end: int, table: Table) -> bool:
    """Whether what follows makes a word another one: "number" is not numb, nor is a cold sore a cold."""
    word = text[start:end]
    if text[end : end + 1] and text[end] in table.not_before.get(word, ""):
        return True
    other = table.not_followed.get(word)
    return other is not None and text[end:].lstrip().startswith(other)


def _whole_number(text: str, end: int) -> int:
    """Where a number ends that a pattern named the first digits of: "39" in "39.4"."""
    rest = _REST_OF_NUMBER.match(text, end) if text[end - 1].isdigit() else None
    return rest.end() if rest else end


def _place(
    text: str, table: Table, pattern: Pattern, filled: dict[int, list[tuple[int, int]]]
) -> tuple[int, int] | None:
    """Where a pattern's parts stand near enough to each other, or None."""
    numbers = range(len(pattern.parts))
    for order in [tuple(numbers)] if pattern.ordered else itertools.permutations(numbers):
        for first in filled[order[0]]:
            end = _end(text, table, pattern, [filled[part] for part in order[1:]], first[1])
            runs_on = pattern.far and re.search("[,，]", text[first[1] : end])
            if end and not (runs_on and _LED[table.name].search(text[: first[0]])):
                return first[0], end
    return None


def _denied(
    text: str, table: Table, pattern: Pattern, filled: dict[int, list[tuple[int, int]]]
) -> tuple[int, int] | None:
    """The second part of a near pattern where it is denied after the first, or None: the denial then stands before it."""
    if len(pattern.parts) != 2 or not pattern.ordered or pattern.far:
        return None
    for first in filled[0]:
        for second in filled[1]:
            near = 0 < second[0] - first[1] <= _REACH[table.name][False]
            degree = text[second[0] - 1] == "不" and text[second[0] : second[1]] in _DEGREES
            if near and not degree and _DENIED[table.name].fullmatch(text[first[1] : second[0]]):
                return second
    return None


def _carried(
    text: str, table: Table, pattern: Pattern, filled: dict[int, list[tuple[int, int]]]
) -> tuple[int, int] | None:
    """The second part of a near pattern in a clause that goes on speaking of the topic which the clause before named as
    the first part ("小便不痛快，要等半天才出来"), or None."""
    if len(pattern.parts) != 2 or not pattern.ordered or pattern.far:
        return None
    for first in filled[0]:
        if not table.topics.fullmatch(text, *first) or _LED[table.name].search(text[: first[0]]):
            continue
        for second in filled[1]:
            between = text[first[1] : second[0]]
            clauses = re.split("[，,]", between)
            if (
                len(clauses) == _NEXT
                and second[1] - second[0] > 1
                and len(between) <= _CARRY
                and _joins(clauses[-1], table, far=False)
                and not table.topics.search(clauses[-1])
                and not re.search("[。；;！!？?：:\n]", between)
            ):
                return second
    return None


def _end(text: str, table: Table, pattern: Pattern, rest: Sequence[Sequence[tuple[int, int]]], at: int) -> int:
    """Where the last of the parts ends that follow each other from `at` on; 0 where they do not."""
    for spans in rest:
        most = _REACH[table.name][pattern.far]
        near = [
            span for span in spans if 0 <= span[0] - at <= most and _joins(text[at : span[0]], table, far=pattern.far)
        ]
        if not near:
            return 0
        at = max(near, key=lambda span: (-span[0], span[1]))[1]
    return at


def _joins(between: str, table: Table, *, far: bool) -> bool:
    if _STOPS[far].search(between) or _DENIAL[table.name].search(between) or between.endswith("、"):
        return False  # after "、" another member of a list begins
    return far or not table.between.search(between)


def joins(between: str, name: str) -> bool:
    """Whether the parts of one finding can stand around these characters."""
    return _joins(between, _table(name), far=False)


def merged(matches: Sequence[Match], told: Sequence[Match], *, beside: bool = False, most: int = 0) -> list[Match]:
    """Names and what is told in parts. Told findings that a name states (itself or a kind of it), that lie inside a name,
    or that another told one implies are left out; so is a name that a told finding around it implies. `beside`: a name of
    the same words takes nothing away ("手腕肿痛": pain by name, swelling told). `most`: how many characters a told finding
    may have that makes a general one inside it superfluous (0: any number)."""
    known = vocabulary.load()
    named = {key for match in matches for key in _keys(match) if key in known}
    implied = {up for key in (*named, *(m.key for m in told)) for up in known.ancestors(key)}
    added = list({m.key: m for m in reversed(told) if m.key not in named | implied}.values())
    added = [m for m in added if not any(_covers(name, m, known, beside=beside) for name in matches)]
    exposed = [m for m in matches if any(_is_exposure(key) for key in _keys(m) if key in known)]
    added = [m for m in added if not (_is_exposure(m.key) and any(_overlap(m, name) for name in exposed))]
    added = [m for m in added if beside or not any(_says_more(other, m) for other in added)]
    kept = [m for m in matches if not any(_within(m, other, known, most) for other in added)]
    return sorted((*kept, *added), key=lambda m: (m.start, m.end))


def _covers(name: Match, told: Match, known: vocabulary.Vocabulary, *, beside: bool) -> bool:
    """Whether a name leaves nothing of a told finding: it lies inside, and is no kind of what the name says, nor is the
    name a mere time course."""
    if not (name.start <= told.start and told.end <= name.end):
        return False
    if not name.key.replace(" ", "").isidentifier():
        return True  # no finding, or a denial
    if name.key == "lump" and (name.start, name.end) == (told.start, told.end):
        return False  # the same word is said of a site: "附件未及包块"
    if beside and name.start == told.start and name.end >= told.end:
        return False  # the name reaches over it: "眼睛又红又痒"
    above = known.ancestors(told.key)
    return not any(key in above or known.entries[key].group == "time_course" for key in _keys(name) if key in known)


def _says_more(other: Match, told: Match) -> bool:
    """Whether a told finding says with a site or more words what one inside it says: itchy eyes, itching."""
    inside = other.start <= told.start and told.end <= other.end and other.end - other.start > told.end - told.start
    if not inside or _is_exposure(other.key):
        return False
    return told.end == other.end or (told.key in _GENERAL and other.key not in _GENERAL)


def _overlap(one: Match, other: Match) -> bool:
    return one.start < other.end and other.start < one.end


def _is_exposure(key: str) -> bool:
    return key not in _OF_OTHERS and vocabulary.load().entries[key].kind == "exposure"


def _keys(match: Match) -> list[str]:
    return match.key.lstrip("!&").split()


def _within(match: Match, other: Match, known: vocabulary.Vocabulary, most: int) -> bool:
    inside = other.start <= match.start and match.end <= other.end
    vague = {*known.ancestors(other.key), *_MISREAD.get(other.key, ())}
    if not _is_exposure(other.key) and not 0 < most < other.end - other.start:
        vague |= {"pain", "lump", *_GENERAL}
    if other.key == "skin_warmth":
        vague -= {"skin_redness"}  # "red and hot" is both
    return inside and all(key in vague for key in _keys(match)) and bool(match.key)
