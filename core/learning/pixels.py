"""Pixels of a data set's films, prepared for training and evaluation."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from core.domain.imaging import ImageRef
from core.imaging.pixels import presentation
from core.inference.preprocess import Preprocessing, band_deviations, equalise, normalise, squash
from core.learning.dataset import Film
from core.progress import Report, silent


def read(film: Film) -> NDArray[np.uint8]:
    """uint8 (rows, columns) as a reader sees the film."""
    return presentation(ImageRef(id=film.path.name, path=str(film.path), stated_by="user"))


def coded(films: Sequence[Film], spec: Preprocessing, size: int = 0, report: Report = silent) -> NDArray[np.uint8]:
    """Normalised films as uint8 (n, size, size): a quarter of the memory of float32, at a precision of 1/255."""
    side = size or spec.size
    out = np.empty((len(films), side, side), np.uint8)
    for k, film in enumerate(films):
        report(k, len(films), "reading films")
        out[k] = np.rint(normalise(read(film), spec, side) * 255)
    return out


def roughen(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The film from a poorer room: softer, coarser, noisier, with less contrast, compressed harder. uint8 in and out.

    Done before levelling, because levelling brings a soft film's detail up again and leaves its mark on it.
    """
    side = min(pixels.shape)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.5)) * side / 224))
    if rng.random() < 0.5:
        small = int(side * rng.uniform(0.5, 1))
        image = image.resize((small, small), Image.Resampling.BILINEAR)
    grey = np.asarray(image, np.float32)
    grey = (
        (grey - grey.mean()) * rng.uniform(0.6, 1.1)
        + grey.mean()
        + rng.normal(scale=rng.uniform(0, 3), size=grey.shape)
    )
    packed = io.BytesIO()
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(packed, "JPEG", quality=int(rng.integers(35, 96)))
    return np.asarray(Image.open(packed))


def variants(
    films: Sequence[Film], spec: Preprocessing, size: int, count: int, seed: int, report: Report = silent
) -> NDArray[np.uint8]:
    """(1 + count, n, size, size): the films as they are, and `count` roughened versions of each."""
    rng = np.random.default_rng(seed)
    out = np.empty((1 + count, len(films), size, size), np.uint8)
    for k, film in enumerate(films):
        report(k, len(films), "reading films")
        pixels = read(film)
        for version in range(1 + count):
            shown = roughen(pixels, rng) if version else pixels
            out[version, k] = np.rint(normalise(shown, spec, size) * 255)
    return out


def band_levels(films: Sequence[Film], size: int, box: float, count: int = 4) -> tuple[float, ...]:
    """The usual detail of each frequency band: medians over the films of the standard deviation inside the box."""
    found = [band_deviations(equalise(squash(read(film), size), box), count, box) for film in films]
    return tuple(round(float(v), 5) for v in np.median(np.array(found), axis=0))


def thumbnails(films: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, size, size) -> (n, 1024) float32: for near copies."""
    return np.stack([squash(film, 32).ravel() for film in films]).astype(np.float32)
