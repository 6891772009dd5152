"""Comparing people's names: case, punctuation, accents, order, and Chinese against pinyin."""

import difflib
import itertools
import re
import unicodedata
from enum import IntEnum
from functools import lru_cache

_TITLES = frozenset({"mr", "mrs", "ms", "dr", "miss", "md", "prof", "sir"})
_MAX_READINGS = 64


class Likeness(IntEnum):
    """How alike two names are."""

    DIFFERENT = 0
    SIMILAR = 1
    """A different spelling: an accent, a letter, a middle name, another script."""
    SAME = 2
    """The same letters; case, punctuation, spacing and "Family, Given" order aside."""


def likeness(a: str, b: str) -> Likeness:
    """How alike two names are. Both must be non-empty."""
    left, right = _tokens(a), _tokens(b)
    if not left or not right:
        return Likeness.DIFFERENT
    if sorted(left) == sorted(right):
        return Likeness.SAME
    return Likeness.SIMILAR if _similar(_plain(left), _plain(right), a, b) else Likeness.DIFFERENT


def _similar(left: tuple[str, ...], right: tuple[str, ...], a: str, b: str) -> bool:
    if sorted(left) == sorted(right) or "".join(left) == "".join(right):
        return True
    few, many = sorted((set(left), set(right)), key=len)
    if len(few) >= 2 and few <= many:
        return True
    if _is_chinese(a) or _is_chinese(b):
        return bool(_readings(a) & _readings(b))
    ratio = difflib.SequenceMatcher(None, " ".join(sorted(left))[:80], " ".join(sorted(right))[:80]).ratio()
    return ratio >= 0.87


def _tokens(name: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFKC", name[:200]).casefold()
    parts = re.findall(r"[^\W\d_]+", folded.replace("'", "").replace("\u2019", ""))
    return tuple(p for p in parts if p not in _TITLES)


def tokens(name: str) -> tuple[str, ...]:
    """The parts of a name, folded: "Ordóñez, Bernardo" -> ("ordonez", "bernardo"); a Chinese name is one part."""
    return _plain(_tokens(name))


def _plain(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Without accents; "ü" is also written "v" or "u" in pinyin and becomes "u"."""
    folded = ("".join(c for c in unicodedata.normalize("NFKD", t) if not unicodedata.combining(c)) for t in parts)
    return tuple(t.replace("ß", "ss").replace("ø", "o").replace("ł", "l") for t in folded)


def _is_chinese(name: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in name)


@lru_cache(maxsize=4096)
def _readings(name: str) -> frozenset[str]:
    """Every way a name may be written in Latin letters without spaces, in either order of family and given name."""
    if not _is_chinese(name):
        parts = tokens(name)
        return frozenset("".join(p) for p in itertools.permutations(parts[:4])) if parts else frozenset()
    from pypinyin import Style, pinyin

    characters = "".join(c for c in name if "\u4e00" <= c <= "\u9fff")[:6]
    choices = pinyin(characters, style=Style.NORMAL, heteronym=True)
    spelled = (tuple(s.replace("ü", "u").replace("v", "u") for s in way) for way in itertools.product(*choices))
    found: set[str] = set()
    for way in itertools.islice(spelled, _MAX_READINGS):
        for cut in (1, 2):
            found |= {"".join(way), "".join(way[cut:] + way[:cut])}
    return frozenset(found)
