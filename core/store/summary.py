"""A case in one line, as the worklist shows it."""

from dataclasses import dataclass
from datetime import date

from core.domain.age import age_years
from core.domain.assessment import Urgency
from core.domain.basics import Label
from core.domain.case import Action, Case, CaseStatus
from core.domain.finding import Origin
from core.domain.plan import Tier
from core.domain.record import Record, Sex

KINDS = ("notes", "labs", "radiograph", "ct_mr", "ecg", "genes")
"""Kinds of data a case can hold, in the worklist's order."""

FLAGS = ("time_critical", "red_flag", "stop", "caution", "outside_range", "import_error", "")
"""Kinds of flag, most pressing first; "" is none. A flag's rank is its place here."""

_RADIOGRAPH = {"CR", "DX", "RG", "MG", "PX", "IO"}
_SECTIONAL = {"CT", "MR", "PT"}
_ECG_CODES = {"8601-7", "11524-6", "34534-8", "18844-1", "8625-6", "8633-0", "8634-8", "8636-3"}
_NO_ESTIMATE = Label("Outside range", "超出适用范围")
_REVIEW_FILES = Label("Review files", "请检查文件")


@dataclass(frozen=True, slots=True)
class Flag:
    """What needs attention first: its kind (one of FLAGS) and the words for it."""

    kind: str
    label: Label


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One row of the worklist. `age_years` is at the case's creation; `kinds` come from KINDS.

    `top` is the leading hypothesis, None before analysis; `no_estimate` says that an engine or model abstained and
    nothing could be ranked. Times are ISO 8601 in UTC.
    """

    id: str
    created_at: str
    updated_at: str
    status: CaseStatus
    name: str
    mrn: str
    age_years: float | None
    sex: Sex
    reason: str
    synthetic: bool
    kinds: tuple[str, ...]
    top: Label | None
    probability: float | None
    interval: tuple[float, float] | None
    no_estimate: bool
    flag: Flag | None
    disagreement: bool
    working_diagnosis: str
    signed_by: str
    signed_at: str
    assigned_to: str


def kinds_of(case: Case) -> tuple[str, ...]:
    """Which kinds of data the case holds."""
    record, modalities = case.record, {image.modality.upper() for image in case.images}
    found = {
        "notes": bool(record.notes),
        "labs": any(o.category == "laboratory" for o in record.observations)
        or any(f.origin == Origin.LABORATORY for f in case.findings),
        "radiograph": bool(modalities & _RADIOGRAPH) or any(not m for m in modalities),
        "ct_mr": bool(modalities & _SECTIONAL),
        "ecg": "ECG" in modalities or _has_ecg(record) or any(f.code.code.startswith("ecg_") for f in case.findings),
        "genes": bool(record.variants) or any(f.origin == Origin.GENE for f in case.findings),
    }
    return tuple(kind for kind in KINDS if found[kind])


def flag_of(case: Case) -> Flag | None:
    """The most pressing flag of a case."""
    assessment, alerts = case.assessment, case.plan.alerts if case.plan else ()
    for flag in assessment.red_flags if assessment else ():
        if flag.urgency == Urgency.EMERGENCY:
            return Flag("time_critical", flag.label)
    if assessment and assessment.red_flags:
        return Flag("red_flag", assessment.red_flags[0].label)
    for tier, kind in ((Tier.STOP, "stop"), (Tier.CAUTION, "caution")):
        for alert in alerts:
            if alert.tier == tier:
                return Flag(kind, alert.title)
    if case.status == CaseStatus.IMPORT_ERROR:
        return Flag("import_error", _REVIEW_FILES)
    if case.refusals or _abstained(case):
        return Flag("outside_range", _NO_ESTIMATE)
    return None


def summarize(case: Case, *, assigned_to: str = "") -> CaseSummary:
    """The worklist's row for a case."""
    patient = case.record.patient
    top = case.assessment.hypotheses[0] if case.assessment and case.assessment.hypotheses else None
    return CaseSummary(
        id=case.id,
        created_at=case.created_at,
        updated_at=case.updated_at,
        status=case.status,
        name=patient.name,
        mrn=patient.identifiers[0].value if patient.identifiers else "",
        age_years=_age(case),
        sex=patient.sex,
        reason=case.reason,
        synthetic=patient.synthetic,
        kinds=kinds_of(case),
        top=top.label if top else None,
        probability=top.probability if top else None,
        interval=top.interval if top else None,
        no_estimate=_abstained(case),
        flag=flag_of(case),
        disagreement=disagrees(case),
        working_diagnosis=case.working_diagnosis,
        signed_by=case.signed_by,
        signed_at=case.signed_at,
        assigned_to=assigned_to,
    )


def disagrees(case: Case) -> bool:
    """Whether the doctor rejected or overrode something the program said."""
    return any(d.action in (Action.REJECT, Action.OVERRIDE) for d in case.decisions)


def _abstained(case: Case) -> bool:
    return case.assessment is not None and not case.assessment.hypotheses


def _has_ecg(record: Record) -> bool:
    return any(
        o.category == "ecg" or any(c.system == "LOINC" and c.code in _ECG_CODES for c in o.codes)
        for o in record.observations
    )


def _age(case: Case) -> float | None:
    try:
        on = date.fromisoformat(case.created_at[:10])
    except ValueError:
        return case.record.patient.age_years
    return age_years(case.record.patient, on)
