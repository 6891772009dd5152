"""Full disks, disks that can't be written, and a power cut in the middle of the last write."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.store.store import Store
from tests.core.store import sample
from tests.core.store.sample import Ticking


def large(case_id: str) -> sample.Case:
    notes = tuple(
        replace(n, id=str(i), text=f"{i * 7919 % 10007} {n.text}") for i in range(4000) for n in sample.record().notes
    )
    return replace(sample.case(case_id), record=replace(sample.record(), notes=notes))


def test_a_full_disk_loses_nothing_that_was_saved(store: Store) -> None:
    saved = store.save(sample.case(), "Dr A")
    connection = store.database.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(UserError, match="disk is full"):
        store.save(large("case-2"), "Dr A")
    assert store.load("case-1") == saved and store.database.intact() == ()
    with pytest.raises(UserError, match="no case"):
        store.load("case-2")
    connection.execute("PRAGMA max_page_count = 1000000")
    assert store.save(large("case-2"), "Dr A").id == "case-2"
    assert store.audit.verify().whole


@pytest.mark.parametrize("spoil", ["cut", "zero"])
def test_power_cut_during_the_last_write(store: Store, tmp_path: Path, spoil: str) -> None:
    first = store.save(sample.case("case-1"), "Dr A")
    wal = store.folder / "consilium.db-wal"
    sure = wal.stat().st_size
    store.save(large("case-2"), "Dr A")
    size = wal.stat().st_size
    assert size > sure + 100_000
    for number in range(12):
        at = sure + (size - sure - 1) * number // 11
        copy = tmp_path / f"{spoil}-{number}"
        shutil.copytree(store.folder, copy, ignore=shutil.ignore_patterns("*-shm"))
        data = (copy / wal.name).read_bytes()
        (copy / wal.name).write_bytes(data[:at] + (b"" if spoil == "cut" else bytes(len(data) - at)))
        with Store.open(copy, clock=Ticking()) as again:
            assert again.database.intact() == ()
            assert again.load("case-1") == first
            assert {row.id for row in again.list()} <= {"case-1", "case-2"}
            again.save(sample.case("case-3"), "Dr A")
