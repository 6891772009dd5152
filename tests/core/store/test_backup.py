"""Copies: backup and restore, a case for a colleague, and what a damaged store still gives."""

import argparse
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.case import Action, CaseStatus, Decision
from core.errors import NewerFile, UserError
from core.store import backup, package
from core.store.recovery import recover
from core.store.store import Store
from core.verbs import backup as verb
from tests.core.store import sample
from tests.core.store.sample import Ticking

SECRET = "correct horse battery"


def filled(store: Store, tmp_path: Path, count: int = 3) -> str:
    for i in range(count):
        store.save(sample.case(f"case-{i}"), "Dr A")
    film = tmp_path / "film.dcm"
    film.write_bytes(bytes(range(256)) * 9000)
    return store.keep_file("case-0", film)


def test_restored_store_is_the_same(store: Store, tmp_path: Path) -> None:
    film = filled(store, tmp_path)
    outcome = backup.back_up(store, tmp_path / "b", SECRET)
    assert outcome.verified and outcome.cases == 3
    backup.restore(tmp_path / "b", SECRET, tmp_path / "again")
    with Store.open(tmp_path / "again", clock=Ticking()) as again:
        assert [again.load(f"case-{i}") for i in range(3)] == [store._load(f"case-{i}") for i in range(3)]
        assert again.file_bytes(film) == store.file_bytes(film)
        assert again.audit.verify().whole and again.database.intact() == ()


def test_second_backup_writes_only_what_changed(store: Store, tmp_path: Path) -> None:
    filled(store, tmp_path, 20)
    first = backup.back_up(store, tmp_path / "b", SECRET)
    store.save(sample.case("case-new"), "Dr A")
    second = backup.back_up(store, tmp_path / "b", SECRET)
    assert second.number == 2 and second.bytes_written < first.bytes_written / 3
    backup.restore(tmp_path / "b", SECRET, tmp_path / "one", number=1)
    with Store.open(tmp_path / "one", clock=Ticking()) as one:
        assert len(one.list()) == 20
    assert [s.cases for s in backup.snapshots(tmp_path / "b", SECRET)] == [20, 21]


def test_writers_go_on_during_a_backup(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store, tmp_path)
    plain_copy = shutil.copyfile
    with Store.open(store.folder, clock=Ticking()) as other:

        def busy_copy(source: Path, target: Path) -> None:
            for i in range(15):
                other.save(sample.case(f"{source.name}-{i}"), "Dr B")
            other.database.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            plain_copy(source, target)

        monkeypatch.setattr("core.store.backup.shutil.copyfile", busy_copy)
        backup.back_up(store, tmp_path / "b", SECRET)
    backup.restore(tmp_path / "b", SECRET, tmp_path / "again")
    with Store.open(tmp_path / "again", clock=Ticking()) as again:
        assert again.database.intact() == () and len(again.list()) >= 3
        assert all(again.load(row.id).record == sample.record() for row in again.list())


def test_wrong_passphrase_damage_and_full_folder(store: Store, tmp_path: Path) -> None:
    filled(store, tmp_path)
    target = tmp_path / "b"
    backup.back_up(store, target, SECRET)
    with pytest.raises(UserError, match="passphrase"):
        backup.restore(target, "wrong passphrase", tmp_path / "x")
    with pytest.raises(UserError, match="not empty"):
        backup.restore(target, SECRET, store.folder)
    with pytest.raises(UserError, match="no snapshot"):
        backup.restore(target, SECRET, tmp_path / "x", number=7)
    with pytest.raises(UserError, match="other files"):
        backup.back_up(store, tmp_path, SECRET)
    piece = max((target / "blobs").rglob("*"), key=lambda p: p.stat().st_size)
    data = bytearray(piece.read_bytes())
    data[40] ^= 1
    piece.write_bytes(data)
    with pytest.raises(UserError, match="damaged"):
        backup.restore(target, SECRET, tmp_path / "x")
    piece.unlink()
    with pytest.raises(UserError, match="missing"):
        backup.restore(target, SECRET, tmp_path / "x")
    assert not (tmp_path / "x").exists() and [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_newer_or_damaged_backup_is_refused(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "b"
    backup.back_up(store, target, SECRET)
    head = json.loads((target / "backup.json").read_text())
    (target / "backup.json").write_text(json.dumps(head | {"format": 9}))
    with pytest.raises(NewerFile):
        backup.snapshots(target, SECRET)
    for damaged in (b"[", b"[]", b"\xea{}", b'{"format": "x"}'):
        (target / "backup.json").write_bytes(damaged)
        with pytest.raises(UserError, match="damaged"):
            backup.snapshots(target, SECRET)
    with pytest.raises(UserError, match="not a backup"):
        backup.snapshots(tmp_path / "none", SECRET)


def test_another_workstation_opens_a_package(store: Store, tmp_path: Path) -> None:
    film = filled(store, tmp_path)
    store.decide("case-0", Decision("", Action.REJECT, "hypothesis:pneumonia", "Dr A", "", "old film"))
    store.sign("case-0", "Dr A")
    store.add_addendum("case-0", "please look", "Dr A")
    sent = package.export_case(store, "case-0", tmp_path / "c.consilium", SECRET, question="PE?")
    assert sent.signature_held
    with Store.open(tmp_path / "far", clock=Ticking()) as far:
        case, by = package.import_case(far, tmp_path / "c.consilium", SECRET)
        assert by == sent and case.id != "case-0" and case.status == CaseStatus.TO_REVIEW
        assert (case.record, case.findings, case.plan) == (sample.record(), sample.findings(), sample.plan())
        assert [d.action for d in case.decisions] == [Action.REJECT, Action.SIGN] and len(case.addenda) == 1
        assert far.file_bytes(film) == store.file_bytes(film)
        with pytest.raises(UserError, match="passphrase"):
            package.import_case(far, tmp_path / "c.consilium", "wrong passphrase")
        assert len(far.list()) == 1 and far.audit.verify().whole


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, bytes]:
    folder = tmp_path_factory.mktemp("packed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.store.keys.ARGON_MEMORY_KIB", 64)
        patch.setattr("core.store.keys.ARGON_PASSES", 1)
        store = Store.open(folder / "s", clock=Ticking())
        store.save(sample.case(), "Dr A")
        package.export_case(store, "case-1", folder / "c", SECRET)
    return store, (folder / "c").read_bytes()


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_altered_packages_are_refused(packed: tuple[Store, bytes], data: st.DataObject) -> None:
    store, whole = packed
    bad = bytearray(whole)
    where = data.draw(st.integers(0, len(bad) - 1) | st.integers(0, 300))
    how = data.draw(st.sampled_from(["flip", "cut", "insert"]))
    if how == "flip":
        bad[where] ^= data.draw(st.integers(1, 255))
    elif how == "cut":
        del bad[where:]
    else:
        bad[where:where] = b"\0"
    path = store.folder.parent / "bad"
    path.write_bytes(bad)
    with pytest.raises(UserError):
        package.import_case(store, path, SECRET)
    assert len(store.list()) == 1


def test_recovery_reads_around_damage(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        for i in range(60):
            store.save(sample.case(f"case-{i}"), "Dr A")
        store.sign("case-0", "Dr A")
    path = tmp_path / "s" / "consilium.db"
    data = bytearray(path.read_bytes())
    for page in range(40, len(data) // 4096, 23):
        data[page * 4096 + 100] ^= 1
    path.write_bytes(data)
    outcome = recover(tmp_path / "s", tmp_path / "new", clock=Ticking())
    assert path.read_bytes() == bytes(data)
    assert 20 < len(outcome.saved) < 60
    assert len(outcome.saved) + len(outcome.lost) <= 60
    with Store.open(tmp_path / "new", clock=Ticking()) as new:
        assert new.database.intact() == ()
        for case_id in outcome.saved:
            assert new.load(case_id).record == sample.record()


def test_recovery_of_a_whole_store_loses_nothing(store: Store, tmp_path: Path) -> None:
    filled(store, tmp_path)
    store.sign("case-1", "Dr A")
    outcome = recover(store.folder, tmp_path / "new", clock=Ticking())
    assert (len(outcome.saved), outcome.lost) == (3, ())


def test_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_BACKUP_PASSPHRASE", SECRET)
    with Store.open(clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    parser = argparse.ArgumentParser()
    verb.register(parser)

    def said(*argv: object) -> object:
        assert verb.run(parser.parse_args([str(a) for a in argv])) == 0
        return json.loads(capsys.readouterr().out)

    assert said("create", tmp_path / "b")["verified"] is True
    assert said("bundle", "--out", tmp_path / "bundle.zip")["holds"] == ["about.json", "store.json"]
    assert said("list", tmp_path / "b")[0]["cases"] == 1
    assert said("restore", tmp_path / "b", "--to", tmp_path / "r")["cases"] == 1
    assert said("send", "case-1", "--out", tmp_path / "c")["case_id"] == "case-1"
    assert said("receive", tmp_path / "c")["case"]
    assert len(said("recover", "--to", tmp_path / "n")["saved"]) == 2
