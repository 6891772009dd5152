"""HPO terms named in notes, for rare diseases: labels and synonyms of the built HPO pack, in English and Chinese."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin
from core.domain.record import Note
from core.findings import chinese, english
from core.findings.context import contexts, sentences
from core.knowledge import hpo


@dataclass(frozen=True, slots=True)
class TermNames:
    """What one term is called. `zh` is "" where no Chinese names were imported."""

    id: str
    name: str
    zh: str = ""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Terms by id, and a matcher for each language."""

    by_id: dict[str, TermNames]
    english: english.Matcher
    chinese: chinese.Matcher


def prepare(terms: Iterable[TermNames]) -> Terms:
    """Matchers over the terms. Names of one short word are left out: they match too much ("all", "mild")."""
    by_id = {term.id: term for term in terms}
    names = [(term.name, term.id) for term in by_id.values()]
    names += [(synonym, term.id) for term in by_id.values() for synonym in term.synonyms]
    usable = [(name, key) for name, key in names if len(name) > 4]
    return Terms(
        by_id,
        english.Matcher(usable),
        chinese.Matcher((term.zh, term.id) for term in by_id.values() if len(term.zh) > 1),
    )


@functools.cache
def _installed() -> Terms | None:
    """Phenotypic abnormalities of the newest built pack; None where none has been built (`main.py knowledge build rare`)."""
    if hpo.newest() is None:
        return None
    pack = hpo.load()
    abnormal = (t for i, t in enumerate(pack.terms) if len(pack.ancestors.row(i)[0]) > 2)
    return prepare(TermNames(t.id, t.name, t.zh, t.synonyms) for t in abnormal)


def phenotypes_in(note: Note, name: str, found: Sequence[Finding], terms: Terms | None = None) -> tuple[Finding, ...]:
    """HPO terms of a note in the language `name` ("english" or "chinese") that `found` does not already carry.

    `terms` replaces the installed pack. A term inside the span of a finding of the vocabulary is left to that finding.
    """
    known = terms or _installed()
    if known is None:
        return ()
    covered = {i for f in found for i in range(f.source.start, f.source.end)}
    codes = {c.code for f in found for c in f.also}
    finder = known.chinese if name == "chinese" else known.english
    out: list[Finding] = []
    for sentence in sentences(note.text, name):
        matches = [english.shifted(m, sentence.start) for m in finder.find(note.text[sentence.start : sentence.end])]
        for match, context in zip(matches, contexts(note.text, sentence, matches, name), strict=True):
            if match.key in codes or covered.issuperset(range(match.start, match.end)):
                continue
            term = known.by_id[match.key]
            text = note.text[match.start : match.end]
            out.append(
                Finding(
                    id=f"{note.id}-{match.start}-{term.id}",
                    code=Coding("HP", term.id, term.name),
                    label=Label(term.name, term.zh),
                    status=context.status,
                    origin=Origin.NOTE,
                    source=Source(note.source.file, "text", note.id, match.start, match.end, text),
                    scope=context.scope,
                    time=note.time,
                )
            )
    return tuple(out)
