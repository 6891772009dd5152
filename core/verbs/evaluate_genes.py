"""`evaluate genes DATA`: the gene caller on a folder of `test_vectors*.json`, a peer's test cases written as data."""

import argparse
import json
import sys
from pathlib import Path

HELP = "gene caller on test vectors: diplotypes, gene results, called and not called"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, help="folder with test_vectors*.json (and the VCF files that they name)")
    parser.add_argument("--definitions", type=Path, help="release folder (definition/, phenotype/); default the pack")
    parser.add_argument("--failures", action="store_true", help="list what failed on standard error")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    from core.treatment.gene_evaluation import evaluate

    def report(done: int, total: int, what: str) -> None:
        print(f"evaluate genes {done}/{total} {what}", file=sys.stderr)

    measured = evaluate(args.data, args.definitions, report)
    if not args.failures:
        measured = {k: v for k, v in measured.items() if k != "failures"}
    print(json.dumps(measured, ensure_ascii=False, indent=1))
    return 0
