"""A text pack small enough for tests: words are hashed into a few numbers, a text is their mean at length 1."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

WORDS = ("pain", "chest", "fever", "cough", "rash", "itching", "knee", "swollen", "alpha", "beta", "gamma", "delta")
WIDTH = 8


def graph() -> bytes:
    """input_ids, attention_mask (n, tokens) int64 -> vector (n, 8) float32 of length 1."""
    table = np.random.default_rng(7).normal(size=(len(WORDS) + 4, WIDTH)).astype(np.float32)
    one = np.array([1], np.int64)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["counts"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["counts", "two"], ["weights"]),
        helper.make_node("Mul", ["rows", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "one"], ["sum"], keepdims=0),
        helper.make_node("ReduceL2", ["sum", "one"], ["length"], keepdims=1),
        helper.make_node("Div", ["sum", "length"], ["vector"]),
    ]
    ids = [helper.make_tensor_value_info(n, TensorProto.INT64, ["n", "t"]) for n in ("input_ids", "attention_mask")]
    out = [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", WIDTH])]
    stored = [numpy_helper.from_array(v, n) for n, v in (("table", table), ("one", one), ("two", one * 2))]
    model = helper.make_model(
        helper.make_graph(nodes, "tiny", ids, out, stored), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 10
    onnx.checker.check_model(model)
    return model.SerializeToString()


def tokenizer() -> bytes:
    """Lower-case words; unknown ones are [UNK]."""
    names = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS)
    made = Tokenizer(WordLevel({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = Lowercase(), Whitespace()
    return made.to_str().encode()


def write(folder: Path, **changes: object) -> Path:
    """The pack's folder, with its manifest; `changes` replace keys of the manifest."""
    folder.mkdir(parents=True)
    files = {"model.onnx": graph(), "tokenizer.json": tokenizer()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    manifest = {
        "schema": 1,
        "id": folder.name,
        "version": "1.0.0",
        "task": "text-embedding",
        "name": {"en": "Tiny text pack"},
        "licence": "Apache-2.0",
        "training_data": [{"title": "none", "licence": "Apache-2.0"}],
        "labels": [],
        "graphs": {"predict": "model.onnx"},
        "files": {n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in files.items()},
        "metrics": {},
        "text": {
            "tokenizer": "tokenizer.json",
            "longest": 8,
            "width": WIDTH,
            "languages": ["en"],
            "condition_weight": 2.0,
        },
        "reference": {"texts": ["pain", "pain"], "cosines": [[1.0, 1.0], [1.0, 1.0]], "tolerance": 0.001},
        **changes,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
