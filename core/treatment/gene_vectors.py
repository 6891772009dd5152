"""Test vectors of a peer's suite -> variants to call. The operations are those of its own builder of test files:
all positions of each named gene are reference unless a step says otherwise.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.domain.record import Sex, Variant
from core.errors import UserError
from core.knowledge.genes import Gene, GenePack, Site
from core.knowledge.genes_call import Options, OutsideCall
from core.records.vcf import read as read_vcf


@dataclass(slots=True)
class Sheet:
    """A test file being built: variants by (gene, site), and how they are written."""

    pack: GenePack
    rows: dict[tuple[str, int], Variant] = field(default_factory=dict)
    more: list[Variant] = field(default_factory=list)
    first: list[Variant] = field(default_factory=list)
    joint: str = "/"
    sex: Sex = Sex.UNKNOWN

    def gene(self, symbol: str) -> Gene:
        """The gene, all of whose sites are then reference."""
        gene = self.pack.genes.get(symbol)
        if gene is None or not gene.sites:
            raise UserError(f"The pack has no sites of {symbol}.")
        if not any(key[0] == symbol for key in self.rows):
            for index, site in enumerate(gene.sites):
                self.rows[symbol, index] = self.variant(gene, site, (site.ref, site.ref))
        return gene

    def variant(self, gene: Gene, site: Site, names: Iterable[str], phase_set: str = "") -> Variant:
        """A row of one site with the named bases."""
        bases = [b if b == "." else site.bases(b) for b in names]
        if self.sex is Sex.MALE and gene.chromosome == "X":
            bases = bases[:1]
        alternates = list(dict.fromkeys(b for b in bases if b not in {site.ref, "."})) or list(site.alts[:1])
        order = [site.ref, *alternates]
        genotype = self.joint.join("." if b == "." else str(order.index(b)) for b in bases)
        return Variant(
            "", gene.symbol, (), genotype=genotype, assembly="GRCh38", chromosome=gene.chromosome,
            position=site.position, reference=site.ref, alternate=",".join(alternates), rsid=site.rsid,
            phase_set=phase_set,
        )  # fmt: skip


def vectors(folder: Path) -> list[dict[str, Any]]:
    """All vectors of a folder. Raises `UserError` where there are none."""
    files = sorted(folder.glob("**/test_vectors*.json"))
    if not files:
        raise UserError(f"{folder} holds no test_vectors*.json.", "Give the folder that has them.")
    return [vector for file in files for vector in json.loads(file.read_text("utf-8"))]


def variants_of(vector: dict[str, Any], pack: GenePack, folder: Path) -> tuple[tuple[Variant, ...], Sex]:
    """The variants a vector describes, by its steps or by the file it names."""
    if vector.get("vcf"):
        path = _file(folder, vector["vcf"])
        return read_vcf(path.read_bytes(), path.name).records[0].variants, Sex.UNKNOWN
    sheet = Sheet(pack)
    steps = vector.get("ops", [])
    for step in steps:
        if step[0] in {"male", "female"}:
            sheet.sex = Sex(step[0])
        if step[0] == "phased":
            sheet.joint = "|"
    for step in steps:
        _step(sheet, step)
    return (*sheet.first, *sheet.rows.values(), *sheet.more), sheet.sex


def _file(folder: Path, name: str) -> Path:
    tail = name.split("haplotype/")[-1]
    found = next(iter(sorted(folder.glob(f"**/{tail}"))), None)
    if found is None:
        raise UserError(f"{tail} is not in {folder}.")
    return found


def _step(sheet: Sheet, step: list[Any]) -> None:
    kind, rest = step[0], step[1:]
    if kind in {"male", "female", "phased", "allowUnknownAllele"}:
        return
    gene = sheet.gene(rest[0])
    if kind == "reference":
        return
    if kind in {"missing", "missingExtraPosition"}:
        for rsid in rest[1:]:
            sheet.rows.pop((gene.symbol, _site(gene, rsid)), None)
    elif kind in {"variation", "extraPosition"}:
        place, names = (rest[2], rest[3:]) if str(rest[1]).startswith("chr") else (rest[1], rest[2:])
        index = _site(gene, place)
        sheet.rows[gene.symbol, index] = sheet.variant(gene, gene.sites[index], names)
    elif kind == "variationInPhaseSet":
        index = _site(gene, rest[1])
        sheet.rows[gene.symbol, index] = sheet.variant(gene, gene.sites[index], rest[3:], str(rest[2]))
    elif kind == "duplicatePosition":
        index = _site(gene, rest[1])
        sheet.more.append(sheet.variant(gene, gene.sites[index], rest[2:]))
    elif kind in {"variationAsIs", "duplicatePositionAsIs"}:
        _as_is(sheet, gene, kind, rest)
    else:
        raise UserError(f"The step {kind!r} is not known.")


def _as_is(sheet: Sheet, gene: Gene, kind: str, rest: list[Any]) -> None:
    _, chromosome, position, genotype, reference, *alternates = rest
    row = Variant(
        "", gene.symbol, (), genotype=genotype, assembly="GRCh38", chromosome=str(chromosome).removeprefix("chr"),
        position=int(position), reference=reference, alternate=",".join(alternates),
    )  # fmt: skip
    if kind == "duplicatePositionAsIs":
        sheet.more.append(row)
        return
    for index, site in enumerate(gene.sites):
        if site.position == row.position:
            del sheet.rows[gene.symbol, index]
    sheet.first.append(row)


def _site(gene: Gene, place: Any) -> int:
    """A site by rsID or position."""
    for index, site in enumerate(gene.sites):
        if place in (site.rsid, site.position) or str(place) == str(site.position):
            return index
    raise UserError(f"{gene.symbol} has no site {place} in this pack.")


def options_of(vector: dict[str, Any]) -> Options:
    """How the peer's test asks for the call."""
    if vector["level"] == "matcher":
        words = [str(w) for w in vector.get("matcher_args", [])]
        best = bool(words) and words[0] == "true"
        return Options(all_pairs=not best, cyp2d6="CYP2D6" in vector.get("genes", ()))
    flags = [
        w.strip() == "true" for w in str(vector.get("wrapper_args") or "").split(",") if w.strip() in {"true", "false"}
    ]
    if len(flags) < 2:
        return Options(all_pairs=bool(flags and flags[0]))
    combinations, all_pairs, cyp2d6 = (*flags, False)[:3]
    return Options(all_pairs, combinations, cyp2d6)


def outside_of(vector: dict[str, Any]) -> tuple[OutsideCall, ...]:
    """Calls made elsewhere, tab-separated as in the peer's files; a line without a gene is no call."""
    found = []
    for line in vector.get("outside_calls", ()):
        for row in line.replace("\\t", "\t").replace("\\n", "\n").splitlines():
            parts = row.split("\t")
            if len(parts) > 1 and parts[0] and not row.startswith("#"):
                gene, diplotype, phenotype, activity = (*parts, "", "", "")[:4]
                found.append(OutsideCall(gene.strip(), diplotype.strip(), phenotype.strip(), activity.strip()))
    return tuple(found)
