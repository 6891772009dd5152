"""Gene results -> the recommendations that match them, with level, strength and population."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.domain.basics import Citation
from core.domain.finding import Finding, Origin, Status
from core.knowledge.genes import Advice, Gene, GenePack, installed, newest
from core.knowledge.genes_call import GeneCall
from core.knowledge.genes_phenotype import result_of

_NOT_KNOWN = "No Result"
_SILENT = {"no recommendation", "n/a"}


@dataclass(frozen=True, slots=True)
class GeneAdvice:
    """A recommendation with the gene results that it rests on. `certain` is False where a result is not settled."""

    advice: Advice
    results: tuple[tuple[str, str], ...]
    certain: bool

    @property
    def level(self) -> str:
        """CPIC level of the gene and drug (A, B, C, D), "" where the source gives none."""
        return self.advice.level

    @property
    def strength(self) -> str:
        """Strength of the recommendation (Strong, Moderate, Optional), "" where the source gives none."""
        return self.advice.strength

    @property
    def source(self) -> Citation:
        """The guideline."""
        return Citation(f"{self.advice.organisation} guideline: {self.advice.drug}", url=self.advice.url)


def advice_for(pack: GenePack, calls: Sequence[GeneCall], drugs: Iterable[str] = ()) -> tuple[GeneAdvice, ...]:
    """Recommendations for gene results, by drug; with `drugs` for those only. At least one gene must have a result.

    A recommendation of two genes applies when both match, or when the guideline itself says what holds without the other.
    """
    keys = {c.gene: {k for r in c.results for k in r.keys} for c in calls if c.results}
    return _advised(pack, keys, {c.gene: c.settled for c in calls}, drugs)


def advice_for_findings(findings: Iterable[Finding], drugs: Iterable[str] = ()) -> tuple[GeneAdvice, ...]:
    """Recommendations for the gene findings of a case, graded; none where no gene pack is installed.

    A finding names its diplotypes, its result, or both; one that was not assessed gives advice that is not certain.
    """
    if newest() is None:
        return ()
    pack = installed()
    keys: dict[str, set[str]] = {}
    sure: dict[str, bool] = {}
    for finding in findings:
        gene = pack.genes.get(finding.code.code) if finding.code.system == "HGNC" else None
        if gene is None or finding.origin is not Origin.GENE or finding.status is Status.ABSENT:
            continue
        found = set(_keys(gene, finding.label.en))
        if found:
            keys.setdefault(gene.symbol, set()).update(found)
            sure[gene.symbol] = sure.get(gene.symbol, True) and finding.status is Status.PRESENT
    return _advised(pack, keys, sure, drugs)


def _keys(gene: Gene, words: str) -> Iterator[str]:
    """What guidelines call the result in "CYP2C19 *2/*2, poor metaboliser"."""
    named, _, said = words.removeprefix(gene.symbol).strip().partition(", ")
    for diplotype in named.split(" or "):
        alleles = re.split(r"/(?![^\[]*\])", diplotype.strip())
        if all(gene.allele(a) is not None or re.fullmatch(r"\*\d+\w*(x\d+)?", a) for a in alleles):
            yield from result_of(gene, alleles).keys
    known = {p.lower(): p for p, _ in (*gene.pairs.values(), *gene.exact.values()) if p}
    for word in re.sub(r" \(.*", "", said or named).split(" or "):
        key = known.get(word.strip().lower().replace("metaboliser", "metabolizer"))
        if key:
            yield key


def _advised(
    pack: GenePack, keys: Mapping[str, set[str]], sure: Mapping[str, bool], drugs: Iterable[str]
) -> tuple[GeneAdvice, ...]:
    wanted = {d.lower() for d in drugs}
    found = []
    for advice in pack.tables.advice:
        if wanted and advice.drug not in wanted:
            continue
        matched = _matched(advice, keys)
        if matched and (advice.strength or advice.text).strip().lower() not in _SILENT:
            found.append(GeneAdvice(advice, matched, all(sure[g] for g, _ in matched)))
    return tuple(sorted(found, key=lambda a: (a.advice.drug, a.advice.organisation, a.advice.population)))


def _matched(advice: Advice, keys: Mapping[str, set[str]]) -> tuple[tuple[str, str], ...]:
    matched = []
    for gene, key in advice.keys.items():
        if key == _NOT_KNOWN:
            if gene in keys:
                return ()
        elif key.split(" (")[0] in keys.get(gene, ()) or key in keys.get(gene, ()):
            matched.append((gene, key))
        else:
            return ()
    return tuple(matched)
