"""What the rare engine weighs: each finding's fit to a disease, and how much of the disease's picture the case covers.

The sum of fits makes the shortlist; `rare_rerank` makes the network's features of both.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Coding, Label
from core.knowledge.hpo import Csr, RarePack

NOISE = 0.2
"""Share of a case's findings that its disease does not explain."""
BACK_OFF = 0.4
"""How much a match through a broader ancestor is worth less: exponent of bg(term) / bg(ancestor)."""
OFTEN, USUAL = 0.6, 0.5
"""Frequency above which an annotation's absence is counted; above which it counts as usual."""
STRONG = 3.0
"""Nats above which a finding's fit counts as striking."""
DENSE = 3000
FULL_SHARE = 0.99
DAMPING = 20.0
"""Nats of annotation added to a disease's own in the denominator of coverage, so that sparse diseases do not gain."""

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TermRow:
    """One term against everything: fits (diseases,), nats; information content shared with each annotated term."""

    fit: Floats
    shared: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Of one case and the candidate diseases (columns): findings' fits and what the annotations share with each.

    `fits`: (findings, candidates), nats. `place` is each annotation's place in the pack's pictures, `entry` its
    candidate's column, `shared` (findings, annotations) the information content shared with it.
    """

    candidates: Numbers
    fits: Floats
    place: Numbers
    entry: Numbers
    shared: Floats
    information: Floats
    frequency: Floats


class Index:
    """A pack made ready for scoring: dense rows for common terms, and rows of terms kept once computed.

    `annotated`: the terms that some disease has, in order. Of every annotation, disease after disease: its `term`, that
    term's `column` among those, the information content `carried` (nats), and what its best match (7 ways) and a full
    match (2 ways) are `worth` (9, annotations).
    """

    def __init__(self, pack: RarePack) -> None:
        self.pack = pack
        self.information: Floats = np.maximum(-np.log(pack.background), 0).astype(np.float32)
        self.term = pack.picture.values.astype(np.int64)
        self.annotated, self.column = np.unique(self.term, return_inverse=True)
        self.carried: Floats = self.information[self.term]
        self.worth = _worth(pack.picture, self.carried)
        self._dense = _dense_rows(pack.postings, len(pack.diseases))
        self.row = functools.lru_cache(maxsize=128)(self._row)  # 70 kB each, made in 0.1 ms
        self.named = functools.lru_cache(maxsize=4096)(self._named)

    def _named(self, term: int) -> tuple[Coding, Label]:
        names = self.pack.terms[term]
        return Coding("HP", names.id, names.name), Label(names.name, names.zh)

    def _row(self, term: int) -> TermRow:
        pack, ancestors = self.pack, self.pack.ancestors.row(term)[0]
        shared = np.zeros(len(pack.terms), np.float32)
        for ancestor in ancestors[np.argsort(self.information[ancestors], kind="stable")]:
            shared[pack.descendants.row(int(ancestor))[0]] = self.information[ancestor]
        return TermRow(self._fit(term, ancestors), shared[self.annotated])

    def _fit(self, term: int, ancestors: NDArray[np.int32]) -> Floats:
        background, rows, dense = self.pack.background, self.pack.postings, self._dense
        ratio = np.zeros(len(self.pack.diseases), np.float32)
        scales = (background[term] / background[ancestors]) ** BACK_OFF / background[ancestors]
        for ancestor, scale in zip(ancestors.tolist(), scales, strict=True):
            if ancestor in dense:
                np.maximum(ratio, dense[ancestor] * scale, out=ratio)
            else:
                diseases, frequency = rows.row(ancestor)
                ratio[diseases] = np.maximum(ratio[diseases], frequency * scale)
        return np.asarray(np.log((1 - NOISE) * ratio + np.float32(NOISE)), np.float32)


@functools.lru_cache(maxsize=2)
def index_of(pack: RarePack) -> Index:
    """The index of a pack, made once."""
    return Index(pack)


def _dense_rows(rows: Csr, columns: int) -> dict[int, Floats]:
    out = {}
    for term in np.flatnonzero(np.diff(rows.start) >= DENSE).tolist():
        values, weights = rows.row(term)
        out[term] = np.zeros(columns, np.float32)
        out[term][values] = weights
    return out


def _worth(picture: Csr, carried: Floats) -> Floats:
    """What matching an annotation is worth, relative to all of its disease's: by frequency, specificity, with dampings."""
    frequency, usual = picture.weights, np.maximum(0, picture.weights - USUAL)
    owner = np.repeat(np.arange(len(picture.start) - 1), np.diff(picture.start))

    def all_of(value: Floats) -> Floats:
        return np.bincount(owner, value * carried).astype(np.float32)[owner]

    def rows() -> Iterator[NDArray[Any]]:
        whole = all_of(frequency)
        for damping in (DAMPING, 5.0, 60.0):
            yield frequency / (whole + damping)
        yield 1 / (all_of(np.ones_like(usual)) + 20)
        yield usual / (all_of(usual) + 10)
        root = np.sqrt(whole + DAMPING)
        yield frequency / root
        yield np.where(frequency > OFTEN, np.float32(-1), np.float32(0)) / np.maximum(carried, 0.1)
        yield frequency
        yield frequency * carried / root

    worth = np.empty((9, len(carried)), np.float32)
    for i, row in enumerate(rows()):  # one at a time: side by side they take 40 MB for a moment
        worth[i] = row
    return worth


def features(terms: Sequence[int], candidates: Numbers, index: Index) -> Features:
    """The features of a case's terms for chosen diseases."""
    rows = [index.row(t) for t in terms]
    place, entry = annotations(candidates, index.pack.picture)
    return Features(
        candidates,
        _columns([r.fit for r in rows], candidates),
        place,
        entry,
        _columns([r.shared for r in rows], index.column[place]),
        index.carried.take(place),
        index.pack.picture.weights.take(place),
    )


def _columns(rows: Sequence[Floats], places: Numbers) -> Floats:
    """(rows, places). "clip" spares `take` a copy; no place is out of range."""
    out = np.empty((len(rows), len(places)), np.float32)
    for i, row in enumerate(rows):
        row.take(places, out=out[i], mode="clip")
    return out


def annotations(candidates: Numbers, rows: Csr) -> tuple[Numbers, Numbers]:
    """The places of the candidates' annotations one after another, and whose (which column's) each is."""
    start = rows.start[candidates].astype(np.int64)
    length = rows.start[candidates + 1] - start
    entry = np.repeat(np.arange(len(candidates)), length)
    return (start - np.cumsum(length) + length)[entry] + np.arange(len(entry)), entry
