"""Estimates of a game's Shapley values that get better while one looks.

Where the pack has a design (`design`) its coalitions are measured in order; else antithetic permutations with Latin
positions (`coalitions`; Mitchell et al., JMLR 2022), which need no knowledge of the model and are what a long reference
is made with. A design starts from the map that the pack's learned explainer foretells, where it has one: the samples
correct it.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.explain import one_pass
from core.explain.coalitions import gains, latin_orders, prefix_masks
from core.explain.design import Design, design
from core.explain.game import Game, Values

RUNGS = (32, 63, 126, 189, 252, 378, 505)
"""Pairs of a design after which an estimate is made: 66, 128, 254, 380, 506 ... evaluations."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Shapley values (regions,) with standard errors, the number of pairs, and the agreement of two halves.

    Where a foretold map was the start: that map, and what the samples say without it. The halves never know of it.
    """

    values: Values
    standard_errors: Values
    stability: float
    pairs: int
    empty: float
    full: float
    foretold: Values | None = None
    alone: Values | None = None


def sample(game: Game, evaluations: int, seed: int) -> Iterator[Sampled]:
    """By the pack's design, or by permutations where it has none (or the players are blocks of regions).

    A design is used up after `2 * design.pairs + 2` evaluations; asked for more, it ends there.
    """
    made = design(game.pack) if game.blocks == 1 else None
    return by_design(game, made, evaluations) if made else by_permutations(game, evaluations, seed)


def by_design(game: Game, made: Design, evaluations: int) -> Iterator[Sampled]:
    """The estimate after each rung, until `evaluations` are spent; the last rung is what is left of them."""
    empty, full, shift = game.ends()
    most = max(2, min(made.pairs, (evaluations - game.evaluations) // 2))
    mean = one_pass.mean(game, full - empty)
    expected = made.foretold(mean) if mean is not None and made.left is not None else np.zeros(made.pairs)
    odd = np.empty(0)
    for pairs in (*(rung for rung in RUNGS if rung < most), most):
        found = game(made.masks(len(odd), pairs)).reshape(2, -1)
        odd = np.concatenate([odd, (found[0] - found[1]) / 2])
        values, errors = made.estimator(pairs)(odd, empty, full)
        likeness = agreement(*(made.estimator(pairs, k, 2)(odd[k::2], empty, full)[0] for k in (0, 1)))
        share = shift / len(values)
        found = alone = values + share
        if mean is not None and made.left is not None:
            rest, errors = made.estimator(pairs, left=True)(odd - expected[:pairs], 0.0, 0.0)
            found = mean.values + rest + share
        known = None if mean is None else mean.values + share
        yield Sampled(found, errors, likeness, pairs, *game.shown, known, None if mean is None else alone)


def foretold(game: Game) -> Sampled:
    """The learned explainer's map, made to add up by sharing out the difference evenly (FastSHAP's additive normalisation).
    Its standard errors are the explainer's usual error."""
    empty, full, _ = game.ends()
    values = one_pass.raw(game)
    values = values + (full - empty - values.sum()) / len(values)
    return Sampled(values, np.full(len(values), one_pass.usual_error(game.pack)), 0.0, 0, empty, full)


def by_permutations(game: Game, evaluations: int, seed: int) -> Iterator[Sampled]:
    """The estimate after each antithetic pair, at least one, until `evaluations` are spent."""
    n = game.regions
    empty, full, shift = game.ends()
    found: list[Values] = []
    halves: list[Values] = []
    for order in latin_orders(n, seed):
        back = order[::-1]
        inner = game(np.concatenate([prefix_masks(order), prefix_masks(back)]))
        forth_gain, back_gain = gains(order, empty, inner[: n - 1], full), gains(back, empty, inner[n - 1 :], full)
        halves += [forth_gain, back_gain]
        found.append((forth_gain + back_gain) / 2 + shift / n)
        yield _mean(found, halves, *game.shown)
        if game.evaluations + 2 * (n - 1) > evaluations:
            return


def last(estimates: Iterator[Sampled]) -> Sampled:
    """The last of them."""
    return deque(estimates, maxlen=1)[0]


def _mean(pairs: list[Values], halves: list[Values], empty: float, full: float) -> Sampled:
    stack = np.stack(pairs)
    if len(pairs) == 1:
        errors = np.abs(halves[0] - halves[1]) / 2
        stability = agreement(halves[0], halves[1])
    else:
        errors = stack.std(axis=0, ddof=1) / np.sqrt(len(pairs))
        stability = agreement(stack[::2].mean(axis=0), stack[1::2].mean(axis=0))
    return Sampled(stack.mean(axis=0), errors, stability, len(pairs), empty, full)


def agreement(a: Values, b: Values) -> float:
    """Pearson correlation; 1 for two equal maps without variance, else 0."""
    if a.std() < 1e-12 or b.std() < 1e-12:
        return 1.0 if np.allclose(a, b) else 0.0
    return float(np.corrcoef(a, b)[0, 1])
