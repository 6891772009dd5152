"""The stages together, on the synthetic samples: any subset works, nothing is merged silently, results move with input."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import pipeline
from core.domain.case import Case, CaseStatus
from core.domain.finding import Origin
from core.domain.serial import from_json, to_json
from core.errors import UserError
from core.paths import RESOURCES
from core.progress import Cancelled

SAMPLES = RESOURCES / "samples"
NOW = datetime(2025, 11, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folders = [p for p in SAMPLES.iterdir() if p.is_dir()]
    result = pipeline.open_paths(folders, scratch=tmp_path_factory.mktemp("scratch"), now=NOW)
    assert not [f for f in result.files if f.error]
    return {c.record.patient.name.split(",")[0]: c for c in result.cases}


@pytest.fixture(scope="module")
def child(opened: dict[str, Case]) -> Case:
    return pipeline.analyse(opened["SAMPLECHILD"], now=NOW)


def test_each_patient_is_one_case_with_its_own_film(opened: dict[str, Case]) -> None:
    assert len(opened) == 4
    assert [i.path for i in opened["SAMPLECHILD"].images] == [str(SAMPLES / "child-cough" / "film.dcm")]
    assert [i.path for i in opened["TESTPATIENT"].images] == [str(SAMPLES / "adult-chest-pain" / "film.dcm")]
    assert all(c.record.patient.synthetic for c in opened.values())


def test_the_reason_is_the_notes_own(opened: dict[str, Case]) -> None:
    assert opened["TESTPATIENT"].reason.startswith("A 67-year-old woman with cough")
    assert opened["测试患者"].reason.startswith("转移性右下腹痛")


def test_a_child_with_a_film_gets_a_ranked_explained_planned_case(child: Case) -> None:
    assert child.status is CaseStatus.TO_REVIEW
    assert child.assessment is not None
    assert child.assessment.hypotheses[0].id == "pneumonia"
    assert {f.origin for f in child.findings} >= {Origin.NOTE, Origin.LABORATORY, Origin.VITAL, Origin.IMAGE}
    assert child.predictions
    assert child.explanation is not None
    assert all(e.additivity_error < 1e-6 for e in child.explanation.findings)
    assert child.plan is not None
    assert child.plan.options


def test_a_case_survives_json(child: Case) -> None:
    assert from_json(to_json(child), Case) == child


def test_without_the_image_the_estimate_moves(child: Case) -> None:
    without = [f for f in child.findings if f.origin is not Origin.IMAGE]
    moved = pipeline.reassess(child, without, now=NOW)
    assert moved.assessment is not None
    assert child.assessment is not None
    before = next(h for h in child.assessment.hypotheses if h.id == "pneumonia")
    after = next(h for h in moved.assessment.hypotheses if h.id == "pneumonia")
    assert after.log_odds < before.log_odds
    assert not [e for h in moved.assessment.hypotheses for e in h.evidence_for if e.origin is Origin.IMAGE]


def test_an_adults_film_gets_no_estimate_and_the_reason(opened: dict[str, Case]) -> None:
    case = pipeline.analyse(opened["TESTPATIENT"], now=NOW)
    assert case.refusals
    assert not case.predictions
    assert "67 years" in case.refusals[0].reason.en
    assert case.assessment is not None
    assert case.assessment.hypotheses[0].id == "pneumonia"
    with pytest.raises(UserError, match="nothing to explain"):
        pipeline.explain_image(case, case.images[0].id)


def test_a_confirmed_diagnosis_in_the_file_never_reaches_the_engines(opened: dict[str, Case]) -> None:
    rare = opened["SAMPLERARE"]
    stripped = dataclasses.replace(rare, record=dataclasses.replace(rare.record, diagnoses=()))
    a, b = (pipeline.analyse(c, now=NOW).assessment for c in (rare, stripped))
    assert a is not None
    assert b is not None
    assert [h.id for h in a.hypotheses] == [h.id for h in b.hypotheses]


def test_cancel_leaves_the_case_as_it_was(opened: dict[str, Case]) -> None:
    def cancel(done: int, total: int, what: str) -> None:
        raise Cancelled

    case = opened["SAMPLECHILD"]
    before = to_json(case)
    with pytest.raises(Cancelled):
        pipeline.analyse(case, cancel, now=NOW)
    assert to_json(case) == before


def test_nothing_readable_is_one_clear_sentence(tmp_path: Path) -> None:
    bad = tmp_path / "broken.json"
    bad.write_text('{"resourceType": "Bund', encoding="utf-8")
    with pytest.raises(UserError, match=r"broken\.json"):
        pipeline.open_paths([bad], scratch=tmp_path / "s", now=NOW)


def test_an_unreadable_file_leaves_the_rest(tmp_path: Path) -> None:
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)
    paths = [tmp_path / "broken.dcm", SAMPLES / "chinese-note"]
    result = pipeline.open_paths(paths, scratch=tmp_path / "s", now=NOW)
    assert len(result.cases) == 1
    assert [Path(f.path).name for f in result.files if f.error] == ["broken.dcm"]


def test_what_the_user_says_of_a_picture_is_kept(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (300, 300), 90).save(tmp_path / "film.png")
    result = pipeline.open_paths([tmp_path / "film.png"], scratch=tmp_path / "s", now=NOW)
    assert [q.path for q in result.questions] == [str(tmp_path / "film.png")]
    case = pipeline.answer_image(result.cases[0], result.questions[0].id, age_years=3.0, view="AP")
    assert case.images[0].age_years == 3.0
    assert case.images[0].stated_by == "user"


def test_a_long_reason_ends_at_a_sentence_or_says_that_it_goes_on() -> None:
    from core.pipeline import _cut

    first = "A man of 58 years has had pressing chest pain for two hours."
    assert _cut(f"{first} {'It came on while he was carrying shopping upstairs, and ' * 3}") == first
    assert _cut("因头痛两天伴视物模糊一天入院治疗，头痛为双侧持续胀痛。" + "既往无特殊，" * 30).endswith("胀痛。")
    long = _cut("pain and more " * 20)
    assert long.endswith(("pain…", "and…", "more…")) and len(long) <= 141
    assert _cut("Cough") == "Cough"
