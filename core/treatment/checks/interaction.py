"""Drug-drug interactions: every pair of orders against the pair rules, with the patient's context setting the tier."""

from collections.abc import Iterator
from itertools import combinations

from core.domain.basics import Label
from core.domain.plan import Alert, Tier
from core.knowledge.interactions import ANY_ROUTE, Rule, load
from core.treatment import alerts
from core.treatment.context import Context
from core.treatment.given import Given
from core.treatment.when import Situation, evaluate


def check(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """Alerts for all pairs of different drugs. A pair reported by several rules keeps the worst ones of each rule."""
    rules = load().pairs
    systemic = frozenset(entry.drug for entry in entries if not entry.local)
    seen: set[tuple[str, frozenset[str]]] = set()
    for first, second in combinations(entries, 2):
        if first.drug == second.drug:
            continue
        for rule in rules.get(first.drug, ()):
            pair = _ordered(rule, first, second)
            key = (rule.id, frozenset({first.drug, second.drug}))
            if pair is None or key in seen:
                continue
            alert = _fire(rule, pair, context, systemic, entries)
            if alert is not None:
                seen.add(key)
                yield alert


def _ordered(rule: Rule, first: Given, second: Given) -> tuple[Given, Given] | None:
    """The pair in the rule's order (a, b); None where the rule is not about it, or not by these routes."""
    if first.drug in rule.a and second.drug in rule.b:
        pair = (first, second)
    elif second.drug in rule.a and first.drug in rule.b:
        pair = (second, first)
    else:
        return None
    if ANY_ROUTE in rule.routes:
        return pair
    if rule.routes:
        return pair if pair[1].route in rule.routes else None
    return None if first.local or second.local else pair


def _fire(
    rule: Rule, pair: tuple[Given, Given], context: Context, systemic: frozenset[str], entries: tuple[Given, ...]
) -> Alert | None:
    drugs = frozenset(entry.drug for entry in pair)
    situation = Situation(
        context,
        drugs=systemic | drugs,
        subject=drugs,
        routes={entry.drug: entry.route for entry in pair},
        new=frozenset(e.drug for e in entries if e.proposed) - frozenset(e.drug for e in entries if not e.proposed),
        daily_mg={entry.drug: entry.daily_mg for entry in pair if entry.daily_mg is not None},
    )
    base = evaluate(rule.when, situation)
    if not base.holds:
        return None
    tier, factors, evidence, note = rule.tier, base.factors, base.evidence, Label("")
    for step in rule.steps:
        outcome = evaluate(step.when, situation)
        if outcome.holds:
            tier, note = step.tier, step.note
            factors, evidence = (*factors, *outcome.factors), (*evidence, *outcome.evidence)
            break
    return alerts.make(
        kind=rule.kind,
        rule_id=rule.id,
        tier=Tier(tier),
        entries=pair,
        title=alerts.names(entry.drug for entry in pair),
        detail=alerts.joined((rule.why, note), " ", ""),
        action=rule.action,
        source=rule.source,
        factors=factors,
        evidence=evidence,
        group=rule.group,
    )
