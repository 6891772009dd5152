"""Hostile packs: each is refused with its reason, nothing of it is kept, and this program goes on."""

import hashlib
import io
import json
import pickle
import time
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from core.errors import Unreadable, UserError
from core.inference import install, packs
from core.inference.onnx_file import read_onnx
from core.inference.predict import forward
from core.inference.screening import screen_file, screen_graph
from core.paths import RESOURCES
from tests.core import tiny_pack


class Bomb:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.path,))


def changed(model: onnx.ModelProto, kind: str) -> onnx.ModelProto:
    """The tiny graph, with something hostile in it."""
    graph, first = model.graph, model.graph.node[0]
    if kind == "unknown operator":
        first.op_type = "LaunchMissiles"
    elif kind == "custom library":
        first.domain = "evil.ops"
        model.opset_import.append(helper.make_opsetid("evil.ops", 1))
    elif kind == "opset":
        model.opset_import[0].version = 999
    elif kind == "no opset":
        del model.opset_import[:]
    elif kind == "ir":
        model.ir_version = 900
    elif kind == "context":
        graph.node.append(helper.make_node("EPContext", [], ["x"], domain="com.microsoft", ep_cache_context="../x.so"))
    elif kind == "outside":
        stored = graph.initializer[-1]
        stored.ClearField("raw_data")
        stored.data_location = TensorProto.EXTERNAL
        entry = stored.external_data.add()
        entry.key, entry.value = "location", "../../../../etc/passwd"
    elif kind == "short":
        stored = graph.initializer[-1]
        del stored.dims[:]
        stored.dims.extend([1 << 40])
    elif kind == "nested":
        inner = helper.make_node("Identity", ["masks"], ["deep"])
        for _ in range(20):
            body = helper.make_graph([inner], "g", [], [])
            inner = helper.make_node("If", ["masks"], ["deep"], then_branch=body, else_branch=body)
            del inner.attribute[1]
        graph.node.append(inner)
    return model


def added(model: onnx.ModelProto, kind: str) -> onnx.ModelProto:
    """The tiny graph with something that shows only when it is run: its result is added to the logit."""
    graph = model.graph
    last = next(n for n in graph.node if n.output[0] == "logit")
    last.output[0] = "almost"
    if kind == "memory":
        graph.initializer.append(numpy_helper.from_array(np.array([100_000_000_000], np.int64), "huge"))
        graph.node.append(helper.make_node("ConstantOfShape", ["huge"], ["wide"]))
        graph.node.append(helper.make_node("ReduceSum", ["wide"], ["total"], keepdims=0))
    else:
        scalars = {"trips": np.array(1 << 62, np.int64), "true": np.array(True), "zero": np.array(0, np.float32)}
        graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in scalars.items())
        ins = [("i", TensorProto.INT64), ("go", TensorProto.BOOL), ("sum", TensorProto.FLOAT)]
        outs = [("still", TensorProto.BOOL), ("more", TensorProto.FLOAT)]
        body = helper.make_graph(
            [helper.make_node("Identity", ["go"], ["still"]), helper.make_node("Cos", ["sum"], ["more"])],
            "body",
            [helper.make_tensor_value_info(n, t, []) for n, t in ins],
            [helper.make_tensor_value_info(n, t, []) for n, t in outs],
        )
        graph.node.append(helper.make_node("Loop", ["trips", "true", "zero"], ["total"], body=body))
    graph.node.append(helper.make_node("Add", ["almost", "total"], ["logit"]))
    return model


def with_graph(folder: Path, data: bytes, name: str = "model.onnx") -> Path:
    """A tiny pack whose file `name` is `data`, its hashes stated as they are."""
    tiny_pack.write(folder)
    manifest = json.loads((folder / packs.MANIFEST).read_text("utf-8"))
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / name).write_bytes(data)
    (folder / packs.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def refused(source: Path, match: str, seconds: float = 60) -> None:
    with pytest.raises(UserError, match=match):
        install.install(source, allow_unsigned=True, seconds=seconds)
    assert not [p for p in packs.installed() if p.id.startswith("tiny")]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("unknown operator", "not known here .LaunchMissiles"),
        ("custom library", "library with operators of its own"),
        ("opset", "opset 999"),
        ("no opset", "does not state its opset"),
        ("ir", "newer ONNX"),
        ("context", "opens files named in the graph"),
        ("outside", "points to a file outside itself .*etc/passwd"),
        ("short", "more numbers than it holds"),
        ("nested", "not an ONNX model"),
    ],
)
def test_what_a_graph_may_not_ask_for(tmp_path: Path, kind: str, reason: str) -> None:
    data = changed(onnx.load_from_string(tiny_pack.graph()), kind).SerializeToString()
    refused(with_graph(tmp_path / "tiny", data), reason)


@pytest.mark.parametrize("kind", ["memory", "loop"])
def test_what_shows_only_when_run_hurts_only_its_own_process(tmp_path: Path, kind: str) -> None:
    data = added(onnx.load_from_string(tiny_pack.graph()), kind).SerializeToString()
    started = time.monotonic()
    refused(with_graph(tmp_path / "tiny", data), "failed its trial run", seconds=3 if kind == "loop" else 60)
    assert time.monotonic() - started < 40
    good = tiny_pack.write(tmp_path / "good")
    assert np.isfinite(forward(good, np.zeros((1, 1, 32, 32), np.float32))[0]).all()


def test_a_graph_cut_short_is_refused(tmp_path: Path) -> None:
    refused(with_graph(tmp_path / "tiny", tiny_pack.graph()[:200]), "not an ONNX model, or is cut short")


@pytest.mark.parametrize("name", ["gate.npz", "extra.bin", "extra.txt", "model.onnx", "inner.npz"])
def test_pickles_are_refused_and_never_read(tmp_path: Path, name: str) -> None:
    ran = tmp_path / "ran"
    data = pickle.dumps(Bomb(ran))
    if name == "inner.npz":
        made = io.BytesIO()
        np.savez(made, a=np.array([Bomb(ran)], dtype=object))
        data = made.getvalue()
    refused(with_graph(tmp_path / "tiny", data, name), "pickle|can hold code|Python objects")
    assert not ran.exists()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, profile: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", "{}")
        with archive.open("model.onnx", "w", force_zip64=True) as out:
            for _ in range(80):
                out.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    refused(path, "-fold when unpacked")
    assert not (profile / "models-incoming").exists()


def test_a_member_longer_than_it_states_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", "{}" * 5000)
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    refused(path, "not a pack file")


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tiny_pack.write(tmp_path / "tiny").folder
    (folder / "notes.txt").symlink_to("/etc/hostname")
    refused(folder, "a link or a folder")


def test_a_file_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.onnx", b"a")
        archive.writestr("MODEL.onnx", b"b")
    refused(path, "holds a file twice")


def test_shipped_packs_pass_the_same_screen() -> None:
    for folder in sorted((RESOURCES / "models").glob("*/manifest.json")):
        install.screen(packs.load(folder.parent))


def test_the_structure_is_read_as_onnx_reads_it() -> None:
    found = read_onnx(tiny_pack.graph())
    assert [v.name for v in found.inputs] == ["film", "baseline", "masks"]
    assert found.inputs[0].dtype == "float32" and found.inputs[0].shape[1:] == (1, 32, 32)
    assert [v.name for v in found.outputs] == ["logit", "features"]
    assert found.opsets == {"": 20} and found.nodes == 12 and ("", "AveragePool") in found.operators


@given(st.binary(max_size=400), st.integers(0, 3000), st.integers(0, 255))
def test_no_bytes_do_more_than_be_refused(noise: bytes, place: int, value: int) -> None:
    good = bytearray(tiny_pack.graph())
    good[place % len(good)] = value
    for data in (noise, bytes(good)):
        try:
            screen_graph("x.onnx", data)
        except Unreadable:
            continue


def test_a_picture_or_text_is_no_code() -> None:
    screen_file("MODEL_CARD.md", b"# Card\n")
    screen_file("labels.json", b"{}")
