"""`evaluate learners DATA.csv ...`: a linear model, the network and boosted trees on tables, by cross-validation."""

import argparse
import json
import sys
from pathlib import Path

from core.errors import UserError

HELP = "a linear model, the network and boosted trees compared on tables by cross-validation over patients"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "data", type=Path, nargs="+", metavar="DATA", help="CSV files with the columns label and patient"
    )
    parser.add_argument("--folds", type=int, default=5, help="folds (default 5)")
    parser.add_argument("--learners", default="logistic,network,trees", help="comma-separated (default all three)")
    parser.add_argument("--batch", type=int, default=64, help="rows a step of the network (default 64)")
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default 1)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """`tables`: file -> figures of each learner."""
    from core.learning.cross import LEARNERS, compare
    from core.learning.recipe import Task, TrainRecipe

    learners = [name for name in args.learners.split(",") if name]
    if unknown := sorted(set(learners) - set(LEARNERS)):
        raise UserError(f"There is no learner {unknown[0]}.", f"Known: {', '.join(LEARNERS)}.")
    if args.folds < 2:
        raise UserError("Cross-validation has at least two folds.", "Give --folds 2 or more.")

    def report(done: int, total: int, what: str) -> None:
        print(f"{what}: {done}/{total}", file=sys.stderr)

    found = {}
    for path in args.data:
        recipe = TrainRecipe(Task.TABLE, str(path), batch=args.batch, threads=args.threads)
        found[path.stem] = compare(recipe, learners, args.folds, report)
    print(json.dumps({"tables": found}, indent=1))
    return 0
