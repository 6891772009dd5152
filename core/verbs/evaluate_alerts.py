"""`evaluate alerts DATA`: recognised medication entries, and alerts per order, replayed over patients' records."""

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.domain.plan import Alert, Tier
from core.domain.record import Medication, Record
from core.errors import UserError
from core.records.intake import read_paths
from core.treatment.check import check_medicines, grouped, interrupting
from core.treatment.labs import parse_time
from core.treatment.recognise import medication_text, recognise, says_none

HELP = "replay each order of a folder of records: share recognised, alerts per 100 orders, commonest alerts"
_STOPPED_DAYS = 30
"""A finished order without an end date counts as taken for this long (expert estimate: one prescription)."""


@dataclass(slots=True)
class Tally:
    """Counts over all orders."""

    orders: int = 0
    recognised: int = 0
    alerts: Counter[str] = field(default_factory=Counter)
    interrupted_orders: int = 0
    decisions: int = 0
    commonest: Counter[tuple[str, str]] = field(default_factory=Counter)
    silent: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of records (FHIR bundles, C-CDA, ...)")
    parser.add_argument("--top", type=int, default=10, help="how many of the commonest alerts to list (default 10)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the figures as JSON."""
    with tempfile.TemporaryDirectory() as scratch:
        intake = read_paths([args.data], _progress, scratch=Path(scratch))
    tally = replay(intake.records)
    if not tally.orders:
        raise UserError(f"No medication order was read in {args.data}.", "Name a folder of patient records.")
    print(json.dumps(table(tally, args.top), ensure_ascii=False, indent=1))
    return 0


def replay(records: tuple[Record, ...]) -> Tally:
    """Check every order against what was taken and known at its own time."""
    tally = Tally()
    for record in records:
        for order in record.medications:
            text = medication_text(order)
            if not text or says_none(text):
                continue
            tally.orders += 1
            if not recognise(text).drugs:
                tally.unknown[text] += 1
                continue
            tally.recognised += 1
            now = (parse_time(order.start) if order.start else None) or datetime(2024, 1, 1, tzinfo=UTC)
            alerts = check_medicines(_at(record, order, now), (), (text,), now)
            _count(tally, tuple(alert for alert in alerts if alert.proposed))
    return tally


def _count(tally: Tally, alerts: tuple[Alert, ...]) -> None:
    tally.alerts.update(alert.tier.value for alert in alerts)
    loud = interrupting(alerts)
    tally.interrupted_orders += bool(loud)
    tally.decisions += len(grouped(loud))
    for alert in alerts:
        counted = tally.silent if alert.tier is Tier.INFO else tally.commonest
        counted.update([(alert.tier.value, alert.title.en)])


def _at(record: Record, order: Medication, now: datetime) -> Record:
    """The record as it was when the order was written: other medicines taken then, problems begun by then."""
    others = tuple(replace(m, status="active", end="") for m in record.medications if m is not order and _taken(m, now))
    problems = tuple(
        replace(p, status="resolved") if _before(p.abatement, now) else replace(p, status="active", abatement="")
        for p in record.problems
        if not p.onset or _before(p.onset, now)
    )
    return replace(record, medications=others, problems=problems)


def _before(text: str, now: datetime) -> bool:
    when = parse_time(text) if text else None
    return when is not None and when <= now


def _taken(order: Medication, now: datetime) -> bool:
    start = parse_time(order.start) if order.start else None
    end = parse_time(order.end) if order.end else None
    if start is None or start > now:
        return False
    if end is not None:
        return end > now
    return order.status == "active" or now - start < timedelta(days=_STOPPED_DAYS)


def table(tally: Tally, top: int) -> dict[str, Any]:
    """The figures. `interrupting_per_100`: Stop and Caution alerts per 100 orders; `decisions_per_100`: after grouping."""
    loud = tally.alerts["stop"] + tally.alerts["caution"]
    checked = max(1, tally.recognised)
    return {
        "n": tally.orders,
        "recognised": round(tally.recognised / tally.orders, 4),
        "unrecognised": [text for text, _ in tally.unknown.most_common(20)],
        "stop_per_100": round(100 * tally.alerts["stop"] / checked, 2),
        "caution_per_100": round(100 * tally.alerts["caution"] / checked, 2),
        "info_per_100": round(100 * tally.alerts["info"] / checked, 2),
        "interrupting_per_100": round(100 * loud / checked, 2),
        "decisions_per_100": round(100 * tally.decisions / checked, 2),
        "orders_interrupted_per_100": round(100 * tally.interrupted_orders / checked, 2),
        "commonest": [{"tier": t, "title": title, "n": n} for (t, title), n in tally.commonest.most_common(top)],
        "commonest_info": [{"title": title, "n": n} for (_, title), n in tally.silent.most_common(top)],
    }


def _progress(done: int, total: int, what: str) -> None:
    print(f"{what}: {done}/{total}", file=sys.stderr)
