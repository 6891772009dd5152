"""Source files stay with their case; two cases that are one patient are joined and taken apart again."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import pipeline
from core.domain.basics import Source
from core.domain.case import Case, CaseStatus
from core.domain.record import Note
from core.errors import UserError
from core.store.merges import bring_back, keep_merge, keep_unmerged, last_merge
from core.store.store import Store

NOW = datetime(2025, 11, 14, 12, tzinfo=UTC)
WITH_IT = "SYNTHETIC\nPatient: Testpatient, Rowan\nDOB: 1958-03-02\nMRN: SYN-1\nCough and fever for 3 days.\n"
ALIKE = "SYNTHETIC\nPatient: Testpatient, Rowan\nDOB: 1958-03-20\nRash on both arms.\n"


def opened(tmp_path: Path, *texts: str) -> pipeline.Opened:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, words in enumerate(texts):
        (folder / f"note{number}.txt").write_text(words)
    return pipeline.open_paths([folder], scratch=tmp_path, now=NOW)


def kept(store: Store, found: pipeline.Opened) -> list[Case]:
    cases = [store.save(case, "Dr A") for case in found.cases]
    for case in cases:
        store.keep_documents(case, found.documents)
    return cases


def test_a_fact_opens_its_file_after_the_folder_is_gone(store: Store, tmp_path: Path) -> None:
    found = opened(tmp_path, WITH_IT)
    (case,) = kept(store, found)
    for path in (tmp_path / "in").iterdir():
        path.unlink()
    assert store.document(store.load(case.id), case.record.notes[0].source.file) == WITH_IT.encode()


def test_a_file_about_several_patients_is_kept_with_none(store: Store, tmp_path: Path) -> None:
    table = "Test,Result,Unit,Patient ID\nPotassium,4.6,mmol/L,SYN-1\nPotassium,5.1,mmol/L,SYN-2\nALT,30,U/L,SYN-3\n"
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "labs.csv").write_text(table)
    found = pipeline.open_paths([folder], scratch=tmp_path, now=NOW)
    assert len(found.cases) == 3 and found.documents == ()
    cases = kept(store, found)
    with pytest.raises(UserError, match="not kept"):
        store.document(cases[0], cases[0].record.observations[0].sources[0].file)


def test_a_merge_is_undone_and_what_came_later_stays(store: Store, tmp_path: Path) -> None:
    found = opened(tmp_path, WITH_IT, ALIKE)
    first, second = kept(store, found)
    assert [d.reason for d in found.doubts]
    merged = keep_merge(store, pipeline.merge_cases(first, second, NOW), first, second)
    assert [row.id for row in store.list()] == [first.id] and len(merged.record.notes) == 2
    assert store.document(merged, second.record.notes[0].source.file) == ALIKE.encode()
    later = Note("note-later", "Better today.", Source("typed", "note"))
    merged = store.save(replace(merged, record=replace(merged.record, notes=(*merged.record.notes, later))), "Dr A")

    known = last_merge(store, merged.id)
    assert known is not None and known[0] == second.id and known[1].record == first.record
    other = bring_back(store, known[0])
    apart = keep_unmerged(store, pipeline.unmerge_cases(merged, known[1], other, NOW), other.id)
    assert {row.id for row in store.list()} == {first.id, second.id}
    assert store.load(second.id).record == second.record
    assert apart.record.notes == (*first.record.notes, later) and apart.record.patient == first.record.patient
    assert apart.files == first.files and apart.status is CaseStatus.NEW
    assert last_merge(store, first.id) is None
    assert [e.action for e in store.audit.events(case_id=first.id)].count("unmerge") == 1


def test_a_merge_cannot_be_undone_once_the_other_case_is_purged(store: Store, tmp_path: Path) -> None:
    first, second = kept(store, opened(tmp_path, WITH_IT, ALIKE))
    merged = keep_merge(store, pipeline.merge_cases(first, second, NOW), first, second)
    store.purge(deleted_before=datetime(2100, 1, 1, tzinfo=UTC))
    known = last_merge(store, merged.id)
    assert known is not None
    with pytest.raises(UserError, match="removed for good"):
        bring_back(store, known[0])
    assert store.load(merged.id).record == merged.record
    assert store.document(merged, second.record.notes[0].source.file) == ALIKE.encode()


def test_a_dropped_file_that_another_case_has_stays(store: Store, tmp_path: Path) -> None:
    first, second = kept(store, opened(tmp_path, WITH_IT, ALIKE))
    sha256 = store.keep_bytes(first.id, "film", b"pixels")
    store.share_files(first.id, second.id)
    store.drop_file(first.id, "film")
    assert store.file_bytes(sha256) == b"pixels"
    store.drop_file(second.id, "film")
    with pytest.raises(UserError, match="missing"):
        store.file_bytes(sha256)
