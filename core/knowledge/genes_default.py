"""The default gene tables: pypgx's, with newer CPIC facts over them where a build of the program carries such a file.

pypgx carries older allele definitions (48 of 338 RYR1 variants, former G6PD names). No such file is part of the sources: who
packages the program may write it from a release (`main.py knowledge build genes --from DIR --ship`); a hospital uses
`--from DIR` alone.
"""

from pathlib import Path

import msgspec

from core.errors import Unreadable
from core.knowledge.genes import FORMAT, Gene, Tables, newest
from core.knowledge.genes_pypgx import tables as pypgx_tables
from core.paths import RESOURCES

FILE = RESOURCES / "knowledge" / "genes" / "cpic.json"
SOURCE = "CPIC allele definitions and functionality (CC0) over pypgx tables (MIT)"
_ELSEWHERE = {"MT-RNR1"}
"""Genes that the release does not hold: pypgx's own tables serve."""


class Shipped(msgspec.Struct, frozen=True):
    """What `cpic.json` holds."""

    format: int
    version: str
    source: str
    licence: str
    url: str
    genes: tuple[Gene, ...]


def shipped() -> Shipped | None:
    """The shipped facts, None where this build carries none. Raises `Unreadable` where the file is damaged."""
    if not FILE.exists():
        return None
    try:
        found = msgspec.json.decode(FILE.read_bytes(), type=Shipped)
    except (OSError, msgspec.MsgspecError) as error:
        raise Unreadable(f"{FILE.name} cannot be read: {error}.", "Install the program again.") from error
    if found.format != FORMAT:
        raise Unreadable(f"{FILE.name} has format {found.format}, not {FORMAT}.", "Install the program again.")
    return found


def tables(folder: Path | None = None) -> Tables:
    """pypgx's tables (`folder`: where they lie), each gene of the shipped facts in the place of pypgx's."""
    base, over = pypgx_tables(folder), shipped()
    if over is None:
        return base
    newer = {gene.symbol: gene for gene in over.genes}
    genes = tuple(newer.get(gene.symbol, gene) for gene in base.genes)
    return Tables(FORMAT, f"pypgx-{base.version}-cpic-{over.version}", SOURCE, genes, base.advice, base.lifted)


def name() -> str:
    """The folder of the default pack."""
    made = tables()
    return f"genes-{made.version}-f{FORMAT}"


def is_built() -> bool:
    """Whether the newest pack is a hospital's release, or the default of this version of the program."""
    found = newest()
    return found is not None and ("pypgx" not in found.name or found.name == name())


def write(made: Tables, target: Path = FILE) -> int:
    """Write the facts of a release's tables to ship them; returns how many genes.

    Left out: genes that a release lacks, and preferences between equal pairs (not CPIC's but one program's own).
    """
    kept = tuple(msgspec.structs.replace(gene, picks=()) for gene in made.genes if gene.symbol not in _ELSEWHERE)
    found = Shipped(
        FORMAT, made.version, "CPIC allele definition, functionality and phenotype tables", "CC0-1.0",
        "https://cpicpgx.org/genes-drugs/", kept,
    )  # fmt: skip
    part = target.with_suffix(".part")
    part.write_bytes(_lines(found))
    part.replace(target)
    return len(kept)


def _lines(found: Shipped) -> bytes:
    """JSON with a line for each site and allele, so that a change can be read."""
    plain = msgspec.to_builtins(found)
    genes = plain.pop("genes")
    head = msgspec.json.encode(plain)[:-1]
    return head + b',\n"genes":[\n' + b",\n".join(_gene(gene) for gene in genes) + b"\n]}\n"


def _gene(gene: dict[str, object]) -> bytes:
    parts = []
    for key, value in gene.items():
        if isinstance(value, list | tuple) and key in {"sites", "alleles"}:
            rows = b",\n ".join(msgspec.json.encode(row) for row in value)
            parts.append(msgspec.json.encode(key) + b":[\n " + rows + b"]")
        else:
            parts.append(msgspec.json.encode(key) + b":" + msgspec.json.encode(value))
    return b"{" + b",\n".join(parts) + b"}"
