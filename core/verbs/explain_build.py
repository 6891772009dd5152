"""`explain build-pack --pack PACK --data DIR`: the design and the learned explainer of an image pack, made again."""

import argparse
import json
from pathlib import Path

from core.errors import UserError
from core.verbs.explain_sets import progress

NAME = "build-pack"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    group = parser.add_argument_group("build-pack (needs the `training` extra)")
    group.add_argument("--pack", default="", help="id of the image pack")
    group.add_argument("--data", type=Path, help="folder of training films")
    group.add_argument(
        "--work", type=Path, help="where `learn train` left its members: builds the learned explainer too"
    )
    group.add_argument(
        "--split",
        type=Path,
        help="split.json of the training run: only its training films, and of validation for what the explainer leaves",
    )
    group.add_argument("--out", type=Path, help="folder of the new pack")
    group.add_argument("--films", type=int, default=2000, help="films of the learned explainer (default 2000)")
    group.add_argument("--fit-films", type=int, default=90, help="films of the prior (default 90)")
    group.add_argument("--fit-steps", type=int, default=130, help="steps of the prior's fit (default 130)")
    group.add_argument("--design-pairs", type=int, default=505, help="coalitions of the design (default 505)")
    group.add_argument("--pool", type=int, default=6000, help="coalitions it is chosen from (default 6000)")
    group.add_argument("--epochs", default="30,6", help="epochs of the head alone and of everything (default 30,6)")
    group.add_argument("--seed", type=int, default=0, help="seed (default 0)")


def run(args: argparse.Namespace) -> int:
    """Build, write and print what was measured."""
    if not args.pack or args.data is None or args.out is None:
        raise UserError("build-pack needs --pack, --data and --out.")
    try:
        from core.explain.build import Plan, build_pack
    except ImportError as error:
        raise UserError("Building needs torch and onnx.", "Install the `training` extra.") from error
    from core.inference.packs import find
    from core.learning.dataset import Film, read_folder

    films = read_folder(args.data)
    apart: tuple[Film, ...] = ()
    if args.split is not None:
        parts = json.loads(args.split.read_text(encoding="utf-8"))
        part = {f.path: parts.get(f.path.relative_to(args.data).as_posix()) for f in films}
        apart = tuple(f for f in films if part[f.path] == "validation")
        films = tuple(f for f in films if part[f.path] == "train")
    head, _, rest = args.epochs.partition(",")
    plan = Plan(
        fit_films=args.fit_films, fit_steps=args.fit_steps, design_pairs=args.design_pairs, pool=args.pool,
        films=args.films, epochs=(int(head), int(rest or 0)), seed=args.seed,
    )  # fmt: skip
    print(json.dumps(build_pack(find(args.pack), films, args.out, plan, args.work, progress, apart=apart), indent=1))
    return 0
