"""Keys are data: no conflicts, all wired, remappable."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui import builders
from tests.ui.conftest import Pump
from ui.case.images import viewer_keys
from ui.keymap import KeySheet, bindings, conflicts, shipped
from ui.settings import Settings
from ui.theme.theme import THEME


def test_no_two_actions_share_a_key() -> None:
    assert not conflicts(shipped())


def test_every_action_is_wired(open_window) -> None:  # type: ignore[no-untyped-def]
    window = open_window()
    assert {b.id for b in shipped()} == set(window._actions())
    assert len(window.shortcuts) == sum(len(b.keys) for b in shipped())


def test_users_keys_replace_shipped_ones(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "s.json")
    settings.set("keys", {"lock": ["Ctrl+Shift+K"]})
    keys = {b.id: b.keys for b in bindings(settings)}
    assert keys["lock"] == ("Ctrl+Shift+K",) and keys["help"] == ("F1",)


def test_keys_reach_their_action(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window(builders.rowan())
    window.activateWindow()
    window.worklist.table.setFocus()
    QTest.keyClick(window.worklist.table, Qt.Key.Key_Return)
    pump(window.jobs)
    assert window.current_workspace() is not None
    QTest.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    pump(window.jobs)
    assert window.current_workspace().tabs.current == "treatment"
    before = THEME.name
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert THEME.name != before
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    pump(window.jobs)
    assert window.current_workspace() is None


def test_sheet_lists_window_and_viewer_keys(open_window, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QLabel

    window = open_window()
    sheet = KeySheet(Settings(tmp_path / "s.json"), viewer_keys(), window)
    words = {label.text() for label in sheet.findChildren(QLabel)}
    assert {"F1", "Ctrl+O", "W", "Help and shortcut sheet"} <= words
    sheet.deleteLater()
