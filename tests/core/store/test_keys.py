"""The key: how it is kept, changed and lost."""

import stat
import threading
import traceback
from pathlib import Path

import pytest

from core.errors import NewerFile, UserError
from core.store import keys
from core.store.store import Store
from tests.core.store import sample
from tests.core.store.sample import Ticking


def test_key_file_is_for_this_account_alone(store: Store) -> None:
    mode = stat.S_IMODE((store.folder / "store.key").stat().st_mode)
    assert mode == 0o600
    assert "file beside it" in store.key_protection().en and "口令" in store.key_protection().zh


def test_passphrase_opens_and_nothing_else(tmp_path: Path) -> None:
    with Store.open(tmp_path, passphrase="four random words here", clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    assert not (tmp_path / "store.key").exists()
    for wrong in ("four random words", None):
        with pytest.raises(UserError, match="passphrase"):
            Store.open(tmp_path, passphrase=wrong, clock=Ticking())
    with Store.open(tmp_path, passphrase="four random words here", clock=Ticking()) as store:
        assert store.load("case-1").id == "case-1"


def test_passphrase_can_be_set_changed_and_taken_away(tmp_path: Path) -> None:
    with Store.open(tmp_path, clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
        store.change_passphrase("first passphrase")
        assert not (tmp_path / "store.key").exists()
        store.change_passphrase("second passphrase")
    with pytest.raises(UserError, match="wrong"):
        Store.open(tmp_path, passphrase="first passphrase", clock=Ticking())
    with Store.open(tmp_path, passphrase="second passphrase", clock=Ticking()) as store:
        store.change_passphrase(None)
    with Store.open(tmp_path, clock=Ticking()) as store:
        assert store.load("case-1").id == "case-1"


def test_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="too short"):
        Store.open(tmp_path, passphrase="short", clock=Ticking())


@pytest.mark.parametrize("lost", ["store.key", "key.json"])
def test_a_lost_key_is_not_replaced(tmp_path: Path, lost: str) -> None:
    with Store.open(tmp_path, clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    (tmp_path / lost).unlink()
    before = (tmp_path / "consilium.db").read_bytes()
    with pytest.raises(UserError, match="key"):
        Store.open(tmp_path, clock=Ticking())
    assert not (tmp_path / lost).exists() and (tmp_path / "consilium.db").read_bytes() == before


def test_damaged_and_newer_key_files(tmp_path: Path) -> None:
    Store.open(tmp_path, clock=Ticking()).close()
    path = tmp_path / "key.json"
    for bad in (b"", b"[]", b"{", b'{"format": 1}', b"\xff"):
        path.write_bytes(bad)
        with pytest.raises(UserError, match="damaged"):
            Store.open(tmp_path, clock=Ticking())
    path.write_bytes(b'{"format": 2}')
    with pytest.raises(NewerFile):
        Store.open(tmp_path, clock=Ticking())


def test_a_first_start_cut_off_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "store.key").write_text("12" * 32)
    with Store.open(tmp_path, clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    with Store.open(tmp_path, clock=Ticking()) as store:
        assert store.load("case-1").id == "case-1"


def test_programs_started_at_once_make_one_store(tmp_path: Path) -> None:
    begin, failures = threading.Barrier(6), []

    def start(number: int) -> None:
        begin.wait()
        try:
            with Store.open(tmp_path / "new", clock=Ticking()) as store:
                store.save(sample.case(f"case-{number}"), "Dr A")
        except Exception as error:  # noqa: BLE001  a thread's failure must reach the test
            failures.append("".join(traceback.format_exception(error))[-900:])

    threads = [threading.Thread(target=start, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Store.open(tmp_path / "new", clock=Ticking()) as store:
        assert len(store.list()) == 6 and store.audit.verify().whole and store.database.intact() == ()


def test_a_lock_left_by_a_crash_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "STALE_S", -1.0)
    (tmp_path / "creating").mkdir()
    Store.open(tmp_path, clock=Ticking()).close()
    assert not (tmp_path / "creating").exists()


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A keyring that works, in memory."""
    import keyring

    kept: dict[str, str] = {}
    monkeypatch.setattr("core.store.keys.keyring_usable", lambda: True)
    monkeypatch.setattr(keyring, "set_password", lambda _s, name, value: kept.__setitem__(name, value))
    monkeypatch.setattr(keyring, "get_password", lambda _s, name: kept.get(name))
    monkeypatch.setattr(keyring, "delete_password", lambda _s, name: kept.pop(name))
    return kept


def test_keyring_keeps_the_key_and_gives_it_up(tmp_path: Path, ring: dict[str, str]) -> None:
    with Store.open(tmp_path, clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
        assert "keyring" in store.key_protection().en
    assert len(ring) == 1 and not (tmp_path / "store.key").exists()
    with Store.open(tmp_path, clock=Ticking()) as store:
        store.change_passphrase("a long passphrase")
    assert ring == {}
    with Store.open(tmp_path, passphrase="a long passphrase", clock=Ticking()) as store:
        assert store.load("case-1").id == "case-1"


def test_a_key_gone_from_the_keyring_is_said(tmp_path: Path, ring: dict[str, str]) -> None:
    Store.open(tmp_path, clock=Ticking()).close()
    ring.clear()
    with pytest.raises(UserError, match="keyring"):
        Store.open(tmp_path, clock=Ticking())


def test_a_keyring_that_fails_gives_way_to_a_key_file(
    tmp_path: Path, ring: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring
    from keyring.errors import NoKeyringError

    def broken(*_: object) -> None:
        raise NoKeyringError

    monkeypatch.setattr(keyring, "set_password", broken)
    with Store.open(tmp_path, clock=Ticking()) as store:
        assert "file beside it" in store.key_protection().en
