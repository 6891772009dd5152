"""Pixel -> finding: Shapley values over the regions of an image model's input, with what says whether to believe them.

Sampling follows Mitchell et al., JMLR 2022 (antithetic permutations), with Latin positions (`coalitions`).
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImageRef
from core.errors import UserError
from core.explain.coalitions import gains, latin_orders, prefix_masks
from core.explain.faithfulness import checks, measure
from core.explain.game import Game, Values, new_game
from core.inference.packs import Pack
from core.inference.session import CPU
from core.progress import Report, silent

METHODS = ("shapley", "owen-shap")
EVALUATIONS = 506
PREVIEW_BLOCKS = 2
PREVIEW_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Sampled:
    """Shapley values (regions,) with standard errors, the number of pairs, and the agreement of two halves."""

    values: Values
    standard_errors: Values
    stability: float
    pairs: int
    empty: float
    full: float


def explain(
    pack: Pack,
    ref: ImageRef,
    pixels: NDArray[np.uint8],
    report: Report = silent,
    *,
    evaluations: int = EVALUATIONS,
    seed: int = 0,
    method: str = "shapley",
    baseline: str = "",
    variant: str = "",
    faithfulness: bool = True,
) -> ImageExplanation:
    """The finished explanation of the pack's first label. `pixels`: uint8 (rows, columns), as given to `predict`.

    `method`: `shapley` (own sampler) or `owen-shap` (Owen values of the `shap` library over a hierarchy of regions:
    another quantity, close to Shapley's). `baseline` and `variant` ("" or "int8"): by default what the manifest says.
    """
    if method not in METHODS:
        raise UserError(f"No explanation method is called {method}.", f"Known: {', '.join(METHODS)}.")
    started = time.perf_counter()
    game, name = _game(pack, pixels, baseline, variant, _ticker(report, evaluations))
    if method == "owen-shap":
        from core.explain.peers import owen

        sampled = owen(game, evaluations)
    else:
        sampled = last(sample(game, evaluations, seed))
    shown = _shown(game, ref, sampled, (name, method, seed), started)
    if not faithfulness:
        return shown
    used = game.evaluations
    faith = measure(game, sampled.values, seed)
    report(used, used, "faithfulness")
    return replace(
        shown,
        curves=faith.curves,
        checks=checks(shown.additivity_error, shown.stability, faith),
        seconds=time.perf_counter() - started,
    )


def refine(
    pack: Pack,
    ref: ImageRef,
    pixels: NDArray[np.uint8],
    *,
    evaluations: int = 4 * EVALUATIONS,
    seed: int = 0,
    baseline: str = "",
    variant: str = "",
    enough: float = 0.0,
) -> Iterator[ImageExplanation]:
    """Ever better maps after 1, 2, 4, 8 ... pairs (128, 254, 506 ... evaluations), each complete and additive.

    Ends at `evaluations`, or when the mean standard error falls below `enough` nats. The last one equals `explain`'s
    map for the same number of evaluations and seed.
    """
    started = time.perf_counter()
    game, name = _game(pack, pixels, baseline, variant, lambda: None)
    for sampled in sample(game, evaluations, seed):
        over = game.evaluations + 2 * (game.regions - 1) > evaluations
        if sampled.pairs & (sampled.pairs - 1) and not over:
            continue
        yield _shown(game, ref, sampled, (name, "shapley", seed), started)
        if sampled.pairs > 1 and sampled.standard_errors.mean() < enough:
            return


def preview(
    pack: Pack, ref: ImageRef, pixels: NDArray[np.uint8], *, seed: int = 0, baseline: str = ""
) -> ImageExplanation:
    """The first map to show: regions in blocks of 2 x 2, two antithetic pairs (62 evaluations for 16 blocks), on the
    fastest graph of the pack.

    Complete, additive and with the standard error between the pairs, but of a coarser game (`rows`, `columns` say so):
    to be followed by `refine`, not compared with it number by number.
    """
    started = time.perf_counter()
    game, name = _game(
        pack, pixels, baseline, "int8" if "predict_int8" in pack.manifest["graphs"] else "", lambda: None
    )
    if all(side % PREVIEW_BLOCKS == 0 for side in pack.regions):
        game.blocks = PREVIEW_BLOCKS
    sampled = last(sample(game, 2 + 2 * PREVIEW_PAIRS * (game.regions - 1), seed))
    return _shown(game, ref, sampled, (name, "shapley", seed), started)


def sample(game: Game, evaluations: int, seed: int) -> Iterator[Sampled]:
    """The estimate after each antithetic pair, at least one, until `evaluations` are spent."""
    n = game.regions
    empty, full = (float(v) for v in game(np.stack([np.zeros(n), np.ones(n)]).astype(np.float32)))
    found: list[Values] = []
    halves: list[Values] = []
    for order in latin_orders(n, seed):
        back = order[::-1]
        inner = game(np.concatenate([prefix_masks(order), prefix_masks(back)]))
        forth_gain, back_gain = gains(order, empty, inner[: n - 1], full), gains(back, empty, inner[n - 1 :], full)
        halves += [forth_gain, back_gain]
        found.append((forth_gain + back_gain) / 2)
        yield _estimate(found, halves, empty, full)
        if game.evaluations + 2 * (n - 1) > evaluations:
            return


def last(estimates: Iterator[Sampled]) -> Sampled:
    """The last of them."""
    return deque(estimates, maxlen=1)[0]


def _estimate(pairs: list[Values], halves: list[Values], empty: float, full: float) -> Sampled:
    stack = np.stack(pairs)
    if len(pairs) == 1:
        errors = np.abs(halves[0] - halves[1]) / 2
        stability = _agreement(halves[0], halves[1])
    else:
        errors = stack.std(axis=0, ddof=1) / np.sqrt(len(pairs))
        stability = _agreement(stack[::2].mean(axis=0), stack[1::2].mean(axis=0))
    return Sampled(stack.mean(axis=0), errors, stability, len(pairs), empty, full)


def _agreement(a: Values, b: Values) -> float:
    """Pearson correlation; 1 for two equal maps without variance, else 0."""
    if a.std() < 1e-12 or b.std() < 1e-12:
        return 1.0 if np.allclose(a, b) else 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _game(
    pack: Pack, pixels: NDArray[np.uint8], baseline: str, variant: str, tick: Callable[[], None]
) -> tuple[Game, str]:
    name = baseline or str(pack.manifest["baselines"]["default"])
    role = f"predict_{variant}" if variant else str(pack.manifest["baselines"].get("graph", "predict"))
    return new_game(pack, pixels, name, role, tick), name


def _ticker(report: Report, evaluations: int) -> Callable[[], None]:
    done = [0]

    def tick() -> None:
        report(min(done[0], evaluations), evaluations, "explaining the image")
        done[0] += 64

    return tick


def _shown(
    game: Game, ref: ImageRef, sampled: Sampled, shown_as: tuple[str, str, int], started: float
) -> ImageExplanation:
    """`shown_as`: baseline, method, seed."""
    pack, (baseline, method, seed) = game.pack, shown_as
    rows, columns = game.grid
    additivity = abs(sampled.empty + float(sampled.values.sum()) - sampled.full)
    return ImageExplanation(
        image_id=ref.id,
        label=pack.labels[game.label].name,
        pack=pack.version,
        method=method,
        rows=rows,
        columns=columns,
        values=tuple(sampled.values.tolist()),
        standard_errors=tuple(sampled.standard_errors.tolist()),
        box=(0.0, 0.0, float(ref.columns), float(ref.rows)),
        base_value=sampled.empty,
        value=sampled.full,
        additivity_error=additivity,
        baseline=baseline,
        evaluations=game.evaluations,
        seconds=time.perf_counter() - started,
        seed=seed,
        stability=sampled.stability,
        checks=checks(additivity, sampled.stability, None),
        provider=CPU,
    )
