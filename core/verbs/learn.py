"""`learn train|export|evaluate`: from a folder of films to a model pack. Needs the `training` extra."""

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from core import paths
from core.errors import UserError
from core.progress import Report


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    train = actions.add_parser("train", help="train the members of a model; goes on where it was stopped")
    train.add_argument("data", type=Path, metavar="DATA", help="folder with one folder a class, or labels.csv")
    train.add_argument("--work", type=Path, required=True, help="working folder: split, checkpoints, curves")
    train.add_argument("--members", type=int, default=2, help="networks that differ in their seed (default 2)")
    train.add_argument("--only", type=int, default=None, metavar="K", help="train member K alone (run several at once)")
    train.add_argument("--epochs", type=int, default=16, help="most epochs a member (default 16)")
    train.add_argument("--width", type=int, default=48, help="channels of the first stage (default 48)")
    train.add_argument("--size", type=int, default=128, help="pixels a side of the input (default 128)")
    train.add_argument("--rate", type=float, default=2e-3, help="highest learning rate (default 0.002)")
    train.add_argument("--start", type=Path, default=None, help="working folder whose weights to begin with")
    train.add_argument("--threads", type=int, default=2, help="processor threads (default 2)")
    export = actions.add_parser("export", help="calibrate, quantise, fit the gate, measure, and write the pack")
    export.add_argument("data", type=Path, metavar="DATA", help="the folder trained on")
    export.add_argument("--work", type=Path, required=True, help="the working folder of `learn train`")
    export.add_argument("--outliers", type=Path, required=True, help="folder of films outside the domain (adults)")
    export.add_argument("--about", type=Path, required=True, help="JSON: id, names, label, domain, data")
    export.add_argument(
        "--out", type=Path, required=True, help="folder of the pack (replaced when the new one verifies)"
    )
    evaluate = actions.add_parser("evaluate", help="measure a pack on the test part of a working folder")
    evaluate.add_argument("data", type=Path, metavar="DATA", help="the folder trained on")
    evaluate.add_argument("--work", type=Path, required=True, help="the working folder of `learn train`")
    evaluate.add_argument("--pack", type=Path, default=None, help="pack folder (default: the shipped chest pack)")


def run(args: argparse.Namespace) -> int:
    """Train, export or evaluate; the result as JSON."""
    if find_spec("torch") is None:
        raise UserError("Training needs torch.", "Install the extra: pip install -e .[training]")
    action = {"train": _train, "export": _export, "evaluate": _evaluate}[args.action]
    print(json.dumps(action(args), ensure_ascii=False, indent=1))
    return 0


def _train(args: argparse.Namespace) -> dict[str, object]:
    from core.learning.train import Recipe
    from core.learning.workshop import train_members

    if args.members < 1 or args.epochs < 1 or args.width < 4 or args.size % 16:
        raise UserError("Members and epochs are at least 1, width at least 4, size a multiple of 16.")
    recipe = Recipe(
        size=args.size,
        cache_size=args.size * 5 // 4,
        width=args.width,
        epochs=args.epochs,
        rate=args.rate,
        threads=args.threads,
    )
    members = range(args.members) if args.only is None else [args.only]
    curves = train_members(args.data, args.work, recipe, members, _progress(), args.start)
    return {"work": str(args.work), "members": [max(curve, key=lambda e: e["score"]) for curve in curves]}


def _export(args: argparse.Namespace) -> dict[str, object]:
    from core.learning.workshop import export

    about = json.loads(args.about.read_text(encoding="utf-8"))
    pack = export(args.data, args.work, args.outliers, args.out, about, _progress())
    return {"pack": pack.id, "version": pack.pack_version, "sha256": pack.sha256, "metrics": pack.manifest["metrics"]}


def _evaluate(args: argparse.Namespace) -> dict[str, object]:
    from core.inference.packs import load
    from core.learning.evaluate import read_films, table
    from core.learning.split import Part
    from core.learning.workshop import parts

    pack = load(args.pack or paths.RESOURCES / "models" / "cxr-pneumonia-paediatric")
    films = parts(args.data, args.work)[Part.TEST]
    return table(pack, read_films(pack, films, _progress()))


def _progress() -> Report:
    shown = [-1]

    def report(done: int, total: int, what: str) -> None:
        tenth = 1000 * done // max(total, 1)
        if tenth != shown[0]:
            shown[0] = tenth
            print(f"{what}: {done}/{total}", file=sys.stderr)

    return report
