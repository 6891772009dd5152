"""The visible part of a frame as screen pixels: resample the stored values once, window them at every drag. No Qt."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.pixels import Frame, lookup
from core.imaging.window import Table, UInt8, Window, grey_of
from ui.viewer.transform import Transform

_WARPED = (np.uint8, np.uint16, np.int16, np.float32)


@dataclass(slots=True)
class Renderer:
    """Draws one frame at a time. Keeps halved copies for small zooms and the last resampled patch."""

    _frame: Frame | None = None
    _levels: list[NDArray[Any]] = field(default_factory=list)
    _key: object = None
    _patch: NDArray[Any] | None = None
    _corner: tuple[int, int] = (0, 0)

    def draw(
        self,
        image: Frame,
        placed: Transform,
        screen: tuple[int, int],
        voi: Window | Table,
        *,
        invert: bool = False,
        smooth: bool = True,
    ) -> tuple[UInt8, tuple[int, int]] | None:
        """(uint8 grey (h, w) or RGB (h, w, 3), its top left corner on the screen); None when nothing is visible."""
        if image is not self._frame:
            self._frame, self._levels, self._key = image, [_displayable(image.stored)], None
        key = (placed.matrix.tobytes(), screen, smooth)
        if key != self._key:
            self._resample(placed, screen, smooth)
            self._key = key
        if self._patch is None:
            return None
        return self._windowed(image, self._patch, voi, invert), self._corner

    def forget(self) -> None:
        """Let go of the frame."""
        self._frame, self._levels, self._key, self._patch = None, [], None, None

    def _resample(self, placed: Transform, screen: tuple[int, int], smooth: bool) -> None:
        import cv2

        rows, columns = self._levels[0].shape[:2]
        box = _screen_box(placed, (rows, columns), screen)
        if box is None:
            self._patch = None
            return
        x, y, width, height = box
        level = self._level(placed.scale)
        source, factor = self._levels[level], 2.0**level
        matrix = placed.matrix.copy()
        matrix[:, 2] += matrix[:, :2] @ np.full(2, (factor - 1) / 2)
        matrix[:, :2] *= factor
        # Screen pixel (0, 0) has its centre at (0.5, 0.5), image pixels at whole coordinates.
        matrix[:, 2] -= (x + 0.5, y + 0.5)
        flags = cv2.INTER_LINEAR if smooth or placed.scale < 1 else cv2.INTER_NEAREST
        self._patch = cv2.warpAffine(source, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        self._corner = (x, y)

    def _level(self, scale: float) -> int:
        """The halved copy that is still at least as fine as the screen."""
        import cv2

        level = 0
        while scale * 2.0 ** (level + 1) <= 1.0 and min(self._levels[level].shape[:2]) >= 128:
            level += 1
            if level == len(self._levels):
                last = self._levels[-1]
                size = (last.shape[1] // 2, last.shape[0] // 2)
                self._levels.append(cv2.resize(last[: size[1] * 2, : size[0] * 2], size, interpolation=cv2.INTER_AREA))
        return level

    def _windowed(self, image: Frame, patch: NDArray[Any], voi: Window | Table, invert: bool) -> UInt8:
        if image.colour:
            return 255 - patch if invert else patch
        table = lookup(image, voi, invert=invert)
        if table is not None and patch.dtype == image.stored.dtype:
            return np.asarray(table.take(patch.view(np.uint8 if len(table) == 256 else np.uint16)))
        return grey_of(image.grey, voi, patch, inverted=image.inverted != invert)


def _displayable(stored: NDArray[Any]) -> NDArray[Any]:
    """A type that can be resampled: 8- and 16-bit and float32 as they are, the rest as float32."""
    if stored.dtype in _WARPED:
        return np.ascontiguousarray(stored)
    return np.ascontiguousarray(stored, dtype=np.float32)


def _screen_box(placed: Transform, image: tuple[int, int], screen: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """(x, y, width, height) of the part of the screen that the image covers."""
    corners = [placed.to_screen((c, r)) for c in (-0.5, image[1] - 0.5) for r in (-0.5, image[0] - 0.5)]
    left, right = min(c[0] for c in corners), max(c[0] for c in corners)
    top, bottom = min(c[1] for c in corners), max(c[1] for c in corners)
    x, y = max(round(left), 0), max(round(top), 0)
    width, height = min(round(right), screen[0]) - x, min(round(bottom), screen[1]) - y
    return (x, y, width, height) if width > 0 and height > 0 else None
