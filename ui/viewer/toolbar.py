"""The tool bar of the viewer. Every button emits the name of an action."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from ui.theme import icons
from ui.theme.theme import surface
from ui.translate import LANGUAGE
from ui.viewer.menu import fill_menu
from ui.viewer.presets import Preset
from ui.viewer.texts import text
from ui.widgets import layout, paint
from ui.widgets.button import IconButton

TOOLS = (
    (
        ("window", "sun", "Window and level", "W"),
        ("pan", "pan", "Pan", "P"),
        ("zoom", "zoom", "Zoom", "Z"),
        ("scroll", "stack", "Scroll", "S"),
    ),
    (
        ("length", "ruler", "Length", "M"),
        ("angle", "angle", "Angle", "A"),
        ("ellipse", "ellipse", "Ellipse region", "E"),
        ("ratio", "heart", "Cardiothoracic ratio", "X"),
        ("probe", "probe", "Value probe", "V"),
        ("arrow", "arrow", "Arrow", ""),
    ),
)
ACTIONS = (
    ("rotate:right", "rotate", "Rotate right", "R"),
    ("flip", "flip", "Flip", "H"),
    ("invert", "contrast", "Invert", "I"),
    ("reset", "reset", "Reset view", "0"),
)
LAYOUTS = (
    ("layout:1", "grid1", "One viewport"),
    ("layout:2", "grid2", "Two viewports"),
    ("layout:3", "grid2", "Three viewports"),
    ("layout:4", "grid", "Four viewports"),
    ("layout:mpr", "cube", "Axial, coronal, sagittal"),
)
ICON = 26


class ToolIcon(IconButton):
    """An icon button named in the viewer's texts."""

    def __init__(self, icon: str, name: str, **options: Any) -> None:
        self._english = name
        super().__init__(icon, name, **options)

    def set_name(self, name: str) -> None:
        """Tooltip and accessible name, in Chinese from the viewer's table."""
        del name
        super().set_name(text(self._english))

    def set_key(self, key: str) -> None:
        """The key shown with the name."""
        self._key = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        self.set_name(self._english)


class Segment(QToolButton):
    """One part of a segmented control, as wide as its words."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        """Words and padding."""
        return QSize(max(paint.width(self.text(), 12, 500) + 18, 28), 26)

    def minimumSizeHint(self) -> QSize:
        """Never narrower than its words."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A box; filled when chosen."""
        painter = QPainter(self)
        fill = "bg.selected" if self.isChecked() else "bg.hover" if self.underMouse() else None
        paint.box(painter, QRectF(self.rect()), fill, "accent" if self.isChecked() else "line.strong", radius=2)
        tone = "accent" if self.isChecked() else "text.2"
        paint.text(painter, self.rect(), self.text(), tone, px=12, weight=500, align=paint.CENTRE)
        if self.hasFocus():
            paint.focus_ring(painter, self.rect(), 2)


class ToolBar(QWidget):
    """Tools, actions, layout and presets."""

    action = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        surface(self, "panel")
        self.setFixedHeight(38)
        self._tools: dict[str, ToolIcon] = {}
        self._buttons: dict[str, ToolIcon] = {}
        self._keys: dict[str, str] = {}
        self._presets: list[Segment] = []
        self._known: tuple[Preset, ...] = ()
        items: list[object] = []
        for group in TOOLS:
            items += [self._tool(*entry) for entry in group]
            items += [self._gap()]
        items += [self._button(*entry) for entry in ACTIONS]
        items += [self._gap(), self._layout_button(), self._more_button(), None]
        self._row = layout.row(*items, gap=1, margins=(8, 4, 8, 4))
        self._preset_row = QHBoxLayout()
        self._preset_row.setSpacing(0)
        self._row.addLayout(self._preset_row)
        self._list = self._menu_button("sliders", "Presets")
        self._row.addWidget(self._list)
        self.setLayout(self._row)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def _gap(self) -> QWidget:
        mark = layout.line("v")
        mark.setFixedHeight(18)
        holder = QWidget()
        holder.setLayout(layout.row(mark, margins=(3, 0, 3, 0)))
        return holder

    def _tool(self, tool: str, icon: str, name: str, key: str) -> ToolIcon:
        button = ToolIcon(
            icon, name, checkable=True, size=ICON, key=key, on_click=lambda: self.action.emit(f"tool:{tool}")
        )
        self._tools[tool] = self._buttons[f"tool:{tool}"] = button
        return button

    def _button(self, action: str, icon: str, name: str, key: str) -> ToolIcon:
        button = ToolIcon(icon, name, size=ICON, key=key, on_click=lambda: self.action.emit(action))
        self._buttons[action] = button
        return button

    def _menu_button(self, icon: str, name: str) -> ToolIcon:
        button = ToolIcon(icon, name, size=ICON)
        button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(QMenu(button))
        return button

    def _layout_button(self) -> ToolIcon:
        self._layout = self._menu_button("grid1", "Layout")
        self._layout.menu().aboutToShow.connect(self._fill_layouts)
        return self._layout

    def _fill_layouts(self) -> None:
        menu = self._layout.menu()
        menu.clear()
        for action, icon, name in LAYOUTS:
            menu.addAction(icons.icon(icon), text(name), lambda a=action: self.action.emit(a))

    def _more_button(self) -> ToolIcon:
        self._more = self._menu_button("more", "More tools")
        self._more.menu().aboutToShow.connect(self._fill_more)
        return self._more

    def _fill_more(self) -> None:
        """Tools without a button, and all presets (the bar shows four)."""
        menu = self._more.menu()
        fill_menu(menu, self.action.emit, self._keys)
        below = menu.addMenu(text("Presets"))
        for preset in self._known:
            words = f"{preset.label.text(LANGUAGE.code)}\t{preset.key}"
            below.addAction(words, lambda k=preset.key: self.action.emit(f"preset:{k}"))

    def show_keys(self, keys: dict[str, str]) -> None:
        """The keys in force (action -> key), for tooltips and the menu."""
        self._keys = dict(keys)
        for action, button in self._buttons.items():
            button.set_key(keys.get(action, ""))

    def show_tool(self, tool: str) -> None:
        """Mark the active tool."""
        for name, button in self._tools.items():
            button.setChecked(name == tool)

    def show_presets(self, presets: Sequence[Preset], chosen: int) -> None:
        """The first four as segments, all in the list; `chosen` 0 means none."""
        self._known = tuple(presets)
        while self._presets:
            old = self._presets.pop()
            self._preset_row.removeWidget(old)
            old.hide()
            old.deleteLater()
        for preset in self._known[:4]:
            button = Segment()
            button.setChecked(preset.key == chosen)
            button.setText(f"{preset.key} {preset.label.text(LANGUAGE.code)}")
            button.clicked.connect(lambda _=False, k=preset.key: self.action.emit(f"preset:{k}"))
            self._preset_row.addWidget(button)
            self._presets.append(button)
        self._fill_presets(chosen)
        self._collapse()

    def _fill_presets(self, chosen: int) -> None:
        menu = self._list.menu()
        menu.clear()
        group = QActionGroup(menu)
        for preset in self._known:
            entry = menu.addAction(f"{preset.key}  {preset.label.text(LANGUAGE.code)}")
            entry.setCheckable(True)
            entry.setChecked(preset.key == chosen)
            entry.triggered.connect(lambda _=False, k=preset.key: self.action.emit(f"preset:{k}"))
            group.addAction(entry)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Presets become a list where they do not fit."""
        super().resizeEvent(event)
        self._collapse()

    def _collapse(self) -> None:
        segments = sum(button.sizeHint().width() for button in self._presets)
        fits = self.width() >= self._tools_width() + segments
        for button in self._presets:
            button.setVisible(fits)
        self._list.setVisible(not fits)

    def _tools_width(self) -> int:
        """Everything but the presets."""
        count = sum(len(group) for group in TOOLS) + len(ACTIONS) + 2
        return count * (ICON + 1) + 4 * 8 + 16
