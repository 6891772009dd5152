"""Age at a date."""

from datetime import date

from core.domain.record import Patient

_DAYS_PER_YEAR = 365.2425


def age_years(patient: Patient, on: date) -> float | None:
    """Age in years (fractional) on a date; the stated age where no birth date is known; None when unknown."""
    if patient.birth_date is None:
        return patient.age_years
    return (on - patient.birth_date).days / _DAYS_PER_YEAR
