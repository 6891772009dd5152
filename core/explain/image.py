"""Pixel -> finding: Shapley values over the regions of an image model's input, with what says whether to believe them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImageRef
from core.errors import UserError
from core.explain import baselines, one_pass
from core.explain.design import design
from core.explain.faithfulness import checks, measure
from core.explain.game import Game, new_game
from core.explain.sampling import Sampled, agreement, by_permutations, foretold, last, sample
from core.inference.packs import Pack
from core.inference.session import CPU
from core.progress import Report, silent

METHODS = ("shapley", "owen-shap")
EVALUATIONS = 506
PREVIEW_BLOCKS = 2
PREVIEW_PAIRS = 2


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
    another quantity, close to Shapley's). `baseline`: by default the manifest's; "best" is the most faithful one for this
    film. `variant`: "int8" or "fp32"; by default
    coalitions on the graph the manifest names and the two ends on the exact one, so that the map adds up to the result.
    """
    if method not in METHODS:
        raise UserError(f"No explanation method is called {method}.", f"Known: {', '.join(METHODS)}.")
    started = time.perf_counter()
    if baseline == baselines.BEST:
        baseline = baselines.compare(pack, pixels, seed)[0].name
    game, name = _game(pack, pixels, baseline, variant, _ticker(report, evaluations))
    if method == "owen-shap":
        from core.explain.peers import owen

        sampled = owen(game, evaluations)
    else:
        sampled = last(sample(game, evaluations, seed))
    shown = _shown(game, ref, sampled, (name, method, seed), started)
    if not faithfulness:
        return shown
    report(evaluations, evaluations, "faithfulness")
    return _checked(game, shown, started)


def _checked(game: Game, shown: ImageExplanation, started: float) -> ImageExplanation:
    """With the deletion and insertion curves, whose evaluations are not counted as the map's."""
    faith = measure(game, np.array(shown.values), shown.seed)
    verdicts = checks(shown.additivity_error, shown.stability, faith)
    return replace(shown, curves=faith.curves, checks=verdicts, seconds=time.perf_counter() - started)


def watch(
    pack: Pack, ref: ImageRef, pixels: NDArray[np.uint8], *, evaluations: int = EVALUATIONS, seed: int = 0
) -> Iterator[ImageExplanation]:
    """What to show one after the other: the preview at once, then sampled maps as soon as their standard errors are smaller
    than those of what is shown, at last one with every check. `preview_r`: how the preview agrees with what the samples say
    without it; None where the pack has no learned explainer for this. Where a check of that last one fails, a map with the
    most faithful baseline follows, if it fails fewer: a blurred film may look as ill as the film, and then nothing can be
    shown by hiding."""
    started = time.perf_counter()
    shown = preview(pack, ref, pixels, seed=seed)
    yield shown
    game, name = _game(pack, pixels, "", "", lambda: None)
    for sampled in sample(game, evaluations, seed):
        better = _shown(game, ref, sampled, (name, "shapley", seed), started)
        if better.rows != shown.rows or np.mean(better.standard_errors) < np.mean(shown.standard_errors):
            shown = better
            yield shown
    final = _checked(game, _shown(game, ref, sampled, (name, "shapley", seed), started), started)
    yield final
    if not all(check.passed for check in final.checks):
        # a starker baseline makes a rougher game: twice the evaluations
        other = explain(pack, ref, pixels, evaluations=2 * evaluations, seed=seed, baseline=baselines.BEST)
        if _failing(other) < _failing(final):
            yield other


def _failing(explanation: ImageExplanation) -> int:
    return sum(not check.passed for check in explanation.checks)


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
    """Ever better maps, each complete and additive: after 66, 128, 254, 506 ... evaluations of a design, else after 1, 2,
    4 ... pairs of permutations.

    Ends at `evaluations` (or where the design is used up), or when the mean standard error falls below `enough` nats.
    The last one equals `explain`'s map for the same number of evaluations and seed.
    """
    started = time.perf_counter()
    game, name = _game(pack, pixels, baseline, variant, lambda: None)
    designed = design(pack) is not None
    for sampled in sample(game, evaluations, seed):
        over = game.evaluations + 2 * (game.regions - 1) > evaluations
        if not designed and sampled.pairs & (sampled.pairs - 1) and not over:
            continue
        yield _shown(game, ref, sampled, (name, "shapley", seed), started)
        if sampled.pairs > 1 and sampled.standard_errors.mean() < enough:
            return


def preview(
    pack: Pack, ref: ImageRef, pixels: NDArray[np.uint8], *, seed: int = 0, baseline: str = ""
) -> ImageExplanation:
    """The first map to show, on the fastest graph of the pack: what its learned explainer foretells in one pass, or,
    where it has none for this baseline, the map of blocks of 2 x 2 regions by two antithetic pairs (62 evaluations).

    Complete and additive. A foretold map has the explainer's usual error on films kept apart as its standard errors, and
    no stability; one of blocks is of a coarser game (`rows`, `columns` say so). To be followed by `refine`.
    """
    started = time.perf_counter()
    fast = "int8" if "predict_int8" in pack.manifest["graphs"] else ""
    game, name = _game(pack, pixels, baseline, fast, lambda: None)
    if one_pass.serves(pack, name):
        return _shown(game, ref, foretold(game), (name, one_pass.METHOD, 0), started)
    if all(side % PREVIEW_BLOCKS == 0 for side in pack.regions):
        game.blocks = PREVIEW_BLOCKS
    sampled = last(by_permutations(game, 2 + 2 * PREVIEW_PAIRS * (game.regions - 1), seed))
    return _shown(game, ref, sampled, (name, "shapley", seed), started)


def _game(
    pack: Pack, pixels: NDArray[np.uint8], baseline: str, variant: str, tick: Callable[[], None]
) -> tuple[Game, str]:
    name = baseline or str(pack.manifest["baselines"]["default"])
    if variant:
        return new_game(pack, pixels, name, "predict" if variant == "fp32" else f"predict_{variant}", tick), name
    game = new_game(pack, pixels, name, str(pack.manifest.get("explanation", {}).get("graph", "predict")), tick)
    game.exact = "predict"
    return game, name


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
        checks=checks(additivity, sampled.stability, None)[: 2 if sampled.pairs else 1],
        provider=CPU,
        preview_r=_likeness(sampled),
    )


def _likeness(sampled: Sampled) -> float | None:
    if sampled.foretold is None or sampled.alone is None:
        return None
    return agreement(sampled.foretold, sampled.alone)
