"""Sessions: the provider chosen once, a lost device replaced once and said so, bound buffers, kept graphs, time limits."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from core.domain.imaging import ImageRef, NoEstimate
from core.errors import UserError
from core.inference import graph_cache, running
from core.inference.packs import Pack
from core.inference.predict import forward, predict, predict_series, session, warm_up
from core.inference.running import Bound, Session, notices
from core.inference.session import CPU, open_session, providers
from tests.core import tiny_pack
from tests.core.inference.test_hostile import added

GPU = "CUDAExecutionProvider"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(running, "_notices", [])
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny")


class Failing:
    """Stands for a GPU session that gives some answers, then fails with `error`."""

    def __init__(self, error: str, good_runs: int = 0) -> None:
        self.inner = open_session(tiny_pack.graph())
        self.error, self.left = error, good_runs

    def get_providers(self) -> list[str]:
        return [GPU, CPU]

    def run_with_iobinding(self, binding: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError(self.error)
        self.inner.run_with_iobinding(binding)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def feeds(seed: int = 0, n: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"film": (n, 1, 32, 32), "baseline": (1, 1, 32, 32), "masks": (1, 64)}
    return {name: rng.random(shape, np.float32) for name, shape in shapes.items()}


def two(gpu: object, opened: list[str]) -> Any:
    def open_on(provider: str) -> Any:
        opened.append(provider)
        if provider == GPU:
            if isinstance(gpu, Exception):
                raise gpu
            return gpu
        return open_session(tiny_pack.graph())

    return open_on


@pytest.mark.parametrize(
    ("error", "said"),
    [("CUDA error 2: out of memory", "out of memory"), ("CUDNN failure: device lost", "does not work")],
)
def test_a_failing_device_is_replaced_once_and_said_so(
    error: str, said: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "device", lambda _: "cpu")
    opened: list[str] = []
    made = Session(two(Failing(error, good_runs=1), opened), "tiny predict", (GPU, CPU))
    wanted = open_session(tiny_pack.graph()).run(None, feeds())[0]
    assert made.provider == GPU
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            np.testing.assert_allclose(made.run(None, feeds())[0], wanted, atol=1e-6)
    assert made.provider == CPU and opened == [GPU, CPU]
    assert len(notices()) == 1 and said in notices()[0].en and "CPU" in notices()[0].zh
    assert len(caplog.records) == 1


def test_a_device_that_does_not_open_is_passed_over() -> None:
    opened: list[str] = []
    made = Session(two(RuntimeError("no driver"), opened), "tiny", (GPU, CPU))
    assert made.provider == CPU and opened == [GPU, CPU] and len(notices()) == 1


def test_an_error_on_the_cpu_is_ours_and_not_hidden() -> None:
    made = Session(two(None, []), "tiny", (CPU,))
    with pytest.raises(Exception, match="film"):
        made.run(None, {"film": np.zeros((1, 3, 3), np.float32)})
    assert notices() == ()


def test_bound_buffers_give_what_plain_runs_give_and_are_reused() -> None:
    plain = open_session(tiny_pack.graph())
    bound = Bound(plain, CPU)
    for seed, n in ((0, 1), (1, 1), (2, 5), (3, 1)):
        one = feeds(seed, n)
        for got, wanted in zip(bound.run(None, one), plain.run(None, one), strict=True):
            np.testing.assert_array_equal(got, wanted)
    kept = bound._kept["film"][2]
    bound.run(None, feeds(9))
    assert bound._kept["film"][2] is kept
    features, logit = bound.run(["features", "logit"], feeds(0))
    assert features.shape == (1, 64) and logit.shape == (1, 1)


def test_the_cpu_is_always_there_and_comes_last() -> None:
    assert providers()[-1] == CPU


def test_a_graph_that_never_ends_is_stopped() -> None:
    data = added(onnx.load_from_string(tiny_pack.graph()), "loop").SerializeToString()
    made = Session(lambda _: open_session(data), "tiny", (CPU,))
    with pytest.raises(UserError, match="gave no answer within"):
        made.run(None, feeds(), seconds=0.3)
    assert Session(two(None, []), "t", (CPU,)).run(None, feeds(), seconds=30)[0].shape == (1, 1)


def test_a_kept_graph_opens_alike_and_damage_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_cache, "_SLOW_S", -1.0)
    monkeypatch.setattr(graph_cache, "_LEAST_BYTES", 0)
    reads: list[int] = []

    def read() -> bytes:
        reads.append(1)
        return tiny_pack.graph()

    first = graph_cache.open_kept("ab" * 32, read).run(None, feeds())[0]
    (kept,) = graph_cache.folder().glob("*.onnx")
    np.testing.assert_allclose(graph_cache.open_kept("ab" * 32, read).run(None, feeds())[0], first, atol=1e-6)
    assert len(reads) == 1
    kept.write_bytes(kept.read_bytes()[:-9])
    np.testing.assert_allclose(graph_cache.open_kept("ab" * 32, read).run(None, feeds())[0], first, atol=1e-6)
    assert len(reads) == 2


def test_only_the_newest_graphs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_cache, "_MOST_KEPT", 2)
    for k in range(4):
        assert graph_cache.keep(graph_cache.folder() / f"{k}.onnx", tiny_pack.graph())
    assert len(list(graph_cache.folder().glob("*.onnx"))) == len(list(graph_cache.folder().glob("*.sha256"))) == 2


def test_a_folder_that_cannot_be_written_costs_only_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(graph_cache, "_SLOW_S", -1.0)
    monkeypatch.setattr(graph_cache, "_LEAST_BYTES", 0)
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "file"))
    assert graph_cache.open_kept("cd" * 32, tiny_pack.graph).run(None, feeds())[0].shape == (1, 1)


def test_a_series_gives_what_single_films_give(pack: Pack) -> None:
    pictures = {f"i{k}": tiny_pack.picture(k) for k in range(7)} | {"i3": 255 - tiny_pack.picture(3)}
    refs = [ImageRef(id=name, path=name) for name in pictures]
    refs[5] = ImageRef(id="i5", path="i5", age_years=50.0)
    refs.append(ImageRef(id="gone", path="gone"))

    def read(ref: ImageRef) -> np.ndarray:
        if ref.id == "gone":
            raise UserError("It is gone.")
        return pictures[ref.id]

    for batch in (1, 3, 20):
        found = {ref.id: result for ref, result in predict_series(pack, refs, read, batch)}
        assert list(found) == [r.id for r in refs]
        assert isinstance(found.pop("gone"), UserError)
        for ref in refs[:-1]:
            one, alone = found[ref.id], predict(pack, ref, pictures[ref.id])
            if isinstance(alone, NoEstimate):
                assert one == alone
            else:
                assert one[0].probability == pytest.approx(alone[0].probability, abs=1e-5)  # type: ignore[index,union-attr]
    assert list(predict_series(pack, [], read)) == []


def test_large_batches_are_cut_and_joined(pack: Pack) -> None:
    films = np.random.default_rng(0).random((70, 1, 32, 32), np.float32)
    logits, features = forward(pack, films)
    assert logits.shape == (70, 1) and features.shape == (70, 64)
    np.testing.assert_allclose(logits[50:51], forward(pack, films[50:51])[0], atol=1e-5)


def test_warming_up_opens_the_session(pack: Pack) -> None:
    session.cache_clear()
    warm_up(pack)
    assert session.cache_info().currsize == 1
