"""Throat, lung and sepsis scores; early warning."""

from core.risk.scores import Points, step


def centor(*, age: float, temperature: float, cough_absent: bool, tender_nodes: bool, tonsil_exudate: bool) -> Points:
    """Streptococcal pharyngitis with McIsaac's age (McIsaac et al., CMAJ 1998;158:75-83)."""
    return {
        "age": step(age, (15, 1), (45, 0), above=-1),
        "temperature": float(temperature > 38),
        "cough_absent": float(cough_absent),
        "tender_nodes": float(tender_nodes),
        "tonsil_exudate": float(tonsil_exudate),
    }


def fever_pain(
    *,
    fever_24h: bool,
    purulent_tonsils: bool,
    attends_within_3_days: bool,
    inflamed_tonsils: bool,
    no_cough_or_coryza: bool,
) -> Points:
    """Streptococcal pharyngitis (Little et al., BMJ 2013;347:f5806)."""
    return {
        "fever_24h": float(fever_24h),
        "purulent_tonsils": float(purulent_tonsils),
        "attends_within_3_days": float(attends_within_3_days),
        "inflamed_tonsils": float(inflamed_tonsils),
        "no_cough_or_coryza": float(no_cough_or_coryza),
    }


def curb_65(
    *, confusion: bool, urea: float, respiratory_rate: float, systolic: float, diastolic: float, age: float
) -> Points:
    """Severity of community-acquired pneumonia (Lim et al., Thorax 2003;58:377-382); urea in mmol/L."""
    return {
        "confusion": float(confusion),
        "urea": float(urea > 7),
        "respiratory_rate": float(respiratory_rate >= 30),
        "blood_pressure": float(systolic < 90 or diastolic <= 60),
        "age": float(age >= 65),
    }


_PSI_FLAGS = {
    "nursing_home": 10.0,
    "neoplastic_disease": 30.0,
    "liver_disease": 20.0,
    "heart_failure": 10.0,
    "cerebrovascular_disease": 10.0,
    "renal_disease": 10.0,
    "confusion": 20.0,
    "pleural_effusion": 10.0,
}


def pneumonia_severity(
    *,
    age: float,
    sex: str,
    respiratory_rate: float,
    systolic: float,
    temperature: float,
    heart_rate: float,
    ph: float,
    urea_nitrogen: float,
    sodium: float,
    glucose: float,
    haematocrit: float,
    pao2: float,
    **flags: bool,
) -> Points:
    """Pneumonia Severity Index (Fine et al., N Engl J Med 1997;336:243-250); mg/dL, mmol/L, mm Hg."""
    points = {name: weight * flags[name] for name, weight in _PSI_FLAGS.items()}
    return points | {
        "age": age - (10 if sex == "female" else 0),
        "respiratory_rate": 20.0 * (respiratory_rate >= 30),
        "systolic": 20.0 * (systolic < 90),
        "temperature": 15.0 * (temperature < 35 or temperature >= 40),
        "heart_rate": 10.0 * (heart_rate >= 125),
        "ph": 30.0 * (ph < 7.35),
        "urea_nitrogen": 20.0 * (urea_nitrogen >= 30),
        "sodium": 20.0 * (sodium < 130),
        "glucose": 10.0 * (glucose >= 250),
        "haematocrit": 10.0 * (haematocrit < 30),
        "pao2": 10.0 * (pao2 < 60),
    }


def sirs(
    *,
    temperature: float,
    heart_rate: float,
    respiratory_rate: float,
    white_cells: float,
    paco2: float | None = None,
) -> Points:
    """Systemic inflammatory response, criteria met (Bone et al., Chest 1992;101:1644-1655); white cells in 10^9/L."""
    return {
        "temperature": float(temperature > 38 or temperature < 36),
        "heart_rate": float(heart_rate > 90),
        "respiratory_rate": float(respiratory_rate > 20 or (paco2 is not None and paco2 < 32)),
        "white_cells": float(white_cells > 12 or white_cells < 4),
    }


def qsofa(*, respiratory_rate: float, systolic: float, gcs: float) -> Points:
    """Quick SOFA (Seymour et al., JAMA 2016;315:762-774)."""
    return {
        "respiratory_rate": float(respiratory_rate >= 22),
        "systolic": float(systolic <= 100),
        "gcs": float(gcs < 15),
    }


def news2(
    *,
    respiratory_rate: float,
    oxygen_saturation: float,
    supplemental_oxygen: bool,
    systolic: float,
    heart_rate: float,
    alert: bool,
    temperature: float,
    hypercapnic_target: bool | None = None,
) -> Points:
    """National Early Warning Score 2 (Royal College of Physicians, 2017); scale 2 only where the target is 88-92 %."""
    return {
        "respiratory_rate": step(respiratory_rate, (9, 3), (12, 1), (21, 0), (25, 2), above=3),
        "oxygen_saturation": _saturation(oxygen_saturation, supplemental_oxygen, bool(hypercapnic_target)),
        "supplemental_oxygen": 2.0 * supplemental_oxygen,
        "systolic": step(systolic, (91, 3), (101, 2), (111, 1), (220, 0), above=3),
        "heart_rate": step(heart_rate, (41, 3), (51, 1), (91, 0), (111, 1), (131, 2), above=3),
        "alert": 0.0 if alert else 3.0,
        "temperature": step(temperature, (35.05, 3), (36.05, 1), (38.05, 0), (39.05, 1), above=2),
    }


def _saturation(value: float, oxygen: bool, scale_2: bool) -> float:
    if not scale_2:
        return step(value, (92, 3), (94, 2), (96, 1), above=0)
    if value < 93 or not oxygen:
        return step(value, (84, 3), (86, 2), (88, 1), above=0)
    return step(value, (95, 1), (97, 2), above=3)
