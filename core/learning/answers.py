"""What a pack answers to examples of a task: the probability of each class, straight from its graph. Without torch."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.packs import Pack
from core.inference.preprocess import film as prepare
from core.inference.session import open_session, run
from core.learning.dataset import Film
from core.learning.examples import Examples
from core.learning.pixels import read
from core.learning.recipe import Task
from core.learning.tables import Column, Layout

Floats = NDArray[np.float64]
PACK_TASK = {Task.IMAGE: "image-classification", Task.TEXT: "text-classification", Task.TABLE: "tabular-classification"}
_BATCH = 32


@lru_cache(maxsize=4)
def session(pack: Pack, role: str = "predict") -> Any:
    """The session of a pack's graph on the processor, its bytes verified."""
    return open_session(pack.graph(role))


def class_names(pack: Pack) -> tuple[str, ...]:
    """Classes of a pack's answers. A pack of one label tells it from its absence: the negative class comes first."""
    codes = tuple(label.code.code for label in pack.labels)
    return codes if len(codes) > 1 else (str(pack.manifest.get("negative", f"no {codes[0]}")), *codes)


def answers(pack: Pack, examples: Examples, places: NDArray[np.int64], role: str = "predict") -> Floats:
    """Calibrated probabilities (n, classes of the pack) of these examples."""
    found = []
    for start in range(0, len(places), _BATCH):
        found.append(_logits(pack, examples, places[start : start + _BATCH], role))
    return probabilities(pack, np.concatenate(found))


def probabilities(pack: Pack, log_odds: NDArray[np.float32]) -> Floats:
    """(n, labels) log-odds of the graph -> (n, classes)."""
    p = np.array([[pack.calibration.probability(float(v)) for v in row] for row in log_odds])
    return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else p / p.sum(axis=1, keepdims=True)


def _logits(pack: Pack, examples: Examples, places: NDArray[np.int64], role: str) -> NDArray[np.float32]:
    if pack.task == PACK_TASK[Task.IMAGE]:
        return film_logits(pack, [examples.films[int(k)] for k in places], role)
    if pack.task == PACK_TASK[Task.TABLE]:
        return row_logits(pack, [examples.rows[int(k)] for k in places], role)
    if pack.task == PACK_TASK[Task.TEXT]:
        return text_logits(pack, [examples.texts[int(k)] for k in places], role)
    raise UserError(f"Packs of the task {pack.task} are not compared here.", "Choose an image, text or table pack.")


def film_logits(pack: Pack, films: Sequence[Film], role: str = "predict") -> NDArray[np.float32]:
    """(n, labels); nothing hidden."""
    from core.inference.predict import forward

    return forward(pack, np.stack([prepare(read(film), pack.preprocessing) for film in films]), role)[0]


def layout_of(pack: Pack) -> Layout:
    """How rows become inputs."""
    return Layout(tuple(Column(c["name"], tuple(c["levels"])) for c in pack.manifest["table"]["columns"]))


def row_logits(pack: Pack, rows: Sequence[dict[str, str]], role: str = "predict") -> NDArray[np.float32]:
    """(n, labels)."""
    return run(session(pack, role), {"row": layout_of(pack).encode(rows)})[0]


def text_logits(pack: Pack, texts: Sequence[str], role: str = "predict") -> NDArray[np.float32]:
    """(n, labels)."""
    return run(
        session(pack, role), tokens(pack.read(pack.manifest["text"]["tokenizer"]), pack.manifest["text"], texts)
    )[0]


def tokens(tokenizer: bytes, spec: dict[str, Any], texts: Sequence[str]) -> dict[str, NDArray[Any]]:
    """input_ids and attention_mask, int64, padded to the longest of the batch."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer.decode())
    made.enable_truncation(int(spec["longest"]))
    made.enable_padding(pad_id=int(spec.get("pad_id", 0)), pad_token=str(spec.get("pad_token", "[PAD]")))
    encoded = made.encode_batch(list(texts))
    ids = np.array([e.ids for e in encoded], np.int64)
    mask = np.array([e.attention_mask for e in encoded], np.int64)
    if ids.shape[1] < 2:  # the graph takes two tokens or more
        ids, mask = np.pad(ids, ((0, 0), (0, 1))), np.pad(mask, ((0, 0), (0, 1)))
    return {"input_ids": ids, "attention_mask": mask}


def pack_at(folder: Path) -> Pack:
    """A pack folder, verified."""
    from core.inference.packs import verify

    return verify(folder)
