"""The re-ranking network: its mean gradient is exact, averages are averages, files are checked."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.diagnosis.rare_network import Lists, Network, load, train, write
from core.errors import UserError

WIDTH, HIDDEN = 5, 7


def network(seed: int) -> Network:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    scale = rng.uniform(0.5, 2, WIDTH).astype(np.float32)
    return Network(draw(WIDTH), scale, draw(WIDTH), draw(WIDTH, HIDDEN), draw(HIDDEN), draw(HIDDEN))


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-7, 1e-3, 1.0, 10.0]))
def test_the_mean_gradient_times_the_way_is_the_difference_of_scores(seed: int, far: float) -> None:
    rng, held = np.random.default_rng(seed), network(seed)
    start = rng.normal(size=(3, WIDTH))
    end = start + far * rng.normal(size=(3, WIDTH))
    moved = (held.mean_gradient(start, end) * (end - start)).sum(axis=1)
    wide = Network(*(getattr(held, name).astype(np.float64) for name in Network.__slots__))
    z0, z1 = ((x - wide.centre) / wide.scale for x in (start, end))
    u0, u1 = (z @ wide.inner + wide.bias for z in (z0, z1))
    expected = (z1 - z0) @ wide.linear + (u1 / (1 + np.exp(-u1)) - u0 / (1 + np.exp(-u0))) @ wide.outer
    assert moved == pytest.approx(expected, abs=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_the_mean_gradient_is_the_mean_of_gradients_on_the_way(seed: int) -> None:
    """Against the definition: finite differences at the midpoints of 400 steps."""
    rng, held = np.random.default_rng(seed), network(seed)
    start, end = rng.normal(size=(2, WIDTH))
    at = (np.arange(400) + 0.5)[:, None] / 400
    middle = start + at * (end - start)
    told = held.mean_gradient(middle, middle).mean(axis=0)
    assert held.mean_gradient(start, end) == pytest.approx(told, abs=2e-3)


def test_training_repeats_itself_and_finds_the_better_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.diagnosis.rare_network.EPOCHS", 20)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(640, 6, WIDTH)).astype(np.float32)
    target = values[:, :, 2].argmax(axis=1)
    lists = Lists(values, np.ones((640, 6), bool), target, np.ones(640, np.float32))
    one, again = train(lists), train(lists)
    assert (one.score(values) == again.score(values)).all()
    assert (one.score(values).argmax(axis=1) == target).mean() > 0.8


def test_a_network_survives_its_file(tmp_path: Path) -> None:
    held = network(1)
    write(held, tmp_path / "n.npz")
    x = np.ones((2, WIDTH), np.float32)
    assert (load(tmp_path / "n.npz").score(x) == held.score(x)).all()


@pytest.mark.parametrize("content", [b"", b"PK damaged"])
def test_a_damaged_network_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "n.npz").write_bytes(content)
    with pytest.raises(UserError, match="network"):
        load(tmp_path / "n.npz")


def test_a_missing_network_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="network"):
        load(tmp_path / "none.npz")
