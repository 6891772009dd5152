"""The re-ranker: a small network over a candidate's features, and its closed-form Aumann-Shapley values.

score = w . x + sum over hidden units h of v_h r(a_h . x + b_h), r(u) = u / (1 + exp(-u)): one hidden layer, so that along
the straight line from the features of no finding (x0) to those of all (x1) the mean gradient has a closed form: the mean of
r' between u0 and u1 is (r(u1) - r(u0)) / (u1 - u0). Times x1 - x0 these are the Aumann-Shapley values of the features
(Aumann & Shapley, Values of Non-Atomic Games, 1974); they add up to score(x1) - score(x0) exactly, without sampling or
quadrature.
Several networks, trained from different starts, are averaged by laying their hidden units side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.paths import RESOURCES

FILE = RESOURCES / "knowledge" / "rare" / "network.npz"

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
T = TypeVar("T", np.float32, np.float64)
HIDDEN, NETWORKS, DROPPED = 32, 3, 0.3
STEP, DECAY, EPOCHS, BATCH, SHOWN = 3e-3, 0.1, 6, 64, 50
_BETA1, _BETA2, _TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Of F features: `centre` and `scale` (F,), `linear` (F,), hidden units `inner` (F, H), `bias` (H,), `outer` (H,)."""

    centre: Floats
    scale: Floats
    linear: Floats
    inner: Floats
    bias: Floats
    outer: Floats

    def score(self, x: Floats) -> Floats:
        """Scores (...,) of features (..., F)."""
        z = (x - self.centre) / self.scale
        return np.asarray(z @ self.linear + _active(z @ self.inner + self.bias) @ self.outer, np.float32)

    def mean_gradient(self, start: Doubles, end: Doubles) -> Doubles:
        """Mean gradient (..., F) of the score along the line from `start` to `end` (..., F), exactly."""
        u0, u1 = (((x - self.centre) / self.scale) @ self.inner + self.bias for x in (start, end))
        step = u1 - u0
        far = np.abs(step) > 1e-5
        slope = np.where(far, (_active(u1) - _active(u0)) / np.where(far, step, 1), _slope((u0 + u1) / 2))
        return np.asarray((self.linear + (slope * self.outer) @ self.inner.T) / self.scale, np.float64)


def _active(u: NDArray[T]) -> NDArray[T]:
    return np.asarray(u * _sigmoid(u), u.dtype)


def _slope(u: NDArray[T]) -> NDArray[T]:
    s = _sigmoid(u)
    return np.asarray(s * (1 + u * (1 - s)), u.dtype)


def _sigmoid(u: NDArray[T]) -> NDArray[T]:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * u), u.dtype)


@lru_cache(maxsize=2)
def load(path: Path = FILE) -> Network:
    """The shipped network. Raises `UserError` where the file is missing or damaged."""
    try:
        with np.load(path) as held:
            return Network(*(held[f.name] for f in fields(Network)))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise UserError(
            f"The rare-disease network could not be read: {error}.", "Install the program again."
        ) from error


def write(network: Network, path: Path) -> None:
    """Write a network as .npz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{f.name: getattr(network, f.name) for f in fields(Network)})


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Cases' candidates: `values` (cases, places, F), `there` (cases, places), place of the `target`, `weight` (cases,)."""

    values: Floats
    there: NDArray[np.bool_]
    target: NDArray[np.int64]
    weight: Floats


def train(lists: Lists, seeds: int = NETWORKS) -> Network:
    """The mean of `seeds` networks, each trained to put the right candidate first (listwise softmax loss)."""
    held = lists.values[lists.there]
    centre, scale = held.mean(axis=0), held.std(axis=0) + np.float32(1e-6)
    ready = Lists((lists.values - centre) / scale, lists.there, lists.target, lists.weight / lists.weight.mean())
    return _joined([_Trainer(ready, seed).run() for seed in range(seeds)], centre, scale)


def _joined(found: Sequence[dict[str, Floats]], centre: Floats, scale: Floats) -> Network:
    """Networks side by side: their mean."""
    return Network(
        centre,
        scale,
        np.mean([f["linear"] for f in found], axis=0, dtype=np.float32),
        np.concatenate([f["inner"] for f in found], axis=1),
        np.concatenate([f["bias"] for f in found]),
        np.concatenate([f["outer"] / np.float32(len(found)) for f in found]).astype(np.float32),
    )


class _Trainer:
    """AdamW with a one-cycle step size and dropout of hidden units, in NumPy."""

    def __init__(self, lists: Lists, seed: int) -> None:
        self._lists, self._rng = lists, np.random.default_rng(seed)
        width = lists.values.shape[2]
        bound = width**-0.5
        self._p: dict[str, Floats] = {
            "linear": self._rng.uniform(-bound, bound, width).astype(np.float32),
            "inner": self._rng.uniform(-bound, bound, (width, HIDDEN)).astype(np.float32),
            "bias": self._rng.uniform(-bound, bound, HIDDEN).astype(np.float32),
            "outer": np.zeros(HIDDEN, np.float32),
        }
        self._m = {k: np.zeros_like(v) for k, v in self._p.items()}
        self._v = {k: np.zeros_like(v) for k, v in self._p.items()}

    def run(self) -> dict[str, Floats]:
        """Train; the parameters by name."""
        cases = len(self._lists.target)
        batches = max(1, round(cases / BATCH))
        step = 0
        for _ in range(EPOCHS):
            for batch in np.array_split(self._rng.permutation(cases), batches):
                step += 1
                self._update(self._gradient(batch), step, STEP * _cycle(step / (EPOCHS * batches)))
        return self._p

    def _gradient(self, batch: NDArray[np.int64]) -> dict[str, Floats]:
        """Gradient on a batch: the right candidate (place 0) against a draw of the others."""
        held, p = self._lists, self._p
        some = self._rng.permutation(held.values.shape[1])[:SHOWN]
        target = held.target[batch]
        x = np.concatenate([held.values[batch, target][:, None], held.values[batch][:, some]], axis=1)
        other = held.there[batch][:, some] & (some[None] != target[:, None])
        kept = (self._rng.random((len(batch), 1, HIDDEN)) >= DROPPED).astype(np.float32) / np.float32(1 - DROPPED)
        inside = x @ p["inner"] + p["bias"]
        hidden = _active(inside) * kept
        score = x @ p["linear"] + hidden @ p["outer"]
        score[:, 1:][~other] = -1e9
        mass = np.exp(score - score.max(axis=1, keepdims=True))
        wrong = mass / mass.sum(axis=1, keepdims=True)
        wrong[:, 0] -= 1
        wrong *= held.weight[batch][:, None] / np.float32(len(batch))
        back = (wrong[..., None] * p["outer"] * kept * _slope(inside)).reshape(-1, HIDDEN)
        flat, flat_wrong = x.reshape(-1, x.shape[2]), wrong.reshape(-1)
        return {
            "linear": flat.T @ flat_wrong,
            "inner": flat.T @ back,
            "bias": back.sum(axis=0),
            "outer": hidden.reshape(-1, HIDDEN).T @ flat_wrong,
        }

    def _update(self, gradient: dict[str, Floats], step: int, rate: float) -> None:
        for name, g in gradient.items():
            self._m[name] += np.float32(1 - _BETA1) * (g - self._m[name])
            self._v[name] += np.float32(1 - _BETA2) * (g * g - self._v[name])
            move = self._m[name] / (1 - _BETA1**step) / (np.sqrt(self._v[name] / (1 - _BETA2**step)) + _TINY)
            self._p[name] -= (rate * (move + DECAY * self._p[name])).astype(np.float32)


def _cycle(at: float) -> float:
    """Share of the full step size: up over the first 30 %, then down along a cosine (Smith, 2018)."""
    return float((1 - np.cos(np.pi * at / 0.3)) / 2 if at < 0.3 else (1 + np.cos(np.pi * (at - 0.3) / 0.7)) / 2)
