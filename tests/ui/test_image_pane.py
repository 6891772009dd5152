"""The images of a case in a window of their own and back; exports; the F1 sheet leads to the keys."""

import json
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from core.domain.case import FileReport
from core.paths import RESOURCES
from tests.core.imaging.test_document import document, pdf
from tests.ui import builders
from tests.ui.conftest import Pump
from ui import keymap
from ui.dialogs import LockDialog

FILM = str(RESOURCES / "samples" / "child-cough" / "film.dcm")


@pytest.fixture
def pane(open_window, pump: Pump):  # type: ignore[no-untyped-def]
    window = open_window(builders.rowan(film=FILM))
    window.session.open_case(window.session.rows[0].id)
    pump(window.jobs)
    made = window.current_workspace().review.images
    pump(until=lambda: made.viewer.current.frame() is not None)
    return made


def test_the_viewer_leaves_and_comes_back_with_its_state(pane, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    viewer = pane.viewer
    viewer.act("flip")
    viewer.act("tool:length")
    viewer.act("detach")
    window = pane._detached
    assert window is not None and viewer.window() is window and window.isVisible()
    assert pane._stack.currentWidget() is pane._away
    assert viewer.identity[0] in window.identity.text()
    viewer.act("key")
    window.close()
    pump()
    assert pane._detached is None and viewer.window() is pane.window()
    assert pane._stack.currentWidget() is viewer and viewer.current.frame() is not None
    assert viewer.current.model.pose.flipped and viewer.key_images


def test_full_screen_is_asked_for_and_left(pane, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    pane.viewer.act("fullscreen")
    assert pane._detached.isFullScreen()
    pane._detached.leave_full_screen()
    assert not pane._detached.isFullScreen()
    pane.viewer.act("detach")
    pump()
    assert pane._detached is None


def test_a_locked_program_shows_no_images_elsewhere(pane, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    pane.detach()
    window = pane._detached
    dialog = LockDialog(pane._session, pane.window())
    dialog.setModal(True)
    dialog.show()
    pump()
    assert not pane.viewer.isVisible() and not window.identity.isVisible()
    dialog.accept()
    pump()
    assert pane.viewer.isVisible() and window.identity.isVisible()
    dialog.deleteLater()
    pane.bring_back()


def test_closing_the_case_closes_its_window(pane, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    pane.detach()
    window = pane._detached
    pane._session.close_case(pane._case_id)
    pump()
    assert not window.isVisible()


def test_key_images_are_exported(pane, pump: Pump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    pane.viewer.act("key")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "ko.dcm"), ""))
    pane.viewer.act("export:ko")
    pump(pane._session.jobs)
    assert pydicom.dcmread(tmp_path / "ko.dcm").Modality == "KO"
    assert [json.loads(e.detail)["kind"] for e in pane._session.store.audit.events() if e.action == "export"] == ["ko"]


def test_other_keys_work_at_once(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window()
    window.settings.set("keys", {"lock": ["Ctrl+Shift+X"]})
    keymap.CHANGES.saved.emit()
    keys = {shortcut.key().toString() for shortcut in window.shortcuts}
    assert "Ctrl+Shift+X" in keys and "Ctrl+L" not in keys
    assert QApplication.activeModalWidget() is None


def test_a_case_with_a_document_alone_shows_it(open_window, pump: Pump, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("pypdfium2")
    path = str(document(tmp_path, pdf(2)))
    report = FileReport(path, "DICOM encapsulated document", read=(("encapsulated document", 1),))
    window = open_window(replace(builders.rowan(), files=(report,)))
    window.session.open_case(window.session.rows[0].id)
    pump(window.jobs)
    made = window.current_workspace().review.images
    assert made._stack.currentWidget() is made.viewer
    pump(until=lambda: made.viewer.current.frame() is not None)
    assert made.viewer.current.model.source.count == 2


def test_where_the_policy_forbids_exports_nothing_is_written_or_printed(
    pane, pump: Pump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    store = pane._session.store
    said: list[str] = []
    pane._session.messages.shown.connect(lambda text, _tone: said.append(text))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a: (str(tmp_path / "k.dcm"), ""))
    monkeypatch.setattr("ui.viewer.print_dialog.PrintDialog.exec", lambda _s: pytest.fail("printed"))
    store.policy = replace(store.policy, export_allowed=False)
    pane._asked("export:ko")
    pane.viewer.act("print")
    pump(pane._session.jobs)
    assert not (tmp_path / "k.dcm").exists()
    assert "policy does not allow exports" in " ".join(said)
    assert "export" not in [e.action for e in store.audit.events()]
    store.policy = replace(store.policy, export_allowed=True)
    monkeypatch.setattr("ui.viewer.print_dialog.PrintDialog.exec", lambda _s: 0)
    pane.viewer.act("print")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a: ("", ""))
    pane._asked("export:ko")  # given up at the file's name: nothing left, nothing is kept
    pump(pane._session.jobs)
    assert [json.loads(e.detail)["kind"] for e in store.audit.events() if e.action == "export"] == ["images"]
