"""Why a hypothesis has its log-odds: exact shares of the findings, grouped by origin, with their checks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from core.diagnosis import common
from core.domain.assessment import Assessment, Evidence, Hypothesis
from core.domain.basics import Label
from core.domain.explanation import Check, Contribution, FindingExplanation
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient
from core.errors import UserError

_TOLERANCE = 1e-6
METHOD = "exact Shapley values of an additive model"
OF_NETWORK = "exact Aumann-Shapley values of a small network"
"""The rare engine's shares: docs/decisions/0003-rare-reranker.md."""
_ORDERS = 8


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an assessment was made from, for the checks that run the engine again."""

    findings: tuple[Finding, ...]
    patient: Patient
    now: datetime


def explain(assessment: Assessment, hypothesis_id: str, inputs: Inputs | None = None) -> FindingExplanation:
    """Contributions (nats) by falling size. Raises `UserError` when the hypothesis is not in the assessment.

    With the `inputs` the assessment was made from, the engine is run again on parts of them (`deletion_insertion`).
    """
    started = time.perf_counter()
    hypothesis = find(assessment, hypothesis_id)
    contributions = _contributions([*hypothesis.evidence_for, *hypothesis.evidence_against])
    total = hypothesis.base_log_odds + sum(c.value for c in contributions)
    error = abs(total - hypothesis.log_odds)
    return FindingExplanation(
        hypothesis_id=hypothesis.id,
        base_log_odds=hypothesis.base_log_odds,
        log_odds=hypothesis.log_odds,
        contributions=contributions,
        additivity_error=error,
        method=OF_NETWORK if hypothesis.engine == "rare" else METHOD,
        evaluations=len(contributions),
        seconds=time.perf_counter() - started,
        checks=(additivity(error), *deletion_insertion(hypothesis, contributions, inputs)),
        versions=assessment.versions,
    )


def compare(assessment: Assessment, hypothesis_id: str, other_id: str) -> FindingExplanation:
    """What tells two hypotheses apart: contributions are differences (first minus second), likewise the log-odds."""
    started = time.perf_counter()
    one, other = find(assessment, hypothesis_id), find(assessment, other_id)
    first = {_key(e): e for e in (*one.evidence_for, *one.evidence_against)}
    second = {_key(e): e for e in (*other.evidence_for, *other.evidence_against)}
    merged = []
    for key in dict.fromkeys([*first, *second]):
        mine, theirs = first.get(key), second.get(key)
        shown = mine or theirs
        assert shown is not None
        value = (mine.weight if mine else 0.0) - (theirs.weight if theirs else 0.0)
        merged.append(Contribution(shown.finding_id, shown.label, shown.origin, value, shown.detail, shown.group))
    base = one.base_log_odds - other.base_log_odds
    log_odds = one.log_odds - other.log_odds
    error = abs(base + sum(c.value for c in merged) - log_odds)
    return FindingExplanation(
        hypothesis_id=one.id,
        base_log_odds=base,
        log_odds=log_odds,
        contributions=_sorted(merged),
        additivity_error=error,
        method=OF_NETWORK if "rare" in (one.engine, other.engine) else METHOD,
        evaluations=len(merged),
        seconds=time.perf_counter() - started,
        checks=(additivity(error),),
        versions=assessment.versions,
        compared_with=other.id,
    )


def by_origin(explanation: FindingExplanation) -> tuple[tuple[Origin, float, float], ...]:
    """Share by source: (origin, net nats, share of all absolute nats), largest share first."""
    total = sum(abs(c.value) for c in explanation.contributions) or 1.0
    found = []
    for origin in dict.fromkeys(c.origin for c in explanation.contributions):
        values = [c.value for c in explanation.contributions if c.origin is origin]
        found.append((origin, sum(values), sum(map(abs, values)) / total))
    return tuple(sorted(found, key=lambda row: -row[2]))


def find(assessment: Assessment, hypothesis_id: str) -> Hypothesis:
    """The hypothesis, or a `UserError`."""
    for hypothesis in assessment.hypotheses:
        if hypothesis.id == hypothesis_id:
            return hypothesis
    raise UserError(f"{hypothesis_id} is not among the hypotheses of this assessment.", "Choose one of the list.")


def _key(evidence: Evidence) -> tuple[str, str]:
    return evidence.finding_id, evidence.code.code


def _contributions(evidence: Sequence[Evidence]) -> tuple[Contribution, ...]:
    return _sorted([Contribution(e.finding_id, e.label, e.origin, e.weight, e.detail, e.group) for e in evidence])


def _sorted(contributions: Sequence[Contribution]) -> tuple[Contribution, ...]:
    return tuple(sorted(contributions, key=lambda c: -abs(c.value)))


def additivity(error: float) -> Check:
    """Base plus contributions must give the log-odds to within 1e-6 nats."""
    return Check(Label("Adds up", "可加性"), error, error < _TOLERANCE, f"|base + sum - log-odds| = {error:.1e}")


def deletion_insertion(
    hypothesis: Hypothesis, contributions: Sequence[Contribution], inputs: Inputs | None
) -> tuple[Check, ...]:
    """Remove (add) findings by falling contribution and run the engine each time, against eight random orders (seeded).

    Value: mean log-odds (nats) that the explanation's order is faster than chance; above 0 passes. Only for conditions
    of the common engine with at least three contributing findings.
    """
    if inputs is None or hypothesis.engine != "common":
        return ()
    row = common.shared().tables.condition_index.get(hypothesis.id)
    by_id = {f.id: f for f in inputs.findings}
    ranked = sorted((c for c in contributions if c.finding_id in by_id), key=lambda c: -c.value)
    names = list(dict.fromkeys(c.finding_id for c in ranked))
    if row is None or len(names) < 3:
        return ()
    generator = np.random.default_rng(0)
    chance = [[names[i] for i in generator.permutation(len(names))] for _ in range(_ORDERS)]
    removed = float(np.mean([_area(o, row, inputs, inserting=False) for o in chance]))
    removed -= _area(names, row, inputs, inserting=False)
    added = _area(names, row, inputs, inserting=True)
    added -= float(np.mean([_area(o, row, inputs, inserting=True) for o in chance]))
    return (
        Check(Label("Deletion", "删除检验"), removed, removed > 0, f"{removed:.3f} nats lower than random orders"),
        Check(Label("Insertion", "插入检验"), added, added > 0, f"{added:.3f} nats higher than random orders"),
    )


def _area(order: Sequence[str], row: int, inputs: Inputs, *, inserting: bool) -> float:
    """Mean log-odds along a deletion or insertion path (all findings that are not in `order` stay)."""
    scores = []
    for step in range(len(order) + 1):
        gone = set(order[step:]) if inserting else set(order[:step])
        kept = [f for f in inputs.findings if f.id not in gone]
        scores.append(float(common.shared().score(kept, inputs.patient, inputs.now).scores[row]))
    return float(np.mean(scores))


def what_if(
    inputs: Inputs, finding_id: str, status: Status, top: int = 10
) -> tuple[tuple[str, Label, float, float], ...]:
    """Set one finding to another status: (condition id, label, probability before, after), by the largest change."""
    engine = common.shared()
    changed = tuple(_with_status(f, status) if f.id == finding_id else f for f in inputs.findings)
    before = engine.score(inputs.findings, inputs.patient, inputs.now).probabilities
    after = engine.score(changed, inputs.patient, inputs.now).probabilities
    order = np.argsort(-np.abs(after - before), kind="stable")[:top]
    named = engine.tables.conditions
    return tuple((named[i].id, named[i].label, float(before[i]), float(after[i])) for i in map(int, order))


def _with_status(finding: Finding, status: Status) -> Finding:
    return replace(finding, status=status, logit_shift=None, confidence=1.0)
