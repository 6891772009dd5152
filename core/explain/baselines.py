"""Which stand-in for hidden regions lets a film's map be proved: the one whose deletion and insertion curves lie farthest
from random ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.explain.faithfulness import measure
from core.explain.game import new_game
from core.explain.sampling import last, sample
from core.inference.packs import Pack

EVALUATIONS = 130
BEST = "best"


@dataclass(frozen=True, slots=True)
class Tried:
    """A baseline on one film: the log-odds with everything hidden, and how far the deletion and insertion areas of a short
    map lie from random ones (mean of the two; below .01 they prove nothing)."""

    name: str
    base_value: float
    gain: float


def compare(pack: Pack, pixels: NDArray[np.uint8], seed: int = 0) -> tuple[Tried, ...]:
    """Every baseline the pack knows, the most faithful first. Some 330 evaluations each, on the pack's fastest graph."""
    graph = "predict_int8" if "predict_int8" in pack.manifest["graphs"] else "predict"
    stated = pack.manifest["baselines"]
    found = []
    for name in stated.get("known", [stated["default"]]):
        game = new_game(pack, pixels, str(name), graph)
        shown = last(sample(game, EVALUATIONS, seed))
        faith = measure(game, shown.values, seed)
        lower = faith.random_deletion.auc - faith.deletion.auc
        higher = faith.insertion.auc - faith.random_insertion.auc
        found.append(Tried(str(name), shown.empty, (lower + higher) / 2))
    return tuple(sorted(found, key=lambda tried: -tried.gain))
