"""`evaluate icu DATA`: death in hospital after 48 hours of intensive care, cross-validated or by a trained model."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.domain.serial import from_json, to_json
from core.errors import Unreadable, UserError
from core.inference.icu import AdditiveModel
from core.learning import icu

HELP = "measure the mortality model on stays (set-*/ folders and Outcomes-*.txt)"
_ROUNDS = 200


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="folder with set-*/ and Outcomes-*.txt")
    parser.add_argument("--model", type=Path, default=None, help="a trained model (JSON); without it: cross-validation")
    parser.add_argument("--train", type=Path, default=None, metavar="OUT", help="also train on all stays; write OUT")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the figures as JSON."""
    stays = icu.load(args.data, _progress)
    threshold = None
    if args.model is not None:
        model = _model(args.model)
        how, p, threshold = "trained model, event1 at its own threshold", _predicted(model, stays), model.threshold
    else:
        if find_spec("sklearn") is None:
            raise UserError("Cross-validation needs scikit-learn.", "Install the extra: pip install -e .[training]")
        how, p = "5-fold cross-validation of the recipe on this data", icu.cross_validate(stays, _progress)
    found = {
        "how": how,
        "n": len(stays.y),
        "deaths": int(stays.y.sum()),
        "skipped": list(stays.skipped),
        **figures(stays.y, p, threshold),
    }
    if args.train is not None:
        args.train.write_bytes(to_json(icu.train(stays, found["threshold"]), indent=1))
    print(json.dumps(found, indent=1))
    return 0


def figures(y: icu.Array, p: icu.Array, threshold: float | None = None) -> dict[str, Any]:
    """event1, auroc, ece, each with the 95 % interval of a bootstrap over stays, and the threshold."""
    measures: dict[str, Callable[[icu.Array, icu.Array], float]] = {
        "event1": partial(icu.event1, threshold=threshold),
        "auroc": icu.auroc,
        "ece": icu.ece,
    }
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(y), len(y)) for _ in range(_ROUNDS)]
    out: dict[str, Any] = {}
    for name, measure in measures.items():
        out[name] = round(measure(y, p), 4)
        spread = [measure(y[i], p[i]) for i in draws if 0 < y[i].sum() < len(i)]
        out[f"{name}_ci95"] = [round(float(v), 4) for v in np.percentile(spread, [2.5, 97.5])]
    order = np.argsort(-p, kind="stable")
    out["threshold"] = threshold if threshold is not None else round(float(p[order][max(int(y.sum()) - 1, 0)]), 4)
    return out


def _model(path: Path) -> AdditiveModel:
    try:
        return from_json(path.read_bytes(), AdditiveModel)
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path.name} is not a mortality model: {error}.", "Name one written by --train.") from error


def _predicted(model: AdditiveModel, stays: icu.Stays) -> icu.Array:
    logits = np.array([model.logit(row) for row in stays.x])
    return np.asarray(1 / (1 + np.exp(-logits)), float)


def _progress(done: int, total: int, what: str) -> None:
    if done % 1000 == 0 or total < 10:
        print(f"{what}: {done}/{total}", file=sys.stderr)
