"""What each ingredient's profile says of pregnancy, breast-feeding, kidney and liver, where no rule of its own speaks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.domain.basics import Citation, Label, Source
from core.domain.plan import Alert, Tier
from core.knowledge import drug_profiles
from core.knowledge.drug_profiles import Handling, Profile, Use
from core.knowledge.interactions import load as load_rules
from core.treatment import alerts
from core.treatment.context import Context
from core.treatment.given import Given
from core.treatment.states import label_of

_LOW_CLEARANCE = 30.0
_ASK_SOURCE = Citation("Project rule: a check that lacks its input asks for it", 2026)


@dataclass(frozen=True, slots=True)
class _Concern:
    """One field of the profile that matters for this patient, with how it reads and the factor that makes it matter."""

    kind: str
    field: str
    name: Label
    value: Callable[[Profile], str]
    factor: Label
    evidence: tuple[Source, ...]


def check(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """Caution where the profile says avoid, Info where it says caution or a lower dose, one Info for all that is unknown."""
    systemic = tuple({entry.drug: entry for entry in entries if not entry.local}.values())
    for concern in _concerns(context):
        unknown = []
        for entry in systemic:
            if _has_rule(entry.drug, concern.kind):
                continue
            value = concern.value(drug_profiles.load().by_drug[entry.drug])
            if value == "unknown":
                unknown.append(entry)
            elif value in _WORDS:
                yield _alert(concern, entry, value)
        if unknown:
            yield _unknown(concern, tuple(unknown))
    yield from _ask_weeks(context, systemic)
    yield from _ask_pregnancy(context, systemic)


def _has_rule(drug: str, kind: str) -> bool:
    return any(rule.kind == kind for rule in load_rules().patient.get(drug, ()))


def _concerns(context: Context) -> Iterator[_Concern]:
    if context.pregnant:
        weeks = context.weeks
        factor = (
            Label("pregnancy", "妊娠") if weeks is None else Label(f"pregnancy, week {weeks:.0f}", f"孕{weeks:.0f}周")
        )
        sources = context.states.get("pregnancy", ())
        yield _Concern("pregnancy", "pregnancy", _NAMES["pregnancy"], lambda p: p.in_week(weeks), factor, sources)
    if "lactation" in context.states:
        sources = context.states["lactation"]
        name = _NAMES["lactation"]
        yield _Concern("lactation", "lactation", name, lambda p: p.lactation, label_of("lactation"), sources)
    clearance = context.kidney.crcl if context.kidney.crcl is not None else context.kidney.egfr
    if clearance is not None and clearance < _LOW_CLEARANCE:
        factor = Label(f"kidney function {clearance:.0f} mL/min", f"肾功能{clearance:.0f} mL/min")
        creatinine = context.measured.get("creatinine")
        sources = creatinine.sources if creatinine else context.states.get("ckd", ())
        yield _Concern("renal", "renal", _NAMES["renal"], lambda p: p.renal, factor, sources)
    if "cirrhosis" in context.states:
        sources = context.states["cirrhosis"]
        yield _Concern("hepatic", "hepatic", _NAMES["hepatic"], lambda p: p.hepatic, label_of("cirrhosis"), sources)


_NAMES = {
    "pregnancy": Label("pregnancy", "妊娠"),
    "lactation": Label("breast-feeding", "哺乳"),
    "renal": Label("kidney failure", "肾功能不全"),
    "hepatic": Label("liver failure", "肝功能不全"),
}

_WORDS: dict[str, tuple[Tier, Label, Label]] = {
    Use.AVOID.value: (
        Tier.CAUTION,
        Label("The drug table says: avoid.", "药物资料表标注：避免使用。"),
        Label("Choose another drug, or ask a pharmacist.", "换药或咨询药师。"),
    ),
    Use.CAUTION.value: (
        Tier.INFO,
        Label("The drug table says: only where the benefit is clear.", "药物资料表标注：仅在获益明确时使用。"),
        Label("Weigh benefit and risk; shortest time, lowest dose.", "权衡利弊；最短疗程、最低剂量。"),
    ),
    Handling.ADJUST.value: (
        Tier.INFO,
        Label("The drug table says: a lower dose or closer watching.", "药物资料表标注：需减量或加强监测。"),
        Label("Look up the dose for this organ function.", "按器官功能查阅剂量。"),
    ),
}


def _alert(concern: _Concern, entry: Given, value: str) -> Alert:
    tier, why, action = _WORDS[value]
    name = alerts.names((entry.drug,))
    return alerts.make(
        kind=concern.kind,
        rule_id=f"profile_{concern.field}_{value}",
        tier=tier,
        entries=(entry,),
        title=Label(f"{name.en}: {concern.name.en}", f"{name.zh}：{concern.name.zh}"),
        detail=why,
        action=action,
        source=drug_profiles.load().sources[concern.field],
        factors=(concern.factor,),
        evidence=concern.evidence,
    )


def _unknown(concern: _Concern, entries: tuple[Given, ...]) -> Alert:
    """One silent entry that names the drugs whose profile is not known: unknown is never safe."""
    listed = alerts.joined(alerts.names((entry.drug,)) for entry in entries)
    return alerts.make(
        kind=concern.kind,
        rule_id=f"profile_{concern.field}_unknown",
        tier=Tier.INFO,
        entries=entries,
        title=Label(f"Not known: {concern.name.en} ({listed.en})", f"资料不明：{concern.name.zh}（{listed.zh}）"),
        detail=Label("The tables say nothing of it. Unknown is not safe.", "资料表无记载。不明不等于安全。"),
        action=Label("Read the product label or ask a pharmacist.", "查阅说明书或咨询药师。"),
        source=drug_profiles.load().sources[concern.field],
        factors=(concern.factor,),
        evidence=concern.evidence,
    )


def _ask_weeks(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """Where the trimester decides and the weeks are not known, they are asked for."""
    if not context.pregnant or context.weeks is not None:
        return
    profiles = drug_profiles.load().by_drug
    asked = tuple(e for e in entries if not _has_rule(e.drug, "pregnancy") and len(set(profiles[e.drug].pregnancy)) > 1)
    if asked:
        yield _ask("gestation", Label("gestational age", "孕周"), asked)


def _ask_pregnancy(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """A woman about whom nothing is said, and a drug that a pregnancy would forbid."""
    if context.pregnant is not None:
        return
    profiles = drug_profiles.load().by_drug
    asked = tuple(
        e for e in entries if not _has_rule(e.drug, "pregnancy") and profiles[e.drug].in_week(None) is Use.AVOID
    )
    if asked:
        yield _ask("pregnancy", Label("pregnancy (yes or no)", "是否妊娠"), asked)


def _ask(missing: str, name: Label, entries: tuple[Given, ...]) -> Alert:
    listed = alerts.joined(alerts.names((entry.drug,)) for entry in entries)
    return alerts.make(
        kind="unchecked",
        rule_id=f"unchecked_{missing}",
        tier=Tier.INFO,
        entries=entries,
        title=Label(f"Not checked: {name.en} is not known", f"未核对：缺少{name.zh}"),
        detail=Label(f"The profile of {listed.en} depends on it.", f"{listed.zh}的资料取决于此。"),
        action=Label(f"Enter {name.en}.", f"请补充{name.zh}。"),
        source=_ASK_SOURCE,
    )
