"""Kidney and liver function: Cockcroft-Gault, CKD-EPI 2021, bedside Schwartz, Child-Pugh, body size.

All functions are pure; creatinine in mg/dL, weight in kg, height in cm, age in years.
"""

import math

from core.domain.record import Sex

_ADULT_YEARS = 18


def cockcroft_gault(age_years: float, weight_kg: float, creatinine_mg_dl: float, sex: Sex) -> float:
    """Creatinine clearance in mL/min (Cockcroft and Gault, Nephron 1976;16:31-41)."""
    clearance = (140 - age_years) * weight_kg / (72 * creatinine_mg_dl)
    return max(0.0, clearance * (0.85 if sex is Sex.FEMALE else 1.0))


def ckd_epi_2021(age_years: float, creatinine_mg_dl: float, sex: Sex) -> float:
    """eGFR in mL/min/1.73 m2 without race (Inker et al., N Engl J Med 2021;385:1737-1749)."""
    female = sex is Sex.FEMALE
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine_mg_dl / kappa
    egfr = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.200 * 0.9938**age_years
    return float(egfr * (1.012 if female else 1.0))


def bedside_schwartz(height_cm: float, creatinine_mg_dl: float) -> float:
    """Children's eGFR in mL/min/1.73 m2 (Schwartz et al., J Am Soc Nephrol 2009;20:629-637)."""
    return 0.413 * height_cm / creatinine_mg_dl


def ideal_weight(height_cm: float, sex: Sex) -> float:
    """Ideal body weight in kg (Devine, Drug Intell Clin Pharm 1974;8:650-655)."""
    base = 45.5 if sex is Sex.FEMALE else 50.0
    return base + 2.3 * (height_cm / 2.54 - 60)


def adjusted_weight(weight_kg: float, height_cm: float, sex: Sex) -> float:
    """Adjusted body weight in kg, for Cockcroft-Gault from 30 kg/m2 (Winter, Pharmacotherapy 2012;32:604-612)."""
    ideal = ideal_weight(height_cm, sex)
    return ideal + 0.4 * (weight_kg - ideal)


def clearance_weight(weight_kg: float, height_cm: float | None, sex: Sex) -> float:
    """Weight for Cockcroft-Gault: adjusted weight in obesity where the height is known, else actual weight."""
    if height_cm is None or weight_kg / (height_cm / 100) ** 2 < 30:
        return weight_kg
    return adjusted_weight(weight_kg, height_cm, sex)


def body_surface(weight_kg: float, height_cm: float) -> float:
    """Body surface in m2 (Mosteller, N Engl J Med 1987;317:1098)."""
    return math.sqrt(weight_kg * height_cm / 3600)


def child_pugh(bilirubin_mg_dl: float, albumin_g_dl: float, inr: float, ascites: int, encephalopathy: int) -> int:
    """Child-Pugh points 5-15 (Pugh et al., Br J Surg 1973;60:646-649).

    `ascites` and `encephalopathy`: 0 none, 1 mild, 2 severe.
    """
    points = 1 + (bilirubin_mg_dl >= 2) + (bilirubin_mg_dl > 3)
    points += 1 + (albumin_g_dl <= 3.5) + (albumin_g_dl < 2.8)
    points += 1 + (inr >= 1.7) + (inr > 2.3)
    return points + 1 + ascites + 1 + encephalopathy


def child_pugh_class(points: int) -> str:
    """A (5-6), B (7-9) or C (10-15)."""
    return "A" if points <= 6 else "B" if points <= 9 else "C"
