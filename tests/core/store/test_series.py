"""A case keeps every file of its series: the originals may go, or be replaced by another patient's under the same name."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import pipeline
from core.imaging.study import read_images
from core.progress import Cancelled
from core.store import series
from core.store.store import Store
from tests.core.imaging.made import stack

NOW = datetime(2025, 11, 14, 12, tzinfo=UTC)
PLACES = [(0.0, 0.0, 2.0 * i) for i in range(5)]


@pytest.fixture
def found(tmp_path: Path) -> pipeline.Opened:
    folder = tmp_path / "stick"
    folder.mkdir()
    stack(folder, PLACES)
    return pipeline.open_paths([folder], scratch=tmp_path, now=NOW)


def kept(store: Store, found: pipeline.Opened) -> str:
    (case,) = found.cases
    saved = store.save(case, "Dr A")
    groups = [(series.group_name(uid), paths) for _, uid, paths in found.series]
    assert series.keep_image_files(store, saved, groups) == 5
    assert series.keep_image_files(store, saved, groups) == 0
    store.keep_images(saved)
    assert len(store.kept_files(saved.id)) == 5
    return saved.id


def test_all_slices_come_back_into_one_folder(store: Store, found: pipeline.Opened, tmp_path: Path) -> None:
    case_id = kept(store, found)
    shutil.rmtree(tmp_path / "stick")
    folder = tmp_path / "session"
    opened = store.with_local_images(store.load(case_id), folder)
    assert Path(opened.images[0].path).is_relative_to(folder)
    assert series.bring_back(store, case_id, folder) == 4 and series.bring_back(store, case_id, folder) == 0
    (study,) = read_images([Path(opened.images[0].path).parent]).studies
    assert len(study.series[0].instances) == 5


def test_while_the_originals_lie_there_nothing_is_copied(store: Store, found: pipeline.Opened, tmp_path: Path) -> None:
    case_id = kept(store, found)
    opened = store.with_local_images(store.load(case_id), tmp_path / "session")
    assert opened.images == found.cases[0].images and not (tmp_path / "session").exists()


def test_another_file_under_the_same_name_is_not_shown(store: Store, found: pipeline.Opened, tmp_path: Path) -> None:
    case_id = kept(store, found)
    path = Path(found.cases[0].images[0].path)
    path.write_bytes(b"another patient's film")
    opened = store.with_local_images(store.load(case_id), tmp_path / "session")
    assert opened.images[0].path != str(path)
    assert Path(opened.images[0].path).read_bytes() != path.read_bytes()
    local = series.local_files(store, case_id, [str(path), "never read"], tmp_path / "session")
    assert local == {str(path): opened.images[0].path}


def test_cancelling_keeps_what_was_kept(store: Store, found: pipeline.Opened) -> None:
    (case,) = found.cases
    saved = store.save(case, "Dr A")

    def report(done: int, _total: int, _words: str) -> None:
        if done == 2:
            raise Cancelled

    groups = [(series.group_name(uid), paths) for _, uid, paths in found.series]
    with pytest.raises(Cancelled):
        series.keep_image_files(store, saved, groups, report)
    assert len(store.kept_files(saved.id)) == 2
    assert series.keep_image_files(store, saved, groups) == 3


def test_a_case_keeps_only_its_own_patients_series(tmp_path: Path) -> None:
    for name in ("A", "B"):
        (tmp_path / name).mkdir()
        uids = {"StudyInstanceUID": f"1.2.{ord(name)}", "SeriesInstanceUID": f"1.2.{ord(name)}.1"}
        stack(
            tmp_path / name,
            PLACES[:2],
            first=100 * ord(name),
            PatientID=f"SYN-{name}",
            PatientName=f"{name}^SAMPLE",
            **uids,
        )
    found = pipeline.open_paths([tmp_path / "A", tmp_path / "B"], scratch=tmp_path, now=NOW)
    assert len(found.cases) == 2
    for case in found.cases:
        own = [p for owner, _, paths in found.series if owner == case.id for p in paths]
        assert len(own) == 2 and len({p.parent for p in own}) == 1
        assert Path(case.images[0].path) in own
    assert replace(found, series=()) != found
