"""Calibration on the clinic's own signed cases: applied after the pack's, shown with its n and its ECE, taken back at will.

Kept in the profile as `site-calibration/<pack>.json`. Holds for the very pack version it was fitted on, and no other.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.errors import NewerFile, Unreadable, UserError
from core.inference.calibration import Isotonic, ece, fit, fit_isotonic, log_odds, reliability, sigmoid
from core.inference.packs import Pack

LEAST_CASES, LEAST_OF_EACH = 100, 20
LEAST_FOR_CURVE, LEAST_OF_EACH_FOR_CURVE = 1000, 200
KINDS = ("shift", "isotonic")
_FOLDS = 5
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class SiteCalibration:
    """log-odds -> `slope` * log-odds + `bias`, or a curve. `before` and `after` (ECE) and `gain` (nats of log-loss a case)
    are of cross-validation: no case was judged by a fit that saw it. `prevalence`: of the clinic's cases."""

    label: str
    pack_sha256: str
    kind: str
    n: int
    positives: int
    before: float
    after: float
    gain: float
    made: str
    slope: float = 1.0
    bias: float = 0.0
    curve: Isotonic | None = None
    active: bool = False
    reliability_before: tuple[dict[str, float], ...] = ()
    reliability_after: tuple[dict[str, float], ...] = ()
    """Bins of the reliability diagram (p, seen, low, high, n), before and after, of the same cross-validation."""

    @property
    def prevalence(self) -> float:
        """Share of positive cases it was fitted on."""
        return self.positives / self.n

    def log_odds(self, odds: float) -> float:
        """The pack's log-odds -> the site's (nats)."""
        return self.slope * odds + self.bias if self.curve is None else log_odds(self.curve.at(odds))

    def probability(self, odds: float) -> float:
        """The pack's log-odds -> the site's probability."""
        return sigmoid(self.log_odds(odds))

    def between(self, interval: tuple[float, float]) -> tuple[float, float]:
        """An interval of the pack's probability -> the site's."""
        low, high = (self.probability(log_odds(p)) for p in interval)
        return low, high


def fit_site(
    pack: Pack,
    label: str,
    odds: Sequence[float],
    outcomes: Sequence[bool],
    *,
    patients: Sequence[str] = (),
    kind: str = "",
    now: datetime | None = None,
) -> SiteCalibration:
    """Fit on signed cases; not in force until `apply`. `odds`: the pack's calibrated log-odds; `patients` keep a patient's
    cases in one fold. UserError below the least number of cases, and where cross-validation shows no gain."""
    x, y = np.asarray(odds, np.float64), np.asarray(outcomes, np.int64)
    positives = int(y.sum())
    rarer = min(positives, len(y) - positives)
    if label not in {known.code.code for known in pack.labels}:
        raise UserError(f"The pack {pack.id} has no label {label}.", "`models show` lists its labels.")
    chosen = kind or ("isotonic" if len(y) >= LEAST_FOR_CURVE and rarer >= LEAST_OF_EACH_FOR_CURVE else "shift")
    if chosen not in KINDS:
        raise UserError(f"There is no calibration called {chosen}.", f"Known: {', '.join(KINDS)}.")
    _enough(len(y), rarer, chosen)
    groups = np.asarray(patients if len(patients) == len(y) else [str(i) for i in range(len(y))])
    plain, kept = _sigmoid(x), _cross_validated(x, y, groups, chosen)
    gain = _log_loss(plain, y) - _log_loss(kept, y)
    if gain <= 0:
        raise UserError(
            f"A calibration on these {len(y)} cases would not help (log-loss {-gain:+.4f} in cross-validation).",
            "The pack's own calibration stays; nothing was changed.",
        )
    stamp = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    blank = SiteCalibration(
        label, pack.sha256, chosen, len(y), positives, ece(plain, y), ece(kept, y), gain, stamp,
        reliability_before=_bins(plain, y), reliability_after=_bins(kept, y),
    )  # fmt: skip
    return _fitted(blank, x, y)


def _bins(p: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[dict[str, float], ...]:
    return tuple(
        {"p": b.stated, "seen": b.observed, "low": b.ci95[0], "high": b.ci95[1], "n": float(b.n)}
        for b in reliability(p, y)
    )


def _enough(n: int, rarer: int, kind: str) -> None:
    least, each = (LEAST_CASES, LEAST_OF_EACH) if kind == "shift" else (LEAST_FOR_CURVE, LEAST_OF_EACH_FOR_CURVE)
    if n < least or rarer < each:
        raise UserError(
            f"{n} signed cases with {rarer} of the rarer outcome are too few for a calibration ({kind}).",
            f"At least {least}, with {each} of each outcome, are needed.",
        )


def _fitted(made: SiteCalibration, x: NDArray[np.float64], y: NDArray[np.int64]) -> SiteCalibration:
    if made.kind == "isotonic":
        return replace(made, curve=fit_isotonic(x, y))
    temperature, bias = fit(x, y)
    return replace(made, slope=1 / temperature, bias=bias)


def _cross_validated(
    x: NDArray[np.float64], y: NDArray[np.int64], groups: NDArray[Any], kind: str
) -> NDArray[np.float64]:
    """Probabilities of every case by a fit on the other folds; folds hold whole patients."""
    names, inverse = np.unique(groups, return_inverse=True)
    fold = np.random.default_rng(0).permutation(len(names)) % _FOLDS
    found = np.zeros(len(x))
    blank = SiteCalibration("", "", kind, 1, 0, 0, 0, 0, "")
    for k in range(_FOLDS):
        inside = fold[inverse] == k
        if inside.any() and not inside.all():
            own = _fitted(blank, x[~inside], y[~inside])
            found[inside] = [own.probability(v) for v in x[inside].tolist()]
    return found


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))), np.float64)


def _log_loss(p: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    q = np.clip(p, 1e-6, 1 - 1e-6)
    return float(-(y * np.log(q) + (1 - y) * np.log(1 - q)).mean())


def apply(pack: Pack, made: SiteCalibration) -> None:
    """Put a calibration in force; the one before stays in the history and comes back with `withdraw`."""
    if made.pack_sha256 != pack.sha256:
        raise UserError("This calibration was fitted on another version of the pack.", "Fit it again.")
    earlier = [replace(e, active=False) if e.label == made.label else e for e in history(pack)]
    _write(pack, [*earlier, replace(made, active=True)])


def withdraw(pack: Pack, label: str, *, to_earlier: bool = False) -> SiteCalibration | None:
    """Take the calibration in force away; `to_earlier` brings the one before back. What is in force then."""
    entries = list(history(pack))
    places = [i for i, e in enumerate(entries) if e.label == label and e.pack_sha256 == pack.sha256]
    active = [i for i in places if entries[i].active]
    if not active:
        raise UserError(f"No site calibration of {pack.id} ({label}) is in force.", "There is nothing to take back.")
    entries[active[0]] = replace(entries[active[0]], active=False)
    before = [i for i in places if i < active[0]]
    if to_earlier and before:
        entries[before[-1]] = replace(entries[before[-1]], active=True)
    _write(pack, entries)
    return in_force(pack, label)


def in_force(pack: Pack, label: str) -> SiteCalibration | None:
    """The site's calibration of a label of this very pack; None where there is none."""
    path = _path(pack)
    try:
        seen = path.stat()
    except OSError:
        return None
    return next(
        (
            e
            for e in _read(path, seen.st_mtime_ns, seen.st_size)
            if e.active and e.label == label and e.pack_sha256 == pack.sha256
        ),
        None,
    )


def history(pack: Pack) -> tuple[SiteCalibration, ...]:
    """Every calibration that was put in force for a pack, oldest first."""
    path = _path(pack)
    if not path.is_file():
        return ()
    seen = path.stat()
    return _read(path, seen.st_mtime_ns, seen.st_size)


def _path(pack: Pack) -> Path:
    return paths.profile() / "site-calibration" / f"{pack.id}.json"


@lru_cache(maxsize=16)
def _read(path: Path, _changed: int, _size: int) -> tuple[SiteCalibration, ...]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if int(data["schema"]) > _SCHEMA:
            raise NewerFile(f"{path.name} was written by a newer version.", "Update the program.")
        return tuple(_entry(e) for e in data["entries"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(
            f"The site calibration {path.name} cannot be read: {error}.",
            "Move the file away; the pack's own holds then.",
        ) from error


def _entry(spec: dict[str, Any]) -> SiteCalibration:
    curve = spec.pop("curve")
    made = Isotonic(tuple(curve["log_odds"]), tuple(curve["probability"])) if curve else None
    before, after = tuple(spec.pop("reliability_before", ())), tuple(spec.pop("reliability_after", ()))
    return SiteCalibration(**spec, curve=made, reliability_before=before, reliability_after=after)


def _write(pack: Pack, entries: Sequence[SiteCalibration]) -> None:
    path = _path(pack)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    text = json.dumps({"schema": _SCHEMA, "pack": pack.id, "entries": [asdict(e) for e in entries]}, indent=1)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    _read.cache_clear()
