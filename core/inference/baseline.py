"""What stands in for a hidden region: a blurred film, its mean, or what its neighbours would continue to."""

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.smooth import smooth

Film = NDArray[np.float32]
NAMES = ("blur", "soft_blur", "mean", "inpaint")
SQUARES = 8
"""Squares along a side that `inpaint` fills, as many as an image pack usually has regions."""


def baseline(film: Film, name: str) -> Film:
    """(1, size, size) -> the same shape. `blur`: Gaussian, sigma an eighth of the side; `soft_blur`: a sixteenth;
    `mean`: the film's mean everywhere. `inpaint`: every square of an 8 x 8 grid continued from its neighbours."""
    if name == "inpaint":
        return _inpainted(film[0])[None]
    if name == "mean":
        return np.full_like(film, film.mean())
    if name not in NAMES:
        raise UserError(f"No baseline is called {name}.", f"Known: {', '.join(NAMES)}.")
    return smooth(film[0], film.shape[-1] / (8 if name == "blur" else 16))[None]


def _inpainted(film: Film) -> Film:
    """Squares of one colour of a chessboard filled from those of the other, then the other way round (Telea, 2004): no
    square keeps what was in it, and none is flatter than what surrounds it."""
    import cv2

    side = film.shape[-1]
    board = np.add.outer(np.arange(side) * SQUARES // side, np.arange(side) * SQUARES // side) % 2
    levels = np.clip(np.rint(255 * film), 0, 255).astype(np.uint8)
    filled = [cv2.inpaint(levels, (board == colour).astype(np.uint8), 3, cv2.INPAINT_TELEA) for colour in (0, 1)]
    found: Film = np.where(board == 0, filled[0], filled[1]).astype(np.float32) / np.float32(255)
    return found
