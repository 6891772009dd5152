"""Fits the gate's density: where the training films lie, and what tells them from images of other kinds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.inference.gate import Density
from core.inference.preprocess import squash

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


def vary(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The same film as another machine might deliver it: cropped by up to 8 % a side, turned by up to 5 degrees,
    softened or rescaled. Keeps the gate from learning sharpness, file format or framing."""
    rows, columns = pixels.shape
    top, bottom = (rng.random(2) * 0.08 * rows).astype(int)
    left, right = (rng.random(2) * 0.08 * columns).astype(int)
    image = Image.fromarray(np.ascontiguousarray(pixels[top : rows - bottom, left : columns - right]))
    image = image.rotate(float(rng.uniform(-5, 5)), Image.Resampling.BILINEAR, fillcolor=int(pixels[0].mean()))
    side = int(rng.integers(112, 225))
    return squash(np.asarray(image.resize((side, side), Image.Resampling.BILINEAR)), 224)


def spoil(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A film made wrong: inverted, upside down, on its side, a corner enlarged, its rows shuffled in bands, or two
    pictures laid over each other's halves."""
    kind = int(rng.integers(0, 6))
    if kind == 0:
        return np.asarray(255 - pixels, np.uint8)
    if kind in (1, 2):
        return np.ascontiguousarray(np.rot90(pixels, 2 if kind == 1 else int(rng.choice([1, 3]))))
    rows, columns = pixels.shape
    if kind == 3:
        r, c = int(rng.integers(0, rows // 2)), int(rng.integers(0, columns // 2))
        return np.ascontiguousarray(pixels[r : r + rows // 2, c : c + columns // 2])
    if kind == 4:
        return np.ascontiguousarray(
            pixels[np.concatenate(rng.permutation(np.array_split(np.arange(rows // 8 * 8), 8)))]
        )
    return np.ascontiguousarray(np.concatenate([pixels[:, columns // 2 :], pixels[:, : columns // 2]], axis=1))


def scene(rng: np.random.Generator, size: int = 224) -> Pixels:
    """A made-up photograph: light falling off, ellipses and rectangles of any grey, texture, noise."""
    y, x = np.mgrid[0:size, 0:size] / size
    a, b = rng.normal(size=2)
    picture = 0.5 + 0.3 * (a * x + b * y) + 0.1 * np.sin(2 * np.pi * (rng.uniform(0, 12) * x + rng.uniform(0, 12) * y))
    for _ in range(int(rng.integers(2, 14))):
        cx, cy, w, h = rng.random(4) * [1, 1, 0.4, 0.4] + [0, 0, 0.02, 0.02]
        inside = (
            ((x - cx) / w) ** 2 + ((y - cy) / h) ** 2 < 1
            if rng.random() < 0.5
            else (abs(x - cx) < w) & (abs(y - cy) < h)
        )
        picture = np.where(inside, rng.random() + 0.1 * rng.normal() * x, picture)
    picture = picture + rng.normal(scale=rng.uniform(0, 0.08), size=picture.shape)
    low, high = picture.min(), picture.max()
    return np.asarray((picture - low) / (high - low + 1e-9) * 255, np.uint8)


def fit_density(
    inside: Floats, outside: Floats, validation: Floats, kept_back: Sequence[float], refused_share: float
) -> Density:
    """From features (n, d) of training films, of outliers, and of validation films of the domain.

    Two scores: distance from the training films (Mahalanobis inside their main directions, plus what lies outside of
    these), and log-odds by a logistic regression against the outliers. The limit is the rank that refuses
    `refused_share` of the validation films. `kept_back`: L2 strengths tried, chosen by cross-validation.
    """
    from sklearn.linear_model import LogisticRegressionCV

    centre, scale = inside.mean(axis=0), inside.std(axis=0) + 1e-4
    x = (inside - centre) / scale
    values, vectors = np.linalg.eigh(np.cov(x.T))
    kept = np.argsort(values)[::-1][: min(64, len(values))]
    basis = vectors[:, kept]
    whiten = np.diag(1 / np.sqrt(values[kept] + 1e-3))
    model = LogisticRegressionCV(
        Cs=list(kept_back),
        cv=4,
        class_weight="balanced",
        max_iter=300,
        scoring="roc_auc",
        l1_ratios=(0,),
        use_legacy_attributes=False,
    )
    model.fit(np.concatenate([x, (outside - centre) / scale]), np.r_[np.zeros(len(x)), np.ones(len(outside))])
    draft = Density(
        centre=_single(centre),
        scale=_single(scale),
        basis=_single(basis.astype(np.float16)),
        whiten=_single(whiten.astype(np.float16)),
        weights=_single(model.coef_[0]),
        bias=float(np.ravel(model.intercept_)[0]),
        distances=np.zeros(1, np.float32),
        outliers=np.zeros(1, np.float32),
        limit=1.0,
    )
    distances, outliers = (_single(np.sort(scores)) for scores in draft.scores(validation))
    ranked = replace(draft, distances=distances, outliers=outliers)
    return replace(ranked, limit=float(np.quantile(ranked.ood(validation), 1 - refused_share, method="higher")))


def _single(values: NDArray[Any]) -> Floats:
    return np.asarray(values, np.float32)
