"""References to images. Pixels live in `core.imaging`; these types travel through the case."""

from dataclasses import dataclass

from core.domain.basics import Coding, Label, Quantity, Source, Version


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One image a model can look at: a file (and frame), with what DICOM or the user said about it.

    `age_years`, `view` (AP, PA, LL, ...) and `body_part` are None or "" when not known; `stated_by` says whether
    "dicom" or "user" gave them. `sha256` is of the file's bytes.
    """

    id: str
    path: str
    frame: int = 0
    sop_instance_uid: str = ""
    series_instance_uid: str = ""
    study_instance_uid: str = ""
    modality: str = ""
    view: str = ""
    body_part: str = ""
    age_years: float | None = None
    rows: int = 0
    columns: int = 0
    description: str = ""
    time: str = ""
    stated_by: str = "dicom"
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class NoEstimate:
    """The input gate refused: no number is shown. `rule` names the gate's rule, `reason` the sentence to show."""

    image_id: str
    pack: Version
    rule: str
    reason: Label


@dataclass(frozen=True, slots=True)
class ConformalSet:
    """Which answers cannot be left out if the truth is to be among them in `coverage` of films like those validated on.

    Both: undecided. Neither: unlike films of either kind.
    """

    coverage: float
    absent: bool
    present: bool


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """A calibrated probability for one label of a model pack, with its 90 % interval and gate score (OOD, 0-1)."""

    image_id: str
    pack: Version
    label: Coding
    name: Label
    probability: float
    interval: tuple[float, float]
    logit: float
    ood: float
    prevalence: float = 0.5
    """Share of the label in the training data: lets fusion turn the probability into a likelihood ratio."""
    conformal: ConformalSet | None = None
    """None where the pack states no conformal sets."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A mark on an image: `kind` (length, angle, ellipse, ...), points in pixel coordinates (column, row), result."""

    id: str
    image_id: str
    kind: str
    points: tuple[tuple[float, float], ...]
    values: tuple[tuple[str, Quantity], ...] = ()
    text: str = ""
    source: Source | None = None
