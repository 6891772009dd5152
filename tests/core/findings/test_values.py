"""Values told in free text, and what they are: shorthand, decades, numbers without their unit."""

from datetime import UTC, datetime

import pytest

from core.domain.basics import Source
from core.domain.finding import Status
from core.domain.record import Note, Patient, Sex
from core.findings.laboratory import findings_of_values
from core.findings.values import values_in

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stated(text: str, patient: Patient) -> set[str]:
    found = findings_of_values(values_in(Note("n", text, Source("n", "text"))), patient, NOW)
    return {f.code.code for f in found if f.status is Status.PRESENT}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("BP 88/50", "hypotension"),
        ("BP of 150 over 90", "elevated_blood_pressure"),
        ("hypotensive to 80/40", "hypotension"),
        ("systolic in the 70s", "hypotension"),
        ("HR in the 120s", "tachycardia"),
        ("tachycardic to the 130s", "tachycardia"),
        ("pulse 118 and regular", "tachycardia"),
        ("HR 42", "bradycardia"),
        ("satting 88% on RA", "low_oxygen_saturation"),
        ("SpO2 of 91 percent", "low_oxygen_saturation"),
        ("sats in the 80s", "low_oxygen_saturation"),
        ("temp 102.3 F", "high_fever"),
        ("febrile to 39.4", "high_fever"),
        ("Tmax 38.4", "fever"),
        ("RR 28", "tachypnea"),
        ("GCS 14", "altered_consciousness"),
        ("glucose 412", "very_high_glucose"),
        ("blood sugars in the 400s", "raised_glucose"),
        ("Hb 7.2", "low_hemoglobin"),
        ("WBC 18k", "leukocytosis"),
        ("Na 118, K 6.8", "hyperkalemia"),
        ("Hgb 9.1 and platelets 34", "low_platelets"),
        ("血压 88 / 50", "hypotension"),
        ("体温39.2", "high_fever"),
        ("心率120次/分", "tachycardia"),
        ("血氧88%", "low_oxygen_saturation"),
        ("高压185，低压110", "severe_hypertension"),
        ("血糖25.3", "very_high_glucose"),
    ],
)
def test_a_value_in_words_is_the_finding_it_means(text: str, finding: str) -> None:
    assert finding in stated(text, Patient(age_years=50, sex=Sex.MALE))


@pytest.mark.parametrize(
    "text",
    [
        "K 4 tablets daily",
        "vitamin K 5 mg",
        "magnesium 1.6",  # mmol/L or mg/dL
        "glucose 25",  # 25 mmol/L is very high, 25 mg/dL very low
        "sats in the 90s",
        "HR 88, RR 16, T 36.8, BP 118/76, SpO2 98%",
        "seen on 3/12 and 88/50 of them",
        "血糖5.1，血压120/80",
    ],
)
def test_these_numbers_state_nothing_abnormal(text: str) -> None:
    assert stated(text, Patient(age_years=50, sex=Sex.MALE)) == set()


def test_a_decade_is_kept_as_told() -> None:
    (value,) = (o.value for o in values_in(Note("n", "HR in the 120s", Source("n", "text"))))
    assert value is not None and (value.value, value.unit, value.comparator) == (120, "/min", ">=")


def test_unknown_age_and_sex_leave_only_what_holds_for_all() -> None:
    nobody = Patient()
    assert stated("RR 28", nobody) == set()  # an infant's is normal
    assert stated("HR 42", nobody) == {"bradycardia"}
    assert stated("Hb 12.5 g/dL", nobody) == set()  # low in a man, normal in a woman
    assert stated("Hb 7.2", nobody) == {"low_hemoglobin"}
    assert stated("WBC 12", Patient(age_years=4)) == set()


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("anti-CCP over 300", "anti_ccp_positive"),
        ("AFP 1,200", "raised_tumor_marker"),
        ("CA125 升高至 860 U/mL", "raised_tumor_marker"),
        ("总胆汁酸46μmol/L", "raised_bile_acids"),
        ("Mantoux 18 mm", "tb_test_positive"),
        ("血酮 5.6mmol/L", "ketonemia"),
        ("triglycerides 8.2", "raised_triglycerides"),
        ("uric acid 9.8", "raised_uric_acid"),
        ("pCO2 68", "hypercapnia"),
        ("中性粒细胞0.3×10^9/L", "neutropenia"),
        ("PSA 24", "raised_psa"),
        ("CRP 41", "raised_crp"),
        ("BUN 64", "raised_urea"),
        ("B12 90", "low_b12"),
    ],
)
def test_these_numbers_have_one_meaning(text: str, finding: str) -> None:
    sex = Sex.MALE if "PSA" in text else Sex.FEMALE
    assert finding in stated(text, Patient(age_years=45, sex=sex))


@pytest.mark.parametrize(
    "text", ["vitamin D 18", "B12 190", "prolactin 42", "urea 15", "CRP 6", "ketones 2+ in the urine", "AFP 4"]
)
def test_a_number_that_may_be_in_two_units_or_normal_states_nothing(text: str) -> None:
    assert stated(text, Patient(age_years=45, sex=Sex.FEMALE)) == set()
