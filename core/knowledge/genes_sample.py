"""Variants as read from a VCF -> genotypes at the sites of a pack. What disagrees with the tables is left out and said."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.domain.basics import Label
from core.domain.record import Sex, Variant
from core.knowledge.genes import Gene, GenePack, Site
from core.knowledge.genes_match import Genotype


@dataclass(slots=True)
class Sample:
    """Genotypes by gene and site, notes by gene."""

    genotypes: dict[str, dict[int, Genotype]] = field(default_factory=dict)
    notes: dict[str, list[Label]] = field(default_factory=dict)


def trimmed(position: int, reference: str, alternate: str) -> tuple[int, str, str]:
    """A change without the bases that both sides share, so that one change has one spelling (no left-alignment)."""
    while len(reference) > 1 and len(alternate) > 1 and reference[-1] == alternate[-1]:
        reference, alternate = reference[:-1], alternate[:-1]
    while len(reference) > 1 and len(alternate) > 1 and reference[0] == alternate[0]:
        reference, alternate, position = reference[1:], alternate[1:], position + 1
    return position, reference, alternate


def chromosome_of(text: str) -> str:
    """ "chr10" -> "10", "chrM" -> "M"."""
    name = text.removeprefix("chr")
    return "M" if name == "MT" else name


def genotypes_of(pack: GenePack, variants: Iterable[Variant], sex: Sex = Sex.UNKNOWN) -> Sample:
    """Genotypes of GRCh38 variants. A variant of another assembly is not looked at: who calls refuses or lifts it first."""
    sample = Sample()
    genes = pack.genes
    for variant in variants:
        chromosome = chromosome_of(variant.chromosome)
        for symbol, index in pack.where.get((chromosome, variant.position), ()):
            _place(sample, genes[symbol], index, variant, sex)
    return sample


def _place(sample: Sample, gene: Gene, index: int, variant: Variant, sex: Sex) -> None:
    site = gene.sites[index]
    found = sample.genotypes.setdefault(gene.symbol, {})
    notes = sample.notes.setdefault(gene.symbol, [])
    alleles = _alleles(site, variant)
    if alleles is None:
        if variant.reference != site.ref and not _compatible(site, variant):
            notes.append(_mismatch(site, variant))
        return
    if index in found:
        notes.append(
            Label(
                f"position {site.position} is in the file twice; the first was used",
                f"位点{site.position}重复，取第一个",
            )
        )
        return
    genotype = _genotype(alleles, variant, gene, sex)
    if genotype is None:
        return
    known = {site.ref, *site.alts}
    strange = {b for b in genotype.bases if b is not None and b not in known}
    if strange:
        named = ", ".join(sorted(strange))
        said = " and was read as reference" if gene.unknown_is_reference else ""
        said_zh = "，按参考序列处理" if gene.unknown_is_reference else ""
        notes.append(
            Label(
                f"{named} at position {site.position} is in no definition{said}",
                f"位点{site.position}的{named}未收录{said_zh}",
            )
        )
        if gene.unknown_is_reference:
            genotype = Genotype(tuple(site.ref if b in strange else b for b in genotype.bases), genotype.block)
    found[index] = genotype


def _mismatch(site: Site, variant: Variant) -> Label:
    return Label(
        f"position {site.position}: the file's reference {variant.reference} is not the table's {site.ref}; left out",
        f"位点{site.position}：文件参考碱基{variant.reference}与表中{site.ref}不符，未采用",
    )


def _compatible(site: Site, variant: Variant) -> bool:
    """A record of another change that merely begins at the same base (an insertion beside a substitution)."""
    return site.ref.startswith(variant.reference) or variant.reference.startswith(site.ref)


def _alleles(site: Site, variant: Variant) -> list[str] | None:
    """The record's alleles in the site's spelling; None where the record is about another change."""
    alternates = [a for a in variant.alternate.upper().split(",") if a not in {"", "."}]
    reference = variant.reference.upper()
    if reference == site.ref:
        return [site.ref, *alternates]
    spelled = {trimmed(site.position, site.ref, alt): alt for alt in site.alts}
    keyed = [spelled.get(trimmed(variant.position, reference, a)) for a in alternates]
    if not alternates or not any(keyed):
        return None
    return [site.ref, *(k or a for k, a in zip(keyed, alternates, strict=True))]


def _genotype(alleles: list[str], variant: Variant, gene: Gene, sex: Sex) -> Genotype | None:
    phased = "|" in variant.genotype
    parts = variant.genotype.replace("|", "/").split("/") if variant.genotype else []
    if not parts or all(p == "." for p in parts):
        return None
    bases = tuple(alleles[int(p)] if p.isdigit() and int(p) < len(alleles) else None for p in parts)
    single = (gene.chromosome == "X" and sex is Sex.MALE) or gene.chromosome in {"M", "Y"}
    if single and len(set(bases)) == 1:
        bases = bases[:1]
    block = (f"set {variant.phase_set}" if variant.phase_set else "all") if phased else ""
    return Genotype(bases, block)
