"""Notes, DICOM and whole cases without their identity."""

# ruff: noqa: E501  rows of sample text read better whole

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from core.domain.case import Action, Decision
from core.domain.record import Note
from core.domain.serial import to_json
from core.errors import UserError
from core.privacy import dicom
from core.privacy.burned import find_text
from core.privacy.case import deidentify_case
from core.privacy.notes import covered, identifying, suspects
from core.privacy.pseudonyms import Pseudonyms, read_escrow, shifted
from tests.core.privacy.labels import missed, notes
from tests.core.store import sample

KEY = bytes(range(32))


def test_recall_on_the_labelled_notes() -> None:
    """The rules were tuned on most of these notes, so this guards against going back; docs/security.md has the fresh figures."""
    total, left, over, clean = 0, [], 0, 0
    for text, spans in notes():
        found = identifying(text)
        total += len(spans)
        left += missed(text, spans, covered(text, found))
        labelled = {i for start, end, _ in spans for i in range(start, end)}
        over += len({i for s in found for i in range(s.start, s.end)} - labelled)
        clean += len(text) - len(labelled)
    assert total > 200
    assert 1 - len(left) / total >= 0.98, left
    assert over / clean < 0.06, "clinical text is being covered"


def test_recall_on_notes_written_before_the_lists() -> None:
    """A second set, written before name lists and repetition were added and not used since: 0.81 then."""
    left, total = [], 0
    for text, spans in notes("fresh.txt"):
        total += len(spans)
        left += missed(text, spans, covered(text, identifying(text)))
    assert total > 90
    assert 1 - len(left) / total >= 0.94, left


@pytest.mark.parametrize(
    ("text", "covers"),
    [
        ("Pieter Vandenberghe was seen. Today Pieter is well.", "[NAME]************* was seen. Today [NAME] is well."),
        ("He met Yolanda at noon.", "He met [NAME]* at noon."),
        ("Bell's palsy, Glasgow scale 15, Wells score 3.", "Bell's palsy, Glasgow scale 15, Wells score 3."),
        ("Hence the Case was closed. Among others, pain.", "Hence the Case was closed. Among others, pain."),
        ("主诉：司徒建华，咳嗽。司徒建华否认发热。", "主诉：****，咳嗽。****否认发热。"),
    ],
)
def test_names_by_list_and_by_repetition(text: str, covers: str) -> None:
    assert covered(text, identifying(text)) == covers


@given(st.text(max_size=200))
def test_covering_never_moves_a_character(text: str) -> None:
    spans = identifying(text, sample.record().patient)
    clean = covered(text, spans)
    assert len(clean) == len(text)
    inside = {i for s in spans for i in range(s.start, s.end)}
    assert all(clean[i] == text[i] for i in range(len(text)) if i not in inside)


@pytest.mark.parametrize(
    "text",
    [
        "BP 142/88 mmHg, HR 92, SpO2 96 %, temp 38.6 C. CRP 186 mg/L. Strength 5/5, pain 6/10, GCS 15.",
        "Chronic obstructive pulmonary disease, Parkinson disease, Hodgkin lymphoma. Metformin 500 mg twice a day for 12 weeks.",
        "右下肺见结节影，大小约8mm，边界清。白细胞12.3×10^9/L，血压130/80mmHg，体温38.5℃，予阿莫西林0.5g每日三次。",
    ],
)
def test_clinical_content_stays(text: str) -> None:
    assert covered(text, identifying(text)) == text


def test_the_records_own_values_are_always_found() -> None:
    patient = replace(sample.record().patient, name="Zzyx Qwert", other_names=("测试甲",))
    text = "zzyx came back; Qwert, 测试甲, born 04.03.1959 (1959年3月4日), no. SYN-004217."
    clean = covered(text, identifying(text, patient))
    assert not [w for w in ("zzyx", "Qwert", "测试甲", "1959", "004217") if w in clean]


def test_suspects_point_at_what_is_left() -> None:
    assert suspects("see 1234567 and Ask Bob Smith at a@b") and not suspects("cough for 3 days")


def whole_file() -> pydicom.FileDataset:
    file = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
    file.PatientName, file.PatientID, file.PatientAge = "TESTPATIENT^Rowan", "SYN-004217", "094Y"
    file.StudyDate, file.AcquisitionDateTime = "20240315", "20240315101500.000000"
    file.InstitutionName, file.PatientComments, file.OperatorsName = "Mercy", "Rowan lives here", "Doe^J"
    item = Dataset()
    item.PersonName, item.TextValue, item.UID, item.ReferencedSOPInstanceUID = "Rowan", "Rowan said", "1.2.3", "1.2.3"
    item.add_new(0x00091001, "LO", "Rowan private")
    file.ContentSequence = Sequence([item])
    file.add_new(0x60003000, "OW", b"\0\0")
    file.add_new(0x50000010, "US", 1)
    return file


def test_dicom_keeps_no_identity(tmp_path: Path) -> None:
    out, outcome = dicom.deidentify(whole_file(), Pseudonyms(KEY))
    out.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    data = (tmp_path / "x.dcm").read_bytes()
    for secret in (b"TESTPATIENT", b"Rowan", b"004217", b"Mercy", b"Doe^J", b"20240315", b"private", b"1.2.3\0"):
        assert secret not in data
    again = pydicom.dcmread(tmp_path / "x.dcm")
    assert again.PatientIdentityRemoved == "YES" and again.PatientID.startswith("SUBJ-") and again.PatientAge == "090Y"
    assert [i.CodeValue for i in again.DeidentificationMethodCodeSequence] == ["113100", "113107", "113108"]
    assert np.array_equal(again.pixel_array, whole_file().pixel_array)
    assert outcome.private > 0 and not outcome.review_pixels and not [e for e in again.iterall() if e.tag.is_private]


def test_every_attribute_of_the_table_is_acted_on() -> None:
    """PS3.15 table E.1-1: a data set holding each attribute comes out with it removed, emptied, mapped or replaced."""
    failures, tested = [], 0
    for tag, action in dicom.actions().items():
        if not pydicom.datadict.dictionary_has_tag(tag) or pydicom.datadict.dictionary_VR(tag) == "SQ":
            continue
        vr = pydicom.datadict.dictionary_VR(tag).split(" ")[0]
        value = {"DA": "20240315", "DT": "20240315", "TM": "101500", "UI": "1.2.840.1", "AS": "094Y", "IS": "7331", "DS": "7331",
                 "US": 7331, "UL": 7331, "FL": 7331.0, "FD": 7331.0, "OB": b"SECRET", "OW": b"SECRET", "UN": b"SECRET"}.get(vr, "SECRET")  # fmt: skip
        file = pydicom.FileDataset("", Dataset())
        file.file_meta = pydicom.dataset.FileMetaDataset()
        with pydicom.config.disable_value_validation():
            file.add_new(tag, vr, value)
            out, _ = dicom.deidentify(
                file, Pseudonyms(KEY), dicom.Options(shift_dates=False, keep_characteristics=False)
            )
        tested += 1
        if tag in out and str(out[tag].value) == str(value):
            failures.append((f"{tag:08X}", action))
    assert tested > 500 and failures == []


def test_dates_and_uids_stay_consistent() -> None:
    first, second = whole_file(), whole_file()
    second.StudyDate = "20240320"
    a, b = (dicom.deidentify(f, Pseudonyms(KEY))[0] for f in (first, second))
    assert date.fromisoformat(b.StudyDate) - date.fromisoformat(a.StudyDate) == date(2024, 3, 20) - date(2024, 3, 15)
    assert a.StudyInstanceUID == b.StudyInstanceUID != first.StudyInstanceUID and a.PatientID == b.PatientID
    assert dicom.deidentify(first, Pseudonyms(bytes(32)))[0].PatientID != a.PatientID
    assert a.file_meta.MediaStorageSOPInstanceUID == a.SOPInstanceUID
    plain = dicom.deidentify(first, Pseudonyms(KEY), dicom.Options(shift_dates=False))[0]
    assert not plain.StudyDate and plain.LongitudinalTemporalInformationModified == "REMOVED"


def test_reviewed_boxes_are_blanked() -> None:
    file = whole_file()
    out, _ = dicom.deidentify(file, Pseudonyms(KEY), dicom.Options(blank=((10, 20, 60, 40),)))
    assert np.ptp(out.pixel_array[20:40, 10:60]) == 0 and out.BurnedInAnnotation == "NO"
    assert np.array_equal(out.pixel_array[41:], file.pixel_array[41:])


def test_pictures_that_may_show_a_name_ask_for_review() -> None:
    file = whole_file()
    for modality, said, expected in (("US", "", True), ("CT", "", False), ("CT", "YES", True), ("US", "NO", False)):
        file.Modality, file.BurnedInAnnotation = modality, said
        assert dicom.deidentify(file, Pseudonyms(KEY))[1].review_pixels is expected


def test_blanking_what_cannot_be_decoded_says_so() -> None:
    file = whole_file()
    del file.PixelData
    with pytest.raises(UserError, match="decoded"):
        dicom.deidentify(file, Pseudonyms(KEY), dicom.Options(blank=((0, 0, 1, 1),)))


def drawn(text: str, where: tuple[int, int], size: float, colour: int, seed: int) -> np.ndarray:
    import cv2

    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:512, :512]
    smooth = 90 + 60 * np.sin(x / 90 + seed) * np.cos(y / 70) + rng.normal(0, 4, (512, 512))
    image = np.clip(smooth, 0, 230).astype(np.uint8)
    cv2.putText(image, text, where, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1 if size < 0.8 else 2)
    return image


def test_burned_in_text_is_found() -> None:
    hits = 0
    for seed in range(20):
        where = (20 + 12 * seed, 40 + 22 * seed)
        boxes = find_text(drawn("DOE JANE 1951", where, 0.5 + 0.03 * seed, 255, seed))
        hits += any(b[0] <= where[0] + 60 <= b[2] and b[1] <= where[1] - 4 <= b[3] for b in boxes)
    assert hits >= 19


def test_images_without_text_give_few_boxes() -> None:
    assert sum(len(find_text(drawn("", (0, 0), 1, 0, seed))) for seed in range(10)) <= 3


def test_case_keeps_facts_and_offsets_but_no_identity() -> None:
    note = "Rowan TESTPATIENT, seen by Dr. Jane Miller on 2026-11-20, has cough. Phone 617-555-0143."
    base = sample.case(
        decisions=(
            Decision("d", Action.REJECT, "hypothesis:pneumonia", "Dr Zhu", "2026-11-22T08:00:00+00:00", "Rowan"),
        )
    )
    record = replace(base.record, notes=(Note("n1", note, base.record.notes[0].source),))
    case, leaks = deidentify_case(replace(base, record=record), Pseudonyms(KEY))
    text = to_json(case).decode()
    for secret in (
        "Rowan",
        "TESTPATIENT",
        "004217",
        "1959",
        "Miller",
        "617-555",
        "Dr Zhu",
        "2026-11-20",
        "film.dcm",
        "note.txt",
        "case-1",
    ):
        assert secret not in text
    at = note.index("cough")
    assert case.record.notes[0].text[at : at + 5] == "cough" and len(case.record.notes[0].text) == len(note)
    assert [f.code for f in case.findings] == [f.code for f in base.findings]
    assert case.assessment is not None and case.assessment.hypotheses == sample.assessment().hypotheses
    assert case.plan is not None and [a.source for a in case.plan.alerts] == [a.source for a in sample.plan().alerts]
    assert case.record.patient.age_years == 67 and case.record.patient.birth_date is None
    assert dict(leaks.covered)["NAME"] >= 2 and dict(leaks.covered)["CONTACT"] == 1


def test_the_oldest_are_ninety() -> None:
    base = sample.case()
    old = replace(base.record.patient, birth_date=date(1920, 1, 1))
    case, _ = deidentify_case(replace(base, record=replace(base.record, patient=old)), Pseudonyms(KEY))
    assert case.record.patient.age_years == 90


def test_escrow_opens_with_its_key_alone(tmp_path: Path) -> None:
    names = Pseudonyms(KEY)
    stand_in = names.subject(sample.record().patient)
    names.write_escrow(tmp_path / "escrow")
    assert read_escrow(tmp_path / "escrow", KEY)[stand_in] == "SYN-004217"
    with pytest.raises(UserError, match="key"):
        read_escrow(tmp_path / "escrow", bytes(32))
    assert b"004217" not in (tmp_path / "escrow").read_bytes()


@given(st.dates(date(1950, 1, 1), date(2030, 1, 1)), st.integers(1, 3650))
def test_shift_keeps_intervals_and_precision(day: date, by: int) -> None:
    from datetime import timedelta

    move = timedelta(days=-by)
    assert date.fromisoformat(shifted(day.isoformat(), move)) == day + move
    assert len(shifted(day.isoformat()[:7], move)) == 7 and len(shifted(str(day.year), move)) == 4
    assert shifted("last spring", move) == ""
