"""`bench tables`: exact Shapley values of a cheap tabular model by enumeration, beside shap's Exact explainer."""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.explain.tables import Table, explain

HELP = "exact values of a cheap tabular model by enumeration, beside shap's Exact explainer"
FEATURES = (10, 12, 15)


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--background", type=int, default=20, help="background rows (default 20)")
    parser.add_argument("--repeats", type=int, default=5, help="repeats, the quickest counts (default 5)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so; for symmetry)")


def run(args: argparse.Namespace) -> int:
    """Print milliseconds and how many times quicker, by number of features."""
    rows = [_row(n, args.background, args.repeats) for n in FEATURES]
    print(json.dumps({"background": args.background, "features": rows}, indent=1))
    return 0


def _row(features: int, background: int, repeats: int) -> dict[str, Any]:
    import shap

    rng = np.random.default_rng(features)
    behind, row, weight = rng.normal(size=(background, features)), rng.normal(size=features), rng.normal(size=features)

    def model(x: Table) -> Table:
        return np.asarray(x @ weight + x[:, 0] * x[:, 1])

    exact = shap.explainers.Exact(model, shap.maskers.Independent(behind, max_samples=background))
    own, theirs = explain(model, row, behind).values, exact(row[None]).values[0]
    mine = _quickest(lambda: explain(model, row, behind), repeats)
    stock = _quickest(lambda: exact(row[None]), repeats)
    difference = float(np.abs(own - theirs).max())
    return {
        "features": features, "own_ms": mine, "shap_exact_ms": stock, "speedup_vs_exact": stock / mine,
        "largest_difference": difference,
    }  # fmt: skip


def _quickest(work: Callable[[], object], repeats: int) -> float:
    spent = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - started))
    return min(spent)
