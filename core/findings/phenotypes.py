"""HPO terms named in notes, for rare diseases: labels and synonyms of the built HPO pack, in English and Chinese."""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin
from core.domain.record import Note
from core.findings import chinese, english, language
from core.findings.context import Context, contexts, sentences
from core.knowledge import hpo, vocabulary
from core.knowledge.vocabulary import keep
from core.paths import packs

_FORMAT = 4
_SHORTEST = 7
_GAP = 1


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


def prepare(terms: Iterable[TermNames], compiled: english.Compiled | None = None) -> Terms:
    """Matchers over the terms. Of names that come down to one word, only long ones that are a term's own name are
    kept: synonyms are full of everyday words ("alone", "hostile", "twirling")."""
    by_id = {term.id: term for term in terms}
    return Terms(
        by_id,
        english.Matcher((), compiled, _GAP) if compiled else english.Matcher(_names(by_id), None, _GAP),
        chinese.Matcher((term.zh, term.id) for term in by_id.values() if len(term.zh) > 1),
    )


def _names(by_id: dict[str, TermNames]) -> Iterator[tuple[str, str]]:
    everyday = frozenset(language.load("english").table["everyday"])
    for term in by_id.values():
        if (_words(term.name) > 1 or len(term.name) >= _SHORTEST) and term.name.lower() not in everyday:
            yield term.name, term.id
    for term in by_id.values():
        yield from ((s, term.id) for s in term.synonyms if _words(s) > 1 and s.lower() not in everyday)


def _words(name: str) -> int:
    return sum(bool(token.form) for token in english.tokens(name))


@functools.cache
def _installed() -> Terms | None:
    """Phenotypic abnormalities of the newest built pack; None where none has been built (`main.py knowledge build rare`).

    The normalised names are cached: normalising 40,000 names takes a second.
    """
    if hpo.newest() is None:
        return None
    pack = hpo.load()
    tables = hashlib.sha256((language.FOLDER / "english.yaml").read_bytes()).hexdigest()
    cache = packs() / f"names-{pack.version.version}-{pack.version.sha256[:8]}-{tables[:12]}-f{_FORMAT}.msgpack"
    compiled: english.Compiled | None
    try:
        compiled = msgspec.msgpack.decode(cache.read_bytes(), type=english.Compiled)
    except (OSError, msgspec.DecodeError):
        compiled = None
    abnormal = (t for i, t in enumerate(pack.terms) if len(pack.ancestors.row(i)[0]) > 2)
    terms = prepare((TermNames(t.id, t.name, t.zh, t.synonyms) for t in abnormal), compiled)
    if compiled is None:
        keep(cache, msgspec.msgpack.encode(terms.english.compiled()))
    return terms


def phenotypes_in(note: Note, name: str, found: Sequence[Finding], terms: Terms | None = None) -> tuple[Finding, ...]:
    """HPO terms of a note in the language `name` ("english" or "chinese") that `found` does not already carry.

    `terms` replaces the installed pack. A term whose words all belong to findings of the vocabulary is left to those.
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
            if match.key in codes or covered.issuperset(match.words):
                continue
            out.append(_finding(note, match, context, known.by_id[match.key]))
    return tuple(out)


def _finding(note: Note, match: english.Match, context: Context, term: TermNames) -> Finding:
    """The term as a finding: of the vocabulary where that has its equal, else under its HPO id."""
    entries = vocabulary.load()
    entry = entries.entries.get(entries.by_hpo.get(term.id, ""))
    return Finding(
        id=f"{note.id}-{match.start}-{term.id}",
        code=entry.coding if entry else Coding("HP", term.id, term.name),
        label=entry.label if entry else Label(term.name, term.zh),
        status=context.status,
        origin=Origin.NOTE,
        source=Source(note.source.file, "text", note.id, match.start, match.end, note.text[match.start : match.end]),
        scope=context.scope,
        also=entry.also if entry else (),
        time=note.time,
    )
