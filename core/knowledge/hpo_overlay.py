"""Leave-publication-out: the pack as it would be without the annotations that cite given publications.

Only the profiles of the diseases those publications touch are built anew; they are appended as further rows, so that one
pass over the index scores them beside all others. The background frequencies stay those of the whole release.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from core.knowledge.hpo import RarePack
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

    def replaced(self, scores: "np.ndarray[tuple[int], np.dtype[np.float32]]", publications: Publications) -> None:
        """Put the rebuilt rows' scores in the place of their diseases, in `scores` itself."""
        for disease, row in self.rows.get(publications, {}).items():
            scores[disease] = scores[row]


def overlay(pack: RarePack, read: Draft, publications: Iterable[Publications], *, orphanet: bool = True) -> Overlay:
    """The overlay for sets of publications (each set is what one case cites)."""
    smoother = Smoother(read.book, read.diseases, read.space, orphanet=orphanet)
    rows: dict[Publications, dict[int, int]] = {}
    profiles, direct, diseases = [], [], list(pack.diseases)
    emptied = set()
    for cited in dict.fromkeys(publications):
        touched = sorted({d for reference in cited for d in read.book.cited_by.get(reference, ())})
        for disease in touched:
            number = pack.disease_number.get(disease)
            if number is None:
                continue
            rows.setdefault(cited, {})[number] = len(diseases)
            own = read.book.direct(disease, cited)
            if not own:
                emptied.add(len(diseases))
            profiles.append(smoother.profile(pack.diseases[number], cited))
            direct.append(own)
            diseases.append(pack.diseases[number])
    return Overlay(_appended(pack, profiles, direct, diseases), rows, frozenset(emptied))


def _appended(pack, profiles, direct, diseases):  # type: ignore[no-untyped-def]
    old = len(pack.diseases)
    extra = transpose(profiles, len(pack.terms))
    postings = [
        {
            **dict(zip(*pack.postings.row(t), strict=True)),
            **{int(d) + old: f for d, f in zip(*extra.row(t), strict=True)},
        }
        for t in range(len(pack.terms))
    ]
    own = [dict(zip(*pack.direct.row(d), strict=True)) for d in range(old)]
    return replace(pack, diseases=tuple(diseases), postings=to_csr(postings), direct=to_csr([*own, *direct]))
