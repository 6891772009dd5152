"""How often each value occurs in a frame, in modality units, for choosing a window."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.imaging.pixels import Frame

BINS = 256
MAX_PIXELS = 1_000_000


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` (bins,) of values between `low` and `high` in modality units; padding is left out."""

    counts: NDArray[np.int64]
    low: float
    high: float


def histogram(image: Frame, bins: int = BINS) -> Histogram | None:
    """The histogram of a grey frame (of every n-th pixel above a million); None for colour and empty images."""
    if image.colour or not image.stored.size:
        return None
    stored = image.stored.reshape(-1)
    stored = stored[:: max(stored.size // MAX_PIXELS, 1)]
    if image.padding is not None:
        inside = (stored < image.padding[0]) | (stored > image.padding[1])
        stored = stored[inside] if inside.any() else stored
    values = image.grey.units(stored)
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    counts, _ = np.histogram(values, bins=bins, range=(low, high if high > low else low + 1))
    return Histogram(counts.astype(np.int64), low, high if high > low else low + 1)
