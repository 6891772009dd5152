"""`bench explanations DATA`: agreement with a long reference against seconds, for the own sampler and shap's explainers."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.explain import peers
from core.explain.game import Game, Values, new_game
from core.explain.image import last, sample
from core.inference.packs import Pack, find
from core.learning.dataset import read_folder
from core.learning.pixels import read

HELP = "seconds to reach agreement r >= .99 with a long reference: own sampler against shap's explainers"

BUDGETS = {
    "own_fp32": (128, 254, 506, 1010, 2018),
    "own_int8": (128, 254, 506, 1010, 2018),
    "permutation": (129, 258, 516, 1032, 2064),
    "kernel": (256, 512, 1024, 2048, 4096),
    "partition": (512, 2048, 8192, 16384),
}
_ENOUGH = 0.99


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of films (PNG, JPEG, DICOM)")
    parser.add_argument("--pack", default="cxr-pneumonia-paediatric", help="id of the model pack")
    parser.add_argument("--films", type=int, default=12, help="films drawn (default 12)")
    parser.add_argument("--reference", type=int, default=20_162, help="evaluations of the reference (default 20162)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default 0)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the curves and the seconds to r >= .99 as JSON."""
    pack = find(args.pack)
    films = read_folder(args.data)
    chosen = np.random.default_rng(args.seed).permutation(len(films))[: args.films]
    _warm(pack, read(films[int(chosen[0])]))
    runs: dict[str, list[list[tuple[float, float, float]]]] = {name: [] for name in BUDGETS}
    for k, place in enumerate(chosen):
        print(f"film {k + 1}/{len(chosen)}", file=sys.stderr)
        for name, points in measure(pack, read(films[int(place)]), args.reference):
            runs[name].append(points)
    print(json.dumps(_result(pack, runs, args), indent=1))
    return 0


def measure(
    pack: Pack, pixels: np.ndarray[Any, np.dtype[np.uint8]], reference: int
) -> Iterator[tuple[str, list[tuple[float, float, float]]]]:
    """For each explainer (r, mean absolute error in nats, seconds) at each of its budgets, on one film."""
    truth = last(sample(new_game(pack, pixels, "blur", "predict"), reference, seed=999)).values
    for name, budgets in BUDGETS.items():
        points = []
        for budget in budgets:
            game = new_game(pack, pixels, "blur", "predict_int8" if name == "own_int8" else "predict")
            started = time.perf_counter()
            values = _explainer(name)(game, budget)
            seconds = time.perf_counter() - started
            points.append((float(np.corrcoef(values, truth)[0, 1]), float(np.abs(values - truth).mean()), seconds))
        yield name, points


def _explainer(name: str) -> Callable[[Game, int], Values]:
    known: dict[str, Callable[[Game, int], Values]] = {
        "own_fp32": lambda game, n: last(sample(game, n, seed=0)).values,
        "own_int8": lambda game, n: last(sample(game, n, seed=0)).values,
        "permutation": lambda game, n: peers.permutation(game, n, 0),
        "kernel": lambda game, n: peers.kernel(game, n, 0),
        "partition": peers.partition,
    }
    return known[name]


def _warm(pack: Pack, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    for name, budgets in BUDGETS.items():
        role = "predict_int8" if name == "own_int8" else "predict"
        _explainer(name)(new_game(pack, pixels, "blur", role), budgets[0])


def _result(pack: Pack, runs: dict[str, list[list[tuple[float, float, float]]]], args: argparse.Namespace) -> Any:
    curves, seconds = {}, {}
    for name, films in runs.items():
        table = np.array(films)
        curves[name] = [
            {"evaluations": n, "r": float(r), "r_min": float(low), "mae": float(mae), "seconds": float(s)}
            for n, (r, mae, s), low in zip(BUDGETS[name], table.mean(axis=0), table[..., 0].min(axis=0), strict=True)
        ]
        seconds[name] = next((p["seconds"] for p in curves[name] if p["r"] >= _ENOUGH), None)
    own = min((s for s in (seconds["own_fp32"], seconds["own_int8"]) if s is not None), default=None)
    out = {"pack": pack.id, "films": args.films, "reference_evaluations": args.reference, "baseline": "blur"}
    out |= {"seconds_to_r99": seconds, "curves": curves}
    for peer in ("partition", "kernel", "permutation"):
        theirs = seconds[peer]
        out[f"speedup_vs_{peer}"] = theirs / own if own and theirs is not None else None
    slowest = curves["partition"][-1]
    if own and seconds["partition"] is None:
        out["speedup_vs_partition_at_least"] = slowest["seconds"] / own
    out["note"] = "Partition gives Owen values: another quantity than the Shapley reference it is compared with here."
    return out
