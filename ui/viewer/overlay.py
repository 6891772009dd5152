"""The evidence map as pixels and outlines: rose raises, blue lowers; faint noise is not tinted. No Qt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.explanation import ImageExplanation

FLOOR = 0.09
"""Share of the largest value below which nothing is painted."""
CONTOUR = 0.5
SIZE = 256
"""Pixels of the longer side of the painted map."""
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """`rgba`: uint8 (h, w, 4) over `box` (column0, row0, column1, row1) of the image; outlines in image pixels.

    `peak` is the image point of the largest value, `peak_value` that value (nats).
    """

    rgba: NDArray[np.uint8]
    box: tuple[float, float, float, float]
    raising: tuple[tuple[tuple[float, float], ...], ...]
    lowering: tuple[tuple[tuple[float, float], ...], ...]
    peak: tuple[float, float]
    peak_value: float


def heat_map(explanation: ImageExplanation, rose: Colour, blue: Colour) -> HeatMap | None:
    """The map of an explanation; None when all values are 0."""
    import cv2

    grid = np.asarray(explanation.values, np.float32).reshape(explanation.rows, explanation.columns)
    largest = float(np.abs(grid).max(initial=0.0))
    if largest == 0:
        return None
    x0, y0, x1, y1 = explanation.box
    longer = max(x1 - x0, y1 - y0, 1e-9)
    size = (max(round(SIZE * (x1 - x0) / longer), 1), max(round(SIZE * (y1 - y0) / longer), 1))
    fine = np.clip(cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC), -largest, largest)
    share = np.abs(fine) / largest
    alpha = np.where(share < FLOOR, 0.0, np.clip(share, 0, 1) ** 0.7)
    rgba = np.empty((size[1], size[0], 4), np.uint8)
    rgba[..., :3] = np.where((fine > 0)[..., None], np.array(rose, np.uint8), np.array(blue, np.uint8))
    rgba[..., 3] = np.rint(alpha * 255)
    row, column = np.unravel_index(int(np.abs(fine).argmax()), fine.shape)
    peak = (x0 + (column + 0.5) / size[0] * (x1 - x0), y0 + (row + 0.5) / size[1] * (y1 - y0))
    cell = np.unravel_index(int(np.abs(grid).argmax()), grid.shape)
    return HeatMap(
        rgba,
        explanation.box,
        _outlines(fine > CONTOUR * largest, explanation.box, size),
        _outlines(fine < -CONTOUR * largest, explanation.box, size),
        (float(peak[0]), float(peak[1])),
        float(grid[cell]),
    )


def _outlines(
    mask: NDArray[np.bool_], box: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[tuple[tuple[float, float], ...], ...]:
    import cv2

    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    x0, y0, x1, y1 = box
    sx, sy = (x1 - x0) / size[0], (y1 - y0) / size[1]
    return tuple(
        tuple((float(x0 + (x + 0.5) * sx), float(y0 + (y + 0.5) * sy)) for x, y in contour[:, 0])
        for contour in found
        if len(contour) >= 3
    )
