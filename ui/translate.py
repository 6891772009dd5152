"""Texts in the user's language. English sentences are the keys; `resources/translations/zh.json` has the Chinese.

The language is switched while the window runs: static texts are bound to their widget with `bind`, screens that show
data listen to `LANGUAGE.changed` and show it again.
"""

import json
from collections.abc import Callable
from functools import cache

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from core.domain.basics import Label
from core.paths import RESOURCES

LANGUAGES = ("en", "zh")
_BOUND = "_consilium_bound_texts"


class LanguageSwitch(QObject):
    """The language in use."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.code = "en"

    def use(self, code: str) -> None:
        """Switch; bound texts first, then `changed`."""
        if code == self.code or code not in LANGUAGES:
            return
        self.code = code
        rebind()
        self.changed.emit()


LANGUAGE = LanguageSwitch()
MISSING: set[str] = set()
"""Texts asked for in Chinese that have no entry; a test that walks the screens wants this empty."""


@cache
def _table(code: str) -> dict[str, str]:
    path = RESOURCES / "translations" / f"{code}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def tr(text: str, **values: object) -> str:
    """`text` in the language in use with `{name}` placeholders filled; English where there is no translation."""
    if LANGUAGE.code == "en" or not text:
        return text.format(**values) if values else text
    found = _table(LANGUAGE.code).get(text)
    if found is None:
        MISSING.add(text)
        found = text
    return found.format(**values) if values else found


def coded(word: str) -> str:
    """A code word of a record ("stopped") where it has a translation, else as it came: a sender may use any word."""
    return word if LANGUAGE.code == "en" else _table(LANGUAGE.code).get(word, word)


def say(label: Label) -> str:
    """A domain label in the language in use."""
    return label.text(LANGUAGE.code)


def bind(widget: QWidget, setter: str, text: str, **values: object) -> None:
    """Call `widget.<setter>(tr(text))` now and at every change of language."""
    bound: dict[str, Callable[[], str]] = widget.__dict__.setdefault(_BOUND, {})
    bound[setter] = lambda: tr(text, **values)
    getattr(widget, setter)(bound[setter]())


def rebind() -> None:
    """Set every bound text again in the language in use."""
    for widget in QApplication.allWidgets():
        for setter, make in widget.__dict__.get(_BOUND, {}).items():
            getattr(widget, setter)(make())
