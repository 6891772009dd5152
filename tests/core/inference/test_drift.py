"""Drift: silent where nothing moved, loud where something did, and "too few" before anything can be told."""

import numpy as np
import pytest

from core.errors import UserError
from core.inference.drift import (
    Observation,
    drift,
    false_refusals,
    feature_drift,
    ks,
    measure,
    more_than,
    psi,
    quantiles,
)
from tests.core import tiny_pack


def seen(n: int, shift: float = 0.0, seed: int = 0, refused: float = 0.0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    found = []
    for k in range(n):
        at = f"2026-{1 + 11 * k // n:02d}-15T10:00:00+00:00"
        if rng.random() < refused:
            found.append(Observation(at, refused="picture"))
        else:
            found.append(Observation(at, float(rng.normal(shift)), float(rng.random())))
    return found


def stated(n: int = 800) -> dict[str, object]:
    rng = np.random.default_rng(99)
    return {
        "drift": {"n": n, "log_odds": quantiles(rng.normal(size=n).tolist()), "ood": quantiles(rng.random(n).tolist())},
        "gate": {"false_refusals": {"share": 0.02, "n": n}},
    }


def test_ks_agrees_with_scipy() -> None:
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(0)
    for shift in (0.0, 0.2, 0.6):
        a, b = rng.normal(size=300), rng.normal(shift, size=200)
        wanted = ks_2samp(a, b, method="asymp")
        distance, p = ks(a, b)
        assert distance == pytest.approx(wanted.statistic, abs=1e-12) and p == pytest.approx(wanted.pvalue, abs=0.02)


def test_psi_of_a_known_shift() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=50_000)
    assert psi(a, rng.normal(size=50_000)) < 0.002
    assert psi(a, rng.normal(0.5, size=50_000)) == pytest.approx(0.25, abs=0.03)  # (shift / sd)^2 for equal normals


def test_nothing_moved_is_rarely_called_drift() -> None:
    verdicts = [drift(seen(300, seed=s), stated()).verdict for s in range(40)]
    assert verdicts.count("stable") >= 39


@pytest.mark.parametrize("reference", [True, False])
def test_a_shift_is_found(reference: bool) -> None:
    if reference:
        assert drift(seen(300, shift=0.8), stated()).verdict == "drift"
    else:
        later = [Observation("2027-01-01", o.log_odds, o.ood) for o in seen(200, shift=1.0, seed=5)]
        found = drift([*seen(200), *later], {})
        assert found.reference == "site" and found.verdict == "drift"
        assert {m.name: m.verdict for m in found.measures} == {"log_odds": "drift", "ood": "stable"}


def test_more_refusals_than_stated_are_drift() -> None:
    found = drift(seen(300, refused=0.1), stated())
    assert found.verdict == "drift" and found.refused_p is not None and found.refused_p < 1e-4
    assert len(found.months) >= 11 and sum(n for _, n, _, _ in found.months) == 300


def test_too_few_and_none() -> None:
    assert drift(seen(20), stated()).verdict == "too few"
    with pytest.raises(UserError, match="No film"):
        drift([], stated())


def test_the_binomial_tail_agrees_with_scipy() -> None:
    from scipy.stats import binom

    for hits, n, share in ((0, 10, 0.1), (5, 100, 0.02), (40, 300, 0.1)):
        assert more_than(hits, n, share) == pytest.approx(binom.sf(hits - 1, n, share), rel=1e-9)


def test_gate_features_of_other_films() -> None:
    known = tiny_pack.density()
    inside = np.stack([tiny_pack._features(np.zeros((1, 32, 32), np.float32)) for _ in range(60)])
    assert {m.name for m in feature_drift(known, inside)} == {"distance", "outlier"}
    rng = np.random.default_rng(2)
    assert measure("x", rng.normal(size=500), rng.normal(3, size=500)).verdict == "drift"


def test_false_refusals_come_from_the_manifest() -> None:
    assert false_refusals(stated())["share"] == 0.02  # type: ignore[index]
    older = {"metrics": {"own_test": {"refused_share": 0.0137, "n": 584}}}
    assert false_refusals(older) == {"share": 0.0137, "ci95": None, "n": 584, "on": "own test"}
    assert false_refusals({"metrics": {}}) is None
