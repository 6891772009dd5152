"""What of a case goes out as DICOM, read back by dcmtk and dicom3tools; and what does not go out."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from core.dicom_report import KINDS, accepted_findings, sources_of, write_objects
from core.domain.assessment import Assessment, Evidence, Hypothesis
from core.domain.basics import Coding, Label, Quantity, Source, Version
from core.domain.case import Action, Case, Decision
from core.domain.finding import Finding, Origin, Status
from core.domain.imaging import ImagePrediction, ImageRef, Measurement
from core.errors import UserError
from core.imaging.sr_tree import read_tree
from tests.core.imaging.peers import chinese_stack, tool

NOW = "2026-11-22T08:00:00+00:00"
PACK = Version("chest-child", "1.2.0", "ab" * 32)
CODE = Coding("consilium", "lung_opacity_on_chest_film")
LENGTH = (("length", Quantity(12.5, "mm")),)
AREA = (("area", Quantity(10.5, "mm2")),)
STUDY = "1.2.95.1"


def shown(folder: Path) -> Case:
    """A SYNTHETIC case on four slices, one of them in the case by name, with marks, a model's finding and a hypothesis."""
    paths = chinese_stack(folder, StudyInstanceUID=STUDY, SeriesInstanceUID=STUDY + ".1")
    other = pydicom.dcmread(paths[2]).SOPInstanceUID
    marks = (
        Measurement("mark:1", "img", "length", ((2, 2), (9, 2)), LENGTH),
        Measurement("mark:2", f"image:{other}", "ellipse", ((5, 5), (20, 14)), AREA, text="结节"),
        Measurement("mark:3", f"image:{other}", "key", ()),
        Measurement("mark:4", "cut:axial:1", "length", ((2, 2), (9, 2)), LENGTH),
    )
    prediction = ImagePrediction("img", PACK, CODE, Label("Lung opacity", "肺部阴影"), 0.834, (0.7, 0.9), 1.6, 0.1)
    finding = Finding(
        "f1", CODE, Label("Lung opacity", "肺部阴影"), Status.PRESENT, Origin.IMAGE,
        Source("img", "image", PACK.name, text="chest-child 1.2.0: p = 0.83"), confidence=0.834,
    )  # fmt: skip
    evidence = Evidence(CODE, Label("Lung opacity"), 1.2, Origin.IMAGE, "f1")
    hypothesis = Hypothesis("pneumonia", Label("Pneumonia"), (), "common", 0.7, (0.6, 0.8), -2.0, 0.8, (evidence,))
    assessment = Assessment("a1", NOW, (hypothesis,), 0.3)
    return Case(
        "c1", NOW, NOW, images=(ImageRef("img", str(paths[0]), study_instance_uid=STUDY),), measurements=marks,
        findings=(finding,), predictions=(prediction,), assessment=assessment,
    )  # fmt: skip


def decided(case: Case, action: Action) -> Case:
    return replace(case, decisions=(Decision("d", action, "hypothesis:pneumonia", "Dr A", NOW),))


def test_a_model_s_word_goes_out_only_once_somebody_stands_for_it(tmp_path: Path) -> None:
    case = shown(tmp_path)
    assert accepted_findings(case) == ()
    (accepted,) = accepted_findings(decided(case, Action.ACCEPT))
    assert (accepted.image_id, accepted.pack, accepted.probability) == ("img", PACK, 0.834)
    signed = replace(case, signed_by="Dr A", signed_at=NOW)
    assert len(accepted_findings(signed)) == 1
    assert accepted_findings(decided(signed, Action.REJECT)) == ()
    absent = replace(case.findings[0], status=Status.ABSENT)
    assert accepted_findings(replace(signed, findings=(absent,))) == ()


def test_marks_on_other_slices_find_their_file(tmp_path: Path) -> None:
    case = shown(tmp_path)
    places = sources_of(case)
    assert set(places) == {"img", case.measurements[1].image_id}
    path, frame = places[case.measurements[1].image_id]
    assert f"image:{pydicom.dcmread(path).SOPInstanceUID}" == case.measurements[1].image_id and frame == 0


def test_every_kind_is_written_and_read_by_others(tmp_path: Path) -> None:
    case = replace(decided(shown(tmp_path / "images"), Action.ACCEPT), signed_by="李医生", signed_at=NOW)
    out = tmp_path / "out"
    out.mkdir()
    made = write_objects(case, KINDS, out, observer="李医生", language="zh")
    counts = [(one.kind, one.count) for one in made if one.kind != "sc"]
    assert counts == [("sr", 2), ("sr", 1), ("ko", 1), ("seg", 1), ("pdf", 1)]
    assert any(one.kind == "sc" for one in made) and {one.path for one in made} == set(out.iterdir())
    for one in made:
        assert pydicom.dcmread(one.path, stop_before_pixels=True).StudyInstanceUID == STUDY
        program = tool("dsrdump" if one.kind in {"sr", "ko"} else "dcmdump")
        done = subprocess.run([program, str(one.path)], capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0 and not [x for x in done.stderr.splitlines() if x.startswith(("E:", "F:"))]
        done = subprocess.run(
            [tool("dciodvfy"), str(one.path)], capture_output=True, text=True, check=False, timeout=30
        )
        assert not [x for x in (done.stdout + done.stderr).splitlines() if x.startswith("Error")], one


def test_the_model_is_named_as_device_and_algorithm(tmp_path: Path) -> None:
    case = decided(shown(tmp_path / "images"), Action.ACCEPT)
    made = write_objects(case, ["sr"], tmp_path, observer="Dr B")
    (path,) = [one.path for one in made if one.path.name.startswith("model")]
    lines = {(line.concept, line.value) for line in read_tree(path)}
    assert ("Device Observer Name", "chest-child") in lines
    assert ("Device Observer Model Name", "chest-child 1.2.0") in lines
    assert ("Algorithm Name", "chest-child") in lines and ("Algorithm Version", "1.2.0") in lines
    assert ("Finding", "Lung opacity") in lines and ("Certainty of Finding", "83.4 %") in lines
    assert ("Person Observer Name", "Dr A^") in lines
    assert pydicom.dcmread(path).VerificationFlag == "UNVERIFIED"


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    case = shown(tmp_path / "images")
    bare = replace(case, measurements=(), findings=())
    with pytest.raises(UserError, match="nothing of this kind"):
        write_objects(bare, ["sr", "ko", "seg"], tmp_path, observer="x")
    with pytest.raises(UserError, match="no DICOM image"):
        write_objects(replace(case, images=()), ["pdf"], tmp_path, observer="x")
