"""Calibration: reliability, temperature, rising curves; the site's own, with least numbers, history and a way back."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.imaging import ImageRef
from core.errors import Unreadable, UserError
from core.inference import site
from core.inference.calibration import (
    Calibration,
    Isotonic,
    ece,
    fit_isotonic,
    fit_temperature,
    reliability,
    wilson,
)
from core.inference.packs import Pack
from core.inference.predict import predict
from tests.core import tiny_pack

LABEL = "chest_xray_opacity"


def cases(n: int, seed: int = 0, slope: float = 0.5, bias: float = -1.0) -> tuple[np.ndarray, np.ndarray]:
    """The pack's log-odds and outcomes of a clinic where the truth is slope * odds + bias."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(scale=3, size=n)
    return odds, (rng.random(n) < 1 / (1 + np.exp(-(slope * odds + bias)))).astype(np.int64)


@pytest.fixture
def pack(profile: Path) -> Pack:
    return tiny_pack.write(profile / "models" / "tiny")


def test_temperature_is_recovered() -> None:
    odds, labels = cases(20_000, slope=0.4, bias=0)
    assert fit_temperature(odds, labels) == pytest.approx(2.5, rel=0.05)


def test_a_rising_curve_follows_any_rising_truth() -> None:
    rng = np.random.default_rng(1)
    odds = rng.uniform(-4, 4, 20_000)
    truth = 0.1 + 0.8 * (odds > 1)
    curve = fit_isotonic(odds, (rng.random(len(odds)) < truth).astype(np.int64))
    assert curve.at(-2) == pytest.approx(0.1, abs=0.03) and curve.at(3) == pytest.approx(0.9, abs=0.03)
    assert 0 < curve.at(-100) < curve.at(100) < 1


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 1)), min_size=1, max_size=60))
def test_a_rising_curve_never_falls(pairs: list[tuple[int, int]]) -> None:
    odds, labels = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs])
    curve = fit_isotonic(odds, labels)
    assert list(curve.log_odds) == sorted(set(curve.log_odds))
    assert list(curve.probability) == sorted(curve.probability)
    assert curve.probability[0] > 0 and curve.probability[-1] < 1


def test_the_reliability_diagram_counts_every_case_once() -> None:
    p = np.array([0.0, 0.05, 0.95, 1.0, 0.5])
    y = np.array([0, 1, 1, 1, 0])
    bars = reliability(p, y)
    assert sum(b.n for b in bars) == 5 and [b.n for b in bars] == [2, 1, 2]
    assert bars[0].observed == 0.5 and bars[0].ci95[0] < 0.5 < bars[0].ci95[1]
    assert ece(p, y) == pytest.approx((2 * abs(0.025 - 0.5) + 0.5 + 2 * 0.025) / 5)
    assert wilson(0, 10)[0] == 0 and wilson(0, 10)[1] == pytest.approx(0.2775, abs=1e-3)


def test_a_packs_own_curve_is_applied_last() -> None:
    scale = Calibration(2.0, 0.0, curve=Isotonic((-1.0, 1.0), (0.2, 0.6)))
    assert scale.probability(0.0) == pytest.approx(0.4)
    low, high = Calibration(2.0, 0.0, (0, 0, 0, 0.04), 0.1, Isotonic((-1.0, 1.0), (0.2, 0.6))).interval(0.0)
    assert 0.2 <= low < 0.4 < high <= 0.6


def test_a_site_calibration_changes_the_probability_and_goes_again(pack: Pack) -> None:
    (before,) = predict(pack, ImageRef(id="i", path="f"), tiny_pack.picture(5))  # type: ignore[misc]
    made = site.fit_site(pack, LABEL, *cases(2000))
    assert made.kind == "isotonic" and made.after < made.before and made.gain > 0 and made.n == 2000
    assert site.in_force(pack, LABEL) is None
    site.apply(pack, made)
    (after,) = predict(pack, ImageRef(id="i", path="f"), tiny_pack.picture(5))  # type: ignore[misc]
    assert after.probability == pytest.approx(made.probability(before.logit), abs=1e-6)
    assert after.probability != before.probability and after.interval[0] <= after.probability <= after.interval[1]
    assert after.prevalence == made.prevalence
    assert site.withdraw(pack, LABEL) is None
    assert predict(pack, ImageRef(id="i", path="f"), tiny_pack.picture(5)) == (before,)


def test_a_shift_finds_slope_and_bias(pack: Pack) -> None:
    made = site.fit_site(pack, LABEL, *cases(900, seed=3))
    assert (
        made.kind == "shift" and made.slope == pytest.approx(0.5, abs=0.12) and made.bias == pytest.approx(-1, abs=0.3)
    )


def test_history_goes_back_one_step(pack: Pack) -> None:
    first, second = (site.fit_site(pack, LABEL, *cases(400, seed=s)) for s in (1, 2))
    site.apply(pack, first)
    site.apply(pack, second)
    assert site.in_force(pack, LABEL) == site.history(pack)[-1]
    back = site.withdraw(pack, LABEL, to_earlier=True)
    assert back is not None and back.slope == first.slope and len(site.history(pack)) == 2
    site.withdraw(pack, LABEL)
    with pytest.raises(UserError, match="in force"):
        site.withdraw(pack, LABEL)


@pytest.mark.parametrize(("n", "kind"), [(99, ""), (400, "isotonic"), (400, "magic")])
def test_too_few_cases_are_refused(pack: Pack, n: int, kind: str) -> None:
    with pytest.raises(UserError, match="too few|no calibration called"):
        site.fit_site(pack, LABEL, *cases(n), kind=kind)


def test_one_class_alone_is_refused(pack: Pack) -> None:
    with pytest.raises(UserError, match="rarer outcome"):
        site.fit_site(pack, LABEL, [0.1] * 300, [True] * 300)


def test_no_gain_means_no_calibration(pack: Pack) -> None:
    refused = 0
    for seed in range(5):
        try:
            site.fit_site(pack, LABEL, *cases(120, seed=seed, slope=1, bias=0))
        except UserError as error:
            refused += "would not help" in str(error)
    assert refused >= 3


def test_another_version_of_the_pack_is_not_touched(pack: Pack, profile: Path) -> None:
    made = site.fit_site(pack, LABEL, *cases(400))
    site.apply(pack, made)
    newer = tiny_pack.write(profile / "models" / "tiny", version="1.1.0")
    assert site.in_force(newer, LABEL) is None
    with pytest.raises(UserError, match="another version"):
        site.apply(newer, made)


def test_a_damaged_file_is_said(pack: Pack, profile: Path) -> None:
    site.apply(pack, site.fit_site(pack, LABEL, *cases(400)))
    (profile / "site-calibration" / "tiny.json").write_text("{", encoding="utf-8")
    with pytest.raises(Unreadable, match="cannot be read"):
        site.in_force(pack, LABEL)
