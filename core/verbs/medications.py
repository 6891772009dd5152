"""`medications check|show|coverage`: safety alerts for a case or for orders, one drug's profile, coverage of a list."""

import argparse
import json
import os
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.domain.finding import Finding
from core.domain.plan import Alert
from core.domain.record import Record
from core.domain.serial import to_plain
from core.errors import UserError
from core.treatment.check import check_context, grouped, interrupting
from core.treatment.context import Context, gather
from core.treatment.given import read_proposed
from core.verbs import medications_vocabulary

_UNPARSED_DOSE = re.compile(r"\d")


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="check current and proposed medicines", description="Check medicines.")
    check.add_argument("case", nargs="?", default="", metavar="CASE", help="a stored case's id (see `cases list`)")
    check.add_argument(
        "--drugs", nargs="+", default=[], metavar="ORDER", help='orders in words: "ibuprofen 400 mg tid"'
    )
    check.add_argument("--patient", nargs="+", type=Path, default=[], metavar="FILE", help="the patient's record files")
    check.add_argument("--json", action="store_true", help="JSON on standard output (otherwise one line an alert)")
    check.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the lines (default en)")
    medications_vocabulary.register(actions)


def run(args: argparse.Namespace) -> int:
    """Check and print. Raises `UserError` for a drug that is not known or a dose that cannot be read."""
    if args.action != "check":
        return medications_vocabulary.run(args)
    if bool(args.case) == bool(args.drugs or args.patient):
        raise UserError("Name either a case, or --drugs (with --patient).", "See `medications check --help`.")
    orders = tuple(args.drugs)
    _verify(orders)
    now = datetime.now(UTC)
    record, findings = _stored(args.case) if args.case else (_read(args.patient), ())
    context = gather(record, findings, now)
    alerts = check_context(context, orders)
    if args.json:
        print(json.dumps(_table(context, orders, alerts), ensure_ascii=False, indent=1))
    else:
        for alert in alerts:
            print(f"{alert.tier.value.upper():8}{alert.title.text(args.lang)}  {alert.action.text(args.lang)}")
        if not alerts:
            print("no rule fired" if args.lang == "en" else "无规则触发")
    return 0


def _verify(orders: tuple[str, ...]) -> None:
    """Nothing is assumed: an unknown name or a dose without a readable unit is an error."""
    for order in orders:
        said = read_proposed(order)
        if not said.drugs:
            raise UserError(f"The drug in “{order}” is not known.", "Use the generic name.")
        rest = order
        for match in reversed(said.matches):
            rest = rest[: match.start] + rest[match.end :]
        if _UNPARSED_DOSE.search(rest) and not said.strengths:
            raise UserError(f"The dose in “{order}” cannot be read.", 'Write it as "500 mg twice daily".')


def _stored(case_id: str) -> tuple[Record, tuple[Finding, ...]]:
    from core.store.store import Store

    with Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE")) as store:
        case = store.load(case_id)
    return case.record, case.findings


def _read(paths: list[Path]) -> Record:
    """The one patient of these files; an empty record where none are named. More than one patient is an error."""
    if not paths:
        return Record()
    from core.records.intake import read_paths

    with tempfile.TemporaryDirectory() as scratch:
        intake = read_paths(paths, scratch=Path(scratch))
    if len(intake.records) != 1:
        raise UserError(f"These files hold {len(intake.records)} patients.", "Name the files of one patient.")
    for one in intake.files:
        if one.error:
            print(f"not read: {one.path}: {one.error}", file=sys.stderr)
    return intake.records[0]


def _table(context: Context, orders: tuple[str, ...], alerts: tuple[Alert, ...]) -> dict[str, Any]:
    return {
        "current": [
            {"text": medicine.text, "drugs": list(medicine.drugs), "route": medicine.recognised.route}
            for medicine in context.current
        ],
        "proposed": [
            {"text": order, "drugs": list(said.drugs), "matches": to_plain(said.matches), "route": said.route}
            for order, said in ((order, read_proposed(order)) for order in orders)
        ],
        "interrupting": len(interrupting(alerts)),
        "decisions": len(grouped(interrupting(alerts))),
        "alerts": to_plain(alerts),
    }
