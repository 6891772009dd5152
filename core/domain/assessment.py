"""What the engines say: ranked hypotheses with their evidence, red flags, and what to ask next."""

from dataclasses import dataclass
from enum import StrEnum

from core.domain.basics import Citation, Coding, Label, Version
from core.domain.finding import Origin


class Urgency(StrEnum):
    """How soon the condition must be acted on."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"
    SELF_CARE = "self_care"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding's share in a hypothesis. `weight` is in nats of log-odds: above 0 supports, below 0 speaks against.

    `finding_id` is "" for unknown evidence (nothing in the case says whether it is there).
    """

    code: Coding
    label: Label
    weight: float
    origin: Origin
    finding_id: str = ""
    detail: str = ""
    group: str = ""
    """Correlated findings share a group and are not counted twice."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A candidate diagnosis. `probability` is calibrated; `interval` is its 90 % interval.

    `log_odds` = `base_log_odds` + the sum of the weights of all evidence (up to the engine's stated additivity error).
    """

    id: str
    label: Label
    codes: tuple[Coding, ...]
    engine: str
    probability: float
    interval: tuple[float, float]
    base_log_odds: float
    log_odds: float
    evidence_for: tuple[Evidence, ...] = ()
    evidence_against: tuple[Evidence, ...] = ()
    unknown: tuple[Evidence, ...] = ()
    cant_miss: bool = False
    urgency: Urgency = Urgency.ROUTINE
    sources: tuple[Citation, ...] = ()
    group: str = ""
    """Near-identical diseases ("same gene: FBN1") share a group in the list."""
    note: Label = Label("")


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A rule of its own: shows even when no engine ranks the condition."""

    rule_id: str
    label: Label
    advice: Label
    urgency: Urgency
    finding_ids: tuple[str, ...]
    source: Citation


class StepKind(StrEnum):
    """What kind of step comes next."""

    ASK = "ask"
    EXAMINE = "examine"
    TEST = "test"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class NextStep:
    """A question or test, with its expected information gain in bits and what it would help to tell apart."""

    kind: StepKind
    code: Coding
    label: Label
    gain_bits: float
    hypothesis_ids: tuple[str, ...]
    cost: float = 0.0
    caution: Label = Label("")


@dataclass(frozen=True, slots=True)
class Abstention:
    """An engine or model that gave no estimate, and why."""

    engine: str
    reason: Label
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The differential of a case at one moment. `input_sha256` identifies the findings it was made from.

    `none_of_these` is the probability that no listed hypothesis is right.
    """

    id: str
    created_at: str
    hypotheses: tuple[Hypothesis, ...]
    none_of_these: float
    red_flags: tuple[RedFlag, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    abstentions: tuple[Abstention, ...] = ()
    urgency: Urgency | None = None
    versions: tuple[Version, ...] = ()
    input_sha256: str = ""
    seconds: float = 0.0
