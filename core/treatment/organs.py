"""Kidney and liver function for dosing, in the argument order that dosing uses: the formulas live in `core.risk.scores`.

Creatinine in mg/dL, weight in kg, height in cm, age in years.
"""

from core.domain.record import Sex
from core.risk.scores import body, kidney, liver

_OBESE = 30.0
_ASCITES = ("absent", "slight", "moderate")
_ENCEPHALOPATHY = ("none", "grade_1_2", "grade_3_4")


def cockcroft_gault(age_years: float, weight_kg: float, creatinine_mg_dl: float, sex: Sex) -> float:
    """Creatinine clearance in mL/min with the weight as given (see `kidney.cockcroft_gault`)."""
    return kidney.cockcroft_gault(age=age_years, weight=weight_kg, creatinine=creatinine_mg_dl, sex=sex.value)


def ckd_epi_2021(age_years: float, creatinine_mg_dl: float, sex: Sex) -> float:
    """eGFR in mL/min/1.73 m2 without race (see `kidney.ckd_epi_2021`)."""
    return kidney.ckd_epi_2021(age=age_years, creatinine=creatinine_mg_dl, sex=sex.value)


def bedside_schwartz(height_cm: float, creatinine_mg_dl: float) -> float:
    """Children's eGFR in mL/min/1.73 m2 (see `kidney.bedside_schwartz`)."""
    return kidney.bedside_schwartz(height=height_cm, creatinine=creatinine_mg_dl)


def ideal_weight(height_cm: float, sex: Sex) -> float:
    """Ideal body weight in kg (see `body.ideal_weight`)."""
    return body.ideal_weight(height=height_cm, sex=sex.value)


def adjusted_weight(weight_kg: float, height_cm: float, sex: Sex) -> float:
    """Adjusted body weight in kg (see `body.adjusted_weight`)."""
    return body.adjusted_weight(weight=weight_kg, height=height_cm, sex=sex.value)


def clearance_weight(weight_kg: float, height_cm: float | None, sex: Sex) -> float:
    """Weight for Cockcroft-Gault in dosing: adjusted weight in obesity where the height is known, else actual weight."""
    if height_cm is None or weight_kg / (height_cm / 100) ** 2 < _OBESE:
        return weight_kg
    return adjusted_weight(weight_kg, height_cm, sex)


def body_surface(weight_kg: float, height_cm: float) -> float:
    """Body surface in m2 (see `body.body_surface`)."""
    return body.body_surface(weight=weight_kg, height=height_cm)


def child_pugh(bilirubin_mg_dl: float, albumin_g_dl: float, inr: float, ascites: int, encephalopathy: int) -> int:
    """Child-Pugh points 5-15 (see `liver.child_pugh`). `ascites` and `encephalopathy`: 0 none, 1 mild, 2 severe."""
    points = liver.child_pugh(
        bilirubin=bilirubin_mg_dl,
        albumin=albumin_g_dl,
        inr=inr,
        ascites=_ASCITES[ascites],
        encephalopathy=_ENCEPHALOPATHY[encephalopathy],
    )
    return int(sum(points.values()))


def child_pugh_class(points: int) -> str:
    """A (5-6), B (7-9) or C (10-15)."""
    return "A" if points <= 6 else "B" if points <= 9 else "C"
