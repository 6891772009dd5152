"""Shapley maps of a model whose Shapley values are known."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.domain.explanation import Curve
from core.domain.imaging import ImageRef
from core.errors import UserError
from core.explain.baselines import compare
from core.explain.coalitions import BLOCK, gains, latin_orders, prefix_masks
from core.explain.faithfulness import LEAST_CONTRAST, NO_CONTRAST, Faithfulness, checks, measure
from core.explain.game import new_game
from core.explain.image import explain, preview, refine
from core.inference.baseline import NAMES, baseline
from core.inference.packs import Pack
from core.inference.predict import predict
from core.learning import pack_build
from core.progress import Cancelled
from tests.core import tiny_pack

REF = ImageRef(id="image:1", path="film.png", rows=120, columns=100)


@pytest.fixture(scope="module")
def additive(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny")


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny", pairwise=8.0)


def exact(pack: Pack, pixels: np.ndarray) -> np.ndarray:
    """Shapley values of the additive pack by hand: weight x (mean of the region - mean of its baseline) / T."""
    game = new_game(pack, pixels, "blur", "predict")
    means = [x.reshape(8, 4, 8, 4).mean(axis=(1, 3)).ravel() for x in (game.film, game.hidden)]
    return tiny_pack.WEIGHTS * (means[0] - means[1]) / pack.calibration.temperature


def test_an_additive_model_gets_its_exact_values(additive: Pack) -> None:
    pixels = tiny_pack.picture(4)
    found = explain(additive, REF, pixels, evaluations=128)
    assert np.allclose(found.values, exact(additive, pixels), atol=1e-5)
    assert found.additivity_error < 1e-5 and found.stability > 0.999
    assert found.method == "shapley" and found.box == (0, 0, 100, 120)


def test_owen_values_of_the_shap_library_are_exact_on_the_blocks_it_divided(
    additive: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling takes longer than the whole test
    pixels = tiny_pack.picture(4)
    found = explain(additive, REF, pixels, method="owen-shap", evaluations=300, faithfulness=False)
    wanted = exact(additive, pixels).reshape(2, 4, 8).sum(axis=(1, 2))
    assert np.allclose(np.reshape(found.values, (2, 4, 8)).sum(axis=(1, 2)), wanted, atol=1e-4)
    assert found.additivity_error < 1e-5 and found.method == "owen-shap"


def test_the_map_adds_up_to_the_prediction(crossed: Pack) -> None:
    pixels = tiny_pack.picture(4)
    found = explain(crossed, REF, pixels, evaluations=254)
    (prediction,) = predict(crossed, REF, pixels)  # type: ignore[misc]
    assert found.base_value + sum(found.values) == pytest.approx(prediction.logit, abs=1e-4)
    assert found.value == pytest.approx(prediction.logit, abs=1e-5)


def test_a_product_is_shared_in_halves(crossed: Pack) -> None:
    """pairwise * a * b between regions 0 and 63: each gets its own first-order part and half of the interaction."""
    pixels = tiny_pack.picture(4)
    game = new_game(crossed, pixels, "blur", "predict")
    (a1, b1), (a0, b0) = (
        x.reshape(8, 4, 8, 4).mean(axis=(1, 3)).ravel()[[0, 63]].astype(float) for x in (game.film, game.hidden)
    )
    scale = 8.0 / crossed.calibration.temperature
    wanted = exact(crossed, pixels)
    wanted[0] += scale * (a1 - a0) * (b0 + b1) / 2
    wanted[63] += scale * (b1 - b0) * (a0 + a1) / 2
    found = explain(crossed, REF, pixels, evaluations=506, faithfulness=False)
    assert np.allclose(found.values, wanted, atol=1e-4), "one antithetic pair is exact for second order"


def test_the_same_seed_gives_the_same_map(crossed: Pack) -> None:
    first, second, other = (
        explain(crossed, REF, tiny_pack.picture(4), evaluations=128, seed=s, faithfulness=False) for s in (3, 3, 4)
    )
    assert replace(first, seconds=0) == replace(second, seconds=0)
    assert first.seed != other.seed


def test_refine_improves_and_ends_where_explain_does(crossed: Pack) -> None:
    pixels = tiny_pack.picture(6)
    maps = list(refine(crossed, REF, pixels, evaluations=506, seed=2))
    assert [m.evaluations for m in maps] == [128, 254, 506]
    assert all(m.additivity_error < 1e-4 for m in maps)
    assert maps[-1].values == explain(crossed, REF, pixels, evaluations=506, seed=2, faithfulness=False).values
    assert len(list(refine(crossed, REF, pixels, evaluations=5060, seed=2, enough=1e9))) == 2


def test_a_preview_is_the_map_of_blocks(additive: Pack, crossed: Pack) -> None:
    pixels = tiny_pack.picture(6)
    first = preview(additive, REF, pixels)
    assert (first.rows, first.columns, first.evaluations) == (4, 4, 62)
    wanted = exact(additive, pixels).reshape(4, 2, 4, 2).sum(axis=(1, 3)).ravel()
    assert np.allclose(first.values, wanted, atol=1e-5), "in an additive model a block is worth its regions"
    other = preview(crossed, REF, pixels)
    assert other.additivity_error < 1e-4 and other.value == pytest.approx(preview(crossed, REF, pixels, seed=9).value)


def test_a_preview_takes_the_fast_graph(tmp_path: Path) -> None:
    """The quantised graph of this pack has other weights, so that it can be told from the plain one."""
    plain = tiny_pack.write(tmp_path / "tiny")
    small = pack_build.write(
        tmp_path / "both",
        {**plain.manifest, "id": "both", "graphs": {"predict": "model.onnx", "predict_int8": "int8.onnx"}},
        {**{n: plain.read(n) for n in plain.manifest["files"]}, "int8.onnx": tiny_pack.graph(-tiny_pack.WEIGHTS)},
    )
    pixels = tiny_pack.picture(6)
    assert np.allclose(preview(small, REF, pixels).values, -np.asarray(preview(plain, REF, pixels).values), atol=1e-5)


def test_faithfulness_beats_random_for_a_true_map_and_not_for_its_negative(additive: Pack) -> None:
    pixels = tiny_pack.picture(4)
    found = explain(additive, REF, pixels)
    assert [c.passed for c in found.checks[:2]] == [True] * 2
    assert all(c.value > 0 and c.passed == (c.value >= LEAST_CONTRAST) for c in found.checks[2:])
    assert {c.name for c in found.curves} == {"deletion", "insertion", "random deletion", "random insertion"}
    game = new_game(additive, pixels, "blur", "predict")
    wrong = measure(game, -np.asarray(found.values), seed=0)
    assert wrong.deletion.auc > wrong.random_deletion.auc and wrong.insertion.auc < wrong.random_insertion.auc


def test_a_flat_curve_proves_nothing() -> None:
    def curve(area: float) -> Curve:
        return Curve("x", (0.0, 1.0), (area, area), area)

    def verdicts(deletion: float, insertion: float) -> list[tuple[bool, str]]:
        faith = Faithfulness(curve(deletion), curve(insertion), curve(0.99), curve(0.9))
        return [(c.passed, c.text) for c in checks(0.0, 0.9, faith)[2:]]

    assert verdicts(0.985, 0.905) == [(False, NO_CONTRAST)] * 2
    assert verdicts(0.9, 0.95) == [(True, "AUC difference")] * 2
    assert verdicts(0.995, 0.8) == [(False, NO_CONTRAST), (False, "AUC difference")]


def test_the_most_faithful_baseline_is_chosen(tmp_path: Path) -> None:
    pack = tiny_pack.write(tmp_path / "tiny", baselines={"default": "blur", "known": ["blur", "mean"]})
    pixels = tiny_pack.picture(4)
    tried = compare(pack, pixels)
    assert {t.name for t in tried} == {"blur", "mean"} and tried[0].gain > tried[1].gain
    assert explain(pack, REF, pixels, evaluations=128, baseline="best").baseline == tried[0].name
    for one in tried:
        shown = explain(pack, REF, pixels, evaluations=128, baseline=one.name, faithfulness=False)
        assert shown.base_value == pytest.approx(one.base_value, abs=1e-5)


def test_progress_and_cancel(additive: Pack) -> None:
    seen: list[tuple[int, int]] = []
    explain(additive, REF, tiny_pack.picture(1), lambda done, total, what: seen.append((done, total)), evaluations=254)
    assert seen == sorted(seen) or seen[-1][0] == seen[-1][1]

    def cancel(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        explain(additive, REF, tiny_pack.picture(1), cancel)


def test_what_is_not_known_is_said(additive: Pack) -> None:
    with pytest.raises(UserError, match="Known: shapley"):
        explain(additive, REF, tiny_pack.picture(1), method="gradients")
    with pytest.raises(UserError, match="Known: blur"):
        explain(additive, REF, tiny_pack.picture(1), baseline="noise")
    with pytest.raises(UserError, match="no graph"):
        explain(additive, REF, tiny_pack.picture(1), variant="int8")


@pytest.mark.parametrize("regions", [64, 9])
def test_latin_orders_visit_every_stratum_once(regions: int) -> None:
    found: Iterator[np.ndarray] = latin_orders(regions, seed=5)
    orders = [next(found) for _ in range(BLOCK)]
    assert all(sorted(o.tolist()) == list(range(regions)) for o in orders)
    if regions == 64:
        folded = np.empty((BLOCK, regions), int)
        for k, order in enumerate(orders):
            place = np.argsort(order)
            folded[k] = np.minimum(place, regions - 1 - place) // (regions // 2 // BLOCK)
        assert (np.sort(folded, axis=0) == np.arange(BLOCK)[:, None]).all()


def test_masks_and_gains_telescope() -> None:
    order = np.array([2, 0, 1])
    assert prefix_masks(order).tolist() == [[0, 0, 1], [1, 0, 1]]
    assert gains(order, 1.0, np.array([4.0, 6.0]), 7.0).tolist() == [2.0, 1.0, 3.0]


@pytest.mark.parametrize("name", NAMES)
def test_baselines_keep_light_and_lose_detail(name: str, tmp_path: Path) -> None:
    film = np.random.default_rng(0).random((1, 32, 32), np.float32)
    hidden = baseline(film, name)
    assert hidden.shape == film.shape and hidden.dtype == np.float32
    assert abs(float(hidden.mean() - film.mean())) < 0.02 and hidden.std() < film.std() / 2
