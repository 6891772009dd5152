"""The two themes: colours by token name, palette and style sheet; switched while running.

The style sheet hangs on the parts of the window (`Theme.dress`), not on the application: Qt polishes every widget below a
changed sheet in one go, which for the whole application takes longer than a blink. What is on screen is dressed at once,
the rest in the turns of the event loop that follow, or when it is shown.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from shiboken6 import isValid

from core.paths import RESOURCES
from ui.theme import fonts

FOLDER = RESOURCES / "theme"
THEMES = ("dark", "light")
TURN_MS = 2


@cache
def tokens() -> dict[str, dict[str, str]]:
    """Theme name -> token -> "#RRGGBB"."""
    loaded: dict[str, dict[str, str]] = json.loads((FOLDER / "tokens.json").read_text("utf-8"))
    return loaded


@cache
def _colour(theme: str, token: str) -> QColor:
    return QColor(tokens()[theme][token])


class Theme(QObject):
    """The theme in use. `changed` fires when colours are new and what is on screen has its style sheet."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name = "dark"
        self._worn: WeakKeyDictionary[QWidget, str] = WeakKeyDictionary()
        """Parts of the window and the theme whose sheet each has."""
        self._later = QTimer(self)
        self._later.setInterval(TURN_MS)
        self._later.timeout.connect(self._dress_one)

    def color(self, token: str) -> QColor:
        """The colour of a token in the theme in use."""
        return _colour(self.name, token)

    def apply(self, name: str, language: str) -> None:
        """Use theme `name`; the language decides the smallest text size."""
        for _step in self.steps(name, language):
            pass

    def steps(self, name: str, language: str) -> Iterator[str]:
        """The same in steps of a few milliseconds; what is hidden follows by itself."""
        self.name = name if name in THEMES else "dark"
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            return
        fonts.use_language(language)
        if app.font() != fonts.font(13):
            app.setFont(fonts.font(13))
        if app.palette() != self._palette():
            app.setPalette(self._palette())
            QToolTip.setPalette(self._palette())
        yield "palette"
        for part in self._behind():
            if isValid(part) and part.isVisible():
                self._wear(part)
                yield "dressed"
        fonts.resize_captions()
        yield "captions"
        self.changed.emit()
        self._later.start()

    def dress(self, part: QWidget) -> None:
        """Give a part of the window, or a dialog, the style sheet; from now on it follows the theme."""
        self._wear(part)

    def catch_up(self, shown: QWidget) -> None:
        """Dress what is about to be shown and still waits for its turn."""
        for part in self._behind():
            if part is shown or shown.isAncestorOf(part):
                self._wear(part)

    def _behind(self) -> list[QWidget]:
        return [part for part, name in self._worn.items() if name != self.name and isValid(part)]

    def _dress_one(self) -> None:
        behind = self._behind()
        if behind:
            self._wear(behind[0])
        else:
            self._later.stop()

    def _wear(self, part: QWidget) -> None:
        self._worn[part] = self.name
        part.setStyleSheet(stylesheet(self.name))

    def _palette(self) -> QPalette:
        palette = QPalette()
        roles = QPalette.ColorRole
        for role, token in (
            (roles.Window, "bg.app"),
            (roles.WindowText, "text.1"),
            (roles.Base, "bg.input"),
            (roles.AlternateBase, "bg.panel"),
            (roles.Text, "text.1"),
            (roles.Button, "bg.raised"),
            (roles.ButtonText, "text.1"),
            (roles.Highlight, "accent.fill"),
            (roles.HighlightedText, "text.onfill"),
            (roles.ToolTipBase, "bg.raised"),
            (roles.ToolTipText, "text.1"),
            (roles.PlaceholderText, "text.3"),
            (roles.Link, "accent"),
        ):
            palette.setColor(role, self.color(token))
        for role in (roles.Text, roles.WindowText, roles.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("text.disabled"))
        return palette


THEME = Theme()


def color(token: str) -> QColor:
    """The colour of a token in the theme in use."""
    return THEME.color(token)


def mix(under: str, over: str, share: float) -> QColor:
    """`over` laid on `under` with an opacity of `share` (0-1)."""
    a, b = color(under), color(over)
    return QColor(*(round(x + (y - x) * share) for x, y in zip(a.toTuple()[:3], b.toTuple()[:3], strict=True)))


@cache
def stylesheet(theme: str) -> str:
    """The style sheet with its tokens filled in."""
    values = dict(tokens()[theme])
    values |= {"theme": theme, "icons": FOLDER.as_posix()}
    template = (FOLDER / "consilium.qss").read_text("utf-8")
    return re.sub(r"@\{([\w.]+)\}", lambda found: values[found[1]], template)


def restyle(widget: QWidget, **properties: object) -> None:
    """Set style-sheet properties and repolish where one changed."""
    changed = False
    for name, value in properties.items():
        if widget.property(name) != value:
            widget.setProperty(name, value)
            changed = True
    if changed:
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        widget.update()


def surface(widget: QWidget, name: str = "panel") -> QWidget:
    """Give a plain widget one of the background colours."""
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    widget.setProperty("surface", name)
    return widget
