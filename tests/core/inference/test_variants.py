"""Variants: chosen only where their loss was measured and is small, shown with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.inference import packs
from core.inference.packs import Pack
from core.inference.variants import choose, prefer, preferred, variants
from core.paths import RESOURCES
from tests.core import tiny_pack


def pack(folder: Path, **stated: Any) -> Pack:
    """A tiny pack with an int8 and an fp16 graph (the same bytes), and what is stated of them."""
    made = tiny_pack.write(folder).folder
    manifest = json.loads((made / packs.MANIFEST).read_text("utf-8"))
    manifest["graphs"] |= {"predict_int8": "model.onnx", "predict_fp16": "model.onnx"}
    manifest["variants"] = stated
    (made / packs.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return packs.verify(made)


SMALL: dict[str, Any] = {"kind": "int8-static", "metric": "auroc", "loss": 0.0005, "agreement": 0.995, "n": 500}


def test_the_plain_graph_is_taken_where_it_is_quick_enough(tmp_path: Path) -> None:
    found = choose(pack(tmp_path / "t", predict_int8=SMALL))
    assert found.variant.role == "predict" and "quick enough" in found.why.en and found.why.zh


def test_a_slow_plain_graph_gives_way_to_a_sound_variant(tmp_path: Path) -> None:
    made = pack(tmp_path / "t", predict={"median_ms": 900.0}, predict_int8=SMALL)
    assert choose(made).variant.role == "predict_int8"
    assert choose(made, preference="accurate").variant.role == "predict"
    assert "auroc -0.0005" in choose(made, preference="fast").why.en


@pytest.mark.parametrize("bad", [{"loss": 0.01}, {"agreement": 0.9}, {"loss": None, "agreement": None}])
def test_a_variant_that_loses_or_was_not_measured_is_never_chosen(tmp_path: Path, bad: dict[str, Any]) -> None:
    stated = {k: v for k, v in (SMALL | bad).items() if v is not None}
    made = pack(tmp_path / "t", predict_int8=stated)
    assert choose(made, preference="fast").variant.role == "predict"


def test_half_precision_is_for_the_gpu(tmp_path: Path) -> None:
    made = pack(tmp_path / "t", predict_fp16={"kind": "fp16", "loss": 0.0, "n": 500}, predict_int8=SMALL)
    assert choose(made, "CUDAExecutionProvider").variant.role == "predict_fp16"
    assert choose(made, preference="fast").variant.role == "predict_int8"


def test_the_shipped_chest_pack_states_its_int8_loss() -> None:
    made = packs.load(RESOURCES / "models" / "cxr-pneumonia-paediatric")
    (small,) = [v for v in variants(made) if v.role == "predict_int8"]
    assert small.loss is not None and small.loss < 0.002 and small.sound and small.bytes < 5_000_000


def test_the_wish_is_kept(profile: Path) -> None:
    assert preferred() == "auto"
    prefer("fast")
    assert preferred() == "fast"
    with pytest.raises(UserError, match="no preference"):
        prefer("loud")
    (profile / "inference.json").write_text("[", encoding="utf-8")
    assert preferred() == "auto"
