"""Reading files and folders: what each is, who it is about, what could not be read."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.domain.record import Sex
from core.errors import Unreadable
from core.imaging.header import read_header
from core.imaging.instance import age_in_years, instance_of
from core.imaging.phantom import CHILD, draw
from core.imaging.pixels import frame, presentation
from core.imaging.sample_films import FILMS
from core.imaging.study import read_images, series_of
from core.paths import RESOURCES
from core.progress import Cancelled
from tests.core.imaging.made import dataset, save, stack

FILM = np.arange(64, dtype=np.uint16).reshape(8, 8)


def test_a_film_says_what_the_models_need(tmp_path: Path) -> None:
    made = dataset(
        FILM, Modality="DX", ViewPosition="AP", BodyPartExamined="CHEST", PatientAge="018M", StudyDate="20251114",
        PatientSex="F", PatientBirthDate="20240514", PatientName="SAMPLE^Ann^B",
    )  # fmt: skip
    intake = read_images([save(made, tmp_path / "film.dcm")])
    (ref,) = intake.refs
    assert (ref.modality, ref.view, ref.body_part, ref.stated_by) == ("DX", "AP", "CHEST", "dicom")
    assert ref.age_years == pytest.approx(1.5)
    assert ref.time == "2025-11-14" and len(ref.sha256) == 64
    (patient,) = intake.patients
    assert (patient.name, patient.birth_date, patient.sex) == ("SAMPLE, Ann B", date(2024, 5, 14), Sex.FEMALE)
    assert patient.identifiers[0].value == "SYN-1" and patient.sources[0].place == "(0010,0010)"


@pytest.mark.parametrize(
    ("stated", "years"), [("003Y", 3), ("006M", 0.5), ("010D", 10 / 365.2425), ("002W", 14 / 365.2425)]
)
def test_age(tmp_path: Path, stated: str, years: float) -> None:
    made = dataset(FILM, PatientAge=stated)
    assert age_in_years(read_header(save(made, tmp_path / "a.dcm"))) == pytest.approx(years, rel=1e-3)


def test_age_is_not_made_up(tmp_path: Path) -> None:
    path = save(dataset(FILM, PatientBirthDate="20240514"), tmp_path / "a.dcm")
    assert age_in_years(read_header(path)) is None


def test_a_stack_is_one_report_and_one_reference(tmp_path: Path) -> None:
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(7)])
    intake = read_images([tmp_path])
    assert len(intake.refs) == 1 and intake.refs[0].path.endswith("0004.dcm")
    assert [(f.kind, f.read) for f in intake.files] == [("DICOM CT", (("images", 7),))]
    assert len(series_of(intake.refs[0]).instances) == 7


def test_a_picture_asks_for_what_it_does_not_say(tmp_path: Path) -> None:
    Image.fromarray(FILM.astype(np.uint8)).save(tmp_path / "film.png")
    intake = read_images([tmp_path / "film.png"])
    (ref,) = intake.refs
    assert (ref.age_years, ref.view, ref.stated_by) == (None, "", "user")
    assert "asked for" in intake.files[0].skipped[0]
    assert intake.patients == ()


def test_one_damaged_file_leaves_the_rest_usable(tmp_path: Path) -> None:
    save(dataset(FILM, Modality="DX"), tmp_path / "good.dcm")
    (tmp_path / "bad.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 200)
    (tmp_path / "note.txt").write_text("cough")
    intake = read_images([tmp_path])
    assert len(intake.refs) == 1
    assert [Path(f.path).name for f in intake.files if f.error] == ["bad.dcm"]


def test_two_people_in_one_folder_are_two_patients(tmp_path: Path) -> None:
    save(dataset(FILM, PatientID="A", SOPInstanceUID="1.1"), tmp_path / "a.dcm")
    save(dataset(FILM, PatientID="B", SOPInstanceUID="1.2"), tmp_path / "b.dcm")
    assert [p.identifiers[0].value for p in read_images([tmp_path]).patients] == ["A", "B"]


def test_reading_can_be_cancelled(tmp_path: Path) -> None:
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(3)])

    def stop(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_images([tmp_path], stop)


def test_chinese_names_are_read(tmp_path: Path) -> None:
    made = dataset(FILM, SpecificCharacterSet="GB18030", PatientName="Wang^XiaoDong=王^小东=")
    (patient,) = read_images([save(made, tmp_path / "a.dcm")]).patients
    assert (patient.name, patient.other_names) == ("Wang, XiaoDong", ("王, 小东",))


def test_nested_sequences_end_in_a_clear_error(tmp_path: Path) -> None:
    """Undefined-length sequences nested thousands deep: refused, not a crash of the stack."""
    head = save(dataset(FILM), tmp_path / "a.dcm").read_bytes()
    cut = head.index(b"\x10\x00\x10\x00PN")
    bomb = b"\x08\x00\x10\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 20000
    (tmp_path / "b.dcm").write_bytes(head[:cut].split(b"\x08\x00\x60\x00CS")[0] + bomb)
    with pytest.raises(Unreadable, match="deep"):
        read_header(tmp_path / "b.dcm")


@pytest.mark.parametrize("case", sorted(FILMS))
def test_sample_films_are_synthetic_and_match_their_records(case: str) -> None:
    folder = RESOURCES / "samples" / case
    path = folder / "film.dcm"
    assert path.stat().st_size < 1_000_000
    instance = instance_of(read_header(path))
    assert instance.synthetic
    (patient,) = read_images([path]).patients
    record = (folder / "record.fhir.json").read_text("utf-8")
    for word in (patient.name.split(", ")[0], patient.identifiers[0].value, str(patient.birth_date)):
        assert word in record
    shown = presentation(path)
    assert shown.shape == (instance.rows, instance.columns) and 60 < shown.mean() < 200


def test_the_committed_film_is_what_the_program_draws() -> None:
    body, rows, columns, _, _ = FILMS["child-cough"]
    assert body is CHILD
    drawn = draw(body, rows, columns).astype(np.float64)
    stored = frame(RESOURCES / "samples" / "child-cough" / "film.dcm").stored
    assert np.corrcoef(drawn.ravel(), stored.ravel())[0, 1] > 0.999


def test_a_second_copy_is_reported_not_shown_twice(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        stack(tmp_path / folder, [(0, 0, 2.0 * i) for i in range(4)])
    intake = read_images([tmp_path])
    assert len(intake.studies[0].series[0].instances) == 4
    assert sum("second copy" in "".join(f.skipped) for f in intake.files) == 4
