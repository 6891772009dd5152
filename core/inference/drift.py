"""Drift: whether what a pack sees and says here still looks like what it was validated on, or like this site's beginning.

PSI (population stability index; the bands .1 and .25 are a convention of credit scoring, not a proof) and the two-sample
Kolmogorov-Smirnov test. Drift is a reason to look, not a verdict on the model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.gate import Density

LEAST = 50
WATCH, DRIFT = 0.1, 0.25
_P = 0.001  # several measures are looked at again and again: a stricter level than .05
_QUANTILES = 101
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observation:
    """One film as it was read here: when (ISO 8601), the log-odds and the gate's score, or the rule that refused it."""

    at: str
    log_odds: float | None = None
    ood: float | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One distribution against its reference. `verdict`: stable, watch, drift, or too few."""

    name: str
    n: int
    reference_n: int
    psi: float
    ks: float
    p: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Drift:
    """`reference`: "pack" (validation) or "site" (its first films). `months`: (month, n, mean log-odds, refused share)."""

    reference: str
    measures: tuple[Measure, ...]
    months: tuple[tuple[str, int, float | None, float], ...]
    refused: int
    films: int
    refused_share_stated: float | None
    refused_p: float | None
    bands: tuple[tuple[str, float, float, float], ...] = ()
    """(measure, 5th, 50th, 95th percentile of its reference)."""
    month_inputs: tuple[tuple[str, float | None], ...] = ()
    """(month, mean gate score): the input's side of `months`."""

    @property
    def verdict(self) -> str:
        """The worst of its measures."""
        order = ("too few", "stable", "watch", "drift")
        worst = max((order.index(m.verdict) for m in self.measures), default=0)
        more = self.refused_p is not None and self.refused_p < _P
        return "drift" if more else order[worst]


def quantiles(values: Sequence[float]) -> list[float]:
    """A distribution as 101 quantiles, for a manifest's `drift` object."""
    return [round(float(q), 5) for q in np.quantile(np.asarray(values, np.float64), np.linspace(0, 1, _QUANTILES))]


def psi(reference: Floats, current: Floats, bins: int = 10) -> float:
    """Population stability index over `bins` equal parts of the reference; half a case is added to every part."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    a = np.bincount(np.searchsorted(edges, reference, side="right"), minlength=len(edges) + 1) + 0.5
    b = np.bincount(np.searchsorted(edges, current, side="right"), minlength=len(edges) + 1) + 0.5
    p, q = a / a.sum(), b / b.sum()
    return float(((q - p) * np.log(q / p)).sum())


def ks(reference: Floats, current: Floats, reference_n: int = 0) -> tuple[float, float]:
    """Largest distance between the two distribution functions, and its p-value (asymptotic, Smirnov 1948).

    `reference_n`: how many values the reference stands for, where it is drawn from stored quantiles.
    """
    both = np.concatenate([reference, current])
    a = np.searchsorted(np.sort(reference), both, side="right") / len(reference)
    b = np.searchsorted(np.sort(current), both, side="right") / len(current)
    distance = float(np.abs(a - b).max())
    many = reference_n or len(reference)
    n = many * len(current) / (many + len(current))
    x = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance
    if x < 0.2:
        return distance, 1.0
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 101))
    return distance, min(1.0, max(0.0, sum(terms)))


def measure(name: str, reference: Floats, current: Floats, reference_n: int = 0) -> Measure:
    """One distribution against another; under `LEAST` values nothing is said."""
    n, many = len(current), reference_n or len(reference)
    if min(n, many) < LEAST:
        return Measure(name, n, many, math.nan, math.nan, math.nan, "too few")
    index, (distance, p) = psi(reference, current), ks(reference, current, many)
    noise = (1 / many + 1 / n) * 9  # what PSI over ten parts is expected to be with no drift at all
    verdict = "drift" if index > DRIFT + noise and p < _P else "watch" if index > WATCH + noise and p < _P else "stable"
    return Measure(name, n, many, index, distance, p, verdict)


def drift(observations: Sequence[Observation], manifest: dict[str, Any]) -> Drift:
    """Everything this site has read against the pack's stated distributions (`drift` in the manifest); a pack that states
    none is held against this site's first half, at least `LEAST` films. UserError where there is nothing to compare."""
    ordered = sorted(observations, key=lambda o: o.at)
    if not ordered:
        raise UserError("No film has been read with this pack here.", "Drift is told from stored cases.")
    stated = manifest.get("drift")
    read = [o for o in ordered if not o.refused]
    half = len(read) // 2
    measures, bands = [], []
    for name in ("log_odds", "ood"):
        values = np.array([getattr(o, name) for o in read if getattr(o, name) is not None], np.float64)
        if stated:
            known, many = np.asarray(stated[name], np.float64), int(stated["n"])
            reference = np.interp(np.linspace(0, 1, 1001), np.linspace(0, 1, len(known)), known)
            measures.append(measure(name, reference, values, many))
        else:
            reference = values[:half]
            measures.append(measure(name, reference, values[half:]))
        if len(reference) >= LEAST or stated:
            low, middle, high = (float(q) for q in np.quantile(reference, (0.05, 0.5, 0.95)))
            bands.append((name, low, middle, high))
    refused = sum(bool(o.refused) for o in ordered)
    share = false_refusals(manifest)
    rate = share["share"] if share else None
    return Drift(
        "pack" if stated else "site",
        tuple(measures),
        _months(ordered),
        refused,
        len(ordered),
        rate,
        more_than(refused, len(ordered), rate) if rate is not None and len(ordered) >= LEAST else None,
        tuple(bands),
        _month_inputs(read),
    )


def false_refusals(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """What the gate refuses of films it should read: share with interval and number of films, as the pack states it."""
    gate = manifest.get("gate") or {}
    if "false_refusals" in gate:
        return dict(gate["false_refusals"])
    own = (manifest.get("metrics") or {}).get("own_test") or {}
    if "refused_share" not in own:
        return None
    return {"share": own["refused_share"], "ci95": own.get("refused_share_ci95"), "n": own.get("n"), "on": "own test"}


def more_than(hits: int, n: int, share: float) -> float:
    """Probability of at least `hits` of `n` where each happens with probability `share` (exact, binomial)."""
    share = min(max(share, 1e-4), 1 - 1e-4)
    logs = [
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(share)
        + (n - k) * math.log1p(-share)
        for k in range(hits, n + 1)
    ]
    top = max(logs)
    return min(1.0, math.exp(top) * sum(math.exp(v - top) for v in logs))


def feature_drift(known: Density, features: NDArray[np.float32]) -> tuple[Measure, ...]:
    """Films read now, (n, d) as the gate sees them, against the gate's validation films: its two scores."""
    distance, outlier = known.scores(features)
    pairs = (("distance", known.distances, distance), ("outlier", known.outliers, outlier))
    return tuple(measure(n, np.asarray(a, np.float64), np.asarray(b, np.float64)) for n, a, b in pairs)


def _months(ordered: Sequence[Observation]) -> tuple[tuple[str, int, float | None, float], ...]:
    by_month: dict[str, list[Observation]] = {}
    for one in ordered:
        by_month.setdefault(one.at[:7], []).append(one)
    found = []
    for month, films in sorted(by_month.items()):
        odds = [o.log_odds for o in films if o.log_odds is not None]
        mean = sum(odds) / len(odds) if odds else None
        found.append((month, len(films), mean, sum(bool(o.refused) for o in films) / len(films)))
    return tuple(found)


def _month_inputs(read: Sequence[Observation]) -> tuple[tuple[str, float | None], ...]:
    by_month: dict[str, list[float]] = {}
    for one in read:
        by_month.setdefault(one.at[:7], []).extend([one.ood] if one.ood is not None else [])
    return tuple((month, sum(found) / len(found) if found else None) for month, found in sorted(by_month.items()))
