"""Dose regimens as data: written out in both languages, and calculated for a patient whose inputs are known and fresh."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.domain.basics import Label
from core.knowledge.treatment_files import label
from core.treatment.recognise import words

_PER_DAY = {
    24: ("once a day", "每日1次"),
    12: ("every 12 hours", "每12小时1次"),
    8: ("every 8 hours", "每8小时1次"),
    6: ("every 6 hours", "每6小时1次"),
}


@dataclass(frozen=True, slots=True)
class Regimen:
    """One regimen. `amount` is (low, high) for each administration in `unit`; `per` is "", "kg", "kg_day" or "m2".

    `most` caps one administration (the day's total for `kg_day`). `every_h` 0 means once only unless `per_day` is set.
    `text` replaces the generated words where a regimen is not a plain repeated dose.
    """

    amount: tuple[float, float] = (0.0, 0.0)
    unit: str = "mg"
    per: str = ""
    route: str = "oral"
    every_h: float = 0.0
    per_day: float = 0.0
    most: float = 0.0
    step: float = 0.0
    text: Label = Label("")
    note: Label = Label("")
    avoid: bool = False

    @property
    def needs_weight(self) -> bool:
        """True where the amount is by weight."""
        return self.per in {"kg", "kg_day"}

    @property
    def times_per_day(self) -> float:
        """Administrations a day; 0 for a single dose."""
        return self.per_day or (24 / self.every_h if self.every_h else 0.0)


def regimen(row: Mapping[str, Any]) -> Regimen:
    """A regimen from data, with one of the amount keys of `_AMOUNT_KEYS` (mg, mg_kg, mg_kg_day, units_kg, mL_kg, ...)."""
    if row.get("avoid"):
        return Regimen(avoid=True, note=label(row.get("note")))
    amount, unit, per = (0.0, 0.0), "mg", ""
    for key, (one_unit, one_per) in _AMOUNT_KEYS.items():
        if key in row:
            value = row[key]
            amount = (float(value[0]), float(value[1])) if isinstance(value, list) else (float(value), float(value))
            unit, per = one_unit, one_per
    return Regimen(
        amount=amount,
        unit=unit,
        per=per,
        route=row.get("route", "oral"),
        every_h=float(row.get("every_h", 0)),
        per_day=float(row.get("per_day", 0)),
        most=float(row.get("max", 0)),
        step=float(row.get("step", 0)),
        text=label(row.get("text")),
        note=label(row.get("note")),
    )


_AMOUNT_KEYS = {
    "mg": ("mg", ""), "mg_kg": ("mg", "kg"), "mg_kg_day": ("mg", "kg_day"), "mg_m2": ("mg", "m2"),
    "mcg": ("mcg", ""), "mcg_kg": ("mcg", "kg"), "g": ("g", ""), "units": ("units", ""), "units_kg": ("units", "kg"),
    "mL": ("mL", ""), "mL_kg": ("mL", "kg"), "puffs": ("puffs", ""), "mmol": ("mmol", ""), "g_kg": ("g", "kg"),
    "units_kg_h": ("units/h", "kg"), "mcg_kg_min": ("mcg/min", "kg"), "L_min": ("L/min", ""),
}  # fmt: skip

_UNIT_ZH = {
    "units": "单位",
    "units/h": "单位/小时",
    "puffs": "喷",
    "mcg": "μg",
    "mcg/min": "μg/分钟",
    "L/min": "L/分钟",
}


def number(value: float) -> str:
    """A dose as people write it: at most three significant figures beyond the point, no trailing zero."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value < 1 else f"{value:,.1f}".rstrip("0").rstrip(".")


def _quantity(low: float, high: float, unit: str, language: str) -> str:
    if unit == "mg" and low >= 1000:
        low, high, unit = low / 1000, high / 1000, "g"
    span = number(low) if low == high else f"{number(low)}–{number(high)}"
    return f"{span} {_UNIT_ZH.get(unit, unit) if language == 'zh' else unit}"


def _frequency(one: Regimen) -> Label:
    if one.per_day:
        for row in words()["frequencies"]:
            if abs(float(row["per_day"]) - one.per_day) < 1e-3:
                return Label(row["en"], row["zh"])
        return Label(f"{number(one.per_day)} times a day", f"每日{number(one.per_day)}次")
    if not one.every_h:
        return Label("")
    if int(one.every_h) in _PER_DAY:
        return Label(*_PER_DAY[int(one.every_h)])
    return Label(f"every {number(one.every_h)} hours", f"每{number(one.every_h)}小时1次")


def route_label(route: str) -> Label:
    """ "by mouth" for "oral", and so on; the word itself where the table has none."""
    for row in words()["routes"]:
        if row["id"] == route:
            return Label(row["en"], row["zh"])
    return Label(route, route)


def usual(one: Regimen) -> Label:
    """The regimen in words, as a guideline states it."""
    if one.avoid:
        return Label("avoid", "避免使用")
    if one.text.en:
        return one.text
    suffix = {"": ("", ""), "kg": ("/kg", "/kg"), "kg_day": ("/kg a day", "/kg/日"), "m2": ("/m²", "/m²")}[one.per]
    en, zh = (_quantity(*one.amount, one.unit, language) for language in ("en", "zh"))
    return _sentence(one, f"{en}{suffix[0]}", f"{zh}{suffix[1]}", _most(one))


def _most(one: Regimen) -> Label:
    if not one.most:
        return Label("")
    en, zh = (_quantity(one.most, one.most, one.unit, language) for language in ("en", "zh"))
    return Label(
        f" (at most {en}{' a day' if one.per == 'kg_day' else ''})",
        f"（最多{zh}{'/日' if one.per == 'kg_day' else ''}）",
    )


def _sentence(one: Regimen, amount_en: str, amount_zh: str, most: Label) -> Label:
    frequency, route = _frequency(one), route_label(one.route)
    divided = one.per == "kg_day" and one.times_per_day > 1 and "/kg" in amount_en
    once = Label("") if one.note.en else Label(", once", "，单次")
    often = f"{', divided,' if divided else ''}{' ' + frequency.en if frequency.en else once.en}"
    often_zh = f"{'，分次' if divided else ''}{'，' + frequency.zh if frequency.zh else once.zh}"
    en = f"{amount_en}{most.en} {route.en}{often}"
    zh = f"{route.zh} {amount_zh}{most.zh}{often_zh}"
    if one.note.en:
        en, zh = f"{en}; {one.note.en}", f"{zh}；{one.note.zh}"
    return Label(en, zh)


def for_patient(one: Regimen, weight_kg: float | None, surface_m2: float | None = None) -> Label | None:
    """The dose for a patient, in words. None where weight or surface is needed and not known."""
    if one.avoid or (one.text.en and not one.per):
        return usual(one)
    scaled = _scaled(one, weight_kg, surface_m2)
    if scaled is None:
        return None
    low, high = scaled
    en, zh = (_quantity(low, high, one.unit, language) for language in ("en", "zh"))
    return _sentence(replace(one, per=""), en, zh, Label(""))


def _scaled(one: Regimen, weight_kg: float | None, surface_m2: float | None) -> tuple[float, float] | None:
    factor = {"": 1.0, "kg": weight_kg, "kg_day": weight_kg, "m2": surface_m2}[one.per]
    if factor is None:
        return None
    amounts = [value * factor for value in one.amount]
    if one.most:
        amounts = [min(value, one.most) for value in amounts]
    if one.per == "kg_day" and one.times_per_day:
        amounts = [value / one.times_per_day for value in amounts]
    shares = one.times_per_day if one.per == "kg_day" and one.times_per_day else 1.0
    cap = one.most / shares if one.most else math.inf
    low, high = (min(rounded(value, one.step if one.per else 0), cap) for value in amounts)
    return low, high


def rounded(value: float, step: float) -> float:
    """To the nearest step; to three significant figures where no step is given."""
    if value <= 0:
        return value
    if step:
        return max(step, math.floor(value / step + 0.5) * step)
    digits = 2 - math.ceil(math.log10(value))
    return round(value, max(digits, 0) + 1)


def daily_mg(one: Regimen, weight_kg: float | None) -> float | None:
    """The day's total in mg; None where it cannot be told."""
    scaled = _scaled(one, weight_kg, None) if not one.text.en else None
    factor = {"mg": 1.0, "g": 1000.0, "mcg": 0.001}.get(one.unit)
    if scaled is None or factor is None or one.avoid:
        return None
    return scaled[1] * factor * (one.times_per_day or 1)
