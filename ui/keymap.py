"""Keys as data: `resources/keymap.json`, with the user's own in the settings; and the F1 sheet."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from core.paths import RESOURCES
from ui.settings import Settings
from ui.theme.theme import THEME
from ui.translate import tr
from ui.widgets.button import Button
from ui.widgets.layout import column, panel, row, scroll
from ui.widgets.text import label


@dataclass(frozen=True, slots=True)
class Binding:
    """An action and its keys."""

    id: str
    keys: tuple[str, ...]
    where: str
    words: str


@cache
def shipped() -> tuple[Binding, ...]:
    """The keys as shipped."""
    rows = json.loads((RESOURCES / "keymap.json").read_text("utf-8"))
    return tuple(Binding(r["id"], tuple(r["keys"]), r["where"], r["en"]) for r in rows)


def bindings(settings: Settings) -> tuple[Binding, ...]:
    """The keys with the user's changes (`settings["keys"]`: id -> list of keys)."""
    own: dict[str, list[str]] = settings.get("keys") or {}
    return tuple(Binding(b.id, tuple(own.get(b.id, b.keys)), b.where, b.words) for b in shipped())


def conflicts(found: tuple[Binding, ...]) -> dict[str, tuple[str, ...]]:
    """Key -> ids of the actions that share it."""
    users: dict[str, list[str]] = {}
    for binding in found:
        for key in binding.keys:
            users.setdefault(QKeySequence(key).toString(), []).append(binding.id)
    return {key: tuple(ids) for key, ids in users.items() if len(ids) > 1}


class Changes(QObject):
    """Told when the user saved other keys."""

    saved = Signal()


CHANGES = Changes()


class WindowKeys(QObject):
    """The shortcuts of a window; lives and dies with it."""

    def __init__(self, window: QWidget, settings: Settings, actions: dict[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._window, self._settings, self._actions = window, settings, actions
        self.made: list[QShortcut] = []
        self.renew()
        CHANGES.saved.connect(self.renew)

    def renew(self) -> None:
        """Make the shortcuts again, with the user's keys."""
        for old in self.made:
            old.setEnabled(False)  # it would make its key ambiguous until it is deleted
            old.deleteLater()
        self.made[:] = _shortcuts(self._window, self._settings, self._actions)


def install(window: QWidget, settings: Settings, actions: dict[str, Callable[[], object]]) -> list[QShortcut]:
    """Make a shortcut for each key whose action the window knows; the list follows the user's changes."""
    return WindowKeys(window, settings, actions).made


def _shortcuts(window: QWidget, settings: Settings, actions: dict[str, Callable[[], object]]) -> list[QShortcut]:
    made = []
    for binding in bindings(settings):
        if binding.id in actions:
            for key in binding.keys:
                shortcut = QShortcut(QKeySequence(key), window)
                shortcut.activated.connect(actions[binding.id])
                shortcut.activatedAmbiguously.connect(actions[binding.id])
                made.append(shortcut)
    return made


class KeySheet(QDialog):
    """F1: all keys of the window and of the viewer."""

    def __init__(self, settings: Settings, viewer_keys: tuple[Binding, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard and help"))
        self.resize(720, 620)
        groups: dict[str, list[Binding]] = {}
        for binding in (*bindings(settings), *viewer_keys):
            groups.setdefault(binding.where, []).append(binding)
        grid = QGridLayout()
        grid.setContentsMargins(20, 16, 20, 16)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(4)
        at = 0
        for where, rows in groups.items():
            grid.addWidget(label(tr(where), "strong"), at, 0, 1, 2)
            for binding in rows:
                at += 1
                grid.addWidget(label(", ".join(binding.keys), "dense", "accent"), at, 0)
                words = binding.words if binding.where == "Viewer" else tr(binding.words)
                grid.addWidget(label(words, "dense"), at, 1)
            at += 2
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(at, 1)
        close = Button("Close", kind="primary", on_click=self.accept)
        change = Button("Change keys and mouse…", "edit", on_click=lambda: self._change(settings))
        self.setLayout(column(scroll(panel(grid)), row(change, None, close, margins=(14, 8, 14, 10)), gap=0))
        THEME.dress(self)

    def _change(self, settings: Settings) -> None:
        """The screen where keys are changed, in place of this sheet."""
        from ui.viewer.settings_dialog import ViewerSettings

        self.accept()
        ViewerSettings(settings, self.parentWidget()).exec()
