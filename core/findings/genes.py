"""Genes as findings: results called from a file's variants, other variants, and what a record states in words."""

import re
from collections.abc import Iterator

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Observation, Record, Variant
from core.findings.gene_results import results_of, stated_result

_DIPLOTYPE = re.compile(
    r"\b(?P<gene>[A-Z][A-Z0-9-]{2,9})\b[^*\n]{0,20}?(?P<a>\*\d+[A-Z]?(?:x\d+)?)\s*/\s*(?P<b>\*\d+[A-Z]?(?:x\d+)?)"
)
_PHENOTYPES = {
    "poor metaboli": Label("poor metaboliser", "慢代谢型"),
    "intermediate metaboli": Label("intermediate metaboliser", "中间代谢型"),
    "normal metaboli": Label("normal metaboliser", "正常代谢型"),
    "extensive metaboli": Label("normal metaboliser", "正常代谢型"),
    "ultrarapid metaboli": Label("ultrarapid metaboliser", "超快代谢型"),
    "ultra-rapid metaboli": Label("ultrarapid metaboliser", "超快代谢型"),
    "rapid metaboli": Label("rapid metaboliser", "快代谢型"),
    "poor function": Label("poor function", "功能低下"),
    "decreased function": Label("decreased function", "功能降低"),
    "deficien": Label("deficient", "缺乏"),
}


def findings_of_genes(record: Record) -> tuple[Finding, ...]:
    """Gene findings of a record: each variant, each stated diplotype."""
    called, used = results_of(record)
    found = list(called)
    found += [_variant(v) for v in record.variants if v.gene and v.zygosity != "reference" and v.id not in used]
    found += [f for o in record.observations for f in _observation(o)]
    return tuple(found)


def _variant(variant: Variant) -> Finding:
    name = variant.genotype or variant.hgvs or variant.rsid or variant.id
    said = ", ".join(filter(None, (variant.zygosity, variant.significance)))
    text = f"{variant.gene} {name}" + (f" ({said})" if said else "")
    source = variant.sources[0] if variant.sources else Source("", "variant")
    return _finding(variant.gene, Label(text, text), source)


def _observation(observation: Observation) -> Iterator[Finding]:
    text = f"{observation.text} {observation.text_value}"
    match = _DIPLOTYPE.search(observation.text_value) or _DIPLOTYPE.search(text)
    if match is None:
        return
    gene, diplotype = match["gene"], f"{match['a']}/{match['b']}"
    phenotype = next((label for words, label in _PHENOTYPES.items() if words in text.lower()), None)
    phenotype = phenotype or stated_result(gene, diplotype)
    label = Label(
        f"{gene} {diplotype}" + (f", {phenotype.en}" if phenotype else ""),
        f"{gene} {diplotype}" + (f"，{phenotype.zh}" if phenotype else ""),
    )
    source = observation.sources[0] if observation.sources else Source("", "observation")
    yield _finding(gene, label, source, observation.time)


def _finding(gene: str, label: Label, source: Source, time: str = "") -> Finding:
    return Finding(
        id="",
        code=Coding("HGNC", gene, gene),
        label=label,
        status=Status.PRESENT,
        origin=Origin.GENE,
        source=source,
        time=time,
    )
