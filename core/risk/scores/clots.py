"""Venous thrombosis and embolism: Wells, PERC, Caprini."""

from core.risk.scores import Points, step


def wells_pe(
    *,
    dvt_signs: bool,
    pe_most_likely: bool,
    heart_rate: float,
    immobile_or_surgery: bool,
    previous_vte: bool,
    haemoptysis: bool,
    active_cancer: bool,
) -> Points:
    """Pulmonary embolism (Wells et al., Thromb Haemost 2000;83:416-420)."""
    return {
        "dvt_signs": 3.0 * dvt_signs,
        "pe_most_likely": 3.0 * pe_most_likely,
        "heart_rate": 1.5 * (heart_rate > 100),
        "immobile_or_surgery": 1.5 * immobile_or_surgery,
        "previous_vte": 1.5 * previous_vte,
        "haemoptysis": float(haemoptysis),
        "active_cancer": float(active_cancer),
    }


def wells_dvt(*, alternative_as_likely: bool, **criteria: bool) -> Points:
    """Deep vein thrombosis, nine criteria of a point each (Wells et al., N Engl J Med 2003;349:1227-1235)."""
    points = {name: float(met) for name, met in criteria.items()}
    return points | {"alternative_as_likely": -2.0 * alternative_as_likely}


def perc(*, age: float, heart_rate: float, oxygen_saturation: float, **criteria: bool) -> Points:
    """Number of the eight rule-out criteria that fail (Kline et al., J Thromb Haemost 2004;2:1247-1255)."""
    points = {name: float(met) for name, met in criteria.items()}
    return points | {
        "age": float(age >= 50),
        "heart_rate": float(heart_rate >= 100),
        "oxygen_saturation": float(oxygen_saturation < 95),
    }


_SURGERY = {"none": 0.0, "minor": 1.0, "major": 2.0, "laparoscopic": 2.0, "arthroscopic": 2.0, "arthroplasty": 5.0}
_MOBILITY = {"normal": 0.0, "bed_rest": 1.0, "bed_72h": 2.0}
_CAPRINI_WEIGHTS = {
    "present_or_past_cancer": 2.0,
    "plaster_cast": 2.0,
    "central_line": 2.0,
    "previous_dvt": 3.0,
    "previous_pe": 3.0,
    "family_thrombosis": 3.0,
    "factor_v_leiden": 3.0,
    "prothrombin_20210a": 3.0,
    "homocysteine": 3.0,
    "lupus_anticoagulant": 3.0,
    "anticardiolipin": 3.0,
    "heparin_thrombocytopenia": 3.0,
    "other_thrombophilia": 3.0,
    "leg_fracture": 5.0,
    "stroke_last_month": 5.0,
    "multiple_trauma": 5.0,
    "spinal_cord_injury": 5.0,
}


def caprini(*, age: float, sex: str, bmi: float, surgery: str, mobility: str, **criteria: bool) -> Points:
    """Thrombosis around surgery, version of 2005 (Caprini, Dis Mon 2005;51:70-78); criteria not listed count 1.

    Sex takes part only through items for women (pregnancy, hormones), which are criteria of their own.
    """
    points = {name: _CAPRINI_WEIGHTS.get(name, 1.0) * met for name, met in criteria.items()}
    if criteria.get("previous_dvt") and criteria.get("previous_pe"):
        points["previous_pe"] = 0.0  # "history of DVT/PE" is one item of the form
    return points | {
        "age": step(age, (41, 0), (61, 1), (75, 2), above=3),
        "bmi": float(bmi > 25),
        "surgery": _SURGERY[surgery],
        "mobility": _MOBILITY[mobility],
    }
