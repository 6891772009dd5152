"""`bench text NOTES`: seconds until the values of a note's words agree with a long run, beside shap's explainers."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.explain.agreement import Deadline, Point, mean_curve, rescored, seconds_to
from core.explain.text import TextGame, embed_for, score_for
from core.explain.words_agreement import EXHAUSTIVE, Reference, own, reference, stock, timed
from core.inference.embedding import encoder

HELP = "seconds until the values of a note's words agree with a long run (r >= .99), beside shap's explainers"
Values = NDArray[np.float64]
LADDERS: dict[str, Sequence[int]] = {
    "own": (82, 128, 254, 506, 758, 1012),
    "permutation": (128, 256, 512, 1024, 2048, 4096),
    "kernel": (256, 512, 1024, 2048),
    "partition": (128, 256, 512, 1024),
}
PAIRS = 60


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="NOTES", help="JSON lines with a text in `presentation`")
    parser.add_argument("--notes", type=int, default=6, help="notes drawn (default 6)")
    parser.add_argument("--words", type=int, default=40, help="words kept of each (default 40)")
    parser.add_argument("--condition", default="asthma", help="condition whose weight is explained (default asthma)")
    parser.add_argument(
        "--reference", type=int, default=PAIRS, help=f"pairs of orders of a reference (default {PAIRS})"
    )
    parser.add_argument("--explainers", default=",".join(LADDERS), help="which, by name (default all)")
    parser.add_argument("--minutes", type=float, default=60.0, help="time cap: no rung is begun after it (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default 0)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the curves, seconds to r >= .99 and how many times the own sampler is faster."""
    if encoder() is None:
        raise UserError("No text pack is installed.", "Install one (`models install`).")
    chosen = [name for name in LADDERS if name in args.explainers.split(",")]
    texts, score, embed = _drawn(args), score_for(args.condition), embed_for("en")
    deadline = Deadline(60 * args.minutes)

    def game(k: int) -> TextGame:
        return TextGame(texts[k], score, embed)

    for name in chosen:  # imports, compilation, first runs
        (own if name == "own" else stock(name))(game(0), 80)
    known: list[Reference] = []
    for k in range(len(texts)):
        _say(f"reference of note {k + 1} of {len(texts)}")
        known.append(reference(game(k), args.reference))
    points: dict[str, list[list[Point]]] = {}
    exact: list[Values] = []
    for k in range(len(texts) if "partition" in chosen else 0):
        _say(f"exact Owen values of note {k + 1}")
        exact.append(stock("partition")(game(k), EXHAUSTIVE))
    for name in chosen:
        points[name] = [[] for _ in texts]
        points.setdefault("partition_to_shapley", [[] for _ in texts]) if name == "partition" else None
        for budget in LADDERS[name]:
            if deadline.over() or seconds_to(mean_curve(points[name])) is not None:
                break
            _say(f"{name}, {budget} evaluations")
            for k, found in enumerate(known):
                target = exact[k] if name == "partition" else found.values
                point, values = timed(own if name == "own" else stock(name), game(k), budget, target)
                points[name][k].append(point)
                if name == "partition":
                    points["partition_to_shapley"][k].append(rescored(point, values, found.values))
    print(json.dumps(result(points, known, args), indent=1))
    return 0


def result(points: dict[str, list[list[Point]]], known: list[Reference], args: argparse.Namespace) -> dict[str, Any]:
    """The JSON: conditions, seconds to mean r >= .99 (clock and processor), ratios to the own sampler, curves."""
    curves = {name: mean_curve(rows) for name, rows in points.items()}
    out: dict[str, Any] = {
        "notes": len(known),
        "words": args.words,
        "condition": args.condition,
        "reference_evaluations": int(np.mean([found.evaluations for found in known])),
        "reference_split_half_r": float(np.mean([found.halves for found in known])),
        "targets": {name: "Owen" if name == "partition" else "Shapley" for name in curves},
    }
    for key, suffix in (("seconds", ""), ("cpu_seconds", "_cpu")):
        seconds = {name: seconds_to(curve, key=key) for name, curve in curves.items()}
        out[f"{key}_to_r99"], mine = seconds, seconds.get("own")
        for name in [name for name in curves if name != "own"]:
            theirs = seconds[name]
            out[f"speedup_vs_{name}{suffix}"] = theirs / mine if theirs and mine else None
            if mine and theirs is None and curves[name]:
                out[f"speedup_vs_{name}{suffix}_at_least"] = curves[name][-1][key] / mine
    return out | {"curves": curves}


def _drawn(args: argparse.Namespace) -> list[str]:
    texts = [json.loads(line)["presentation"] for line in args.data.read_text(encoding="utf-8").splitlines() if line]
    chosen = np.random.default_rng(args.seed).permutation(len(texts))[: args.notes]
    return [" ".join(texts[int(k)].split()[: args.words]) for k in chosen]


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)
