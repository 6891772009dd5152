"""The viewer's menu: everything it can do, by name, with the keys in force."""

from collections.abc import Callable

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from ui.viewer.names import name

DIRECT = (
    "tool:rectangle", "tool:freehand", "tool:text", None,
    "undo", "redo", "delete", "clear", None,
    "rotate:left", "fit", "actual", "smooth", "histogram", "state", None,
    "cine", "prior", "link", "link:here", "slab", None,
    "key", "key:next", "copy", "print", None,
    "detach", "fullscreen", "export:sr", "export:ko", "settings",
)  # fmt: skip
"""Actions without a button of their own, in the menu's order; None is a line."""


def fill_menu(menu: QMenu, act: Callable[[str], None], keys: dict[str, str]) -> None:
    """Fill the menu. `keys` are by action."""
    menu.clear()
    for action in DIRECT:
        if action is None:
            menu.addSeparator()
            continue
        key = QKeySequence(keys.get(action, "")).toString(QKeySequence.SequenceFormat.NativeText)
        words = name(action) + (f"\t{key}" if key else "")
        menu.addAction(words, lambda a=action: act(a))
