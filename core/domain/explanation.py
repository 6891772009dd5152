"""Why: Shapley values on two floors, each with the checks that say whether to believe it."""

from dataclasses import dataclass

from core.domain.basics import Label, Version
from core.domain.finding import Origin


@dataclass(frozen=True, slots=True)
class Contribution:
    """One finding's Shapley value (log-odds, nats)."""

    finding_id: str
    label: Label
    origin: Origin
    value: float
    detail: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A fidelity check: its value, and whether it passed. One that fails is shown as failing."""

    name: Label
    value: float
    passed: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class FindingExplanation:
    """Finding -> diagnosis. `additivity_error` = |base + sum(values) - log_odds|."""

    hypothesis_id: str
    base_log_odds: float
    log_odds: float
    contributions: tuple[Contribution, ...]
    additivity_error: float
    method: str
    evaluations: int
    seconds: float
    checks: tuple[Check, ...] = ()
    versions: tuple[Version, ...] = ()
    compared_with: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """A deletion or insertion curve: share of regions changed (0-1) against the model's probability."""

    name: str
    share: tuple[float, ...]
    value: tuple[float, ...]
    auc: float


@dataclass(frozen=True, slots=True)
class ImageExplanation:
    """Pixel -> finding over a grid of regions of the model's input.

    `values` is row-major of shape (`rows`, `columns`), log-odds in nats; `standard_errors` likewise. `box` is the part
    of the original image that the model saw: (column0, row0, column1, row1) in pixels.
    """

    image_id: str
    label: Label
    pack: Version
    method: str
    rows: int
    columns: int
    values: tuple[float, ...]
    standard_errors: tuple[float, ...]
    box: tuple[float, float, float, float]
    base_value: float
    value: float
    additivity_error: float
    baseline: str
    evaluations: int
    seconds: float
    seed: int
    stability: float
    curves: tuple[Curve, ...] = ()
    checks: tuple[Check, ...] = ()
    provider: str = ""
    preview_r: float | None = None
    """Correlation of the map foretold in one pass with this one; None where none was foretold."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All explanations of one assessment."""

    assessment_id: str
    findings: tuple[FindingExplanation, ...] = ()
    images: tuple[ImageExplanation, ...] = ()
