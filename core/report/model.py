"""What a report consists of, before it is drawn: sections of blocks, all in one language."""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a text is meant."""

    NORMAL = "normal"
    MUTED = "muted"
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph. `level` 1 is a small heading."""

    text: str
    tone: Tone = Tone.NORMAL
    level: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """A framed text: an alert, a red flag."""

    title: str
    lines: tuple[str, ...]
    tone: Tone


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; `widths` are shares of the page's width."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Lists side by side."""

    heads: tuple[str, ...]
    lists: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A probability with its 90 % interval (all 0-1); `mark` stands beside the name."""

    label: str
    probability: float
    low: float
    high: float
    mark: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below one another."""

    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Contributions (label, log-odds) from `base` to `total`, in the order drawn."""

    base: float
    total: float
    steps: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """(name, share of absolute value 0-1, net log-odds) per source."""

    items: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """Values (row-major) over a grid laid on `box` = (column0, row0, column1, row1) of the image, in pixels."""

    rows: int
    columns: int
    values: tuple[float, ...]
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of the case, and beside it the same with an evidence map."""

    image_id: str
    caption: str
    heat: Heat | None = None
    doubtful: bool = False
    """A check of the map failed: it must not look as if it held."""


Block = Line | Notice | Grid | Columns | Bars | Waterfall | Shares | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the report."""

    title: str
    blocks: tuple[Block, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. `identity` stands on every page."""

    title: str
    identity: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    language: str
    synthetic: bool
    case_id: str
    as_of: str
