"""The first 48 hours of an intensive-care stay: reading it, its features, and the additive model over them.

File form of the PhysioNet/CinC Challenge 2012: a text file a stay with Time (hh:mm), Parameter, Value.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import Unreadable

Series = tuple[tuple[int, float], ...]
"""(minutes from admission, value), in time order."""

_STATIC = ("Age", "Gender", "Height", "ICUType")
_LIMITS: dict[str, tuple[float, float]] = {
    "HR": (10, 290),
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
    "K": (1.5, 12),
}
_CHANNELS = (
    *("HR", "GCS", "Temp", "HCT", "BUN", "Creatinine", "Platelets", "WBC", "Na", "HCO3", "K", "Mg", "Glucose", "SBP"),
    *("DBP", "MBP", "pH", "PaCO2", "PaO2", "FiO2", "Lactate", "SaO2", "AST", "ALT", "Bilirubin", "ALP", "Albumin"),
    *("RespRate", "TroponinT", "TroponinI", "Cholesterol", "Weight", "PF", "SI"),
)
_STATS = ("first", "last", "min", "max", "mean", "std", "trend", "day2", "late")
_URINE = ((0, 1440), (1440, 2880), (2160, 2880), (0, 2880))
_DAY = 1440
_LAST_12_H = 2160
NAMES: tuple[str, ...] = (
    "age",
    "male",
    "height",
    *(f"unit_{kind}" for kind in (1, 2, 3, 4)),
    *(f"{channel}_{stat}" for channel in _CHANNELS for stat in ("count", *_STATS)),
    *(f"urine_{a // 60}_{b // 60}h" for a, b in _URINE),
    "ventilated_count",
    "ventilated_last",
)
"""The features, in the order of `features`."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay: what was known at admission, and each channel's values. Values out of any possible range are dropped."""

    id: str
    static: Mapping[str, float]
    channels: Mapping[str, Series]


def read_stay(path: Path) -> Stay:
    """A stay from its text file. `Unreadable` where it is none; negative statics (unknown) are left out."""
    try:
        rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path.name} cannot be read as an intensive-care stay.", "Leave it out.") from error
    if not rows or rows[0] != ["Time", "Parameter", "Value"]:
        raise Unreadable(f"{path.name} does not begin with Time,Parameter,Value.", "Leave it out.")
    static: dict[str, float] = {}
    channels: dict[str, list[tuple[int, float]]] = {}
    for row in rows[1:]:
        found = _row(row)
        if found is None:
            continue
        minute, name, value = found
        if name in _STATIC and minute == 0:
            static[name] = value
        elif (kept := _possible(name, value)) is not None:
            channels.setdefault(name, []).append((minute, kept))
    known = {k: v for k, v in static.items() if v >= 0}
    return Stay(path.stem, known, _derived({k: tuple(sorted(v)) for k, v in channels.items()}))


def _row(row: list[str]) -> tuple[int, str, float] | None:
    try:
        hours, minutes = row[0].split(":")
        return int(hours) * 60 + int(minutes), row[1], float(row[2])
    except (ValueError, IndexError):
        return None


def _possible(name: str, value: float) -> float | None:
    if name == "pH" and value > 14:
        value /= 100  # 735 for 7.35
    low, high = _LIMITS.get(name, (0.0, 1e9))
    return value if low <= value <= high and math.isfinite(value) else None


def _derived(channels: dict[str, Series]) -> dict[str, Series]:
    """Invasive and cuff pressures as one; PaO2/FiO2; shock index."""
    for name, parts in (("SBP", ("SysABP", "NISysABP")), ("DBP", ("DiasABP", "NIDiasABP")), ("MBP", ("MAP", "NIMAP"))):
        channels[name] = tuple(sorted(v for part in parts for v in channels.get(part, ())))
    fio2 = channels.get("FiO2", ())
    ratios = ((t, v, [f for when, f in fio2 if when <= t]) for t, v in channels.get("PaO2", ()))
    channels["PF"] = tuple((t, v / max(before[-1], 0.21)) for t, v, before in ratios if before)
    pressure = dict(channels["SBP"])
    channels["SI"] = tuple((t, v / pressure[t]) for t, v in channels.get("HR", ()) if t in pressure)
    return channels


def features(stay: Stay) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """float64 (len(NAMES),); NaN where nothing was measured: missing is never normal."""
    out: list[float] = [stay.static.get("Age", math.nan), stay.static.get("Gender", math.nan)]
    height = stay.static.get("Height", math.nan)
    out.append(height if 120 < height < 220 else math.nan)
    out += [float(stay.static.get("ICUType") == kind) for kind in (1, 2, 3, 4)]
    for channel in _CHANNELS:
        out += _statistics(stay.channels.get(channel, ()))
    urine = stay.channels.get("Urine", ())
    for low, high in _URINE:
        inside = [v for t, v in urine if low <= t <= high]
        out.append(sum(inside) if inside else math.nan)
    vent = stay.channels.get("MechVent", ())
    out += [float(len(vent)), float(vent[-1][0]) if vent else -1.0]
    return np.array(out, float)


def _statistics(series: Series) -> list[float]:
    """Count, first, last, min, max, mean, standard deviation, slope a day, mean of day 2, median of the last 12 h."""
    if not series:
        return [0.0, *([math.nan] * len(_STATS))]
    t = np.array([when for when, _ in series], float) / _DAY
    v = np.array([value for _, value in series], float)
    centred = t - t.mean()
    square = float((centred**2).sum())
    day2, late = v[t >= 1], v[t >= _LAST_12_H / _DAY]
    return [
        float(len(v)),
        float(v[0]),
        float(v[-1]),
        float(v.min()),
        float(v.max()),
        float(v.mean()),
        float(v.std()) if len(v) > 2 else math.nan,
        float((centred * v).sum() / square) if square > 0 else math.nan,
        float(day2.mean()) if len(day2) else math.nan,
        float(np.median(late)) if len(late) else math.nan,
    ]


@dataclass(frozen=True, slots=True)
class Shape:
    """One feature's share in the log-odds: `values[i]` up to and including `cuts[i]`, the last above; `missing` without it.

    `mean` is the share's mean over the training stays.
    """

    feature: str
    cuts: tuple[float, ...]
    values: tuple[float, ...]
    missing: float
    mean: float


@dataclass(frozen=True, slots=True)
class AdditiveModel:
    """Log-odds of death in hospital: `intercept` plus a step function of each feature."""

    version: str
    intercept: float
    shapes: tuple[Shape, ...]
    threshold: float

    def shares(self, row: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[tuple[str, float], ...]:
        """Each feature's exact Shapley value (nats): its share less its mean. They add up to logit - `base`."""
        index = {name: i for i, name in enumerate(NAMES)}
        return tuple((s.feature, _share(s, float(row[index[s.feature]])) - s.mean) for s in self.shapes)

    @property
    def base(self) -> float:
        """The log-odds of the mean training stay."""
        return self.intercept + sum(shape.mean for shape in self.shapes)

    def logit(self, row: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        """Log-odds of death in hospital for one row of `features`."""
        return self.base + sum(share for _, share in self.shares(row))


def _share(shape: Shape, value: float) -> float:
    if math.isnan(value):
        return shape.missing
    return shape.values[int(np.searchsorted(shape.cuts, value, side="left"))]
