"""Curves of agreement against seconds as a PNG."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SIZE = (1000, 620)
_BOX = (80, 40, 740, 540)
_MISSES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_COLOURS = ("#0b6e4f", "#22a884", "#c1440e", "#7a4fb5", "#1f5fa8", "#8fb4dd", "#8a8a8a", "#b8860b", "#000000")


def draw(curves: Mapping[str, Sequence[Mapping[str, float]]], out: Path) -> None:
    """Mean r (1 - r on a logarithmic scale, upwards is better) against seconds a film (logarithmic), one line each."""
    shown = {name: rows for name, rows in curves.items() if rows}
    times = [row["seconds"] for rows in shown.values() for row in rows] or [0.1, 1.0]
    low, high = math.log10(min(times)), math.log10(max(times) * 1.001)
    image = Image.new("RGB", _SIZE, "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=16)
    left, top, right, bottom = _BOX

    def place(seconds: float, r: float) -> tuple[float, float]:
        miss = min(max(1 - r, _MISSES[-1]), _MISSES[0])
        down = (math.log10(miss) - math.log10(_MISSES[-1])) / (math.log10(_MISSES[0]) - math.log10(_MISSES[-1]))
        return left + (math.log10(seconds) - low) / (high - low) * (right - left), top + down * (bottom - top)

    for miss in _MISSES:
        y = place(10**low, 1 - miss)[1]
        pen.line((left, y, right, y), fill="#555555" if miss == 0.01 else "#dddddd", width=2 if miss == 0.01 else 1)
        pen.text((8, y - 9), f"r {1 - miss:.3f}", fill="black", font=font)
    for seconds in _ticks(low, high):
        x = place(seconds, 0.9)[0]
        pen.line((x, top, x, bottom), fill="#dddddd")
        pen.text((x - 12, bottom + 8), f"{seconds:g}", fill="black", font=font)
    pen.text((left + 220, bottom + 34), "seconds a film (log)", fill="black", font=font)
    for k, (name, rows) in enumerate(shown.items()):
        colour = _COLOURS[k % len(_COLOURS)]
        points = [place(row["seconds"], row["r"]) for row in rows]
        pen.line(points, fill=colour, width=3)
        for x, y in points:
            pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
        pen.text((right + 14, top + 26 * k), name.replace("_", " "), fill=colour, font=font)
    image.save(out, "PNG")


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between the two logarithms."""
    steps = [m * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    return [s for s in steps if low <= math.log10(s) <= high]
