"""Nothing readable lies on the disk: not after a session, not in the middle of one, not after a kill."""

import os
import signal
from pathlib import Path

import pytest

from core.domain.case import Action, Decision
from core.store import backup, package
from core.store.store import Store
from tests.core.store import sample
from tests.core.store.sample import Ticking


def readable(folder: Path) -> list[str]:
    """Secrets found in any file below `folder`, in UTF-8, UTF-16 or GBK, in its content or its name."""
    found = []
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for secret in sample.SECRETS:
            forms = {secret.encode(e) for e in ("utf-8", "utf-16-le", "gbk")}
            if secret in path.name or any(form in data for form in forms):
                found.append(f"{secret} in {path.name}")
    return found


def session(store: Store, folder: Path) -> None:
    store.save(sample.case(), "Dr A")
    store.save_draft("case-1", "addendum", "Rowan complains of pleuritic pain", "Dr A")
    store.search("结节")
    store.decide("case-1", Decision("", Action.REJECT, "hypothesis:pneumonia", "Dr A", "", "Rowan: old film"))
    note = folder / "note.txt"
    note.write_text(sample.NOTE, "utf-8")
    store.keep_file("case-1", note)
    store.keep_bytes("case-1", "TESTPATIENT thumbnail", b"TESTPATIENT Rowan" * 100)


def test_the_search_itself_works(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("name: Rowan", "utf-16")
    assert readable(tmp_path) == ["Rowan in plain"]


@pytest.mark.parametrize("passphrase", [None, "four random words"])
def test_during_and_after_a_session(tmp_path: Path, profile: Path, passphrase: str | None) -> None:
    with Store.open(passphrase=passphrase, clock=Ticking()) as store:
        session(store, tmp_path)
        assert readable(profile) == []
        backup.back_up(store, profile / "backup", "correct horse battery")
        package.export_case(store, "case-1", profile / "case.consilium", "correct horse battery")
        store.save_draft("case-1", "addendum", "", "Dr A")
        store.sign("case-1", "Dr A")
    assert readable(profile) == []
    assert any(p.stat().st_size > 50_000 for p in profile.rglob("consilium.db"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_kill(tmp_path: Path, profile: Path) -> None:
    end, begin = os.pipe()
    child = os.fork()
    if child == 0:
        store = Store.open(clock=Ticking())
        session(store, tmp_path)
        os.write(begin, b"x")
        while True:
            store.save(sample.case(), "Dr A")
    os.read(end, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(end)
    os.close(begin)
    assert (profile / "store" / "consilium.db-wal").stat().st_size > 0
    assert readable(profile) == []


def test_the_key_is_not_in_the_backup_or_package(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
        backup.back_up(store, tmp_path / "b", "correct horse battery")
        package.export_case(store, "case-1", tmp_path / "b" / "c", "correct horse battery")
        key = store._key
    for path in (tmp_path / "b").rglob("*"):
        if path.is_file():
            assert key not in path.read_bytes() and key.hex().encode() not in path.read_bytes()
