"""The same game put to the `shap` library: Owen (Partition), Kernel and Permutation explainers. shap imports in seconds,
so it is imported by the functions that need it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.explain.game import Game, Values

if TYPE_CHECKING:
    from core.explain.sampling import Sampled


def owen(game: Game, evaluations: int) -> "Sampled":
    """Owen values over the halving hierarchy of the grid by shap's Partition explainer.

    Exact from about 2,750 evaluations for 64 regions; with fewer, blocks that were not divided share their value.
    """
    from core.explain.sampling import Sampled

    n = game.regions
    values = partition(game, evaluations)
    empty, full = (float(v) for v in game(np.stack([np.zeros(n), np.ones(n)]).astype(np.float32)))
    again = partition(game, max(4, evaluations // 2))
    agreement = float(np.corrcoef(values, again)[0, 1])
    return Sampled(values, np.abs(values - again), agreement, 0, empty, full)


def partition(game: Game, evaluations: int) -> Values:
    """shap.PartitionExplainer on the regions kept (1) or hidden (0): (regions,)."""
    import shap

    masker = shap.maskers.Partition(np.zeros((1, game.regions)), clustering=hierarchy(*game.grid))
    explainer = shap.explainers.Partition(_function(game), masker)
    return _values(explainer(np.ones((1, game.regions)), max_evals=evaluations, silent=True))


def partition_pixels(game: Game, evaluations: int) -> Values:
    """shap.PartitionExplainer as a user of images has it: over the pixels, hidden in NumPy by the same baseline, on the
    plain graph; the pixels' values summed over each region. Exact where every region was divided from its neighbours."""
    import shap

    rows, columns = game.pack.regions
    film, hidden = (np.ascontiguousarray(x[0][..., None]) for x in (game.film, game.hidden))
    masker = shap.maskers.Image(hidden, film.shape)
    explainer = shap.explainers.Partition(lambda shown: game.plain(np.asarray(shown, np.float32)[..., 0]), masker)
    pixels = np.asarray(explainer(film[None], max_evals=evaluations, batch_size=64, silent=True).values, np.float64)
    height, width = film.shape[0] // rows, film.shape[1] // columns
    return np.asarray(pixels.reshape(rows, height, columns, width).sum(axis=(1, 3)).ravel())


def permutation(game: Game, evaluations: int, seed: int) -> Values:
    """shap.PermutationExplainer on the regions: (regions,)."""
    import shap

    masker = shap.maskers.Independent(np.zeros((1, game.regions)))
    explainer = shap.explainers.Permutation(_function(game), masker, seed=seed)
    return _values(explainer(np.ones((1, game.regions)), max_evals=evaluations, silent=True))


def kernel(game: Game, evaluations: int, seed: int) -> Values:
    """shap.KernelExplainer on the regions, without its default selection of ten features: (regions,)."""
    import shap

    np.random.seed(seed)  # shap's Kernel draws from the global generator
    explainer = shap.KernelExplainer(_function(game), np.zeros((1, game.regions)))
    found = explainer.shap_values(np.ones((1, game.regions)), nsamples=evaluations, l1_reg=0, silent=True)
    return np.asarray(found, np.float64).reshape(-1)


def hierarchy(rows: int, columns: int) -> NDArray[np.float64]:
    """Linkage (regions - 1, 4) of the grid halved along its longer side again and again, as SciPy writes it."""
    merges: list[tuple[int, int, int]] = []

    def build(r0: int, r1: int, c0: int, c1: int) -> tuple[int, int]:
        height, width = r1 - r0, c1 - c0
        if height * width == 1:
            return r0 * columns + c0, 1
        if height >= width:
            middle = (r0 + r1) // 2
            first, second = build(r0, middle, c0, c1), build(middle, r1, c0, c1)
        else:
            middle = (c0 + c1) // 2
            first, second = build(r0, r1, c0, middle), build(r0, r1, middle, c1)
        merges.append((first[0], second[0], first[1] + second[1]))
        return rows * columns + len(merges) - 1, first[1] + second[1]

    build(0, rows, 0, columns)
    return np.array([[a, b, size, size] for a, b, size in merges], np.float64)


def _function(game: Game) -> Callable[[NDArray[Any]], Values]:
    return lambda kept: game(np.asarray(kept, np.float32))


def _values(explanation: Any) -> Values:
    return np.asarray(explanation.values, np.float64).reshape(-1)
