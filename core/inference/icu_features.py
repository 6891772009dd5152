"""Numbers that describe the first 48 hours of an intensive-care stay: courses, urine, points, how it was watched.

What was not measured is left out of the result: missing is never normal. Tables: `resources/knowledge/health/icu.yaml`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from core.inference.icu_stay import Series, Stay
from core.paths import RESOURCES

_DAY = 1440.0
_END = 2880.0
_TALL = (120, 220)
_FAST_WINDOWS = ((0, 12), (12, 24), (24, 36), (36, 48))
_SLOW_WINDOWS = ((0, 24), (24, 48))
_URINE = (
    (0, 6),
    (6, 12),
    (12, 18),
    (18, 24),
    (24, 30),
    (30, 36),
    (36, 42),
    (42, 48),
    (0, 24),
    (24, 48),
    (36, 48),
    (0, 48),
)
_HALF_LIVES_H = (4, 12)
_LABS = ("BUN", "Creatinine", "WBC", "Platelets", "Na", "K", "HCO3", "Glucose", "HCT", "Mg")
_DERIVED = {"SBP", "DBP", "MBP", "PF", "SI", "PP", "BUNCr"}
_USUAL_WEIGHT_KG = 80.0

Values = NDArray[np.float64]


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """`icu.yaml`."""
    path = RESOURCES / "knowledge" / "health" / "icu.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def features(stay: Stay) -> dict[str, float]:
    """Name -> number, for what can be told of this stay."""
    found = _patient(stay)
    for name, channel in table()["channels"].items():
        if name != "MechVent":
            found |= {f"{name}_{k}": v for k, v in _course(stay.channels.get(name, ()), channel).items()}
    found |= _body(stay) | _urine(stay) | _ventilation(stay) | _coma(stay) | _beyond(stay) | _watched(stay)
    found |= _points(stay, found)
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def group(name: str) -> str:
    """The channel or group of `icu.yaml` that a feature belongs to."""
    head = name.split("_")[0]
    if head in table()["channels"]:
        return head
    if name in table()["windows"] or (head in table()["windows"] and name.endswith("_2")):
        return str(table()["windows"][head][0])
    for start, owner in _OWNERS:
        if name.startswith(start):
            return owner
    return "patient"


_OWNERS = (
    ("ur", "Urine"), ("mv", "MechVent"), ("gcs", "GCS"), ("sofa", "sofa"), ("dsofa", "sofa"), ("saps", "saps"),
    ("dsaps", "saps"), ("unit", "unit"), ("watch", "watch"), ("wchange", "Weight"), ("wrange", "Weight"),
    ("sodium_gap", "HCO3"),
)  # fmt: skip


def _patient(stay: Stay) -> dict[str, float]:
    known = stay.static
    found = {"age": known.get("Age", math.nan), "male": known.get("Gender", math.nan)}
    height = known.get("Height", math.nan)
    found["height"] = height if _TALL[0] < height < _TALL[1] else math.nan
    kind = known.get("ICUType", math.nan)
    found |= {f"unit_{k}": float(kind == k) if kind == kind else math.nan for k in (1, 2, 3, 4)}
    return found


def _times_values(series: Series) -> tuple[Values, Values]:
    return np.array([t for t, _ in series], float), np.array([v for _, v in series], float)


def _between(t: Values, v: Values, hours: tuple[int, int]) -> Values:
    """Values after the first hour named (from the start where it is 0) up to and with the last."""
    low, high = hours
    inside: Values = v[(t > low * 60 if low else t >= 0) & (t <= high * 60)]
    return inside


def _course(series: Series, channel: Mapping[str, Any]) -> dict[str, float]:
    """Count, place and spread of a channel's values, their direction, their windows, and their distance from common."""
    found = {"count": float(len(series))}
    if not series:
        return found
    t, v = _times_values(series)
    found |= {
        "first": v[0], "last": v[-1], "min": v.min(), "max": v.max(), "mean": v.mean(), "median": float(np.median(v)),
        "since_last": _END - t[-1], "until_first": t[0], "when_min": t[v.argmin()], "when_max": t[v.argmax()],
    }  # fmt: skip
    found |= _spread(t, v) | _windows(t, v, fast=bool(channel.get("fast")))
    for hours in _HALF_LIVES_H:
        weight = 0.5 ** ((_END - t) / 60 / hours)
        found[f"recent{hours}"] = float((weight * v).sum() / weight.sum())
    if "normal" in channel:
        low, high = channel["normal"]
        away = np.maximum(np.maximum(low - v, v - high), 0) / (high - low if high > low else 5)
        found |= {
            "away_max": away.max(),
            "away_mean": away.mean(),
            "away_last": away[-1],
            "away_share": (away > 0).mean(),
        }
    return found


def _spread(t: Values, v: Values) -> dict[str, float]:
    found: dict[str, float] = {}
    if len(v) > 1:
        found = {"delta": v[-1] - v[0], "rough": float(np.abs(np.diff(v)).mean())}
        centred = t - t.mean()
        square = float((centred**2).sum())
        if square > 0:
            found["slope"] = float((centred * v).sum() / square * _DAY)
    if len(v) > 2:
        found["std"] = float(v.std())
    if len(v) > 4:
        found["q10"], found["q90"] = (float(q) for q in np.quantile(v, [0.1, 0.9]))
    return found


def _windows(t: Values, v: Values, *, fast: bool) -> dict[str, float]:
    found: dict[str, float] = {}
    for hours in _FAST_WINDOWS if fast else _SLOW_WINDOWS:
        inside = _between(t, v, hours)
        if len(inside):
            found[f"mean{hours[0]}_{hours[1]}"] = inside.mean()
    for hours in (*_SLOW_WINDOWS, (36, 48)):
        inside = _between(t, v, hours)
        found[f"n{hours[0]}_{hours[1]}"] = float(len(inside))
        if len(inside) and hours == (36, 48):
            found["late"] = float(np.median(inside))
        elif len(inside):
            found |= {f"min{hours[0]}_{hours[1]}": inside.min(), f"max{hours[0]}_{hours[1]}": inside.max()}
    first, second = _between(t, v, (0, 24)), _between(t, v, (24, 48))
    if len(first) and len(second):
        found["day_change"] = second.mean() - first.mean()
    return found


def _body(stay: Stay) -> dict[str, float]:
    weights = [v for _, v in stay.channels.get("Weight", ())]
    height = _patient(stay)["height"]
    if not weights:
        return {}
    found = {"bmi": weights[0] / (height / 100) ** 2}
    if len(weights) > 1:
        found |= {"wchange": weights[-1] - weights[0], "wrange": max(weights) - min(weights)}
    return found


def _urine(stay: Stay) -> dict[str, float]:
    """Sums in mL by window; nothing where no urine was measured at all."""
    series = stay.channels.get("Urine", ())
    if not series:
        return {}
    t, v = _times_values(series)
    found = {f"ur{a}_{b}": float(_between(t, v, (a, b)).sum()) for a, b in _URINE}
    weights = stay.channels.get("Weight", ())
    weight = weights[0][1] if weights else _USUAL_WEIGHT_KG
    six = [float(v[(t > h * 60) & (t <= (h + 6) * 60)].sum()) for h in range(0, 43, 2)]
    return found | {
        "ur_kg_h": float(v.sum()) / weight / 48, "ur_kg_h_day2": found["ur24_48"] / weight / 24, "ur_min6": min(six),
        "ur_max6": max(six), "ur_ratio": found["ur24_48"] / (found["ur0_24"] + 100),
        "ur_hours": float(len({int(x // 60) for x in t})),
    }  # fmt: skip


def _ventilation(stay: Stay) -> dict[str, float]:
    t = [when for when, _ in stay.channels.get("MechVent", ())]
    return {
        "mv_count": float(len(t)), "mv_last": float(t[-1]) if t else -1.0, "mv_first": float(t[0]) if t else -1.0,
        "mv_span": float(t[-1] - t[0]) if t else 0.0, "mv_late": float(sum(x > 2160 for x in t)),
        "mv_day2": float(sum(x > _DAY for x in t)), "mv_hours": float(len({x // 60 for x in t})),
    }  # fmt: skip


def _coma(stay: Stay) -> dict[str, float]:
    series = stay.channels.get("GCS", ())
    if not series:
        return {}
    values, last = [v for _, v in series], series[-1][1]
    late = any(t > 2160 for t, _ in stay.channels.get("MechVent", ()))
    day2, end = [v for t, v in series if t > _DAY], [v for t, v in series if t > 2160]
    return {
        "gcs_best_day2": max(day2, default=math.nan), "gcs_best_late": max(end, default=math.nan),
        "gcs_share_8": sum(v <= 8 for v in values) / len(values), "gcs_share_15": sum(v == 15 for v in values) / len(values),
        "gcs_last_5": float(last <= 5), "gcs_last_breathing": math.nan if late else last,
        "gcs_last_ventilated": last if late else math.nan,
    }  # fmt: skip


def _beyond(stay: Stay) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, (channel, side, limit) in table()["windows"].items():
        series = stay.channels.get(channel, ())
        hits = [(t, v < limit if side == "below" else v > limit) for t, v in series]
        if hits:
            found[name] = sum(hit for _, hit in hits) / len(hits)
        second = [hit for t, hit in hits if t > _DAY]
        if second:
            found[f"{name}_2"] = sum(second) / len(second)
    return found


def _watched(stay: Stay) -> dict[str, float]:
    """Counts of times, laboratory tests, blood gases, arterial line: how ill the unit thought the patient was."""
    channels = stay.channels
    times = sorted({t for name, series in channels.items() if name not in _DERIVED for t, _ in series})

    def after(names: Iterable[str], minute: float) -> float:
        return float(sum(t > minute for name in names for t, _ in channels.get(name, ())))

    return {
        "watch_times": float(len(times)), "watch_times_2": float(sum(t > _DAY for t in times)),
        "watch_times_late": float(sum(t > 2400 for t in times)), "watch_end": float(times[-1]) if times else math.nan,
        "watch_channels": float(sum(bool(series) for name, series in channels.items() if name not in _DERIVED)),
        "watch_labs": after(_LABS, -1), "watch_labs_2": after(_LABS, _DAY), "watch_gases": after(("pH",), -1),
        "watch_gases_2": after(("pH",), _DAY), "watch_line": after(("SysABP", "MAP"), -1),
        "watch_line_2": after(("SysABP",), _DAY), "watch_line_late": after(("SysABP",), 2400),
        "watch_cuff_2": after(("NISysABP",), _DAY),
    }  # fmt: skip


def _points(stay: Stay, found: Mapping[str, float]) -> dict[str, float]:
    """Points by organ and by severity of each day, and a few products of age with them."""
    out: dict[str, float] = {}
    vented = [t for t, _ in stay.channels.get("MechVent", ())]
    for day, hours in enumerate(_SLOW_WINDOWS, start=1):
        ventilated = any(hours[0] * 60 <= t <= hours[1] * 60 for t in vented)
        organs = _sofa(found, hours, ventilated=ventilated)
        out |= {f"sofa_{organ}_{day}": points for organ, points in organs.items()}
        out[f"sofa_{day}"] = sum(p for p in organs.values() if p == p)
        out[f"saps_{day}"] = _saps(found, hours, ventilated=ventilated)
    out |= {"dsofa": out["sofa_2"] - out["sofa_1"], "dsaps": out["saps_2"] - out["saps_1"]}
    age, coma = found.get("age", math.nan), found.get("GCS_last", math.nan)
    out["gcs_age"] = age * (15 - coma)
    out["BUN_age"] = age * found.get("BUN_last", math.nan)
    out["Lactate_shock"] = found.get("SI_last", math.nan) * found.get("Lactate_last", math.nan)
    out["sodium_gap"] = found.get("Na_last", math.nan) - found.get("HCO3_last", math.nan)
    for kind in (1, 2, 3, 4):
        here = found.get(f"unit_{kind}") == 1
        out[f"unit_age_{kind}"] = age if here else math.nan
        out[f"gcs_unit_{kind}"] = coma if here else math.nan
    return out


def points(value: float, bands: Sequence[Sequence[float | None]]) -> float:
    """The points of the first band whose limit lies above the value; NaN for NaN."""
    if math.isnan(value):
        return math.nan
    return next(float(p or 0) for limit, p in bands if limit is None or value < limit)


def _sofa(found: Mapping[str, float], hours: tuple[int, int], *, ventilated: bool) -> dict[str, float]:
    t = table()["sofa"]

    def least(channel: str) -> float:
        return found.get(f"{channel}_min{hours[0]}_{hours[1]}", math.nan)

    def most(channel: str) -> float:
        return found.get(f"{channel}_max{hours[0]}_{hours[1]}", math.nan)

    kidney = (
        points(most("Creatinine"), t["creatinine"]),
        points(found.get(f"ur{hours[0]}_{hours[1]}", math.nan), t["urine"]),
    )
    return {
        "lungs": points(least("PF"), t["lungs_ventilated" if ventilated else "lungs"]),
        "clotting": points(least("Platelets"), t["platelets"]), "liver": points(most("Bilirubin"), t["bilirubin"]),
        "heart": points(least("MBP"), t["pressure"]), "nerves": points(least("GCS"), t["coma"]), "kidney": _greatest(kidney),
    }  # fmt: skip


def _saps(found: Mapping[str, float], hours: tuple[int, int], *, ventilated: bool) -> float:
    t, (low, high) = table()["saps"], hours

    def both(channel: str, bands: Sequence[Any]) -> float:
        ends = (found.get(f"{channel}_{end}{low}_{high}", math.nan) for end in ("min", "max"))
        return _greatest(points(value, band) for value, band in zip(ends, bands, strict=True))

    parts = [both(channel, bands) for channel, bands in t["both"].items()]
    parts += [
        points(found.get("age", math.nan), t["age"]), points(found.get(f"ur{low}_{high}", math.nan), t["urine"]),
        points(found.get(f"BUN_max{low}_{high}", math.nan), t["urea"]),
        points(found.get(f"GCS_min{low}_{high}", math.nan), t["coma"]),
        float(t["ventilated"]) if ventilated else both("RespRate", t["breathing"]),
    ]  # fmt: skip
    return sum(p for p in parts if p == p)


def _greatest(values: Iterable[float]) -> float:
    return max((v for v in values if v == v), default=math.nan)
