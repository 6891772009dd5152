"""A pack's learned explainer (one pass, after FastSHAP): the network's own trunk looks at the film and at its baseline, a
small head foretells the Shapley values of the regions and the terms of order three behind them, which together foretell the
odd part of the game at any coalition. Trained by regression on sampled values and on the odd parts measured on training
films, first the head alone, then all of it. Needs torch and onnx."""

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
NO_TRIPLES: NDArray[np.int64] = np.zeros((0, 3), np.int64)
_SMALL = 0.05
"""Scale of the triples' coefficients beside the values: an eighth of a nat beside two or three."""
_ODD = 4.0
"""Weight of a missed odd part beside missed values: of a linear game, both losses are then the same."""
_UNSEEN = 0.3
"""Share of the triples' energy over all coalitions that counts as missed: few measured ones say little of most triples."""
_STEADY = 0.3
"""Of the mean variance of a map: keeps flat maps from ruling the loss."""


class Head(nn.Module):
    """Maps of the two films (n, channels, 8, 8) -> a value a region (n, 64), then `shapes` more maps (n, shapes x 64)."""

    def __init__(
        self, channels: int, width: int = 128, drop: float = 0.1, grid: tuple[int, int] = (8, 8), shapes: int = 0
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 1)
        self.mixers = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(3))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(4))
        self.place = nn.Parameter(torch.zeros(1, width, *grid))
        self.drop = nn.Dropout2d(drop)
        self.last = nn.Conv2d(width, 1 + shapes, 1)
        self.usual = nn.Parameter(torch.zeros(1, 1 + shapes, *grid))

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(torch.relu(self.norms[0](self.first(x)) + self.place))
        for mixer, norm in zip(self.mixers, self.norms[1:], strict=True):
            x = torch.relu(x + norm(mixer(x)))
        values: Tensor = (self.last(x) + self.usual).flatten(1)
        return values


class Explainer(nn.Module):
    """film, baseline (n, 1, size, size) -> values (n, 64) in nats, before they are made to add up, and coefficients of
    `triples` (m, 3) of regions (n, m).

    The difference of the class activation maps is a skip: what the last layer alone would say. A triple's coefficient is
    read from the map of its shape at the upper left corner of its box.
    """

    activation: Tensor
    level_scale: Tensor
    wanted: Tensor

    def __init__(
        self,
        trunk: RadiographNet,
        temperature: float,
        width: int = 128,
        grid: tuple[int, int] = (8, 8),
        triples: NDArray[np.int64] = NO_TRIPLES,
    ) -> None:
        super().__init__()
        self.stem, self.stage1, self.stage2, self.stage3 = trunk.stem, trunk.stage1, trunk.stage2, trunk.stage3
        levels = trunk.width * 7
        self.triples = triples
        shape, corner = shapes(triples, grid)
        self.regions = grid[0] * grid[1]
        self.head = Head(2 * levels + 5 * trunk.width, width, grid=grid, shapes=int(shape.max(initial=-1)) + 1)
        self.register_buffer("wanted", torch.tensor(shape * self.regions + corner))
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

    def forward(self, film: Tensor, baseline: Tensor) -> tuple[Tensor, Tensor]:
        shown, hidden, change = self.maps(film, baseline)
        last = ((shown - hidden)[:, -self.activation.shape[1] :] * self.activation).sum(1).flatten(1)
        shown, hidden = shown / self.level_scale, hidden / self.level_scale
        parts = [shown - hidden, (shown + hidden) / 2, change / self.change_scale]
        found: Tensor = self.head(torch.cat(parts, 1))
        values = found[:, : self.regions] + self.gain * last
        return values, _SMALL * found[:, self.regions :][:, self.wanted]


def shapes(triples: NDArray[np.int64], grid: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each triple (m, 3): the number of its shape (how its regions lie in their box), and the region at the upper left
    corner of that box."""
    if not len(triples):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows, columns = np.divmod(triples, grid[1])
    top, left = rows.min(axis=1), columns.min(axis=1)
    inside = np.stack([rows - top[:, None], columns - left[:, None]], axis=-1).reshape(len(triples), -1)
    _, shape = np.unique(inside, axis=0, return_inverse=True)
    return np.asarray(shape, np.int64).reshape(-1), top * grid[1] + left


@dataclass(frozen=True, slots=True)
class Lessons:
    """Films and baselines (n, 1, size, size), their sampled values (n, regions), v(all) - v(none) (n,), weights (n,), and
    what was measured: signs of coalitions (n, k, regions), -1 and +1, and the odd parts there (n, k)."""

    films: Films
    baselines: Films
    values: Films
    whole: Films
    weights: Films
    signs: NDArray[np.int8]
    odd: Films


def added_up(values: Tensor, whole: Tensor) -> Tensor:
    """Shared out evenly so that they sum to `whole` (FastSHAP's additive normalisation)."""
    return values + (whole - values.sum(1))[:, None] / values.shape[1]


def odd_at(values: Tensor, terms: Tensor, triples: Tensor, signs: Tensor) -> Tensor:
    """The odd part (n, k) of the game of Shapley values (n, regions) and triples' coefficients (n, m) at signs
    (n, k, regions). A triple is worth 2/3 of its coefficient to each of its three, a region's own term twice its."""
    if not terms.shape[1]:
        return torch.einsum("nkr,nr->nk", signs, values / 2)
    shared = torch.zeros_like(values).index_add(1, triples.reshape(-1), terms.repeat_interleave(3, dim=1))
    linear = (values - 2 / 3 * shared) / 2
    first, second, third = (signs[:, :, column] for column in triples.T)
    return torch.einsum("nkr,nr->nk", signs, linear) + torch.einsum("nkm,nm->nk", first * second * third, terms)


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
    triples = torch.tensor(network.triples)
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
                raw, terms = network(*(_tensor(part[chosen]) for part in (lessons.films, lessons.baselines)))
            found = added_up(raw, _tensor(lessons.whole[chosen]))
            miss = ((found - _tensor(lessons.values[chosen])) ** 2).sum(1)
            odd = odd_at(found, terms, triples, _tensor(lessons.signs[chosen])) - _tensor(lessons.odd[chosen])
            weight = _tensor(lessons.weights[chosen] / (spread[chosen] + _STEADY * spread.mean()))
            unseen = _UNSEEN * (terms**2).sum(1)
            loss = (weight * (miss + _ODD * ((odd**2).mean(1) + unseen))).mean()
            descent.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)  # type: ignore[attr-defined]
            descent.step()
            schedule.step()
            losses.append(float(loss.detach()))
        curve.append(float(np.mean(losses)))
    network.eval()
    return curve


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _batches(count: int, batch: int, seed: int) -> Iterator[NDArray[np.int64]]:
    order = np.random.default_rng(seed).permutation(count)
    for start in range(0, max(1, count - batch + 1), batch):
        yield np.sort(order[start : start + batch])


def to_onnx(network: Explainer, size: int, films: Films, baselines: Films) -> bytes:
    """The int8 graph (film, baseline -> values, triples), calibrated on these films (n, 1, size, size)."""
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
            output_names=["values", "triples"],
        )
        model: Any = onnx.load(path)
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    del model.metadata_props[:]
    model.producer_name, model.producer_version = "consilium", ""
    feeds = ({"film": f[None], "baseline": b[None]} for f, b in zip(films, baselines, strict=True))
    return to_int8(bytes(model.SerializeToString()), feeds)
