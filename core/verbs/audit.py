"""`audit verify|list|export`: who did what, and whether the log is whole."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from core.domain.serial import to_plain
from core.errors import UserError
from core.store.atna import audit_bundle
from core.store.files import write_whole
from core.store.store import Store
from core.store.users import Permission


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="WHAT")
    actions.add_parser("verify", help="walk the hash chain; exit 2 where an event was changed, removed or moved")
    rows = actions.add_parser("list", help="the newest events as JSON")
    rows.add_argument("--case", default="", help="only this case's")
    rows.add_argument("--limit", type=int, default=200, help="at most this many (default 200)")
    export = actions.add_parser("export", help="write all events as FHIR R4 AuditEvent resources")
    export.add_argument("--out", type=Path, required=True, help="the JSON file to write")


def run(args: argparse.Namespace) -> int:
    """One action on the audit log."""
    with Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE")) as store:
        store.users.require(Permission.READ_AUDIT)
        if args.action == "verify":
            check = store.audit.verify()
            _print({"events": check.events, "whole": check.whole, "problems": list(check.problems)})
            return 0 if check.whole else 2
        if args.action == "list":
            _print([to_plain(event) for event in store.audit.events(case_id=args.case, limit=args.limit)])
            return 0
        events = store.audit.events(limit=2**62)[::-1]
        try:
            write_whole(args.out, json.dumps(audit_bundle(events), ensure_ascii=False).encode())
        except OSError as error:
            raise UserError(f"{args.out} could not be written ({error.strerror}).", "Choose another folder.") from error
        _print({"file": str(args.out), "events": len(events)})
    return 0


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))
