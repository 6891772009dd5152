"""Electrolytes, gaps, lipids, glucose."""

_NORMAL_GAP = 12.0
_NORMAL_BICARBONATE = 24.0
_NORMAL_ALBUMIN = 4.0


def corrected_calcium(*, calcium: float, albumin: float) -> float:
    """mg/dL at an albumin of 4 g/dL (Payne et al., BMJ 1973;4:643-646)."""
    return calcium + 0.8 * (_NORMAL_ALBUMIN - albumin)


def corrected_sodium(*, sodium: float, glucose: float) -> float:
    """mmol/L; 2.4 for each 100 mg/dL of glucose above 100 (Hillier et al., Am J Med 1999;106:399-403)."""
    return sodium + 0.024 * (glucose - 100)


def serum_osmolality(*, sodium: float, glucose: float, urea_nitrogen: float) -> float:
    """mOsm/kg: 2 Na + glucose/18 + urea nitrogen/2.8 (Dorwart and Chalmers, Clin Chem 1975;21:190-194)."""
    return 2 * sodium + glucose / 18 + urea_nitrogen / 2.8


def homa_ir(*, fasting_glucose: float, insulin: float) -> float:
    """Glucose (mg/dL) x insulin (mIU/L) / 405 (Matthews et al., Diabetologia 1985;28:412-419)."""
    return fasting_glucose * insulin / 405


def anion_gap(*, sodium: float, chloride: float, bicarbonate: float) -> float:
    """Na - Cl - HCO3 in mmol/L (Emmett and Narins, Medicine 1977;56:38-54)."""
    return sodium - chloride - bicarbonate


def albumin_anion_gap(*, sodium: float, chloride: float, bicarbonate: float, albumin: float) -> float:
    """Anion gap + 2.5 for each g/dL of albumin below 4 (Figge et al., Crit Care Med 1998;26:1807-1810)."""
    return anion_gap(sodium=sodium, chloride=chloride, bicarbonate=bicarbonate) + 2.5 * (_NORMAL_ALBUMIN - albumin)


def delta_gap(*, sodium: float, chloride: float, bicarbonate: float) -> float:
    """How far the anion gap lies above 12 (Wrenn, Ann Emerg Med 1990;19:1310-1313)."""
    return anion_gap(sodium=sodium, chloride=chloride, bicarbonate=bicarbonate) - _NORMAL_GAP


def albumin_delta_gap(*, sodium: float, chloride: float, bicarbonate: float, albumin: float) -> float:
    """The same with the albumin-corrected gap."""
    gap = albumin_anion_gap(sodium=sodium, chloride=chloride, bicarbonate=bicarbonate, albumin=albumin)
    return gap - _NORMAL_GAP


def delta_ratio(*, sodium: float, chloride: float, bicarbonate: float) -> float | None:
    """Rise of the gap over the fall of bicarbonate below 24; None where bicarbonate is 24 (Rastegar 2007)."""
    gap = delta_gap(sodium=sodium, chloride=chloride, bicarbonate=bicarbonate)
    return _ratio(gap, bicarbonate)


def albumin_delta_ratio(*, sodium: float, chloride: float, bicarbonate: float, albumin: float) -> float | None:
    """The same with the albumin-corrected gap."""
    gap = albumin_delta_gap(sodium=sodium, chloride=chloride, bicarbonate=bicarbonate, albumin=albumin)
    return _ratio(gap, bicarbonate)


def _ratio(gap: float, bicarbonate: float) -> float | None:
    fall = _NORMAL_BICARBONATE - bicarbonate
    return gap / fall if fall else None


def ldl_friedewald(*, total_cholesterol: float, hdl: float, triglycerides: float) -> float | None:
    """mg/dL (Friedewald et al., Clin Chem 1972;18:499-502); None from triglycerides of 400, where it does not hold."""
    return total_cholesterol - hdl - triglycerides / 5 if triglycerides < 400 else None
