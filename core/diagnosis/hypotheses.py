"""One scored condition to a `Hypothesis`: its evidence for, against and unknown, and its interval."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from core.diagnosis.likelihood import weight_variance
from core.diagnosis.observations import settled
from core.diagnosis.shares import shapley
from core.domain.assessment import Evidence, Hypothesis
from core.domain.basics import Coding, Quantity
from core.domain.finding import Finding, Origin

if TYPE_CHECKING:
    from core.diagnosis.common import CommonEngine, Scores

_UNKNOWN = 6
_Z90 = 1.6449
_PAIR = re.compile(r"(\d{2,3})\s*/\s*(\d{2,3})")


def build(engine: CommonEngine, scores: Scores, row: int) -> Hypothesis:
    """The hypothesis of one row. `log_odds` = `base_log_odds` + the sum of all evidence weights."""
    condition = engine.tables.conditions[row]
    evidence = [*_from_findings(engine, scores, row), *_from_patient(scores, row)]
    base = float(scores.base[row])
    order = sorted(evidence, key=lambda e: -abs(e.weight))
    probability = float(scores.probabilities[row])
    return Hypothesis(
        id=condition.id,
        label=condition.label,
        codes=(Coding("consilium", condition.id), *(Coding("ICD-10", code) for code in condition.icd10)),
        engine="common",
        probability=probability,
        interval=interval(engine, scores, row, probability),
        base_log_odds=base,
        log_odds=base + sum(e.weight for e in evidence),
        evidence_for=tuple(e for e in order if e.weight >= 0),
        evidence_against=tuple(e for e in order if e.weight < 0),
        unknown=_unknown(engine, scores, row),
        cant_miss=condition.cant_miss,
        urgency=condition.urgency,
        sources=condition.sources,
        group=condition.family,
        note=condition.note,
    )


def _from_findings(engine: CommonEngine, scores: Scores, row: int) -> list[Evidence]:
    players = [node.players for node in scores.nodes]
    weights = scores.node_weights[row].astype(np.float64)
    worth = dict.fromkeys(range(len(scores.observations)), 0.0)
    for component in scores.components:
        values = shapley(component, players, weights, engine.settings.group_discount)
        worth |= dict(zip(component.players, map(float, values), strict=True))
    return [_evidence(engine, scores, position, value) for position, value in worth.items()]


def _measured(finding: Finding, quantity: Quantity) -> str:
    """The value; a blood pressure told as a pair stays a pair: "92 mm[Hg]" alone would be read as the systolic."""
    pair = _PAIR.search(finding.source.text) if quantity.unit == "mm[Hg]" else None
    if pair and f"{quantity.value:g}" in pair.groups():
        return f"{pair[1]}/{pair[2]} {quantity.unit}"
    return f"{quantity.value:g} {quantity.unit}"


def _evidence(engine: CommonEngine, scores: Scores, position: int, weight: float) -> Evidence:
    seen = scores.observations[position]
    entry = engine.tables.findings[seen.index]
    detail = "present" if seen.present else "absent"
    if seen.finding.quantity is not None:
        detail = f"{detail}, {_measured(seen.finding, seen.finding.quantity)}"
    code = Coding("consilium", entry.id)
    return Evidence(code, entry.label, weight, seen.finding.origin, seen.finding.id, detail, entry.group)


def _from_patient(scores: Scores, row: int) -> list[Evidence]:
    return [
        Evidence(
            Coding("consilium", item.code),
            item.label if item.named is None else item.named(row),
            float(item.weights[row]),
            item.origin,
            item.finding_id,
            item.detail,
        )
        for item in scores.extra
    ]


def _unknown(engine: CommonEngine, scores: Scores, row: int) -> tuple[Evidence, ...]:
    """The findings not assessed that would move this condition most, with the weight they would add if present."""
    tables, filled = engine.tables, engine.likelihood
    listed = tables.written(row)
    listed[tables.tests] |= ~np.isnan(tables.sensitivity[row])
    listed[settled(engine.tables, scores.observations, scores.nodes)] = False
    p, background = filled.p[row], filled.background_of(row)
    swing = np.where(listed, np.abs(p - background) * np.abs(np.log(p / background)), 0)
    best = [int(i) for i in np.argsort(-swing)[:_UNKNOWN] if swing[i] > 0]
    return tuple(
        Evidence(
            Coding("consilium", tables.findings[i].id),
            tables.findings[i].label,
            float(np.log(p[i] / background[i])),
            Origin.NOTE,
            detail="unknown",
            group=tables.findings[i].group,
        )
        for i in best
    )


def interval(engine: CommonEngine, scores: Scores, row: int, probability: float) -> tuple[float, float]:
    """90 % interval: the variance of every p (Beta pseudo-counts), of the prevalence, and of key findings not asked; its
    width is fitted (`interval_scale`) to hold the share right in nine of ten groups of cases. What is kept for diagnoses
    outside the list is itself no more than an estimate: from nothing to twice as much."""
    settings = engine.settings
    variance = settings.prior_sd**2 + weight_variance(scores.nodes, row, engine.likelihood, settings)
    p, background = engine.likelihood.p[row], engine.likelihood.background_of(row)
    key = engine.tables.written(row)
    key[[o.index for o in scores.observations]] = False
    swing = np.log(p[key] / background[key]) - np.log((1 - p[key]) / (1 - background[key]))
    variance += settings.missing_share * float((p[key] * (1 - p[key]) * swing**2).sum())
    half = settings.interval_scale * _Z90 * np.sqrt(variance) / scores.temperature
    inside = 1 - scores.outside
    clipped = float(np.clip(probability / inside, 1e-9, 1 - 1e-9))
    logit = np.log(clipped / (1 - clipped))
    low, high = (1 / (1 + np.exp(-(logit + shift))) for shift in (-half, half))
    return float(low * max(0.0, inside - scores.outside)), float(high)
