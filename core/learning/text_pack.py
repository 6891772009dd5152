"""From a pretrained BERT-type sentence encoder (a folder with weights and tokenizer.json) to a text pack.

    build(Path("all-MiniLM-L6-v2"), Path("note-embedding-minilm"), manifest)

Weights are stored as int8 with one scale a row (embeddings) or column (matrices) and widened when the session opens:
activations stay float32, so nothing is lost to their range. Needs torch, transformers and onnx (extra `training`).
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.inference import packs
from core.inference.embedding import Encoder
from core.inference.importing.exporting import exported_texts
from core.inference.importing.hugging import text_network

_LARGE = 100_000
REFERENCE = (
    "Crushing chest pain spreading to the left arm, with sweating.",
    "He feels a heavy weight on his chest and is clammy.",
    "Itchy rings on the skin of the groin for three weeks.",
    "The baby has a barking cough and noisy breathing at night.",
)


def to_onnx(source: Path, longest: int = 256) -> Any:
    """The float32 graph: input_ids and attention_mask in, the vector of length 1 out, any number of texts and tokens."""
    return onnx.load_from_string(exported_texts(text_network(source, "text-embedding"), longest, "vector"))


def shrink(model: Any) -> Any:
    """Large float32 weights to int8 with scales, in place; the graph widens them itself."""
    graph = model.graph
    nodes = {id(node): node for node in graph.node}
    before: list[Any] = []
    after: dict[int, list[Any]] = {}
    for stored in list(graph.initializer):
        values = numpy_helper.to_array(stored)
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        looked_up = [node for node in nodes.values() if node.op_type == "Gather" and node.input[0] == stored.name]
        small, scale = _small(values, axis=1 if looked_up else 0)
        graph.initializer.remove(stored)
        names = f"{stored.name}_int8", f"{stored.name}_scale"
        graph.initializer.extend([numpy_helper.from_array(small, names[0]), numpy_helper.from_array(scale, names[1])])
        for node in looked_up:
            after[id(node)] = _looked_up(node, *names)
        if not looked_up:
            before += _widened(names[0], names[1], stored.name)
    ordered = before + [n for node in graph.node for n in (node, *after.get(id(node), ()))]
    fresh = [_copy(node) for node in ordered]
    del graph.node[:]
    graph.node.extend(fresh)
    onnx.checker.check_model(model)
    return model


def _copy(node: Any) -> Any:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy


def _small(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True) / 127, 1e-12).astype(np.float32)
    return np.clip(np.round(values / scale), -127, 127).astype(np.int8), scale


def _widened(small: str, scale: str, name: str) -> list[Any]:
    cast = helper.make_node("Cast", [small], [f"{name}_wide"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("Mul", [f"{name}_wide", scale], [name])]


def _looked_up(node: Any, small: str, scale: str) -> list[Any]:
    """Rows and their scales are looked up, then multiplied: the table itself stays int8 in memory."""
    output, rows = node.output[0], node.input[1]
    node.input[0], node.output[0] = small, f"{output}_int8"
    scales = helper.make_node("Gather", [scale, rows], [f"{output}_scale"], axis=0)
    return [scales, *_widened(f"{output}_int8", f"{output}_scale", output)]


def build(source: Path, target: Path, manifest: dict[str, Any], card: str) -> packs.Pack:
    """Write the pack `target` (made anew): model.onnx, tokenizer.json, MODEL_CARD.md and the manifest with hashes, reference
    cosines and the cosine lost to int8. `manifest`: id, version, name, summary, licence, training_data, text, metrics."""
    plain = to_onnx(source, int(manifest["text"]["longest"])).SerializeToString()
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    tokenizer = (source / "tokenizer.json").read_bytes()
    stated = {**manifest, "schema": packs.SCHEMA_VERSION, "task": "text-embedding", "labels": []}
    stated |= {"graphs": {"predict": "model.onnx"}, "reference": {"texts": REFERENCE, "cosines": [], "tolerance": 0.02}}
    files = {"tokenizer.json": tokenizer, "MODEL_CARD.md": card.encode()}
    exact = _vectors(target, stated, {**files, "model.onnx": plain})
    small = shrink(onnx.load_from_string(plain)).SerializeToString()
    vectors = _vectors(target, stated, {**files, "model.onnx": small})
    stated["reference"]["cosines"] = [[round(float(c), 5) for c in row] for row in vectors @ vectors.T]
    stated["metrics"]["int8_cosine_to_float32"] = round(float((exact * vectors).sum(axis=1).min()), 5)
    _write(target, stated, {**files, "model.onnx": small})
    return packs.verify(target)


def _vectors(target: Path, manifest: dict[str, Any], files: dict[str, bytes]) -> NDArray[np.float32]:
    draft = {**manifest, "reference": {**manifest["reference"], "cosines": [[1.0], [1.0]]}}
    _write(target, draft, files)
    return Encoder(packs.load(target)).vectors(REFERENCE)


def _write(target: Path, manifest: dict[str, Any], files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (target / name).write_bytes(data)
    hashes = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    text = json.dumps({**manifest, "files": hashes}, indent=1, ensure_ascii=False) + "\n"
    (target / packs.MANIFEST).write_text(text, encoding="utf-8")
