"""What a clinician may add to a case: the findings the common engine knows, then phenotype terms of the rare one."""

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from core.domain.basics import Coding, Label
from core.knowledge import hpo
from core.knowledge.vocabulary import Entry, load

T = TypeVar("T", Entry, "Term")
FOUND = 8
TERMS_FOUND = 6


@dataclass(frozen=True, slots=True)
class Term:
    """A phenotype term that is no entry of the common vocabulary."""

    hpo: str
    label: Label
    kind: str = "phenotype"
    also: tuple[Coding, ...] = ()

    @property
    def coding(self) -> Coding:
        """Its code."""
        return Coding("HP", self.hpo, self.label.en)


@cache
def _entries() -> tuple[tuple[str, Entry], ...]:
    """Searchable words of every entry, folded."""
    made = []
    for entry in load().entries.values():
        words = (entry.label.en, entry.label.zh, *entry.synonyms_en, *entry.synonyms_zh, entry.id, entry.hpo)
        made.append(("\n".join(words).casefold(), entry))
    return tuple(made)


@cache
def _terms() -> tuple[tuple[str, Term], ...]:
    """The same of phenotypic abnormalities; nothing where no pack of rare diseases was built."""
    if hpo.newest() is None:
        return ()
    pack = hpo.load()
    known = {entry.hpo for entry in load().entries.values() if entry.hpo}
    found = (t for i, t in enumerate(pack.terms) if t.id not in known and len(pack.ancestors.row(i)[0]) > 1)
    return tuple(
        ("\n".join((t.name, t.zh, *t.synonyms, t.id)).casefold(), Term(t.id, Label(t.name, t.zh))) for t in found
    )


def _ranked(index: tuple[tuple[str, T], ...], words: str, most: int) -> tuple[T, ...]:
    parts = words.casefold().split()
    if not parts:
        return ()
    hits = [(text, entry) for text, entry in index if all(part in text for part in parts)]
    hits.sort(key=lambda hit: _nearness(hit[0], hit[1].label, " ".join(parts), parts[0]))
    return tuple(entry for _text, entry in hits[:most])


def _nearness(text: str, label: Label, whole: str, first: str) -> tuple[bool, bool, bool, bool, int]:
    """The name itself, in either language, first; then a word that means it; then names that begin with or hold the words,
    the shorter first."""
    names = (label.en.casefold(), label.zh.casefold())
    begins = any(name.startswith(first) for name in names)
    held = any(first in name for name in names)
    return (whole not in names, whole not in text.split("\n"), not begins, not held, len(text))


def search(words: str, most: int = FOUND) -> tuple[Entry, ...]:
    """Entries in which every word occurs; those whose name begins with the words first."""
    return _ranked(_entries(), words, most)


def search_terms(words: str, most: int = TERMS_FOUND) -> tuple[Term, ...]:
    """Phenotype terms in the same order. Reads a large pack at first: beside the window's thread."""
    return _ranked(_terms(), words, most)


__all__ = ["Entry", "Term", "search", "search_terms"]
