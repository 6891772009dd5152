"""What a film pack states of itself: conformal sets and drift's reference, fitted on validation, measured on the test."""

import numpy as np
import pytest

from core.errors import UserError
from core.inference.conformal import ConformalSets
from core.learning.dataset import Film
from core.learning.evaluate import Read
from core.learning.statements import COVERAGE, _in_card, curve, of_sets, statements


def reads(tmp_path, n: int, seed: int) -> list[Read]:
    rng = np.random.default_rng(seed)
    found = []
    for k in range(n):
        label = int(rng.random() < 0.7)
        odds = float(rng.normal(3 if label else -3, 2))
        film = Film(tmp_path / f"{k}.png", label, f"patient {k}")
        found.append(Read(film, 1 / (1 + np.exp(-odds)), odds, "", float(rng.random())))
    return found


def test_sets_fitted_on_validation_hold_the_truth_as_often_as_stated_on_other_films(tmp_path):
    made = statements(reads(tmp_path, 2000, 0), reads(tmp_path, 2000, 1), draws=50)
    assert made["conformal"]["coverage"] == COVERAGE and sum(made["conformal"]["n"]) == 2000
    for name in ("coverage", "coverage_absent", "coverage_present"):
        assert made["sets"][name]["value"] == pytest.approx(COVERAGE, abs=0.015)
    assert made["drift"]["n"] == 2000 and made["drift"]["log_odds"] == sorted(made["drift"]["log_odds"])


def test_films_that_the_gate_refused_state_nothing(tmp_path):
    kept = reads(tmp_path, 400, 0)
    refused = [Read(r.film, r.probability, r.log_odds, "picture", r.ood) for r in reads(tmp_path, 100, 3)]
    assert statements([*kept, *refused], kept, draws=10)["conformal"] == statements(kept, kept, draws=10)["conformal"]


def test_too_few_films_promise_nothing(tmp_path):
    few = reads(tmp_path, 12, 0)
    with pytest.raises(UserError, match="too few"):
        statements(few, few, draws=10)


def test_unlabelled_films_are_not_counted(tmp_path):
    rows = reads(tmp_path, 50, 0)
    blank = [Read(Film(tmp_path / "x.png", None, "p"), 0.5, 0.0, "", 0.1)]
    sets = ConformalSets(0.9, (0.5, 0.5), (10, 10), True)
    assert of_sets(sets, [*rows, *blank], draws=5)["n"] == 50


def test_the_line_takes_the_place_of_an_earlier_one_in_the_card():
    card = "# Pack\n\n- a: 1.\n\n## Limits\n\n- b\n"
    once = _in_card(card, "- Conformal sets, stated 90 %: x.")
    assert once == "# Pack\n\n- a: 1.\n- Conformal sets, stated 90 %: x.\n\n## Limits\n\n- b\n"
    assert _in_card(once, "- Conformal sets, stated 95 %: y.") == once.replace("90 %: x", "95 %: y")


def test_the_curve_is_drawn_at_the_prevalence_of_the_films(tmp_path):
    """Odds of two normal classes 3 either way, deviation 2: log-odds 1.5 x, at a prevalence of one half."""
    found = reads(tmp_path, 4000, 5)
    fitted = [Read(r.film, 1 / (1 + np.exp(-1.5 * r.log_odds)), 1.5 * r.log_odds, "", r.ood) for r in found]

    def gap(prevalence: float) -> float:
        bins = curve(fitted, prevalence)
        return sum(one["n"] * abs(one["p"] - one["seen"]) for one in bins) / sum(one["n"] for one in bins)

    assert gap(0.5) < 0.015 < 0.03 < gap(0.95)
