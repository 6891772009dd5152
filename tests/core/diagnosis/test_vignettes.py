"""Reading vignettes (invented, SYNTHETIC) and grading the level of care."""

import argparse
import json
from pathlib import Path

import pytest

from core.domain.assessment import Urgency
from core.domain.finding import Status
from core.domain.record import Sex
from core.errors import UserError
from core.verbs import evaluate_vignettes as ev

_ROW = {
    "correct_diagnosis": "Pneumonia",
    "demographics": "7 month old Male",
    "chief_complaints": "Fever and cough",
    "presentation": "He has a productive cough and chills.",
    "absent_findings": "No wheezing, diarrhea",
    "physical_history": "None",
    "family_history": "-",
    "social_history": "",
    "urgency": "non-emergency",
}


def _read(tmp_path: Path, **changes: str) -> list[ev.Vignette]:
    (tmp_path / "v.jsonl").write_text(json.dumps(_ROW | changes) + "\n", encoding="utf-8")
    return ev.read(tmp_path)


def test_a_vignette_becomes_a_patient_and_findings(tmp_path: Path) -> None:
    (one,) = _read(tmp_path)
    assert one.patient.sex is Sex.MALE and one.patient.age_years == pytest.approx(7 / 12)
    assert one.urgency is Urgency.ROUTINE and len(one.notes) == 2
    status = {f.code.code: f.status for f in ev.findings(one)}
    assert status["fever"] is status["productive_cough"] is Status.PRESENT
    assert status["wheezing"] is status["diarrhea"] is Status.ABSENT


def test_the_measures_have_their_names_and_intervals(tmp_path: Path) -> None:
    result = ev.evaluate([*_read(tmp_path), *_read(tmp_path, correct_diagnosis="Nothing known")], with_cases=True)
    assert result["n"] == 2 and result["unmatched_diagnoses"] == ["Nothing known"]
    assert result["cases"][0]["rank"] >= 1 and result["cases"][1]["rank"] == 0
    for name in ("top1", "top3", "top5", "urgency_accuracy", "ms_per_case"):
        assert len(result[f"{name}_ci95"]) == 2


def test_a_higher_temperature_lowers_belief(tmp_path: Path) -> None:
    table = ev.by_temperature([*_read(tmp_path), *_read(tmp_path, correct_diagnosis="Nothing known")], [1.0, 2.0])
    assert table["1"]["belief"] > table["2"]["belief"] > 0
    assert set(table["1"]) == {"belief", "ece", "log_loss"}


def test_a_temperature_of_nothing_is_refused(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    ev.register(parser)
    with pytest.raises(UserError, match="above 0"):
        ev.run(parser.parse_args([str(tmp_path), "--temperatures", "1", "0"]))


@pytest.mark.parametrize(
    ("phrase", "years", "sex"),
    [
        ("25 year old Female", 25, Sex.FEMALE),
        ("3-week-old girl", 21 / 365.25, Sex.FEMALE),
        ("adult", None, Sex.UNKNOWN),
    ],
)
def test_demographics(phrase: str, years: float | None, sex: Sex) -> None:
    who = ev.who(phrase)
    assert who.sex is sex and who.age_years == (None if years is None else pytest.approx(years))


def test_a_broken_file_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_text('{"demographics": "x"}\n', encoding="utf-8")
    with pytest.raises(UserError, match="not a file of vignettes"):
        ev.read(tmp_path)
