"""What the window leaves lying open, and what it asks before it opens."""

import shutil
import zipfile
from pathlib import Path

import pytest
from PySide6.QtGui import QWindow

from core.paths import RESOURCES
from core.store.store import Store
from core.store.users import Role
from tests.ui.conftest import Pump
from ui.idle import IdleWatch
from ui.local import LocalFolder, sweep
from ui.settings import Settings
from ui.sign_in import PassphraseDialog, SignInDialog, needs_passphrase, open_store, sign_in

FILM = RESOURCES / "samples" / "child-cough" / "film.dcm"


def test_what_a_zip_unpacks_to_is_kept_encrypted_and_goes_with_the_session(
    open_window, pump: Pump, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.write(FILM, "film.dcm")
    window = open_window()
    window.asks = False
    window.session.import_paths([archive])
    pump(window.jobs)
    case_id = window.session.rows[0].id
    unpacked = window.session.local.path
    assert not (window.settings.path.parent / "scratch").exists()
    assert len(window.session.store.kept_files(case_id)) == 1
    for folder in unpacked.glob("import-*"):
        shutil.rmtree(folder)
    window.session.open_case(case_id)
    pump(until=lambda: case_id in window.session.cases)
    (image,) = window.session.cases[case_id].images
    assert Path(image.path).is_relative_to(unpacked) and Path(image.path).read_bytes() == FILM.read_bytes()
    pump(window.jobs)
    window.close()
    assert not unpacked.exists()


def test_folders_of_dead_sessions_are_swept_and_living_ones_stay(app, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    living = LocalFolder()
    (living.path / "image.dcm").write_bytes(b"x")
    left = living.path.parent / "consilium-session-test-left"
    left.mkdir(exist_ok=True)
    try:
        sweep(living.path.parent)
        assert not left.exists() and (living.path / "image.dcm").exists()
    finally:
        shown = living.path
        living.remove()
    assert not shown.exists()


def test_idle_window_is_locked_and_a_key_puts_it_off(app) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtCore import QEvent

    now, locked = [0.0], []
    watch = IdleWatch(5, lambda: locked.append(now[0]), clock=lambda: now[0])
    now[0] = 299.0
    watch.check()
    assert not locked
    watch.eventFilter(QWindow(), QEvent(QEvent.Type.KeyPress))
    now[0] = 301.0
    watch.check()
    assert not locked
    watch.eventFilter(QWindow(), QEvent(QEvent.Type.UpdateRequest))
    now[0] = 600.0
    watch.check()
    assert locked == [600.0]
    watch.stop()


@pytest.fixture
def protected(tmp_path: Path) -> Path:
    Store.open(tmp_path / "store", passphrase="four random words here").close()
    return tmp_path / "store"


def test_passphrase_is_asked_for_until_it_is_right(app, protected: Path) -> None:  # type: ignore[no-untyped-def]
    assert needs_passphrase(protected) == (True, False)

    def answer(dialog: PassphraseDialog) -> int:
        dialog.words.setText("wrong words")
        dialog.try_accept()
        assert dialog.store is None and dialog.error.text()
        dialog.words.setText("four random words here")
        dialog.try_accept()
        return dialog.result()

    store = open_store(protected, answer)
    assert store is not None
    store.close()
    assert open_store(protected, lambda _dialog: 0) is None


def test_new_passphrase_is_asked_twice(app, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    dialog = PassphraseDialog(tmp_path / "new", new=True)
    assert dialog.problem()
    dialog.words.setText("four random words here")
    assert dialog.problem() and not (tmp_path / "new").exists()
    dialog.again.setText("four random words here")
    assert dialog.problem() == "" and dialog.store is not None
    dialog.store.close()
    dialog.deleteLater()


def test_users_sign_in(app, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(tmp_path / "settings.json")
    with Store.open(tmp_path / "store") as store:
        assert sign_in(store, settings, lambda _d: pytest.fail("nobody to ask"))
        store.users.add("root", Role.ADMINISTRATOR, "correct horse battery")
        store.users.sign_out()

        def answer(dialog: SignInDialog) -> int:
            dialog.name.setText("root")
            dialog.password.setText("wrong horse battery")
            dialog.try_accept()
            assert dialog.error.text() and not dialog.password.text()
            dialog.password.setText("correct horse battery")
            dialog.try_accept()
            return dialog.result()

        assert sign_in(store, settings, answer)
        assert store.users.session is not None and store.users.session.user == "root"
