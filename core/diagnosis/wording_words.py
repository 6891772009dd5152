"""A second head, on the words themselves: log P(condition | words of the note), English and Chinese.

Words (or Chinese characters) and their neighbours are looked up in a table of short vectors, summed, and told apart by a
linear map; a few such nets answer together (the mean of their logits, kept at a lower rank). They are learned from made-up
notes, written afresh in every round (`core.diagnosis.wording_notes`), and from presentations. They see what the encoder
blurs, rare words above all, and read Chinese, which the encoder does not. What they bring: docs/benchmarks/neural-text.md.
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.presentations import Presentation
from core.diagnosis.wording_notes import notes
from core.knowledge.condition_tables import Tables
from core.paths import RESOURCES
from core.progress import Report, silent

Array = NDArray[np.float64]
FOLDER = RESOURCES / "knowledge" / "wording"
LANGUAGES = ("en", "zh")
SEED = 100
_NOTES, _ROUNDS, _COPIES = 25, {"en": 22, "zh": 14}, 3
"""Made-up notes of a condition in each round, rounds, and how often a presentation stands in a round."""
_WIDTH, _NETS, _RANK = {"en": 96, "zh": 64}, {"en": 4, "zh": 2}, {"en": 192, "zh": 80}
"""Of the vectors of one net; nets that differ in how they begin and what is dropped; width of what ships for all of them."""
_KEPT = {"en": 7_000, "zh": 10_000}  # features: those with the longest rows; the others say next to nothing
_LEAST, _MOST = 15, 40_000  # occurrences in a round's notes that make a feature; features looked at
_BATCH, _RATE, _DECAY, _DROPPED, _SMOOTHING = 256, 4e-3, 0.86, 0.3, 0.05
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_ENDINGS = ("ing", "ies", "es", "ed", "s", "ly", "y", "e")
_STEM, _SHORT = 5, 3


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """`rows` (features, width), float32, or int8 to be multiplied by `row_scales` (features,); `weight` (width, conditions),
    `bias` (conditions,); `at`: feature -> row."""

    language: str
    ids: tuple[str, ...]
    at: dict[str, int]
    rows: NDArray[np.float32] | NDArray[np.int8]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    row_scales: NDArray[np.float32] | None = None

    def logits(self, texts: Sequence[str]) -> Array:
        """(texts, conditions of the head); a text without a known word gets the bias alone."""
        summed = np.zeros((len(texts), self.rows.shape[1]), np.float32)
        for i, text in enumerate(texts):
            found = [self.at[f] for f in features(text, self.language) if f in self.at]
            if found:
                summed[i] = self.wide(found).sum(axis=0) / np.sqrt(len(found))
        logits: Array = (summed @ self.weight + self.bias).astype(np.float64)
        return logits

    def wide(self, found: Sequence[int]) -> NDArray[np.float32]:
        """Some rows as float32."""
        rows = self.rows[found].astype(np.float32)
        return rows if self.row_scales is None else rows * self.row_scales[found][:, None]


def features(text: str, language: str) -> list[str]:
    """English: stems and pairs of neighbours. Chinese: characters, pairs and triples within a run."""
    if language == "zh":
        return [run[i : i + n] for run in _HAN.findall(text) for n in (1, 2, 3) for i in range(len(run) - n + 1)]
    words = [_stem(word) for word in _WORD.findall(text.lower())]
    return words + [f"{a} {b}" for a, b in zip(words, words[1:], strict=False)]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    """Endings cut crudely: the same for made-up and real notes is all that counts."""
    if len(word) > _STEM:
        ending = next((e for e in _ENDINGS if word.endswith(e) and len(word) - len(e) > _SHORT), "")
        return word[: len(word) - len(ending)]
    return word[:-1] if len(word) > _SHORT and word.endswith("s") else word


def path_for(language: str) -> Path:
    """Where the head of "en" or "zh" ships."""
    return FOLDER / f"words-{language}.npz"


@lru_cache(maxsize=4)
def load(path: Path) -> Words | None:
    """The head; None where there is none."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as data:
            known = data["features"].tobytes().decode("utf-8").split("\n")
            scales = data["row_scales"].astype(np.float32)
            weight = data["weight"].astype(np.float32) * data["scales"][None, :]
            at = {feature: row for row, feature in enumerate(known)}
            ids = tuple(data["ids"].tolist())
            return Words(str(data["language"]), ids, at, data["rows"], weight, data["bias"], scales)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def save(head: Words, path: Path) -> None:
    """int8 with one scale a row, written beside, then renamed."""
    wide = head.wide(range(len(head.rows)))
    row_scales = (np.abs(wide).max(axis=1) / 127 + 1e-9).astype(np.float16)
    scales = (np.abs(head.weight).max(axis=0) / 127 + 1e-9).astype(np.float32)
    data = io.BytesIO()
    np.savez_compressed(
        data, language=np.array(head.language), ids=np.array(head.ids), bias=head.bias,
        features=np.frombuffer("\n".join(head.at).encode(), np.uint8),
        rows=np.clip(np.round(wide / row_scales.astype(np.float32)[:, None]), -127, 127).astype(np.int8),
        row_scales=row_scales, weight=np.round(head.weight / scales).astype(np.int8), scales=scales,
    )  # fmt: skip
    beside = path.with_suffix(".part")
    beside.write_bytes(data.getvalue())
    beside.replace(path)


def learn(
    tables: Tables, language: str, told: Iterable[Presentation] = (), report: Report = silent, *,
    seed: int = SEED, rounds: int = 0, count: int = _NOTES, copies: int = _COPIES,
) -> Words:  # fmt: skip
    """A head of one language from made-up notes, `count` a condition anew in each of the rounds, and `told` presentations,
    `copies` times a round. Minutes on one core; the same for the same seed. Needs torch. Raises `Cancelled` from `report`.
    """
    rounds = rounds or _ROUNDS[language]
    texts, labels = _written(tables, language, count, seed)
    seen = Counter(feature for found in texts for feature in set(found))
    at = {f: i for i, f in enumerate(f for f, n in seen.most_common(_MOST) if n >= _LEAST)}
    extra = [
        (features(one.text, language), tables.condition_index[one.condition])
        for one in told
        if one.language == language and one.condition in tables.condition_index
    ] * copies
    nets = [_Net(len(at), _WIDTH[language], len(tables.conditions), seed + k) for k in range(_NETS[language])]
    for number in range(rounds):
        report(number, rounds, f"words ({language})")
        if number:
            texts, labels = _written(tables, language, count, seed + number)
        both = texts + [found for found, _ in extra]
        rows = [np.array([at[f] for f in found if f in at], np.int64) for found in both]
        for net in nets:
            net.round(rows, np.array(labels + [label for _, label in extra]))
    rows_, weight, bias = _together([net.arrays() for net in nets], _RANK[language])
    kept = np.sort(np.argsort(-np.linalg.norm(rows_, axis=1), kind="stable")[: _KEPT[language]])
    names = list(at)
    at = {names[i]: row for row, i in enumerate(kept)}
    return Words(language, tuple(c.id for c in tables.conditions), at, rows_[kept], weight, bias)


def _written(tables: Tables, language: str, count: int, seed: int) -> tuple[list[list[str]], list[int]]:
    made = [
        (features(note, language), row)
        for row, condition in enumerate(tables.conditions)
        for note in notes(condition, count, seed, language)
    ]
    return [found for found, _ in made], [row for _, row in made]


Parts = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def _together(nets: Sequence[Parts], rank: int) -> Parts:
    """One net whose logits are the mean of several nets' on the same features, as near as a width of `rank` comes to it."""
    rows: NDArray[np.float32] = np.concatenate([rows for rows, _, _ in nets], axis=1)
    weight: NDArray[np.float32] = (np.concatenate([w for _, w, _ in nets]) / len(nets)).astype(np.float32)
    bias: NDArray[np.float32] = np.stack([b for _, _, b in nets]).mean(axis=0)
    if rows.shape[1] <= rank:
        return rows, weight, bias
    left, above = np.linalg.qr(rows)
    right, below = np.linalg.qr(weight.T)
    u, sizes, v = np.linalg.svd(above @ below.T)
    rank = min(rank, len(sizes))
    scale = np.sqrt(sizes[:rank])
    return (
        (left @ (u[:, :rank] * scale)).astype(np.float32),
        ((scale[:, None] * v[:rank]) @ right.T).astype(np.float32),
        bias,
    )


class _Net:
    """The two tables in torch, and how they are fitted: Adam, words dropped at random, smoothed labels."""

    def __init__(self, features_: int, width: int, conditions: int, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        self.torch: Any = torch
        self.chance = np.random.default_rng(seed)
        self.bag = torch.nn.EmbeddingBag(max(features_, 1), width, mode="sum")
        torch.nn.init.normal_(self.bag.weight, std=0.1)
        self.out = torch.nn.Linear(width, conditions)
        self.optimiser = torch.optim.Adam([*self.bag.parameters(), *self.out.parameters()], lr=_RATE)

    def round(self, rows: Sequence[NDArray[np.int64]], labels: NDArray[np.int64]) -> None:
        order = self.chance.permutation(len(rows))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            logits = self._logits([rows[i] for i in chosen])
            truth = self.torch.from_numpy(labels[chosen])
            loss = self.torch.nn.functional.cross_entropy(logits, truth, label_smoothing=_SMOOTHING)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
        for group in self.optimiser.param_groups:
            group["lr"] *= _DECAY

    def _logits(self, rows: Sequence[NDArray[np.int64]]) -> Any:
        kept = [row[self.chance.random(len(row)) >= _DROPPED] for row in rows]
        lengths = np.array([len(row) for row in kept])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        weights = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
        ids, starts_, weights_ = (self.torch.from_numpy(a) for a in (np.concatenate(kept), starts, weights))
        return self.out(self.bag(ids, starts_, per_sample_weights=weights_))

    def arrays(self) -> Parts:
        """Rows, weight and bias of the head."""
        rows, weight, bias = (p.detach().numpy() for p in (self.bag.weight, self.out.weight, self.out.bias))
        return rows, np.ascontiguousarray(weight.T), bias
