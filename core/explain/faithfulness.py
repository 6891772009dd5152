"""Does the map say what the model looks at? Deletion and insertion against random orders, and the other checks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Label
from core.domain.explanation import Check, Curve
from core.explain.game import Game, Masks, Values

RANDOM_ORDERS = 4
STEP = 2
"""Regions changed between two points of a curve."""
_ADDITIVITY = 1e-3  # nats; float32 sums of 64 regions stay below 1e-4
_STABLE = 0.8
LEAST_CONTRAST = 0.01
"""Of the area, between the map's order and random ones: a flat curve proves nothing (expert estimate)."""
NO_CONTRAST = "no contrast"


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Curves of the probability of what the model says (p where p >= .5, else 1 - p) over the share of regions changed.

    Deletion: a lower area is better. Insertion: a higher one.
    """

    deletion: Curve
    insertion: Curve
    random_deletion: Curve
    random_insertion: Curve

    @property
    def curves(self) -> tuple[Curve, ...]:
        return self.deletion, self.insertion, self.random_deletion, self.random_insertion


def measure(game: Game, values: Values, seed: int, random_orders: int = RANDOM_ORDERS) -> Faithfulness:
    """Curves of a map (regions,) against the mean of `random_orders` random orders."""
    n = game.regions
    positive = game(np.ones((1, n), np.float32))[0] >= 0
    order = np.argsort(-values if positive else values, kind="stable")
    rng = np.random.default_rng(seed + 1)
    # adding regions in an order is removing them in the reverse: random paths serve both curves
    paths = [order, order[::-1], *(rng.permutation(n) for _ in range(random_orders))]
    odds = game(np.concatenate([_removed(path) for path in paths])) * (1 if positive else -1)
    p = (1 / (1 + np.exp(-odds))).reshape(len(paths), -1)
    share = _taken(n) / n
    back, back_share = p[:, ::-1], 1 - share[::-1]
    return Faithfulness(
        deletion=_curve("deletion", p[0], share),
        insertion=_curve("insertion", back[1], back_share),
        random_deletion=_curve("random deletion", p[2:].mean(axis=0), share),
        random_insertion=_curve("random insertion", back[2:].mean(axis=0), back_share),
    )


def _removed(order: NDArray[np.int64]) -> Masks:
    """(n,) -> (steps + 1, n): masks after 0 .. n regions were hidden in that order, `STEP` at a time."""
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return (rank[None] >= _taken(len(order))[:, None]).astype(np.float32)


def _taken(n: int) -> NDArray[np.int64]:
    """How many of n regions were changed at each point of a curve."""
    return np.unique([*range(0, n, STEP), n])


def _curve(name: str, p: Values, share: Values) -> Curve:
    area = float(np.trapezoid(p, share))
    return Curve(name, tuple(share.tolist()), tuple(p.tolist()), area)


def checks(additivity_error: float, stability: float, faith: Faithfulness | None) -> tuple[Check, ...]:
    """Every check with its verdict; one that fails is shown as failing."""
    found = [
        Check(Label("Additivity error", "可加性误差"), additivity_error, additivity_error < _ADDITIVITY, "nats"),
        Check(Label("Agreement of two halves", "两半一致性"), stability, stability >= _STABLE, "Pearson r"),
    ]
    if faith is not None:
        lower = faith.random_deletion.auc - faith.deletion.auc
        higher = faith.insertion.auc - faith.random_insertion.auc
        found.append(_against_random(Label("Deletion below random", "删除曲线低于随机"), lower))
        found.append(_against_random(Label("Insertion above random", "插入曲线高于随机"), higher))
    return tuple(found)


def _against_random(name: Label, difference: float) -> Check:
    flat = abs(difference) < LEAST_CONTRAST
    return Check(name, difference, difference >= LEAST_CONTRAST, NO_CONTRAST if flat else "AUC difference")
