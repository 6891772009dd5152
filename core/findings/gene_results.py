"""Variants of a record -> one finding a gene: "CYP2C19 *2/*2, poor metaboliser". Silent where no gene pack is installed.

A result that is not settled (several diplotypes that disagree, or a normal result while sites that could show otherwise
were not read) is a finding that was *not assessed*: it is shown, and no rule takes it for normal.
"""

from collections.abc import Sequence

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Record, Variant
from core.errors import UserError
from core.knowledge.genes import GenePack, installed, newest
from core.knowledge.genes_assembly import Placed, on_grch38
from core.knowledge.genes_call import GeneCall, call_genes
from core.knowledge.genes_phenotype import INDETERMINATE, result_of
from core.knowledge.genes_sample import chromosome_of

_ZH = {
    "poor metaboliser": "慢代谢型", "intermediate metaboliser": "中间代谢型", "normal metaboliser": "正常代谢型",
    "rapid metaboliser": "快代谢型", "ultrarapid metaboliser": "超快代谢型", "likely poor metaboliser": "可能慢代谢型",
    "likely intermediate metaboliser": "可能中间代谢型", "possible intermediate metaboliser": "可能中间代谢型",
    "poor function": "功能低下", "decreased function": "功能降低", "normal function": "功能正常",
    "increased function": "功能增高", "possible decreased function": "功能可能降低", "indeterminate": "无法判定",
    "malignant hyperthermia susceptibility, carrier": "恶性高热易感，携带者",
    "no variant of malignant hyperthermia": "未见恶性高热变异",
    "deficient": "缺乏", "deficient with chronic haemolysis": "缺乏伴慢性溶血",
    "variable, intermediate activity possible": "可变，可能活性中等", "normal": "正常",
    "increased sensitivity to coumarins": "香豆素敏感性增高", "normal sensitivity to coumarins": "香豆素敏感性正常",
    "increased risk of deafness from aminoglycosides, carrier": "氨基糖苷类致聋风险增高，携带者",
    "normal risk of deafness from aminoglycosides": "氨基糖苷类致聋风险正常",
    "uncertain risk of deafness from aminoglycosides": "氨基糖苷类致聋风险不明",
    "favourable response": "应答良好", "unfavourable response": "应答不良",
}  # fmt: skip
_SAID = {
    "increased risk of aminoglycoside-induced hearing loss": "increased risk of deafness from aminoglycosides, carrier",
    "normal risk of aminoglycoside-induced hearing loss": "normal risk of deafness from aminoglycosides",
    "uncertain risk of aminoglycoside-induced hearing loss": "uncertain risk of deafness from aminoglycosides",
    "malignant hyperthermia susceptibility": "malignant hyperthermia susceptibility, carrier",
    "uncertain susceptibility": "no variant of malignant hyperthermia",
    "variable": "variable, intermediate activity possible",
    "deficient with cnsha": "deficient with chronic haemolysis", "-1639 aa": "increased sensitivity to coumarins",
    "-1639 ag": "increased sensitivity to coumarins", "-1639 gg": "normal sensitivity to coumarins",
    "favorable response": "favourable response", "unfavorable response": "unfavourable response",
}  # fmt: skip


def results_of(record: Record) -> tuple[tuple[Finding, ...], frozenset[str]]:
    """Findings of the genes that the record's variants settle (or leave open), and the ids of the variants used."""
    folder = newest() if record.variants else None
    if folder is None:
        return (), frozenset()
    pack = installed()
    by_build: dict[str, list[Variant]] = {}
    for variant in record.variants:
        if variant.chromosome and variant.position and variant.genotype:
            by_build.setdefault(variant.assembly, []).append(variant)
    findings: list[Finding] = []
    used: set[str] = set()
    for build, variants in by_build.items():
        placed = _placed(pack, variants, build)
        if placed is None:
            continue
        used |= {v.id for v in placed.variants if (chromosome_of(v.chromosome), v.position) in pack.where}
        calls = call_genes(pack, placed.variants, sex=record.patient.sex)
        findings += [_finding(call, _source(call, placed.variants)) for call in calls]
    return tuple(findings), frozenset(used)


def stated_result(gene: str, diplotype: str) -> Label | None:
    """What a stated diplotype means, where the record does not say; None where the pack does not know it either."""
    if newest() is None:
        return None
    table = installed().genes.get(gene)
    if table is None:
        return None
    found = result_of(table, diplotype.replace(" ", "").split("/")).phenotype
    return None if found in {"", INDETERMINATE} else phenotype_label(found)


def phenotype_label(phenotype: str) -> Label:
    """A gene result in our words: "Poor Metabolizer" -> "poor metaboliser"."""
    plain = phenotype.lower().replace("metabolizer", "metaboliser")
    english = _SAID.get(plain, plain)
    return Label(english, _ZH.get(english, english))


def _placed(pack: GenePack, variants: Sequence[Variant], build: str) -> Placed | None:
    try:
        return on_grch38(pack, variants, build)
    except UserError:
        return None  # variants of another assembly stay what they are: variants, shown as such


def _source(call: GeneCall, variants: Sequence[Variant]) -> Source:
    wanted = set(call.variants)
    hit = next((v for v in variants if v.position in wanted and v.sources), None)
    first = hit or next((v for v in variants if v.sources), None)
    return first.sources[0] if first else Source("", "vcf")


def _finding(call: GeneCall, source: Source) -> Finding:
    phenotypes = tuple(dict.fromkeys(r.phenotype for r in call.results if r.phenotype))
    results = [phenotype_label(p) for p in phenotypes]
    names = " / ".join(call.diplotypes) if len(call.diplotypes) > 1 and "/" not in call.diplotypes[0] else None
    shown = names or _or(call.diplotypes[:4], " or ") + (" or others" if len(call.diplotypes) > 4 else "")
    english = f"{call.gene} {shown or 'not called'}"
    chinese = f"{call.gene} {shown or '无法判读'}"
    if results:
        english += ", " + (" or ".join(r.en for r in results))
        chinese += "，" + ("或".join(r.zh for r in results))
    if call.missing:
        english += f" ({len(call.missing)} of {call.read + len(call.missing)} sites not read)"
        chinese += f"（{call.read + len(call.missing)}个位点中{len(call.missing)}个未检测）"
    return Finding(
        id="", code=Coding("HGNC", call.gene, call.gene), label=Label(english, chinese),
        status=Status.PRESENT if call.settled else Status.NOT_ASSESSED, origin=Origin.GENE, source=source,
    )  # fmt: skip


def _or(names: Sequence[str], word: str) -> str:
    return word.join(names)
