"""QT correction, atrial fibrillation, chest pain, surgery, coronary risk."""

import math

from core.risk.scores import Points, step


def mean_pressure(*, systolic: float, diastolic: float) -> float:
    """Mean arterial pressure in mm Hg: a third systolic, two thirds diastolic."""
    return (systolic + 2 * diastolic) / 3


def qtc_bazett(*, qt: float, heart_rate: float) -> float:
    """QT / sqrt(RR), ms (Bazett, Heart 1920;7:353-370)."""
    return qt / math.sqrt(60 / heart_rate)


def qtc_fridericia(*, qt: float, heart_rate: float) -> float:
    """QT / RR^(1/3), ms (Fridericia, Acta Med Scand 1920;53:469-486)."""
    return float(qt / (60 / heart_rate) ** (1 / 3))


def qtc_framingham(*, qt: float, heart_rate: float) -> float:
    """QT + 154 (1 - RR), ms (Sagie et al., Am J Cardiol 1992;70:797-801)."""
    return qt + 154 * (1 - 60 / heart_rate)


def qtc_hodges(*, qt: float, heart_rate: float) -> float:
    """QT + 1.75 (rate - 60), ms (Hodges et al., J Am Coll Cardiol 1983;1:694)."""
    return qt + 1.75 * (heart_rate - 60)


def qtc_rautaharju(*, qt: float, heart_rate: float) -> float:
    """QT (120 + rate) / 180, ms (Rautaharju et al., J Electrocardiol 1990;23 Suppl:155-160)."""
    return qt * (120 + heart_rate) / 180


def cha2ds2_vasc(
    *,
    age: float,
    sex: str,
    heart_failure: bool,
    hypertension: bool,
    stroke_tia_embolism: bool,
    vascular_disease: bool,
    diabetes: bool,
) -> Points:
    """Stroke risk in atrial fibrillation (Lip et al., Chest 2010;137:263-272)."""
    return {
        "age": step(age, (65, 0), (75, 1), above=2),
        "sex": float(sex == "female"),
        "heart_failure": float(heart_failure),
        "hypertension": float(hypertension),
        "stroke_tia_embolism": 2.0 * stroke_tia_embolism,
        "vascular_disease": float(vascular_disease),
        "diabetes": float(diabetes),
    }


def has_bled(
    *,
    age: float,
    uncontrolled_hypertension: bool,
    renal_disease_bleed: bool,
    liver_disease_bleed: bool,
    stroke: bool,
    bleeding_history: bool,
    labile_inr: bool,
    bleeding_drugs: bool,
    drinks_per_week: float,
) -> Points:
    """Bleeding risk on anticoagulants (Pisters et al., Chest 2010;138:1093-1100)."""
    flags = {
        "uncontrolled_hypertension": uncontrolled_hypertension,
        "renal_disease_bleed": renal_disease_bleed,
        "liver_disease_bleed": liver_disease_bleed,
        "stroke": stroke,
        "bleeding_history": bleeding_history,
        "labile_inr": labile_inr,
        "bleeding_drugs": bleeding_drugs,
        "age": age > 65,
        "drinks_per_week": drinks_per_week >= 8,
    }
    return {name: float(met) for name, met in flags.items()}


_SUSPICION = {"slight": 0.0, "moderate": 1.0, "high": 2.0}
_ECG = {"normal": 0.0, "repolarisation": 1.0, "st_deviation": 2.0}
_TROPONIN = {"normal": 0.0, "one_to_three": 1.0, "above_three": 2.0}


def heart_score(
    *,
    age: float,
    suspicion: str,
    ecg: str,
    troponin_ratio: str,
    hypertension: bool,
    hypercholesterolaemia: bool,
    diabetes: bool,
    obesity: bool,
    smoking: bool,
    family_heart_disease: bool,
    atherosclerotic_disease: bool,
) -> Points:
    """Major cardiac events after chest pain (Six et al., Neth Heart J 2008;16:191-196)."""
    risks = sum((hypertension, hypercholesterolaemia, diabetes, obesity, smoking, family_heart_disease))
    return {
        "suspicion": _SUSPICION[suspicion],
        "ecg": _ECG[ecg],
        "age": step(age, (45, 0), (65, 1), above=2),
        "risk_factors": 2.0 if atherosclerotic_disease or risks >= 3 else float(risks > 0),
        "troponin_ratio": _TROPONIN[troponin_ratio],
    }


def revised_cardiac_risk(
    *,
    high_risk_surgery: bool,
    ischaemic_heart_disease: bool,
    heart_failure: bool,
    cerebrovascular_disease: bool,
    insulin_treatment: bool,
    creatinine: float,
) -> Points:
    """Cardiac risk of non-cardiac surgery (Lee et al., Circulation 1999;100:1043-1049)."""
    return {
        "high_risk_surgery": float(high_risk_surgery),
        "ischaemic_heart_disease": float(ischaemic_heart_disease),
        "heart_failure": float(heart_failure),
        "cerebrovascular_disease": float(cerebrovascular_disease),
        "insulin_treatment": float(insulin_treatment),
        "creatinine": float(creatinine > 2.0),
    }


def framingham_hard_chd(
    *,
    age: float,
    sex: str,
    systolic: float,
    total_cholesterol: float,
    hdl: float,
    smoker: bool,
    pressure_treated: bool,
) -> float:
    """10-year risk in % of myocardial infarction or coronary death (ATP III final report, Circulation 2002;106:3143).

    Logarithms of age (years), mg/dL and mm Hg; the smoking-age term stops at 70 (men) or 78 (women).
    """
    ages, cholesterol, good, pressure = (math.log(v) for v in (age, total_cholesterol, hdl, systolic))
    if sex == "female":
        total = 31.764001 * ages + 22.465206 * cholesterol - 1.187731 * good + 2.552905 * pressure
        total += 0.420251 * pressure_treated + 13.07543 * smoker - 5.060998 * ages * cholesterol
        total -= 2.996945 * math.log(min(age, 78)) * smoker
        return float(100 * (1 - 0.98767 ** math.exp(total - 146.5933061)))
    total = 52.00961 * ages + 20.014077 * cholesterol - 0.905964 * good + 1.305784 * pressure
    total += 0.241549 * pressure_treated + 12.096316 * smoker - 4.605038 * ages * cholesterol
    total -= 2.84367 * math.log(min(age, 70)) * smoker + 2.93323 * ages**2
    return float(100 * (1 - 0.9402 ** math.exp(total - 172.300168)))
