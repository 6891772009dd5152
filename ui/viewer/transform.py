"""Where image pixels land on the screen: zoom, pan, quarter turns, flip, pixel aspect. No Qt."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """How an image lies in its viewport. `zoom` is screen pixels per image column, 0 means fit to the window.

    `pan` moves the image's centre away from the viewport's, in screen pixels.
    """

    zoom: float = 0.0
    pan: Point = (0.0, 0.0)
    turns: int = 0
    flipped: bool = False
    area: tuple[Point, Point] | None = None
    """Corners of the part of the image that is fitted and centred; None means the whole image."""

    def turned(self, quarter_turns: int) -> "Pose":
        """Rotated to the right by quarter turns."""
        return replace(self, turns=(self.turns + quarter_turns) % 4, pan=(0.0, 0.0))

    def mirrored(self) -> "Pose":
        """Flipped left to right as seen on the screen."""
        return replace(self, flipped=not self.flipped, turns=-self.turns % 4)


@dataclass(frozen=True, slots=True)
class Transform:
    """An affine map, screen = matrix @ (column, row, 1). Pixel centres are at whole coordinates."""

    matrix: NDArray[np.float64]

    def to_screen(self, point: Point) -> Point:
        """Screen position of an image point."""
        x, y = self.matrix @ (point[0], point[1], 1.0)
        return float(x), float(y)

    def to_image(self, point: Point) -> Point:
        """Image (column, row) under a screen position."""
        linear, shift = self.matrix[:, :2], self.matrix[:, 2]
        column, row = np.linalg.solve(linear, np.subtract(point, shift))
        return float(column), float(row)

    @property
    def scale(self) -> float:
        """Screen pixels per image column."""
        return float(np.hypot(*self.matrix[:, 0]))


def shown_area(pose: Pose, image: tuple[int, int]) -> tuple[Point, Point]:
    """Outer corners of what is fitted and centred, in pixels."""
    return pose.area or ((-0.5, -0.5), (image[1] - 0.5, image[0] - 0.5))


def fit_zoom(pose: Pose, image: tuple[int, int], aspect: float, screen: tuple[int, int]) -> float:
    """The zoom at which the whole image (or its `area`) just fits. `image` is (rows, columns), `screen` (width, height)."""
    (left, top), (right, bottom) = shown_area(pose, image)
    width, height = right - left, (bottom - top) * aspect
    if pose.turns % 2:
        width, height = height, width
    return max(min(screen[0] / max(width, 1), screen[1] / max(height, 1)), 1e-4)


def transform(pose: Pose, image: tuple[int, int], aspect: float, screen: tuple[int, int]) -> Transform:
    """The map of an image of (rows, columns) whose pixels are `aspect` times as high as wide."""
    zoom = pose.zoom or fit_zoom(pose, image, aspect, screen)
    linear = np.array([[zoom, 0.0], [0.0, zoom * aspect]])
    if pose.flipped:
        linear = np.array([[-1.0, 0.0], [0.0, 1.0]]) @ linear
    for _ in range(pose.turns % 4):
        linear = np.array([[0.0, -1.0], [1.0, 0.0]]) @ linear
    (left, top), (right, bottom) = shown_area(pose, image)
    centre = np.array([(left + right) / 2, (top + bottom) / 2])
    middle = np.array([screen[0] / 2 + pose.pan[0], screen[1] / 2 + pose.pan[1]])
    return Transform(np.column_stack([linear, middle - linear @ centre]))


def zoomed_at(
    pose: Pose, factor: float, at: Point, image: tuple[int, int], aspect: float, screen: tuple[int, int]
) -> Pose:
    """Zoomed so that the image point under `at` stays there; between 2 % and 64 times."""
    before = transform(pose, image, aspect, screen)
    zoom = min(max(before.scale * factor, 0.02), 64.0)
    anchor = before.to_image(at)
    moved = replace(pose, zoom=zoom)
    now = transform(moved, image, aspect, screen).to_screen(anchor)
    return replace(moved, pan=(pose.pan[0] + at[0] - now[0], pose.pan[1] + at[1] - now[1]))
