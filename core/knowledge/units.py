"""The subset of UCUM that laboratory values and vital signs use, with conversion between mass and amount of substance.

A table of our own: it holds the analyte's molar mass, which pint does not, and importing pint alone takes 0.4 s.
"""

import functools
import re

import yaml

from core.paths import RESOURCES

_PREFIX = {"": 1.0, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "k": 1e3}
_VOLUME = {"L": 1.0, "dL": 0.1, "mL": 1e-3, "uL": 1e-6, "100mL": 0.1, "cL": 1e-2}
_FIXED: dict[str, tuple[str, float, float]] = {
    # unit: (dimension, factor, offset): base = value * factor + offset
    "Cel": ("temperature", 1.0, 0.0),
    "[degF]": ("temperature", 5 / 9, -160 / 9),
    "K": ("temperature", 1.0, -273.15),
    "mm[Hg]": ("pressure", 1.0, 0.0),
    "kPa": ("pressure", 7.50062, 0.0),
    "%": ("share", 1.0, 0.0),
    "mmol/mol": ("share", 0.09148, 2.152),  # HbA1c only: IFCC to NGSP by the master equation (Hoelzel 2004)
    "/min": ("rate", 1.0, 0.0),
    "kg": ("weight", 1.0, 0.0),
    "g": ("weight", 1e-3, 0.0),
    "[lb_av]": ("weight", 0.45359237, 0.0),
    "m": ("length", 1.0, 0.0),
    "cm": ("length", 0.01, 0.0),
    "[in_i]": ("length", 0.0254, 0.0),
    "[ft_i]": ("length", 0.3048, 0.0),
    "s": ("time", 1.0, 0.0),
    "ms": ("time", 1e-3, 0.0),
    "h": ("time", 3600.0, 0.0),
    "min": ("time", 60.0, 0.0),
    "d": ("time", 86400.0, 0.0),
    "wk": ("time", 604800.0, 0.0),
    "mo": ("time", 2629746.0, 0.0),
    "a": ("time", 31556952.0, 0.0),
    "fL": ("cell volume", 1.0, 0.0),
    "pg": ("cell mass", 1.0, 0.0),
    "L/min": ("flow", 1.0, 0.0),
    "kg/m2": ("body mass index", 1.0, 0.0),
    "mg/g": ("ratio", 1.0, 0.0),
    "mg/mmol": ("ratio", 8.84, 0.0),
    "ug/mg": ("ratio", 1.0, 0.0),
    "ug/g": ("ratio", 1e-3, 0.0),
}
_COUNT = re.compile(
    r"(?:[x×*]\s*)?10\s*[*^]?\s*(?P<power>\d{1,2}|[³⁹]|¹²)\s*/\s*(?P<volume>[a-zμµ]*l|mm3|mm³|mm\^3|cumm)$",
    re.IGNORECASE,
)
_PER_VOLUME = re.compile(
    r"(?:cells|个|/|per|k|thousand)?\s*/?\s*(?P<volume>ul|mm3|mm³|mm\^3|cumm|cmm|microliter|mcl)$", re.IGNORECASE
)
_AMOUNT = re.compile(
    r"(?P<prefix>[dcmunpfk]?)(?P<unit>g|mol|eq|kat|u|osm)\s*/\s*(?P<volume>100ml|[dcmu]?l|kg)(?P<note>\{feu\})?$",
    re.IGNORECASE,
)
_ARBITRARY = re.compile(r"(?P<prefix>[mukn]?)\[iu\]/(?P<volume>[dcmu]?l)$", re.IGNORECASE)


@functools.cache
def _spelling() -> dict[str, str]:
    """Units as people write them, lower case -> UCUM."""
    path = RESOURCES / "knowledge" / "laboratory" / "units.yaml"
    spelling: dict[str, str] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["spelling"]
    return spelling


@functools.lru_cache(maxsize=4096)
def ucum(text: str) -> str:
    """A unit as people write it, in the form used here; "" when it is not known."""
    plain = text.strip().replace("μ", "u").replace("µ", "u").replace("mcg", "ug").replace("mcmol", "umol").rstrip(".")
    if plain in _FIXED:
        return plain
    spelled = _spelling().get(plain.lower())
    if spelled:
        return spelled
    return plain if _parsed(plain) else ""


def _parsed(unit: str) -> tuple[str, float, float] | None:
    """(dimension, factor, offset) of a unit, or None."""
    if unit in _FIXED:
        return _FIXED[unit]
    count = _COUNT.match(unit.replace("μ", "u").replace("µ", "u"))
    if count:
        power = {"³": 3, "⁹": 9, "¹²": 12}.get(count["power"]) or int(count["power"])
        volume = _litres(count["volume"])
        return ("count", 10.0**power / volume / 1e9, 0.0) if volume else None
    per = _PER_VOLUME.match(unit)
    if per:
        thousand = 1e3 if unit.lower().startswith(("k", "thousand")) else 1.0
        return ("count", thousand * 1e6 / 1e9, 0.0)
    amount = _AMOUNT.match(unit)
    if amount:
        return _amount(amount)
    arbitrary = _ARBITRARY.match(unit)
    if arbitrary:
        volume = _litres(arbitrary["volume"])
        return ("arbitrary", _PREFIX[arbitrary["prefix"].lower()] / volume, 0.0) if volume else None
    return {
        "g/(24.h)": ("excretion", 1.0, 0.0),
        "mg/(24.h)": ("excretion", 1e-3, 0.0),
        "mL/min/{1.73_m2}": ("filtration", 1.0, 0.0),
        "mm/h": ("sedimentation", 1.0, 0.0),
        "[pH]": ("acidity", 1.0, 0.0),
        "{score}": ("score", 1.0, 0.0),
        "1": ("number", 1.0, 0.0),
    }.get(unit)


def _amount(match: re.Match[str]) -> tuple[str, float, float] | None:
    kind = match["unit"].lower()
    volume = 1.0 if match["volume"].lower() == "kg" else _litres(match["volume"])
    if not volume:
        return None
    factor = _PREFIX[match["prefix"].lower()] / volume
    if match["note"]:
        return "feu", factor, 0.0
    if kind == "u":
        return "activity", factor, 0.0
    if kind == "kat":
        return "activity", factor * 6e7, 0.0
    if kind == "osm":
        return "osmolality", factor, 0.0
    return ("mass" if kind == "g" else "substance"), factor, 0.0


def _litres(volume: str) -> float:
    low = volume.lower()
    if low in {"mm3", "mm³", "mm^3", "cumm"}:
        return 1e-6
    return next((size for name, size in _VOLUME.items() if name.lower() == low), 0.0)


def convert(value: float, unit: str, to: str, molar_mass: float | None = None) -> float | None:
    """`value` in another unit; None where the two do not measure the same thing (or the molar mass, g/mol, is missing).

    mEq is taken as mmol (all analytes measured in mEq/L here are monovalent).
    """
    if unit == to:
        return value
    one, other = _parsed(unit), _parsed(to)
    if one is None or other is None:
        return None
    base = value * one[1] + one[2]
    if one[0] != other[0]:
        if molar_mass is None or {one[0], other[0]} != {"mass", "substance"}:
            return _likened(base, one[0], other)
        base = base / molar_mass if one[0] == "mass" else base * molar_mass
    return (base - other[2]) / other[1]


def _likened(base: float, dimension: str, other: tuple[str, float, float]) -> float | None:
    """Units that laboratories use for one another: U/L and IU/L, mg/L and mg/L FEU."""
    if {dimension, other[0]} in ({"activity", "arbitrary"}, {"mass", "feu"}):
        return base / other[1]
    return None
