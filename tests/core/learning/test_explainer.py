"""The learned explainer on a tiny trunk: it learns, adds up, and its int8 graph says nearly the same."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from core.inference.session import open_session, run  # noqa: E402
from core.learning.explainer import Explainer, Lessons, added_up, settle, to_onnx, train  # noqa: E402
from core.learning.network import RadiographNet  # noqa: E402


def lessons() -> Lessons:
    """Values are how much brighter a region is than its baseline: a thing that can be learned."""
    rng = np.random.default_rng(0)
    coarse = rng.random((24, 1, 8, 8)).astype(np.float32)
    films = coarse.repeat(16, axis=2).repeat(16, axis=3)
    baselines = np.full_like(films, 0.5)
    values = (coarse - 0.5).reshape(24, 64)
    return Lessons(films, baselines, values, values.sum(axis=1), np.ones(24, np.float32))


def test_it_learns_and_is_exported() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    given = lessons()
    network = Explainer(RadiographNet(8), temperature=1.0, width=16)
    settle(network, given.films[:8], given.baselines[:8])
    head = [p.detach().clone() for p in network.stem.parameters()]
    first = train(network, given, 4, 5e-3, whole_network=False, batch=8)
    assert all(torch.equal(a, b) for a, b in zip(head, network.stem.parameters(), strict=True)), "the trunk is frozen"
    second = train(network, given, 4, 2e-3, whole_network=True, batch=8)
    assert second[-1] < 0.7 * first[0]
    with torch.no_grad():
        raw = network(torch.tensor(given.films[:4]), torch.tensor(given.baselines[:4]))
    assert torch.allclose(added_up(raw, torch.full((4,), 2.0)).sum(1), torch.full((4,), 2.0), atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter
        graph = open_session(to_onnx(network, 128, given.films[:8], given.baselines[:8]))
    feeds = {"film": given.films[:1], "baseline": given.baselines[:1]}
    found = run(graph, feeds)[0]
    assert found.shape == (1, 64)
    assert np.corrcoef(found[0], raw[0].numpy())[0, 1] > 0.95
