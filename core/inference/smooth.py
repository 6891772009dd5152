"""Gaussian smoothing of square films."""

import numpy as np
from numpy.typing import NDArray

Square = NDArray[np.float32]


def smooth(film: Square, sigma: float) -> Square:
    """(size, size) float32 -> the same, smoothed with `sigma` pixels (cut off at 4 sigma), mirrored at the edges.

    OpenCV works on one thread here; matrix products would wake the threads of BLAS for a tenth of a millisecond's work,
    and wait for them on a busy machine.
    """
    import cv2

    side = 2 * max(1, int(4 * sigma)) + 1
    smoothed = cv2.GaussianBlur(np.asarray(film, np.float32), (side, side), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smoothed, np.float32)
