"""One list from the engines: shares of belief in log-odds, gene evidence, and the rule that keeps the list short.

The common engine says how well its conditions, or "none of these", explain the findings; the rare engine says the same of
its diseases. Both are log evidence relative to the average patient, so their difference, plus the prior log-odds of a rare
disease, is the log-odds of "rare". Inside each engine nothing changes: every finding's share stays what it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.diagnosis.engine import Ranking
from core.domain.assessment import Evidence, Hypothesis
from core.domain.finding import Finding, Origin, Scope, Status
from core.knowledge.condition_tables import Tables

RARE_PRIOR = 0.002
"""Share of presentations explained by one of the rare diseases (expert estimate)."""
RARE_TEMPERATURE = 1.6
SPECIFIC_BACKGROUND = 0.02
SPECIFIC_NEEDED = 3
GENE_WEIGHT = 6.9
"""Log likelihood ratio of a (likely) pathogenic variant in the disease's gene where the finding states none (expert
estimate: about 1,000 to 1; fewer than one person in a thousand carries one in any given gene by chance)."""
_ALWAYS, _MOST, _LEAST_SHARE, _LEAST_DANGER = 3, 10, 0.01, 0.003


@dataclass(frozen=True, slots=True)
class Fused:
    """The short list, with probabilities over both engines."""

    hypotheses: tuple[Hypothesis, ...]
    none_of_these: float
    rare_share: float


def specific_findings(findings: Sequence[Finding], tables: Tables, leading: Hypothesis | None = None) -> int:
    """Distinct present HPO-coded findings that few patients have and the leading condition does not account for.

    They are what entitles rare diseases to the list: a finding that an ordinary condition explains is no reason to look
    for an extraordinary one, and a long list of improbable diseases only makes the reader less sure.
    """
    explained = {e.finding_id for e in leading.evidence_for} if leading is not None else set()
    terms: set[str] = set()
    for finding in findings:
        codes = [c.code for c in (finding.code, *finding.also) if c.system == "HP"]
        if finding.status is not Status.PRESENT or not codes or finding.id in explained:
            continue
        index = tables.hpo_index.get(codes[0])
        own = finding.code.code if finding.code.system == "consilium" else ""
        index = tables.finding_index.get(own, index)
        if index is None or tables.background[index] < SPECIFIC_BACKGROUND:
            terms.add(codes[0])
    return len(terms)


def for_rare(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What the rare engine may see: current findings and stated phenotypes; not vital signs, nor ordinary problems of
    the past and medicines, which only happen to have an HPO code."""
    return tuple(
        f
        for f in findings
        if f.code.system == "HP"
        or (f.scope is Scope.CURRENT and f.origin not in (Origin.VITAL, Origin.HISTORY, Origin.DEMOGRAPHIC))
    )


def fuse(common: Ranking, rare: Ranking | None) -> Fused:
    """Both engines' hypotheses on one scale of probability. `rare` None: the common engine alone."""
    if rare is None or not rare.hypotheses:
        return Fused(shorten(common.hypotheses), common.none_of_these, 0.0)
    if not common.hypotheses:
        return Fused(shorten(rare.hypotheses), rare.none_of_these, 1.0)
    share = rare_share(common.log_evidence, rare.log_evidence)
    scaled = [_scaled(h, 1 - share) for h in common.hypotheses] + [_scaled(h, share) for h in rare.hypotheses]
    scaled.sort(key=lambda h: -h.probability)
    none = common.none_of_these * (1 - share) + rare.none_of_these * share
    return Fused(shorten(tuple(scaled)), none, share)


def rare_share(common_evidence: float, rare_evidence: float) -> float:
    """Probability that the findings come from a rare disease."""
    odds = (np.log(RARE_PRIOR / (1 - RARE_PRIOR)) + rare_evidence - common_evidence) / RARE_TEMPERATURE
    return float(1 / (1 + np.exp(-np.clip(odds, -50, 50))))


def _scaled(hypothesis: Hypothesis, share: float) -> Hypothesis:
    low, high = hypothesis.interval
    return replace(
        hypothesis, probability=hypothesis.probability * share, interval=(low * share, min(1.0, high * share))
    )


def shorten(hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """The first three, what has at least 1 % up to ten, and can't-miss conditions of the list down to 0.3 %."""
    kept = [
        h
        for position, h in enumerate(hypotheses[: 2 * _MOST])
        if position < _ALWAYS
        or (position < _MOST and h.probability >= _LEAST_SHARE)
        or (h.cant_miss and h.probability >= _LEAST_DANGER)
    ]
    return tuple(kept[: _MOST + 2])


def with_genes(rare: Ranking, findings: Sequence[Finding]) -> Ranking:
    """Add the weight of gene findings to the diseases of that gene and normalise again."""
    genes = [f for f in findings if f.origin is Origin.GENE and f.status is Status.PRESENT]
    if not genes or not rare.hypotheses:
        return rare
    shifted = [_with_gene(h, genes) for h in rare.hypotheses]
    gains = np.array([new.log_odds - old.log_odds for new, old in zip(shifted, rare.hypotheses, strict=True)])
    mass = np.array([h.probability for h in rare.hypotheses]) * np.exp(gains)
    rest = max(0.0, 1 - sum(h.probability for h in rare.hypotheses))
    total = float(mass.sum()) + rest
    new = [
        replace(h, probability=float(m / total), interval=_shifted(h.interval, gain, total))
        for h, m, gain in zip(shifted, mass, gains, strict=True)
    ]
    order = sorted(new, key=lambda h: -h.probability)
    return replace(
        rare,
        hypotheses=tuple(order),
        log_evidence=rare.log_evidence + float(np.log(total)),
        none_of_these=rare.none_of_these / total,
    )


def _shifted(interval: tuple[float, float], gain: float, total: float) -> tuple[float, float]:
    low, high = (min(1.0, bound * float(np.exp(gain)) / total) for bound in interval)
    return low, high


def _with_gene(hypothesis: Hypothesis, genes: Sequence[Finding]) -> Hypothesis:
    evidence = [
        Evidence(
            f.code, f.label, GENE_WEIGHT if f.logit_shift is None else f.logit_shift, f.origin, f.id, "gene", "gene"
        )
        for f in genes
        if _same_gene(hypothesis, f)
    ]
    if not evidence:
        return hypothesis
    best = max(evidence, key=lambda e: e.weight)
    log_odds = hypothesis.log_odds + best.weight
    return replace(hypothesis, evidence_for=(best, *hypothesis.evidence_for), log_odds=log_odds)


def _same_gene(hypothesis: Hypothesis, finding: Finding) -> bool:
    symbols = {c.display or c.code for c in (finding.code, *finding.also) if c.system in {"HGNC", "gene"}}
    known = {c.display or c.code for c in hypothesis.codes if c.system in {"HGNC", "gene"}}
    return bool(symbols & (known | set(hypothesis.group.replace(":", " ").replace(",", " ").split())))
