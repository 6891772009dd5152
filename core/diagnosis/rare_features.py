"""What the rare engine weighs: each finding's fit to a disease, and how much of the disease's picture the case covers.

Both parts make the first pass; `rare_rerank` refines them.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.rare_weights import Weights
from core.knowledge.hpo import Csr, RarePack

NOISE = 0.2
"""Share of a case's findings that its disease does not explain."""
BACK_OFF = 0.4
"""How much a match through a broader ancestor is worth less: exponent of bg(term) / bg(ancestor)."""
STRONG = 3.0
"""Nats above which a finding's fit counts as striking."""
DENSE = 400
FULL_SHARE = 0.99
DAMPING = 20.0
"""Nats of annotation added to a disease's own in the denominator of coverage, so that sparse diseases do not gain."""

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TermRow:
    """One term against everything: fits (diseases,), nats; information content shared with each term (terms,)."""

    fit: Floats
    shared: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Of one case and the candidate diseases (columns): findings' fits and what the annotations share with each.

    `fits`: (findings, candidates), nats. `entry` maps each annotation of a candidate to its column,
    `shared` (findings, annotations) is the information content shared with it, `weight` its frequency.
    """

    candidates: Numbers
    fits: Floats
    entry: Numbers
    shared: Floats
    information: Floats
    frequency: Floats


class Index:
    """A pack made ready for scoring: dense rows for common terms, and rows of terms kept once computed."""

    def __init__(self, pack: RarePack) -> None:
        self.pack = pack
        self.information: Floats = np.maximum(-np.log(pack.background), 0).astype(np.float32)
        self.damped: Floats = (_row_sums(pack.picture, self.information) + DAMPING).astype(np.float32)
        self._dense = _dense_rows(pack.postings, len(pack.diseases))
        self.row = functools.lru_cache(maxsize=1024)(self._row)

    def _row(self, term: int) -> TermRow:
        pack, ancestors = self.pack, self.pack.ancestors.row(term)[0]
        shared = np.zeros(len(pack.terms), np.float32)
        for ancestor in ancestors[np.argsort(self.information[ancestors], kind="stable")]:
            shared[pack.descendants.row(int(ancestor))[0]] = self.information[ancestor]
        return TermRow(self._fit(term, ancestors), shared)

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


def _row_sums(rows: Csr, information: Floats) -> Floats:
    owner = np.repeat(np.arange(len(rows.start) - 1), np.diff(rows.start))
    return np.bincount(owner, rows.weights * information[rows.values], len(rows.start) - 1).astype(np.float32)


def features(terms: Sequence[int], candidates: Numbers, index: Index, *, best_only: bool = False) -> Features:
    """The features of a case's terms for chosen diseases. `best_only`: of `shared` only the best finding's row."""
    rows = [index.row(t) for t in terms]
    annotations, entry, frequency = _picture(candidates, index.pack.picture)
    shared = [r.shared for r in rows]
    if best_only:
        shared = [functools.reduce(np.maximum, shared)]
    return Features(
        candidates,
        np.stack([r.fit[candidates] for r in rows]),
        entry,
        np.stack([row[annotations] for row in shared]),
        index.information[annotations],
        frequency,
    )


def _picture(candidates: Numbers, rows: Csr) -> tuple[NDArray[np.int32], Numbers, Floats]:
    """Annotations of the candidates one after another, whose each is, and their frequencies."""
    start, length = rows.start[candidates], rows.start[candidates + 1] - rows.start[candidates]
    entry = np.repeat(np.arange(len(candidates)), length)
    place = np.arange(len(entry)) - np.repeat(np.cumsum(length) - length, length) + np.repeat(start, length)
    return rows.values[place], entry, rows.weights[place]


def term_parts(found: Features, weights: Weights) -> Floats:
    """Each finding's additive share (findings, candidates) of the score, nats before the temperature."""
    small = 1 / np.sqrt(len(found.fits))
    striking = np.maximum(0, found.fits - STRONG)
    parts = (weights.fit * found.fits + weights.striking * striking) * small
    return np.asarray(parts, np.float32)


def worth(matched: Floats, found: Features, index: Index, weights: Weights) -> Floats:
    """What matches of annotations are worth (..., annotations): grows with `matched`, the shared information."""
    share = weights.coverage * found.frequency / index.damped[found.candidates][found.entry] * matched
    full = weights.full * found.frequency * (matched >= FULL_SHARE * found.information)
    return np.asarray(share + full, np.float32)


def coverage(found: Features, index: Index, weights: Weights) -> Floats:
    """The coverage part of the score (candidates,)."""
    value = worth(found.shared.max(axis=0), found, index, weights)
    return np.bincount(found.entry, value, len(found.candidates)).astype(np.float32)
