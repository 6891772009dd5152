"""The plan for one hypothesis: ranked options dosed for this patient, safety alerts, changes, monitoring, gaps."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from core.domain.assessment import Assessment, Hypothesis
from core.domain.basics import Label
from core.domain.finding import Finding
from core.domain.plan import Alert, DrugDose, GeneNote, MedicineChange, Plan, PlanOption, Reason, Tier
from core.domain.record import Record
from core.errors import UserError
from core.knowledge import drugs as drug_tables
from core.knowledge.interactions import load as load_rules
from core.treatment import alerts as alert_tools
from core.treatment import fit, plan_files
from core.treatment.check import check_context
from core.treatment.context import Context, gather
from core.treatment.dosing import dose, order_text
from core.treatment.matrix import matrix
from core.treatment.plan_files import Option, PlanEntry
from core.treatment.when import Situation, evaluate

_LINES = {"first": 0, "alternative": 1, "adjunct": 2, "supportive": 3, "rescue": 4}
_DRAFT = Label(
    "DRAFT for the patient, to be checked by the clinician.\n",
    "患者说明（草稿，须经医生核对）。\n",
)


def make_plan(
    record: Record, findings: Iterable[Finding], assessment: Assessment, hypothesis_id: str, now: datetime
) -> Plan:
    """The plan for `hypothesis_id` of the assessment at `now`.

    Raises UserError where the assessment has no such hypothesis. A condition without a plan gives a plan without options
    whose `gaps` say so; the current medicines are checked all the same.
    """
    hypothesis = next((one for one in assessment.hypotheses if one.id == hypothesis_id), None)
    if hypothesis is None:
        raise UserError(f"The assessment has no hypothesis “{hypothesis_id}”.", "Choose one from the list.")
    context = gather(record, findings, now)
    entry, gaps = choose(hypothesis, context)
    current = check_context(context, ())
    if entry is None:
        return _assemble(hypothesis, context, (), current, gaps=gaps)
    options, alerts = _options(entry, context)
    return _assemble(hypothesis, context, options, alert_tools.united((*current, *alerts)), entry, gaps)


def choose(hypothesis: Hypothesis, context: Context) -> tuple[PlanEntry | None, tuple[Label, ...]]:
    """The plan for this condition and population, with what has to be said when there is none."""
    matching = plan_files.load().matching(hypothesis.id, hypothesis.codes)
    outcomes = [(entry, evaluate(entry.when, Situation(context, frozenset()))) for entry in matching]
    fitting = [entry for entry, outcome in outcomes if outcome.holds]
    if fitting:
        return fitting[0], _allergy_gap(context)
    name = hypothesis.label
    if any(outcome.holds is None for _, outcome in outcomes):
        gap = Label(
            f"The plan for {name.en} depends on the patient's age or sex: enter it.",
            f"{name.zh}的方案取决于年龄或性别：请补充。",
        )
    elif matching:
        gap = Label(f"No plan for {name.en} in this age group.", f"该年龄段暂无{name.zh}的方案。")
    else:
        gap = Label(
            f"No treatment plan for {name.en} is in the tables: follow your own guideline.",
            f"知识库中暂无{name.zh or name.en}的治疗方案：请遵循本地指南。",
        )
    return None, (gap,)


def _allergy_gap(context: Context) -> tuple[Label, ...]:
    if context.allergies:
        return ()
    return (
        Label(
            "No allergy entry was read: ask about allergies before prescribing.", "未读到过敏记录：开药前请询问过敏史。"
        ),
    )


def _options(entry: PlanEntry, context: Context) -> tuple[tuple[PlanOption, ...], list[Alert]]:
    """All options not ruled out, best first: not stopped, main treatments before what is added to them, by fit."""
    built: list[PlanOption] = []
    collected: list[Alert] = []
    for option in entry.options:
        if evaluate(option.when, Situation(context, frozenset())).holds is False:
            continue
        own = {name for one in option.drugs for name in (one.drug, *one.partners)}
        found = check_context(context, [order_text(d, context) for d in option.drugs])
        alerts = tuple(_continued(a, own) for a in found if a.proposed or own & set(a.drugs))
        built.append(_option(option, context, alerts))
        collected += alerts
    built.sort(key=lambda one: (one.stopped, one.line == "adjunct", -one.fit, _LINES[one.line]))
    return tuple(built), collected


def _continued(alert: Alert, own: set[str]) -> Alert:
    """A drug of an option that the patient takes already is continued, not doubled: said, but not warned of."""
    if alert.rule_id != "duplicate_ingredient" or not set(alert.drugs) <= own:
        return alert
    name = alert_tools.names(alert.drugs)
    return replace(
        alert,
        id=f"{alert.id}-continued",
        tier=Tier.INFO,
        title=Label(f"{name.en}: already taken", f"{name.zh}：已在使用"),
        action=Label("Change the present order instead of adding a second.", "调整现有医嘱，勿重复开具。"),
    )


def _option(option: Option, context: Context, alerts: tuple[Alert, ...]) -> PlanOption:
    doses = tuple(_with_kidney_alert(dose(one, context), alerts) for one in option.drugs)
    shares: tuple[Reason, ...] = fit.reasons(option, context, alerts, doses)
    avoided = any(one.patient_dose is not None and one.patient_dose.en == "avoid" for one in doses)
    value, interval = fit.score((*shares, Reason(_AVOID, -4.0)) if avoided else shares)
    return PlanOption(
        id=option.id,
        label=option.label,
        indication=option.indication,
        line=option.line,
        drugs=doses,
        reasons=(*shares, Reason(_AVOID, -4.0)) if avoided else shares,
        fit=value,
        interval=interval,
        stopped=avoided or any(alert.tier is Tier.STOP for alert in alerts),
        alert_ids=tuple(alert.id for alert in alerts),
        sources=tuple(dict.fromkeys((option.source, *(s for one in doses for s in one.sources)))),
        non_drug=option.non_drug,
        genes=tuple(_gene_note(alert) for alert in alerts if alert.kind == "gene"),
    )


def _gene_note(alert: Alert) -> GeneNote:
    """The gene recommendation behind an alert, with CPIC's level and strength."""
    return GeneNote(
        alert.drugs, alert.factors, alert.action, alert.level, alert.strength, alert.tier, alert.id, alert.source
    )


def _with_kidney_alert(one: DrugDose, alerts: tuple[Alert, ...]) -> DrugDose:
    """Where the plan has no regimen for poor kidneys but a kidney rule fired, its advice stands beside the dose."""
    fired = [alert for alert in alerts if alert.kind == "renal" and one.drug in alert.drugs]
    if one.adjustment.en or not fired:
        return one
    advice = alert_tools.joined((fired[0].title, fired[0].action), ": ", "：")
    return replace(one, adjustment=advice)


_AVOID = Label("kidney function too low for this drug", "肾功能过低，不宜使用")


def _assemble(
    hypothesis: Hypothesis,
    context: Context,
    options: tuple[PlanOption, ...],
    alerts: tuple[Alert, ...],
    entry: PlanEntry | None = None,
    gaps: tuple[Label, ...] = (),
) -> Plan:
    best = next((one for one in options if not one.stopped), None)
    relevant = _relevant(alerts, best)
    proposed = [dose.drug for dose in best.drugs] if best else []
    digest = hashlib.sha256(f"{hypothesis.id}|{context.now.isoformat()}".encode()).hexdigest()[:12]
    return Plan(
        id=f"plan-{digest}",
        created_at=context.now.isoformat(),
        hypothesis_id=hypothesis.id,
        title=Label(f"Plan: {hypothesis.label.en}", f"方案：{hypothesis.label.zh or hypothesis.label.en}"),
        options=options,
        alerts=alerts,
        changes=_changes(entry, context, relevant),
        matrix=matrix(context, proposed, relevant),
        monitoring=entry.monitoring if entry else (),
        escalate=entry.escalate if entry else (),
        summary=_summary(entry, best),
        gaps=(*gaps, *(entry.gaps if entry else ()), *_stopped_gap(options)),
        versions=(drug_tables.load().version, load_rules().version, plan_files.load().version),
    )


def _relevant(alerts: tuple[Alert, ...], best: PlanOption | None) -> tuple[Alert, ...]:
    """Alerts about current medicines, and about the best option; those of other options stay with their option."""
    ids = set(best.alert_ids) if best else set()
    return tuple(alert for alert in alerts if not alert.proposed or alert.id in ids)


def _stopped_gap(options: tuple[PlanOption, ...]) -> tuple[Label, ...]:
    if options and all(one.stopped for one in options if one.drugs):
        return (
            Label(
                "Every drug option is stopped for this patient: ask a specialist.", "所有药物方案均被禁用：请咨询专科。"
            ),
        )
    return ()


def _changes(entry: PlanEntry | None, context: Context, alerts: tuple[Alert, ...]) -> tuple[MedicineChange, ...]:
    """What to change among current medicines: what the condition asks for, then what interrupting alerts ask for."""
    found: dict[tuple[str, str], MedicineChange] = {}
    for medicine in context.current:
        for change in entry.changes if entry else ():
            holds = evaluate(change.when, Situation(context, frozenset(medicine.drugs))).holds
            if set(medicine.drugs) & change.drugs and holds:
                key = (medicine.medication_id, change.title.en)
                found[key] = MedicineChange(
                    medicine.medication_id, change.title, change.detail, change.source, change.kind
                )
        for alert in alerts:
            if alert.tier is not Tier.INFO and set(alert.drugs) & set(medicine.drugs):
                key = (medicine.medication_id, alert.group)
                found.setdefault(
                    key, MedicineChange(medicine.medication_id, alert.title, alert.action, alert.source, alert.kind)
                )
    return tuple(found.values())


def _summary(entry: PlanEntry | None, best: PlanOption | None) -> Label:
    """The patient's sheet: what it is, the medicines as dosed (never one that lacks an input), when to return."""
    if entry is None:
        return Label("")
    lines_en, lines_zh = [_DRAFT.en + entry.summary.en], [_DRAFT.zh + entry.summary.zh]
    for one in best.drugs if best else ():
        lines_en.append(f"• {_plain_dose(one, 'en')}")
        lines_zh.append(f"• {_plain_dose(one, 'zh')}")
    if entry.escalate:
        lines_en.append("Get help at once if: " + "; ".join(one.en for one in entry.escalate) + ".")
        lines_zh.append("出现以下情况请立即就医：" + "；".join(one.zh for one in entry.escalate) + "。")
    return Label("\n".join(lines_en), "\n".join(lines_zh))


def _plain_dose(one: DrugDose, language: str) -> str:
    if one.patient_dose is None:
        asked = "、" if language == "zh" else ", "
        missing = asked.join(label.text(language) for label in one.ask)
        return f"{one.name.text(language)}" + (
            f"：剂量待定（需{missing}）" if language == "zh" else f": dose to be set (needs {missing})"
        )
    duration = one.duration.text(language)
    parts = [one.patient_dose.text(language)] + ([duration] if duration else [])
    return f"{one.name.text(language)}: " + ("，" if language == "zh" else ", ").join(parts)
