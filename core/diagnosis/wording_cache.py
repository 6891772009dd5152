"""Embeddings of made-up notes kept by the text's hash, so that learning again after a change embeds only what is new.

Two files that only grow: 16-byte keys, and float16 vectors in the same order. A write that was cut off loses its last rows.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.inference.embedding import Encoder, Vectors
from core.paths import packs
from core.progress import Report, silent

_AT_ONCE = 512
_KEY = 16
Keys = NDArray[np.bytes_]


def path_for(model: Encoder) -> Path:
    """Where the vectors of a text pack are kept; the keys stand beside with the suffix ".keys"."""
    graph = model.pack.manifest["graphs"]["predict"]
    return packs() / f"made-notes-{model.pack.manifest['files'][graph]['sha256'][:16]}.vectors"


def embedded(model: Encoder, texts: Sequence[str], report: Report = silent) -> NDArray[np.float16]:
    """(texts, width), each as `Encoder.vector` gives it; what the cache lacks is embedded and appended, part by part.

    Raises `Cancelled` from `report`; what was embedded until then is kept.
    """
    path = path_for(model)
    keys, vectors = _read(path, model.width)
    at = {key: row for row, key in enumerate(keys)}
    wanted = [hashlib.sha256(text.encode()).digest()[:_KEY] for text in texts]
    missing = list({key: i for i, key in enumerate(wanted) if key not in at}.values())
    for start in range(0, len(missing), _AT_ONCE):
        report(start, len(missing), "made-up notes")
        rows = missing[start : start + _AT_ONCE]
        made = model.pooled([model.tokens(texts[i]) for i in rows])
        _append(path, [wanted[i] for i in rows], made)
    if missing:
        keys, vectors = _read(path, model.width)
        at = {key: row for row, key in enumerate(keys)}
    found: NDArray[np.float16] = vectors[[at[key] for key in wanted]]
    return found


def _read(path: Path, width: int) -> tuple[list[bytes], NDArray[np.float16]]:
    try:
        raw, table = path.with_suffix(".keys").read_bytes(), np.fromfile(path, np.float16)
    except OSError:
        return [], np.zeros((0, width), np.float16)
    count = min(len(raw) // _KEY, len(table) // width)
    return [raw[i * _KEY : (i + 1) * _KEY] for i in range(count)], table[: count * width].reshape(count, width)


def _append(path: Path, keys: Sequence[bytes], vectors: Vectors) -> None:
    """Cut both files to whole rows that they have in common, then append."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside, size = path.with_suffix(".keys"), 2 * vectors.shape[1]
    lengths = [p.stat().st_size if p.exists() else 0 for p in (beside, path)]
    count = min(lengths[0] // _KEY, lengths[1] // size)
    for target, bytes_a_row, data in (
        (path, size, vectors.astype(np.float16).tobytes()),
        (beside, _KEY, b"".join(keys)),
    ):
        with target.open("r+b" if target.exists() else "w+b") as file:
            file.truncate(count * bytes_a_row)
            file.seek(count * bytes_a_row)
            file.write(data)
