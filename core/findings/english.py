"""Finding names in English text: tokens are normalised, then matched in any order within a short window.

"Pain in the right upper abdomen", "right upper abdominal pain" and "her tummy hurts, right upper side" differ in order
and inflection only; the tables of `resources/knowledge/notes/english.yaml` say which words mean the same.
"""

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.findings import language

_TOKEN = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*\d*|\d+(?:\.\d+)?|[^\w\s]")
_BREAKS = frozenset(".,;:!?()[]\n")
_CONJUNCTIONS = frozenset({"and", "or", "but", "with", "no", "not", "without", "denies"})
_DENIALS = frozenset(
    {"no", "not", "without", "deny", "deni", "never", "cannot", "can't", "don't", "doesn't", "nor", "lack"}
)
_HARDLY = frozenset({"hardly", "barely", "scarcely"})
"""Nearly a denial where it stands between a name's words: "painkillers hardly help"."""
_GAP = 2
_LIGHT_REACH = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its normal form ("" for a stop word) and its character offsets."""

    form: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """A name found: which (its key), where, and the offsets of the words that made it up."""

    key: str
    start: int
    end: int
    words: tuple[int, ...]


def shifted(match: Match, by: int) -> Match:
    """The match with all offsets moved."""
    return Match(match.key, match.start + by, match.end + by, tuple(word + by for word in match.words))


@functools.cache
def _words() -> tuple[frozenset[str], dict[str, str], re.Pattern[str], dict[str, str]]:
    table = language.load("english").table
    forms = {word: group[0] for group in table["classes"] for word in group}
    forms |= {british: forms.get(american, american) for british, american in table["spelling"].items()}
    joined = {phrase.lower(): form for phrase, form in table["joined"].items()}
    body = "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in sorted(joined, key=len, reverse=True))
    return frozenset(table["stopwords"]), forms, re.compile(rf"\b(?:{body})\b", re.IGNORECASE), joined


@functools.cache
def _heads() -> frozenset[str]:
    """Words that two parts can share across "and": "pain and swelling of the knee", "heat or cold intolerance"."""
    return frozenset(stem(word) for word in language.load("english").table["shared"])


@functools.cache
def _light() -> tuple[frozenset[str], frozenset[str]]:
    """Words that may stand between the words of a name at no cost ("pain in her left lower leg"), and, among others,
    words of place that name no body site by themselves ("pain on the right side" within "... of the chest")."""
    table = language.load("english").table
    return frozenset(map(stem, table["light"])), frozenset(map(stem, table["places"]))


@functools.cache
def _ambiguous() -> frozenset[tuple[str, ...]]:
    listed = language.load("english").table["ambiguous"]
    return frozenset(tuple(sorted(token.form for token in tokens(phrase) if token.form)) for phrase in listed)


def ambiguous(phrase: str) -> bool:
    """Whether a phrase comes down to words that mean too many things ("feels (down/low)" never, "is down" does)."""
    forms = [token.form for token in tokens(phrase) if token.form]
    return not forms or forms[-1] in {"and", "or"} or tuple(sorted(forms)) in _ambiguous()


@functools.lru_cache(maxsize=20000)
def stem(word: str) -> str:
    """The normal form of a lower-case word: its class if it has one, else without its English inflection."""
    _, forms, _, _ = _words()
    if word in forms:
        return forms[word]
    if len(word) > 4:
        for ending, instead in (("iness", "y"), ("ness", ""), ("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", "")):
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return _tidy(word[: -len(ending)] + instead)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("ches", "shes", "sses", "xes")) else word[:-1]
        return forms.get(word, _tidy(word))
    return _tidy(word)


def _tidy(word: str) -> str:
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def tokens(text: str, acronyms: frozenset[str] = frozenset()) -> list[Token]:
    """Words and punctuation with offsets; a stop word has the form "", a listed acronym "=ABC"."""
    stop, _, joined, forms = _words()
    found: list[Token] = []
    at = 0
    for phrase in joined.finditer(text):
        found += _plain(text, at, phrase.start(), acronyms, stop)
        key = re.sub(r"\s+", " ", phrase.group().lower())
        found.append(Token(stem(forms[key]), phrase.start(), phrase.end()))
        at = phrase.end()
    return _lists(found + _plain(text, at, len(text), acronyms, stop))


def _lists(found: list[Token]) -> list[Token]:
    """A comma between two words that share a site ("pain, redness and swelling of the knee") reads as "and"."""
    heads = _heads()
    for i in range(1, len(found) - 1):
        if found[i].form == "," and found[i - 1].form in heads and found[i + 1].form in heads | {"and", "or"}:
            found[i] = Token("and", found[i].start, found[i].end)
    return found


def _plain(text: str, start: int, end: int, acronyms: frozenset[str], stop: frozenset[str]) -> list[Token]:
    out: list[Token] = []
    for word in _TOKEN.finditer(text, start, end):
        raw = word.group()
        if raw in acronyms:
            out.append(Token("=" + raw, word.start(), word.end()))
            continue
        lower = raw.lower().replace("’", "'").removesuffix("'s")
        parts = [lower] if "-" not in lower else [lower.replace("-", " ")]
        offset = word.start()
        for part in parts[0].split(" "):
            out.append(Token("" if part in stop else stem(part), offset, offset + len(part)))
            offset += len(part) + 1
    return out


Compiled = tuple[dict[str, str], tuple[str, ...]]
"""Under each phrase's rarest word all such phrases in one string (apart, a hundred thousand phrases take five times the
memory), each its key and its normal form; and the acronyms."""
_APART, _NEXT = "\x1f", "\x1e"


class Matcher:
    """Finds many names in English text. Names are `(name, key)`; the first key of an equal normal form wins.

    `compiled` is an earlier matcher's `compiled()`: it saves normalising the names again. `gap`: how many other words
    may stand between a name's words.
    """

    def __init__(self, names: Iterable[tuple[str, str]], compiled: Compiled | None = None, gap: int = _GAP) -> None:
        self.gap = gap
        if compiled is None:
            compiled = _compile(list(names))
        self.index, acronyms = compiled
        self.acronyms = frozenset(acronyms)

    def compiled(self) -> Compiled:
        """What the names became, for a cache."""
        return self.index, tuple(sorted(self.acronyms))

    def find(self, text: str) -> list[Match]:
        """All matches, most specific first and then in order; one whose words are all in longer ones is left out."""
        words = [t for t in tokens(text, self.acronyms) if t.form]
        here = {word.form for word in words}
        candidates: list[tuple[int, int, int, tuple[int, ...], str]] = []
        for at, word in enumerate(words):
            if word.form not in self.index:
                continue
            for phrase in self.index[word.form].split(_NEXT):
                key, *forms = phrase.split(_APART)
                if not here.issuperset(forms):
                    continue
                place = (at,) if len(forms) == 1 else _place(words, at, forms, self.gap)
                if place:
                    spread = place[-1] - place[0] + 1 - len(place)
                    candidates.append((-len(place), spread, place[0], place, key))
        return _choose(candidates, words)


def _compile(names: list[tuple[str, str]]) -> Compiled:
    acronyms = frozenset(n for n, _ in names if n.isupper() and n.isalpha() and 2 <= len(n) <= 6)
    phrases: dict[tuple[str, ...], str] = {}
    for name, key in names:
        forms = tuple(t.form for t in tokens(name, acronyms) if t.form and t.form not in _BREAKS)
        if forms:
            phrases.setdefault(forms, key)
    return _index(phrases), tuple(sorted(acronyms))


def _index(phrases: dict[tuple[str, ...], str]) -> dict[str, str]:
    """Each phrase under its rarest word, so that few phrases are tried at each place."""
    frequency = Counter(form for forms in phrases for form in set(forms))
    index: dict[str, list[str]] = defaultdict(list)
    for forms, key in phrases.items():
        index[min(forms, key=lambda form: (frequency[form], form))].append(_APART.join((key, *forms)))
    return {form: _NEXT.join(under) for form, under in index.items()}


def _place(words: Sequence[Token], at: int, forms: Sequence[str], most: int) -> tuple[int, ...] | None:
    """Where a phrase's words lie around `at`, in any order, with at most `most` others between them; or None."""
    gap = 0 if _DENIALS.intersection(forms) else most
    reach = len(forms) - 1 + gap + (_LIGHT_REACH if gap else 0)
    low, high = at, at
    while low > max(0, at - reach) and words[low - 1].form not in _BREAKS:
        low -= 1
    while high < min(len(words) - 1, at + reach) and words[high + 1].form not in _BREAKS:
        high += 1
    taken = [at]
    waiting = list(forms)
    waiting.remove(words[at].form)
    for form in waiting:
        options = [i for i in range(low, high + 1) if words[i].form == form and i not in taken]
        if not options:
            return None
        taken.append(min(options, key=lambda i: (abs(i - at), i)))
    taken.sort()
    between = [words[i].form for i in range(taken[0], taken[-1]) if i not in taken]
    return tuple(taken) if _joins(between, words[taken[0]].form, words[taken[-1]].form, gap) else None


def _joins(between: Sequence[str], first: str, last: str, gap: int) -> bool:
    """Whether a name's words can belong together with these others between them."""
    shared = bool(_heads() & {first, last})
    free = _light()[0] | ({"and", "or"} if shared else frozenset())
    if sum(form not in free for form in between) > gap or (_DENIALS | _HARDLY).intersection(between):
        return False
    return shared or not {"and", "or"}.intersection(between)


def _choose(candidates: list[tuple[int, int, int, tuple[int, ...], str]], words: Sequence[Token]) -> list[Match]:
    taken: set[int] = set()
    seen: set[tuple[str, tuple[int, ...]]] = set()
    chosen: list[Match] = []
    for _, spread, _, place, key in sorted(candidates):
        if taken.issuperset(place) or (key, place) in seen:
            continue
        if spread and _conjoined(words, place) and len(taken.intersection(place)) > 1:
            continue
        if spread and _torn(words, place, chosen):
            continue
        seen.add((key, place))
        taken.update(place)
        offsets = tuple(words[i].start for i in place)
        chosen.append(Match(key, words[place[0]].start, words[place[-1]].end, offsets))
    forms = {word.start: word.form for word in words}
    kept = [m for m in chosen if not any(_part_of(m, other, forms) for other in chosen)]
    return sorted(kept, key=lambda m: (m.start, m.end))


def _torn(words: Sequence[Token], place: tuple[int, ...], chosen: Sequence[Match]) -> bool:
    """Whether a match with others between takes a word out of one that stands in one piece: "losing | weight on a huge |
    appetite" is no loss of appetite. What two parts share across "and" is not torn."""
    if _conjoined(words, place) or any(words[i].form in _heads() for i in place):
        return False
    inner = [i for i in range(place[0], place[-1]) if i not in place and words[i].form not in _light()[0]]
    own = {words[i].start for i in place}
    return bool(inner) and any(
        own.intersection(m.words) and any(words[i].start in m.words for i in inner) and len(own - set(m.words)) == 1
        for m in chosen
    )


def _part_of(match: Match, other: Match, forms: dict[int, str]) -> bool:
    """Whether a match only says where in another it is: "pain on the right side" of "pain on the right side of the
    chest"."""
    inside = other.start <= match.start and match.end <= other.end
    if not inside or other.end - other.start == match.end - match.start:
        return False
    own = set(match.words) - set(other.words)
    return len(own) < len(match.words) and all(forms[word] in _light()[1] for word in own) and bool(own)


def _conjoined(words: Sequence[Token], place: tuple[int, ...]) -> bool:
    return any(words[i].form in _CONJUNCTIONS for i in range(place[0], place[-1]) if i not in place)
