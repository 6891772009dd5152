"""A patient's variants (and calls made elsewhere) -> one result a gene, with what is missing and what was assumed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.domain.basics import Label
from core.domain.record import Sex, Variant
from core.knowledge import genes_lowest
from core.knowledge.genes import Gene, GenePack, natural
from core.knowledge.genes_match import Genotype, Match, combine, match
from core.knowledge.genes_phenotype import CALM, INDETERMINATE, Result, result_of

_X_COPIES = {Sex.MALE: 1}


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """A result from another laboratory or caller: a diplotype, a phenotype or an activity score ("" where not given)."""

    gene: str
    diplotype: str = ""
    phenotype: str = ""
    activity: str = ""


@dataclass(frozen=True, slots=True)
class GeneCall:
    """One gene's result.

    `diplotypes` are all that fit equally well, as written for people; `decisive` the pairs that give `results` (the same
    pairs, save where the lowest function of each copy decides). `missing` are the positions that were not read.
    """

    gene: str
    called: bool
    origin: str
    diplotypes: tuple[str, ...] = ()
    decisive: tuple[tuple[str, ...], ...] = ()
    results: tuple[Result, ...] = ()
    missing: tuple[int, ...] = ()
    read: int = 0
    phased: bool = False
    notes: tuple[Label, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    variants: tuple[int, ...] = field(default=())
    """Positions at which something other than the reference was read."""

    @property
    def ambiguous(self) -> bool:
        """More than one answer fits, and they do not agree on the gene result."""
        return len({r.phenotype for r in self.results}) > 1

    @property
    def settled(self) -> bool:
        """One result, and not a normal one while sites that could show otherwise were not read."""
        phenotypes = {r.phenotype for r in self.results}
        if len(phenotypes) != 1 or INDETERMINATE in phenotypes or ("" in phenotypes and len(self.diplotypes) > 1):
            return False
        return not (self.missing and next(iter(phenotypes)).lower().startswith(CALM))


@dataclass(frozen=True, slots=True)
class Options:
    """How to call. `combinations` names combined and partial alleles (research); `cyp2d6` calls it without copy numbers."""

    all_pairs: bool = False
    combinations: bool = False
    cyp2d6: bool = False


def call_genes(
    pack: GenePack,
    variants: Iterable[Variant],
    *,
    outside: Sequence[OutsideCall] = (),
    sex: Sex = Sex.UNKNOWN,
    options: Options = Options(),
) -> tuple[GeneCall, ...]:
    """Every gene of which anything was read or said, by symbol. A call from elsewhere goes before our own, and says so."""
    from core.knowledge.genes_sample import genotypes_of

    sample = genotypes_of(pack, variants, sex)
    found: list[GeneCall] = []
    told = {o.gene for o in outside}
    for gene in pack.tables.genes:
        read = sample.genotypes.get(gene.symbol, {})
        if gene.symbol in told or not (read or sample.notes.get(gene.symbol)):
            continue
        if gene.kind == "outside" and not options.cyp2d6:
            continue
        found.append(_call(gene, read, tuple(sample.notes.get(gene.symbol, ())), options))
    found += [
        _outside(pack, symbol, [o for o in outside if o.gene == symbol])
        for symbol in dict.fromkeys(o.gene for o in outside)
    ]
    return tuple(sorted(found, key=lambda c: c.gene))


def _call(gene: Gene, read: dict[int, Genotype], notes: tuple[Label, ...], options: Options) -> GeneCall:
    sites = [i for i, site in enumerate(gene.sites) if not site.extra]
    missing = tuple(gene.sites[i].position for i in sites if i not in read or not read[i].complete)
    varied = tuple(
        gene.sites[i].position
        for i in sites
        if i in read and any(b not in (None, gene.sites[i].ref) for b in read[i].bases)
    )
    extra = tuple(
        (s.rsid, "/".join(b or "." for b in read[i].bases)) for i, s in enumerate(gene.sites) if s.extra and i in read
    )
    if missing:
        notes += (_missing_note(gene, missing, len(sites)),)
    call = _lowest(gene, read) if gene.kind == "lowest" else _star(gene, read, options)
    many = [i for i, g in read.items() if g.heterozygous]
    phased = len(many) < 2 or all(read[i].block for i in many)
    return GeneCall(
        gene.symbol,
        call.called,
        "vcf",
        call.diplotypes,
        call.decisive,
        call.results,
        missing,
        len(sites) - len(missing),
        phased,
        notes + call.notes,
        extra,
        varied,
    )


def _missing_note(gene: Gene, missing: Sequence[int], of: int) -> Label:
    lost = [a.name for a in gene.alleles[1:] if a.bases and all(gene.sites[i].position in missing for i in a.bases)]
    shown = ", ".join(lost[:12]) + (" ..." if len(lost) > 12 else "")
    return Label(
        f"{len(missing)} of {of} positions were not read and are not taken as normal"
        + (f"; these alleles could not have been seen: {shown}" if lost else ""),
        f"{of}个位点中{len(missing)}个未检测，不视为正常" + (f"；以下等位基因无法检出：{shown}" if lost else ""),
    )


def _star(gene: Gene, read: dict[int, Genotype], options: Options) -> GeneCall:
    found = match(gene, read, all_pairs=options.all_pairs)
    notes: tuple[Label, ...] = ()
    if not found and options.combinations:
        found = combine(gene, read)
        if found:
            notes = (Label("combined or partial alleles: research only", "组合或部分等位基因：仅供研究"),)
    if not found:
        return _fallback(gene, read)
    if len(found) > 1:
        notes += (Label(f"{len(found)} diplotypes fit equally well", f"{len(found)}种双倍型同样吻合"),)
    return GeneCall(
        gene.symbol,
        True,
        "vcf",
        tuple(m.name for m in found),
        tuple(m.alleles for m in found),
        tuple(result_of(gene, m.alleles) for m in found),
        notes=notes,
    )


def _fallback(gene: Gene, read: dict[int, Genotype]) -> GeneCall:
    """Nothing fits. For SLCO1B1 the guideline (PMID 35152405) lets rs4149056 alone decide; elsewhere nothing is said."""
    none = Label("no pair of known alleles explains what was read", "已知等位基因无法解释所检出的结果")
    key = next((i for i, s in enumerate(gene.sites) if s.rsid == "rs4149056"), -1)
    if gene.symbol != "SLCO1B1" or key not in read or not read[key].complete:
        return GeneCall(gene.symbol, False, "vcf", notes=(none,))
    bases = sorted(str(b) for b in read[key].bases)
    pair = tuple("*5" if b == "C" else "*1" for b in sorted(bases, reverse=True))
    said = Label("the result rests on rs4149056 alone", "结果仅依据rs4149056")
    return GeneCall(
        gene.symbol,
        False,
        "vcf",
        ("/".join(f"rs4149056 {b}" for b in bases),),
        (pair,),
        (result_of(gene, pair),),
        notes=(none, said),
    )


def _lowest(gene: Gene, read: dict[int, Genotype]) -> GeneCall:
    found = genes_lowest.read(gene, read)
    if found is None:
        return GeneCall(gene.symbol, False, "vcf")
    notes: tuple[Label, ...] = ()
    if found.partly_missing:
        notes += (Label("one copy was not read at some positions", "部分位点仅读出一条拷贝"),)
    if found.listed:
        said = Label(
            "the copies cannot be told apart: variants of reduced function are taken to lie on different copies",
            "无法区分两条拷贝：功能降低的变异视为位于不同拷贝",
        )
        notes += (said,)
    names = tuple(genes_lowest.name(gene, pair) for pair in found.copies) or tuple(
        name + (" (homozygous)" if count > 1 else "") for name, count in found.listed
    )
    return GeneCall(gene.symbol, True, "vcf", names, (found.chosen,), (result_of(gene, found.chosen),), notes=notes)


def _outside(pack: GenePack, symbol: str, told: Sequence[OutsideCall]) -> GeneCall:
    gene = pack.genes.get(symbol) or Gene(symbol, "", (), ())
    note = Label("called elsewhere, taken as given", "外部检测结果，按原样采用")
    names, decisive, results = [], [], []
    for one in told:
        pair = tuple(sorted(_split(one.diplotype), key=natural))
        names.append("/".join(pair) or one.phenotype or one.activity)
        result = result_of(gene, pair, phenotype=one.phenotype, activity=one.activity)
        decisive.append(pair)
        results.append(result)
    ordered = sorted(zip(names, decisive, results, strict=True), key=lambda item: natural(item[0]))
    return GeneCall(
        symbol,
        False,
        "outside",
        tuple(n for n, _, _ in ordered),
        tuple(d for _, d, _ in ordered),
        tuple(r for _, _, r in ordered),
        notes=(note,),
    )


def _split(diplotype: str) -> list[str]:
    return [part.strip() for part in re.split(r"/(?![^\[]*\])", diplotype) if part.strip()]


__all__ = ["GeneCall", "Match", "Options", "OutsideCall", "Result", "call_genes"]
