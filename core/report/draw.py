"""Each kind of block, drawn on paper."""

import math
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import numpy as np
from PIL import Image

from core.report.model import Bar, Bars, Block, Columns, Grid, Heat, Line, Notice, Picture, Shares, Tone, Waterfall
from core.report.paper import BOTTOM, INK, LINE, MARGIN, MUTED, TEXT, Colour, Paper
from core.report.words import word

Pixels = Mapping[str, "np.ndarray[Any, np.dtype[np.uint8]]"]
"""Image id -> uint8 array of shape (rows, columns) or (rows, columns, 3)."""

_TONES: dict[Tone, Colour] = {
    Tone.NORMAL: INK,
    Tone.MUTED: MUTED,
    Tone.RED: (176, 30, 31),
    Tone.AMBER: (128, 82, 0),
    Tone.GREEN: (21, 98, 57),
}
_TINTS: dict[Tone, Colour] = {
    Tone.RED: (252, 234, 233),
    Tone.AMBER: (253, 243, 221),
    Tone.GREEN: (228, 244, 235),
}
_ACCENT: Colour = (11, 92, 163)
_RAISES: Colour = (216, 27, 96)
_LOWERS: Colour = (21, 101, 192)
_CHART: tuple[Colour, ...] = (
    (166, 107, 0),
    (11, 92, 163),
    (88, 58, 172),
    (118, 132, 154),
    (23, 105, 63),
    (176, 30, 31),
)
_GREY: Colour = (237, 240, 244)


class Pen:
    """What the blocks are drawn with."""

    def __init__(self, paper: Paper, pixels: Pixels, language: str) -> None:
        self.paper, self.pixels, self.language = paper, pixels, language


def height_mm(block: Block) -> float:
    """The least a block takes in one piece: what a heading before it has to leave room for."""
    if isinstance(block, Waterfall):
        return 6.0 * len(block.steps) + 16
    if isinstance(block, Shares):
        return 4.4 * len(block.items) + 10
    return 24.0


@singledispatch
def draw(block: Block, pen: Pen) -> None:
    """Draw a block at the paper's present height."""
    raise TypeError(f"no drawing for {type(block).__name__}")


@draw.register
def _line(block: Line, pen: Pen) -> None:
    if block.level:
        pen.paper.y += 1.5
        pen.paper.text(block.text, 9.5, bold=True, colour=_TONES[block.tone])
        pen.paper.y += 0.6
        return
    pen.paper.text(block.text, 8.5 if block.tone == Tone.MUTED else 9, colour=_TONES[block.tone])
    pen.paper.y += 0.5


@draw.register
def _notice(block: Notice, pen: Pen) -> None:
    paper = pen.paper
    lines = [line for text in block.lines for line in paper.lines(text, 8.5, TEXT - 10)]
    title = paper.lines(block.title, 9.5, TEXT - 10, bold=True)
    height = 4 + 4.6 * len(title) + 4.2 * len(lines)
    paper.room(min(height + 2, BOTTOM - 30))
    paper.box(MARGIN, paper.y, TEXT, height, fill=_TINTS.get(block.tone, _GREY))
    paper.box(MARGIN, paper.y, 1.2, height, fill=_TONES[block.tone])
    y = paper.y + 1.8
    for text in title:
        y += 4.6
        paper.put(MARGIN + 5, y - 1.2, text, 9.5, bold=True, colour=_TONES[block.tone])
    for text in lines:
        y += 4.2
        paper.put(MARGIN + 5, y - 1.2, text, 8.5)
    paper.y += height + 2


@draw.register
def _grid(block: Grid, pen: Pen) -> None:
    paper = pen.paper
    lefts = [MARGIN + TEXT * sum(block.widths[:i]) for i in range(len(block.widths))]

    def head() -> None:
        for x, text in zip(lefts, block.columns, strict=True):
            paper.put(x, paper.y + 3, text, 8, bold=True, colour=MUTED)
        paper.y += 4.6
        paper.rule(paper.y)

    paper.room(16)
    head()
    for row in block.rows:
        cells = [paper.lines(t, 8.5, TEXT * w - 2.5) for t, w in zip(row, block.widths, strict=True)]
        height = 1.6 + 4.1 * max(len(c) for c in cells)
        if paper.y + height > BOTTOM and height < 200:
            paper.page()
            head()
        for x, lines in zip(lefts, cells, strict=True):
            for i, text in enumerate(lines):
                paper.put(x, paper.y + 3.6 + 4.1 * i, text, 8.5)
        paper.y += height
        paper.rule(paper.y)
    paper.y += 1.5


@draw.register
def _columns(block: Columns, pen: Pen) -> None:
    paper, count = pen.paper, len(block.heads)
    width = TEXT / count
    wrapped = [[line for text in texts for line in paper.lines(text, 8.5, width - 4)] for texts in block.lists]
    paper.room(min(6 + 4.1 * max(map(len, wrapped)), 24))
    for i, head in enumerate(block.heads):
        paper.put(MARGIN + i * width, paper.y + 3, head, 8, bold=True, colour=MUTED)
    paper.y += 4.6
    for row in range(max(map(len, wrapped))):
        paper.room(4.1)
        for i, lines in enumerate(wrapped):
            if row < len(lines):
                paper.put(MARGIN + i * width, paper.y + 3.2, lines[row], 8.5)
        paper.y += 4.1
    paper.y += 1


@draw.register
def _bars(block: Bars, pen: Pen) -> None:
    for bar in block.bars:
        _bar(bar, pen.paper)
    pen.paper.y += 0.5


def _bar(bar: Bar, paper: Paper) -> None:
    names = paper.lines(bar.label, 9, 86, bold=True)
    details = paper.lines(bar.detail, 7.5, 86)
    height = 4.4 * len(names) + 3.6 * len(details) + 1.6
    paper.room(height)
    for i, text in enumerate(names):
        paper.put(MARGIN, paper.y + 3.4 + 4.4 * i, text, 9, bold=True)
    for i, text in enumerate(details):
        paper.put(MARGIN, paper.y + 4.4 * len(names) + 2.6 + 3.6 * i, text, 7.5, colour=MUTED)
    x, y, width = MARGIN + 92, paper.y + 1.6, 60.0
    paper.box(x, y, width, 2.0, fill=LINE)
    paper.box(x, y, max(0.3, width * bar.probability), 2.0, fill=_ACCENT)
    low, high = x + width * bar.low, x + width * bar.high
    paper.line(low, y + 1, high, y + 1, colour=INK, width=0.4)
    for end in (low, high):
        paper.line(end, y - 0.7, end, y + 2.7, colour=INK, width=0.4)
    from core.report.build import percent

    paper.put(x + width + 3, paper.y + 3.6, percent(bar.probability), 9, bold=True)
    if bar.mark:
        paper.put(x, y + 6, bar.mark, 7.5, bold=True, colour=_TONES[Tone.RED])
    paper.y += max(height, 9.5 if bar.mark else 0)


@draw.register
def _waterfall(block: Waterfall, pen: Pen) -> None:
    paper, row = pen.paper, 6.0
    ends = [block.base]
    for _, value in block.steps:
        ends.append(ends[-1] + value)
    low, high = min([*ends, block.total]), max([*ends, block.total])
    span = (high - low) or 1.0
    left, width = MARGIN + 66, TEXT - 66 - 16

    def at(value: float) -> float:
        return left + width * (value - low) / span

    paper.room(row * len(block.steps) + 16)
    top, bottom = paper.y + 5, paper.y + 6 + row * len(block.steps)
    language = pen.language
    for value, name in ((block.base, "base"), (block.total, "result")):
        paper.line(at(value), top - 1, at(value), bottom, colour=MUTED)
        text = f"{word(name, language)} {_signed(value)} · {100 / (1 + math.exp(-value)):.0f} %"
        x = min(max(at(value) - paper.width(text, 7.5) / 2, left - 8), MARGIN + TEXT - paper.width(text, 7.5))
        y = paper.y + 3 if name == "result" else bottom + 3.4
        paper.put(x, y, text, 7.5, bold=name == "result", colour=MUTED if name == "base" else INK)
    for i, (label, value) in enumerate(block.steps):
        y = top + row * i
        paper.put(MARGIN, y + 3.4, paper.lines(label, 8.5, 60)[0], 8.5)
        _arrow(paper, at(ends[i]), at(ends[i + 1]), y + 0.8)
        x = max(at(ends[i]), at(ends[i + 1])) + 1.2
        paper.put(x, y + 3.4, _signed(value), 8, bold=True, colour=_RAISES if value >= 0 else _LOWERS)
    paper.y = bottom + 5
    legend = f"▶ {word('raises', language)}    ◀ {word('lowers', language)}    {word('log_odds', language)}"
    paper.put(MARGIN, bottom + 3.4, legend.replace("◀", "←").replace("▶", "→"), 7.5, colour=MUTED)


def _arrow(paper: Paper, start: float, end: float, y: float) -> None:
    """A bar from `start` to `end` with a tip, 3.6 mm high."""
    tip = math.copysign(min(1.4, abs(end - start)), end - start)
    colour = _RAISES if end >= start else _LOWERS
    paper.pdf.set_fill_color(*colour)
    points = [(start, y), (end - tip, y), (end, y + 1.8), (end - tip, y + 3.6), (start, y + 3.6)]
    paper.pdf.polygon(points, style="F")


@draw.register
def _shares(block: Shares, pen: Pen) -> None:
    paper, x = pen.paper, MARGIN
    paper.room(10 + 4.4 * len(block.items))
    for i, (_, share, _) in enumerate(block.items):
        paper.box(x, paper.y + 1, max(0.0, TEXT * share - 0.6), 4, fill=_CHART[i % len(_CHART)])
        x += TEXT * share
    paper.y += 6.5
    for i, (name, share, net) in enumerate(block.items):
        paper.box(MARGIN, paper.y + 0.9, 2.6, 2.6, fill=_CHART[i % len(_CHART)])
        paper.put(MARGIN + 5, paper.y + 3.3, name, 8.5)
        paper.put(MARGIN + 60, paper.y + 3.3, f"{100 * share:.0f} %", 8.5)
        paper.put(MARGIN + 80, paper.y + 3.3, f"{word('net', pen.language)} {_signed(net)}", 8.5, colour=MUTED)
        paper.y += 4.4
    paper.y += 1


@draw.register
def _picture(block: Picture, pen: Pen) -> None:
    paper, pixels = pen.paper, pen.pixels.get(block.image_id)
    if pixels is None:
        paper.text(block.caption, 8.5, colour=MUTED)
        paper.text(word("no_pixels", pen.language), 8.5, colour=_TONES[Tone.AMBER])
        return
    rows, columns = pixels.shape[:2]
    width = (TEXT - 4) / 2
    height = min(width * rows / columns, 110.0)
    width = height * columns / rows
    paper.room(height + 14)
    image = Image.fromarray(_small(pixels))
    places = [(MARGIN, word("original", pen.language))]
    if block.heat is not None:
        places.append((MARGIN + width + 4, word("image_map", pen.language)))
    for x, name in places:
        doubt = block.doubtful and x > MARGIN
        name += f" · {word('check_failed', pen.language)}" if doubt else ""
        paper.put(x, paper.y + 3, name, 8, bold=True, colour=_TONES[Tone.RED] if doubt else MUTED)
        paper.pdf.image(image, x=x, y=paper.y + 4.5, w=width, h=height)
    if block.heat is not None:
        _heat(paper, block.heat, (places[1][0], paper.y + 4.5), width / columns)
    paper.y += height + 6
    paper.text(block.caption, 8, colour=MUTED)


def _heat(paper: Paper, heat: Heat, corner: tuple[float, float], scale: float) -> None:
    """Cells over the picture, as opaque as their share of the strongest; `scale` is mm per image pixel."""
    strongest = max((abs(v) for v in heat.values), default=0.0) or 1.0
    column0, row0, column1, row1 = heat.box
    wide, high = (column1 - column0) / heat.columns * scale, (row1 - row0) / heat.rows * scale
    for index, value in enumerate(heat.values):
        opacity = round(0.6 * abs(value) / strongest, 2)
        if opacity < 0.03:
            continue
        row, column = divmod(index, heat.columns)
        x, y = corner[0] + column0 * scale + column * wide, corner[1] + row0 * scale + row * high
        with paper.pdf.local_context(fill_opacity=opacity):
            paper.box(x, y, wide, high, fill=_RAISES if value > 0 else _LOWERS)


def _small(pixels: "np.ndarray[Any, np.dtype[np.uint8]]", longest: int = 1024) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Every n-th pixel so that the longest side is at most `longest`: a report is read, not measured on."""
    step = max(1, -(-max(pixels.shape[:2]) // longest))
    return np.ascontiguousarray(pixels[::step, ::step])


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
