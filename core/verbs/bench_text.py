"""`bench text NOTES`: seconds until the values of a note's words agree with a long run, beside shap's explainers."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.explain.agreement import Point, mean_curve, seconds_to
from core.explain.text import TextGame, estimates, score_for
from core.inference.embedding import Encoder, encoder

HELP = "seconds until the values of a note's words agree with a long run (r >= .99), beside shap's explainers"
Values = NDArray[np.float64]
OWN = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
BUDGETS = (64, 128, 256, 512, 1024, 2048)
REFERENCE_PAIRS, EXACT = 100, 1 << 14
LONG = 6000
"""Evaluations of the long run that shap's Permutation is compared with."""


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="NOTES", help="JSON lines with a text in `presentation`")
    parser.add_argument("--notes", type=int, default=6, help="notes drawn (default 6)")
    parser.add_argument("--words", type=int, default=40, help="words kept of each (default 40)")
    parser.add_argument("--condition", default="asthma", help="condition whose weight is explained (default asthma)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default 0)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the curves, seconds to r >= .99 and how many times the own sampler is faster."""
    model = encoder()
    if model is None:
        raise UserError("No text pack is installed.", "Install one (`models install`).")
    texts = _drawn(args)
    curves: dict[str, list[dict[str, float]]] = {}
    for name, measure in (("own", own), ("partition", partition), ("permutation", permutation)):
        rows = []
        for k, text in enumerate(texts):
            print(f"{name}: note {k + 1} of {len(texts)}", file=sys.stderr, flush=True)
            rows.append(measure(model, text, args.condition))
        curves[name] = mean_curve(rows)
    seconds = {name: seconds_to(curve) for name, curve in curves.items()}
    mine = seconds["own"]
    out: dict[str, Any] = {"notes": len(texts), "words": args.words, "seconds_to_r99": seconds}
    for name in ("partition", "permutation"):
        theirs = seconds[name]
        out[f"speedup_vs_{name}"] = theirs / mine if theirs and mine else None
        if mine and theirs is None:
            out[f"speedup_vs_{name}_at_least"] = curves[name][-1]["seconds"] / mine
    print(json.dumps(out | {"curves": curves}, indent=1))
    return 0


def _drawn(args: argparse.Namespace) -> list[str]:
    texts = [json.loads(line)["presentation"] for line in args.data.read_text(encoding="utf-8").splitlines() if line]
    chosen = np.random.default_rng(args.seed).permutation(len(texts))[: args.notes]
    return [" ".join(texts[int(k)].split()[: args.words]) for k in chosen]


def own(model: Encoder, text: str, condition: str) -> list[Point]:
    """The own sampler after some pairs, against a long run of another seed."""
    score = score_for(condition, model)
    *_, (stack, _) = islice(estimates(TextGame(model, text, score), 999), REFERENCE_PAIRS)
    target = stack.mean(axis=0)
    game, started, found = TextGame(model, text, score), time.perf_counter(), []
    cpu = time.process_time()
    for pairs, (stack, _) in enumerate(islice(estimates(game, 0), OWN[-1]), start=1):
        if pairs in OWN:
            spent = time.perf_counter() - started, time.process_time() - cpu
            found.append(_point(stack.mean(axis=0), target, game.evaluations, spent))
    return found


def partition(model: Encoder, text: str, condition: str) -> list[Point]:
    """shap's Partition over its own hierarchy of words, against its own exact Owen values."""
    return _stock(model, text, condition, "Partition", EXACT)


def permutation(model: Encoder, text: str, condition: str) -> list[Point]:
    """shap's Permutation over the same words, against a long run of another seed."""
    return _stock(model, text, condition, "Permutation", LONG)


def _stock(model: Encoder, text: str, condition: str, kind: str, most: int) -> list[Point]:
    import shap

    score = score_for(condition, model)
    asked = [0]

    def predict(texts: Sequence[str]) -> Values:
        asked[0] += len(texts)
        return score(model.vectors([str(t) for t in texts]))

    def values(budget: int, seed: int) -> Values:
        masker = shap.maskers.Text(r"\W", mask_token="...")
        explainer = (
            getattr(shap.explainers, kind)(predict, masker, seed=seed)
            if kind == "Permutation"
            else (shap.explainers.Partition(predict, masker))
        )
        return np.asarray(explainer([text], max_evals=budget, silent=True).values[0], np.float64).ravel()

    target = values(most, 999)
    found = []
    for budget in BUDGETS:
        asked[0], started, cpu = 0, time.perf_counter(), time.process_time()
        try:
            got = values(budget, 0)
        except ValueError:  # shap's Permutation refuses a budget below one permutation
            continue
        found.append(_point(got, target, asked[0], (time.perf_counter() - started, time.process_time() - cpu)))
    return found


def _point(values: Values, target: Values, evaluations: int, spent: tuple[float, float]) -> Point:
    r = float(np.corrcoef(values, target)[0, 1]) if values.std() > 0 and target.std() > 0 else 0.0
    return Point(evaluations, spent[0], spent[1], r, float(np.abs(values - target).mean()))
