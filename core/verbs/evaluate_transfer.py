"""`evaluate transfer DATA`: whether a film pack's features carry over to films outside its domain."""

import argparse
import json
import sys
from pathlib import Path

from core.inference.packs import find
from core.learning.dataset import read_folder
from core.learning.transfer import transfer

HELP = "cross-validated AUROC of an image pack's features on other films, beside age, sex and view alone"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="films: one folder a class, or labels.csv")
    parser.add_argument("--pack", default="cxr-pneumonia-paediatric", help="id of the model pack")
    parser.add_argument("--seed", type=int, default=0, help="seed of the folds")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the table as JSON."""
    pack = find(args.pack)
    found = transfer(pack, read_folder(args.data), _progress, seed=args.seed)
    print(json.dumps({"pack": pack.id, "version": pack.pack_version, **found}, indent=1))
    return 0


def _progress(done: int, total: int, what: str) -> None:
    print(f"\r{what}: {done}/{total}", end="", file=sys.stderr)
