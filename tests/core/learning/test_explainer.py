"""The learned explainer on a tiny trunk: it learns, adds up, and its int8 graph says nearly the same."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from core.explain.design import triples  # noqa: E402
from core.inference.session import open_session, run  # noqa: E402
from core.learning.explainer import Explainer, Lessons, added_up, odd_at, settle, shapes, to_onnx, train  # noqa: E402
from core.learning.network import RadiographNet  # noqa: E402


def lessons() -> Lessons:
    """Values are how much brighter a region is than its baseline: a thing that can be learned."""
    rng = np.random.default_rng(0)
    coarse = rng.random((24, 1, 8, 8)).astype(np.float32)
    films = coarse.repeat(16, axis=2).repeat(16, axis=3)
    baselines = np.full_like(films, 0.5)
    values = (coarse - 0.5).reshape(24, 64)
    signs = np.sign(rng.normal(size=(24, 5, 64))).astype(np.int8)
    odd = np.einsum("nkr,nr->nk", signs, values / 2)
    return Lessons(films, baselines, values, values.sum(axis=1), np.ones(24, np.float32), signs, odd)


def test_it_learns_and_is_exported() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    given = lessons()
    network = Explainer(RadiographNet(8), temperature=1.0, width=16, triples=triples(8, 8))
    settle(network, given.films[:8], given.baselines[:8])
    head = [p.detach().clone() for p in network.stem.parameters()]
    first = train(network, given, 4, 5e-3, whole_network=False, batch=8)
    assert all(torch.equal(a, b) for a, b in zip(head, network.stem.parameters(), strict=True)), "the trunk is frozen"
    second = train(network, given, 4, 2e-3, whole_network=True, batch=8)
    assert second[-1] < 0.7 * first[0]
    with torch.no_grad():
        raw, terms = network(torch.tensor(given.films[:4]), torch.tensor(given.baselines[:4]))
    assert terms.shape == (4, len(triples(8, 8))) and float(terms.abs().max()) < 0.1, "there are none to learn"
    assert torch.allclose(added_up(raw, torch.full((4,), 2.0)).sum(1), torch.full((4,), 2.0), atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter
        graph = open_session(to_onnx(network, 128, given.films[:8], given.baselines[:8]))
    feeds = {"film": given.films[:1], "baseline": given.baselines[:1]}
    found, foretold = run(graph, feeds)
    assert found.shape == (1, 64) and foretold.shape == terms[:1].shape
    assert np.corrcoef(found[0], raw[0].numpy())[0, 1] > 0.95


def test_the_odd_part_is_that_of_single_regions_and_triples() -> None:
    known = triples(3, 3)
    rng = np.random.default_rng(0)
    single, coefficients = rng.normal(size=9), rng.normal(size=len(known))
    values = 2 * single
    np.add.at(values, known.ravel(), np.repeat(2 / 3 * coefficients, 3))
    signs = np.sign(rng.normal(size=(6, 9)))
    wanted = signs @ single + signs[:, known].prod(axis=-1) @ coefficients
    given = [torch.tensor(part[None]) for part in (values, coefficients)]
    found = odd_at(*given, torch.tensor(known), torch.tensor(signs[None]))
    assert np.allclose(found.numpy()[0], wanted)


def test_triples_of_one_shape_share_a_map() -> None:
    known = triples(4, 5)
    shape, corner = shapes(known, (4, 5))
    by_place = {tuple(t): (int(s), int(c)) for t, s, c in zip(known, shape, corner, strict=True)}
    assert by_place[(0, 1, 6)][0] == by_place[(12, 13, 18)][0] and by_place[(12, 13, 18)][1] == 12
    assert by_place[(1, 5, 6)] == (by_place[(2, 6, 7)][0], 0) and shape.max() < 84
    assert len(set(by_place.values())) == len(known)
