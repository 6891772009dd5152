"""Burned-in text on images: where a person should look before an image leaves the house.

Overlaid letters are strokes of nearly one grey, brighter (or darker) than all around, in rows. That is what is looked for;
what is found is a suggestion to review and blank, and nothing found is no proof.
"""

from typing import Any

import numpy as np

Box = tuple[int, int, int, int]
"""(column0, row0, column1, row1), end exclusive, in pixels."""


def find_text(pixels: "np.ndarray[Any, np.dtype[np.uint8]]") -> tuple[Box, ...]:
    """Boxes that look like lines of text in an image of shape (rows, columns), uint8; largest first."""
    boxes: list[Box] = []
    for image in (pixels, 255 - pixels):
        boxes += _bright_text(np.ascontiguousarray(image))
    return tuple(sorted(set(boxes), key=lambda b: -(b[2] - b[0]) * (b[3] - b[1])))


def _bright_text(image: "np.ndarray[Any, np.dtype[np.uint8]]") -> list[Box]:
    import cv2

    strokes = cv2.morphologyEx(image, cv2.MORPH_TOPHAT, np.ones((9, 9), np.uint8))  # bright and at most 8 pixels wide
    mask = ((strokes > 60) & (image > 150)).astype(np.uint8)
    rows = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 13), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(rows, connectivity=8)
    found = []
    for x, y, width, height, _ in stats[1:count].tolist():
        if not (6 <= height <= 90 and width >= 1.5 * height and width >= 14):
            continue
        inside = mask[y : y + height, x : x + width]
        letters = cv2.connectedComponents(inside, connectivity=8)[0] - 1
        share = float(inside.mean())
        bright = image[y : y + height, x : x + width][inside > 0]
        if 0.08 <= share <= 0.75 and letters >= 2 and float(bright.std()) < 40:
            found.append(
                (max(0, x - 3), max(0, y - 3), min(image.shape[1], x + width + 3), min(image.shape[0], y + height + 3))
            )
    return found
