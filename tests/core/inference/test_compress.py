"""Compression: each variant is measured, those that lose much are not kept, what was lost is stated in the new pack."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from core.errors import UserError
from core.inference import compress as work
from core.inference import install, packs
from core.inference.compress import Data, compress, masked
from core.inference.compress_data import read_data
from core.inference.packs import Pack
from core.inference.variants import variants
from core.verbs import run
from tests.core import tiny_pack
from tests.core.inference.test_hostile import with_graph


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Forty films, half of them darker below (the tiny model's negatives)."""
    for name in ("NORMAL", "PNEUMONIA"):
        (tmp_path / "films" / name).mkdir(parents=True)
    for k in range(40):
        pixels = tiny_pack.picture(k).astype(np.float32)
        name = "NORMAL" if k % 2 else "PNEUMONIA"
        pixels[60:] *= 0.6 if k % 2 else 1.0
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "films" / name / f"{k}.png")
    (tmp_path / "films" / "notes.txt").write_text("no film")
    return tmp_path / "films"


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """The tiny pack with a dense layer beside it that says nearly nothing, so that there are weights to store smaller."""
    model = onnx.load_from_string(tiny_pack.graph())
    rng = np.random.default_rng(0)
    for name, shape, scale in (("wide", (64, 512), 1e-3), ("narrow", (512, 1), 1e-4)):
        model.graph.initializer.append(numpy_helper.from_array(rng.normal(0, scale, shape).astype(np.float32), name))
    last = next(n for n in model.graph.node if n.output[0] == "logit")
    last.output[0] = "most"
    model.graph.node.extend(
        [
            helper.make_node("MatMul", ["features", "wide"], ["hidden"]),
            helper.make_node("MatMul", ["hidden", "narrow"], ["little"]),
            helper.make_node("Add", ["most", "little"], ["logit"]),
        ]
    )
    return packs.verify(with_graph(tmp_path / "tiny", model.SerializeToString()))


def test_the_table_and_the_new_pack(pack: Pack, films: Path, tmp_path: Path) -> None:
    rows = compress(pack, read_data(pack, films), out=tmp_path / "small")
    by_kind = {row.kind: row for row in rows}
    assert list(by_kind) == ["fp32", "int8-static", "int8-dynamic", "fp16"]
    plain = by_kind["fp32"]
    assert plain.metric == "auroc" and plain.metric_value is not None and plain.loss == 0 and plain.agreement == 1
    assert plain.n == 20 and all(row.median_ms > 0 for row in rows if row.bytes)
    assert by_kind["fp16"].bytes < plain.bytes and by_kind["fp16"].largest_difference < 0.01
    made = packs.verify(tmp_path / "small")
    assert {v.role for v in variants(made)} == {"predict"} | {r.role for r in rows if r.kept}
    assert any(r.kept for r in rows if r.kind == "fp16") and made.manifest["variants"]["predict_fp16"]["n"] == 20
    assert install.install(tmp_path / "small", allow_unsigned=True).id == "tiny"


def test_a_variant_that_loses_is_measured_and_left_out(
    pack: Pack, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upside_down = tiny_pack.graph(-tiny_pack.WEIGHTS)
    monkeypatch.setitem(work._MAKERS, "fp16", lambda *_: upside_down)
    rows = compress(pack, read_data(pack, films), ["fp16"], out=tmp_path / "small")
    assert rows[1].loss is not None and rows[1].loss > 0.5 and not rows[1].kept and rows[1].why
    assert set(packs.load(tmp_path / "small").manifest["graphs"]) == {"predict"}


def test_a_quantiser_that_fails_is_one_line_of_the_table(
    pack: Pack, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("cannot do this")

    monkeypatch.setitem(work._MAKERS, "int8-static", broken)
    rows = compress(pack, read_data(pack, films), ["int8-static", "fp16"])
    assert "cannot do this" in rows[1].why and not rows[1].kept and rows[2].bytes > 0


def test_calibration_sees_masked_films(pack: Pack, films: Path) -> None:
    made = masked(pack, read_data(pack, films).feeds)
    masks = np.concatenate([one["masks"] for one in made])
    assert masks.shape == (4 * 40, 64) and 0.2 < masks.mean() < 0.9
    assert (masks.reshape(40, 4, 64)[:, 0] == 1).all()
    assert all(np.abs(one["baseline"] - one["film"]).max() > 0.01 for one in made)


def _pairs(positive: np.ndarray, negative: np.ndarray) -> float:
    """Share of pairs in the right order, a tie being half of one: the definition."""
    more = positive[:, None] - negative[None]
    return float((more > 0).mean() + (more == 0).mean() / 2)


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    p, y = np.round(rng.random((200, 2)), 1), rng.integers(0, 2, (200, 2))
    wanted = np.mean([_pairs(p[y[:, k] == 1, k], p[y[:, k] == 0, k]) for k in range(2)])
    assert work._metric(p, y) == ("auroc", pytest.approx(wanted))
    assert work._metric(p, np.full((200, 2), -1)) == ("", None)


def test_too_little_data_and_unknown_kinds(pack: Pack, films: Path) -> None:
    data = read_data(pack, films)
    with pytest.raises(UserError, match="too few"):
        compress(pack, Data(data.feeds[:5], data.labels[:5]))
    with pytest.raises(UserError, match="no compression called"):
        compress(pack, data, ["int3"])


def test_the_verb(pack: Pack, films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "compress", str(pack.folder), "--kinds", "fp16", "--data", str(films), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in found["table"]] == ["fp32", "fp16"] and found["written"] == ""
    assert run(["models", "compress", str(pack.folder), "--data", str(films), "--out", str(pack.folder)]) == 2
