"""Texts in the user's language. English sentences are the keys; `resources/translations/zh.json` has the Chinese.

The language is switched while the window runs: static texts are bound to their widget with `bind`, screens that show
data listen to `LANGUAGE.changed` and show it again.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from core.domain.basics import Label
from core.paths import RESOURCES

LANGUAGES = ("en", "zh")
AT_ONCE = 40
"""Widgets whose texts are set in one step."""
_BOUND: "WeakKeyDictionary[QWidget, dict[str, Callable[[], str]]]" = WeakKeyDictionary()


class LanguageSwitch(QObject):
    """The language in use."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.code = "en"

    def use(self, code: str) -> None:
        """Switch; bound texts first, then `changed`."""
        for _step in self.steps(code):
            pass

    def steps(self, code: str) -> Iterator[str]:
        """The same in steps: what is on screen, then `changed` ("shown" is given), then what is hidden."""
        if code == self.code or code not in LANGUAGES:
            yield "shown"
            return
        self.code = code
        bound = [widget for widget in _BOUND if isValid(widget)]
        seen = [widget for widget in bound if widget.isVisible()]
        for widget in seen:
            rebind(widget)
        yield "bound"
        self.changed.emit()
        yield "shown"
        left = set(bound).difference(seen)
        for i, widget in enumerate(left):
            if isValid(widget) and self.code == code:
                rebind(widget)
            if i % AT_ONCE == AT_ONCE - 1:
                yield "hidden"


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
    bound = _BOUND.setdefault(widget, {})
    bound[setter] = lambda: tr(text, **values)
    getattr(widget, setter)(bound[setter]())


def unbind(widget: QWidget) -> None:
    """Leave the texts of a widget to their owner."""
    _BOUND.pop(widget, None)


def rebind(widget: QWidget) -> None:
    """Set the bound texts of a widget again in the language in use."""
    for setter, make in _BOUND[widget].items():
        getattr(widget, setter)(make())
