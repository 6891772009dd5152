"""The viewer's own texts: English keys, Chinese in `resources/viewer/zh.json`, the window's table as fallback."""

import json
from functools import cache

from core.domain.basics import Label
from core.paths import RESOURCES
from ui.translate import LANGUAGE, tr


@cache
def table() -> dict[str, str]:
    """English -> Chinese."""
    loaded: dict[str, str] = json.loads((RESOURCES / "viewer" / "zh.json").read_text("utf-8"))
    return loaded


def label(english: str) -> Label:
    """Both languages of a text."""
    return Label(english, table().get(english, ""))


def text(english: str, **values: object) -> str:
    """The text in the language in use, with `{name}` placeholders filled."""
    if LANGUAGE.code == "zh" and english in table():
        found = table()[english]
        return found.format(**values) if values else found
    return tr(english, **values)
