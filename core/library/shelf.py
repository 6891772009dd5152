"""All pages: searched by any name or code in either language, and written out when asked for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.domain.basics import Label
from core.errors import UserError
from core.library import pages
from core.library.entry import Entry, Hit, Kind, Ref

MOST_HITS = 200
_WRITERS = {
    Kind.CONDITION: pages.condition,
    Kind.FINDING: pages.finding,
    Kind.MEDICINE: pages.medicine,
    Kind.SCORE: pages.score,
    Kind.RED_FLAG: pages.red_flag,
}


@dataclass(frozen=True, slots=True)
class _Card:
    ref: Ref
    label: Label
    names: tuple[str, ...]
    searched: tuple[str, ...]


def page(ref: Ref) -> Entry:
    """A page. Raises `UserError` where there is none."""
    try:
        return _WRITERS[ref.kind](ref.id)
    except KeyError as error:
        raise UserError(f"The library has no {ref.kind.value} “{ref.id}”.", "Search for its name.") from error


def counts() -> dict[Kind, int]:
    """How many pages of each kind there are."""
    found = dict.fromkeys(Kind, 0)
    for card in _cards():
        found[card.ref.kind] += 1
    return found


def search(words: str, kind: Kind | None = None, most: int = MOST_HITS) -> tuple[Hit, ...]:
    """Pages whose names or codes hold every word, exact names first, then names that begin so, then the rest.

    No words: all pages of the kind in alphabetical order.
    """
    wanted = words.casefold().split()
    whole = words.strip().casefold()
    ranked: list[tuple[int, int, str, Hit]] = []
    for card in _cards():
        if kind is not None and card.ref.kind is not kind:
            continue
        found = _match(card, wanted, whole)
        if found is not None:
            rank, matched = found
            ranked.append((rank, len(matched), card.label.en.casefold(), Hit(card.ref, card.label, matched)))
    ranked.sort(key=lambda r: r[:3] if wanted else (0, 0, r[2]))
    return tuple(hit for *_, hit in ranked[:most])


def _match(card: _Card, wanted: list[str], whole: str) -> tuple[int, str] | None:
    best: tuple[int, str] | None = None
    for name, searched in zip(card.names, card.searched, strict=True):
        if all(word in searched for word in wanted):
            own = name in (card.label.en, card.label.zh)
            rank = (0 if own else 1) if searched == whole else 2 if searched.startswith(whole) else 3
            if best is None or (rank, len(name)) < (best[0], len(best[1])):
                best = rank, name
    return best


@lru_cache(maxsize=1)
def _cards() -> tuple[_Card, ...]:
    return tuple(_all_cards())


def _all_cards() -> Iterator[_Card]:
    for ref, label, names in pages.every():
        kept = tuple(dict.fromkeys(n for n in _with(label, names) if n))
        yield _Card(ref, label, kept, tuple(n.casefold() for n in kept))


def _with(label: Label, names: Iterable[str]) -> Iterator[str]:
    yield label.en
    yield label.zh
    yield from names
