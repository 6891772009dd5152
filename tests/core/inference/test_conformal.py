"""Conformal sets and intervals hold the truth as often as they say."""

import numpy as np
import pytest

from core.errors import UserError
from core.inference.conformal import ConformalSets, coverage_of, fit_binary, fit_interval, fit_sets


def drawn(n: int, rng: np.random.Generator, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A model that is too sure of itself, and skewed classes."""
    labels = rng.choice(classes, n, p=[0.7, 0.25, 0.05][:classes] if classes == 3 else [0.8, 0.2])
    sharpness = np.array([1.8, 1.5, 0.3])[:classes]  # the rare class is told less well
    logits = rng.normal(size=(n, classes)) + (np.eye(classes) * sharpness)[labels]
    p = np.exp(3 * logits)
    return p / p.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_coverage_holds_on_average_over_fits(coverage: float) -> None:
    rng = np.random.default_rng(7)
    found = []
    for _ in range(60):
        sets = fit_sets(*drawn(500, rng), coverage, by_class=False)
        found.append(coverage_of(sets, *drawn(500, rng))["coverage"])
    assert np.mean(found) == pytest.approx(coverage, abs=0.012)


def test_by_class_the_rare_class_is_covered_too() -> None:
    rng = np.random.default_rng(8)
    rare: dict[bool, list[float]] = {True: [], False: []}
    for by_class in rare:
        for _ in range(25):
            sets = fit_sets(*drawn(2000, rng), 0.9, by_class=by_class)
            p, y = drawn(2000, rng)
            rare[by_class].append(coverage_of(sets, p[y == 2], y[y == 2])["coverage"])
    assert np.mean(rare[True]) == pytest.approx(0.9, abs=0.03)
    assert np.mean(rare[False]) < 0.85


def test_a_binary_set_says_undecided_between_its_limits() -> None:
    rng = np.random.default_rng(9)
    p, y = drawn(2000, rng, 2)
    sets = fit_binary(p[:, 1], y)
    assert sets.classes((0.999, 0.001)) == (0,) and sets.classes((0.001, 0.999)) == (1,)
    assert ConformalSets.of(sets.spec()) == sets
    assert 0.5 < coverage_of(sets, p, y)["decided"] <= 1


def test_intervals_cover_and_follow_the_difficulty() -> None:
    rng = np.random.default_rng(10)
    found, widths = [], []
    for _ in range(40):
        x = rng.uniform(0, 3, 1500)
        y = x + rng.normal(scale=0.1 + x)
        fit = fit_interval(x[:500], y[:500], 0.9, 0.1 + x[:500])
        inside = [
            low <= v <= high for v, (low, high) in zip(y[500:], (fit.around(v, 0.1 + v) for v in x[500:]), strict=True)
        ]
        found.append(np.mean(inside))
        widths.append(fit.half_width)
    assert np.mean(found) == pytest.approx(0.9, abs=0.01) and np.mean(widths) == pytest.approx(1.645, abs=0.1)


def test_too_few_cases_promise_nothing() -> None:
    with pytest.raises(UserError, match="too few to promise 95%.*At least 19"):
        fit_interval(np.zeros(18), np.ones(18), 0.95)
    assert fit_interval(np.zeros(19), np.ones(19), 0.95).half_width == 1
    with pytest.raises(UserError, match="between 0 and 1"):
        fit_interval(np.zeros(19), np.ones(19), 1.0)


def test_a_film_carries_the_set_of_its_pack():
    from core.inference import packs, predict

    pack = packs.find("cxr-pneumonia-paediatric")
    absent, present = pack.manifest["conformal"]["limits"]
    for probability, held in (
        (0.001, (True, False)),
        (0.999, (False, True)),
        ((absent + 1 - present) / 2, (True, True)),
    ):
        found = predict._conformal(pack, probability)
        assert found is not None and (found.absent, found.present) == held


def test_a_pack_that_states_no_sets_gives_none():
    from types import SimpleNamespace

    from core.inference import predict

    assert predict._conformal(SimpleNamespace(manifest={}, labels=(1,)), 0.5) is None
