"""What the training loop trains: the image network and the table network, each with its batches. Needs torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.inference.classification import Layout
from core.inference.preprocess import Preprocessing
from core.learning.augment import Warp, augment
from core.learning.dataset import Film
from core.learning.network import RadiographNet
from core.learning.pixels import coded
from core.learning.recipe import TrainRecipe
from core.learning.tables import centre
from core.progress import Report, silent

Places = NDArray[np.int64]
EQUALISE_BOX = 0.8


def outputs(classes: int) -> int:
    """Logits of the network: one of two classes, else one a class."""
    return 1 if classes == 2 else classes


class TableNet(nn.Module):
    """(n, inputs) float32, NaN where missing -> logits. The median stands in for a missing number, and a flag beside it says
    so, so that missing is its own evidence and not a normal value. `hidden` 0: a linear model (logistic regression)."""

    median: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, inputs: int, classes: int, hidden: int, dropout: float) -> None:
        super().__init__()
        for name in ("median", "mean", "deviation"):
            self.register_buffer(name, torch.ones(inputs) if name == "deviation" else torch.zeros(inputs))
        wide = 2 * inputs
        body: list[nn.Module] = []
        if hidden:
            body = [nn.Linear(wide, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.GELU()]
            body.append(nn.Dropout(dropout))
            wide = hidden
        self.body = nn.Sequential(*body, nn.Linear(wide, outputs(classes)))

    def forward(self, x: Tensor) -> Tensor:
        missing = torch.isnan(x)
        known = torch.where(missing, self.median.expand_as(x), x)
        z = torch.clamp((known - self.mean) / self.deviation, -8.0, 8.0)
        found: Tensor = self.body(torch.cat([z, missing.to(x.dtype)], dim=1))
        return found


class TableLearner:
    """Rows encoded by a layout learned on the training part."""

    def __init__(
        self, rows: Sequence[dict[str, str]], layout: Layout, training: Places, classes: int, recipe: TrainRecipe
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.layout = layout
        values = layout.encode(rows)
        self.values = torch.from_numpy(values)
        self.network: nn.Module = TableNet(values.shape[1], classes, recipe.hidden, recipe.dropout)
        median, mean, deviation = centre(values[training])
        state: dict[str, Any] = {"median": median, "mean": mean, "deviation": deviation}
        for name, value in state.items():
            getattr(self.network, name).copy_(torch.from_numpy(value))

    def inputs(self, places: Places, generator: torch.Generator | None) -> Tensor:
        """Rows as they are; nothing is augmented."""
        return self.values[torch.from_numpy(places)]


class ImageLearner:
    """Films read once, normalised and kept as bytes a quarter larger than the network's input."""

    def __init__(self, films: Sequence[Film], classes: int, recipe: TrainRecipe, report: Report = silent) -> None:
        torch.manual_seed(recipe.seed)
        self.size = recipe.size
        self.spec = Preprocessing(recipe.size, EQUALISE_BOX)
        self.large = coded(films, self.spec, recipe.size * 5 // 4, report)
        self.plain = coded(films, self.spec, recipe.size, report)
        self.network: nn.Module = RadiographNet(recipe.width, recipe.dropout, outputs(classes))

    def inputs(self, places: Places, generator: torch.Generator | None) -> Tensor:
        """(n, 1, size, size) float32 in 0-1; with a generator warped, blurred, regraded, partly hidden."""
        if generator is None:
            return torch.from_numpy(self.plain[places]).float()[:, None] / 255
        films = torch.from_numpy(self.large[places]).float()[:, None] / 255
        return augment(films, self.size, generator, Warp())
