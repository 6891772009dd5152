"""How findings are said, beside their names: lay, clinical and shorthand phrases of `resources/knowledge/notes/sayings/`.

A file `<area>.<en|zh>.yaml` maps a finding (or several, which the phrase states together) to phrases joined by "|";
`(a/b)` in a phrase stands for each of its parts, an empty part for nothing. In a file `normal.*` a phrase denies.
"""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from core.findings import language

FOLDER = language.FOLDER / "sayings"
_CHOICE = re.compile(r"\(([^()]*/[^()]*)\)")


def phrases(code: str, folder: Path = FOLDER) -> Iterator[tuple[str, str, bool]]:
    """`(phrase, findings joined by spaces, whether it denies them)` of "en" or "zh", in the order of the files."""
    for path in sorted(folder.glob(f"*.{code}.yaml")):
        table: dict[str, str] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
        for findings, said in table.items():
            for pattern in said.split("|"):
                for phrase in spelled_out(pattern.strip()):
                    yield phrase, findings, path.name.startswith("normal.")


def spelled_out(pattern: str) -> Iterator[str]:
    """The phrases that a pattern stands for: "(no/little) urine" -> "no urine", "little urine"."""
    parts = _CHOICE.split(pattern)
    choices = [part.split("/") if i % 2 else [part] for i, part in enumerate(parts)]
    for chosen in itertools.product(*choices):
        yield re.sub(r"\s+", " ", "".join(chosen)).strip()
