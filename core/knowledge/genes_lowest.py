"""Genes read variant by variant: DPYD, RYR1 and MT-RNR1. What counts is the lowest function on each copy of the gene.

CPIC (Amstutz 2018, PMID 29152729; Gonsalves 2019, PMID 30499100): each variant is listed, phased variants by copy, and
the gene result comes from the two variants with the lowest function. c.1129-5923C>G causes the loss in DPYD's HapB3;
c.1236G>A travels with it and stands in for it only where the intronic site was not read.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from core.knowledge.genes import Gene, natural
from core.knowledge.genes_match import Genotype, alleles_on, blocks, joined

_MOST_BLOCKS = 8
HAPB3 = "c.1129-5923C>G, c.1236G>A (HapB3)"
INTRONIC = "c.1129-5923C>G"
_EXON, _INTRON = "rs56038477", "rs75017182"


@dataclass(frozen=True, slots=True)
class Variants:
    """What was found: each possible pair of copies (tuples of allele names), or, where they cannot be told apart, one list.

    `chosen` are the pairs (two names) that decide the gene result, worst first; `listed` names with how often each is there.
    """

    copies: tuple[tuple[tuple[str, ...], ...], ...]
    listed: tuple[tuple[str, int], ...]
    chosen: tuple[str, ...]
    partly_missing: bool


def read(gene: Gene, genotypes: dict[int, Genotype]) -> Variants | None:
    """All variants of the gene, or None where nothing was called."""
    called = {i: g for i, g in genotypes.items() if not gene.sites[i].extra and any(b is not None for b in g.bases)}
    if not called:
        return None
    partly = any(not g.complete for g in called.values())
    phase = blocks({i: g for i, g in called.items() if _varies(gene, i, g)})
    unphased = any(not called[block[0]].block for block in phase)
    if len(phase) > 1 and (unphased or len(phase) > _MOST_BLOCKS):
        listed = _listed(gene, called)
        return Variants((), listed, _two_lowest(gene, listed), partly)
    found = []
    for turned in itertools.product((0, 1), repeat=max(0, len(phase) - 1)):
        strands = _strands(called, phase, (0, *turned))
        found.append(tuple(tuple(sorted(_on(gene, strand), key=natural)) for strand in strands))
    ordered = {tuple(sorted(pair, key=_copy_order)) for pair in found}
    copies = tuple(sorted(ordered, key=lambda pair: [_copy_order(copy) for copy in pair]))
    ranked = sorted(copies, key=lambda pair: sum(rank(gene, _lowest(gene, c)) for c in pair))
    return Variants(copies, (), tuple(_lowest(gene, c) for c in ranked[0]), partly)


def _copy_order(copy: Sequence[str]) -> list[tuple[tuple[int, int, str], ...]]:
    return [natural(n) for n in copy]


def name(gene: Gene, pair: Sequence[Sequence[str]]) -> str:
    """ "Reference/[a + b]"."""
    reference = gene.alleles[0].name
    return "/".join(joined(list(copy), reference) for copy in pair)


def rank(gene: Gene, allele: str) -> float:
    """The function an allele leaves: 0 none, 0.5 decreased, 1 normal; unknown lies below normal and above decreased."""
    found = gene.allele(allele)
    if found is None:
        return 0.9
    if found.activity:
        return float(found.activity) if found.activity.replace(".", "", 1).isdigit() else 0.9
    words = found.function.lower()
    if "malignant" in words or "no function" in words or "increased risk" in words:
        return 0.0
    return 1.0 if "normal" in words else 0.9


def _varies(gene: Gene, index: int, genotype: Genotype) -> bool:
    return any(base is not None and base != gene.sites[index].ref for base in genotype.bases)


def _strands(called: dict[int, Genotype], phase: list[list[int]], turned: Sequence[int]) -> list[dict[int, str]]:
    turn = {index: turned[number] for number, block in enumerate(phase) for index in block}
    copies = max(len(g.bases) for g in called.values())
    strands: list[dict[int, str]] = [{} for _ in range(copies)]
    for index, genotype in called.items():
        for copy in range(min(copies, len(genotype.bases))):
            base = genotype.bases[copy ^ turn.get(index, 0) if len(genotype.bases) > 1 else copy]
            if base is not None:
                strands[copy][index] = base
    return strands


def _on(gene: Gene, strand: dict[int, str]) -> list[str]:
    """Alleles of one copy."""
    exon, intron = _hapb3_sites(gene)
    rest = {i: base for i, base in strand.items() if i not in {exon, intron}}
    parts, left = alleles_on(gene, rest)
    parts += [gene.sites[i].hgvs or str(gene.sites[i].position) for i in left]
    has_exon = exon in strand and strand[exon] != gene.sites[exon].ref
    if intron in strand:
        if strand[intron] != gene.sites[intron].ref:
            parts.append(HAPB3 if has_exon else INTRONIC)
    elif has_exon:
        parts.append(HAPB3)
    return parts


def _hapb3_sites(gene: Gene) -> tuple[int, int]:
    if gene.symbol != "DPYD":
        return -1, -1
    by_rsid = {site.rsid: i for i, site in enumerate(gene.sites)}
    return by_rsid.get(_EXON, -1), by_rsid.get(_INTRON, -1)


def _listed(gene: Gene, called: dict[int, Genotype]) -> tuple[tuple[str, int], ...]:
    """Each variant with its number of copies, where strands are unknown; HapB3's two sites as one where possible."""
    exon, intron = _hapb3_sites(gene)
    counts: dict[str, int] = {}
    for index, genotype in called.items():
        if index in {exon, intron}:
            continue
        for base in genotype.bases:
            if base is not None and base != gene.sites[index].ref:
                found, left = alleles_on(gene, {index: base})
                part = found[0] if found else gene.sites[left[0]].hgvs
                counts[part] = counts.get(part, 0) + 1
    in_exon, in_intron = (_count(gene, called, i) for i in (exon, intron))
    together = in_exon if intron not in called else min(in_exon, in_intron)
    for part, count in ((HAPB3, together), (INTRONIC, in_intron - together if intron in called else 0)):
        if count > 0:
            counts[part] = count
    return tuple(sorted(counts.items(), key=lambda item: natural(item[0])))


def _count(gene: Gene, called: dict[int, Genotype], index: int) -> int:
    if index not in called:
        return 0
    return sum(1 for base in called[index].bases if base is not None and base != gene.sites[index].ref)


def _lowest(gene: Gene, copy: Sequence[str]) -> str:
    return min(copy, key=lambda n: rank(gene, n), default=gene.alleles[0].name)


def _two_lowest(gene: Gene, listed: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """The two copies that decide: variants of reduced function are taken to lie on different copies, as CPIC does."""
    reduced = [n for n, count in listed for _ in range(count) if rank(gene, n) < 1.0]
    reference = gene.alleles[0].name
    two = [*sorted(reduced, key=lambda n: rank(gene, n))[:2], reference, reference][:2]
    return tuple(sorted(two, key=natural))
