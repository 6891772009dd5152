"""How a rule that fired becomes an alert: titles in both languages, stable ids, grouping by the action asked for."""

import hashlib
from collections.abc import Iterable

from core.domain.basics import Citation, Label, Source
from core.domain.plan import Alert, Tier
from core.knowledge import drugs as drug_tables
from core.treatment.given import Given

ORDER = {Tier.STOP: 0, Tier.CAUTION: 1, Tier.INFO: 2}


def joined(labels: Iterable[Label], separator: str = ", ", separator_zh: str = "、") -> Label:
    """Labels in a row, in both languages."""
    listed = [one for one in labels if one.en]
    return Label(separator.join(x.en for x in listed), separator_zh.join(x.zh or x.en for x in listed))


def names(drugs: Iterable[str]) -> Label:
    """Drug names joined by a plus sign."""
    vocabulary = drug_tables.load()
    return joined((vocabulary.label(drug) for drug in drugs), " + ", " + ")


def make(
    *,
    kind: str,
    rule_id: str,
    tier: Tier,
    entries: tuple[Given, ...],
    title: Label,
    detail: Label,
    action: Label,
    source: Citation,
    factors: tuple[Label, ...] = (),
    evidence: tuple[Source, ...] = (),
    group: str = "",
    grade: tuple[str, str] = ("", ""),
) -> Alert:
    """An alert about the given entries; its id stays the same for the same rule, drugs and tier."""
    drugs = tuple(dict.fromkeys(entry.drug for entry in entries))
    digest = hashlib.sha256("|".join((kind, rule_id, tier.value, *drugs)).encode()).hexdigest()[:12]
    return Alert(
        id=f"alert-{digest}",
        tier=tier,
        kind=kind,
        rule_id=rule_id,
        title=title,
        detail=detail,
        action=action,
        drugs=drugs,
        source=source,
        factors=factors,
        evidence=tuple(dict.fromkeys((*evidence, *(s for entry in entries for s in entry.sources)))),
        group=group or f"{kind}:{action.en}",
        proposed=any(entry.proposed for entry in entries),
        level=grade[0],
        strength=grade[1],
    )


def merged(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """One alert an id, worst first, drugs in alphabetical order within a tier; same rule and drugs keep the worst tier."""
    worst: dict[tuple[str, str, tuple[str, ...]], Alert] = {}
    for alert in alerts:
        key = (alert.kind, alert.rule_id, alert.drugs)
        if key not in worst or ORDER[alert.tier] < ORDER[worst[key].tier]:
            worst[key] = alert
    return tuple(sorted(worst.values(), key=_rank))


def united(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Alerts of several checks (one an option), each id once, in the same order; no option's alert is dropped.

    The first of an id stays: an alert about what is taken already stays one when an option continues the drug.
    """
    first: dict[str, Alert] = {}
    for alert in alerts:
        first.setdefault(alert.id, alert)
    return tuple(sorted(first.values(), key=_rank))


def _rank(alert: Alert) -> tuple[int, bool, str, tuple[str, ...], str]:
    return ORDER[alert.tier], not alert.proposed, alert.kind, alert.drugs, alert.rule_id
