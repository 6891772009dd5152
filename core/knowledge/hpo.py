"""The rare-disease pack: an index built once from an HPO release, loaded in a fraction of a second.

`build(hp.obo, phenotype.hpoa, genes_to_phenotype.txt)` writes `<packs>/rare-<hpo date>-<format>/`; `load()` maps it back.
The pack holds, for each OMIM disease, its annotations with frequencies, smoothed by what is known of its Orphanet
counterpart and of its siblings (same gene or numbered series), propagated up the ontology.
"""

import functools
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Version
from core.errors import UserError
from core.paths import packs

FORMAT = 4

_TABLES = ("ancestors", "descendants", "postings", "picture")

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Csr:
    """Rows of varying length: row i is `values[start[i]:start[i + 1]]`, with `weights` beside them when given."""

    start: Ints
    values: Ints
    weights: Floats

    def row(self, i: int) -> tuple[Ints, Floats]:
        """Values and weights of row i."""
        a, b = int(self.start[i]), int(self.start[i + 1])
        return self.values[a:b], self.weights[a:b]


@dataclass(frozen=True, slots=True)
class TermNames:
    """Names of one term, for search and for reading notes."""

    id: str
    name: str
    zh: str
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disease:
    """One OMIM disease: its name, gene symbols, Orphanet codes and which sibling group it belongs to."""

    id: str
    name: str
    genes: tuple[str, ...]
    orpha: tuple[str, ...]
    series: str


@dataclass(frozen=True, slots=True, eq=False)
class RarePack:
    """The loaded index. Term and disease numbers index every array.

    `ancestors` (terms x ancestors, self first) covers phenotypic abnormalities only, `descendants` is its transpose;
    `postings` (terms x diseases) holds propagated frequencies with what is borrowed from Orphanet and siblings;
    `picture` (diseases x terms) the annotations themselves, own and Orphanet's, with their frequency;
    `background` is the share of diseases, weighted by frequency, that show a term.
    """

    version: Version
    hpoa_version: str
    terms: tuple[TermNames, ...]
    diseases: tuple[Disease, ...]
    replaced: dict[str, str]
    ancestors: Csr
    descendants: Csr
    postings: Csr
    picture: Csr
    background: Floats
    number: dict[str, int]
    disease_number: dict[str, int]
    of_gene: dict[str, tuple[int, ...]]

    def term(self, code: str) -> int | None:
        """The number of a term by its current, alternative or retired id; None when unknown."""
        found = self.number.get(code)
        return found if found is not None else self.number.get(self.replaced.get(code, ""))


def by_gene(diseases: Sequence[Disease]) -> dict[str, tuple[int, ...]]:
    """Gene symbol -> numbers of its diseases."""
    out: dict[str, tuple[int, ...]] = {}
    for i, disease in enumerate(diseases):
        for gene in disease.genes:
            out[gene] = (*out.get(gene, ()), i)
    return out


class _Meta(msgspec.Struct, frozen=True):
    format: int
    version: str
    hpoa_version: str
    sha256: str
    terms: tuple[TermNames, ...]
    diseases: tuple[Disease, ...]
    replaced: dict[str, str]


def save(pack: RarePack, folder: Path) -> None:
    """Write a pack whole or not at all: into a temporary folder, then renamed."""
    temporary = folder.with_name(folder.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)  # what an interrupted build left
    temporary.mkdir(parents=True)
    meta = _Meta(
        format=FORMAT,
        version=pack.version.version,
        hpoa_version=pack.hpoa_version,
        sha256=pack.version.sha256,
        terms=pack.terms,
        diseases=pack.diseases,
        replaced=pack.replaced,
    )
    (temporary / "meta.msgpack").write_bytes(msgspec.msgpack.encode(meta))
    arrays: dict[str, NDArray[np.generic]] = {"background": pack.background}
    for name in _TABLES:
        csr: Csr = getattr(pack, name)
        arrays |= {f"{name}_start": csr.start, f"{name}_values": csr.values, f"{name}_weights": csr.weights}
    for name, array in arrays.items():
        np.save(temporary / f"{name}.npy", array)
    (temporary / "about.json").write_text(
        json.dumps({"format": FORMAT, "hpo": pack.version.version, "hpoa": pack.hpoa_version}, indent=1), "utf-8"
    )
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    temporary.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _mapped(path: Path) -> NDArray[Any]:
    """An array left in its file: what a note does not ask for takes no memory. Windows would not let a new pack take the
    place of a mapped one: there it is read."""
    return np.asarray(np.load(path, mmap_mode="r" if os.name == "posix" else None))


def read(folder: Path) -> RarePack:
    """The pack of a folder. Raises `UserError` when it is of another format."""
    try:
        meta = msgspec.msgpack.decode((folder / "meta.msgpack").read_bytes(), type=_Meta)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(
            f"The rare-disease pack {folder.name} is damaged: {error}.", "Run: main.py knowledge build rare"
        ) from error
    if meta.format != FORMAT:
        raise UserError(
            f"The rare-disease pack {folder.name} is of another format.", "Run: main.py knowledge build rare"
        )

    def csr(name: str) -> Csr:
        return Csr(*(_mapped(folder / f"{name}_{part}.npy") for part in ("start", "values", "weights")))

    return RarePack(
        version=Version("hpo-rare", meta.version, meta.sha256),
        hpoa_version=meta.hpoa_version,
        terms=meta.terms,
        diseases=meta.diseases,
        replaced=meta.replaced,
        ancestors=csr("ancestors"),
        descendants=csr("descendants"),
        postings=csr("postings"),
        picture=csr("picture"),
        background=np.load(folder / "background.npy"),
        number={t.id: i for i, t in enumerate(meta.terms)},
        disease_number={d.id: i for i, d in enumerate(meta.diseases)},
        of_gene=by_gene(meta.diseases),
    )


def newest(folder: Path | None = None) -> Path | None:
    """The newest rare pack of this format in the packs folder, or None."""
    found = sorted((folder or packs()).glob(f"rare-*-f{FORMAT}"))
    found = [p for p in found if (p / "meta.msgpack").is_file()]
    return found[-1] if found else None


@functools.cache
def _cached(folder: Path) -> RarePack:
    return read(folder)


@functools.lru_cache(maxsize=4)
def _newest_at(folder: Path, changed: int) -> Path | None:
    """`newest` of a packs folder as it was when last changed (ns): looking through it takes longer than asking when."""
    return newest(folder)


def load() -> RarePack:
    """The newest pack, read once a process. Raises `UserError` when none has been built."""
    where = packs()
    folder = _newest_at(where, where.stat().st_mtime_ns) if where.is_dir() else None
    if folder is None:
        raise UserError("The rare-disease pack has not been built.", "Run: main.py knowledge build rare")
    return _cached(folder)
