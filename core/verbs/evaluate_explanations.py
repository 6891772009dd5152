"""`evaluate explanations [PACK] DATA`: additivity, stability, and deletion and insertion against random on films."""

import argparse
import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.domain.explanation import ImageExplanation
from core.errors import UserError
from core.explain import one_pass
from core.explain.baselines import BEST
from core.explain.game import new_game
from core.explain.image import METHODS, explain
from core.explain.sampling import agreement, foretold
from core.inference.baseline import NAMES
from core.inference.packs import Pack, find
from core.learning.dataset import Film, read_folder
from core.learning.evaluate import ref_of
from core.learning.metrics import with_ci
from core.learning.pixels import read

PACK = "cxr-pneumonia-paediatric"
HELP = "measure the maps of an image pack on films: additivity, stability, deletion and insertion against random"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", nargs="+", metavar="[PACK] DATA", help="folder of films (PNG, JPEG, DICOM)")
    parser.add_argument("--pack", default="", help=f"id of the model pack (default {PACK})")
    parser.add_argument("--films", type=int, default=50, help="films drawn from the folder (default 50)")
    parser.add_argument("--evaluations", type=int, default=506, help="evaluations a film (default 506)")
    parser.add_argument("--method", choices=METHODS, default="shapley", help="explanation method")
    parser.add_argument(
        "--baseline", choices=("", *NAMES, BEST), default="", help="what hides a region (default: the pack's)"
    )
    parser.add_argument("--variant", choices=("", "int8", "fp32"), default="", help="graph variant")
    parser.add_argument("--randomised", type=int, default=5, help="films of the model-randomisation check (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw and of the maps (default 0)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table as JSON."""
    if len(args.data) > 2 or (len(args.data) == 2 and args.pack):
        raise UserError("Say one pack and one folder.", "`evaluate explanations PACK DATA`.")
    pack = find(args.data[0] if len(args.data) == 2 else args.pack or PACK)
    films = read_folder(Path(args.data[-1]))
    chosen = np.random.default_rng(args.seed).permutation(len(films))[: args.films]
    found, foretold = [], []
    for k, place in enumerate(chosen):
        print(f"\rexplaining: {k + 1}/{len(chosen)}", end="", file=sys.stderr)
        found.append(_one(pack, films[int(place)], args))
        if one_pass.serves(pack, found[-1].baseline):
            foretold.append(_foretold(pack, films[int(place)], found[-1]))
    print(file=sys.stderr)
    out = summary(pack, found, [films[int(p)].patient for p in chosen])
    if foretold:
        r, seconds = (np.array(column) for column in zip(*foretold, strict=True))
        out |= {"one_pass_r": float(r.mean()), "one_pass_r_min": float(r.min())}
        out |= {"one_pass_r_p10": float(np.quantile(r, 0.1)), "one_pass_ms": float(1000 * np.median(seconds))}
    if args.randomised and find_spec("onnx") is not None:
        from core.explain.randomise import agreement as likeness

        shown = [read(films[int(place)]) for place in chosen[: args.randomised]]
        out["randomised_r"] = float(np.mean([likeness(pack, p, args.evaluations, args.seed) for p in shown]))
    print(json.dumps(out, ensure_ascii=False, indent=1))
    return 0


def _one(pack: Pack, film: Film, args: argparse.Namespace) -> ImageExplanation:
    pixels = read(film)
    return explain(
        pack,
        ref_of(film, pixels, None),
        pixels,
        evaluations=args.evaluations,
        seed=args.seed,
        method=args.method,
        baseline=args.baseline,
        variant=args.variant,
    )


def _foretold(pack: Pack, film: Film, sampled: ImageExplanation) -> tuple[float, float]:
    """The one pass' agreement with the sampled map, and the processor seconds of its graph."""
    game = new_game(pack, read(film), sampled.baseline, "predict")
    one_pass.raw(game)
    started = time.process_time()
    one_pass.raw(game)
    spent = time.process_time() - started
    if sampled.preview_r is not None:  # with what the samples say without the foretold map
        return sampled.preview_r, spent
    return agreement(foretold(game).values, np.array(sampled.values)), spent


def summary(pack: Pack, found: list[ImageExplanation], patients: list[str]) -> dict[str, Any]:
    """Means with 95 % intervals over films (bootstrap over patients), the worst additivity error, checks passed."""
    rows = [_row(e) for e in found]

    def means(chosen: np.ndarray[Any, Any]) -> dict[str, float]:
        return {key: float(np.mean([rows[int(i)][key] for i in chosen])) for key in rows[0]}

    out: dict[str, Any] = {"pack": pack.id, "version": pack.pack_version, "n": len(found), "method": found[0].method}
    out |= {"baseline": found[0].baseline, "additivity_error_max": max(e.additivity_error for e in found)}
    for name, value in with_ci(means, patients).items():
        out[name], out[f"{name}_ci95"] = value["value"], value["ci95"]
    for check in range(len(found[0].checks)):
        name = found[0].checks[check].name.en
        out.setdefault("checks_passed", {})[name] = float(np.mean([e.checks[check].passed for e in found]))
    return out


def _row(explanation: ImageExplanation) -> dict[str, float]:
    area = {c.name: c.auc for c in explanation.curves}
    return {
        "deletion_auc": area["deletion"],
        "random_deletion_auc": area["random deletion"],
        "insertion_auc": area["insertion"],
        "random_insertion_auc": area["random insertion"],
        "deletion_gain": area["random deletion"] - area["deletion"],
        "insertion_gain": area["insertion"] - area["random insertion"],
        "stability": explanation.stability,
        "standard_error": float(np.mean(explanation.standard_errors)),
        "base_value": explanation.base_value,
        "evaluations": float(explanation.evaluations),
        "seconds": explanation.seconds,
    }
