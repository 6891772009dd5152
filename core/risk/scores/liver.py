"""Liver: Child-Pugh, MELD-Na, FIB-4, and upper gastrointestinal bleeding."""

import math

from core.risk.scores import Points, step

_ASCITES = {"absent": 1.0, "slight": 2.0, "moderate": 3.0}
_ENCEPHALOPATHY = {"none": 1.0, "grade_1_2": 2.0, "grade_3_4": 3.0}


def child_pugh(*, bilirubin: float, albumin: float, inr: float, ascites: str, encephalopathy: str) -> Points:
    """5-15 points (Pugh et al., Br J Surg 1973;60:646-649); bilirubin mg/dL, albumin g/dL."""
    return {
        "bilirubin": 1.0 + (bilirubin >= 2) + (bilirubin > 3),
        "albumin": 1.0 + (albumin <= 3.5) + (albumin < 2.8),
        "inr": 1.0 + (inr >= 1.7) + (inr > 2.3),
        "ascites": _ASCITES[ascites],
        "encephalopathy": _ENCEPHALOPATHY[encephalopathy],
    }


def meld_na(*, creatinine: float, bilirubin: float, inr: float, sodium: float, dialysis: bool) -> float:
    """MELD with sodium, OPTN policy 9 of January 2016 (Kim et al., N Engl J Med 2008;359:1018-1026); 6-40 points.

    Values below 1 count as 1; creatinine stops at 4.0 mg/dL and is 4.0 on dialysis; sodium is held within 125-137.
    """
    used = 4.0 if dialysis else min(max(creatinine, 1.0), 4.0)
    raw = 0.957 * math.log(used) + 0.378 * math.log(max(bilirubin, 1.0)) + 1.120 * math.log(max(inr, 1.0)) + 0.643
    score = round(raw * 10, 1)
    if score > 11:
        gap = 137 - min(max(sodium, 125), 137)
        score += 1.32 * gap - 0.033 * score * gap
    return float(min(max(round(score), 6), 40))


def fib_4(*, age: float, ast: float, alt: float, platelets: float) -> float:
    """Age x AST / (platelets x sqrt(ALT)) (Sterling et al., Hepatology 2006;43:1317-1325); platelets in 10^9/L."""
    return age * ast / (platelets * math.sqrt(alt))


def glasgow_blatchford(
    *,
    urea: float,
    haemoglobin: float,
    sex: str,
    systolic: float,
    heart_rate: float,
    melaena: bool,
    syncope: bool,
    liver_disease: bool,
    heart_failure: bool,
) -> Points:
    """Need for treatment in upper gastrointestinal bleeding (Blatchford et al., Lancet 2000;356:1318-1321).

    Urea in mmol/L (the paper's bounds), haemoglobin in g/dL.
    """
    if sex == "female":
        blood = step(haemoglobin, (10, 6), (12, 1), above=0)
    else:
        blood = step(haemoglobin, (10, 6), (12, 3), (13, 1), above=0)
    return {
        "urea": step(urea, (6.5, 0), (8, 2), (10, 3), (25, 4), above=6),
        "haemoglobin": blood,
        "systolic": step(systolic, (90, 3), (100, 2), (110, 1), above=0),
        "heart_rate": float(heart_rate >= 100),
        "melaena": float(melaena),
        "syncope": 2.0 * syncope,
        "liver_disease": 2.0 * liver_disease,
        "heart_failure": 2.0 * heart_failure,
    }
