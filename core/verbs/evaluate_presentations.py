"""`evaluate presentations`: our own made-up notes -> record -> findings -> the differential, as a typed note goes."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.diagnosis import common, presentations
from core.diagnosis.assess import assess
from core.diagnosis.measures import flat, mean, peak_memory_mb
from core.diagnosis.presentations import CHECK, LEARN, Presentation
from core.errors import UserError
from core.findings.find import find
from core.records.text import read as read_note
from core.verbs.evaluate_vignettes import NOW, measures, ranked

HELP = "our own synthetic presentations: top-1/3/5/10, calibration, urgency; by language, style and file"
_BRIEF = ("n", "top1", "top3", "top5", "top10", "ece", "emergency_diagnoses", "emergency_diagnoses_rated_self_care")


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments: [DATA], --part, --language, --limit, --json."""
    parser.add_argument(
        "data", type=Path, nargs="?", default=presentations.FOLDER, help="a folder or file; default the shipped"
    )
    parser.add_argument("--part", choices=(CHECK, LEARN), help="only the notes kept for checking, or the others")
    parser.add_argument("--language", choices=("en", "zh"), help="only these notes")
    parser.add_argument("--limit", type=int, default=0, help="only the first N notes (0: all)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    chosen = [
        one
        for one in presentations.read(args.data)
        if args.part in (None, one.part) and args.language in (None, one.language)
    ]
    if not chosen:
        raise UserError(f"{args.data} holds no such presentation.", "Name a folder of .jsonl files of presentations.")
    print(json.dumps(evaluate(chosen[: args.limit or None]), indent=2, ensure_ascii=False))
    return 0


def evaluate(notes: Sequence[Presentation]) -> dict[str, Any]:
    """Measures over all notes and by part; a note of a condition that the knowledge lacks counts as missed."""
    known = common.shared().tables.condition_index
    rows, spent = [], []
    for number, one in enumerate(notes):
        started = time.perf_counter()
        record = read_note(one.text.encode(), f"{one.id}.txt").records[0]
        found = find(record, (), NOW)
        assessment = assess(found, record.patient, NOW)
        spent.append((time.perf_counter() - started) * 1000)
        wanted = one.condition if one.condition in known else ""
        rows.append({**ranked(found, record.patient, wanted, assessment), "note": one})
        if number % 100 == 0:
            print(f"{number} of {len(notes)}", file=sys.stderr)
    return {
        **measures(rows),
        "unknown_conditions": sorted({one.condition for one in notes if one.condition not in known}),
        **flat("ms_per_case", mean(spent)),
        "peak_memory_mb": peak_memory_mb(),
        "by_language": _by(rows, lambda one: one.language),
        "by_style": _by(rows, lambda one: f"{one.language} {one.style}"),
        "by_file": _by(rows, lambda one: one.file),
        "conditions": len(known),
        "versions": [f"conditions {common.shared().tables.version.version}"],
    }


def _by(rows: Sequence[dict[str, Any]], of: Callable[[Presentation], str]) -> dict[str, dict[str, Any]]:
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        parts.setdefault(of(row["note"]), []).append(row)
    measured = {name: measures(part) for name, part in sorted(parts.items())}
    return {name: {key: part[key] for key in _BRIEF} for name, part in measured.items()}
