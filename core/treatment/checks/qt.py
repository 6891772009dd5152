"""QT prolongation, additive: how many QT drugs, how strong, and the patient's own risk factors."""

from collections.abc import Iterator
from itertools import combinations

from core.domain.basics import Citation, Label
from core.domain.plan import Alert, Tier
from core.domain.record import Sex
from core.knowledge import drugs as drug_tables
from core.treatment import alerts
from core.treatment.context import Context, measured_label
from core.treatment.given import Given
from core.treatment.states import label_of

_SOURCE = Citation(
    "Tisdale et al., Circ Cardiovasc Qual Outcomes 2013;6:479-487 (risk factors); ONC high-priority list (pairs)", 2013
)
_STOP_QTC_MS = 500
_LONG_QTC_MS = 470
_LOW_POTASSIUM = 3.5


def check(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """Pairs of QT drugs with at least one known culprit, and a single known culprit with risk factors."""
    classes = drug_tables.load().classes
    known, other = classes["qt_known"].members, classes["qt_other"].members
    drugs = {e.drug: e for e in entries if not e.local and e.drug in known | other}
    factors, grave = risk_factors(context)
    for first, second in combinations(drugs.values(), 2):
        if first.order == second.order or not {first.drug, second.drug} & known:
            continue
        both = {first.drug, second.drug} <= known
        tier = Tier.STOP if grave else Tier.CAUTION if both or factors else Tier.INFO
        yield _alert((first, second), tier, factors, "qt_additive")
    if grave:
        for entry in drugs.values():
            if entry.drug in known:
                yield _alert((entry,), Tier.STOP, factors, "qt_long")


def risk_factors(context: Context) -> tuple[tuple[Label, ...], bool]:
    """The patient's own QT risk factors, and whether QT is already dangerously long."""
    factors: list[Label] = []
    qtc = context.measured.get("qtc")
    grave = "long_qt" in context.states or (qtc is not None and qtc.value >= _STOP_QTC_MS)
    if "long_qt" in context.states:
        factors.append(label_of("long_qt"))
    if qtc is not None and qtc.value >= _LONG_QTC_MS:
        factors.append(measured_label(qtc))
    potassium = context.measured.get("potassium")
    if potassium is not None and not potassium.stale and potassium.value < _LOW_POTASSIUM:
        factors.append(measured_label(potassium))
    factors += [
        label_of(s) for s in ("bradycardia", "heart_failure", "myocardial_infarction_recent") if s in context.states
    ]
    if context.sex is Sex.FEMALE and context.age is not None and context.age >= 68:
        factors.append(Label("woman of 68 or over", "68岁及以上女性"))
    return tuple(factors), grave


def _alert(entries: tuple[Given, ...], tier: Tier, factors: tuple[Label, ...], rule_id: str) -> Alert:
    name = alerts.names(entry.drug for entry in entries)
    return alerts.make(
        kind="qt",
        rule_id=rule_id,
        tier=tier,
        entries=entries,
        title=Label(f"{name.en}: QT prolongation", f"{name.zh}：QT间期延长"),
        detail=Label(
            "Effects on the QT interval add up; the risk of torsades de pointes grows with each factor.",
            "QT延长作用相加，危险因素越多，尖端扭转型室速风险越高。",
        ),
        action=Label(
            "Replace one of them, or record an ECG before and after and keep potassium above 4 mmol/L.",
            "替换其一；或用药前后查心电图，血钾保持4 mmol/L以上。",
        ),
        source=_SOURCE,
        factors=factors,
        group="qt",
    )
