import io
import stat
import time
import zipfile
from pathlib import Path

import pytest

from core.errors import Unreadable
from core.progress import Cancelled
from core.records.intake import answer, join_unnamed, read_paths
from tests.core.records.conftest import CCDA, CSV, VCF, documents, png


def test_each_sample_folder_is_one_patient(samples, tmp_path):
    for folder in sorted(samples.iterdir()):
        intake = read_paths([folder], scratch=tmp_path)
        assert len(intake.records) == 1, folder
        assert not intake.questions
        assert len(intake.records[0].notes) == 1
        assert intake.records[0].patient.synthetic


def test_all_samples_at_once_stay_apart(samples, tmp_path):
    intake = read_paths([samples], scratch=tmp_path)
    assert len(intake.records) == 4
    assert not intake.questions


def test_an_unreadable_file_leaves_the_rest_usable(samples, tmp_path):
    (tmp_path / "bad.json").write_bytes(b'{"resourceType": "Bundle", "entry": [')
    (tmp_path / "odd.bin").write_bytes(b"\x00\x01\x02" * 100)
    (tmp_path / "empty.txt").write_bytes(b"")
    intake = read_paths([tmp_path, samples / "child-cough"], scratch=tmp_path / "s")
    assert len(intake.records) == 1
    errors = {Path(f.path).name: f.error for f in intake.files if f.error}
    assert set(errors) == {"bad.json", "odd.bin", "empty.txt"}
    assert all(e.endswith(".") for e in errors.values())


def test_a_missing_path_is_the_users_to_mend(tmp_path):
    with pytest.raises(Unreadable):
        read_paths([tmp_path / "nothing"], scratch=tmp_path)


def test_file_reports_say_what_was_read(samples, tmp_path):
    report = next(f for f in read_paths([samples / "adult-chest-pain"], scratch=tmp_path).files if f.kind == "fhir")
    assert dict(report.read)["medications"] == 7
    assert len(report.sha256) == 64


def test_two_spellings_are_asked_and_can_be_answered(tmp_path):
    (tmp_path / "a.xml").write_text(CCDA)
    (tmp_path / "b.xml").write_text(
        CCDA.replace("Rowan", "Rowen").replace('extension="A-1"', 'extension="B-7"').replace("2.3", "9.9")
    )
    intake = read_paths([tmp_path], scratch=tmp_path / "s")
    assert len(intake.records) == 2
    (question,) = intake.questions
    joined = answer(intake, question, same=True)
    assert len(joined.records) == 1
    (allergy,) = joined.records[0].allergies
    assert len(allergy.sources) == 2
    assert len(intake.records) == 2  # undo is going back
    assert answer(intake, question, same=False).questions == ()


def test_the_same_patient_in_two_documents_is_one_record(tmp_path):
    (tmp_path / "a.xml").write_text(CCDA)
    (tmp_path / "b.xml").write_text(CCDA.replace("<title>SYNTHETIC", "<title> SYNTHETIC"))
    intake = read_paths([tmp_path], scratch=tmp_path / "s")
    assert len(intake.records) == 1
    assert len(intake.records[0].medications[0].sources) == 2


def test_unnamed_files_join_the_only_named_patient_when_nobody_can_be_asked(tmp_path):
    (tmp_path / "a.xml").write_text(CCDA)
    (tmp_path / "note.txt").write_text("Cough and fever. No rigors.")
    (tmp_path / "genes.vcf").write_text(VCF)
    intake = read_paths([tmp_path], scratch=tmp_path / "s")
    assert (len(intake.records), len(intake.questions)) == (3, 3)
    (record,) = join_unnamed(intake).records
    assert record.patient.name == "TESTPATIENT, Rowan"
    assert len(record.notes) == 2
    assert len(record.variants) == 2


def test_a_childs_note_does_not_join_an_adult(tmp_path):
    (tmp_path / "a.xml").write_text(CCDA)
    (tmp_path / "note.txt").write_text("A 3-year-old girl with fever.")
    assert len(join_unnamed(read_paths([tmp_path], scratch=tmp_path / "s")).records) == 2


def _zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def test_a_zip_is_opened_and_its_images_are_handed_on(tmp_path):
    path = _zip(tmp_path / "z.bin", **{"a__record.xml": CCDA, "b__film.png": png(), "labs.csv": CSV})
    intake = read_paths([path], scratch=tmp_path / "s")
    assert len(intake.images) == 1
    assert intake.images[0].read_bytes() == png()
    assert {f.path.split("!")[-1] for f in intake.files} == {str(path), "a/record.xml", "b/film.png", "labs.csv"}


def test_traversal_is_refused_and_writes_nothing_outside(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.txt", "x")
    intake = read_paths([path], scratch=tmp_path / "s")
    assert "leads outside" in intake.files[0].error
    assert not (tmp_path / "outside.txt").exists()


def test_links_in_a_zip_are_not_followed(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    intake = read_paths([path], scratch=tmp_path / "s")
    assert intake.records == ()
    assert "a link is not followed" in intake.files[0].skipped[0]


def test_a_bomb_is_refused_soon(tmp_path):
    path = _zip(tmp_path / "z.zip", bomb=bytes(64 << 20))
    start = time.monotonic()
    intake = read_paths([path], scratch=tmp_path / "s")
    assert "unpack to far more" in intake.files[0].error
    assert time.monotonic() - start < 2
    assert not list((tmp_path / "s").glob("**/*")) if (tmp_path / "s").exists() else True


def test_archives_inside_archives_end(tmp_path):
    data = b"x"
    for _ in range(5):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("inner.zip", data)
        data = inner.getvalue()
    (tmp_path / "z.zip").write_bytes(data)
    assert any(
        "archive inside archives" in f.error for f in read_paths([tmp_path / "z.zip"], scratch=tmp_path / "s").files
    )


def test_a_damaged_zip(tmp_path):
    path = _zip(tmp_path / "z.zip", a=CCDA)
    data = bytearray(path.read_bytes())
    data[60:200] = bytes(140)
    path.write_bytes(data)
    assert read_paths([path], scratch=tmp_path / "s").files[0].error


def test_cancelling_goes_through(samples, tmp_path):
    def cancel(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        read_paths([samples], cancel, scratch=tmp_path)


def test_every_kind_enters(tmp_path):
    for kind, data in documents().items():
        (tmp_path / f"{kind}.dat").write_bytes(data)
    intake = read_paths([tmp_path], scratch=tmp_path / "s")
    assert {f.kind for f in intake.files} == set(documents())
    assert not [f.error for f in intake.files if f.error]
