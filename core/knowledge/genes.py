"""The gene pack: allele definitions, functions, phenotypes and recommendations, built once from a published release.

A pack is one folder `<packs>/genes-<version>-f<format>/` with `genes.json` and `about.json`. Alleles are kept as plus-strand
GRCh38 bases, written as in VCF 4.x; what a row of the published table leaves open is the reference base (CPIC's reading).
"""

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.domain.basics import Citation, Version
from core.errors import UserError
from core.paths import packs

FORMAT = 2
IUPAC = {
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC", "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG",
}  # fmt: skip


class Site(msgspec.Struct, frozen=True):
    """A place that decides about an allele: position (1-based, GRCh38), bases as in VCF, and the names CPIC gives them."""

    position: int
    ref: str
    alts: tuple[str, ...]
    rsid: str = ""
    hgvs: str = ""
    names: dict[str, str] = {}
    extra: bool = False
    """Named in a guideline beside the alleles (rs12777823): reported, never part of an allele."""

    def bases(self, name: str) -> str:
        """The VCF bases of CPIC's name for them ("TA(8)" -> "CATAT"); the name itself where it is none of CPIC's."""
        return self.names.get(name, name)


class Allele(msgspec.Struct, frozen=True):
    """A named allele: index of a site -> the bases it allows. Sites that are not named carry the reference base."""

    name: str
    bases: dict[int, tuple[str, ...]]
    function: str = ""
    activity: str = ""
    free: tuple[int, ...] = ()
    """Sites at which the source says nothing of this allele: any base fits, and none counts."""


class Gene(msgspec.Struct, frozen=True):
    """One gene's tables. `alleles[0]` is the reference allele of GRCh38. `kind` says how it is read (`genes_call`).

    `pairs` is keyed by the two alleles' keys (function or activity value), sorted and joined by "|".
    """

    symbol: str
    chromosome: str
    sites: tuple[Site, ...]
    alleles: tuple[Allele, ...]
    kind: str = "star"
    required: tuple[int, ...] = ()
    picks: tuple[tuple[tuple[str, ...], str], ...] = ()
    pairs: dict[str, tuple[str, str]] = {}
    exact: dict[str, tuple[str, str]] = {}
    scores: tuple[tuple[float, float, str], ...] = ()
    """Activity score from, up to (exclusive) -> phenotype, where the source gives ranges instead of a table."""
    unknown_is_reference: bool = False

    def allele(self, name: str) -> Allele | None:
        """The allele of that name."""
        return next((a for a in self.alleles if a.name == name), None)


class Advice(msgspec.Struct, frozen=True):
    """One recommendation: what it says for which gene results, how strongly, and for whom."""

    drug: str
    keys: dict[str, str]
    text: str
    strength: str = ""
    population: str = ""
    implications: tuple[str, ...] = ()
    url: str = ""
    organisation: str = "CPIC"
    level: str = ""


class Tables(msgspec.Struct, frozen=True):
    """What `genes.json` holds."""

    format: int
    version: str
    source: str
    genes: tuple[Gene, ...]
    advice: tuple[Advice, ...] = ()
    lifted: dict[str, int] = {}
    """ "chromosome:GRCh37 position" -> GRCh38 position, where the source gives both."""


@dataclass(frozen=True, slots=True)
class GenePack:
    """A loaded pack. `where` maps (chromosome, position) to the genes and sites there."""

    tables: Tables
    version: Version
    where: Mapping[tuple[str, int], tuple[tuple[str, int], ...]]

    @property
    def genes(self) -> dict[str, Gene]:
        """Gene by symbol."""
        return {gene.symbol: gene for gene in self.tables.genes}

    @property
    def citation(self) -> Citation:
        """The release that the pack was built from."""
        return Citation(self.tables.source, version=self.tables.version, url="https://cpicpgx.org")


def pack_of(tables: Tables, sha256: str = "") -> GenePack:
    """Index tables."""
    where: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for gene in tables.genes:
        for index, site in enumerate(gene.sites):
            where.setdefault((gene.chromosome, site.position), []).append((gene.symbol, index))
    version = Version("genes", tables.version, sha256)
    return GenePack(tables, version, {key: tuple(value) for key, value in where.items()})


def save(tables: Tables, folder: Path, about: Mapping[str, object]) -> None:
    """Write a pack: all of it, or nothing of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (
        ("genes.json", msgspec.json.encode(tables)),
        ("about.json", json.dumps(about, ensure_ascii=False, indent=1).encode()),
    ):
        part = folder / f"{name}.part"
        part.write_bytes(data)
        part.replace(folder / name)


def load(folder: Path) -> GenePack:
    """Load a pack's folder. Raises `UserError` where it is damaged or of another format."""
    return _load(folder, (folder / "genes.json").stat().st_mtime_ns if (folder / "genes.json").exists() else 0)


@functools.lru_cache(maxsize=4)
def _load(folder: Path, _changed: int) -> GenePack:
    import hashlib

    try:
        data = (folder / "genes.json").read_bytes()
        tables = msgspec.json.decode(data, type=Tables)
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"The gene pack {folder.name} cannot be read ({error}).", f"Run: {BUILD}") from error
    if tables.format != FORMAT:
        raise UserError(f"The gene pack {folder.name} has format {tables.format}, not {FORMAT}.", f"Run: {BUILD}")
    return pack_of(tables, hashlib.sha256(data).hexdigest())


BUILD = "main.py knowledge build genes"


def newest() -> Path | None:
    """The pack to use: a release that somebody built goes before the one made at set-up, a newer before an older."""
    found = [p.parent for p in packs().glob(f"genes-*-f{FORMAT}/genes.json")]
    return max(found, key=lambda p: ("pypgx" not in p.name, "-cpic-" in p.name, p.name), default=None)


def installed() -> GenePack:
    """The newest pack. Raises `UserError` where none was built."""
    folder = newest()
    if folder is None:
        raise UserError("The gene tables are not there.", f"Run: {BUILD}")
    return load(folder)


def expand(bases: str) -> tuple[str, ...]:
    """Bases that an IUPAC code stands for ("Y" -> C, T); other text as it is."""
    return tuple(IUPAC[bases]) if bases in IUPAC else (bases,)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key: *2 before *10, c.85 before c.496; the reference first."""
    if name.lower() in {"reference", "b (reference)"}:
        return ()
    parts = re.findall(r"\d+|\D+", name)
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)


def pair_key(keys: Iterable[str]) -> str:
    """The key of two alleles' functions or activity values, whichever way round."""
    return "|".join(sorted(keys))
