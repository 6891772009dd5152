"""The labelled notes: made up for this purpose, one a line, `{N:...}` around what identifies."""

import re
from pathlib import Path

KINDS = {"N": "NAME", "D": "DATE", "P": "PLACE", "I": "NUMBER", "C": "CONTACT", "G": "AGE"}


def notes(name: str = "labelled.txt") -> list[tuple[str, list[tuple[int, int, str]]]]:
    """(text, [(start, end, kind)]) of every note."""
    found = []
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines():
        text, spans, at = "", [], 0
        for match in re.finditer(r"\{([NDPICG]):([^}]*)\}", line):
            text += line[at : match.start()]
            spans.append((len(text), len(text) + len(match[2]), KINDS[match[1]]))
            text, at = text + match[2], match.end()
        found.append((text + line[at:], spans))
    return found


def missed(text: str, spans: list[tuple[int, int, str]], cover: str) -> list[tuple[str, str]]:
    """Labelled pieces of which a letter or digit is still to be read in `cover`, with their kind."""
    left = []
    for start, end, kind in spans:
        if any(text[i] == cover[i] and text[i].isalnum() for i in range(start, end) if not _in_tag(cover, i)):
            left.append((text[start:end], kind))
    return left


def _in_tag(cover: str, at: int) -> bool:
    """Whether a character belongs to a "[NAME]" that was put there."""
    before = cover.rfind("[", 0, at + 1)
    return before >= 0 and re.match(r"\[[A-Z]+\]", cover[before:]) is not None and at <= cover.find("]", before)
