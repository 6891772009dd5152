"""The training loop for images and tables: class weights, cosine schedule, early stopping on validation loss, mixed
precision where a GPU has bfloat16, and checkpoints that hold everything a run needs to go on as if nothing had happened.
Needs torch."""

import copy
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.learning.class_metrics import macro_f1
from core.learning.recipe import TrainRecipe, as_json
from core.learning.run_log import RunLog
from core.progress import Report, silent

CHECKPOINT = "checkpoint.pt"
Places = NDArray[np.int64]


class Learner(Protocol):
    """What the loop trains: a network that gives one logit (two classes) or one a class, and the batches for it."""

    network: nn.Module

    def inputs(self, places: Places, generator: torch.Generator | None) -> Tensor:
        """Inputs of these examples; with a generator augmented, without it as they are."""


@dataclass(slots=True)
class _State:
    epoch: int = 0
    step: int = 0
    total: float = 0.0
    best: dict[str, Any] | None = None
    best_loss: float = math.inf
    best_epoch: int = -1
    curve: list[dict[str, Any]] = field(default_factory=list)


class Loop:
    """One run over a learner. `labels`: int64 of all examples; `training`, `validation`: their places."""

    def __init__(
        self,
        learner: Learner,
        labels: Places,
        parts: tuple[Places, Places],
        classes: int,
        recipe: TrainRecipe,
        run: Path,
    ) -> None:
        torch.set_num_threads(recipe.threads)
        torch.manual_seed(recipe.seed)
        self.learner, self.recipe, self.run_folder = learner, recipe, run
        self.labels = torch.from_numpy(labels)
        self.training, self.validation = parts
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.half = recipe.half and self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        learner.network.to(self.device)
        self.optimiser = torch.optim.AdamW(
            learner.network.parameters(), lr=recipe.highest_rate, weight_decay=recipe.weight_decay
        )
        self.weights = class_weights(labels[self.training], classes) if recipe.class_weights else torch.ones(classes)
        self.per_epoch = math.ceil(len(self.training) / recipe.batch)
        self.state = _State()
        self.generator = torch.Generator()
        self.log = RunLog(run, recipe.epochs * self.per_epoch)

    def train(self, report: Report = silent) -> list[dict[str, Any]]:
        """Train to the end or to early stopping, leave the best weights in the network; the curve, one entry an epoch."""
        self._restore()
        self.log.write("start", step=self.state.epoch * self.per_epoch + self.state.step, device=self.device.type)
        while self.state.epoch < self.recipe.epochs and not self._enough():
            self._epoch(report)
        if self.state.best is not None:
            self.learner.network.load_state_dict(self.state.best)
        return self.state.curve

    def _enough(self) -> bool:
        return self.state.epoch - 1 - self.state.best_epoch >= self.recipe.patience

    def _epoch(self, report: Report) -> None:
        state = self.state
        order = torch.Generator().manual_seed(self.recipe.seed * 100_003 + state.epoch)
        shuffled = self.training[torch.randperm(len(self.training), generator=order).numpy()]
        if state.step == 0:
            self.generator.manual_seed(self.recipe.seed * 100_003 + state.epoch + 50_000)
            state.total = 0.0
        while state.step < self.per_epoch:
            chosen = shuffled[state.step * self.recipe.batch : (state.step + 1) * self.recipe.batch]
            done = state.epoch * self.per_epoch + state.step
            loss = self._step(chosen, done)
            state.total += loss
            state.step += 1
            self.log.step(done + 1, state.epoch, loss)
            if self.recipe.checkpoint_steps and state.step % self.recipe.checkpoint_steps == 0:
                self.save()
            self._may_stop(report, done + 1)
        self._close_epoch()

    def _may_stop(self, report: Report, done: int) -> None:
        report(done, self.log.steps, f"epoch {self.state.epoch + 1}")
        if (self.run_folder / "stop").exists():
            self.save()
            self.log.asked_to_stop()

    def _close_epoch(self) -> None:
        state = self.state
        logits = self.logits(self.validation)
        known = self.labels[torch.from_numpy(self.validation)]
        quality = float(_loss(torch.from_numpy(logits), known, torch.ones_like(self.weights)))
        entry = {
            "epoch": state.epoch,
            "loss": state.total / self.per_epoch,
            "validation_loss": quality,
            "f1": macro_f1(known.numpy(), called(logits)),
        }
        state.curve.append(entry)
        if quality < state.best_loss:
            state.best_loss, state.best_epoch = quality, state.epoch
            state.best = copy.deepcopy({k: v.cpu() for k, v in self.learner.network.state_dict().items()})
        state.epoch, state.step = state.epoch + 1, 0
        self.save()
        self.log.write("epoch", **entry)

    def _step(self, chosen: Places, done: int) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.recipe.highest_rate, done, self.log.steps, self.per_epoch)
        self.learner.network.train()
        x = self.learner.inputs(chosen, self.generator).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits = _only_logits(self.learner.network(x)).float()
        loss = _loss(logits, self.labels[torch.from_numpy(chosen)].to(logits.device), self.weights.to(logits.device))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.learner.network.parameters(), 5.0)
        self.optimiser.step()
        return float(loss.detach())

    def logits(self, places: Places) -> NDArray[np.float32]:
        """(n, 1 or classes) of the network as it stands, nothing augmented."""
        self.learner.network.eval()
        found = []
        with torch.inference_mode():
            for start in range(0, len(places), 64):
                x = self.learner.inputs(places[start : start + 64], None).to(self.device)
                found.append(_only_logits(self.learner.network(x)).float().cpu().numpy())
        return np.concatenate(found)

    def to_cpu(self) -> None:
        """For what follows training: export and measuring run on the processor."""
        self.learner.network.cpu().eval()
        self.device = torch.device("cpu")

    def save(self) -> None:
        """The whole state, on disk before it replaces the one before: a kill at any moment leaves one that is whole."""
        state = {
            "data": as_json(self.recipe),
            "network": self.learner.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "state": {name: getattr(self.state, name) for name in _State.__slots__},
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
        }
        path = self.run_folder / CHECKPOINT
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _restore(self) -> None:
        path = self.run_folder / CHECKPOINT
        if not path.is_file():
            self.log.trim(0, 0)
            return
        found = torch.load(path, weights_only=True, map_location=self.device)
        self.learner.network.load_state_dict(found["network"])
        self.optimiser.load_state_dict(found["optimiser"])
        self.state = _State(**found["state"])
        self.generator.set_state(found["generator"].cpu())
        torch.set_rng_state(found["torch"].cpu())
        if found["cuda"] and self.device.type == "cuda":
            torch.cuda.set_rng_state_all([state.cpu() for state in found["cuda"]])
        self.log.trim(self.state.epoch * self.per_epoch + self.state.step, self.state.epoch)


def class_weights(labels: Places, classes: int) -> Tensor:
    """Weights that make every class count alike, mean one over the examples."""
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return torch.from_numpy(len(labels) / (classes * counts)).float()


def rate_at(highest: float, step: int, steps: int, warm: int) -> float:
    """Warm-up over the first epoch, then a cosine down to a hundredth."""
    share = min(1.0, step / max(1, steps))
    return highest * min(1.0, (step + 1) / max(1, warm)) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def called(logits: NDArray[np.float32]) -> Places:
    """The likeliest class of each row."""
    return (logits[:, 0] > 0).astype(np.int64) if logits.shape[1] == 1 else logits.argmax(axis=1).astype(np.int64)


def _loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    own = weights[labels]
    if logits.shape[1] == 1:
        each = functional.binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype), reduction="none")
    else:
        each = functional.cross_entropy(logits, labels, reduction="none")
    return (each * own).sum() / own.sum()


def _only_logits(output: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    return output[0] if isinstance(output, tuple) else output
