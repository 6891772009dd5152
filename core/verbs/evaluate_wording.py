"""`evaluate wording DATA`: what the note's wording adds to the rules, weighted on other diagnoses' vignettes.

The wording has three parts (the likeness to the conditions' texts, the head on the embedding, the head on the words) and a
temperature of its own; the four are chosen together, on the other folds' diagnoses. English notes only.
"""

import argparse
import json
import sys
import zlib
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import common, wording, wording_head, wording_words
from core.diagnosis.measures import calibration_error
from core.errors import UserError
from core.findings.wording import CODE
from core.inference.embedding import encoder
from core.knowledge.condition_check import plain
from core.verbs import evaluate_vignettes

HELP = "text vignettes (JSON lines): the differential without and with the wording of the note, cross-validated"
Array = NDArray[np.float64]
_FOLDS, _DRAWS, _SEED = 5, 2000, 0
_LIKENESS = (0.0, 0.4, 0.8, 1.2, 1.6)
_HEAD = (0.0, 0.3, 0.5, 0.7, 1.0)
_WORDS = (0.0, 0.3, 0.6, 0.9, 1.2)
_TEMPERATURES = (1.0, 1.3, 1.6, 2.0, 2.5)
_TOPS = (1, 3, 5, 10)
_UNSEEN = 1e-4  # least probability of the truth in the fit: one hopeless case does not rule the weight


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Per vignette: rules' scores, standardised likeness and the heads' log shares (cases, conditions), temperature, the
    right condition's row (-1: not in the knowledge), the diagnosis's name, and its fold. `prior` (conditions,), `none`: log
    prior of none."""

    rules: Array
    likeness: Array
    head: Array
    words: Array
    temperature: Array
    truth: NDArray[np.int64]
    diagnosis: tuple[str, ...]
    fold: NDArray[np.int64]
    prior: Array
    none: float


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments: DATA, --json."""
    parser.add_argument("data", type=Path, help="a .jsonl file, or a folder holding one")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    print(json.dumps(evaluate(evaluate_vignettes.read(args.data)), indent=2, ensure_ascii=False))
    return 0


def evaluate(vignettes: list[evaluate_vignettes.Vignette]) -> dict[str, Any]:
    """Rules alone, with the weights fitted on the other folds, and with the shipped ones; gains by bootstrap."""
    model = encoder()
    if model is None:
        raise UserError("No text pack is installed.", "Install one with `models install`.")
    cases = collect(vignettes)
    held_out, weights = cross_validated(cases)
    nothing = np.zeros_like(cases.head)
    wordless, _ = cross_validated(replace(cases, words=nothing))
    alone, _ = cross_validated(replace(cases, head=nothing, words=nothing))
    settings = common.shared().settings
    shipped = (
        settings.wording_weight * float(model.pack.manifest["text"]["condition_weight"]),
        settings.wording_head_weight,
        settings.wording_words_weight,
        settings.wording_temperature,
    )
    rules = weighted(cases, 0.0)
    whole = weighted(cases, *shipped)
    return {
        "n": len(cases.truth),
        "in_knowledge": int((cases.truth >= 0).sum()),
        "conditions": cases.rules.shape[1],
        "rules": measures(cases, rules),
        "cross_validated": measures(cases, held_out),
        "cross_validated_without_words": measures(cases, wordless),
        "cross_validated_without_heads": measures(cases, alone),
        "shipped_weights": measures(cases, whole),
        "gain": gains(cases, rules, held_out),
        "gain_of_words": gains(cases, wordless, held_out),
        "gain_of_heads": gains(cases, alone, held_out),
        "weights_of_folds": [list(w) for w in weights],
        "weights": list(shipped),
        "versions": [
            f"conditions {common.shared().tables.version.version}",
            f"{model.pack.id} {model.pack.pack_version}",
        ],
    }


def collect(vignettes: list[evaluate_vignettes.Vignette]) -> Cases:
    """The parts of every score. The rules' score is the engine's without the wording's item and its temperature."""
    engine, model = common.shared(), encoder()
    assert model is not None
    owner = {name: row for row, c in enumerate(engine.tables.conditions) for name in evaluate_vignettes.names(c)}
    scores, said, texts, temperature = [], [], [], []
    for number, vignette in enumerate(vignettes):
        found = evaluate_vignettes.findings(vignette)
        scored = engine.score(found, vignette.patient, evaluate_vignettes.NOW)
        term = next((item.weights for item in scored.extra if item.code == CODE), np.zeros_like(scored.scores))
        scores.append(scored.scores - term)
        text = next((f.source.text for f in found if f.code.code == CODE), "")
        texts.append(text)
        said.append(model.vector(text))
        temperature.append(engine.temperature(sum(node.present for node in scored.nodes)))
        if number % 50 == 0:
            print(f"{number} of {len(vignettes)}", file=sys.stderr)
    likeness = wording.standardised(engine.tables, model, np.stack(said))
    head = wording_head.load(wording_head.path_for(model))
    words = wording_words.load(wording_words.path_for("en"))
    shares = [np.zeros_like(likeness), np.zeros_like(likeness)]
    if head is not None:
        logits = head.logits(np.stack(said))
        shares[0] = wording_head.log_shares(head.ids, logits, engine.tables, likeness)
    if words is not None:
        shares[1] = wording_head.log_shares(words.ids, words.logits(texts), engine.tables, likeness)
    names = tuple(plain(v.diagnosis) for v in vignettes)
    return Cases(
        np.stack(scores),
        likeness,
        shares[0],
        shares[1],
        np.array(temperature),
        np.array([owner.get(name, -1) for name in names]),
        names,
        np.array([zlib.crc32(name.encode()) % _FOLDS for name in names]),
        np.exp(engine.base) / np.exp(engine.base).sum(),
        float(np.log(engine.settings.none_weight)),
    )


def weighted(cases: Cases, likeness: float, head: float = 0.0, words: float = 0.0, temperature: float = 1.0) -> Array:
    """Log-odds (cases, conditions + 1), the last for "none of these", divided by the temperature."""
    term = likeness * cases.likeness + head * cases.head + words * cases.words
    total = cases.rules + wording.levelled(term, np.log(cases.prior))
    both: Array = np.c_[total, np.full(len(total), cases.none)] / (temperature * cases.temperature)[:, None]
    return both


def cross_validated(cases: Cases) -> tuple[Array, list[tuple[float, float, float, float]]]:
    """Every case scored with the weights that fit the other folds' diagnoses best; and the folds' weights."""
    truth = np.where(cases.truth >= 0, cases.truth, cases.rules.shape[1])
    heads = _HEAD if cases.head.any() else (0.0,)
    words = _WORDS if cases.words.any() else (0.0,)
    grid = list(product(_LIKENESS, heads, words, _TEMPERATURES))
    loss = np.stack([_loss(weighted(cases, *weights), truth) for weights in grid])
    best = [int(loss[:, cases.fold != fold].mean(axis=1).argmin()) for fold in range(_FOLDS)]
    chosen = np.zeros((len(truth), cases.rules.shape[1] + 1))
    for fold, at in enumerate(best):
        rows = cases.fold == fold
        chosen[rows] = weighted(cases, *grid[at])[rows]
    return chosen, [grid[at] for at in best]


def _loss(scored: Array, truth: NDArray[np.int64]) -> Array:
    loss: Array = -np.log(_softmax(scored)[np.arange(len(truth)), truth] + _UNSEEN)
    return loss


def _softmax(scored: Array) -> Array:
    raised: Array = np.exp(scored - scored.max(axis=1, keepdims=True))
    share: Array = raised / raised.sum(axis=1, keepdims=True)
    return share


def ranks(cases: Cases, scored: Array) -> Array:
    """Rank of the right condition among the conditions, infinite where the knowledge lacks it."""
    own = scored[np.arange(len(scored)), cases.truth]
    above = (scored[:, :-1] > own[:, None]).sum(axis=1) + 1.0
    return np.where(cases.truth >= 0, above, np.inf)


def measures(cases: Cases, scored: Array) -> dict[str, Any]:
    """Top-k of all and of those in the knowledge, with 95 % intervals (bootstrap over diagnoses), and the ECE."""
    rank, known = ranks(cases, scored), cases.truth >= 0
    first = _softmax(scored)[:, :-1].max(axis=1)
    draws = _draws(cases)
    found: dict[str, Any] = {}
    for top in _TOPS:
        hit = rank <= top
        found[f"top{top}"] = float(hit.mean())
        found[f"top{top}_ci95"] = _interval([float(hit[d].mean()) for d in draws])
        found[f"top{top}_of_matched"] = float(hit[known].mean())
    return {**found, "ece": calibration_error([float(p) for p in first], [bool(r == 1) for r in rank])}


def gains(cases: Cases, before: Array, after: Array) -> dict[str, Any]:
    """Paired differences of top-k with 95 % intervals, and how many cases moved in and out."""
    old, new = ranks(cases, before), ranks(cases, after)
    draws, found = _draws(cases), {}
    for top in _TOPS:
        change = (new <= top).astype(float) - (old <= top)
        found[f"top{top}"] = {
            "points": round(100 * float(change.mean()), 1),
            "ci95": [round(100 * bound, 1) for bound in _interval([float(change[d].mean()) for d in draws])],
            "in": int((change > 0).sum()),
            "out": int((change < 0).sum()),
        }
    return found


def _draws(cases: Cases) -> list[NDArray[np.int64]]:
    """Resamples of the cases, whole diagnoses at a time."""
    members: dict[str, list[int]] = {}
    for i, name in enumerate(cases.diagnosis):
        members.setdefault(name, []).append(i)
    groups = [np.array(members[name]) for name in sorted(members)]
    generator = np.random.default_rng(_SEED)
    return [np.concatenate([groups[g] for g in generator.integers(0, len(groups), len(groups))]) for _ in range(_DRAWS)]


def _interval(values: list[float]) -> list[float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]
