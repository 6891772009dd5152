"""The graph of a sentence encoder says what the encoder says, through the export that imported models share."""

from pathlib import Path

import numpy as np
import pytest

from core.inference.session import open_session, run
from tests.core.learning import tiny

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("transformers", reason="the training extra is not installed")

import torch

from core.inference.importing.hugging import text_network
from core.learning.text_pack import shrink, to_onnx


def test_the_graph_gives_the_encoders_vectors_and_so_does_the_small_one(tmp_path: Path) -> None:
    folder = tiny.bert(tmp_path / "bert")
    model = to_onnx(folder, 32)
    ids = np.array([[2, 5, 6, 7, 3], [2, 8, 9, 3, 0]], np.int64)
    feeds = {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)}
    with torch.inference_mode():
        wanted = text_network(folder, "text-embedding")(*(torch.from_numpy(v) for v in feeds.values())).numpy()
    found = run(open_session(model.SerializeToString()), feeds)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert len(model.graph.initializer) and shrink(model).graph.output[0].name == "vector"
