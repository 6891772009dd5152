"""The input gate of an imported image model: fitted on sample films, its false refusals measured on those left out."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.calibration import wilson
from core.inference.gate import Density, picture_features, save_density
from core.inference.preprocess import Preprocessing, film

LEAST = 60
_MOST = 1000
_LIMIT = 0.99
_FOLDS = 3
_KINDS = (".png", ".jpg", ".jpeg", ".dcm", ".dicom", "")
Floats = NDArray[np.float32]


def read_samples(folder: Path, size: int) -> Floats:
    """(n, 1, size, size) films of a folder, plain grey levels. UserError below `LEAST`."""
    from core.imaging.pixels import presentation

    if not folder.is_dir():
        raise UserError(f"{folder} is no folder.", "Name a folder of sample films.")
    found = []
    spec = Preprocessing(size, 1.0, levels="plain")
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in _KINDS)[:_MOST]:
        try:
            found.append(film(presentation(str(path)), spec))
        except UserError:
            continue  # a file beside the films
    if len(found) < LEAST:
        raise UserError(f"{folder} holds {len(found)} films that can be read.", f"The gate needs at least {LEAST}.")
    return np.stack(found)


def fitted_gate(films: Floats, vectors: Floats) -> tuple[bytes, dict[str, Any]]:
    """gate.npz, and what the gate refuses of films it did not see (three-fold)."""
    rows = np.stack([picture_features(f, v) for f, v in zip(films, vectors, strict=True)])
    fold = np.random.default_rng(0).permutation(len(rows)) % _FOLDS
    refused = 0
    for k in range(_FOLDS):
        made = _fit(rows[fold != k])
        refused += int((made.ood(rows[fold == k]) > made.limit).sum())
    low, high = wilson(refused, len(rows))
    stated = {"share": refused / len(rows), "ci95": [low, high], "n": len(rows), "on": "sample films, three-fold"}
    return save_density(_fit(rows)), stated


def _fit(rows: Floats) -> Density:
    """Half of the films shape the density (mean, main directions), the other half give its ranks."""
    order = np.random.default_rng(1).permutation(len(rows))
    inside, kept = rows[order[::2]], rows[order[1::2]]
    centre, scale = inside.mean(axis=0), inside.std(axis=0) + 0.05
    x = (inside - centre) / scale
    count = max(2, min(16, len(x) // 4))
    _, values, directions = np.linalg.svd(x, full_matrices=False)
    basis = directions[:count].T.astype(np.float32)
    whiten = np.diag(np.sqrt(len(x)) / np.maximum(values[:count], 1e-3)).astype(np.float32)
    none = np.zeros(rows.shape[1], np.float32)
    plain = Density(centre, scale, basis, whiten, none, 0.0, np.zeros(1, np.float32), np.zeros(1, np.float32), _LIMIT)
    found = np.sort(plain.scores(kept)[0])
    ranks = np.append(found, found[-1] + 0.1 * float(found[-1] - found[0]) + 1e-3).astype(np.float32)
    return Density(centre, scale, basis, whiten, none, 0.0, ranks, np.zeros(1, np.float32), _LIMIT)
