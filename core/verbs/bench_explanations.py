"""`bench explanations DATA`: agreement with a long reference against seconds, for the own sampler and shap's explainers."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.explain import one_pass
from core.explain.agreement import (
    EXHAUSTIVE,
    LADDERS,
    Clock,
    Deadline,
    Point,
    mean_curve,
    own_points,
    peer_point,
    reference,
    rescored,
    seconds_to,
    warm,
)
from core.explain.design import design
from core.explain.game import Game, Values, new_game
from core.explain.sampling import by_permutations, foretold
from core.inference.baseline import NAMES
from core.inference.packs import Pack, find
from core.inference.session import threads
from core.learning.dataset import Film, read_folder
from core.learning.pixels import read
from core.learning.split import Part

HELP = "seconds to reach agreement r >= .99 with a long reference: own sampler against shap's explainers"

SHARES = {
    "reference": 0.45,
    "own_int8": 0.48,
    "own_fp32": 0.54,
    "own_permutations": 0.6,
    "permutation": 0.7,
    "kernel": 0.8,
    "partition": 0.9,
    "partition_pixels": 1.0,
}
"""Of the time cap, by when each part has to end."""
ROLES = {"int8": "predict_int8", "fp32": "predict"}


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of films (PNG, JPEG, DICOM)")
    parser.add_argument("--pack", default="cxr-pneumonia-paediatric", help="id of the model pack")
    parser.add_argument(
        "--split", type=Path, metavar="FILE", help="split.json of a working folder: its test films only"
    )
    parser.add_argument("--films", type=int, default=4, help="films drawn (default 4)")
    parser.add_argument("--reference", type=int, default=20_162, help="evaluations of the reference (default 20162)")
    parser.add_argument("--minutes", type=float, default=20.0, help="time cap of the whole run (default 20)")
    parser.add_argument("--graph", choices=sorted(ROLES), default="fp32", help="graph of the reference and of shap")
    parser.add_argument(
        "--baseline", choices=("", *NAMES), default="", help="what hides a region (default: the pack's)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default 0)")
    parser.add_argument("--picture", type=Path, metavar="OUT.png", help="draw the curves")
    parser.add_argument(
        "--pixels", action="store_true", help="shap's Partition over pixels too, as its users have it (slow)"
    )
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the curves and the seconds to r >= .99 as JSON."""
    pack = find(args.pack)
    films = _drawn(args)
    bench = Bench(pack, [read(f) for f in films], args, Deadline(60 * args.minutes))
    bench.measure()
    out = result(bench, args)
    if args.picture:
        from core.explain.chart import draw

        draw(out["curves"], args.picture)
    print(json.dumps(out, indent=1))
    return 0


def _drawn(args: argparse.Namespace) -> list[Film]:
    films: Sequence[Film] = read_folder(args.data)
    if args.split:
        stated = json.loads(args.split.read_text(encoding="utf-8"))
        films = [f for f in films if stated.get(f.path.relative_to(args.data).as_posix()) == Part.TEST]
    chosen = np.random.default_rng(args.seed).permutation(len(films))[: args.films]
    return [films[int(k)] for k in chosen]


@dataclass(slots=True)
class Bench:
    """The run: points[explainer][film] are its maps, cheapest first."""

    pack: Pack
    pixels: list[np.ndarray[Any, np.dtype[np.uint8]]]
    args: argparse.Namespace
    deadline: Deadline
    shapley: list[Values] = field(default_factory=list)
    owen: list[Values] = field(default_factory=list)
    halves: list[float] = field(default_factory=list)
    spent: list[int] = field(default_factory=list)
    points: dict[str, list[list[Point]]] = field(default_factory=dict)

    def game(self, film: int, role: str = "") -> Game:
        name = self.args.baseline or str(self.pack.manifest["baselines"]["default"])
        return new_game(self.pack, self.pixels[film], name, role or ROLES[self.args.graph])

    def measure(self) -> None:
        """Every part in turn, as far as the time cap allows. Films without a reference are left out."""
        if self.deadline.over():
            return
        self._say("first runs")
        warm(lambda: self.game(0))
        self._references()
        self.pixels = self.pixels[: len(self.shapley)]
        for name, role in ROLES.items():
            if role in self.pack.manifest["graphs"]:
                self._say(f"own sampler, {name}")
                games = [self.game(k, role) for k in range(len(self.shapley))]
                share = SHARES[f"own_{name}"]
                self.points[f"own_{name}"] = own_points(games, self.shapley, self.deadline, share)
        self._one_pass()
        self._permutations()
        for name in ("permutation", "kernel"):
            self._ladder(name, self.shapley)
        self._partition()
        if self.args.pixels:
            self._ladder("partition_pixels", self.owen)

    def _one_pass(self) -> None:
        """The learned explainer's map of every film, where the pack has one for this baseline."""
        if not one_pass.serves(self.pack, self.args.baseline or self.pack.manifest["baselines"]["default"]):
            return
        one_pass.raw(self.game(0))
        for k, target in enumerate(self.shapley):
            game, clock = self.game(k), Clock().start()
            one_pass.raw(game)
            spent = clock.read()
            values = foretold(game).values
            self.points.setdefault("one_pass", []).append(
                [Point(2, *spent, float(np.corrcoef(values, target)[0, 1]), float(np.abs(values - target).mean()))]
            )

    def _permutations(self) -> None:
        """The own sampler as it is for a pack without a design, on the fastest graph."""
        if design(self.pack) is None:
            return
        self._say("own sampler without the design")
        role = next(r for r in ROLES.values() if r in self.pack.manifest["graphs"])
        games = [self.game(k, role) for k in range(len(self.shapley))]
        share = SHARES["own_permutations"]
        self.points["own_permutations"] = own_points(games, self.shapley, self.deadline, share, sampler=by_permutations)

    def _references(self) -> None:
        count = len(self.pixels)
        for k in range(count):
            self._say(f"reference of film {k + 1} of {count}")
            game = self.game(k)
            found = reference(game, self.args.reference, self.deadline, SHARES["reference"] * (k + 1) / count)
            if found is None:
                return
            self.shapley.append(found.values)
            self.halves.append(found.stability)
            self.spent.append(game.evaluations)

    def _ladder(self, name: str, targets: list[Values]) -> list[list[Values]]:
        """Rung by rung over all films, until the mean r is high enough or the time is up."""
        rows: list[list[Point]] = [[] for _ in targets]
        maps: list[list[Values]] = [[] for _ in targets]
        self.points[name] = rows
        for budget in LADDERS[name]:
            self._say(f"{name}, {budget} evaluations")
            for k, target in enumerate(targets):
                if self.deadline.over(SHARES[name]):
                    return maps
                point, values = peer_point(name, self.game(k), budget, target)
                rows[k].append(point)
                maps[k].append(values)
            if seconds_to(mean_curve(rows)) is not None:
                break
        return maps

    def _partition(self) -> None:
        """Exact Owen values first: they are Partition's last rung and its target."""
        whole: list[Point] = []
        for k in range(len(self.pixels)):
            if self.deadline.over(SHARES["partition"]):
                break
            self._say(f"exact Owen values of film {k + 1}")
            point, values = peer_point("partition", self.game(k), EXHAUSTIVE, np.empty(0))
            whole.append(point)
            self.owen.append(values)
        maps = self._ladder("partition", self.owen)
        self.points["partition_to_shapley"] = [
            [rescored(p, v, target) for p, v in zip(row, found, strict=True)]
            for row, found, target in zip(self.points["partition"], maps, self.shapley, strict=False)
        ]
        for k, (point, values) in enumerate(zip(whole, self.owen, strict=True)):
            if len(self.points["partition"][k]) == len(LADDERS["partition"]):
                self.points["partition"][k].append(point)
                self.points["partition_to_shapley"][k].append(rescored(point, values, self.shapley[k]))

    def _say(self, text: str) -> None:
        print(f"{text} ...", file=sys.stderr, flush=True)


def result(bench: Bench, args: argparse.Namespace) -> dict[str, Any]:
    """The JSON: conditions, curves, seconds to mean r >= .99, and how many times the own sampler is faster."""
    curves = {name: mean_curve(rows) for name, rows in bench.points.items()}
    seconds = {name: seconds_to(curve) for name, curve in curves.items()}
    cpu = {name: seconds_to(curve, key="cpu_seconds") for name, curve in curves.items()}
    out: dict[str, Any] = {
        "pack": bench.pack.id,
        "version": bench.pack.pack_version,
        "films": len(bench.shapley),
        "graph": args.graph,
        "baseline": args.baseline or bench.pack.manifest["baselines"]["default"],
        "threads": threads(),
        "reference_evaluations": min(bench.spent, default=0),
        "reference_split_half_r": min(bench.halves, default=None),
        "owen_against_shapley_r": [
            float(np.corrcoef(a, b)[0, 1]) for a, b in zip(bench.owen, bench.shapley, strict=False)
        ],
        "seconds_to_r99": seconds,
        "cpu_seconds_to_r99": cpu,
    }
    out |= speedups(seconds, curves, "seconds", "") | speedups(cpu, curves, "cpu_seconds", "_cpu")
    if curves.get("one_pass"):
        (only,) = curves["one_pass"]
        out |= {"one_pass_r": only["r"], "one_pass_r_min": only["r_min"], "one_pass_ms": 1000 * only["cpu_seconds"]}
    out["ended_by_time_cap"] = bench.deadline.over()
    out["targets"] = {n: "Owen" if n in ("partition", "partition_pixels") else "Shapley" for n in curves}
    return out | {"curves": curves}


def speedups(
    seconds: dict[str, float | None], curves: dict[str, list[dict[str, float]]], key: str, suffix: str
) -> dict[str, float | None]:
    """`speedup_vs_X`: X's seconds over the best own variant's. Where X never reached r >= .99, null, and `_at_least`
    from its longest run. Partition: against its own Owen target, the target that is kinder to it."""
    own = min((s for n in ("own_fp32", "own_int8") if (s := seconds.get(n)) is not None), default=None)
    out: dict[str, float | None] = {}
    for peer in ("partition", "partition_to_shapley", "partition_pixels", "kernel", "permutation"):
        theirs = seconds.get(peer)
        for name in ("own_fp32", "own_int8"):
            if name in curves and peer != "partition_to_shapley":
                mine = seconds[name]
                out[f"speedup_of_{name[4:]}_vs_{peer}{suffix}"] = theirs / mine if theirs and mine else None
        out[f"speedup_vs_{peer}{suffix}"] = theirs / own if theirs and own else None
        if own and theirs is None and curves.get(peer):
            out[f"speedup_vs_{peer}{suffix}_at_least"] = curves[peer][-1][key] / own
    return out
