"""What a pack answers to examples of a task: the probability of each class, straight from its graph. Without torch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.classification import TABLE, TEXT, row_logits, text_logits
from core.inference.packs import Pack
from core.inference.preprocess import film as prepare
from core.learning.dataset import Film
from core.learning.examples import Examples
from core.learning.pixels import read
from core.learning.recipe import Task

Floats = NDArray[np.float64]
PACK_TASK = {Task.IMAGE: "image-classification", Task.TEXT: TEXT, Task.TABLE: TABLE}
_BATCH = 32


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
    return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else _together(pack, p)


def _together(pack: Pack, p: Floats) -> Floats:
    """Classes that exclude each other sum to one; independent labels stay as they are."""
    return p if pack.manifest.get("independent") else np.asarray(p / p.sum(axis=1, keepdims=True))


def _logits(pack: Pack, examples: Examples, places: NDArray[np.int64], role: str) -> NDArray[np.float32]:
    if pack.task == PACK_TASK[Task.IMAGE]:
        return film_logits(pack, [examples.films[int(k)] for k in places], role)
    if pack.task == PACK_TASK[Task.TABLE]:
        return row_logits(pack, [examples.rows[int(k)] for k in places], role)
    if pack.task == PACK_TASK[Task.TEXT]:
        return text_logits(pack, [examples.texts[int(k)] for k in places], role)
    raise UserError(f"Packs of the task {pack.task} are not compared here.", "Choose an image, text or table pack.")


def film_logits(pack: Pack, films: Sequence[Film | NDArray[np.uint8]], role: str = "predict") -> NDArray[np.float32]:
    """(n, labels) of films or their pixels; nothing hidden."""
    from core.inference.predict import forward

    pixels = [read(film) if isinstance(film, Film) else film for film in films]
    return forward(pack, np.stack([prepare(p, pack.preprocessing) for p in pixels]), role)[0]
