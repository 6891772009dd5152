"""The game whose Shapley values are shown: regions of a film kept or hidden -> calibrated log-odds of the label."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from core.inference.baseline import baseline
from core.inference.packs import Pack
from core.inference.predict import session
from core.inference.preprocess import film
from core.inference.session import run

Masks = NDArray[np.float32]
Values = NDArray[np.float64]
_BATCH = 64


@dataclass(slots=True)
class Game:
    """One film, one baseline, one label. Calling it evaluates masks; `evaluations` counts them.

    Films and masks are blended inside the graph: film * mask + baseline * (1 - mask), region by region.
    """

    pack: Pack
    film: NDArray[np.float32]
    hidden: NDArray[np.float32]
    label: int = 0
    role: str = "predict"
    tick: Callable[[], None] = lambda: None
    graph: ort.InferenceSession | None = None
    """Another graph than the pack's (the model-randomisation check)."""
    baseline: str = ""
    """Name of what hides regions."""
    blocks: int = 1
    """Side of the square blocks of the pack's regions that are kept or hidden together: the players of a coarser game."""
    exact: str = ""
    """Role of the graph that gives the two ends shown, where coalitions are measured on a faster one."""
    evaluations: int = field(default=0, init=False)
    shown: tuple[float, float] = field(default=(0.0, 0.0), init=False)
    """Log-odds with everything hidden and with everything shown, after `ends`."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the players."""
        rows, columns = self.pack.regions
        return rows // self.blocks, columns // self.blocks

    @property
    def regions(self) -> int:
        """Number of players."""
        return math.prod(self.grid)

    def __call__(self, masks: Masks) -> Values:
        """(n, regions) of 0-1 -> (n,) calibrated log-odds (nats)."""
        graph = self.graph or session(self.pack, self.role)
        fixed = {"film": self.film[None], "baseline": self.hidden[None]}
        out = np.empty(len(masks))
        for start in range(0, len(masks), _BATCH):
            self.tick()
            part = self._spread(masks[start : start + _BATCH])
            out[start : start + len(part)] = run(graph, {**fixed, "masks": part})[0][:, self.label]
        self.evaluations += len(masks)
        scale = self.pack.calibration
        return out / scale.temperature + scale.bias

    def plain(self, films: NDArray[np.float32]) -> Values:
        """Whole films (n, size, size), masked elsewhere -> (n,) calibrated log-odds: how other explainers ask."""
        graph = self.graph or session(self.pack, self.role)
        whole = np.ones((1, math.prod(self.pack.regions)), np.float32)
        out = run(graph, {"film": films[:, None], "baseline": self.hidden[None], "masks": whole})[0][:, self.label]
        self.evaluations += len(films)
        return np.asarray(out / self.pack.calibration.temperature + self.pack.calibration.bias, np.float64)

    def ends(self) -> tuple[float, float, float]:
        """Log-odds of nothing and of everything shown on the graph of the coalitions, and by how much their difference
        on the exact graph (`shown`) is larger: what two evaluations more make the map add up to the prediction."""
        both = np.stack([np.zeros(self.regions), np.ones(self.regions)]).astype(np.float32)
        empty, full = (float(v) for v in self(both))
        self.shown = empty, full
        if self.exact and self.exact != self.role and self.graph is None:
            role, self.role = self.role, self.exact
            low, high = (float(v) for v in self(both))
            self.role, self.shown = role, (low, high)
        return empty, full, (self.shown[1] - self.shown[0]) - (full - empty)

    def _spread(self, masks: Masks) -> Masks:
        """(n, players) -> (n, the pack's regions)."""
        if self.blocks > 1:
            wide = masks.reshape(-1, *self.grid).repeat(self.blocks, axis=1).repeat(self.blocks, axis=2)
            masks = wide.reshape(len(masks), -1)
        return np.ascontiguousarray(masks, np.float32)


def new_game(
    pack: Pack, pixels: NDArray[np.uint8], baseline_name: str, role: str, tick: Callable[[], None] = lambda: None
) -> Game:
    """The game of one film. `pixels`: uint8 (rows, columns), as given to `predict`."""
    prepared = film(pixels, pack.preprocessing)
    return Game(pack, prepared, baseline(prepared, baseline_name), role=role, tick=tick, baseline=baseline_name)
