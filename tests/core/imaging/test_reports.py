"""Structured reports out and in, read back by dcmtk."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from core.domain.basics import Quantity
from core.domain.imaging import Measurement
from core.errors import Unreadable, UserError
from core.imaging.sr_export import write_key_images, write_measurements
from core.imaging.sr_tree import MAX_DEPTH, read_tree
from core.paths import RESOURCES
from tests.core.imaging.made import dataset, save
from tests.core.imaging.peers import tool

FILM = str(RESOURCES / "samples" / "child-cough" / "film.dcm")
SOURCES = {"film": (FILM, 0)}
MARKS = (
    Measurement("mark:a", "film", "length", ((10, 10), (60, 10)), (("length", Quantity(12.5, "mm")),)),
    Measurement(
        "mark:b", "film", "ellipse", ((100, 100), (200, 160)),
        (("area", Quantity(294.5, "mm2")), ("mean", Quantity(1021.25, "1")), ("sd", Quantity(33.0, "1"))),
    ),
    Measurement("mark:c", "film", "ratio", ((1, 5), (9, 5), (0, 8), (20, 8)), (("ratio", Quantity(0.4, "1")),)),
    Measurement("mark:d", "film", "text", ((5, 5),), text="look here"),
    Measurement("mark:e", "cut:1", "length", ((1, 1), (2, 2)), (("length", Quantity(1, "mm")),)),
)  # fmt: skip


def test_measurements_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sr.dcm"
    assert write_measurements(path, MARKS, SOURCES, observer="EXAMPLE^Dr") == 3
    made, film = pydicom.dcmread(path), pydicom.dcmread(FILM)
    assert (made.PatientID, made.StudyInstanceUID) == (film.PatientID, film.StudyInstanceUID)
    assert "SYNTHETIC" in made.PatientComments
    lines = read_tree(path)
    values = {(line.concept, line.value) for line in lines if line.kind == "NUM"}
    assert (
        ("Length", "12.5 mm") in values
        and ("Area", "294.5 mm2") in values
        and ("Cardiothoracic ratio", "0.4") in values
    )
    assert ("EXAMPLE^Dr") in {line.value for line in lines if line.kind == "PNAME"}
    assert any(line.kind == "SCOORD" and line.value.startswith("ELLIPSE") for line in lines)


def test_dcmtk_reads_the_report_without_error(tmp_path: Path) -> None:
    if shutil.which("dsrdump") is None:
        pytest.skip("dsrdump (Debian package dcmtk) is not installed")
    write_measurements(tmp_path / "sr.dcm", MARKS, SOURCES, observer="EXAMPLE^Dr")
    write_key_images(tmp_path / "ko.dcm", ["film"], SOURCES, observer="EXAMPLE^Dr")
    for name, words in (("sr.dcm", '"12.5"'), ("ko.dcm", "Of Interest")):
        run = subprocess.run(["dsrdump", str(tmp_path / name)], capture_output=True, text=True, check=False, timeout=30)
        assert run.returncode == 0 and words in run.stdout
        assert not [line for line in run.stderr.splitlines() if line.startswith(("E:", "F:"))], run.stderr


def test_a_report_another_program_wrote_is_the_same_tree(tmp_path: Path) -> None:
    """dcmtk reads ours into its own tree (dsr2xml) and writes a report of its own (xml2dsr)."""
    ours, between, theirs = tmp_path / "sr.dcm", tmp_path / "sr.xml", tmp_path / "dcmtk.dcm"
    write_measurements(ours, MARKS, SOURCES, observer="EXAMPLE^Dr")
    with between.open("wb") as xml:
        subprocess.run([tool("dsr2xml"), str(ours)], stdout=xml, check=True, timeout=30)
    subprocess.run([tool("xml2dsr"), str(between), str(theirs)], check=True, timeout=30, capture_output=True)
    assert "OFFIS" in str(pydicom.dcmread(theirs).file_meta.ImplementationVersionName)
    mine, other = read_tree(ours), read_tree(theirs)
    assert other[1:] == mine[1:] and len(mine) > 20 and other[0].concept == "Imaging Measurement Report"


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no measurement"):
        write_measurements(tmp_path / "a.dcm", MARKS[3:], SOURCES, observer="x")
    with pytest.raises(UserError, match="key image"):
        write_key_images(tmp_path / "a.dcm", [], SOURCES, observer="x")
    assert not (tmp_path / "a.dcm").exists()


def test_marks_of_two_studies_are_refused(tmp_path: Path) -> None:
    other = dataset(np.zeros((4, 4), np.uint16), StudyInstanceUID="9.9")
    sources = SOURCES | {"other": (str(save(other, tmp_path / "o.dcm")), 0)}
    mark = Measurement("m", "other", "length", ((0, 0), (1, 1)), (("length", Quantity(1, "mm")),))
    with pytest.raises(UserError, match="more than one study"):
        write_measurements(tmp_path / "a.dcm", (MARKS[0], mark), sources, observer="x")


def test_a_report_that_nests_too_deeply_is_refused(tmp_path: Path) -> None:
    made = pydicom.Dataset()
    made.ValueType = "CONTAINER"
    for _ in range(MAX_DEPTH + 2):
        outer = pydicom.Dataset()
        outer.ValueType, outer.ContentSequence = "CONTAINER", [made]
        made = outer
    holder = dataset(np.zeros((4, 4), np.uint16))
    holder.ContentSequence = [made]
    with pytest.raises(Unreadable):
        read_tree(save(holder, tmp_path / "a.dcm"))


@pytest.mark.data
def test_reports_of_other_vendors_are_readable(unpacked: Callable[[str], Path]) -> None:
    seen = 0
    for path in sorted(unpacked("dicom-syntax-dev").rglob("*")):
        if path.name.startswith(("sr-", "reportsi")) and path.is_file():
            lines = read_tree(path)
            assert len(lines) > 3 and any(line.concept and line.value for line in lines)
            seen += 1
    assert seen >= 5
