"""The rare engine: HPO terms against every annotated OMIM disease.

For a present term t and a disease d the likelihood ratio is that of the most telling ancestor a of t that d shows:
P(t | d) = f_d(a) * bg(t) / bg(a), so P(t | d) / bg(t) = f_d(a) / bg(a) (back-off along the ontology, after Köhler et al.,
Am J Hum Genet 2009, and Robinson et al., LIRICAL, Am J Hum Genet 2020), less for a broader ancestor and mixed with noise.
The best by the sum of such fits make a shortlist, which a small network orders by fits and by how much of the disease's
picture the case covers; each finding's share is exact. Excluded terms do not enter.
See docs/decisions/0002-rare-engine.md and 0003-rare-reranker.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import rare_features, rare_network, rare_rerank, rare_weights
from core.diagnosis.rare_features import Floats, Index, Numbers
from core.diagnosis.rare_hypotheses import Drawer
from core.diagnosis.rare_weights import Weights
from core.domain.assessment import Hypothesis
from core.domain.basics import Label, Version
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Patient
from core.knowledge.hpo import RarePack, load

SHORTLIST = 100
"""Diseases that the network orders: the best by fit."""
MIN_TERMS = 2


@dataclass(frozen=True, slots=True)
class RareResult:
    """What the rare engine says. `log_evidence` is the log of the mean likelihood ratio over diseases (nats).

    `hypotheses` is empty and `abstained` says why when there are too few specific terms.
    """

    hypotheses: tuple[Hypothesis, ...]
    log_evidence: float
    none_of_these: float
    versions: tuple[Version, ...]
    abstained: Label | None = None


def hpo_terms(findings: Sequence[Finding], pack: RarePack) -> dict[int, Finding]:
    """Present HPO terms of the patient: term number -> the finding that states it. Implied ancestors are dropped."""
    found: dict[int, Finding] = {}
    for finding in findings:
        if finding.status is not Status.PRESENT or finding.scope not in (Scope.CURRENT, Scope.HISTORY):
            continue
        for code in (finding.code, *finding.also):
            number = pack.term(code.code) if code.system == "HP" else None
            if number is not None:
                found.setdefault(number, finding)
                break
    implied = {int(a) for t in found for a in pack.ancestors.row(t)[0][1:]}
    return {t: f for t, f in found.items() if t not in implied}


def gene_symbols(findings: Sequence[Finding]) -> frozenset[str]:
    """Symbols of genes in which a finding states a disease-causing variant."""
    genes = [f for f in findings if f.origin is Origin.GENE and f.status is Status.PRESENT]
    return frozenset(c.display or c.code for f in genes for c in (f.code, *f.also) if c.system in ("HGNC", "gene"))


def fit(terms: Sequence[int], index: Index) -> Floats:
    """How well each disease fits the terms: sum of log likelihood ratios (diseases,), nats."""
    out = index.row(terms[0]).fit.copy()
    for term in terms[1:]:
        out += index.row(term).fit
    return out


def shortlist(fits: Floats, also: Sequence[int] = ()) -> Numbers:
    """The diseases the network orders, by number: the best by fit, and those named in `also`."""
    size = min(SHORTLIST, len(fits))
    best = np.argpartition(-fits, size - 1)[:size]
    return np.union1d(best, np.asarray(also, np.int64))


def probabilities(score: NDArray[np.float32], findings: int, weights: Weights) -> tuple[NDArray[np.float64], float]:
    """Probabilities of the candidates, and that of none of these."""
    best = float(score.max())
    none = weights.none + weights.none_findings * float(np.log(findings)) + weights.none_peak * best
    scaled = np.append((score.astype(np.float64) - best) * weights.temperature, none)
    mass = np.exp(scaled - scaled.max())
    mass /= mass.sum()
    return mass[:-1], float(mass[-1])


def rank(findings: Sequence[Finding], patient: Patient, top: int = 50) -> RareResult:
    """Rank all diseases for the findings. Abstains below `MIN_TERMS` HPO terms. Raises `UserError` without a pack.

    Diseases of a gene named by a finding are always among the hypotheses, whatever their rank.
    """
    pack = load()
    terms = hpo_terms(findings, pack)
    if len(terms) < MIN_TERMS:
        reason = Label(
            f"The rare-disease engine needs at least {MIN_TERMS} HPO findings; this case has {len(terms)}.",
            f"罕见病引擎至少需要 {MIN_TERMS} 个 HPO 表型；本例有 {len(terms)} 个。",
        )
        return RareResult((), 0.0, 1.0, (pack.version,), reason)
    index, weights, network = rare_features.index_of(pack), rare_weights.load(), rare_network.load()
    numbers = list(terms)
    fits = fit(numbers, index)
    of_genes = [d for gene in gene_symbols(findings) for d in pack.of_gene.get(gene, ())]
    candidates = shortlist(fits, of_genes)
    score = network.score(
        rare_rerank.table(rare_features.features(numbers, candidates, index), index.information[numbers], index)
    )
    chance, none = probabilities(score, len(terms), weights)
    order = np.argsort(-score, kind="stable")
    shown = order[:top]
    if of_genes:
        shown = np.concatenate([shown, [i for i in order[top:] if candidates[i] in set(of_genes)]]).astype(np.int64)
    drawer = Drawer(terms, pack, index, weights, network)
    return RareResult(drawer.hypotheses(candidates[shown], chance[shown]), _evidence(fits), none, (pack.version,))


def _evidence(fits: Floats) -> float:
    peak = float(fits.max())
    return peak + float(np.log(np.exp(fits.astype(np.float64) - peak).mean()))
