"""`evaluate records DATA`: read every record file of a folder and say what was read, refused, and how long it took."""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from core.domain.record import Record
from core.errors import UserError
from core.records.fhir import read as read_fhir
from core.records.fhir_export import to_fhir
from core.records.intake import Intake, read_paths

HELP = "files read and refused, facts by kind, and the FHIR round trip of every record"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("data", type=Path, help="a folder of FHIR, C-CDA, HL7 v2, phenopacket, VCF, CSV or text files")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Read, export, read back, print."""
    if not args.data.exists():
        raise UserError(f"{args.data} does not exist.", "Give a folder with record files.")
    result = evaluate(args.data)
    if args.json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        print("\n".join(f"{name}: {value}" for name, value in result.items()))
    return 0


def evaluate(data: Path) -> dict[str, Any]:
    """Counts, seconds, and how many records came back unchanged from FHIR."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        intake = read_paths([data], _progress, scratch=Path(scratch))
    seconds = time.monotonic() - start
    unchanged = sum(read_fhir(to_fhir(r), "export").records == (r,) for r in intake.records)
    return {
        "n": len(intake.files),
        "records": len(intake.records),
        "identity_questions": len(intake.questions),
        "files_by_kind": dict(Counter(f.kind for f in intake.files)),
        "facts": _facts(intake),
        "refused": {Path(f.path).name: f.error for f in intake.files if f.error},
        "round_trip_unchanged": unchanged,
        "seconds": round(seconds, 3),
    }


def _facts(intake: Intake) -> dict[str, int]:
    names = [f.name for f in fields(Record) if f.name != "patient"]
    return {name: sum(len(getattr(r, name)) for r in intake.records) for name in names}


def _progress(done: int, total: int, what: str) -> None:
    print(f"\r{done}/{total} {what[:60]:60}", end="", file=sys.stderr, flush=True)
