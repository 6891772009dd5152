"""The hand-written graph of a table's network says what the network says, missing and far values included."""

import numpy as np
import pytest

from core.inference.session import open_session, run

pytest.importorskip("torch", reason="the training extra is not installed")

import torch

from core.learning.graphs import LogOdds
from core.learning.learners import TableNet
from core.learning.table_graph import network_graph


@pytest.mark.parametrize(("hidden", "classes"), [(0, 2), (8, 2), (8, 4)])
def test_graph_and_network_agree(hidden: int, classes: int) -> None:
    torch.manual_seed(hidden + classes)
    network = TableNet(3, classes, hidden, 0.1).eval()
    network.median.copy_(torch.tensor([1.0, -2.0, 0.5]))
    network.mean.copy_(torch.tensor([0.5, -1.0, 0.0]))
    network.deviation.copy_(torch.tensor([2.0, 0.5, 1.0]))
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * 5
    rows[::3, 1], rows[4], rows[5, 0] = np.nan, np.nan, 1e6
    with torch.inference_mode():
        wanted = torch.nn.Sequential(network, LogOdds(1.7))(torch.from_numpy(rows)).numpy()
    found = run(open_session(network_graph(network, 3, 1.7)), {"row": rows})[0]
    assert found.shape == wanted.shape == (50, 1 if classes == 2 else classes)
    np.testing.assert_allclose(found, wanted, atol=2e-5)
