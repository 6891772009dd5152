"""A pack's learned explainer (one pass, after FastSHAP): the network's own trunk looks at the film and at its baseline, a
small head foretells the Shapley values of the regions. Trained by regression on sampled values of training films, first
the head alone, then all of it. Needs torch and onnx."""

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.learning.export import OPSET, to_int8
from core.learning.network import RadiographNet
from core.progress import Report, silent

Films = NDArray[np.float32]
_STEADY = 0.3
"""Of the mean variance of a map: keeps flat maps from ruling the loss."""


class Head(nn.Module):
    """Maps of the two films (n, channels, 8, 8) -> a value a region (n, 64)."""

    def __init__(self, channels: int, width: int = 128, drop: float = 0.1, grid: tuple[int, int] = (8, 8)) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 1)
        self.mixers = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(3))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(4))
        self.place = nn.Parameter(torch.zeros(1, width, *grid))
        self.drop = nn.Dropout2d(drop)
        self.last = nn.Conv2d(width, 1, 1)
        self.usual = nn.Parameter(torch.zeros(1, 1, *grid))

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(torch.relu(self.norms[0](self.first(x)) + self.place))
        for mixer, norm in zip(self.mixers, self.norms[1:], strict=True):
            x = torch.relu(x + norm(mixer(x)))
        values: Tensor = (self.last(x) + self.usual).flatten(1)
        return values


class Explainer(nn.Module):
    """film, baseline (n, 1, size, size) -> values (n, 64) in nats, before they are made to add up.

    The difference of the class activation maps is a skip: what the last layer alone would say.
    """

    activation: Tensor
    level_scale: Tensor

    def __init__(
        self, trunk: RadiographNet, temperature: float, width: int = 128, grid: tuple[int, int] = (8, 8)
    ) -> None:
        super().__init__()
        self.stem, self.stage1, self.stage2, self.stage3 = trunk.stem, trunk.stage1, trunk.stage2, trunk.stage3
        levels = trunk.width * 7
        self.head = Head(2 * levels + 5 * trunk.width, width, grid=grid)
        self.gain = nn.Parameter(torch.ones(1))
        self.register_buffer("activation", trunk.head.weight.detach()[0].reshape(1, -1, 1, 1) / 64 / temperature)
        self.register_buffer("level_scale", torch.ones(1, levels, 1, 1))
        self.change_scale = nn.Parameter(torch.ones(1, 5 * trunk.width, 1, 1), requires_grad=False)

    def _levels(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        low = self.stage1(self.stem(x * 2 - 1))
        middle = self.stage2(low)
        return low, middle, self.stage3(middle)

    def maps(self, film: Tensor, baseline: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Levels of the film and of the baseline (n, 7 x width, 8, 8), and how much they differ (n, 5 x width, 8, 8)."""
        n = film.shape[0]
        low, middle, high = self._levels(torch.cat([film, baseline]))
        levels = torch.cat([functional.avg_pool2d(low, 4), functional.avg_pool2d(middle, 2), high], 1)
        far, near = (low[:n] - low[n:]).abs(), (middle[:n] - middle[n:]).abs()
        change = [functional.avg_pool2d(far, 4), functional.avg_pool2d(near, 2), functional.max_pool2d(near, 2)]
        return levels[:n], levels[n:], torch.cat(change, 1)

    def forward(self, film: Tensor, baseline: Tensor) -> Tensor:
        shown, hidden, change = self.maps(film, baseline)
        last = ((shown - hidden)[:, -self.activation.shape[1] :] * self.activation).sum(1).flatten(1)
        shown, hidden = shown / self.level_scale, hidden / self.level_scale
        parts = [shown - hidden, (shown + hidden) / 2, change / self.change_scale]
        values: Tensor = self.head(torch.cat(parts, 1)) + self.gain * last
        return values


@dataclass(frozen=True, slots=True)
class Lessons:
    """Films and baselines (n, 1, size, size), their sampled values (n, regions), v(all) - v(none) (n,), and weights (n,)."""

    films: Films
    baselines: Films
    values: Films
    whole: Films
    weights: Films


def added_up(values: Tensor, whole: Tensor) -> Tensor:
    """Shared out evenly so that they sum to `whole` (FastSHAP's additive normalisation)."""
    return values + (whole - values.sum(1))[:, None] / values.shape[1]


def settle(network: Explainer, films: Films, baselines: Films) -> None:
    """Set the scales of the head's inputs from some films."""
    with torch.no_grad():
        shown, hidden, change = network.maps(torch.tensor(films), torch.tensor(baselines))
        both = torch.cat([shown, hidden])
        network.level_scale.copy_(both.std((0, 2, 3), keepdim=True) + 1e-3)
        network.change_scale.copy_(change.std((0, 2, 3), keepdim=True) + 1e-3)


def train(
    network: Explainer,
    lessons: Lessons,
    epochs: int,
    rate: float,
    *,
    whole_network: bool,
    batch: int = 16,
    seed: int = 0,
    report: Report = silent,
) -> list[float]:
    """Mean loss an epoch. Batch statistics of the trunk stay as they were; `whole_network` lets its weights move, at half
    the rate of the head's."""
    head = [*network.head.parameters(), network.gain]
    rest = [p for part in (network.stem, network.stage1, network.stage2, network.stage3) for p in part.parameters()]
    groups = [{"params": head, "lr": rate}, *([{"params": rest, "lr": rate / 2}] if whole_network else [])]
    rates = [group["lr"] for group in groups]
    steps = epochs * max(1, len(lessons.films) // batch)
    descent = torch.optim.AdamW(groups, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(descent, rates, total_steps=steps + 1, pct_start=0.15)  # type: ignore[arg-type]
    spread = lessons.values.var(axis=1) * lessons.values.shape[1]
    curve = []
    for epoch in range(epochs):
        losses = []
        for k, chosen in enumerate(_batches(len(lessons.films), batch, seed + epoch)):
            report(epoch * len(lessons.films) + k * batch, epochs * len(lessons.films), "training the explainer")
            network.eval()
            network.head.drop.train()
            with torch.set_grad_enabled(True):
                raw = network(torch.tensor(lessons.films[chosen]), torch.tensor(lessons.baselines[chosen]))
            miss = (added_up(raw, torch.tensor(lessons.whole[chosen])) - torch.tensor(lessons.values[chosen])) ** 2
            weight = torch.tensor(lessons.weights[chosen] / (spread[chosen] + _STEADY * spread.mean()))
            loss = (weight * miss.sum(1)).mean()
            descent.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)  # type: ignore[attr-defined]
            descent.step()
            schedule.step()
            losses.append(float(loss.detach()))
        curve.append(float(np.mean(losses)))
    network.eval()
    return curve


def _batches(count: int, batch: int, seed: int) -> Iterator[NDArray[np.int64]]:
    order = np.random.default_rng(seed).permutation(count)
    for start in range(0, max(1, count - batch + 1), batch):
        yield np.sort(order[start : start + batch])


def to_onnx(network: Explainer, size: int, films: Films, baselines: Films) -> bytes:
    """The int8 graph (film, baseline -> values), calibrated on these films (n, 1, size, size)."""
    import onnx

    network.eval()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the exporter; tests run the result
        path = Path(folder) / "explainer.onnx"
        torch.onnx.export(
            network,
            (torch.rand(1, 1, size, size), torch.rand(1, 1, size, size)),
            str(path),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            external_data=False,
            input_names=["film", "baseline"],
            output_names=["values"],
        )
        model: Any = onnx.load(path)
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    del model.metadata_props[:]
    model.producer_name, model.producer_version = "consilium", ""
    feeds = ({"film": f[None], "baseline": b[None]} for f, b in zip(films, baselines, strict=True))
    return to_int8(bytes(model.SerializeToString()), feeds)
