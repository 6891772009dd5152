"""Our own made-up presentations, `resources/knowledge/presentations/*.jsonl`: notes as clinicians and patients put them.

Two thirds are for learning; the rest, told by a hash of the id, is for checking alone.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "presentations"
LEARN, CHECK = "learn", "check"


@dataclass(frozen=True, slots=True)
class Presentation:
    """One synthetic note of a condition (its id). `language` "en" or "zh"; `file`: the stem of the file it stands in."""

    id: str
    condition: str
    language: str
    style: str
    text: str
    file: str

    @property
    def part(self) -> str:
        """`CHECK` for one in three, by the id alone; else `LEARN`."""
        return CHECK if int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % 3 == 0 else LEARN


def read(folder: Path = FOLDER) -> tuple[Presentation, ...]:
    """All presentations of a folder of .jsonl files, or of one file, in order of file and line."""
    files = [folder] if folder.is_file() else sorted(folder.glob("*.jsonl"))
    found = []
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                found.append(_presentation(line, path, number))
    return tuple(found)


def _presentation(line: str, path: Path, number: int) -> Presentation:
    try:
        row = json.loads(line)
        name, condition, language, style, text = (
            str(row[field]) for field in ("id", "condition", "language", "style", "text")
        )
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{path.name}, line {number}, is no presentation: {error}.",
            "Give id, condition, language, style and text.",
        ) from error
    return Presentation(name, condition, language, style, text, path.stem)
