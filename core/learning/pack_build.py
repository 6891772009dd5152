"""Builds a model pack from trained members: calibration, threshold, graphs, gate, measures, manifest and card.

Only validation films decide anything; the test part is read once, for the table. Needs torch, onnx and scikit-learn.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference import gate, packs
from core.inference.baseline import baseline
from core.inference.calibration import fit
from core.inference.preprocess import Film as Prepared
from core.inference.preprocess import Preprocessing
from core.inference.preprocess import film as prepare
from core.inference.session import open_session, run
from core.learning.dataset import Film
from core.learning.gate_fit import fit_density, scene, spoil, vary
from core.learning.pixels import read
from core.progress import Report, silent

REFERENCE_FILMS = 4
_INT8_FILMS = 96


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen on validation: the share of positives the threshold must find there, and the share of films of the
    domain that the gate may refuse."""

    sensitivity: float = 0.95
    refused_share: float = 0.01
    seed: int = 0


class Graph:
    """An exported graph at work on plain films (all regions shown)."""

    def __init__(self, data: bytes, spec: Preprocessing, regions: int) -> None:
        self.session = open_session(data)
        self.spec = spec
        size = spec.size
        self.rest = {"baseline": np.zeros((1, 1, size, size), np.float32), "masks": np.ones((1, regions), np.float32)}

    def films(self, pixels: Sequence[NDArray[np.uint8]]) -> Prepared:
        """uint8 images -> (n, 1, size, size)."""
        return np.stack([prepare(p, self.spec) for p in pixels])

    def run(self, films: Prepared) -> tuple[Prepared, Prepared]:
        """Logits (n, labels) and embeddings (n, d)."""
        parts = [run(self.session, {"film": films[i : i + 64], **self.rest}) for i in range(0, len(films), 64)]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def features(self, pixels: Sequence[NDArray[np.uint8]]) -> Prepared:
        """What the gate looks at: (n, d + 256)."""
        films = self.films(pixels)
        return np.stack([gate.picture_features(f, e) for f, e in zip(films, self.run(films)[1], strict=True)])


def calibrate(graph: Graph, validation: Sequence[Film], choices: Choices) -> tuple[dict[str, Any], float]:
    """The manifest's calibration (both classes weighted alike: prevalence one half), and the threshold."""
    pixels = [read(f) for f in validation]
    films = graph.films(pixels)
    logits = graph.run(films)[0][:, 0].astype(np.float64)
    mirrored = graph.run(np.ascontiguousarray(films[..., ::-1]))[0][:, 0].astype(np.float64)
    labels = np.array([f.label for f in validation], np.int64)
    temperature, bias = fit(logits, labels, _balance(labels))
    patients, inverse = np.unique([f.patient for f in validation], return_inverse=True)
    rng = np.random.default_rng(choices.seed)
    drawn = []
    for _ in range(200):
        count = np.bincount(rng.integers(0, len(patients), len(patients)), minlength=len(patients))[inverse]
        t, b = fit(logits, labels, _balance(labels) * count)
        drawn.append((1 / t, b))
    covariance = np.cov(np.array(drawn).T).ravel().tolist()
    odds = logits / temperature + bias
    spread = float(np.std((logits - mirrored) / temperature) / np.sqrt(2))
    threshold = float(np.quantile(1 / (1 + np.exp(-odds[labels == 1])), 1 - choices.sensitivity, method="lower"))
    spec = {"temperature": temperature, "bias": bias, "covariance": covariance, "spread": spread}
    return spec, threshold


def _balance(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    share = float(labels.mean())
    return np.asarray(np.where(labels == 1, 0.5 / share, 0.5 / (1 - share)), np.float64)


def quantised(graph: bytes, spec: Preprocessing, grid: tuple[int, int], training: Sequence[Film], seed: int) -> bytes:
    """The int8 graph, calibrated on training films whole and with half of their regions hidden."""
    from core.learning.export import to_int8

    rng = np.random.default_rng(seed)
    regions = grid[0] * grid[1]
    feeds = []
    for k in rng.permutation(len(training))[:_INT8_FILMS]:
        film = prepare(read(training[int(k)]), spec)
        masks = np.concatenate([np.ones((1, regions)), rng.random((3, regions)) > rng.random((3, 1))])
        hidden = baseline(film, "blur" if rng.random() < 0.7 else "mean")
        feeds.append({"film": film[None], "baseline": hidden[None], "masks": masks.astype(np.float32)})
    return to_int8(graph, feeds)


def gate_file(
    graph: Graph,
    training: Sequence[Film],
    validation: Sequence[Film],
    outliers: Sequence[Film],
    choices: Choices,
    report: Report = silent,
) -> bytes:
    """`gate.npz`: fitted on training films (plain and varied) against outliers (adults' films, spoiled films, scenes)."""
    rng = np.random.default_rng(choices.seed)
    films = [read(f) for f in training]
    report(1, 4, "gate: training films")
    inside = films + [vary(films[int(k)], rng) for k in rng.choice(len(films), min(1500, len(films)))]
    outside = [vary(read(f), rng) for f in outliers for _ in range(4)]
    outside += [spoil(films[int(k)], rng) for k in rng.choice(len(films), min(600, len(films)))]
    outside += [scene(rng) for _ in range(300)]
    report(2, 4, "gate: features")
    known, other, checked = (graph.features(part) for part in (inside, outside, [read(f) for f in validation]))
    report(3, 4, "gate: fitting")
    fitted = fit_density(known, other, checked, kept_back=(1e-3, 1e-2), refused_share=choices.refused_share)
    return gate.save_density(fitted)


def reference(graph: Graph, seed: int) -> dict[str, Any]:
    """Inputs drawn from a seed and the logits they give: checked when a pack is installed."""
    return {
        "seed": seed,
        "tolerance": 1e-3,
        "logits": graph.run(reference_films(seed, graph.spec.size))[0][:, 0].tolist(),
    }


def reference_films(seed: int, size: int) -> Prepared:
    """(REFERENCE_FILMS, 1, size, size) float32, uniform in 0-1."""
    return np.random.default_rng(seed).random((REFERENCE_FILMS, 1, size, size), np.float32)


def write(folder: Path, manifest: dict[str, Any], files: dict[str, bytes]) -> packs.Pack:
    """Write, verify, then swap in: a pack that fails its own checks never replaces the one before."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, data in files.items():
        (part / name).write_bytes(data)
    listed = {n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in sorted(files.items())}
    text = json.dumps({**manifest, "files": listed}, ensure_ascii=False, indent=1)
    (part / packs.MANIFEST).write_text(text + "\n", encoding="utf-8")
    packs.verify(part)
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    part.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
    return packs.load(folder)
