"""`evaluate rare DATA`: the rare engine on a folder of phenopackets, as is and with the case's own publication left out."""

import argparse
import json
import sys
from pathlib import Path

HELP = "rare-disease engine on a folder of phenopackets: top-1/3/10, calibration, time; leave-publication-out"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, help="a folder of phenopackets (nested folders are read)")
    parser.add_argument(
        "--leave-publication-out",
        action="store_true",
        help="rank each case without the annotations that cite its own publication",
    )
    parser.add_argument(
        "--without-orphanet", action="store_true", help="without Orphanet's annotations (no PMIDs there)"
    )
    parser.add_argument("--with-genes", action="store_true", help="give the engine the case's gene as a finding")
    parser.add_argument("--folds", action="store_true", help="learn the weights on the other diseases' cases (5 folds)")
    parser.add_argument("--limit", type=int, default=0, help="only the first N cases (0: all)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    from core.diagnosis.rare_cases import read_cases
    from core.diagnosis.rare_evaluation import Options, evaluate

    def report(done: int, total: int, what: str) -> None:
        print(f"evaluate rare {done}/{total} {what}", file=sys.stderr)

    cases = read_cases(args.data)[: args.limit or None]
    options = Options(args.leave_publication_out, not args.without_orphanet, args.with_genes, args.folds)
    print(json.dumps(evaluate(cases, options, report), indent=1))
    return 0
