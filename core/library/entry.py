"""A page of the library: what one thing is, part by part, with links to other pages and the source of each line."""

from dataclasses import dataclass
from enum import StrEnum

from core.domain.basics import Citation, Label


class Kind(StrEnum):
    """What a page is about."""

    CONDITION = "condition"
    FINDING = "finding"
    MEDICINE = "medicine"
    SCORE = "score"
    RED_FLAG = "red_flag"


KIND_LABELS = {
    Kind.CONDITION: Label("Conditions", "疾病"),
    Kind.FINDING: Label("Findings", "发现"),
    Kind.MEDICINE: Label("Medicines", "药物"),
    Kind.SCORE: Label("Scores", "评分"),
    Kind.RED_FLAG: Label("Red flags", "危险信号"),
}


@dataclass(frozen=True, slots=True)
class Ref:
    """The address of a page."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line: what, how much (a share in 0-1 is drawn as a bar when `share` is set), where it leads, who says so."""

    label: Label
    value: Label = Label("")
    share: float | None = None
    target: Ref | None = None
    source: Citation | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A titled list of lines."""

    title: Label
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A page. `codes` as printed ("ICD-10 J18.9"), `names` other names in either language, `version` of its table."""

    ref: Ref
    label: Label
    codes: tuple[str, ...]
    names: tuple[str, ...]
    parts: tuple[Part, ...]
    sources: tuple[Citation, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A page found by a search, with the name that matched."""

    ref: Ref
    label: Label
    matched: str
