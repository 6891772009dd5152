"""A4 pages with the product's fonts: text in runs of Inter and Noto Sans SC, boxes, page heads and feet."""

from functools import lru_cache

from fpdf import FPDF

from core import paths
from core.report.wrap import wrap

WIDTH, HEIGHT, MARGIN, TOP, BOTTOM = 210.0, 297.0, 16.0, 26.0, 280.0
TEXT = WIDTH - 2 * MARGIN
"""Page and text width in mm; text runs from TOP to BOTTOM."""

Colour = tuple[int, int, int]
INK: Colour = (23, 28, 36)
MUTED: Colour = (85, 98, 115)
LINE: Colour = (221, 227, 234)
_FILES = {
    "inter": "Inter-Regular.ttf",
    "semibold": "Inter-SemiBold.ttf",
    "noto": "NotoSansSC-Regular.ttf",
}


class Paper:
    """A document being written from top to bottom. Sizes in pt for text, all else in mm."""

    def __init__(self, head: str, badge: str, foot: str, page_word: str) -> None:
        """`head` and `badge` (or "") stand on top of every page, `foot` at the bottom."""
        self.pdf = FPDF(format="A4", unit="mm")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margin(0)
        for family, file in _FILES.items():
            self.pdf.add_font(family, "", paths.RESOURCES / "fonts" / file)
        self._head, self._badge, self._foot, self._page_word = head, badge, foot, page_word
        self._char_width = lru_cache(maxsize=None)(self._measure_char)
        self.y = 0.0

    def page(self) -> None:
        """Begin a page."""
        self.pdf.add_page()
        right = WIDTH - MARGIN
        if self._badge:
            width = self.width(self._badge, 8, bold=True) + 5
            right -= width
            self.box(right, 9.2, width, 5.6, fill=(239, 234, 251))
            self.put(right + 2.5, 13.1, self._badge, 8, bold=True, colour=(88, 58, 172))
        line = wrap(self._head, right - MARGIN - 3, lambda t: self.width(t, 9, bold=True))[0]
        self.put(MARGIN, 13.1, line, 9, bold=True)
        self.rule(17.0)
        self.rule(284.0)
        self.put(MARGIN, 289, self._foot, 7.5, colour=MUTED)
        self.y = TOP

    def finish(self) -> bytes:
        """Number the pages ("2 / 5") and give the document's bytes."""
        count = self.pdf.pages_count
        for number in range(1, count + 1):
            self.pdf.page = number
            text = f"{self._page_word} {number} / {count}"
            self.pdf.current_font_is_set_on_page = False
            self.put(WIDTH - MARGIN - self.width(text, 7.5), 289, text, 7.5, colour=MUTED)
        return bytes(self.pdf.output())

    def room(self, height: float) -> None:
        """Begin a new page unless `height` is left on this one."""
        if self.y + height > BOTTOM:
            self.page()

    def text(  # a paragraph has this many properties
        self, text: str, size: float = 9, *, bold: bool = False, colour: Colour = INK, left: float = 0, right: float = 0
    ) -> None:
        """A paragraph over the text width less `left` and `right`; breaks over pages between lines."""
        step = size * 0.5
        for line in self.lines(text, size, TEXT - left - right, bold=bold):
            self.room(step)
            self.put(MARGIN + left, self.y + step * 0.75, line, size, bold=bold, colour=colour)
            self.y += step

    def lines(self, text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
        """`text` broken to `width`."""
        return wrap(self.shown(text), width, lambda t: self.width(t, size, bold=bold))

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Width of a line."""
        return sum(self._char_width(c, bold) for c in text) * size

    def put(self, x: float, y: float, text: str, size: float, *, bold: bool = False, colour: Colour = INK) -> None:
        """A line with its baseline at `y`, each run in the font that has its characters."""
        self.pdf.set_text_color(*colour)
        for family, run in self._runs(self.shown(text), bold):
            self.pdf.set_font(family, size=size)
            self.pdf.text(x, y, run)
            x += sum(self._char_width(c, bold) for c in run) * size

    def box(self, x: float, y: float, width: float, height: float, *, fill: Colour) -> None:
        """A filled rectangle."""
        self.pdf.set_fill_color(*fill)
        self.pdf.rect(x, y, width, height, style="F")

    def line(self, x0: float, y0: float, x1: float, y1: float, *, colour: Colour = LINE, width: float = 0.2) -> None:
        """A straight line."""
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(width)
        self.pdf.line(x0, y0, x1, y1)

    def rule(self, y: float) -> None:
        """A hair line over the text width."""
        self.line(MARGIN, y, WIDTH - MARGIN, y)

    def shown(self, text: str) -> str:
        """`text` with what no font here can draw spelled as [U+1F600]: never dropped without a word."""
        return "".join(c if c in "\n" or self._family(c, bold=False) else _spelled(c) for c in text.replace("\t", " "))

    def _family(self, character: str, bold: bool) -> str:
        for family in ("semibold" if bold else "inter", "noto"):
            if ord(character) in self.pdf.fonts[family].cmap:  # type: ignore[union-attr]
                return family
        return ""

    def _runs(self, text: str, bold: bool) -> list[tuple[str, str]]:
        runs: list[tuple[str, str]] = []
        for character in text:
            family = self._family(character, bold)
            if runs and (runs[-1][0] == family):
                runs[-1] = (family, runs[-1][1] + character)
            elif family:
                runs.append((family, character))
        return runs

    def _measure_char(self, character: str, bold: bool) -> float:
        family = self._family(character, bold)
        if not family:
            return 0.0
        per_mille: float = self.pdf.fonts[family].cw[ord(character)]  # type: ignore[index]
        return per_mille / 1000 / self.pdf.k


def _spelled(character: str) -> str:
    return "" if character in "\r\u200b\u200c\u200d\u2060\ufeff\ufe0f" else f"[U+{ord(character):04X}]"
