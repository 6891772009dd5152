"""The first 48 hours of an intensive-care stay, from the text form of the PhysioNet/CinC Challenge 2012.

A text file a stay with Time (hh:mm), Parameter, Value; what was known at admission stands at 00:00.
"""

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unreadable, UserError

Series = tuple[tuple[int, float], ...]
"""(minutes from admission, value), in time order."""

HOURS = 48
UNITS = {1: "coronary", 2: "cardiac_surgery", 3: "medical", 4: "surgical"}
STATIC = ("Age", "Gender", "Height", "ICUType")
_NOT_CHANNELS = {"RecordID"}
_MOST_BYTES = 4 << 20
_LIMITS: dict[str, tuple[float, float]] = {
    "HR": (10, 290),
    "GCS": (3, 15),
    "Temp": (25, 43),
    "pH": (6.5, 8),
    "NISysABP": (30, 290),
    "SysABP": (30, 290),
    "NIDiasABP": (10, 200),
    "DiasABP": (10, 200),
    "NIMAP": (15, 220),
    "MAP": (15, 220),
    "Weight": (25, 300),
    "RespRate": (2, 80),
    "PaCO2": (8, 150),
    "PaO2": (15, 600),
    "FiO2": (0.2, 1.0),
    "SaO2": (20, 100),
    "HCT": (5, 75),
    "K": (1.5, 12),
    "Na": (90, 200),
    "Creatinine": (0.05, 40),
    "BUN": (0.5, 300),
    "Glucose": (5, 2500),
    "Lactate": (0.05, 40),
    "Platelets": (1, 3000),
    "WBC": (0.01, 600),
}


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay: what was known at admission, and each channel's values. Values out of any possible range are dropped.

    `dropped` counts them by channel. Channels in the challenge's units (mg/dL, mmol/L, FiO2 as a share).
    """

    id: str
    static: Mapping[str, float]
    channels: Mapping[str, Series]
    dropped: Mapping[str, int]

    @property
    def last_minute(self) -> int:
        """When the last value was taken; -1 without any."""
        return max((series[-1][0] for series in self.channels.values() if series), default=-1)


def read_stay(path: Path) -> Stay:
    """A stay from its text file. `Unreadable` where it is none; negative statics (unknown) are left out."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Unreadable(f"{path.name} is too large for an intensive-care stay.", "Leave it out.")
        rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path.name} cannot be read as an intensive-care stay.", "Leave it out.") from error
    if not rows or [cell.strip() for cell in rows[0]] != ["Time", "Parameter", "Value"]:
        raise Unreadable(f"{path.name} does not begin with Time,Parameter,Value.", "Leave it out.")
    static: dict[str, float] = {}
    channels: dict[str, list[tuple[int, float]]] = {}
    for row in rows[1:]:
        found = _row(row)
        if found is None:
            continue
        minute, name, value = found
        if name in STATIC and minute == 0:
            static[name] = value
        elif name not in _NOT_CHANNELS and 0 <= minute <= HOURS * 60:
            channels.setdefault(name, []).append((minute, value))
    return stay_of(path.stem, {k: v for k, v in static.items() if v >= 0}, channels)


def stay_of(name: str, static: Mapping[str, float], raw: Mapping[str, list[tuple[int, float]]]) -> Stay:
    """A stay from raw values in the challenge's units (minutes from admission)."""
    kept: dict[str, Series] = {}
    dropped: dict[str, int] = {}
    for channel, values in raw.items():
        possible = [(t, v) for t, value in values if (v := _possible(channel, value)) is not None]
        if len(possible) < len(values):
            dropped[channel] = len(values) - len(possible)
        kept[channel] = tuple(sorted(possible))
    return Stay(name, static, _derived(kept), dropped)


def statics(age: float | None, male: bool | None, height: float | None, unit: str) -> dict[str, float]:
    """What is known at admission, in the challenge's terms. UserError for a kind of unit that is not one of the four."""
    number = next((n for n, name in UNITS.items() if name == unit), None)
    if unit and number is None:
        raise UserError(f"The kind of unit {unit!r} is not known.", f"Name one of {', '.join(UNITS.values())}.")
    found = {"Age": age, "Gender": None if male is None else float(male), "Height": height, "ICUType": number}
    return {name: float(value) for name, value in found.items() if value is not None}


def _row(row: list[str]) -> tuple[int, str, float] | None:
    try:
        hours, minutes = row[0].split(":")
        value = float(row[2])
        return (int(hours) * 60 + int(minutes), row[1].strip(), value) if math.isfinite(value) else None
    except (ValueError, IndexError):
        return None


def _possible(name: str, value: float) -> float | None:
    if name == "pH" and value > 14:
        value /= 100  # 735 for 7.35
    low, high = _LIMITS.get(name, (0.0, 1e9))
    return value if low <= value <= high else None


def _derived(channels: dict[str, Series]) -> dict[str, Series]:
    """Invasive and cuff pressures as one; PaO2/FiO2; shock index; pulse pressure; urea nitrogen to creatinine."""
    for name, parts in (("SBP", ("SysABP", "NISysABP")), ("DBP", ("DiasABP", "NIDiasABP")), ("MBP", ("MAP", "NIMAP"))):
        channels[name] = tuple(sorted(v for part in parts for v in channels.get(part, ())))
    fio2 = channels.get("FiO2", ())
    ratios = ((t, v, [f for when, f in fio2 if when <= t]) for t, v in channels.get("PaO2", ()))
    channels["PF"] = tuple((t, v / max(before[-1], 0.21)) for t, v, before in ratios if before)
    channels["SI"] = _together(channels.get("HR", ()), channels["SBP"], lambda a, b: a / b)
    lower = tuple((t, v) for t, v in channels["DBP"])
    pulse = _together(channels["SBP"], lower, lambda a, b: a - b)
    channels["PP"] = tuple((t, v) for t, v in pulse if v > 0)
    channels["BUNCr"] = _together(channels.get("BUN", ()), channels.get("Creatinine", ()), lambda a, b: a / b)
    return channels


def _together(first: Series, second: Series, both: Callable[[float, float], float]) -> Series:
    other = dict(second)
    return tuple((t, both(v, other[t])) for t, v in first if t in other)
