"""Genotypes at a gene's sites -> the pairs of named alleles that could have made them.

Written from the published method of CPIC's own matcher (PharmCAT, "Named Allele Matcher 101/201"): an allele is the
reference base wherever its row is open, sites without a call are dropped from every allele and said so, and a pair scores
the number of sites that define its two alleles. Here pairs are tested directly against phase blocks, not by permuting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.knowledge.genes import Allele, Gene, natural

Call = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Genotype:
    """The bases called at one site, one entry a chromosome copy (None: not called), and the phase block ("": unphased)."""

    bases: Call
    block: str = ""

    @property
    def complete(self) -> bool:
        """Every copy was called."""
        return bool(self.bases) and None not in self.bases

    @property
    def heterozygous(self) -> bool:
        """Copies differ."""
        return len(set(self.bases)) > 1


@dataclass(frozen=True, slots=True)
class Match:
    """A pair of alleles (one on a single copy) with its score."""

    alleles: tuple[str, ...]
    score: int

    @property
    def name(self) -> str:
        """ "*1/*2"."""
        return "/".join(self.alleles)


@dataclass(frozen=True, slots=True)
class _Fit:
    """An allele's fit: bit i of `first` (`second`) says that it fits the first (second) strand of block i."""

    allele: Allele
    score: int
    first: int
    second: int


def blocks(genotypes: dict[int, Genotype]) -> list[list[int]]:
    """Heterozygous sites, grouped by what is known to lie on one strand."""
    grouped: dict[str, list[int]] = {}
    for index, genotype in sorted(genotypes.items()):
        if genotype.heterozygous:
            grouped.setdefault(genotype.block or f"site {index}", []).append(index)
    return list(grouped.values())


def match(gene: Gene, genotypes: dict[int, Genotype], *, all_pairs: bool = False) -> tuple[Match, ...]:
    """The best-scoring pairs (with `all_pairs` every possible one), best first. Only complete genotypes count."""
    called = {i: g for i, g in genotypes.items() if g.complete and not gene.sites[i].extra}
    if not called or any(site.position in gene.required and i not in called for i, site in enumerate(gene.sites)):
        return ()
    copies = min(len(g.bases) for g in called.values())
    phase = blocks(called)
    fits = [fit for allele in gene.alleles if (fit := _fit(gene, allele, called, phase)) is not None]
    if copies == 1:
        found = [Match((f.allele.name,), f.score) for f in fits]
    else:
        found = _pairs(fits, (1 << len(phase)) - 1)
    found.sort(key=lambda m: (-m.score, [natural(a) for a in m.alleles]))
    unique: dict[tuple[str, ...], Match] = {}  # sub-alleles share their core allele's name
    for pair in found:
        unique.setdefault(pair.alleles, pair)
    found = list(unique.values())
    if all_pairs:
        return tuple(found)
    picked = _picked(gene, found) if len(phase) > 1 else None
    return (picked,) if picked else tuple(m for m in found if m.score == found[0].score)


def _fit(gene: Gene, allele: Allele, called: dict[int, Genotype], phase: list[list[int]]) -> _Fit | None:
    score = sum(1 for index in allele.bases if index in called)
    if score == 0 and allele is not gene.alleles[0]:
        return None
    if allele is gene.alleles[0]:
        score = len(called)

    def fits(index: int, strand: int) -> bool:
        base = called[index].bases[min(strand, len(called[index].bases) - 1)]
        if index in allele.free:
            return base == gene.sites[index].ref or base in gene.sites[index].alts
        return base in allele.bases.get(index, (gene.sites[index].ref,))

    if not all(fits(index, 0) for index, genotype in called.items() if not genotype.heterozygous):
        return None
    first = sum(1 << bit for bit, block in enumerate(phase) if all(fits(index, 0) for index in block))
    second = sum(1 << bit for bit, block in enumerate(phase) if all(fits(index, 1) for index in block))
    return _Fit(allele, score, first, second) if (first | second) == (1 << len(phase)) - 1 else None


def _pairs(fits: Sequence[_Fit], every: int) -> list[Match]:
    found = []
    for i, a in enumerate(fits):
        for b in fits[i:]:
            if (a.first & b.second) | (a.second & b.first) == every:
                names = sorted((a.allele.name, b.allele.name), key=natural)
                found.append(Match((names[0], names[1]), a.score + b.score))
    return found


def _picked(gene: Gene, found: Sequence[Match]) -> Match | None:
    """Where the release says which of several unphased pairs is meant (NAT2, by how common they are), that one."""
    by_name = {m.name: m for m in found}
    for listed, pick in sorted(gene.picks, key=lambda p: -len(p[0])):
        if by_name.keys() >= set(listed):
            return by_name[pick]
    return None


def combine(gene: Gene, genotypes: dict[int, Genotype]) -> tuple[Match, ...]:
    """Pairs of combined and partial alleles, for research: "[*6 + *14]/*13", "*2/[*17 + g.94781859G>A]".

    Only where no pair of defined alleles fits, and only where the two strands are known (at most one block).
    """
    called = {i: g for i, g in genotypes.items() if g.complete and not gene.sites[i].extra}
    phase = blocks(called)
    if not called or len(phase) > 1:
        return ()
    copies = min(len(g.bases) for g in called.values())
    strands = [strand_name(gene, {i: str(g.bases[s]) for i, g in called.items()}) for s in range(copies)]
    return (Match(tuple(sorted(strands, key=natural)), 0),)


def strand_name(gene: Gene, strand: dict[int, str]) -> str:
    """The alleles that one strand carries, and what is left over."""
    parts, left = alleles_on(gene, strand)
    parts = sorted(parts, key=natural) + [gene.sites[i].hgvs or f"{gene.sites[i].position}{strand[i]}" for i in left]
    return joined(parts, gene.alleles[0].name)


def joined(parts: Sequence[str], reference: str) -> str:
    """ "[a + b]", or the one name, or the reference."""
    if not parts:
        return reference
    return parts[0] if len(parts) == 1 else f"[{' + '.join(parts)}]"


def alleles_on(gene: Gene, strand: dict[int, str]) -> tuple[list[str], list[int]]:
    """Defined alleles whose every base the strand carries (largest first, each variant used once), and variants left."""
    varied = {i for i, base in strand.items() if base != gene.sites[i].ref}
    parts: list[str] = []
    for allele in sorted(gene.alleles[1:], key=lambda a: -len(a.bases)):
        owned = {i for i, allowed in allele.bases.items() if gene.sites[i].ref not in allowed and i in strand}
        whole = owned and all(strand[i] in allele.bases[i] for i in owned)
        if whole and owned <= varied and all(i in strand for i in _varying(gene, allele)):
            parts.append(allele.name)
            varied -= owned
    return parts, sorted(varied)


def _varying(gene: Gene, allele: Allele) -> Iterable[int]:
    return (i for i, allowed in allele.bases.items() if gene.sites[i].ref not in allowed)
