"""`evaluate weights DATA`: choose the engine's handful of global constants on vignettes, by cross-validation.

Random settings around the shipped ones are each scored on all cases; in each fold the setting with the best mean log
probability on the other folds is taken and measured on the fold. No constant belongs to a disease or to a case.
"""

import argparse
import json
import sys
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import settings as constants
from core.diagnosis.common import CommonEngine
from core.diagnosis.measures import calibration_error, flat, share
from core.diagnosis.settings import Settings
from core.domain.finding import Finding
from core.domain.record import Patient
from core.knowledge import condition_tables
from core.knowledge.condition_check import plain
from core.verbs.evaluate_vignettes import NOW, Vignette, findings, names, read

HELP = "choose the global constants of the common engine on vignettes by 5-fold cross-validation split by diagnosis"
Array = NDArray[np.float64]
FOLDS = 5
GRID: dict[str, tuple[float, ...]] = {
    "prior_exponent": (0.15, 0.25, 0.35, 0.5, 0.7),
    "temperature": (0.5, 0.6, 0.74, 0.9, 1.2),
    "group_discount": (0.3, 0.5, 0.65, 0.8),
    "leak": (0.3, 0.4, 0.5, 0.65, 0.8),
    "leak_other": (0.4, 0.7, 1.0),
    "kind_share": (0.15, 0.3, 0.5, 0.7),
    "false_absent": (0.03, 0.05, 0.1, 0.15, 0.25),
    "false_absent_defining": (0.01, 0.03, 0.1),
    "false_present": (0.25, 0.5, 1.0),
    "false_present_cap": (0.003, 0.01, 0.02),
    "duration_limit": (0.5, 1.0, 1.5, 2.0),
    "none_weight": (0.005, 0.02, 0.05),
    "weight_limit": (2.5, 3.5, 5.0, 1000.0),
    "history_weight": (0.8, 1.0, 1.3, 1.6),
    "age_weight": (0.7, 0.8, 1.0, 1.2),
    "wording_weight": (0.8, 1.0, 1.2, 1.5),
    "neighbour_share": (0.0, 0.1, 0.2, 0.3),
}
"""Values tried for each constant."""


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments: DATA, --tries, --seed, --json."""
    parser.add_argument("data", type=Path, help="vignettes as for `evaluate vignettes`")
    parser.add_argument("--tries", type=int, default=60, help="random settings to try")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the chosen constants and the cross-validated measures."""
    print(json.dumps(evaluate(read(args.data), args.tries, args.seed), indent=2))
    return 0


def evaluate(vignettes: list[Vignette], tries: int, seed: int) -> dict[str, Any]:
    """Search, then cross-validated and whole-set measures of the choice and of the shipped constants."""
    tables = condition_tables.load()
    owner = {name: row for row, c in enumerate(tables.conditions) for name in names(c)}
    cases = [(findings(v), v.patient, owner.get(plain(v.diagnosis), -1)) for v in vignettes]
    generator = np.random.default_rng(seed)
    tried = _tries(generator, tries)
    results = []
    for number, one in enumerate(tried):
        results.append(_score(CommonEngine(tables, one), cases))
        print(f"{number + 1} of {len(tried)}", file=sys.stderr)
    loss = np.array([result[:, 0] for result in results])
    known = np.array([row >= 0 for _, _, row in cases])
    fold = np.array([zlib.crc32(plain(v.diagnosis).encode()) % FOLDS for v in vignettes])
    held = np.zeros((len(cases), 3))
    for part in range(FOLDS):
        chosen = int(loss[:, known & (fold != part)].mean(axis=1).argmin())
        held[fold == part] = results[chosen][fold == part]
    best = int(loss[:, known].mean(axis=1).argmin())
    return {
        "n": len(cases),
        "matched": int(known.sum()),
        "chosen": {name: getattr(tried[best], name) for name in GRID},
        "cross_validated": _measures(held),
        "chosen_on_all": _measures(results[best]),
        "shipped": _measures(results[0]),
        "log_loss": {"shipped": float(loss[0, known].mean()), "chosen": float(loss[best, known].mean())},
        "settings_tried": len(tried),
        "all_constants": asdict(tried[best]),
    }


def _tries(generator: np.random.Generator, tries: int) -> list[Settings]:
    """The shipped setting, then settings with each constant redrawn with probability one half."""
    shipped = constants.load()
    found = [shipped]
    for _ in range(tries):
        drawn = {k: float(generator.choice(v)) for k, v in GRID.items() if generator.random() < 0.5}
        found.append(replace(shipped, **drawn))  # type: ignore[arg-type]
    return found


def _score(engine: CommonEngine, cases: list[tuple[tuple[Finding, ...], Patient, int]]) -> Array:
    """Per case: -log probability of the truth (or of "none of these"), rank from 0, probability of the first."""
    rows = []
    for found, who, truth in cases:
        scores = engine.score(found, who, NOW)
        p = scores.probabilities
        right = float(p[truth]) if truth >= 0 else scores.none
        rank = int((p > p[truth]).sum()) if truth >= 0 else 999
        rows.append((-np.log(max(right, 1e-12)), rank, float(p.max())))
    return np.array(rows)


def _measures(result: Array) -> dict[str, Any]:
    ranks = result[:, 1]
    return {
        **{k: v for top in (1, 3, 5) for k, v in flat(f"top{top}", share((ranks < top).tolist())).items()},
        "ece": calibration_error(result[:, 2].tolist(), (ranks == 0).tolist()),
    }
