"""Kidney function and water."""

from core.risk.scores.body import adjusted_weight, body_mass_index, ideal_weight

_MDRD_SLOPE, _MDRD_AGE = -1.154, -0.203


def cockcroft_gault(*, age: float, weight: float, creatinine: float, sex: str, height: float | None = None) -> float:
    """Creatinine clearance in mL/min (Cockcroft and Gault, Nephron 1976;16:31-41).

    With a height the weight is chosen by body mass index (Winter, Pharmacotherapy 2012;32:604-612): actual when
    underweight, the lesser of ideal and actual when normal, adjusted from 25 kg/m2. Without one: actual weight.
    """
    used = weight if height is None else clearance_weight(weight=weight, height=height, sex=sex)
    return max(0.0, (140 - age) * used / (72 * creatinine) * (0.85 if sex == "female" else 1.0))


def clearance_weight(*, weight: float, height: float, sex: str) -> float:
    """The weight in kg that Cockcroft-Gault is reckoned with (Winter 2012)."""
    bmi = body_mass_index(weight=weight, height=height)
    if bmi < 18.5:
        return weight
    if bmi < 25:
        return min(weight, ideal_weight(height=height, sex=sex))
    return adjusted_weight(weight=weight, height=height, sex=sex)


def ckd_epi_2021(*, age: float, creatinine: float, sex: str) -> float:
    """eGFR in mL/min/1.73 m2 without race (Inker et al., N Engl J Med 2021;385:1737-1749)."""
    female = sex == "female"
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine / kappa
    egfr = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.200 * 0.9938**age
    return float(egfr * (1.012 if female else 1.0))


def mdrd(*, age: float, creatinine: float, sex: str, race_black: bool | None = None) -> float:
    """IDMS-traceable four-variable MDRD, mL/min/1.73 m2 (Levey et al., Ann Intern Med 2006;145:247-254).

    The paper's race factor is applied only where race is given; KDIGO and NKF-ASN (2021) advise against it.
    """
    egfr = 175 * creatinine**_MDRD_SLOPE * age**_MDRD_AGE
    return float(egfr * (0.742 if sex == "female" else 1.0) * (1.212 if race_black else 1.0))


def bedside_schwartz(*, height: float, creatinine: float) -> float:
    """Children's eGFR in mL/min/1.73 m2 (Schwartz et al., J Am Soc Nephrol 2009;20:629-637)."""
    return 0.413 * height / creatinine


def fractional_sodium(*, sodium: float, creatinine: float, urine_sodium: float, urine_creatinine: float) -> float:
    """Fractional excretion of sodium in % (Espinel, JAMA 1976;236:579-581)."""
    return 100 * urine_sodium * creatinine / (sodium * urine_creatinine)


def free_water_deficit(*, age: float, weight: float, sex: str, sodium: float) -> float:
    """Litres of free water missing to reach 140 mmol/L (Adrogue and Madias, N Engl J Med 2000;342:1493-1499)."""
    return water_share(age, sex) * weight * (sodium / 140 - 1)


def water_share(age: float, sex: str) -> float:
    """Total body water as a share of weight: 0.6 child or man, 0.5 woman or elderly man, 0.45 elderly woman."""
    if age < 18:
        return 0.6
    if age < 65:
        return 0.5 if sex == "female" else 0.6
    return 0.45 if sex == "female" else 0.5
