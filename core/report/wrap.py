"""Breaking lines of mixed English and Chinese text.

Latin words stay whole, Han characters may be parted anywhere except before closing and after opening punctuation
(the basic prohibitions of GB/T 15834 and W3C clreq).
"""

import re
from collections.abc import Callable

_NOT_FIRST = set("，。、；：！？）》」』”’…—·,.;:!?)]}%℃°〉】～")
_NOT_LAST = set("（《「『“‘([{〈【")
_PIECE = re.compile(
    r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+|\s+"
)


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Lines of `text` no wider than `width` by `measure`; a word wider than a line is cut. At least one line."""
    return [line for paragraph in text.split("\n") for line in _paragraph(paragraph, width, measure)]


def _paragraph(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    lines, line, used = [], "", 0.0
    for piece in _pieces(text):
        size = measure(piece)
        if line and used + measure(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line, used = "", 0.0
            piece = piece.lstrip()
            size = measure(piece)
        while size > width and len(piece) > 1:
            cut = _fitting(piece, width, measure)
            lines.append(piece[:cut])
            piece = piece[cut:]
            size = measure(piece)
        line, used = line + piece, used + size
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Smallest parts that stay together."""
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        glued = pieces and (piece[0] in _NOT_FIRST or pieces[-1][-1] in _NOT_LAST)
        if pieces and (glued or piece.isspace()):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _fitting(piece: str, width: float, measure: Callable[[str], float]) -> int:
    used = 0.0
    for i, character in enumerate(piece):
        used += measure(character)
        if used > width:
            return max(1, i)
    return len(piece)
