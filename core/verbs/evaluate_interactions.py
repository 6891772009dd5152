"""`evaluate interactions DATA`: the ONC high-priority and non-interruptive pairs, and the HL7 PDDI-CDS requests."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.domain.plan import Tier
from core.domain.record import Record
from core.errors import UserError
from core.treatment import pddi_reference
from core.treatment.check import check_context, check_medicines
from core.treatment.context import gather
from core.treatment.recognise import recognise

HELP = "measure interaction alerts on the ONC lists and the HL7 PDDI-CDS requests below a folder"
_PAIR_KINDS = {"interaction", "qt", "duplicate"}


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "data", type=Path, metavar="DATA", help="folder with ONC_*_Mapped.csv and PDDI-CDS request JSON"
    )
    parser.add_argument("--misses", action="store_true", help="list every pair and request that failed")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the figures as JSON."""
    print(json.dumps(measure(args.data, args.misses), ensure_ascii=False, indent=1))
    return 0


def measure(folder: Path, misses: bool = False) -> dict[str, Any]:
    """All figures. A pair that both lists name must alert (the safer reading) and stands in `in_both_lists`.

    Raises `UserError` where the folder holds none of the three kinds of file.
    """
    high = _pairs(folder, "*High*Priority*Mapped*.csv")
    silent = _pairs(folder, "*Non*Inter*uptive_Mapped.csv")
    requests = list(_requests(folder))
    if not (high or silent or requests):
        raise UserError(
            f"{folder} holds no ONC pair list and no PDDI-CDS request.", "Name the unpacked drug-safety folder."
        )
    out: dict[str, Any] = {"n": len(high) + len(silent) + len(requests)}
    if high:
        out |= _high(high, misses)
    if silent:
        both = {frozenset({a.lower(), b.lower()}) for a, b in high}
        contradictory = [pair for pair in silent if frozenset({pair[0].lower(), pair[1].lower()}) in both]
        out |= _silent([pair for pair in silent if pair not in contradictory], misses)
        out["in_both_lists"] = contradictory
    if requests:
        out |= _pddi(requests, misses)
    return out


def _pairs(folder: Path, pattern: str) -> list[tuple[str, str]]:
    """Unordered pairs of names, each once."""
    found: dict[frozenset[str], tuple[str, str]] = {}
    for path in sorted(folder.rglob(pattern)):
        for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
            parts = [part.strip() for part in line.split("$")]
            if len(parts) >= 3 and parts[0] and parts[2]:
                found.setdefault(frozenset({parts[0].lower(), parts[2].lower()}), (parts[0], parts[2]))
    return list(found.values())


def _worst(first: str, second: str) -> tuple[Tier | None, bool]:
    """The worst pair alert of two drugs without patient context, and whether both were recognised."""
    context = gather(Record(), (), datetime(2024, 1, 1, tzinfo=UTC))
    alerts = [a for a in check_context(context, (first, second)) if a.kind in _PAIR_KINDS]
    known = bool(recognise(first).drugs) and bool(recognise(second).drugs)
    order = {Tier.STOP: 0, Tier.CAUTION: 1, Tier.INFO: 2}
    return min((a.tier for a in alerts), key=lambda t: order[t], default=None), known


def _high(pairs: list[tuple[str, str]], misses: bool) -> dict[str, Any]:
    tiers = {pair: _worst(*pair) for pair in _progress(pairs, "high priority")}
    failed = [pair for pair, (tier, _) in tiers.items() if tier not in {Tier.STOP, Tier.CAUTION}]
    out: dict[str, Any] = {
        "high_priority_n": len(pairs),
        "high_priority_alerted": _share(len(pairs) - len(failed), len(pairs)),
        "high_priority_stop": _share(sum(tier is Tier.STOP for tier, _ in tiers.values()), len(pairs)),
        "high_priority_unrecognised": sum(not known for _, known in tiers.values()),
    }
    return out | ({"high_priority_missed": failed} if misses else {})


def _silent(pairs: list[tuple[str, str]], misses: bool) -> dict[str, Any]:
    tiers = {pair: _worst(*pair) for pair in _progress(pairs, "non-interruptive")}
    failed = [pair for pair, (tier, _) in tiers.items() if tier in {Tier.STOP, Tier.CAUTION}]
    out: dict[str, Any] = {
        "non_interruptive_n": len(pairs),
        "non_interruptive_silent": _share(len(pairs) - len(failed), len(pairs)),
        "non_interruptive_unrecognised": sum(not known for _, known in tiers.values()),
    }
    return out | ({"non_interruptive_failed": failed} if misses else {})


def _requests(folder: Path) -> Iterator[pddi_reference.Request]:
    for path in sorted(folder.rglob("*.json")):
        if path.parent.name == "requests":
            request = pddi_reference.read(path)
            if request is not None:
                yield request


def _pddi(requests: list[pddi_reference.Request], misses: bool) -> dict[str, Any]:
    """A request passes when every applicable artefact gives exactly the tier of the guide's logic."""
    rows = []
    for request in requests:
        want = pddi_reference.expected(request)
        alerts = check_medicines(request.record, (), request.proposed, request.now)
        got = {a.rule_id: a.tier for a in alerts if a.rule_id in want}
        rows.append(
            {
                "file": request.file,
                "expected": {key: tier.value for key, tier in want.items()},
                "got": {key: tier.value for key, tier in got.items()},
                "passed": bool(want) and got == want,
            }
        )
    out: dict[str, Any] = {
        "pddi_cds_n": len(rows),
        "pddi_cds_passed": sum(bool(row["passed"]) for row in rows),
        "pddi_cds_failed": sum(not row["passed"] for row in rows),
    }
    return out | ({"pddi_cds": rows} if misses else {})


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _progress(pairs: list[tuple[str, str]], what: str) -> Iterator[tuple[str, str]]:
    for number, pair in enumerate(pairs, 1):
        if number % 500 == 0:
            print(f"{what}: {number}/{len(pairs)}", file=sys.stderr)
        yield pair
