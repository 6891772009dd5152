"""What we write as DICOM, read back by dcmtk and dicom3tools and kept by a real Orthanc."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from core.domain.basics import Quantity
from core.domain.imaging import Measurement
from core.errors import UserError
from core.imaging.pacs import find, get, store
from core.imaging.report_export import write_captures, write_encapsulated_pdf, write_regions
from core.imaging.segmentation import read_segmentation
from core.imaging.sr_export import Sources, write_key_images, write_measurements
from core.paths import RESOURCES
from tests.core.imaging.peers import CHINESE, chinese_stack, orthanc, tool

FILM = str(RESOURCES / "samples" / "child-cough" / "film.dcm")
PDF = b"%PDF-1.4\n1 0 obj << >> endobj\n%%EOF"
AREA = (("area", Quantity(10.5, "mm2")),)
STUDY = "1.2.90.1"
PAGE = np.arange(40 * 30 * 3, dtype=np.uint32).reshape(40, 30, 3).astype(np.uint8)


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Path]:
    """One object of each kind, of a SYNTHETIC patient with a Chinese name in GB18030."""
    paths = chinese_stack(tmp_path / "images", StudyInstanceUID=STUDY, SeriesInstanceUID=STUDY + ".1")
    sources: Sources = {f"slice{n}": (str(path), 0) for n, path in enumerate(paths)}
    marks = (
        Measurement("mark:abc", "slice0", "ellipse", ((5, 5), (20, 14)), AREA, text="结节"),
        Measurement("mark:abd", "slice1", "rectangle", ((2, 2), (4, 8)), AREA),
        Measurement("mark:abe", "slice1", "length", ((2, 2), (4, 8)), (("length", Quantity(3, "mm")),)),
    )
    made = {name: tmp_path / f"{name}.dcm" for name in ("seg", "sr", "ko", "pdf")}
    assert write_regions(made["seg"], marks, sources, observer="李^医生") == 2
    assert write_measurements(made["sr"], marks, sources, observer="李^医生") == 3
    assert write_key_images(made["ko"], ["slice0"], sources, observer="李^医生") == 1
    write_encapsulated_pdf(made["pdf"], PDF, sources["slice0"][0], title="报告")
    (made["capture"],) = write_captures(tmp_path, [PAGE], sources["slice0"][0])
    return made


def test_each_keeps_patient_and_study(written: dict[str, Path]) -> None:
    read = {name: pydicom.dcmread(path) for name, path in written.items()}
    for made in read.values():
        assert (str(made.PatientName), made.StudyInstanceUID, made.PatientComments) == (CHINESE, STUDY, "SYNTHETIC")
        assert made.StudyDate == "20260101"
    assert len({made.SeriesInstanceUID for made in read.values()}) == len(read)
    pdf = read["pdf"]
    assert bytes(pdf.EncapsulatedDocument)[: pdf.EncapsulatedDocumentLength] == PDF and pdf.DocumentTitle == "报告"
    assert (read["capture"].pixel_array == PAGE).all() and read["capture"].BurnedInAnnotation == "YES"


def test_regions_lie_where_they_were_drawn(written: dict[str, Path], tmp_path: Path) -> None:
    found = read_segmentation(written["seg"])
    assert [s.label for s in found.segments] == ["结节", "rectangle rk:abd"]
    images = {pydicom.dcmread(p).SOPInstanceUID: p.stem for p in (tmp_path / "images").glob("*.dcm")}
    masks = {images[uid]: masks for (uid, _), masks in found.masks.items()}
    assert set(masks) == {"0003", "0004"}  # slices are numbered from the last: 0 is 0004
    ((number, ellipse),) = masks["0004"]
    assert number == 1 and ellipse[9, 12] and not ellipse[5, 5]
    ((number, box),) = masks["0003"]
    assert number == 2 and box.sum() == 3 * 7 and box[2:9, 2:5].all()


def test_a_film_without_place_holds_regions_too(tmp_path: Path) -> None:
    mark = Measurement("m", "film", "freehand", ((10, 10), (60, 10), (60, 50)), AREA)
    assert write_regions(tmp_path / "seg.dcm", [mark], {"film": (FILM, 0)}, observer="EXAMPLE^Dr") == 1
    ((_, mask),) = next(iter(read_segmentation(tmp_path / "seg.dcm").masks.values()))
    assert mask[20, 50] and not mask[40, 20]


def test_dcmtk_reads_each_without_error(written: dict[str, Path]) -> None:
    for name, path in written.items():
        program = tool("dsrdump" if name in {"sr", "ko"} else "dcmdump")
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0 and not [line for line in done.stderr.splitlines() if line.startswith(("E:", "F:"))]


@pytest.mark.parametrize("name", ["seg", "sr", "ko", "pdf", "capture"])
def test_the_validator_finds_no_error(written: dict[str, Path], name: str) -> None:
    """dciodvfy of dicom3tools against the object's definition (warnings are printed, errors fail)."""
    program = tool("dciodvfy")
    done = subprocess.run([program, str(written[name])], capture_output=True, text=True, check=False, timeout=30)
    errors = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
    assert not errors and done.returncode == 0, errors


@pytest.mark.pacs
def test_orthanc_keeps_each_as_it_is(written: dict[str, Path], tmp_path: Path) -> None:
    folder, back = tmp_path / "orthanc", tmp_path / "back"
    folder.mkdir()
    back.mkdir()
    with orthanc(folder, {}) as archive:
        assert store(archive.dicom, list(written.values())) == len(written)
        (match,) = find(archive.dicom, {"StudyInstanceUID": STUDY, "PatientName": "", "ModalitiesInStudy": ""})
        assert match.values["PatientName"] == CHINESE
        files = get(archive.dicom, {"StudyInstanceUID": STUDY}, back)
    sent = {pydicom.dcmread(path).SOPInstanceUID: pydicom.dcmread(path) for path in written.values()}
    got = {pydicom.dcmread(path).SOPInstanceUID: pydicom.dcmread(path) for path in files}
    assert sent == got


def nothing(folder: Path) -> list[tuple[Callable[[], object], str]]:
    target = folder / "a.dcm"
    line = Measurement("m", "film", "length", ((0, 0), (1, 1)), AREA)
    point = Measurement("m", "film", "ellipse", ((0, 0), (0, 0)), AREA)
    return [
        (lambda: write_regions(target, [line], {"film": (FILM, 0)}, observer=""), "no region"),
        (lambda: write_regions(target, [point], {"film": (FILM, 0)}, observer=""), "no pixel"),
        (lambda: write_encapsulated_pdf(target, b"<html>", FILM, title=""), "not a PDF"),
        (lambda: write_encapsulated_pdf(folder / "absent" / "a.dcm", PDF, FILM, title=""), "could not be written"),
    ]  # fmt: skip


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    for write, words in nothing(tmp_path):
        with pytest.raises(UserError, match=words):
            write()
    assert not list(tmp_path.iterdir())
