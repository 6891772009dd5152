"""Treatment for this patient: options, doses with their inputs, alerts in three tiers, monitoring."""

from dataclasses import dataclass
from enum import StrEnum

from core.domain.basics import Citation, Label, Quantity, Source, Version


class Tier(StrEnum):
    """Stop blocks the order, Caution asks for a decision, Info is a silent list."""

    STOP = "stop"
    CAUTION = "caution"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Alert:
    """One safety rule that fired. `kind`: allergy, interaction, renal, pregnancy, duplicate, disease, age, qt, gene, ...

    `drugs` are drug ids of the knowledge table; `factors` name the patient factors ("eGFR 41", "penicillin allergy").
    `group` joins alerts that ask for the same action.
    """

    id: str
    tier: Tier
    kind: str
    rule_id: str
    title: Label
    detail: Label
    action: Label
    drugs: tuple[str, ...]
    source: Citation
    factors: tuple[Label, ...] = ()
    evidence: tuple[Source, ...] = ()
    group: str = ""
    proposed: bool = False
    """True when at least one of the drugs is a proposed option rather than a current medicine."""
    level: str = ""
    strength: str = ""
    """CPIC's level (A, B) and strength (strong, moderate, optional) of a gene recommendation; "" where not graded."""


@dataclass(frozen=True, slots=True)
class DoseInput:
    """An input of a dose: its value and age, or what has to be asked for (`quantity` None, or `stale`)."""

    name: Label
    quantity: Quantity | None
    time: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class DrugDose:
    """One drug of an option. `patient_dose` is None when an input is missing or stale: `ask` then names the fields."""

    drug: str
    name: Label
    usual: Label
    patient_dose: Label | None
    inputs: tuple[DoseInput, ...] = ()
    ask: tuple[Label, ...] = ()
    adjustment: Label = Label("")
    route: str = ""
    duration: Label = Label("")
    sources: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """A share of an option's fit score: for (> 0), against (< 0) or unknown (`weight` 0 and `unknown`)."""

    label: Label
    weight: float
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class GeneNote:
    """What a gene result means for an option: the result, what to do, CPIC's level and strength ("" where not graded)."""

    drugs: tuple[str, ...]
    results: tuple[Label, ...]
    advice: Label
    level: str
    strength: str
    tier: Tier
    alert_id: str
    source: Citation


@dataclass(frozen=True, slots=True)
class PlanOption:
    """A treatment option. `fit` in 0-1 is the logistic of the sum of `reasons`' weights; `stopped` blocks it."""

    id: str
    label: Label
    indication: Label
    line: str
    drugs: tuple[DrugDose, ...]
    reasons: tuple[Reason, ...]
    fit: float
    interval: tuple[float, float]
    stopped: bool
    alert_ids: tuple[str, ...]
    sources: tuple[Citation, ...]
    non_drug: tuple[Label, ...] = ()
    genes: tuple[GeneNote, ...] = ()


@dataclass(frozen=True, slots=True)
class MedicineChange:
    """A change proposed to a current medicine."""

    medication_id: str
    title: Label
    detail: Label
    source: Citation
    kind: str = ""


@dataclass(frozen=True, slots=True)
class MonitoringItem:
    """What to watch and when. `times_h` in hours from the start; `decide` marks decision points."""

    label: Label
    times_h: tuple[float, ...]
    decide: bool = False
    done_h: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A non-empty cell of the interaction matrix: row (drug id or factor), column (drug id), tier, its alert."""

    row: str
    column: str
    tier: Tier
    alert_id: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Current medicines, proposed drugs and patient factors against each other."""

    factors: tuple[Label, ...]
    current: tuple[str, ...]
    proposed: tuple[str, ...]
    cells: tuple[MatrixCell, ...]
    names: tuple[tuple[str, Label], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan for one hypothesis. `gaps` say plainly where nothing is known; `summary` is a draft for the patient."""

    id: str
    created_at: str
    hypothesis_id: str
    title: Label
    options: tuple[PlanOption, ...]
    alerts: tuple[Alert, ...]
    changes: tuple[MedicineChange, ...] = ()
    matrix: Matrix | None = None
    monitoring: tuple[MonitoringItem, ...] = ()
    escalate: tuple[Label, ...] = ()
    summary: Label = Label("")
    gaps: tuple[Label, ...] = ()
    versions: tuple[Version, ...] = ()
