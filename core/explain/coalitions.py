"""Orders of regions for Shapley sampling: antithetic pairs (each order with its reverse) whose positions form a Latin
design over a block of pairs, so that every region is met early, late and in between equally often."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Orders = NDArray[np.int64]
BLOCK = 4


def latin_orders(regions: int, seed: int) -> Iterator[Orders]:
    """Endless orders (regions,), `BLOCK` at a time from one Latin design; use each with its reverse.

    With its reverse an order puts a region at positions p and regions-1-p. The folded positions 0 .. regions/2 are cut
    into BLOCK strata; over a block every region visits each stratum once, on a random side of the fold.
    """
    rng = np.random.default_rng(seed)
    while True:
        groups = np.array_split(rng.permutation(regions), BLOCK)
        for k in range(BLOCK):
            folded = [groups[(g + k) % BLOCK] for g in range(BLOCK)]
            inwards = np.concatenate([rng.permutation(group) for group in folded])
            yield _unfold(inwards, rng)


def _unfold(inwards: Orders, rng: np.random.Generator) -> Orders:
    """Regions from the outermost folded position inwards -> an order, the two of each fold on random sides."""
    n = len(inwards)
    order = np.empty(n, np.int64)
    for place in range(n // 2):
        first, second = inwards[2 * place], inwards[2 * place + 1]
        if rng.random() < 0.5:
            first, second = second, first
        order[place], order[n - 1 - place] = first, second
    if n % 2:
        order[n // 2] = inwards[-1]
    return order


def prefix_masks(order: Orders) -> NDArray[np.float32]:
    """(regions,) -> (regions - 1, regions): the masks after 1 .. regions - 1 regions were added in that order."""
    n = len(order)
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    return (rank[None] <= np.arange(n - 1)[:, None]).astype(np.float32)


def gains(order: Orders, empty: float, inner: NDArray[np.float64], full: float) -> NDArray[np.float64]:
    """Each region's gain when it was added: values before, between and after -> (regions,), summing to full - empty."""
    steps = np.diff(np.concatenate([[empty], inner, [full]]))
    out = np.empty(len(order))
    out[order] = steps
    return out
