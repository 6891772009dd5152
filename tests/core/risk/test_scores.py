"""Worked examples: from the papers where they give one, else reckoned by hand from the published table."""

from datetime import date

import pytest

from core.domain.basics import Quantity
from core.errors import UserError
from core.risk.score import compute, find, input_specs, scores

_CHAINS = {
    "body_mass_index": ({"weight": 70, "height": 175}, 22.857),
    "body_surface": ({"weight": 60, "height": 160}, 1.633),
    "ideal_weight": ({"height": 177.8, "sex": "male"}, 73.0),
    "adjusted_weight": ({"weight": 100, "height": 177.8, "sex": "male"}, 83.8),
    "target_weight": ({"target_bmi": 22, "height": 170}, 63.58),
    "maintenance_fluid": ({"weight": 25}, 65),
    "gestational_age": ({"last_period": date(2024, 1, 1), "on_date": date(2024, 3, 1)}, 60),
    "due_date": ({"last_period": date(2024, 1, 1), "cycle_days": 28}, date(2024, 10, 7).toordinal()),
    "conception_date": ({"last_period": date(2024, 1, 1), "cycle_days": 30}, date(2024, 1, 17).toordinal()),
    "cockcroft_gault": ({"age": 40, "weight": 72, "creatinine": 1.0, "sex": "male"}, 100.0),
    "ckd_epi_2021": ({"age": 50, "creatinine": 0.9, "sex": "male"}, 104.05),
    "mdrd": ({"age": 50, "creatinine": 1.0, "sex": "female"}, 58.69),
    "bedside_schwartz": ({"height": 100, "creatinine": 0.5}, 82.6),
    "fractional_sodium": ({"sodium": 140, "creatinine": 2, "urine_sodium": 20, "urine_creatinine": 100}, 0.2857),
    "free_water_deficit": ({"age": 30, "weight": 70, "sex": "male", "sodium": 160}, 6.0),
    "corrected_calcium": ({"calcium": 8, "albumin": 2}, 9.6),
    "corrected_sodium": ({"sodium": 130, "glucose": 600}, 142.0),
    "serum_osmolality": ({"sodium": 140, "glucose": 90, "urea_nitrogen": 14}, 290.0),
    "homa_ir": ({"fasting_glucose": 81, "insulin": 5}, 1.0),
    "anion_gap": ({"sodium": 140, "chloride": 104, "bicarbonate": 24}, 12),
    "albumin_anion_gap": ({"sodium": 140, "chloride": 104, "bicarbonate": 24, "albumin": 2}, 17),
    "delta_gap": ({"sodium": 140, "chloride": 100, "bicarbonate": 14}, 14),
    "albumin_delta_gap": ({"sodium": 140, "chloride": 100, "bicarbonate": 14, "albumin": 2}, 19),
    "delta_ratio": ({"sodium": 140, "chloride": 100, "bicarbonate": 14}, 1.4),
    "albumin_delta_ratio": ({"sodium": 140, "chloride": 100, "bicarbonate": 14, "albumin": 2}, 1.9),
    "ldl_friedewald": ({"total_cholesterol": 200, "hdl": 50, "triglycerides": 150}, 120),
    "steroid_equivalent": ({"steroid": "prednisone", "dose_mg": 40, "target_steroid": "dexamethasone"}, 6.0),
    "morphine_equivalents": ({"oxycodone_mg": 20, "tramadol_mg": 100}, 50.0),
    "mean_pressure": ({"systolic": 120, "diastolic": 75}, 90),
    "qtc_bazett": ({"qt": 400, "heart_rate": 60}, 400),
    "qtc_fridericia": ({"qt": 400, "heart_rate": 120}, 503.97),
    "qtc_framingham": ({"qt": 350, "heart_rate": 120}, 427),
    "qtc_hodges": ({"qt": 350, "heart_rate": 100}, 420),
    "qtc_rautaharju": ({"qt": 360, "heart_rate": 80}, 400),
    "fib_4": ({"age": 50, "ast": 80, "alt": 64, "platelets": 100}, 5.0),
    "meld_na": ({"creatinine": 1.9, "bilirubin": 4.2, "inr": 1.2, "sodium": 140, "dialysis": False}, 20),
}


@pytest.mark.parametrize("name", sorted(_CHAINS))
def test_formula_gives_the_value_reckoned_by_hand(name: str) -> None:
    given, expected = _CHAINS[name]
    assert compute(find(name), given).value == pytest.approx(expected, rel=1e-3)


def _flags(name: str, *true: str) -> dict[str, bool]:
    return {s.id: s.id in true for s in find(name).inputs if s.is_flag}


_POINTS = [
    ("cha2ds2_vasc", {"age": 76, "sex": "female"}, ("hypertension", "stroke_tia_embolism"), 6),
    ("cha2ds2_vasc", {"age": 64, "sex": "male"}, (), 0),
    ("has_bled", {"age": 66, "drinks_per_week": 8}, ("labile_inr", "bleeding_drugs"), 4),
    ("has_bled", {"age": 65, "drinks_per_week": 7}, (), 0),
    ("heart_score", {"age": 65, "suspicion": "high", "ecg": "st_deviation", "troponin_ratio": "above_three"}, ("atherosclerotic_disease",), 10),  # noqa: E501
    ("heart_score", {"age": 44, "suspicion": "slight", "ecg": "normal", "troponin_ratio": "normal"}, ("smoking",), 1),
    ("revised_cardiac_risk", {"creatinine": 2.1}, ("high_risk_surgery", "insulin_treatment"), 3),
    ("revised_cardiac_risk", {"creatinine": 2.0}, (), 0),
    ("child_pugh", {"bilirubin": 1.9, "albumin": 3.6, "inr": 1.6, "ascites": "absent", "encephalopathy": "none"}, (), 5),
    ("child_pugh", {"bilirubin": 3.1, "albumin": 2.7, "inr": 2.4, "ascites": "moderate", "encephalopathy": "grade_3_4"}, (), 15),  # noqa: E501
    ("glasgow_blatchford", {"urea": 6.4, "haemoglobin": 12, "sex": "female", "systolic": 110, "heart_rate": 99}, (), 0),
    ("glasgow_blatchford", {"urea": 25, "haemoglobin": 9.9, "sex": "male", "systolic": 89, "heart_rate": 100}, ("melaena", "syncope", "liver_disease", "heart_failure"), 23),  # noqa: E501
    ("wells_pe", {"heart_rate": 101}, ("dvt_signs", "haemoptysis"), 5.5),
    ("wells_pe", {"heart_rate": 100}, (), 0),
    ("wells_dvt", {}, ("active_cancer", "whole_leg_swollen", "alternative_as_likely"), 0),
    ("perc", {"age": 50, "heart_rate": 100, "oxygen_saturation": 94}, ("hormone_use",), 4),
    ("perc", {"age": 49, "heart_rate": 99, "oxygen_saturation": 95}, (), 0),
    ("caprini", {"age": 61, "sex": "male", "bmi": 25.1, "surgery": "arthroplasty", "mobility": "bed_72h"}, ("previous_dvt", "previous_pe"), 13),  # noqa: E501
    ("centor", {"age": 10, "temperature": 38.5}, ("cough_absent", "tender_nodes", "tonsil_exudate"), 5),
    ("centor", {"age": 45, "temperature": 38.0}, (), -1),
    ("fever_pain", {}, ("fever_24h", "purulent_tonsils"), 2),
    ("curb_65", {"age": 65, "urea": 7.1, "respiratory_rate": 30, "systolic": 100, "diastolic": 60}, ("confusion",), 5),
    ("curb_65", {"age": 64, "urea": 7.0, "respiratory_rate": 29, "systolic": 90, "diastolic": 61}, (), 0),
    ("sirs", {"temperature": 38.1, "heart_rate": 91, "respiratory_rate": 21, "white_cells": 12.1}, (), 4),
    ("sirs", {"temperature": 38.0, "heart_rate": 90, "respiratory_rate": 20, "white_cells": 12.0}, (), 0),
    ("qsofa", {"respiratory_rate": 22, "systolic": 100, "gcs": 14}, (), 3),
    ("news2", {"respiratory_rate": 25, "oxygen_saturation": 91, "systolic": 90, "heart_rate": 131, "temperature": 39.1}, ("supplemental_oxygen",), 19),  # noqa: E501
    ("news2", {"respiratory_rate": 12, "oxygen_saturation": 96, "systolic": 111, "heart_rate": 51, "temperature": 36.1}, ("alert",), 0),  # noqa: E501
    ("news2", {"respiratory_rate": 20, "oxygen_saturation": 97, "systolic": 219, "heart_rate": 90, "temperature": 38.0}, ("alert", "supplemental_oxygen", "hypercapnic_target"), 5),  # noqa: E501
    ("pneumonia_severity", {"age": 80, "sex": "female", "respiratory_rate": 30, "systolic": 89, "temperature": 40, "heart_rate": 125, "ph": 7.34, "urea_nitrogen": 30, "sodium": 129, "glucose": 250, "haematocrit": 29, "pao2": 59}, ("neoplastic_disease",), 265),  # noqa: E501
    ("glasgow_coma", {"eye": "pain", "verbal": "words", "motor": "withdrawal"}, (), 9),
    ("sofa", {"pao2": 87, "fio2": 71, "platelets": 87, "bilirubin": 3.32, "gcs": 8, "creatinine": 0.9, "mean_arterial": 80, "norepinephrine": 0.27, "urine_per_day": 132}, (), 17),  # noqa: E501
    ("sofa", {"pao2": 90, "fio2": 21, "platelets": 150, "bilirubin": 1.1, "gcs": 15, "creatinine": 1.1, "mean_arterial": 70}, (), 0),  # noqa: E501
    ("apache_ii", {"temperature": 37, "mean_arterial": 80, "heart_rate": 80, "respiratory_rate": 16, "fio2": 21, "pao2": 80, "ph": 7.4, "sodium": 140, "potassium": 4, "creatinine": 1.0, "haematocrit": 40, "white_cells": 8, "gcs": 15, "age": 40}, (), 0),  # noqa: E501
    ("apache_ii", {"temperature": 41, "mean_arterial": 49, "heart_rate": 180, "respiratory_rate": 50, "fio2": 60, "aa_gradient": 500, "ph": 7.1, "sodium": 180, "potassium": 7, "creatinine": 3.5, "haematocrit": 60, "white_cells": 40, "gcs": 3, "age": 75, "admission": "elective"}, ("acute_renal_failure", "organ_failure_history"), 68),  # noqa: E501
    ("charlson", {"age": 79, "liver_severity": "moderate_severe", "diabetes_severity": "end_organ", "solid_tumour": "none"}, ("moderate_severe_ckd", "stroke_or_tia", "peripheral_vascular_disease", "myocardial_infarction"), 13),  # noqa: E501
    ("findrisc", {"age": 50, "sex": "male", "bmi": 31, "waist": 103, "family_diabetes": "first_degree"}, ("pressure_treated",), 19),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "true", "expected"), _POINTS)
def test_point_score_follows_the_published_table(
    name: str, given: dict, true: tuple[str, ...], expected: float
) -> None:
    result = compute(find(name), {**_flags(name, *true), **given})
    assert result.value == expected, result.parts or result.missing
    assert sum(part.points for part in result.parts) == expected


def test_every_score_has_worked_values_a_source_and_both_names() -> None:
    worked = set(_CHAINS) | {row[0] for row in _POINTS}
    elsewhere = {
        "framingham_hard_chd",
        "prevent_cvd",
        "prevent_ascvd",
        "prevent_heart_failure",
        "score2",
        "score2_op",
        "score2_diabetes",
    }
    assert set(scores()) == worked | elsewhere
    for score in scores().values():
        assert score.source.title and score.source.year >= 1900
        assert score.label.en and score.label.zh and score.formula and score.inputs
        assert not score.bands or score.bands[-1].below is None
        assert [b.below for b in score.bands[:-1]] == sorted(b.below for b in score.bands[:-1])
    for spec in input_specs().values():
        assert spec.label.en and spec.label.zh
        assert not spec.unit or spec.low < spec.high


_SMOKER = {"age": 50, "smoker": True, "systolic": 140, "total_cholesterol": Quantity(5.5, "mmol/L"), "hdl": Quantity(1.3, "mmol/L")}  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    ("sex", "region", "percent"),
    [("male", "low", 5.9), ("male", "very_high", 14.0), ("female", "low", 4.2), ("female", "very_high", 13.7)],
)
def test_score2_gives_the_example_of_its_abstract(sex: str, region: str, percent: float) -> None:
    result = compute(find("score2"), {**_SMOKER, "sex": sex, "region": region})
    assert result.value == pytest.approx(percent, abs=0.05)


@pytest.mark.parametrize(
    ("sex", "onset", "mmol_per_mol", "egfr", "percent"),
    [("male", 60, 50, 90, 11.0), ("male", 50, 70, 60, 17.2), ("female", 50, 70, 60, 12.7)],
)
def test_score2_diabetes_gives_the_example_of_its_abstract(
    sex: str, onset: float, mmol_per_mol: float, egfr: float, percent: float
) -> None:
    given = {**_SMOKER, "age": 60, "smoker": False, "sex": sex, "region": "moderate", "egfr": egfr}
    result = compute(find("score2_diabetes"), {**given, "hba1c": 0.09148 * mmol_per_mol + 2.152, "diabetes_since_age": onset})  # fmt: skip  # noqa: E501
    assert result.value == pytest.approx(percent, abs=0.05)
    later = {**given, "hba1c": 7.0, "diabetes_since_age": 61}
    assert compute(find("score2_diabetes"), later).value is None


def test_prevent_gives_the_example_of_its_supplement() -> None:
    woman = {"age": 50, "sex": "female", "systolic": 160, "diabetes": True, "smoker": False, "egfr": 90, "pressure_treated": True}  # fmt: skip  # noqa: E501
    lipids = {"total_cholesterol": 200, "hdl": 45, "statin": False}
    assert compute(find("prevent_cvd"), {**woman, **lipids}).value == pytest.approx(14.7, abs=0.05)
    assert compute(find("prevent_ascvd"), {**woman, **lipids}).value == pytest.approx(9.2, abs=0.05)
    assert compute(find("prevent_heart_failure"), {**woman, "bmi": 35}).value == pytest.approx(8.1, abs=0.05)


def test_risk_rises_with_pressure_smoking_and_region() -> None:
    base = {"age": 75, "sex": "male", "smoker": False, "diabetes": False, "systolic": 140, "total_cholesterol": 200, "hdl": 50, "region": "low"}  # fmt: skip  # noqa: E501
    risk = compute(find("score2_op"), base).value
    for change in ({"smoker": True}, {"systolic": 170}, {"region": "high"}, {"diabetes": True}, {"age": 80}):
        assert compute(find("score2_op"), {**base, **change}).value > risk
    man = {"age": 54, "sex": "male", "systolic": 139, "total_cholesterol": 235, "hdl": 26, "smoker": True, "pressure_treated": False}  # fmt: skip  # noqa: E501
    assert compute(find("framingham_hard_chd"), man).value == pytest.approx(29.02, abs=0.01)
    assert compute(find("framingham_hard_chd"), {**man, "smoker": False}).value < 29


def test_missing_inputs_are_listed_and_nothing_is_guessed() -> None:
    result = compute(find("curb_65"), {"age": 70})
    assert result.value is None and not result.parts
    assert [label.en for label in result.missing] == [
        "New confusion", "Urea", "Respiratory rate", "Systolic pressure", "Diastolic pressure",
    ]  # fmt: skip
    assert compute(find("morphine_equivalents"), {}).value is None


def test_units_are_converted() -> None:
    divalent = compute(find("corrected_calcium"), {"calcium": Quantity(5, "meq/L"), "albumin": 4}).value
    assert divalent == pytest.approx(10.02, abs=0.01)
    given = {"age": 74, "sex": "male"}
    in_mmol = compute(find("ckd_epi_2021"), {**given, "creatinine": Quantity(88.42, "umol/L")}).value
    assert in_mmol == pytest.approx(compute(find("ckd_epi_2021"), {**given, "creatinine": 1.0}).value, rel=2e-3)
    fever = compute(find("sirs"), {"temperature": Quantity(102, "[degF]"), "heart_rate": 80, "respiratory_rate": 12, "white_cells": Quantity(8000, "/uL")})  # fmt: skip  # noqa: E501
    assert fever.value == 1


@pytest.mark.parametrize(
    "given",
    [
        {"weight": 70, "height": "tall"},
        {"weight": 70, "height": 1.75},
        {"weight": Quantity(70, "mg/dL"), "height": 175},
        {"weight": True, "height": 175},
        {"weight": Quantity(70, "kg", ">"), "height": 175},
        {"weight": 70, "height": 175, "shoe_size": 43},
    ],
)
def test_a_wrong_input_is_refused(given: dict) -> None:
    with pytest.raises(UserError):
        compute(find("body_mass_index"), given)


def test_what_cannot_be_reckoned_says_so() -> None:
    assert compute(find("glasgow_coma"), {"eye": "voice", "verbal": "not_testable", "motor": "obeys"}).note.en
    assert compute(find("ldl_friedewald"), {"total_cholesterol": 250, "hdl": 40, "triglycerides": 400}).value is None
    assert compute(find("delta_ratio"), {"sodium": 140, "chloride": 104, "bicarbonate": 24}).value is None
    child = {"age": 2, "temperature": 39, "cough_absent": True, "tender_nodes": True, "tonsil_exudate": True}
    assert compute(find("centor"), child).value is None
    with pytest.raises(UserError):
        find("no_such_score")
