"""Preprocessing as data: what the manifest of an image pack says is done to the pixels before the graph."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.inference.smooth import smooth

Pixels = NDArray[np.uint8]
Film = NDArray[np.float32]
_LEAST_RATIO = 1.9


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """`size`: rows and columns of the graph's input. `equalise_box`: share of rows and columns (centred) whose
    histogram and detail define the normalisation, so that borders, collimation and letters do not. `band_levels`: the
    detail (standard deviation) each frequency band is brought to, finest first; empty for none. `levels`: "ranks" (grey
    levels to mid-ranks) or "plain" (as they are, 0-1), for models from elsewhere."""

    size: int
    equalise_box: float
    band_levels: tuple[float, ...] = ()
    levels: str = "ranks"

    @classmethod
    def of(cls, spec: dict[str, Any]) -> "Preprocessing":
        """From the manifest's `preprocessing` object (checked by the schema)."""
        levels = tuple(float(v) for v in spec.get("band_levels", ()))
        return cls(int(spec["size"]), float(spec["equalise_box"]), levels, str(spec.get("levels", "ranks")))


def squash(pixels: Pixels, size: int) -> Pixels:
    """(rows, columns) uint8 -> (size, size) uint8, antialiased, the aspect ratio given up as in the training data.

    A large film is halved by means of 2 x 2 first, to not less than about twice `size`: within one grey level of
    resampling it in one step, at a fifth of the time.
    """
    if pixels.shape == (size, size):
        return pixels
    small = _halved(pixels, round(_LEAST_RATIO * size))
    image = Image.frombuffer("L", (small.shape[1], small.shape[0]), small, "raw", "L", 0, 1)  # `small` itself, no copy
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def _halved(pixels: Pixels, least: int) -> Pixels:
    import cv2

    rows, columns = pixels.shape
    while min(rows, columns) // 2 >= least:
        rows, columns = rows // 2, columns // 2
        pixels = np.asarray(cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(pixels)


def equalise(pixels: Pixels, box: float) -> Film:
    """Grey levels to mid-ranks 0-1 by the histogram of the centred `box`.

    Any increasing change of grey levels (window, gamma, exposure, vendor look-up table) leaves the result as it was.
    """
    counts = np.bincount(_centre(pixels, box).ravel(), minlength=256).astype(np.float64)
    ranks = (np.cumsum(counts) - counts / 2) / counts.sum()
    film: Film = ranks.astype(np.float32)[pixels]
    return film


def _centre(image: NDArray[Any], box: float) -> NDArray[Any]:
    rows, columns = image.shape
    r, c = round(rows * (1 - box) / 2), round(columns * (1 - box) / 2)
    return image[r : rows - r, c : columns - c]


def bands(film: Film, count: int) -> list[Film]:
    """(size, size) -> `count` frequency bands, finest first (Gaussians of 1, 2, 4 ... pixels at size 128), and the rest.
    They sum to the film."""
    unit = film.shape[-1] / 128
    levels = [film, *(smooth(film, unit * 2**k) for k in range(count))]
    return [a - b for a, b in pairwise(levels)] + [levels[-1]]


def band_deviations(film: Film, count: int, box: float) -> list[float]:
    """Standard deviation of each band inside the centred `box`, finest first."""
    return [float(_centre(part, box).std()) for part in bands(film, count)[:-1]]


def level_bands(film: Film, levels: tuple[float, ...], box: float) -> Film:
    """Every band brought to a fixed standard deviation inside the centred `box`, at most 4 times up or down.

    Sharpness and contrast differ between rooms, and between the classes of a collection; after Philipsen et al.,
    IEEE Trans Med Imaging 2015 (energy-based normalisation of chest radiographs). Result in 0-1.
    """
    *parts, total = bands(film, len(levels))
    for part, level in zip(parts, levels, strict=True):
        part *= np.float32(min(4.0, max(0.25, level / (_deviation(_centre(part, box)) + 1e-6))))
        total = total + part
    total -= np.float32(0.5)
    total *= np.float32(0.8)
    total += np.float32(0.5)
    return np.clip(total, 0, 1, out=total)


def _deviation(part: Film) -> float:
    """Standard deviation, summed in double precision."""
    import cv2

    return float(cv2.meanStdDev(part)[1][0, 0])


def normalise(pixels: Pixels, spec: Preprocessing, size: int = 0) -> Film:
    """(rows, columns) uint8 -> (size, size) float32 in 0-1; `size` 0 is the graph's own."""
    small = squash(pixels, size or spec.size)
    if spec.levels == "plain":
        return np.asarray(small / np.float32(255), np.float32)
    equal = equalise(small, spec.equalise_box)
    return level_bands(equal, spec.band_levels, spec.equalise_box) if spec.band_levels else equal


def film(pixels: Pixels, spec: Preprocessing) -> Film:
    """(rows, columns) uint8, larger is whiter -> (1, size, size) float32 in 0-1: the graph's input without its batch."""
    return normalise(pixels, spec)[None]
