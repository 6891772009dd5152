"""Rules about one drug and this patient: disease, kidney, liver, pregnancy, lactation, age, genes, monitoring."""

from collections.abc import Iterator

from core.domain.basics import Citation, Label
from core.domain.plan import Alert, Tier
from core.knowledge.interactions import ANY_ROUTE, Rule, load
from core.treatment import alerts
from core.treatment.context import Context
from core.treatment.given import Given
from core.treatment.when import Outcome, Situation, evaluate, missing_label

_ASKED_KINDS = {"renal", "pregnancy", "hepatic"}
_ASK_SOURCE = Citation("Project rule: a check that lacks its input asks for it", 2026)


def check(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """Alerts of all rules that hold, and one "could not be checked" entry for each missing input."""
    rules = load().patient
    systemic = frozenset(entry.drug for entry in entries if not entry.local)
    unchecked: dict[str, list[Given]] = {}
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        for rule in rules.get(entry.drug, ()):
            if (rule.id, entry.drug) in seen or not _routed(rule, entry):
                continue
            outcome = evaluate(rule.when, _situation(context, entry, systemic))
            if outcome.holds:
                seen.add((rule.id, entry.drug))
                if _weeks_would_tell(rule, _situation(context, entry, systemic)):
                    unchecked.setdefault("gestation", []).append(entry)
                yield _alert(rule, entry, outcome, context, systemic)
            elif outcome.holds is None and rule.kind in _ASKED_KINDS and _loud(rule):
                for missing in outcome.missing:
                    unchecked.setdefault(missing, []).append(entry)
    yield from (_ask(missing, listed) for missing, listed in unchecked.items())


def _loud(rule: Rule) -> bool:
    """True where the rule or one of its steps would interrupt."""
    return any(tier is not Tier.INFO for tier in (rule.tier, *(step.tier for step in rule.steps)))


def _weeks_would_tell(rule: Rule, situation: Situation) -> bool:
    """True where a step of the rule depends on weeks of pregnancy that are not known."""
    return any("gestation" in evaluate(step.when, situation).missing for step in rule.steps)


def _routed(rule: Rule, entry: Given) -> bool:
    if ANY_ROUTE in rule.routes:
        return True
    return entry.route in rule.routes if rule.routes else not entry.local


def _situation(context: Context, entry: Given, systemic: frozenset[str]) -> Situation:
    daily = {entry.drug: entry.daily_mg} if entry.daily_mg is not None else {}
    new = frozenset({entry.drug}) if entry.proposed else frozenset()
    return Situation(context, systemic, frozenset({entry.drug}), {entry.drug: entry.route}, new, daily)


def _alert(rule: Rule, entry: Given, base: Outcome, context: Context, systemic: frozenset[str]) -> Alert:
    tier, factors, evidence, note = rule.tier, base.factors, base.evidence, Label("")
    for step in rule.steps:
        outcome = evaluate(step.when, _situation(context, entry, systemic))
        if outcome.holds:
            tier, note = step.tier, step.note
            factors, evidence = (*factors, *outcome.factors), (*evidence, *outcome.evidence)
            break
    name = alerts.names((entry.drug,))
    because = alerts.joined(factors[:1])
    return alerts.make(
        kind=rule.kind,
        rule_id=rule.id,
        tier=tier,
        entries=(entry,),
        title=Label(f"{name.en}: {because.en}", f"{name.zh}：{because.zh}") if because.en else name,
        detail=alerts.joined((rule.why, note), " ", ""),
        action=rule.action,
        source=rule.source,
        factors=tuple(dict.fromkeys(factors)),
        evidence=tuple(dict.fromkeys(evidence)),
        group=rule.group,
        grade=(rule.level, rule.strength),
    )


def _ask(missing: str, entries: list[Given]) -> Alert:
    """One silent entry that names what could not be checked: missing is never taken for normal."""
    asked = missing_label(missing)
    unique = tuple({entry.drug: entry for entry in entries}.values())
    listed = alerts.joined(alerts.names((entry.drug,)) for entry in unique)
    return alerts.make(
        kind="unchecked",
        rule_id=f"unchecked_{missing}",
        tier=Tier.INFO,
        entries=unique,
        title=Label(f"Not checked: {asked.en} is not known", f"未核对：缺少{asked.zh or asked.en}"),
        detail=Label(f"Rules for {listed.en} need {asked.en}.", f"{listed.zh}的规则需要{asked.zh or asked.en}。"),
        action=Label(f"Enter {asked.en}.", f"请补充{asked.zh or asked.en}。"),
        source=_ASK_SOURCE,
    )
