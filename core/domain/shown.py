"""Numbers, units and spans of time as people on a ward write them; the types keep UCUM."""

import re

from core.domain.basics import Label

UNITS = {
    "10*9/L": "10⁹/L",
    "10*3/uL": "10³/µL",
    "10*12/L": "10¹²/L",
    "10*6/uL": "10⁶/µL",
    "Cel": "°C",
    "[degF]": "°F",
    "umol/L": "µmol/L",
    "ug/L": "µg/L",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "mm[Hg]": "mmHg",
    "/min": "/min",
    "{ratio}": "",
    "1": "",
    "kg/m2": "kg/m²",
}
_VALUE = re.compile(r"(-?\d[\d.]*(?:e[+-]?\d+)?(?:/\d+)?) (\S+)")
_SPANS = (
    (730.0, 365.25, Label("{n} years", "{n} 年")),
    (61.0, 30.44, Label("{n} months", "{n} 个月")),
    (21.0, 7.0, Label("{n} weeks", "{n} 周")),
    (2.0, 1.0, Label("{n} days", "{n} 天")),
    (0.0, 1 / 24, Label("{n} h", "{n} 小时")),
    (0.0, 1 / 1440, Label("{n} min", "{n} 分钟")),
)
"""From so many days on, the unit's length in days, the words."""


def unit_words(unit: str) -> str:
    """A UCUM unit as it is written in hospitals."""
    return UNITS.get(unit, unit)


def span_words(days: float, language: str) -> str:
    """ "2 h", "6 days", "3 months": a span of `days` in the largest unit that says it with a small whole number."""
    for least, length, words in _SPANS:
        if days >= least and round(days / length) >= 1:
            return words.text(language).format(n=round(days / length))
    return "< 1 min"


def value_words(text: str, language: str) -> str:
    """A value as evidence keeps it ("92 mm[Hg]", "0.0833333 d") for people ("92 mmHg", "2 h"); other words stay."""
    found = _VALUE.fullmatch(text)
    if found is None:
        return text
    number, unit = found.groups()
    return span_words(float(number), language) if unit == "d" else f"{number} {unit_words(unit)}".strip()
