"""Keys, mouse, touchpad and memory: looked at, changed, reset; clashes are named before they are saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QKeySequenceEdit,
    QLineEdit,
    QSpinBox,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from ui import keymap
from ui.settings import Settings
from ui.translate import LANGUAGE, tr
from ui.viewer import gestures, names, options, presets
from ui.viewer.texts import text
from ui.widgets.button import Button
from ui.widgets.layout import column, row
from ui.widgets.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW, VIEWER = "window", "viewer"
ID = Qt.ItemDataRole.UserRole
Key = tuple[str, str]
"""("window" or "viewer", action)."""


def shown(keys: tuple[str, ...]) -> str:
    """Keys as the platform writes them."""
    return ", ".join(QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in keys)


class KeyPage(QWidget):
    """All actions of the window and the viewer with their keys."""

    def __init__(self, settings: Settings, found: options.Options) -> None:
        super().__init__()
        self.keys: dict[Key, tuple[str, ...]] = {}
        self.shipped: dict[Key, tuple[str, ...]] = {(WINDOW, b.id): b.keys for b in keymap.shipped()}
        self.keys |= {(WINDOW, b.id): b.keys for b in keymap.bindings(settings)}
        for action in names.labels():
            self.shipped[VIEWER, action] = tuple(k for k, a in presets.keys().items() if a == action)
            self.keys[VIEWER, action] = found.keys.get(action, self.shipped[VIEWER, action])
        self.search, self.tree = QLineEdit(), QTreeWidget()
        self.search.setPlaceholderText(text("Search for an action or a key"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree.setHeaderLabels([text("Action"), text("Keys")])
        self.tree.setColumnWidth(0, 360)
        self.tree.setAccessibleName(text("Keys"))
        self.tree.currentItemChanged.connect(lambda *_: self._chosen())
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setAccessibleName(text("New key"))
        self.set = Button(small=True, on_click=lambda: self._put(add=False))
        self.more = Button(small=True, on_click=lambda: self._put(add=True))
        self.none = Button(small=True, on_click=lambda: self._keep(()))
        self.back = Button(small=True, on_click=self._reset_one)
        for button, words in ((self.set, "Set"), (self.more, "Add"), (self.none, "No key"), (self.back, "As shipped")):
            button.setText(text(words))
            button.setAutoDefault(False)
        self.clash = label("", "secondary", "amber", wrap=True)
        foot = row(label(text("New key"), "dense"), self.edit, self.set, self.more, self.none, self.back, None)
        self.setLayout(column(self.search, self.tree, foot, self.clash, gap=8, margins=(10, 10, 10, 10)))
        self._fill()
        self._show_clashes()

    def _rows(self) -> Iterator[tuple[str, list[tuple[Key, str]]]]:
        """Groups of (key, name)."""
        window: dict[str, list[tuple[Key, str]]] = {}
        for binding in keymap.shipped():
            window.setdefault(tr(binding.where), []).append(((WINDOW, binding.id), tr(binding.words)))
        yield from window.items()
        for group in names.groups():
            title = f"{text('Viewer')} · {group.name.text(LANGUAGE.code)}"
            yield title, [((VIEWER, a), name.text(LANGUAGE.code)) for a, name in group.actions]

    def _fill(self) -> None:
        self.items: dict[Key, QTreeWidgetItem] = {}
        for title, rows in self._rows():
            head = QTreeWidgetItem([title, ""])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.tree.addTopLevelItem(head)
            for key, name in rows:
                item = QTreeWidgetItem([name, shown(self.keys[key])])
                item.setData(0, ID, key)
                head.addChild(item)
                self.items[key] = item
        self.tree.expandAll()

    def _filter(self, words: str) -> None:
        words = words.strip().casefold()
        for item in self.items.values():
            item.setHidden(bool(words) and words not in f"{item.text(0)} {item.text(1)}".casefold())

    def current(self) -> Key | None:
        """The chosen action."""
        item = self.tree.currentItem()
        found = item.data(0, ID) if item is not None else None
        return (str(found[0]), str(found[1])) if found else None

    def _chosen(self) -> None:
        self.edit.clear()

    def _put(self, *, add: bool) -> None:
        key, sequence = self.current(), self.edit.keySequence().toString()
        if key is not None and sequence:
            kept = self.keys[key] if add else ()
            self._keep((*(k for k in kept if k != sequence), sequence))

    def _keep(self, keys: tuple[str, ...]) -> None:
        key = self.current()
        if key is None:
            return
        self.keys[key] = keys
        self.items[key].setText(1, shown(keys))
        self._show_clashes()

    def _reset_one(self) -> None:
        key = self.current()
        if key is not None:
            self._keep(self.shipped[key])

    def reset(self) -> None:
        """All keys as shipped."""
        self.keys = dict(self.shipped)
        for key, item in self.items.items():
            item.setText(1, shown(self.keys[key]))
        self._show_clashes()

    def clashes(self) -> dict[str, list[Key]]:
        """Keys with more than one action. Undo is the same word in both places and may share."""
        users: dict[str, list[Key]] = {}
        for key, sequences in self.keys.items():
            for sequence in sequences:
                users.setdefault(QKeySequence(sequence).toString(), []).append(key)
        return {k: u for k, u in users.items() if len(u) > 1 and {name for _place, name in u} != {"undo"}}

    def _show_clashes(self) -> None:
        found = self.clashes()
        for item in self.items.values():
            item.setToolTip(1, "")
        lines = []
        for sequence, users in found.items():
            both = ", ".join(self.items[key].text(0) for key in users)
            lines.append(text("{key} has several actions: {names}", key=shown((sequence,)), names=both))
            for key in users:
                self.items[key].setToolTip(1, both)
        self.clash.setText("\n".join(lines[:4]))

    def window_keys(self) -> dict[str, list[str]]:
        """What differs from the shipped keys of the window."""
        return {a: list(k) for (place, a), k in self.keys.items() if place == WINDOW and k != self.shipped[place, a]}

    def viewer_keys(self) -> dict[str, tuple[str, ...]]:
        """What differs from the shipped keys of the viewer."""
        return {a: k for (place, a), k in self.keys.items() if place == VIEWER and k != self.shipped[place, a]}


class MousePage(QWidget):
    """Buttons, wheel and fingers, with what each does."""

    def __init__(self, found: options.Options) -> None:
        super().__init__()
        form = QFormLayout()
        form.setContentsMargins(14, 12, 14, 12)
        form.setSpacing(8)
        self.boxes: dict[str, QComboBox] = {}
        table = gestures.in_force(found.mouse)
        for gesture in gestures.shipped():
            box = QComboBox()
            for does in gesture.choices:
                box.addItem(gestures.words(does).text(LANGUAGE.code), does)
            box.setCurrentIndex(box.findData(table[gesture.id]))
            box.setEnabled(len(gesture.choices) > 1)
            form.addRow(gesture.label.text(LANGUAGE.code), box)
            self.boxes[gesture.id] = box
        fixed = presets.read("mouse")["fixed"]
        form.addRow(label(fixed[1 if LANGUAGE.code == "zh" else 0], "secondary", wrap=True))
        self.setLayout(form)

    def reset(self) -> None:
        """As shipped."""
        for gesture in gestures.shipped():
            box = self.boxes[gesture.id]
            box.setCurrentIndex(box.findData(gesture.does))

    def mouse(self) -> dict[str, str]:
        """What differs from the shipped table."""
        chosen = {name: str(box.currentData()) for name, box in self.boxes.items()}
        return {g.id: chosen[g.id] for g in gestures.shipped() if chosen[g.id] != g.does}


class PicturePage(QWidget):
    """Memory for decoded images, smoothing."""

    def __init__(self, found: options.Options) -> None:
        super().__init__()
        form = QFormLayout()
        form.setContentsMargins(14, 12, 14, 12)
        self.memory = QSpinBox()
        self.memory.setRange(options.LEAST_MB, options.MOST_MB)
        self.memory.setSingleStep(256)
        self.memory.setSuffix(" MB")
        self.memory.setValue(found.memory_mb)
        self.smooth = QCheckBox(text("Smooth interpolation"))
        self.smooth.setChecked(found.smooth)
        form.addRow(text("Memory for decoded images"), self.memory)
        words = text(
            "Past this bound the images farthest from the shown one are let go. A volume larger than it is not built."
        )
        form.addRow(label(words, "secondary", wrap=True))
        form.addRow("", self.smooth)
        self.setLayout(form)

    def reset(self) -> None:
        """As shipped."""
        shipped = options.Options()
        self.memory.setValue(shipped.memory_mb)
        self.smooth.setChecked(shipped.smooth)


class ViewerSettings(QDialog):
    """The three pages. Without a settings file (no user) it shows but keeps nothing."""

    def __init__(self, settings: Settings | None, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(text("Keys, mouse and memory"))
        self.resize(QSize(780, 640))
        self._settings = settings if settings is not None else Settings()
        found = options.load(self._settings)
        self.keys, self.mouse, self.picture = KeyPage(self._settings, found), MousePage(found), PicturePage(found)
        self.tabs = QTabWidget()
        for page, title in ((self.keys, "Keys"), (self.mouse, "Mouse and touchpad"), (self.picture, "Images")):
            self.tabs.addTab(page, text(title))
        self.error = label("", "secondary", "red", wrap=True)
        self.reset_all = Button(on_click=self._reset)
        self.cancel, self.ok = Button(on_click=self.reject), Button(kind="primary", on_click=self.save)
        for button, words in ((self.reset_all, "All as shipped"), (self.cancel, "Cancel"), (self.ok, "Save")):
            button.setText(text(words))
            button.setAutoDefault(False)
        foot = row(self.reset_all, None, self.cancel, self.ok, margins=(14, 4, 14, 12))
        self.setLayout(column(self.tabs, self.error, foot, gap=8))

    def _reset(self) -> None:
        for page in (self.keys, self.mouse, self.picture):
            page.reset()

    def save(self) -> None:
        """Keep the choices, unless keys clash."""
        if self.keys.clashes():
            self.tabs.setCurrentWidget(self.keys)
            self.error.setText(text("Some keys have several actions. Change one of each before saving."))
            return
        self._settings.set("keys", self.keys.window_keys())
        found = replace(
            options.load(self._settings),
            keys=self.keys.viewer_keys(),
            mouse=self.mouse.mouse(),
            memory_mb=self.picture.memory.value(),
            smooth=self.picture.smooth.isChecked(),
        )
        options.save(self._settings, found)
        keymap.CHANGES.saved.emit()
        self.accept()
