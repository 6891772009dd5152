"""`cases list|show|search|export`: what is in the store."""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from core.domain.case import Case, CaseStatus
from core.domain.serial import to_plain
from core.errors import UserError
from core.report.json import case_bytes, case_json
from core.store.files import write_whole
from core.store.policy import refuse_export
from core.store.store import Store


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="WHAT")
    rows = actions.add_parser("list", help="rows of the worklist as JSON")
    rows.add_argument("--status", action="append", choices=[s.value for s in CaseStatus], default=[], help="only these")
    rows.add_argument("--text", default="", help="only cases that contain these words")
    rows.add_argument("--since", default="", help="only cases changed since this ISO time")
    rows.add_argument("--flagged", action="store_true", help="only cases with a red flag or a Stop alert")
    rows.add_argument("--limit", type=int, default=500, help="at most this many (default 500)")
    show = actions.add_parser("show", help="a whole case as JSON")
    show.add_argument("case", help="the case's id")
    search = actions.add_parser("search", help="cases that contain all words: names, notes, findings, codes; en and zh")
    search.add_argument("words", nargs="+", help="what to look for")
    search.add_argument("--limit", type=int, default=50, help="at most this many (default 50)")
    export = actions.add_parser("export", help="write a case as JSON, PDF, HTML or FHIR R4 document")
    export.add_argument("case", help="the case's id")
    export.add_argument("--out", type=Path, required=True, help="the file to write")
    export.add_argument("--format", choices=["json", "pdf", "html", "fhir"], help="default: by the file's ending")
    export.add_argument(
        "--deidentify", type=Path, metavar="KEYFILE", help="without identity; the key is made if missing"
    )
    export.add_argument(
        "--lang", choices=["en", "zh"], default="en", help="language of PDF, HTML and FHIR (default en)"
    )


def run(args: argparse.Namespace) -> int:
    """One action on the store."""
    with Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE")) as store:
        if args.action == "list":
            status = tuple(CaseStatus(s) for s in args.status)
            found = store.list(
                status=status, text=args.text, since=args.since, flagged=args.flagged, limit=args.limit, order="time"
            )
            _print([to_plain(row) for row in found])
        elif args.action == "search":
            _print([to_plain(hit) for hit in store.search(" ".join(args.words), limit=args.limit)])
        elif args.action == "show":
            _print(case_json(store.load(args.case)))
        else:
            _print(_export(store, args))
    return 0


def _export(store: Store, args: argparse.Namespace) -> dict[str, Any]:
    """Write the file; returns what was written."""
    kind = args.format or args.out.suffix.lstrip(".").lower()
    if kind not in ("json", "pdf", "html", "fhir"):
        raise UserError(f"{args.out.name} does not say what to write.", "Add --format json, pdf, html or fhir.")
    refuse_export(store.policy)
    case = store.load(args.case)
    leaks: dict[str, Any] = {}
    if args.deidentify:
        case, leaks = _deidentified(case, args.deidentify)
    try:
        if kind == "pdf":
            from core.report.pdf import write_pdf

            with tempfile.TemporaryDirectory(prefix="consilium-") as scratch:
                write_pdf(store.with_local_images(case, Path(scratch)), args.out, args.lang)
        elif kind == "html":
            from core.report.html import html_text

            args.out.write_text(html_text(case, args.lang), "utf-8")
        elif kind == "fhir":
            from core.report.fhir import fhir_bytes

            args.out.write_bytes(fhir_bytes(case, args.lang))
        else:
            args.out.write_bytes(case_bytes(case))
    except OSError as error:
        raise UserError(f"{args.out} could not be written ({error.strerror}).", "Choose another folder.") from error
    store.audit.add_or_keep("export", store.users.acting(), args.case, format=kind, anonymous=bool(leaks))
    return {"case": args.case, "file": str(args.out), "format": kind, **leaks}


def _deidentified(case: Case, keyfile: Path) -> tuple[Case, dict[str, Any]]:
    """The case without identity, and the report of what was covered and what a person should still look at."""
    from core.privacy.case import deidentify_case
    from core.privacy.pseudonyms import Pseudonyms, new_key

    if not keyfile.exists():
        write_whole(keyfile, new_key().hex().encode())
    try:
        key = bytes.fromhex(keyfile.read_text("ascii").strip())
    except ValueError as error:
        raise UserError(f"{keyfile.name} is not a key file.", "Choose another, or a new name to make one.") from error
    clean, leaks = deidentify_case(case, Pseudonyms(key))
    return clean, {"covered": dict(leaks.covered), "to_review": [f"{place}: {what}" for place, what in leaks.suspects]}


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))
