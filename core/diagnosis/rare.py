"""The rare engine: HPO terms against every annotated OMIM disease, by log likelihood ratios that add up.

For a present term t and a disease d the likelihood ratio is that of the most telling ancestor a of t that d shows:
P(t | d) = f_d(a) * bg(t) / bg(a), so P(t | d) / bg(t) = f_d(a) / bg(a) (back-off along the ontology, after Köhler et al.,
Am J Hum Genet 2009, and Robinson et al., LIRICAL, Am J Hum Genet 2020), mixed with a share of noise (a finding that has
nothing to do with the disease). Excluded terms do not enter: see docs/decisions/0002-rare-engine.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.assessment import Evidence, Hypothesis, Urgency
from core.domain.basics import Citation, Coding, Label, Version
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Patient
from core.knowledge.hpo import RarePack, load

NOISE = 0.15  # share of a case's findings that its disease does not explain
TEMPERATURE = 0.45  # calibrated: see evaluate rare
NONE_SCORE = 8.0  # score of "none of these"
MIN_TERMS = 2
UNKNOWN_SHOWN = 5

Scores = NDArray[np.float32]


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


def term_scores(term: int, pack: RarePack) -> Scores:
    """Log likelihood ratio of one present term for every disease: float32 (diseases,), nats."""
    ratio = np.zeros(len(pack.diseases), np.float32)
    for ancestor in pack.ancestors.row(term)[0]:
        diseases, frequency = pack.postings.row(int(ancestor))
        here = frequency / pack.background[ancestor]
        ratio[diseases] = np.maximum(ratio[diseases], here)
    mixed: Scores = np.log((1 - NOISE) * ratio + NOISE)
    return mixed


def rank(findings: Sequence[Finding], patient: Patient, top: int = 50) -> RareResult:
    """Rank all diseases for the findings. Abstains below `MIN_TERMS` HPO terms. Raises `UserError` without a pack."""
    pack = load()
    terms = hpo_terms(findings, pack)
    if len(terms) < MIN_TERMS:
        reason = Label(
            f"The rare-disease engine needs at least {MIN_TERMS} HPO findings; this case has {len(terms)}.",
            f"罕见病引擎至少需要 {MIN_TERMS} 个 HPO 表型；本例有 {len(terms)} 个。",
        )
        return RareResult((), 0.0, 1.0, (pack.version,), reason)
    parts = np.stack([term_scores(t, pack) for t in terms])
    return _result(parts, terms, pack, top)


def confidence(scores: Scores) -> float:
    """Probability of the first disease, "none of these" counted in."""
    weights = np.append(scores * TEMPERATURE, NONE_SCORE * TEMPERATURE).astype(np.float64)
    return float(np.exp(weights[:-1].max() - weights.max()) / np.exp(weights - weights.max()).sum())


def _result(parts: NDArray[np.float32], terms: dict[int, Finding], pack: RarePack, top: int) -> RareResult:
    scores = parts.sum(axis=0)
    weights = np.append(scores * TEMPERATURE, NONE_SCORE * TEMPERATURE).astype(np.float64)
    peak = weights.max()
    total = np.exp(weights - peak).sum()
    chosen = np.argsort(-scores, kind="stable")[:top]
    draw = _Draw(parts, terms, pack, peak + float(np.log(total)))
    peak_score = float(scores.max())
    evidence = peak_score + float(np.log(np.exp(scores.astype(np.float64) - peak_score).mean()))
    none = float(np.exp(weights[-1] - peak) / total)
    return RareResult(tuple(draw.hypothesis(int(i)) for i in chosen), evidence, none, (pack.version,))


class _Draw:
    """Turns columns of the score matrix into hypotheses."""

    def __init__(self, parts: NDArray[np.float32], terms: dict[int, Finding], pack: RarePack, log_total: float) -> None:
        self._parts, self._terms, self._pack, self._log_total = parts, terms, pack, log_total
        self._citation = Citation(
            "HPO annotations (phenotype.hpoa)", int(pack.hpoa_version[:4]), version=pack.hpoa_version
        )

    def hypothesis(self, disease: int) -> Hypothesis:
        """One disease with its evidence; `log_odds` = base + sum of weights exactly (base takes the softmax's rest)."""
        entry = self._pack.diseases[disease]
        shares = self._parts[:, disease].astype(np.float64) * TEMPERATURE
        log_odds = _log_odds(float(shares.sum()) - self._log_total)
        evidence = [self._evidence(t, f, float(w)) for (t, f), w in zip(self._terms.items(), shares, strict=True)]
        evidence.sort(key=lambda e: -abs(e.weight))
        return Hypothesis(
            id=entry.id,
            label=Label(entry.name),
            codes=(Coding("OMIM", entry.id.removeprefix("OMIM:"), entry.name),),
            engine="rare",
            probability=_logistic(log_odds),
            interval=self._interval(shares, log_odds),
            base_log_odds=log_odds - float(shares.sum()),
            log_odds=log_odds,
            evidence_for=tuple(e for e in evidence if e.weight > 0),
            evidence_against=tuple(e for e in evidence if e.weight <= 0),
            unknown=self._unknown(disease),
            urgency=Urgency.ROUTINE,
            sources=(self._citation,),
            group=f"gene:{entry.genes[0]}" if entry.genes else f"series:{entry.series}",
        )

    def _interval(self, shares: NDArray[np.float64], log_odds: float) -> tuple[float, float]:
        """90 % interval by the jackknife over terms: how far the log-odds move when single findings are left out."""
        n = len(shares)
        spread = 1.645 * float(np.sqrt((n - 1) / n * np.sum((shares - shares.mean()) ** 2)))
        return _logistic(log_odds - spread), _logistic(log_odds + spread)

    def _evidence(self, term: int, finding: Finding, weight: float) -> Evidence:
        names = self._pack.terms[term]
        return Evidence(
            code=Coding("HP", names.id, names.name),
            label=finding.label if finding.label.en else Label(names.name, names.zh),
            weight=weight,
            origin=finding.origin,
            finding_id=finding.id,
        )

    def _unknown(self, disease: int) -> tuple[Evidence, ...]:
        """The disease's most telling annotations that nothing in the case speaks of."""
        covered = {int(a) for t in self._terms for a in self._pack.ancestors.row(t)[0]}
        terms, frequency = self._pack.direct.row(disease)
        gain = frequency * -np.log(self._pack.background[terms])
        out = []
        for i in np.argsort(-gain, kind="stable"):
            names = self._pack.terms[int(terms[i])]
            if int(terms[i]) not in covered:
                ratio = (1 - NOISE) * frequency[i] / self._pack.background[terms[i]] + NOISE
                out.append(_unknown_evidence(names.id, Label(names.name, names.zh), float(np.log(ratio)) * TEMPERATURE))
            if len(out) == UNKNOWN_SHOWN:
                break
        return tuple(out)


def _unknown_evidence(code: str, label: Label, weight: float) -> Evidence:
    return Evidence(Coding("HP", code, label.en), label, weight, Origin.CLINICIAN)


def _log_odds(log_probability: float) -> float:
    log_probability = min(float(log_probability), -1e-9)  # a NumPy scalar could not be stored
    return log_probability - float(np.log1p(-np.exp(log_probability)))


def _logistic(x: float) -> float:
    return float(1 / (1 + np.exp(-x))) if x > -700 else 0.0
