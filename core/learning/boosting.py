"""Boosted trees for a table recipe (`learner: trees`): LightGBM in steps of ten rounds, each from the model on disk, so
that a run that was killed goes on to the same trees on one machine. Needs lightgbm (MIT; the `training` extra)."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.classification import Layout
from core.learning.class_metrics import macro_f1
from core.learning.patient_split import write_whole
from core.learning.recipe import TrainRecipe
from core.learning.run_log import STOP, RunLog
from core.progress import Report

CHUNK = 10
"""Rounds a step: what a checkpoint holds and the curves show."""
_PATIENCE = 5  # steps without a better validation loss
_SMALL = 500_000  # values below which a second thread costs more than it gives
CHECKPOINT = "trees.json"
Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trees:
    """Trained trees: LightGBM's dump of the best rounds and the layout of a row. `training`: the rows they learned from."""

    dump: dict[str, Any]
    classes: int
    training: Floats


@dataclass(slots=True)
class _State:
    model: str = ""
    best: str = ""
    best_loss: float = float("inf")
    best_at: int = 0
    done: int = 0
    """Steps of `CHUNK` rounds."""
    ends: list[int] = field(default_factory=list)
    """Rounds grown at the end of each step: fewer than asked for where nothing was left to split."""


class Boost:
    """Trains to the end or goes on."""

    def __init__(
        self,
        values: Floats,
        labels: Labels,
        parts: tuple[Labels, Labels],
        classes: int,
        recipe: TrainRecipe,
        run: Path,
    ) -> None:
        """`values` (n, inputs), NaN where missing; `parts`: places of training and validation."""
        self.values, self.labels, self.parts = values.astype(np.float64), labels, parts
        self.classes, self.recipe, self.run = classes, recipe, run
        self.steps = max(1, recipe.rounds // CHUNK)
        self.threads = recipe.threads if self.values.size > _SMALL else 1
        self.state = _State()
        self.log = RunLog(run, self.steps * CHUNK)
        self._known: tuple[NDArray[np.float64], ...] = ()
        """Scores of training and validation so far: a step adds its own trees' alone."""

    def train(self, report: Report) -> Trees:
        """The best rounds on validation. Cancelled where a stop was asked for; the checkpoint stays."""
        self._restore()
        self.log.write("start", step=self.state.done * CHUNK)
        while self.state.done < self.steps and self.state.done - self.state.best_at < _PATIENCE:
            self._step()
            report(self.state.done * CHUNK, self.steps * CHUNK, "growing trees")
            if (self.run / STOP).exists():
                self.log.asked_to_stop()
        dump: dict[str, Any] = self._booster(self.state.best).dump_model()
        return Trees(dump, self.classes, self.values[self.parts[0]].astype(np.float32))

    def scores(self, places: Labels) -> Floats:
        """(n, 1 or classes) log-odds or logits of the best rounds."""
        return self._scores(self.state.best, places)

    def _scores(self, model: str, places: Labels) -> Floats:
        found = np.asarray(self._booster(model).predict(self.values[places], raw_score=True, num_threads=self.threads))
        return found.reshape(len(places), -1).astype(np.float32)

    def _booster(self, model: str) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=model)

    def _step(self) -> None:
        import lightgbm

        state, at = self.state, self.parts[0]
        data = lightgbm.Dataset(self.values[at], self.labels[at], weight=self._weights(), params={"verbose": -1})
        before = self._booster(state.model) if state.model else None
        made = lightgbm.train(self._parameters(), data, num_boost_round=CHUNK, init_model=before)
        state.model = made.model_to_string()
        state.ends.append(int(made.current_iteration()))
        self._add(made, len(state.ends) - 1)
        loss, f1 = self._quality(self._known[1], self.labels[self.parts[1]])
        own, _ = self._quality(self._known[0], self.labels[at])
        if loss < state.best_loss - 1e-6:
            state.best, state.best_loss, state.best_at = state.model, loss, state.done + 1
        state.done += 1
        self.log.step(state.done * CHUNK, state.done - 1, own)
        self._save()
        self.log.write("epoch", epoch=state.done - 1, loss=own, validation_loss=loss, f1=f1)

    def _add(self, booster: Any, step: int) -> None:
        """The scores of the trees of one step, on top of those before."""
        first = self.state.ends[step - 1] if step else 0
        count = self.state.ends[step] - first
        if not count:
            return
        found = []
        for k, places in enumerate(self.parts):
            more = booster.predict(
                self.values[places],
                raw_score=True,
                start_iteration=first,
                num_iteration=count,
                num_threads=self.threads,
            )
            own = np.asarray(more, np.float64).reshape(len(places), -1)
            found.append(own + self._known[k] if self._known else own)
        self._known = tuple(found)

    def _parameters(self) -> dict[str, Any]:
        recipe, n = self.recipe, len(self.parts[0])
        several = (
            {"objective": "multiclass", "num_class": self.classes} if self.classes > 2 else {"objective": "binary"}
        )
        return {
            **several,
            "learning_rate": recipe.highest_rate,
            "num_leaves": recipe.leaves,
            "min_data_in_leaf": max(5, min(20, n // 25)),
            "lambda_l2": 1.0,
            "feature_fraction": 0.7,
            "seed": recipe.seed * 1000 + self.state.done,  # a step draws its own features whether resumed or not
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbose": -1,
        }

    def _weights(self) -> NDArray[np.float64] | None:
        if not self.recipe.class_weights:
            return None
        own = self.labels[self.parts[0]]
        counts = np.maximum(np.bincount(own, minlength=self.classes), 1)
        return np.asarray((len(own) / (self.classes * counts))[own], np.float64)

    def _quality(self, scores: NDArray[Any], labels: Labels) -> tuple[float, float]:
        """Log-loss (nats a case) and macro F1."""
        z = scores.astype(np.float64)
        z = np.concatenate([np.zeros_like(z), z], axis=1) if z.shape[1] == 1 else z
        top = z.max(axis=1, keepdims=True)
        logs = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
        return float(-logs[np.arange(len(labels)), labels].mean()), macro_f1(labels, z.argmax(axis=1).astype(np.int64))

    def _save(self) -> None:
        state = {name: getattr(self.state, name) for name in _State.__slots__}
        write_whole(self.run / CHECKPOINT, json.dumps(state).encode())

    def _restore(self) -> None:
        path = self.run / CHECKPOINT
        if not path.is_file():
            self.log.trim(0, 0)
            return
        self.state = _State(**json.loads(path.read_text(encoding="utf-8")))
        booster = self._booster(self.state.model)
        for step in range(self.state.done):
            self._add(booster, step)
        self.log.trim(self.state.done * CHUNK, self.state.done)


def background(rows: Floats, layout: Layout, most: int = 32, least: int = 5) -> Floats:
    """(m, inputs) rows that stand for the training part: means of groups of at least `least` neighbouring rows, so that
    none is one person's. Levels take the group's commonest, a number that most of a group lack is missing.

    The rows are halved at the median of the column that spreads most, again and again (a k-d tree).
    """
    scale = np.nanstd(rows, axis=0) if len(rows) else np.ones(rows.shape[1])
    filled = np.where(np.isfinite(rows), rows, np.nanmedian(np.where(np.isfinite(rows).any(axis=0), rows, 0), axis=0))
    groups = [np.arange(len(rows))]
    while len(groups) < most:
        large = max(groups, key=len)
        if len(large) < 2 * least:
            break
        spread = filled[large].std(axis=0) / np.where(scale > 1e-9, scale, np.inf)
        order = large[np.argsort(filled[large, int(spread.argmax())], kind="stable")]
        groups = [g for g in groups if g is not large] + [order[: len(order) // 2], order[len(order) // 2 :]]
    return np.stack([_mean(rows[g], layout) for g in groups]).astype(np.float32)


def _mean(rows: Floats, layout: Layout) -> Floats:
    known = np.isfinite(rows)
    total = np.where(known, rows, 0).sum(axis=0)
    mean = np.where(known.mean(axis=0) > 0.5, total / np.maximum(known.sum(axis=0), 1), np.nan)
    at = 0
    for column in layout.columns:
        wide = max(1, len(column.levels))
        if column.levels:
            counts = total[at : at + wide]
            none = len(rows) - counts.sum()
            mean[at : at + wide] = (np.arange(wide) == counts.argmax()) & (counts.max() >= none)
        at += wide
    return mean.astype(np.float32)
