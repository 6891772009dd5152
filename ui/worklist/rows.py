"""Which lines of the worklist a filter lets through, and in which order. No Qt."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.domain.case import CaseStatus
from core.store.summary import FLAGS, KINDS, CaseSummary

VIEWS = ("all", "red_flags", "to_review", "disagreements", "signed_today")
PRESSING = ("time_critical", "red_flag", "stop")
"""Flags drawn in red; the others are amber."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows show. Empty `kinds` asks for none in particular."""

    view: str = "all"
    statuses: frozenset[CaseStatus] = field(default_factory=lambda: frozenset(CaseStatus))
    kinds: frozenset[str] = frozenset()
    lowest: float = 0.0
    highest: float = 1.0
    received: str = "all"
    words: str = ""


def updated(row: CaseSummary) -> datetime | None:
    """When a case last changed; None where the time can't be read."""
    try:
        return datetime.fromisoformat(row.updated_at)
    except ValueError:
        return None


def in_view(row: CaseSummary, view: str, now: datetime) -> bool:
    """Whether a row belongs to one of the ready-made views."""
    match view:
        case "red_flags":
            return flag_kind(row) in PRESSING and row.status is not CaseStatus.SIGNED
        case "to_review":
            return row.status is CaseStatus.TO_REVIEW
        case "disagreements":
            return row.disagreement
        case "signed_today":
            return row.status is CaseStatus.SIGNED and recent(row, now, "today")
        case _:
            return True


def recent(row: CaseSummary, now: datetime, received: str) -> bool:
    """Whether a row is of today, of the last 7 days, or any."""
    when = updated(row)
    if received == "all" or when is None:
        return True
    local = when.astimezone(now.tzinfo)
    return local.date() == now.date() if received == "today" else now - local <= timedelta(days=7)


def passes(row: CaseSummary, wanted: Filter, now: datetime) -> bool:
    """Whether a row shows under a filter."""
    words = wanted.words.casefold().split()
    return (
        in_view(row, wanted.view, now)
        and row.status in wanted.statuses
        and wanted.kinds <= set(row.kinds)
        and (row.probability is None or wanted.lowest <= row.probability <= wanted.highest)
        and recent(row, now, wanted.received)
        and (not words or all(word in _text(row) for word in words))
    )


def _text(row: CaseSummary) -> str:
    names = (row.top.en, row.top.zh) if row.top else ()
    return " ".join((row.name, row.mrn, row.reason, *names)).casefold()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases each line of the filters stands for."""

    views: dict[str, int]
    statuses: Counter[CaseStatus]
    kinds: Counter[str]


def counts(rows: Sequence[CaseSummary], now: datetime) -> Counts:
    """Count all rows, whatever the filter shows."""
    views = {key: sum(in_view(r, key, now) for r in rows) for key in VIEWS}
    return Counts(views, Counter(r.status for r in rows), Counter(kind for r in rows for kind in r.kinds))


def flag_kind(row: CaseSummary) -> str:
    """The kind of a row's flag, "" for none."""
    return row.flag.kind if row.flag else ""


def ordered(rows: Iterable[CaseSummary]) -> list[CaseSummary]:
    """Open cases before signed ones, red flags first, then the latest."""

    def key(row: CaseSummary) -> tuple[bool, int, float]:
        when = updated(row)
        kind = flag_kind(row)
        rank = FLAGS.index(kind) if kind in PRESSING else len(FLAGS)
        return (row.status is CaseStatus.SIGNED, rank, -(when.timestamp() if when else 0.0))

    return sorted(rows, key=key)


__all__ = [
    "KINDS",
    "CaseSummary",
    "Counts",
    "Filter",
    "counts",
    "flag_kind",
    "in_view",
    "ordered",
    "passes",
    "recent",
    "updated",
]
