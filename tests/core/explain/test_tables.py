"""Enumeration against values known by hand, and against shap's exact explainer."""

import numpy as np
import pytest

from core.errors import UserError
from core.explain.tables import MOST, explain, shapley


def test_the_glove_game() -> None:
    """One left glove, two right ones: 2/3, 1/6, 1/6 (a textbook value)."""
    worth = np.array([0, 0, 0, 1, 0, 1, 0, 1], float)
    assert shapley(worth) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_a_linear_model_is_its_weights_times_the_distance_from_the_mean() -> None:
    rng = np.random.default_rng(0)
    background, row, weights = rng.normal(size=(20, 6)), rng.normal(size=6), rng.normal(size=6)
    found = explain(lambda x: x @ weights, row, background)
    assert found.values == pytest.approx(weights * (row - background.mean(axis=0)))
    assert found.additivity_error < 1e-12 and found.base == pytest.approx(float((background @ weights).mean()))


def test_a_product_is_shared_and_what_does_not_differ_is_worth_nothing() -> None:
    found = explain(lambda x: x[:, 0] * x[:, 1] + x[:, 2], np.array([2.0, 3.0, 7.0]), np.array([[0.0, 0.0, 7.0]]))
    assert found.values.tolist() == [3.0, 3.0, 0.0] and found.evaluations == 4


def test_it_agrees_with_shap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    import shap

    rng = np.random.default_rng(1)
    background, row = rng.normal(size=(5, 7)), rng.normal(size=7)

    def model(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.tanh(x[:, 0] * x[:, 1]) + x[:, 2] * x[:, 3] * x[:, 4] + np.abs(x[:, 5]) - x[:, 6])

    theirs = shap.explainers.Exact(model, shap.maskers.Independent(background))(row[None])
    assert explain(model, row, background).values == pytest.approx(theirs.values[0], abs=1e-9)


def test_too_many_features_are_refused() -> None:
    with pytest.raises(UserError, match="at most 15"):
        explain(lambda x: x.sum(axis=1), np.ones(MOST + 1), np.zeros((1, MOST + 1)))


def test_background_rows_that_differ_in_fewer_features_are_run_once() -> None:
    rng = np.random.default_rng(3)
    row = rng.normal(size=5)
    background = np.stack([row + np.eye(5)[0], row + np.eye(5)[1] + np.eye(5)[3], row - 1.0])

    def model(x: np.ndarray) -> np.ndarray:
        return np.asarray(x[:, 0] * x[:, 1] * x[:, 3] + x[:, 2] ** 2 * x[:, 4])

    found = explain(model, row, background)
    assert found.evaluations == 2 + 4 + 32
    each = [explain(model, row, one[None]).values for one in background]
    assert found.values == pytest.approx(np.mean(each, axis=0)), "interventional: the mean over the background"
