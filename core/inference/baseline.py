"""What stands in for a hidden region: a blurred film, or its mean."""

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.smooth import smooth

Film = NDArray[np.float32]
NAMES = ("blur", "soft_blur", "mean")


def baseline(film: Film, name: str) -> Film:
    """(1, size, size) -> the same shape. `blur`: Gaussian, sigma an eighth of the side; `soft_blur`: a sixteenth;
    `mean`: the film's mean everywhere."""
    if name == "mean":
        return np.full_like(film, film.mean())
    if name not in NAMES:
        raise UserError(f"No baseline is called {name}.", f"Known: {', '.join(NAMES)}.")
    return smooth(film[0], film.shape[-1] / (8 if name == "blur" else 16))[None]
