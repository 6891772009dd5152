"""The plan as a section of a report: options with doses, alerts, changes, monitoring, and what is not known."""

from core.domain.case import Case
from core.domain.plan import Alert, DrugDose, Plan, PlanOption, Tier
from core.report.model import Block, Line, Notice, Section, Tone
from core.report.words import word

_TONES = {Tier.STOP: Tone.RED, Tier.CAUTION: Tone.AMBER, Tier.INFO: Tone.NORMAL}


def plan_section(case: Case, language: str) -> Section:
    """What could be done, and what speaks against it."""
    plan, title = case.plan, word("plan", language)
    if plan is None:
        return Section(title, (Line(word("no_plan", language), Tone.MUTED),))
    blocks: list[Block] = [Line(plan.title.text(language), level=1)]
    alerts = sorted(plan.alerts, key=lambda a: list(_TONES).index(a.tier))
    blocks += [_alert(a, language) for a in alerts if a.tier != Tier.INFO]
    for option in plan.options:
        blocks += _option(option, language)
    blocks += _rest(plan, language)
    blocks += [_alert(a, language) for a in alerts if a.tier == Tier.INFO]
    return Section(title, tuple(blocks))


def _alert(alert: Alert, language: str) -> Notice:
    factors = ", ".join(f.text(language) for f in alert.factors)
    source = f"{word('source', language)}: {alert.source.title}{f', {alert.source.year}' if alert.source.year else ''}"
    lines = (alert.detail.text(language), alert.action.text(language), factors, source)
    title = f"{word(alert.tier, language)} · {alert.title.text(language)}"
    return Notice(title, tuple(line for line in lines if line), _TONES[alert.tier])


def _option(option: PlanOption, language: str) -> list[Block]:
    low, high = option.interval
    head = f"{option.label.text(language)} · {word(option.line, language)} · {option.fit:.2f} ({low:.2f}–{high:.2f})"
    blocks: list[Block] = [Line(head, level=1)]
    if option.stopped:
        blocks.append(Line(word("stopped", language), Tone.RED))
    if option.indication.en:
        blocks.append(Line(option.indication.text(language), Tone.MUTED))
    for drug in option.drugs:
        blocks += _drug(drug, language)
    for reason in option.reasons:
        sign = "?" if reason.unknown else f"{reason.weight:+.1f}".replace("-", "−")
        blocks.append(Line(f"{sign}  {reason.label.text(language)}", Tone.MUTED))
    if option.non_drug:
        blocks.append(Line(f"{word('also', language)}: " + "; ".join(n.text(language) for n in option.non_drug)))
    return blocks


def _drug(drug: DrugDose, language: str) -> list[Block]:
    parts = [word(drug.route, language), drug.duration.text(language), drug.adjustment.text(language)]
    more = " · ".join(part for part in parts if part)
    if drug.patient_dose is not None:
        text = f"{drug.name.text(language)} — {word('dose', language)}: {drug.patient_dose.text(language)}"
    else:
        asked = ", ".join(a.text(language) for a in drug.ask) or word("unknown", language)
        text = f"{drug.name.text(language)} — {word('no_dose', language)}: {asked}"
    usual = f"{word('usual', language)}: {drug.usual.text(language)}"
    tone = Tone.NORMAL if drug.patient_dose is not None else Tone.AMBER
    return [Line(text + (f" · {more}" if more else ""), tone), Line(usual, Tone.MUTED)]


def _rest(plan: Plan, language: str) -> list[Block]:
    hours, decide = word("hours", language), word("decide", language)
    watched = []
    for item in plan.monitoring:
        times = ", ".join(f"{t:g} {hours}" for t in item.times_h)
        watched.append(f"{item.label.text(language)}: {times}" + (f" ({decide})" if item.decide else ""))
    groups = (
        ("changes", [f"{c.title.text(language)}: {c.detail.text(language)}" for c in plan.changes]),
        ("monitoring", watched),
        ("escalate", [e.text(language) for e in plan.escalate]),
        ("gaps", [g.text(language) for g in plan.gaps]),
    )
    blocks: list[Block] = []
    for name, lines in groups:
        if lines:
            blocks.append(Line(word(name, language), level=1))
            blocks += [Line(f"• {text}") for text in lines]
    return blocks
