"""How soon each explainer of a text agrees with a long reference, all on the same game: the same words, left out alike."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.explain import peers, words
from core.explain.agreement import Clock, Point
from core.explain.coalitions import latin_orders
from core.explain.game import Game
from core.explain.sampling import agreement
from core.explain.text import TextGame, find

Values = NDArray[np.float64]
REFERENCE_SEED, SURROGATE, ORDERS = 999, 506, 400
"""Seed, evaluations of the surrogate, and orders of its own values, of a reference."""
EXHAUSTIVE = 1 << 16


@dataclass(frozen=True, slots=True)
class Reference:
    """Shapley values (words,), the agreement of two halves of what was measured, and the evaluations."""

    values: Values
    halves: float
    evaluations: int


def reference(game: TextGame, pairs: int) -> Reference:
    """Antithetic orders, of which only the difference from a surrogate is measured: without bias whatever the surrogate
    says (a control variate), and as good as some six times as many orders alone."""
    n = len(game.spans)
    chosen = words.coalitions(n, (SURROGATE - 2) // 2, REFERENCE_SEED)
    masks = np.concatenate([np.zeros((1, n), bool), np.ones((1, n), bool), chosen, ~chosen])
    model = words.Surrogate(masks, game.measure(masks)[1])

    def guess(sets: NDArray[np.bool_]) -> Values:
        return game.foretold(sets, model(sets))

    known, _ = words.Cheap(guess, masks, REFERENCE_SEED + 1).more(ORDERS)
    gains = []
    for order in islice(latin_orders(n, REFERENCE_SEED), pairs):
        rank = np.argsort(order)
        forth = rank[None] < np.arange(n + 1)[:, None]
        sets = np.concatenate([forth, ~forth])
        steps = np.diff((game(sets) - guess(sets)).reshape(2, -1), axis=1)
        gains.append((steps[0] - steps[1])[rank] / 2)
    stack = np.stack(gains)
    halves = agreement(known + stack[::2].mean(axis=0), known + stack[1::2].mean(axis=0))
    return Reference(known + stack.mean(axis=0), halves, game.evaluations)


@dataclass(slots=True)
class Row:
    """A text as a row of regions: what `core.explain.peers` asks of a game."""

    game: TextGame

    @property
    def regions(self) -> int:
        return len(self.game.spans)

    @property
    def grid(self) -> tuple[int, int]:
        return 1, len(self.game.spans)

    def __call__(self, masks: NDArray[Any]) -> Values:
        return self.game(np.asarray(masks) > 0.5)


def own(game: TextGame, evaluations: int) -> Values:
    """The product's own, without the agreement of halves, which no other explainer gives."""
    return find(game, evaluations, 0, stability=False).values


def stock(name: str) -> Callable[[TextGame, int], Values]:
    """shap's explainer of that name on the same game; Partition over the row of words halved again and again."""

    def ask(game: TextGame, evaluations: int) -> Values:
        row = cast(Game, Row(game))
        if name == "partition":
            return peers.partition(row, evaluations)
        return (peers.kernel if name == "kernel" else peers.permutation)(row, evaluations, 0)

    return ask


def timed(
    ask: Callable[[TextGame, int], Values], game: TextGame, evaluations: int, target: Values
) -> tuple[Point, Values]:
    """One map from nothing, beside its target; an empty target is the map itself."""
    clock = Clock().start()
    values = ask(game, evaluations)
    spent = clock.read()
    known = target if len(target) else values
    return Point(game.evaluations, *spent, agreement(values, known), float(np.abs(values - known).mean())), values
