"""How soon each explainer agrees with a long reference: curves of r against seconds, all on the same game.

Shapley estimators (own sampler, shap's Permutation and Kernel) are compared with a long own run on the same graph; shap's
Partition gives Owen values, another quantity, and is compared with its own exact values as well.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.explain import peers
from core.explain.game import Game, Values
from core.explain.sampling import Sampled, by_permutations, last, sample

ENOUGH = 0.99
REFERENCE_SEED = 999
OWN_MOST = 6050
SETTLED = 5
LADDERS = {
    "permutation": (129, 258, 516, 1032, 2064, 3096, 4128),
    "kernel": (512, 1024, 2048, 4096, 8192),
    "partition": (512, 1024, 2048),
    "partition_pixels": (1024, 2048, 4096, 8192),
}
EXHAUSTIVE = 1 << 16
"""Partition stops by itself once every block is divided: 2,732 evaluations for 64 regions."""


@dataclass(frozen=True, slots=True)
class Point:
    """One map of one film: agreement (Pearson r) and mean absolute error (nats) against the explainer's target."""

    evaluations: int
    seconds: float
    cpu_seconds: float
    r: float
    mae: float


@dataclass(slots=True)
class Clock:
    """Wall and processor seconds since `start`; processor time is what other work on the machine does not stretch."""

    wall: float = 0.0
    cpu: float = 0.0

    def start(self) -> "Clock":
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self.wall, time.process_time() - self.cpu


@dataclass(frozen=True, slots=True)
class Deadline:
    """Ends measuring after some seconds, whatever is left undone."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    def over(self, share: float = 1.0) -> bool:
        """Whether that share of the time is used up."""
        return time.monotonic() - self.began >= share * self.seconds


def reference(game: Game, evaluations: int, deadline: Deadline, share: float) -> Sampled | None:
    """The long run; shorter where the deadline's share is used up, None where not one pair was possible."""
    kept = deque(_until(by_permutations(game, evaluations, REFERENCE_SEED), deadline, share), maxlen=1)
    return kept[0] if kept else None


def _until(estimates: Iterator[Sampled], deadline: Deadline, share: float) -> Iterator[Sampled]:
    while not deadline.over(share):
        found = next(estimates, None)
        if found is None:
            return
        yield found


Sampler = Callable[[Game, int, int], Iterator[Sampled]]


def own_points(
    games: Sequence[Game],
    targets: Sequence[Values],
    deadline: Deadline,
    share: float = 1.0,
    seed: int = 0,
    sampler: Sampler = sample,
) -> list[list[Point]]:
    """The own sampler on every film, side by side, a point after each of its estimates; until the mean r has stayed at
    .99 for `SETTLED` of them, it ends, or the deadline's share is used up."""
    runs = [sampler(game, OWN_MOST, seed) for game in games]
    spent = [np.zeros(2) for _ in games]
    points: list[list[Point]] = [[] for _ in games]
    clock, settled = Clock(), 0
    while settled < SETTLED and not deadline.over(share):
        for k, estimates in enumerate(runs):
            clock.start()
            found = next(estimates, None)
            spent[k] += clock.read()
            if found is None:
                return points
            points[k].append(_point(found.values, targets[k], games[k].evaluations, spent[k]))
        settled = settled + 1 if np.mean([row[-1].r for row in points]) >= ENOUGH else 0
    return points


def peer_point(name: str, game: Game, budget: int, target: Values) -> tuple[Point, Values]:
    """One map of a shap explainer, made from nothing with that many evaluations."""
    clock = Clock().start()
    values = peer(name)(game, budget)
    spent = np.array(clock.read())
    return _point(values, target if len(target) else values, game.evaluations, spent), values


def peer(name: str) -> Callable[[Game, int], Values]:
    """shap's explainer of that name, as (game, evaluations) -> values."""
    known: dict[str, Callable[[Game, int], Values]] = {
        "permutation": lambda game, n: peers.permutation(game, n, 0),
        "kernel": lambda game, n: peers.kernel(game, n, 0),
        "partition": peers.partition,
        "partition_pixels": peers.partition_pixels,
    }
    return known[name]


def rescored(point: Point, values: Values, target: Values) -> Point:
    """The same map compared with another target."""
    return _point(values, target, point.evaluations, np.array([point.seconds, point.cpu_seconds]))


def _point(values: Values, target: Values, evaluations: int, spent: np.ndarray[Any, Any]) -> Point:
    r = float(np.corrcoef(values, target)[0, 1]) if values.std() > 0 and target.std() > 0 else 0.0
    return Point(evaluations, float(spent[0]), float(spent[1]), r, float(np.abs(values - target).mean()))


def mean_curve(films: Sequence[Sequence[Point]]) -> list[dict[str, float]]:
    """Means over films, rung by rung, as far as every film got."""
    out = []
    for points in zip(*films, strict=False):
        row = {"evaluations": float(np.mean([p.evaluations for p in points]))}
        row |= {k: float(np.mean([getattr(p, k) for p in points])) for k in ("seconds", "cpu_seconds", "r", "mae")}
        out.append(row | {"r_min": min(p.r for p in points)})
    return out


def seconds_to(curve: Sequence[dict[str, float]], wanted: float = ENOUGH, key: str = "seconds") -> float | None:
    """Seconds at which the mean r reaches `wanted` and stays there; between two rungs log(1 - r) is taken as linear in
    log(seconds), as it is for the mean of independent draws. None where it does not."""
    late = [k for k, row in enumerate(curve) if row["r"] < wanted]
    first = late[-1] + 1 if late else 0
    if first >= len(curve):
        return None
    after = curve[first]
    if first == 0:
        return after[key]
    before = curve[first - 1]
    misses = [np.log(max(1 - row["r"], 1e-12)) for row in (before, after)]
    share = (np.log(1 - wanted) - misses[0]) / (misses[1] - misses[0])
    return float(np.exp(np.log(before[key]) * (1 - share) + np.log(after[key]) * share))


def warm(make: Callable[[], Game]) -> None:
    """Imports, compilation and first runs of every explainer, outside the timing."""
    last(sample(make(), 128, 0))
    for name in LADDERS:
        peer(name)(make(), 300)
