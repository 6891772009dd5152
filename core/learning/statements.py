"""What a film pack states beyond its metrics: conformal sets, what validation looked like (the reference for drift), and the
curve of stated against observed shares on the test.

Both are fitted on validation films that passed the gate. Validation also fixed temperature, bias and threshold, so the
coverage is measured on the test part, which fixed nothing, and that figure is what the card shows.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference import packs
from core.inference.conformal import ConformalSets, fit_binary
from core.inference.drift import quantiles
from core.learning import pack_build
from core.learning.card import sets_line
from core.learning.class_metrics import reliability
from core.learning.dataset import Film
from core.learning.evaluate import Read, read_films
from core.learning.sets import on_test
from core.progress import Report, silent

COVERAGE = 0.975  # above the accuracy, so that a doubtful film gets both classes and not none


def statements(validation: Sequence[Read], test: Sequence[Read], draws: int = 1000) -> dict[str, Any]:
    """The manifest's `drift` and `conformal`, and `sets`: what the sets do on the test part, with 95 % intervals.

    UserError where a class of validation has too few films for the coverage.
    """
    seen = [r for r in validation if not r.rule and np.isfinite(r.log_odds)]
    sets = fit_binary(*_labelled(seen), COVERAGE)
    return {
        "drift": {
            "n": len(seen),
            "log_odds": quantiles([r.log_odds for r in seen]),
            "ood": quantiles([r.ood for r in seen]),
        },
        "conformal": sets.spec(),
        "sets": of_sets(sets, [r for r in test if not r.rule and np.isfinite(r.log_odds)], draws),
    }


def of_sets(sets: ConformalSets, reads: Sequence[Read], draws: int = 1000) -> dict[str, Any]:
    """Coverage overall and by class, size, shares decided and empty, each {value, ci95} over patients."""
    probabilities, labels = _labelled(reads)
    groups = [r.film.patient for r in reads if r.film.label is not None]
    return on_test(sets, (np.stack([1 - probabilities, probabilities], axis=1), labels), groups, draws)


def state(folder: Path, parts: tuple[Sequence[Film], Sequence[Film]], report: Report = silent) -> packs.Pack:
    """Measure an exported pack on (validation, test) films and write what it states into its manifest and card."""
    pack = packs.load(folder)
    test = read_films(pack, parts[1], report)
    made = statements(read_films(pack, parts[0], report), test)
    manifest = json.loads((folder / packs.MANIFEST).read_text(encoding="utf-8"))
    metrics = dict(manifest["metrics"]) | {"conformal_test": made.pop("sets")}
    metrics["own_test"] = {**metrics.get("own_test", {}), "reliability": curve(test, pack.labels[0].prevalence)}
    manifest |= made | {"metrics": metrics}
    files = {name: (folder / name).read_bytes() for name in manifest.pop("files")}
    files["MODEL_CARD.md"] = _in_card(files["MODEL_CARD.md"].decode(), sets_line(metrics["conformal_test"])).encode()
    return pack_build.write(folder, manifest, files)


def curve(reads: Sequence[Read], prevalence: float) -> list[dict[str, float]]:
    """Stated against observed shares of films that passed the gate. Probabilities meant for `prevalence` are shifted to that
    of these films first (Bayes' rule): else a mixed test would show the mixture and not the calibration."""
    probabilities, labels = _labelled([r for r in reads if not r.rule and np.isfinite(r.log_odds)])
    here = float(labels.mean())
    shift = np.log(here / (1 - here)) - np.log(prevalence / (1 - prevalence))
    kept = np.clip(probabilities, 1e-9, 1 - 1e-9)
    moved = 1 / (1 + np.exp(-(np.log(kept / (1 - kept)) + shift)))
    return reliability(labels, np.stack([1 - moved, moved], axis=1))


def _in_card(text: str, line: str) -> str:
    """The line at the end of the results, in the place of an earlier one; the rest of the card stays as it was written."""
    before, limits, after = text.partition("\n## Limits")
    kept = [old for old in before.rstrip().split("\n") if not old.startswith(line.split(",")[0])]
    return "\n".join([*kept, line, ""]) + limits + after


def _labelled(reads: Sequence[Read]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    known = [r for r in reads if r.film.label is not None]
    return np.array([r.probability for r in known], np.float64), np.array([r.film.label for r in known], np.int64)
