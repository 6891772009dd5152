"""Gaussian smoothing of square films as two small matrix products."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Square = NDArray[np.float32]


def smooth(film: Square, sigma: float) -> Square:
    """(size, size) float32 -> the same, smoothed with `sigma` pixels, mirrored at the edges."""
    kernel = _kernel(film.shape[-1], sigma)
    out: Square = np.asarray(kernel @ film @ kernel.T, np.float32)
    return out


@lru_cache(maxsize=64)
def _kernel(size: int, sigma: float) -> Square:
    """(size, size): row i holds the weights of every pixel in the smoothed pixel i."""
    reach = max(1, int(4 * sigma))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    weights /= weights.sum()
    place = (np.arange(size)[:, None] + steps[None]) % (2 * size)
    place = np.where(place >= size, 2 * size - 1 - place, place)
    out = np.zeros((size, size))
    np.add.at(out, (np.arange(size)[:, None], place), np.broadcast_to(weights, place.shape))
    return out.astype(np.float32)
