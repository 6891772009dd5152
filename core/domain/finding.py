"""The common currency: one clinical finding, its status and where it came from."""

from dataclasses import dataclass
from enum import StrEnum

from core.domain.basics import Coding, Label, Quantity, Source


class Status(StrEnum):
    """Present, denied, or not assessed. Missing is never normal."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_ASSESSED = "not_assessed"


class Origin(StrEnum):
    """Which modality a finding came from; the explanation's "share by source" groups by it."""

    NOTE = "note"
    LABORATORY = "laboratory"
    VITAL = "vital"
    IMAGE = "image"
    GENE = "gene"
    HISTORY = "history"
    DEMOGRAPHIC = "demographic"
    CLINICIAN = "clinician"


class Scope(StrEnum):
    """Whom and when a finding is about. Only CURRENT and (for risk factors) HISTORY and FAMILY reach an engine."""

    CURRENT = "current"
    HISTORY = "history"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"
    UNCERTAIN = "uncertain"


class Interpretation(StrEnum):
    """A value against its reference range (HL7 v3 ObservationInterpretation, spelled out)."""

    CRITICAL_LOW = "critical_low"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL_HIGH = "critical_high"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    `code` is in system `consilium` (ids of `resources/knowledge/findings/`) or `HP`; `also` holds equivalents in
    other systems (HP, LOINC, SNOMED). `confidence` is the calibrated probability that `status` is right (text rules: 1.0;
    image models: the probability). `quantity` is the measured value, `duration` how long it has lasted.
    `logit_shift` is set for image findings only: the log likelihood ratio (nats) the image gives this finding.
    """

    id: str
    code: Coding
    label: Label
    status: Status
    origin: Origin
    source: Source
    scope: Scope = Scope.CURRENT
    also: tuple[Coding, ...] = ()
    quantity: Quantity | None = None
    interpretation: Interpretation | None = None
    reference: str = ""
    confidence: float = 1.0
    duration: Quantity | None = None
    time: str = ""
    logit_shift: float | None = None
