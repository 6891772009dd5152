"""`models import` and `models compress`: packs from models made elsewhere, and smaller variants with what they lose."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.inference import packs
from core.inference.compress import KINDS


def register(actions: Any) -> None:
    """Arguments."""
    take = actions.add_parser("import", help="make a pack of a Hugging Face folder, ONNX, TorchScript or skops file")
    take.add_argument("source", type=Path, metavar="SOURCE", help="folder or file of the model")
    take.add_argument(
        "--out", type=Path, default=None, help="folder of the new pack; without it the questions are listed"
    )
    take.add_argument("--answers", type=Path, default=None, help="JSON file with what the model does not say itself")
    take.add_argument("--trust", action="store_true", help="administrator: read a scikit-learn pickle, which runs code")
    small = actions.add_parser(
        "compress", help="int8 and fp16 variants of a pack, measured; writes those that lose little"
    )
    small.add_argument("pack", metavar="PACK", help="id of an installed pack, or a pack folder")
    small.add_argument("--kinds", default=",".join(KINDS), help=f"comma-separated: {', '.join(KINDS)} (default all)")
    small.add_argument("--data", type=Path, required=True, help="films, texts or table: half calibrates, half measures")
    small.add_argument(
        "--out", type=Path, default=None, help="folder of the new pack; without it only the table is made"
    )
    small.add_argument("--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)")


def run_import(args: argparse.Namespace) -> dict[str, Any]:
    """The new pack, or the questions that are open."""
    from core.inference.importing import detect, import_model, missing, read_answers

    answers = read_answers(args.answers)
    open_questions = missing(args.source, answers, trust=args.trust)
    asked = [asdict(q) | {"required": q.required} for q in open_questions]
    if args.out is None:
        return {"kind": detect(args.source), "missing": asked}
    if any(q.required for q in open_questions):
        print(json.dumps({"missing": asked}, ensure_ascii=False, indent=1))
    pack = import_model(args.source, args.out, answers, trust=args.trust)
    return {"pack": pack.id, "folder": str(args.out), "task": pack.task, "validated": False, "defaults": asked}


def run_compress(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The table before and after."""
    from core.inference.compress import compress
    from core.inference.compress_data import read_data

    def report(done: int, total: int, what: str) -> None:
        print(f"{what}: {done}/{total}", file=sys.stderr)

    pack = packs.load(folder)
    if args.out is not None and args.out.resolve() == folder.resolve():
        raise UserError("The new pack cannot replace the one it is made from.", "Name another folder.")
    rows = compress(pack, read_data(pack, args.data, report), args.kinds.split(","), out=args.out, report=report)
    return {"pack": pack.id, "written": str(args.out) if args.out else "", "table": [asdict(row) for row in rows]}
