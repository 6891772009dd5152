"""Training of the radiograph network: balanced batches, cosine schedule, averaged weights, early stopping, resume.
Needs torch."""

import copy
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.learning.augment import Warp, augment
from core.learning.metrics import auroc
from core.learning.network import RadiographNet
from core.progress import Report, silent


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training run; kept beside the checkpoint and in the pack's manifest."""

    size: int = 128
    cache_size: int = 160
    width: int = 48
    epochs: int = 16
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 0.02
    smoothing: float = 0.05
    average: float = 0.995
    patience: int = 12
    half: bool = True
    threads: int = 2
    end_boost: float = 12.0
    rough_versions: int = 3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Films:
    """Films ready for training: `pixels` normalised, coded uint8 (versions, n, side, side); `labels` int64 (n,);
    `often` bool (n,): films drawn `Recipe.end_boost` times as often as the others of their class."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    often: NDArray[np.bool_]


def train(
    training: Films,
    validation: Films,
    recipe: Recipe,
    checkpoint: Path,
    report: Report = silent,
    start: dict[str, Any] | None = None,
) -> tuple[RadiographNet, list[dict[str, float]]]:
    """The averaged network of the best validation epoch, and the curve. Goes on from `checkpoint` where it exists.

    `validation.pixels` are at `recipe.size`; `training.pixels` at `recipe.cache_size`. `start`: weights to begin with.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    run = _Run(recipe, len(training.labels))
    if start is not None:
        run.network.load_state_dict(start)
        run.averaged.load_state_dict(start)
    if checkpoint.is_file():
        run.load(checkpoint)
    stop = [e["epoch"] for e in run.curve[-1:]]
    first = int(stop[0]) + 1 if stop else 0
    for epoch in range(first, recipe.epochs):
        started = time.perf_counter()
        loss = run.epoch(training, epoch, report)
        scores = predict_films(run.averaged, validation.pixels[0])
        quality = auroc(validation.labels, scores)
        ranked = quality - 0.05 * _smooth_loss(validation.labels, scores)
        run.keep(epoch, loss, quality, ranked, time.perf_counter() - started)
        run.save(checkpoint)
        if epoch - run.best_epoch >= recipe.patience:
            break
    run.averaged.load_state_dict(run.best)
    return run.averaged.eval(), run.curve


def predict_films(network: torch.nn.Module, pixels: NDArray[np.uint8], batch: int = 128) -> NDArray[np.float64]:
    """Logits (n,) float64 of equalised films coded uint8 (n, size, size)."""
    network.eval()
    out = []
    with torch.inference_mode():
        for start in range(0, len(pixels), batch):
            x = torch.from_numpy(pixels[start : start + batch]).float()[:, None] / 255
            out.append(network(x)[0][:, 0].double().numpy())
    return np.concatenate(out)


def _smooth_loss(labels: NDArray[np.int64], logits: NDArray[np.float64]) -> float:
    """Class-balanced cross-entropy: breaks ties between epochs of equal AUROC."""
    sign = np.where(labels == 1, 1, -1)
    loss = np.logaddexp(0, -sign * logits)
    return float((loss[labels == 1].mean() + loss[labels == 0].mean()) / 2)


class _Run:
    """The state of one run: weights, averaged weights, optimiser, best so far."""

    def __init__(self, recipe: Recipe, n: int) -> None:
        self.recipe = recipe
        self.steps = max(1, n // recipe.batch)
        self.warp = Warp()
        self.network = RadiographNet(recipe.width).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.network).eval()
        decay = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=recipe.rate)
        self.best: dict[str, Any] = copy.deepcopy(self.averaged.state_dict())
        self.best_score, self.best_epoch = -math.inf, 0
        self.curve: list[dict[str, float]] = []

    def epoch(self, films: Films, epoch: int, report: Report) -> float:
        """One pass with as many films of either class; mean loss."""
        generator = torch.Generator().manual_seed(self.recipe.seed * 1000 + epoch)
        weights = torch.from_numpy(np.where(films.often, self.recipe.end_boost, 1.0))
        positive, negative = (weights * torch.from_numpy(films.labels == k) for k in (1, 0))
        self.network.train()
        total = 0.0
        for step in range(self.steps):
            half = self.recipe.batch // 2
            chosen = torch.cat([_draw(positive, half, generator), _draw(negative, half, generator)])
            version = torch.randint(len(films.pixels), (len(chosen),), generator=generator)
            x = torch.from_numpy(films.pixels[version.numpy(), chosen.numpy()]).float()[:, None] / 255
            x = augment(x, self.recipe.size, generator, self.warp)
            y = torch.from_numpy(films.labels[chosen.numpy()]).float()
            total += self._step(x, y, epoch * self.steps + step)
            report(epoch * self.steps + step + 1, self.recipe.epochs * self.steps, f"epoch {epoch + 1}")
        return total / self.steps

    def _step(self, x: Tensor, y: Tensor, step: int) -> float:
        recipe = self.recipe
        share = step / (recipe.epochs * self.steps)
        warm = min(1.0, (step + 1) / (2 * self.steps))
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half):
            logit = self.network(x.contiguous(memory_format=torch.channels_last))[0][:, 0].float()
        target = y * (1 - recipe.smoothing) + recipe.smoothing / 2
        loss = functional.binary_cross_entropy_with_logits(logit, target)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self._average(step)
        return float(loss.detach())

    def _average(self, step: int) -> None:
        keep = min(self.recipe.average, (1 + step) / (10 + step))
        with torch.no_grad():
            for old, new in zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True):
                if old.dtype.is_floating_point:
                    old.lerp_(new, 1 - keep)
                else:
                    old.copy_(new)

    def keep(self, epoch: int, loss: float, quality: float, ranked: float, seconds: float) -> None:
        """Note the epoch in the curve; keep the weights where it is the best so far."""
        self.curve.append({"epoch": epoch, "loss": loss, "auroc": quality, "score": ranked, "seconds": seconds})
        if ranked > self.best_score:
            self.best_score, self.best_epoch = ranked, epoch
            self.best = copy.deepcopy(self.averaged.state_dict())

    def save(self, path: Path) -> None:
        """The whole state, swapped in at once: a kill leaves the last epoch's."""
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
            "curve": self.curve,
            "recipe": asdict(self.recipe),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)
        path.with_suffix(".curve.json").write_text(json.dumps(self.curve, indent=1), encoding="utf-8")

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe."""
        state = torch.load(path, weights_only=True)
        if state["recipe"] != asdict(self.recipe):
            return
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best, self.curve = state["best"], state["curve"]
        self.best_score, self.best_epoch = state["best_score"], state["best_epoch"]


def _draw(weights: Tensor, n: int, generator: torch.Generator) -> Tensor:
    return torch.multinomial(weights, n, replacement=True, generator=generator)
