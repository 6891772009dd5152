"""What each finding contributes: exact Shapley values of the engine's own sum.

The engine's score is a sum over groups of correlated nodes; within a group the k-th strongest node of one sign counts
`discount ** (k - 1)`. Findings that share a node (a common parent) or a group interact and form a component; every
component is enumerated over all its subsets, so values are exact and add up. A component of more than
`EXACT_PLAYERS` findings is averaged over antithetic orders instead (still exactly additive; seeded).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
EXACT_PLAYERS = 10
_ORDERS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """Findings that interact: `players` (positions), `nodes` (positions), `groups`: node positions that correlate."""

    players: tuple[int, ...]
    nodes: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]


def group_sum(weights: NDArray[np.float32], groups: Sequence[Sequence[int]], discount: float) -> Array:
    """Total of every row of (rows, nodes) with the group rule."""
    total = np.zeros(len(weights))
    for group in groups:
        part = weights[:, list(group)].astype(np.float64)
        if len(group) == 1:
            total += part[:, 0]
            continue
        factor = discount ** np.arange(len(group))
        total += -np.sort(-np.maximum(part, 0), axis=1) @ factor
        total += np.sort(np.minimum(part, 0), axis=1) @ factor
    return total


def components(players: Sequence[Sequence[int]], groups: Sequence[Sequence[int]]) -> tuple[Component, ...]:
    """Split into findings that interact. `players[node]` are the findings that bring the node in."""
    leader: dict[int, int] = {}

    def find(player: int) -> int:
        leader.setdefault(player, player)
        while leader[player] != player:
            player = leader[player]
        return player

    for group in groups:
        together = [player for node in group for player in players[node]]
        for player in together:
            leader[find(player)] = find(together[0])
    members: dict[int, list[int]] = {}
    for player in sorted(leader):
        members.setdefault(find(player), []).append(player)
    inside: dict[int, list[tuple[int, ...]]] = {}
    for group in groups:
        inside.setdefault(find(players[group[0]][0]), []).append(tuple(group))
    return tuple(
        Component(tuple(who), tuple(n for group in inside[key] for n in group), tuple(inside[key]))
        for key, who in members.items()
    )


def shapley(component: Component, players: Sequence[Sequence[int]], weights: Array, discount: float) -> Array:
    """Values (nats) of the component's findings, in the order of `component.players`, for one row of node weights."""
    count = len(component.players)
    if len(component.nodes) == 1 and count == 1:
        return weights[list(component.nodes)]
    if count == 1:
        return np.array([_worth(component, players, weights, discount, np.ones((1, 1), bool))[0]])
    if count <= EXACT_PLAYERS:
        return _enumerate(component, players, weights, discount)
    return _orders(component, players, weights, discount)


def _worth(
    component: Component, players: Sequence[Sequence[int]], weights: Array, discount: float, chosen: NDArray[np.bool_]
) -> Array:
    """Score of each subset: `chosen` bool (subsets, players of the component)."""
    place = {player: column for column, player in enumerate(component.players)}
    total = np.zeros(len(chosen))
    for group in component.groups:
        strongest = sorted(group, key=lambda node: -abs(weights[node]))
        for sign in (1, -1):
            inside = [node for node in strongest if weights[node] * sign > 0]
            if not inside:
                continue
            active = np.stack([chosen[:, [place[p] for p in players[node]]].any(axis=1) for node in inside], axis=1)
            rank = np.maximum(np.cumsum(active, axis=1) - 1, 0)
            total += (active * discount**rank) @ weights[inside]
    return total


def _enumerate(component: Component, players: Sequence[Sequence[int]], weights: Array, discount: float) -> Array:
    count = len(component.players)
    masks = np.arange(1 << count)
    chosen = (masks[:, None] >> np.arange(count)) & 1 == 1
    worth = _worth(component, players, weights, discount, chosen)
    size = chosen.sum(axis=1)
    share = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    values = np.zeros(count)
    for player in range(count):
        without = masks[~chosen[:, player]]
        values[player] = share[size[without]] @ (worth[without | (1 << player)] - worth[without])
    return values


def _orders(component: Component, players: Sequence[Sequence[int]], weights: Array, discount: float) -> Array:
    count = len(component.players)
    generator = np.random.default_rng(0)
    values = np.zeros(count)
    for _ in range(_ORDERS // 2):
        order = generator.permutation(count)
        for way in (order, order[::-1]):
            chosen = np.zeros((count + 1, count), bool)
            for step, player in enumerate(way):
                chosen[step + 1 :, player] = True
            values[way] += np.diff(_worth(component, players, weights, discount, chosen))
    return values / _ORDERS
