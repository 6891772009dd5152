"""Ten-year risks for prevention: PREVENT, the SCORE2 family, FINDRISC. The coefficients are data (`coefficients.yaml`)."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from core.paths import RESOURCES
from core.risk.scores import Points, step

_MG_PER_MMOL = 38.67  # cholesterol, as the PREVENT supplement converts


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """All coefficients with their sources."""
    path = RESOURCES / "knowledge" / "scores" / "coefficients.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def prevent_cvd(
    *,
    age: float,
    sex: str,
    total_cholesterol: float,
    hdl: float,
    systolic: float,
    diabetes: bool,
    smoker: bool,
    egfr: float,
    pressure_treated: bool,
    statin: bool,
) -> float:
    """Total cardiovascular disease in 10 years, % (Khan et al., Circulation 2024;149:430-449); cholesterol in mg/dL."""
    terms = _common(age, systolic, diabetes, smoker, egfr, pressure_treated)
    return _prevent("cvd", sex, terms | _lipids(age, total_cholesterol, hdl, statin))


def prevent_ascvd(
    *,
    age: float,
    sex: str,
    total_cholesterol: float,
    hdl: float,
    systolic: float,
    diabetes: bool,
    smoker: bool,
    egfr: float,
    pressure_treated: bool,
    statin: bool,
) -> float:
    """Atherosclerotic cardiovascular disease in 10 years, % (same paper)."""
    terms = _common(age, systolic, diabetes, smoker, egfr, pressure_treated)
    return _prevent("ascvd", sex, terms | _lipids(age, total_cholesterol, hdl, statin))


def prevent_heart_failure(
    *,
    age: float,
    sex: str,
    systolic: float,
    diabetes: bool,
    smoker: bool,
    bmi: float,
    egfr: float,
    pressure_treated: bool,
) -> float:
    """Heart failure in 10 years, % (same paper)."""
    high = (max(bmi, 30) - 30) / 5
    body = {"bmi_low": (min(bmi, 30) - 25) / 5, "bmi_high": high, "age_bmi": (age - 55) / 10 * high}
    return _prevent("heart_failure", sex, _common(age, systolic, diabetes, smoker, egfr, pressure_treated) | body)


def _common(age: float, systolic: float, diabetes: bool, smoker: bool, egfr: float, treated: bool) -> dict[str, float]:
    years, high = (age - 55) / 10, (max(systolic, 110) - 130) / 20
    kidney = (min(egfr, 60) - 60) / -15
    return {
        "constant": 1.0,
        "age": years,
        "sbp_low": (min(systolic, 110) - 110) / 20,
        "sbp_high": high,
        "diabetes": float(diabetes),
        "smoker": float(smoker),
        "egfr_low": kidney,
        "egfr_high": (max(egfr, 60) - 90) / -15,
        "treated": float(treated),
        "treated_sbp": high * treated,
        "age_sbp": years * high,
        "age_diabetes": years * diabetes,
        "age_smoker": years * smoker,
        "age_egfr": years * kidney,
    }


def _lipids(age: float, total: float, hdl: float, statin: bool) -> dict[str, float]:
    years = (age - 55) / 10
    bad, good = (total - hdl) / _MG_PER_MMOL - 3.5, (hdl / _MG_PER_MMOL - 1.3) / 0.3
    return {
        "non_hdl": bad,
        "hdl": good,
        "statin": float(statin),
        "statin_non_hdl": bad * statin,
        "age_non_hdl": years * bad,
        "age_hdl": years * good,
    }


def _prevent(outcome: str, sex: str, terms: Mapping[str, float]) -> float:
    weights: dict[str, float] = tables()["prevent"][outcome][sex]
    total = sum(weight * terms[name] for name, weight in weights.items())
    return 100 / (1 + math.exp(-total))


def score2(
    *, age: float, sex: str, smoker: bool, systolic: float, total_cholesterol: float, hdl: float, region: str
) -> float:
    """Fatal and non-fatal cardiovascular disease in 10 years, %, ages 40-69 (Eur Heart J 2021;42:2439-2454)."""
    b = tables()["score2"][sex]
    years, pressure = (age - 60) / 5, (systolic - 120) / 20
    total, good = total_cholesterol / _MG_PER_MMOL - 6, (hdl / _MG_PER_MMOL - 1.3) / 0.5
    score = b["age"] * years + (b["smoker"] + b["age_smoker"] * years) * smoker
    score += (b["sbp"] + b["age_sbp"] * years) * pressure
    score += (b["total"] + b["age_total"] * years) * total + (b["hdl"] + b["age_hdl"] * years) * good
    risk = 1 - b["survival"] ** math.exp(score)
    return _recalibrated(risk, tables()["score2"]["scales"][sex][region])


def score2_diabetes(
    *,
    age: float,
    sex: str,
    smoker: bool,
    systolic: float,
    total_cholesterol: float,
    hdl: float,
    hba1c: float,
    egfr: float,
    diabetes_since_age: float,
    region: str,
) -> float | None:
    """The same in type 2 diabetes, ages 40-69 (Eur Heart J 2023;44:2544-2556). HbA1c in % (NGSP), converted to mmol/mol.

    None where diabetes would have begun later than now.
    """
    if diabetes_since_age > age:
        return None
    b = tables()["score2_diabetes"][sex]
    years, kidney = (age - 60) / 5, (math.log(egfr) - 4.5) / 0.15
    sugar = ((hba1c - 2.152) / 0.09148 - 31) / 9.34
    terms = {
        "age": years,
        "smoker": float(smoker),
        "sbp": (systolic - 120) / 20,
        "total": total_cholesterol / _MG_PER_MMOL - 6,
        "hdl": (hdl / _MG_PER_MMOL - 1.3) / 0.5,
        "hba1c": sugar,
        "egfr": kidney,
        "diabetes": 1.0,
    }
    terms |= {f"age_{name}": years * value for name, value in terms.items() if name != "age"}
    terms |= {"egfr_squared": kidney**2, "onset": (diabetes_since_age - 50) / 5}
    score = sum(weight * terms[name] for name, weight in b.items())
    known = tables()["score2"]
    return _recalibrated(1 - known[sex]["survival"] ** math.exp(score), known["scales"][sex][region])


def score2_op(
    *,
    age: float,
    sex: str,
    smoker: bool,
    diabetes: bool,
    systolic: float,
    total_cholesterol: float,
    hdl: float,
    region: str,
) -> float:
    """The same from 70 years (Eur Heart J 2021;42:2455-2467)."""
    b = tables()["score2_op"][sex]
    years, pressure = age - 73, systolic - 150
    total, good = total_cholesterol / _MG_PER_MMOL - 6, hdl / _MG_PER_MMOL - 1.4
    score = b["age"] * years + (b["diabetes"] + b["age_diabetes"] * years) * diabetes
    score += (b["smoker"] + b["age_smoker"] * years) * smoker + (b["sbp"] + b["age_sbp"] * years) * pressure
    score += (b["total"] + b["age_total"] * years) * total + (b["hdl"] + b["age_hdl"] * years) * good
    risk = 1 - b["survival"] ** math.exp(score - b["mean"])
    return _recalibrated(risk, tables()["score2_op"]["scales"][sex][region])


def _recalibrated(risk: float, scales: list[float]) -> float:
    return 100 * (1 - math.exp(-math.exp(scales[0] + scales[1] * math.log(-math.log(1 - risk)))))


_FAMILY = {"none": 0.0, "second_degree": 3.0, "first_degree": 5.0}


def findrisc(
    *,
    age: float,
    sex: str,
    bmi: float,
    waist: float,
    active_30min: bool,
    vegetables_daily: bool,
    pressure_treated: bool,
    high_glucose_before: bool,
    family_diabetes: str,
) -> Points:
    """Type 2 diabetes in 10 years (Lindström and Tuomilehto, Diabetes Care 2003;26:725-731; items as in use since)."""
    slim, broad = (80, 88) if sex == "female" else (94, 102)
    return {
        "age": step(age, (45, 0), (55, 2), (65, 3), above=4),
        "bmi": step(bmi, (25, 0), (30.0001, 1), above=3),
        "waist": step(waist, (slim, 0), (broad + 0.0001, 3), above=4),
        "active_30min": 0.0 if active_30min else 2.0,
        "vegetables_daily": 0.0 if vegetables_daily else 1.0,
        "pressure_treated": 2.0 * pressure_treated,
        "high_glucose_before": 5.0 * high_glucose_before,
        "family_diabetes": _FAMILY[family_diabetes],
    }
