"""The design's estimate on games whose Shapley values are known by enumeration."""

import io
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest

from core.domain.imaging import ImageRef
from core.explain.design import Design, Mean, Prior, design, estimator, linear, save, triples
from core.explain.design_fit import Measured, candidates, choose, fit, shapes
from core.explain.game import new_game
from core.explain.image import explain, preview, refine, watch
from core.explain.randomise import forgetful
from core.explain.sampling import RUNGS, agreement, last, sample
from core.inference.packs import Pack
from core.inference.session import open_session
from core.learning import pack_build
from tests.core import tiny_pack

GRID = (3, 3)
REF = ImageRef(id="image:1", path="film.png", rows=120, columns=100)


def prior(noise: float = 1e-6) -> Prior:
    return Prior(GRID, np.eye(9), np.full(len(triples(*GRID)), 0.1), noise)


def game(seed: int) -> dict[tuple[int, ...], float]:
    """Random terms of orders one, two and three over parities of nine regions."""
    rng = np.random.default_rng(seed)
    return {t: float(rng.normal()) for order in (1, 2, 3) for t in combinations(range(9), order)}


def value(terms: dict[tuple[int, ...], float], signs: np.ndarray) -> float:
    return sum(c * float(np.prod(signs[list(t)])) for t, c in terms.items())


def exact(terms: dict[tuple[int, ...], float]) -> np.ndarray:
    """Shapley values by the definition, over all 2^9 coalitions."""
    known = {bits: value(terms, np.array([1.0 if bits >> i & 1 else -1.0 for i in range(9)])) for bits in range(512)}
    out = np.zeros(9)
    for bits, v in known.items():
        size = bits.bit_count()
        for i in range(9):
            if not bits >> i & 1:
                out[i] += factorial(size) * factorial(8 - size) / factorial(9) * (known[bits | 1 << i] - v)
    return out


def shared(terms: dict[tuple[int, ...], float]) -> np.ndarray:
    """The same for games of odd order: a term of coefficient c is worth 2 c, shared by its regions."""
    out = np.zeros(9)
    for t, c in terms.items():
        out[list(t)] += 2 * c / len(t)
    return out


def everything() -> np.ndarray:
    return np.array([[1.0 if bits >> i & 1 else -1.0 for i in range(9)] for bits in range(1, 256)])


@pytest.mark.parametrize("seed", [0, 1])
def test_a_game_of_third_order_gets_its_exact_values(seed: int) -> None:
    terms, signs = game(seed), everything()
    odd = np.array([(value(terms, s) - value(terms, -s)) / 2 for s in signs])
    empty, full = value(terms, -np.ones(9)), value(terms, np.ones(9))
    values, errors = estimator(prior(), signs)(odd, empty, full)
    assert np.allclose(values, exact(terms), atol=1e-3)
    assert values.sum() == pytest.approx(full - empty)
    assert np.allclose(shared({t: c for t, c in terms.items() if len(t) % 2}), exact(terms)), "even orders cancel"
    assert (errors < 0.05).all()


def test_errors_are_as_large_as_stated_and_shrink() -> None:
    """Games drawn from the prior: the mean squared z is near 1, for few coalitions and for many."""
    rng, signs = np.random.default_rng(3), everything()
    signs = signs[rng.permutation(len(signs))]
    shown = prior(0.05)
    typical = []
    for pairs in (12, 40, 120):
        made, z, size = estimator(shown, signs[:pairs]), [], []
        for _ in range(40):
            terms = {(i,): float(rng.normal()) for i in range(9)}
            terms |= {tuple(t): float(rng.normal() * 0.1**0.5) for t in triples(*GRID).tolist()}
            odd = np.array([value(terms, s) for s in signs[:pairs]]) + rng.normal(scale=0.05**0.5, size=pairs)
            half = value(terms, np.ones(9))
            values, errors = made(odd, -half, half)
            z.append(((values - shared(terms)) / errors) ** 2)
            size.append(errors.mean())
        assert 0.6 < np.mean(z) < 1.6
        typical.append(np.mean(size))
    assert typical[0] > 1.2 * typical[1] > 1.2 * typical[2]


def test_chosen_coalitions_tell_more_than_drawn_ones() -> None:
    pool = candidates((4, 4), 300, seed=0)
    shown = Prior((4, 4), np.eye(16), np.full(len(triples(4, 4)), 0.02), 0.05)
    left = {
        name: float((estimator(shown, signs).deviation ** 2).sum())
        for name, signs in (("chosen", choose(shown, pool, 24)), ("first", pool[:24]), ("drawn", pool[-24:]))
    }
    assert left["chosen"] < 0.8 * min(left["first"], left["drawn"])
    assert len(np.unique(choose(shown, pool, 24), axis=0)) == 24


def test_the_fit_finds_which_regions_count() -> None:
    rng, signs = np.random.default_rng(0), everything()
    games = []
    for _ in range(12):
        strength = rng.normal(size=9) * np.where(np.arange(9) < 3, 2.0, 0.2)
        chosen = signs[rng.permutation(len(signs))[:40]]
        games.append(Measured(chosen, chosen @ strength + rng.normal(scale=0.05, size=40), float(strength.sum())))
    found = fit(games, GRID, steps=30, batch=4)
    size = np.diag(found.linear)
    assert size[:3].min() > 3 * size[3:].max() and found.noise < 0.05 * size.max()
    assert shapes(GRID).max() + 1 == 10 and len(found.triple) == 84


def designed(folder: Path, pairwise: float = 0.0) -> Pack:
    """The tiny pack with a design."""
    plain = tiny_pack.write(folder / "plain", pairwise=pairwise)
    shown = Prior((8, 8), np.eye(64), np.full(len(triples(8, 8)), 1e-4), 1e-5)
    rng = np.random.default_rng(0)
    signs = np.concatenate([2 * np.eye(64) - 1, np.where(rng.random((70, 64)) < 0.5, 1.0, -1.0)])
    files = {n: plain.read(n) for n in plain.manifest["files"]} | {"design.npz": save(Design(signs, shown))}
    rest = {k: v for k, v in plain.manifest.items() if k != "files"}
    return pack_build.write(folder / "tiny", {**rest, "explanation": {"design": "design.npz"}}, files)


def test_a_pack_with_a_design_is_explained_by_it(tmp_path: Path) -> None:
    pack, pixels = designed(tmp_path, pairwise=4.0), tiny_pack.picture(4)
    made = design(pack)
    assert made is not None and made.pairs == 134 and made.signs[:64].sum(axis=1).tolist() == [-62.0] * 64
    by_permutations = explain(tiny_pack.write(tmp_path / "p", pairwise=4.0), REF, pixels, evaluations=506)
    found = explain(pack, REF, pixels, evaluations=254)
    assert found.evaluations == 254 and found.additivity_error < 1e-5
    assert np.allclose(found.values, by_permutations.values, atol=0.01)
    maps = list(refine(pack, REF, pixels, evaluations=254))
    assert [m.evaluations for m in maps] == [2 + 2 * rung for rung in RUNGS if rung <= 126]
    assert maps[-1].values == found.values
    assert explain(pack, REF, pixels, evaluations=9999, faithfulness=False).evaluations == 2 + 2 * 134


def test_what_is_watched_begins_with_a_preview_and_ends_with_every_check(tmp_path: Path) -> None:
    pack, pixels = designed(tmp_path), tiny_pack.picture(4)
    maps = list(watch(pack, REF, pixels, evaluations=130))
    assert maps[0].values == preview(pack, REF, pixels).values and maps[0].rows == 4
    checked = [m for m in maps if m.curves]
    assert maps[-len(checked) :] == checked and all(len(m.checks) == 4 for m in checked)
    assert checked[0].values == explain(pack, REF, pixels, evaluations=130).values
    failing = [sum(not c.passed for c in m.checks) for m in checked]
    assert len(checked) in (1, 2) and failing == sorted(set(failing), reverse=True), "a second one fails fewer"
    assert checked[0].preview_r is None, "the preview was of blocks"


def test_a_learned_explainer_gives_the_preview(tmp_path: Path) -> None:
    """Here the explainer is right up to a constant, which the additive normalisation takes away."""
    base = designed(tmp_path)
    files = {n: base.read(n) for n in base.manifest["files"]} | {"explainer.onnx": explainer()}
    rest = {k: v for k, v in base.manifest.items() if k != "files"}
    stated = {"design": "design.npz", "one_pass": "explainer.onnx", "baseline": "blur", "one_pass_error": 0.1}
    pack = pack_build.write(tmp_path / "tiny2", {**rest, "explanation": stated}, files)
    pixels = tiny_pack.picture(4)
    first = preview(pack, REF, pixels)
    assert (first.method, first.rows, first.evaluations) == ("one-pass", 8, 2)
    assert [c.name.en for c in first.checks] == ["Additivity error"], "one pass has no halves to agree"
    assert first.standard_errors == (0.1,) * 64 and first.additivity_error < 1e-6
    *_, final = watch(pack, REF, pixels, evaluations=268)
    assert final.preview_r is not None and final.preview_r > 0.999
    assert np.allclose(first.values, final.values, atol=0.01)
    assert preview(pack, REF, pixels, baseline="mean").method == "shapley", "trained with another baseline"


def test_a_foretold_game_is_the_start_and_the_samples_correct_it() -> None:
    rng = np.random.default_rng(3)
    terms = {t: c for t, c in game(5).items() if len(t) != 2}
    known, rows = exact(terms), everything()[rng.permutation(255)[:80]]
    odd = np.array([value(terms, row) for row in rows])
    total = 2 * value(terms, np.ones(9))
    coefficients = np.array([terms[tuple(t)] for t in triples(*GRID).tolist()])
    right = Mean(known, coefficients)
    made = Design(rows, prior(), prior())
    assert np.allclose(made.foretold(right), odd, atol=1e-5) and np.allclose(linear(right, GRID)[0], terms[(0,)])
    wrong = Mean(known + np.linspace(-1, 1, 9), coefficients)
    rest, errors = made.estimator(80, left=True)(odd - made.foretold(wrong), 0.0, 0.0)
    assert np.abs(wrong.values + rest - known).mean() < 0.5 * np.abs(wrong.values - known).mean()
    assert (wrong.values + rest).sum() == pytest.approx(total) and errors.min() > 0
    nothing, none = made.estimator(80, left=True)(odd - made.foretold(right), 0.0, 0.0)
    assert np.allclose(nothing, 0, atol=1e-5) and none.max() < 1e-4, "what was foretold rightly is sure"


def test_maps_start_from_the_explainer_but_their_checks_do_not_know_it(tmp_path: Path) -> None:
    pixels = tiny_pack.picture(4)
    base = designed(tmp_path)
    plain = design(base)
    assert plain is not None
    files = {n: base.read(n) for n in base.manifest["files"]} | {"explainer.onnx": explainer(swapped=True)}
    files["design.npz"] = save(Design(plain.signs, plain.prior, plain.prior))
    rest = {k: v for k, v in base.manifest.items() if k != "files"}
    stated = {"design": "design.npz", "one_pass": "explainer.onnx", "baseline": "blur", "one_pass_error": 0.1}
    pack = pack_build.write(tmp_path / "tiny3", {**rest, "explanation": stated}, files)
    read = design(pack)
    assert read is not None and read.left is not None and read.left.spread == plain.prior.spread
    without, found = (last(sample(new_game(p, pixels, "blur", "predict"), 130, 0)) for p in (base, pack))
    assert without.foretold is None and found.alone is not None and found.foretold is not None
    assert found.stability == without.stability and np.allclose(found.alone, without.values)
    assert agreement(found.foretold, without.values) < 0.9 < agreement(found.values, without.values)
    assert found.values.sum() == pytest.approx(found.full - found.empty)
    for other in (new_game(pack, pixels, "mean", "predict"), new_game(pack, pixels, "blur", "predict")):
        other.graph = None if other.baseline == "mean" else open_session(forgetful(pack.graph("predict"), 0))
        assert last(sample(other, 130, 0)).foretold is None, "another baseline, another network"


def explainer(swapped: bool = False) -> bytes:
    """film, baseline -> weights x (means of the film - means of the baseline) / 2 + 0.3; `swapped`: weights of other
    regions."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    size = [None, 1, tiny_pack.SIZE, tiny_pack.SIZE]
    nodes = [
        helper.make_node("Sub", ["film", "baseline"], ["d"]),
        helper.make_node("AveragePool", ["d"], ["m"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Reshape", ["m", "flat"], ["f"]),
        helper.make_node("Mul", ["f", "w"], ["g"]),
        helper.make_node("Add", ["g", "c"], ["values"]),
    ]
    constants = {
        "flat": np.array([-1, 64], np.int64),
        "w": ((np.roll(tiny_pack.WEIGHTS, 9) if swapped else tiny_pack.WEIGHTS) / 2)[None],
        "c": np.full((1, 64), 0.3, np.float32),
    }
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, size) for n in ("film", "baseline")]
    outputs = [helper.make_tensor_value_info("values", TensorProto.FLOAT, [None, 64])]
    made = helper.make_graph(nodes, "e", inputs, outputs, [numpy_helper.from_array(v, k) for k, v in constants.items()])
    out = io.BytesIO()
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), out)
    return out.getvalue()
