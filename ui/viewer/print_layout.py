"""Where images stand on printed pages. Millimetres on A4; no Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from core.errors import UserError
from core.report.paper import BOTTOM, HEIGHT, MARGIN, MUTED, TEXT, TOP, WIDTH, Paper
from core.report.words import word

LAYOUTS = ((1, 1), (1, 2), (2, 2), (2, 3), (3, 4), (4, 5))
"""(columns, rows) a page."""
GAP, CAPTION = 3.0, 4.5
Box = tuple[float, float, float, float]
PAGE = (WIDTH, HEIGHT)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands on every page: whose images, whether synthetic, the line at the foot."""

    identity: str
    badge: str
    foot: str
    page_word: str


def head(identity: Sequence[str], *, synthetic: bool, language: str) -> Head:
    """The page head in a language."""
    badge = word("synthetic", language) if synthetic else ""
    return Head(" · ".join(identity), badge, word("disclaimer", language), word("page", language))


def cells(layout: tuple[int, int]) -> list[Box]:
    """(x, y, width, height) of the pictures of a page in reading order; a caption fits below each."""
    columns, rows = layout
    width = (TEXT - GAP * (columns - 1)) / columns
    height = (BOTTOM - TOP - GAP * (rows - 1)) / rows - CAPTION
    return [
        (MARGIN + c * (width + GAP), TOP + r * (height + CAPTION + GAP), width, height)
        for r in range(rows)
        for c in range(columns)
    ]


def page_count(pictures: int, layout: tuple[int, int]) -> int:
    """Pages that many pictures take."""
    return max(-(-pictures // (layout[0] * layout[1])), 1)


@dataclass(frozen=True, slots=True)
class Printed:
    """One picture: uint8 (rows, columns, 3), and the line below it."""

    pixels: NDArray[Any]
    caption: str


def write_pdf(path: Path, pictures: Sequence[Printed], layout: tuple[int, int], top: Head) -> int:
    """Write the pages, whole or not at all; returns how many. Raises `UserError`."""
    from PIL import Image

    paper = Paper(top.identity, top.badge, top.foot, top.page_word)
    paper.pdf.set_title("Consilium images")  # no patient's name: file managers show it
    paper.pdf.set_creator("Consilium")
    places = cells(layout)
    for number, picture in enumerate(pictures):
        if number % len(places) == 0:
            paper.page()
        x, y, width, height = places[number % len(places)]
        paper.pdf.image(Image.fromarray(picture.pixels), x=x, y=y, w=width, h=height)
        line = paper.lines(picture.caption, 7, width)[:1]
        paper.put(x, y + height + 3.2, line[0] if line else "", 7, colour=MUTED)
    beside = path.with_name(f".{path.name}.tmp")
    try:
        beside.write_bytes(paper.finish())
        beside.replace(path)
    except OSError as error:
        raise UserError(f"The pages could not be written ({error.strerror}).", "Choose another folder.") from error
    finally:
        beside.unlink(missing_ok=True)
    return page_count(len(pictures), layout)
