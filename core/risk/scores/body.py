"""Body size, fluids and dates of pregnancy."""

import math
from datetime import date, timedelta

_PREGNANCY_DAYS = 280
_LUTEAL_DAYS = 14
_USUAL_CYCLE = 28


def body_mass_index(*, weight: float, height: float) -> float:
    """kg/m2 from kg and cm (Quetelet)."""
    return weight / (height / 100) ** 2


def body_surface(*, weight: float, height: float) -> float:
    """Body surface in m2 (Mosteller, N Engl J Med 1987;317:1098)."""
    return math.sqrt(weight * height / 3600)


def ideal_weight(*, height: float, sex: str) -> float:
    """Ideal body weight in kg (Devine, Drug Intell Clin Pharm 1974;8:650-655)."""
    return (45.5 if sex == "female" else 50.0) + 2.3 * (height / 2.54 - 60)


def adjusted_weight(*, weight: float, height: float, sex: str) -> float:
    """Ideal weight plus 40 % of the excess, kg (Winter et al., Pharmacotherapy 2012;32:604-612)."""
    ideal = ideal_weight(height=height, sex=sex)
    return ideal + 0.4 * (weight - ideal)


def target_weight(*, target_bmi: float, height: float) -> float:
    """Weight in kg at a wanted body mass index."""
    return target_bmi * (height / 100) ** 2


def maintenance_fluid(*, weight: float) -> float:
    """mL/h by the 4-2-1 rule (Holliday and Segar, Pediatrics 1957;19:823-832)."""
    return 4 * min(weight, 10) + 2 * min(max(weight - 10, 0), 10) + max(weight - 20, 0)


def due_date(*, last_period: date, cycle_days: float) -> date:
    """280 days after the last period, moved by how far the cycle is from 28 days (Naegele, corrected)."""
    return last_period + timedelta(days=_PREGNANCY_DAYS + round(cycle_days) - _USUAL_CYCLE)


def conception_date(*, last_period: date, cycle_days: float) -> date:
    """Ovulation lies 14 days before the next period."""
    return last_period + timedelta(days=round(cycle_days) - _LUTEAL_DAYS)


def gestational_age(*, last_period: date, on_date: date) -> float:
    """Days since the first day of the last period."""
    return float((on_date - last_period).days)
