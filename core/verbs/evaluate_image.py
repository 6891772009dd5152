"""`evaluate image DATA`: a model pack on a folder of films, gate included."""

import argparse
import json
import sys
from pathlib import Path

from core.inference.packs import find
from core.learning.dataset import read_folder
from core.learning.evaluate import read_films, table

HELP = "measure an image pack on films: one folder a class, or labels.csv, or unlabelled (gate only)"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of films (PNG, JPEG, DICOM)")
    parser.add_argument("--pack", default="cxr-pneumonia-paediatric", help="id of the model pack")
    parser.add_argument("--age", type=float, default=None, help="age in years of films that state none")
    parser.add_argument("--variant", choices=("", "int8"), default="", help="graph variant")
    parser.add_argument("--bootstrap", type=int, default=1000, help="bootstrap samples of patients (default 1000)")
    parser.add_argument("--films", action="store_true", help="add one entry a film")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table as JSON."""
    pack = find(args.pack)
    films = read_folder(args.data)
    role = f"predict_{args.variant}" if args.variant else "predict"
    reads = read_films(pack, films, _progress, args.age, role)
    out: dict[str, object] = {"pack": pack.id, "version": pack.pack_version, "sha256": pack.sha256}
    out.update(table(pack, reads, args.bootstrap))
    if args.films:
        out["films"] = [
            {
                "file": r.film.path.relative_to(args.data).as_posix(),
                "label": r.film.label,
                "probability": None if r.rule else r.probability,
                "refused_by": r.rule,
                "ood": None if r.ood != r.ood else r.ood,
            }
            for r in reads
        ]
    print(json.dumps(out, ensure_ascii=False, indent=1))
    return 0


def _progress(done: int, total: int, what: str) -> None:
    print(f"\r{what}: {done}/{total}", end="\n" if done >= total else "", file=sys.stderr)
