"""Intensive care: Glasgow Coma Scale, SOFA, APACHE II. And the Charlson index of what the patient brings along."""

from core.risk.scores import Points, step

_EYE = {"none": 1.0, "pain": 2.0, "voice": 3.0, "spontaneous": 4.0}
_VERBAL = {"none": 1.0, "sounds": 2.0, "words": 3.0, "confused": 4.0, "oriented": 5.0}
_MOTOR = {"none": 1.0, "extension": 2.0, "flexion": 3.0, "withdrawal": 4.0, "localises": 5.0, "obeys": 6.0}


def glasgow_coma(*, eye: str, verbal: str, motor: str) -> Points | None:
    """3-15 (Teasdale and Jennett, Lancet 1974;2:81-84). None where a part is not testable: parts are then not summed."""
    if "not_testable" in (eye, verbal, motor):
        return None
    return {"eye": _EYE[eye], "verbal": _VERBAL[verbal], "motor": _MOTOR[motor]}


def sofa(
    *,
    pao2: float,
    fio2: float,
    ventilated: bool,
    platelets: float,
    bilirubin: float,
    gcs: float,
    creatinine: float,
    mean_arterial: float | None = None,
    urine_per_day: float | None = None,
    dopamine: float | None = None,
    dobutamine: float | None = None,
    epinephrine: float | None = None,
    norepinephrine: float | None = None,
) -> Points:
    """Organ failure (Vincent et al., Intensive Care Med 1996;22:707-710). mg/dL, 10^9/L, ug/kg/min, mL/day; FiO2 in %."""
    return {
        "pao2": _lungs(pao2 / (fio2 / 100), ventilated),
        "platelets": step(platelets, (20, 4), (50, 3), (100, 2), (150, 1), above=0),
        "bilirubin": step(bilirubin, (1.2, 0), (2, 1), (6, 2), (12.0001, 3), above=4),
        "mean_arterial": _circulation(mean_arterial, dopamine, dobutamine, epinephrine, norepinephrine),
        "gcs": step(gcs, (6, 4), (10, 3), (13, 2), (15, 1), above=0),
        "creatinine": max(
            step(creatinine, (1.2, 0), (2, 1), (3.5, 2), (5.0001, 3), above=4),
            0.0 if urine_per_day is None else step(urine_per_day, (200, 4), (500, 3), above=0),
        ),
    }


def _lungs(ratio: float, ventilated: bool) -> float:
    if ventilated and ratio < 200:
        return 4.0 if ratio < 100 else 3.0
    return step(ratio, (300, 2), (400, 1), above=0)


def _circulation(
    pressure: float | None,
    dopamine: float | None,
    dobutamine: float | None,
    epinephrine: float | None,
    norepinephrine: float | None,
) -> float:
    dopa, dobu, epi, nor = (v or 0.0 for v in (dopamine, dobutamine, epinephrine, norepinephrine))
    if dopa > 15 or epi > 0.1 or nor > 0.1:
        return 4.0
    if dopa > 5 or epi > 0 or nor > 0:
        return 3.0
    if dopa > 0 or dobu > 0:
        return 2.0
    return float(pressure is not None and pressure < 70)


def apache_ii(
    *,
    temperature: float,
    mean_arterial: float,
    heart_rate: float,
    respiratory_rate: float,
    fio2: float,
    ph: float,
    sodium: float,
    potassium: float,
    creatinine: float,
    acute_renal_failure: bool,
    haematocrit: float,
    white_cells: float,
    gcs: float,
    age: float,
    organ_failure_history: bool,
    pao2: float | None = None,
    aa_gradient: float | None = None,
    admission: str | None = None,
) -> Points | None:
    """APACHE II, 0-71 (Knaus et al., Crit Care Med 1985;13:818-829).

    A-a gradient from an FiO2 of 50 %, else PaO2; None where the one that applies is missing. Creatinine counts double
    in acute renal failure. Chronic illness: 2 after elective surgery, else 5 (`admission` then must be known).
    """
    oxygen = _oxygen(fio2, pao2, aa_gradient)
    if oxygen is None or (organ_failure_history and admission is None):
        return None
    kidney = step(creatinine, (0.6, 2), (1.5, 0), (2, 2), (3.5, 3), above=4)
    return {
        "temperature": step(temperature, (30, 4), (32, 3), (34, 2), (36, 1), (38.5, 0), (39, 1), (41, 3), above=4),
        "mean_arterial": step(mean_arterial, (50, 4), (70, 2), (110, 0), (130, 2), (160, 3), above=4),
        "heart_rate": step(heart_rate, (40, 4), (55, 3), (70, 2), (110, 0), (140, 2), (180, 3), above=4),
        "respiratory_rate": step(respiratory_rate, (6, 4), (10, 2), (12, 1), (25, 0), (35, 1), (50, 3), above=4),
        "oxygen": oxygen,
        "ph": step(ph, (7.15, 4), (7.25, 3), (7.33, 2), (7.5, 0), (7.6, 1), (7.7, 3), above=4),
        "sodium": step(sodium, (111, 4), (120, 3), (130, 2), (150, 0), (155, 1), (160, 2), (180, 3), above=4),
        "potassium": step(potassium, (2.5, 4), (3, 2), (3.5, 1), (5.5, 0), (6, 1), (7, 3), above=4),
        "creatinine": kidney * (2 if acute_renal_failure else 1),
        "haematocrit": step(haematocrit, (20, 4), (30, 2), (46, 0), (50, 1), (60, 2), above=4),
        "white_cells": step(white_cells, (1, 4), (3, 2), (15, 0), (20, 1), (40, 2), above=4),
        "gcs": 15 - gcs,
        "age": step(age, (45, 0), (55, 2), (65, 3), (75, 5), above=6),
        "organ_failure_history": (2.0 if admission == "elective" else 5.0) * organ_failure_history,
    }


def _oxygen(fio2: float, pao2: float | None, gradient: float | None) -> float | None:
    if fio2 >= 50:
        return None if gradient is None else step(gradient, (200, 0), (350, 2), (500, 3), above=4)
    return None if pao2 is None else step(pao2, (55, 4), (61, 3), (71, 1), above=0)


_LIVER = {"none": 0.0, "mild": 1.0, "moderate_severe": 3.0}
_DIABETES = {"none": 0.0, "uncomplicated": 1.0, "end_organ": 2.0}
_TUMOUR = {"none": 0.0, "localised": 2.0, "metastatic": 6.0}
_CHARLSON_WEIGHTS = {"hemiplegia": 2.0, "moderate_severe_ckd": 2.0, "leukaemia": 2.0, "lymphoma": 2.0, "aids": 6.0}


def charlson(*, age: float, liver_severity: str, diabetes_severity: str, solid_tumour: str, **flags: bool) -> Points:
    """Comorbidity with age (Charlson et al., J Chronic Dis 1987;40:373-383; J Clin Epidemiol 1994;47:1245-1251)."""
    points = {name: _CHARLSON_WEIGHTS.get(name, 1.0) * met for name, met in flags.items()}
    return points | {
        "age": step(age, (50, 0), (60, 1), (70, 2), (80, 3), above=4),
        "liver_severity": _LIVER[liver_severity],
        "diabetes_severity": _DIABETES[diabetes_severity],
        "solid_tumour": _TUMOUR[solid_tumour],
    }
