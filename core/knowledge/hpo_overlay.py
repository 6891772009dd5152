"""Leave-publication-out: the pack as it would be without the annotations that cite given publications.

Only the profiles of the diseases those publications touch are built anew; they are appended as further rows, so that one
pass over the index scores them beside all others. The background frequencies stay those of the whole release.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from core.knowledge.hpo import Csr, RarePack
from core.knowledge.hpo_build import Draft, Smoother, to_csr, transpose

Publications = frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """`pack` has rows 0..n-1 as built and then the rebuilt ones; `rows` says which of them stand in for which disease.

    `rows[publications]` is {disease number: its row without those publications}; `emptied` are the rows with no
    annotation of their own left.
    """

    pack: RarePack
    rows: dict[Publications, dict[int, int]]
    emptied: frozenset[int]


def overlay(pack: RarePack, read: Draft, publications: Iterable[Publications], *, orphanet: bool = True) -> Overlay:
    """The overlay for sets of publications (each set is what one case cites)."""
    smoother = Smoother(read.book, read.diseases, read.space, orphanet=orphanet)
    rows: dict[Publications, dict[int, int]] = {}
    profiles, pictures, diseases = [], [], list(pack.diseases)
    emptied = set()
    for cited in dict.fromkeys(publications):
        touched = sorted({d for reference in cited for d in read.book.cited_by.get(reference, ())})
        for number in (pack.disease_number[d] for d in touched if d in pack.disease_number):
            rows.setdefault(cited, {})[number] = len(diseases)
            disease = pack.diseases[number]
            left = read.book.direct(disease.id, cited)
            if not left:
                emptied.add(len(diseases))
            profiles.append(smoother.profile(disease, cited))
            pictures.append(smoother.picture(disease, cited))
            diseases.append(disease)
    longer = replace(
        pack,
        diseases=tuple(diseases),
        postings=_wider(pack.postings, transpose(profiles, len(pack.terms)), len(pack.diseases)),
        picture=_longer(pack.picture, to_csr(pictures)),
    )
    return Overlay(longer, rows, frozenset(emptied))


def _longer(rows: Csr, more: Csr) -> Csr:
    """Rows with further rows below them."""
    return Csr(
        np.concatenate([rows.start, more.start[1:] + rows.start[-1]]).astype(np.int32),
        np.concatenate([rows.values, more.values]),
        np.concatenate([rows.weights, more.weights]),
    )


def _wider(rows: Csr, more: Csr, columns: int) -> Csr:
    """Each row with the values of the same row of `more` after its own; those count on from `columns`."""
    start = rows.start + more.start
    values, weights = np.empty(start[-1], np.int32), np.empty(start[-1], np.float32)
    for part, before, shift in ((rows, more.start[:-1], 0), (more, rows.start[1:], columns)):
        place = np.arange(len(part.values)) + np.repeat(before, np.diff(part.start))
        values[place], weights[place] = part.values + shift, part.weights
    return Csr(start.astype(np.int32), values, weights)
