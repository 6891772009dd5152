"""F6 and Shift+F6: the focus moves between the parts of a screen, Tab moves inside one."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


def takes_focus(widget: QWidget) -> bool:
    """Whether Tab would stop at a widget."""
    return (
        bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusProxy() is None
    )


def first(panel: QWidget) -> QWidget | None:
    """Where the focus goes in a panel."""
    return next((w for w in (panel, *panel.findChildren(QWidget)) if takes_focus(w)), None)


def move(panels: Sequence[QWidget], step: int) -> QWidget | None:
    """Give the focus to the next (1) or previous (-1) panel that can take it; returns the widget that has it now."""
    found = [(panel, target) for panel in panels if panel.isVisible() and (target := first(panel)) is not None]
    if not found:
        return None
    focus = QApplication.focusWidget()
    here = [i for i, (panel, _t) in enumerate(found) if focus and (panel is focus or panel.isAncestorOf(focus))]
    at = (here[-1] + step) % len(found) if here else (0 if step > 0 else len(found) - 1)
    found[at][1].setFocus(Qt.FocusReason.ShortcutFocusReason)
    return found[at][1]
