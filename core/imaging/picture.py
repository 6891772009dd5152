"""PNG and JPEG pictures: pixels only, no medical meaning."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.errors import Unreadable

MAX_PIXELS = 100_000_000
"""Largest picture decoded (a compressed picture of a few kB can ask for gigabytes)."""
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def is_picture(path: str | Path) -> bool:
    """Whether the file begins as PNG or JPEG."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(8)
    except OSError:
        return False
    return head.startswith(_SIGNATURES)


def picture_size(path: str | Path) -> tuple[int, int]:
    """(rows, columns) from the picture's header. Raises `Unreadable`."""
    with _open(path) as image:
        return image.height, image.width


def read_picture(path: str | Path) -> NDArray[Any]:
    """uint8 (rows, columns) for grey pictures, (rows, columns, 3) for colour, uint16 for 16-bit grey PNG."""
    with _open(path) as image:
        try:
            if image.mode in {"I;16", "I;16B", "I"}:
                return np.asarray(image).astype(np.uint16)
            if image.mode in {"L", "1", "LA"}:
                return np.asarray(image.convert("L"))
            rgb = np.asarray(image.convert("RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise Unreadable(f"{Path(path).name} is damaged ({error}).") from error
    grey = bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all())
    return np.ascontiguousarray(rgb[..., 0]) if grey else rgb


def _open(path: str | Path) -> Image.Image:
    try:
        image = Image.open(path, formats=("PNG", "JPEG"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unreadable(f"{Path(path).name} is not a readable picture ({error}).") from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise Unreadable(f"{Path(path).name} has more than 100 million pixels.", "It was not opened.")
    return image
