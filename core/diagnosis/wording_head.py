"""A linear head on the note's embedding: log P(condition | wording), learned on notes made up from our own knowledge.

It complements the likeness between the note and a condition's text: trained to tell conditions apart, it does not take what
all notes share for a sign. What ships was learned together with the encoder (`knowledge build encoder`,
`core.diagnosis.wording_encoder`); `knowledge build wording --learn all` learns one anew for an encoder that stays as it is.
How much it brings on notes it has not seen: docs/benchmarks/neural-text.md.
"""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import wording_cache
from core.diagnosis.presentations import Presentation
from core.diagnosis.wording_notes import notes
from core.inference.embedding import Encoder, Vectors
from core.knowledge.condition_tables import Tables
from core.paths import RESOURCES
from core.progress import Report, silent

Array = NDArray[np.float64]
FOLDER = RESOURCES / "knowledge" / "wording"
NOTES, COPIES, SEED = 100, 1, 7
_EPOCHS, _BATCH, _RATE, _DECAY = 14, 256, 2e-3, 0.8
_NOISE, _SMOOTHING, _WEIGHT_DECAY = 0.6, 0.05, 1e-2
_DIGITS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """`weight` float32 (width, conditions), `bias` (conditions,); `centre` and `scale` (width,) standardise the input."""

    ids: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    centre: NDArray[np.float32]
    scale: NDArray[np.float32]

    def logits(self, vectors: Vectors) -> Array:
        """Unit vectors (n, width) -> (n, conditions of the head)."""
        found: Array = (((vectors - self.centre) / self.scale) @ self.weight + self.bias).astype(np.float64)
        return found


def path_for(model: Encoder) -> Path:
    """Where the head of a text pack ships."""
    graph = model.pack.manifest["graphs"]["predict"]
    return FOLDER / f"head-{model.pack.manifest['files'][graph]['sha256'][:_DIGITS]}.npz"


@lru_cache(maxsize=2)
def load(path: Path) -> Head | None:
    """The head, None where there is none for this text pack."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as data:
            weight = data["weight"].astype(np.float32) * data["scales"][None, :]
            return Head(tuple(data["ids"].tolist()), weight, data["bias"], data["centre"], data["spread"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def log_shares(ids: tuple[str, ...], logits: Array, tables: Tables, likeness: Array | None = None) -> Array:
    """Logits (n, conditions of the head, `ids`) -> log P(condition | wording), (n, conditions of the tables).

    A condition written after the head was learned gets what its likeness (n, conditions) foretells: a line fitted, note by
    note, through the conditions that the head knows; without a likeness, the mean.
    """
    rows, known = _rows(ids, tables)
    logits = logits[:, rows]
    if not known.all():
        y = logits[:, known]
        x = np.zeros_like(y) if likeness is None else likeness[:, known]
        off = x - x.mean(1, keepdims=True)
        slope = (off * y).sum(1) / np.maximum((off**2).sum(1), 1e-9)
        level = y.mean(1) - slope * x.mean(1)
        unseen = np.zeros((len(y), int((~known).sum()))) if likeness is None else likeness[:, ~known]
        logits[:, ~known] = level[:, None] + slope[:, None] * unseen
    top = logits.max(axis=1, keepdims=True)
    shares: Array = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    return shares


@lru_cache(maxsize=4)
def _rows(ids: tuple[str, ...], tables: Tables) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each condition of the tables its column in a head (0 where unknown), and whether it is known."""
    at = {name: i for i, name in enumerate(ids)}
    known = np.array([c.id in at for c in tables.conditions])
    return np.array([at.get(c.id, 0) for c in tables.conditions]), known


def learn(
    tables: Tables, model: Encoder, told: Iterable[Presentation] = (), report: Report = silent, *,
    count: int = NOTES, seed: int = SEED, copies: int = COPIES,
) -> Head:  # fmt: skip
    """Write `count` notes a condition, embed what the cache lacks, fit the head to them and to the `told` English
    presentations, `copies` times each. Minutes where little changed; an hour for all of 1,450 conditions.

    Raises `Cancelled` from `report`. Needs torch.
    """
    texts, labels = [], []
    for row, condition in enumerate(tables.conditions):
        made = list(notes(condition, count, seed))
        texts += made
        labels += [row] * len(made)
    real = [one for one in told if one.language == "en" and one.condition in tables.condition_index]
    both = wording_cache.embedded(model, [*texts, *(one.text for one in real)], report).astype(np.float32)
    rows = np.concatenate([np.arange(len(texts)), np.tile(np.arange(len(texts), len(both)), copies)])
    truth = np.array(labels + [tables.condition_index[one.condition] for one in real])
    return fit(both[rows], truth[rows], tuple(c.id for c in tables.conditions), seed, report)


def fit(
    embedded: Vectors, labels: NDArray[np.int64], ids: tuple[str, ...], seed: int, report: Report = silent,
    *, epochs: int = _EPOCHS,
) -> Head:  # fmt: skip
    """Multinomial regression with label smoothing and noise on the standardised inputs; the same for the same seed."""
    import torch

    torch.manual_seed(seed)
    centre, scale = embedded.mean(axis=0), embedded.std(axis=0) + 1e-6
    x, y = torch.from_numpy((embedded - centre) / scale), torch.from_numpy(labels.astype(np.int64))
    net = torch.nn.Linear(embedded.shape[1], len(ids))
    optimiser = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_WEIGHT_DECAY)
    for epoch in range(epochs):
        report(epoch, epochs, "head of the wording")
        order = torch.randperm(len(y))
        for at in range(0, len(y), _BATCH):
            rows = order[at : at + _BATCH]
            noisy = x[rows] + _NOISE * torch.randn(len(rows), x.shape[1])
            loss = torch.nn.functional.cross_entropy(net(noisy), y[rows], label_smoothing=_SMOOTHING)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] *= _DECAY
    weight = net.weight.detach().numpy().T.astype(np.float32)
    bias = net.bias.detach().numpy().astype(np.float32)
    return Head(ids, weight, bias, centre.astype(np.float32), scale.astype(np.float32))


def save(head: Head, path: Path) -> None:
    """int8 with one scale a condition, written beside, then renamed."""
    scales = (np.abs(head.weight).max(axis=0) / 127).astype(np.float32)
    data = io.BytesIO()
    np.savez(
        data, ids=np.array(head.ids), weight=np.round(head.weight / scales).astype(np.int8), scales=scales,
        bias=head.bias, centre=head.centre, spread=head.scale,
    )  # fmt: skip
    beside = path.with_suffix(".part")
    beside.write_bytes(data.getvalue())
    beside.replace(path)
