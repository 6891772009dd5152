"""Models from elsewhere become packs: built in the test, imported, installed, and asked the same questions as before."""

import json
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from core.domain.imaging import ImageRef, NoEstimate
from core.errors import UserError
from core.imaging.pixels import presentation
from core.inference import drift, install, packs
from core.inference.classification import row_logits, text_logits
from core.inference.embedding import Encoder
from core.inference.importing import detect, import_model, missing
from core.inference.predict import predict
from core.inference.text_tasks import generate, tag
from tests.core import tiny_pack, tiny_text_pack

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

BASIC = {"licence": "Apache-2.0", "data_title": "made up", "data_licence": "none"}
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *tiny_text_pack.WORDS)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The libraries' own deprecations are not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def hugging_face(folder: Path, head: str, **changes: Any) -> Path:
    """A folder with a tiny random BERT (or GPT-2) and a word tokenizer."""
    torch.manual_seed(3)
    sizes = {"vocab_size": len(WORDS), "pad_token_id": 0}
    if head == "AutoModelForCausalLM":
        config: Any = transformers.GPT2Config(
            **sizes, n_embd=16, n_layer=1, n_head=2, n_positions=32, bos_token_id=2, eos_token_id=3
        )
    else:
        config = transformers.BertConfig(
            **sizes,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            **changes,
        )
    model = getattr(transformers, head).from_config(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(8)  # so that answers differ
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(tiny_text_pack.tokenizer())
    marks = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **marks}), encoding="utf-8"
    )
    return folder


def by_torch(folder: Path, head: str, text: str, *, marks: bool = False) -> np.ndarray:
    """What the model itself says: logits of the first and only text."""
    model = getattr(transformers, head).from_pretrained(folder).eval()
    ids = [WORDS.index(w) if w in WORDS else 1 for w in text.split()]
    row = torch.tensor([[2, *ids, 3] if marks else ids])
    with torch.inference_mode():
        found: np.ndarray = model(input_ids=row, attention_mask=torch.ones_like(row))[0].numpy()
    return found[0]


def test_a_text_classifier_becomes_a_pack_that_installs(tmp_path: Path) -> None:
    names = {0: "well", 1: "cold", 2: "flu"}
    source = hugging_face(tmp_path / "hf", "AutoModelForSequenceClassification", id2label=names)
    asked = missing(source)
    assert [q.key for q in asked if q.required] == ["licence", "data_title", "data_licence"]
    with pytest.raises(UserError, match="licence: .*data_title: .*data_licence"):
        import_model(source, tmp_path / "pack", {})
    import_model(source, tmp_path / "pack", {**BASIC, "id": "tiny-hf"})
    pack = install.install(tmp_path / "pack", allow_unsigned=True)
    assert pack.task == "text-classification" and [one.code.code for one in pack.labels] == ["well", "cold", "flu"]
    wanted = by_torch(source, "AutoModelForSequenceClassification", "chest pain fever")
    odds = text_logits(pack, ["chest pain fever", "cough"])[0]
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), np.exp(wanted) / np.exp(wanted).sum(), atol=1e-4)
    assert "not validated" in pack.read("MODEL_CARD.md").decode() and pack.manifest["imported"]["validated"] is False


def test_two_classes_are_one_label(tmp_path: Path) -> None:
    source = hugging_face(tmp_path / "hf", "AutoModelForSequenceClassification", id2label={0: "no", 1: "sick"})
    pack = import_model(source, tmp_path / "pack", BASIC)
    assert [one.code.code for one in pack.labels] == ["sick"] and pack.manifest["negative"] == "no"
    z = by_torch(source, "AutoModelForSequenceClassification", "rash itching")
    assert text_logits(pack, ["rash itching"])[0, 0] == pytest.approx(z[1] - z[0], abs=1e-3)


def test_a_token_classifier_gives_spans(tmp_path: Path) -> None:
    names = {0: "O", 1: "B-SYMPTOM", 2: "I-SYMPTOM"}
    source = hugging_face(tmp_path / "hf", "AutoModelForTokenClassification", id2label=names)
    import_model(source, tmp_path / "pack", {**BASIC, "id": "tiny-tags"})
    pack = install.install(tmp_path / "pack", allow_unsigned=True)
    text = "chest pain  fever cough rash"
    told = by_torch(source, "AutoModelForTokenClassification", text, marks=True)[1:-1].argmax(axis=1)
    spans = tag(pack, text)
    covered = [any(s.start <= text.index(w) < s.end for s in spans) for w in text.split()]
    assert covered == [k != 0 for k in told.tolist()] and {s.label for s in spans} <= {"SYMPTOM"}
    assert tag(pack, "") == () and len(tag(pack, " ".join(["pain"] * 90))) >= 1 or not any(told)


def test_an_encoder_gives_vectors_and_does_not_displace_the_shipped_one(tmp_path: Path) -> None:
    from core.inference import embedding

    source = hugging_face(tmp_path / "hf", "AutoModel")
    import_model(source, tmp_path / "pack", {**BASIC, "id": "a-tiny-encoder"})
    pack = install.install(tmp_path / "pack", allow_unsigned=True)
    vector = Encoder(pack).vector("chest pain")
    hidden = by_torch(source, "AutoModel", "chest pain", marks=True).mean(axis=0)
    np.testing.assert_allclose(vector, hidden / np.linalg.norm(hidden), atol=1e-4)
    used = embedding.encoder()
    assert used is not None and used.pack.id == "note-embedding-minilm"


def test_a_small_generator_writes_what_torch_writes(tmp_path: Path) -> None:
    source = hugging_face(tmp_path / "hf", "AutoModelForCausalLM")
    import_model(source, tmp_path / "pack", {**BASIC, "id": "tiny-writer"})
    pack = install.install(tmp_path / "pack", allow_unsigned=True)
    model = transformers.AutoModelForCausalLM.from_pretrained(source).eval()
    row = torch.tensor([[WORDS.index("chest"), WORDS.index("pain")]])
    with torch.inference_mode():
        wanted = model.generate(row, attention_mask=torch.ones_like(row), max_new_tokens=6, do_sample=False)[0, 2:]
    made = generate(pack, "chest pain", 6).split()
    assert made == [WORDS[k] for k in wanted.tolist() if k > 3]
    with pytest.raises(UserError, match="nothing to go on"):
        generate(pack, "")


@pytest.mark.parametrize("kind", ["code", "map", "pickle", "no config"])
def test_folders_with_code_or_pickles_are_refused(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "hf"
    folder.mkdir()
    config: dict[str, Any] = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}
    (folder / "model.safetensors").write_bytes(b"x")
    if kind == "code":
        (folder / "modeling_evil.py").write_text("raise SystemExit")
    elif kind == "map":
        config["auto_map"] = {"AutoModel": "modeling_evil.Evil"}
    elif kind == "pickle":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    if kind != "no config":
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UserError, match="code of its own|pickles|config.json"):
        missing(folder)


class Net(torch.nn.Module):  # type: ignore[name-defined, misc]
    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.conv = torch.nn.Conv2d(channels, 4, 5, stride=2)
        self.dense = torch.nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return self.dense(torch.relu(self.conv(x)).mean(dim=(2, 3)))


def film_answers(folder: Path, n: int = 64) -> dict[str, Any]:
    samples = folder / "films"
    samples.mkdir()
    for k in range(n):
        Image.fromarray(tiny_pack.picture(k)).save(samples / f"{k}.png")
    return {
        **BASIC,
        "scores": "logits",
        "labels": [{"code": "opacity", "en": "Opacity", "zh": "阴影"}],
        "mean": [0.5],
        "std": [0.25],
        "age_from_years": 18,
        "age_below_years": 90,
        "samples": str(samples),
    }


def check_film_pack(pack: packs.Pack, net: Net, samples: str) -> None:
    pixels = presentation(f"{samples}/5.png")
    result = predict(pack, ImageRef(id="i", path="f", age_years=40.0), pixels)
    assert not isinstance(result, NoEstimate), result
    (found,) = result
    small = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BILINEAR), np.float32)
    x = torch.from_numpy((small / 255 - 0.5) / 0.25)[None, None]
    z = net.eval()(x.expand(1, net.conv.in_channels, 32, 32))[0].detach()
    assert found.logit == pytest.approx(float(z[1] - z[0]), abs=1e-3)
    assert isinstance(predict(pack, ImageRef(id="i", path="f", age_years=4.0), pixels), NoEstimate)
    assert isinstance(predict(pack, ImageRef(id="i", path="f"), 255 - pixels), NoEstimate)
    stated = drift.false_refusals(dict(pack.manifest))
    assert stated is not None and stated["n"] == 64 and stated["share"] < 0.15


def test_a_bare_image_file_asks_and_becomes_a_pack(tmp_path: Path) -> None:
    net = Net(3).eval()
    path = tmp_path / "net.onnx"
    torch.onnx.export(net, (torch.rand(2, 3, 32, 32),), str(path), dynamo=False, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "n"}, "y": {0: "n"}}, opset_version=17)  # fmt: skip
    needed = {q.key for q in missing(path) if q.required}
    assert needed == {"licence", "data_title", "data_licence", "scores", "labels", "mean", "std", "age_from_years",
                      "age_below_years", "samples"}  # fmt: skip
    told = film_answers(tmp_path)
    assert all(not q.required for q in missing(path, told))
    with pytest.raises(UserError, match="scores cannot be 'stars'"):
        import_model(path, tmp_path / "pack", {**told, "scores": "stars"})
    with pytest.raises(UserError, match="1 outputs, the answers name 2"):
        import_model(path, tmp_path / "pack", {**told, "labels": ["a", "b"]})
    assert not (tmp_path / "pack").exists()
    import_model(path, tmp_path / "pack", {**told, "id": "tiny-net"})
    check_film_pack(install.install(tmp_path / "pack", allow_unsigned=True), net, told["samples"])


def test_torch_files_are_taken_only_as_graphs(tmp_path: Path) -> None:
    net = Net().eval()
    told = {**film_answers(tmp_path), "input_shape": [1, 32, 32], "id": "tiny-script"}
    script = tmp_path / "net.pt"
    torch.jit.trace(net, torch.rand(1, 1, 32, 32)).save(str(script))
    assert "input_shape" in {q.key for q in missing(script) if q.required}
    check_film_pack(import_model(script, tmp_path / "pack", told), net, told["samples"])
    check_film_pack(import_model(net, tmp_path / "other", {**told, "id": "tiny-module"}), net, told["samples"])
    torch.save(net, tmp_path / "module.pt")
    torch.save(net.state_dict(), tmp_path / "state.pth")
    for name in ("module.pt", "state.pth"):
        with pytest.raises(UserError, match="pickled Python"):
            import_model(tmp_path / name, tmp_path / "never", told)


@pytest.mark.slow
def test_an_exported_program_becomes_a_pack(tmp_path: Path) -> None:
    net = Net().eval()
    program = torch.export.export(net, (torch.rand(2, 1, 32, 32),), dynamic_shapes=({0: torch.export.Dim("n", min=1)},))
    torch.export.save(program, tmp_path / "net.pt2")
    told = {**film_answers(tmp_path), "input_shape": [1, 32, 32], "id": "tiny-program"}
    check_film_pack(import_model(tmp_path / "net.pt2", tmp_path / "pack", told), net, told["samples"])


def estimator(classes: int = 2, *, hist: bool = False) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)).astype(np.float32)
    y = np.array(["benign", "malignant", "unclear"])[np.where((x[:, 2] > 1) & (classes > 2), 2, x[:, 0] + x[:, 1] > 0)]
    last = (
        HistGradientBoostingClassifier(max_iter=5) if hist else RandomForestClassifier(5, max_depth=4, random_state=0)
    )
    return make_pipeline(StandardScaler(), last).fit(x, y)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_scikit_learn_classifier_becomes_a_pack(tmp_path: Path, classes: int) -> None:
    made = estimator(classes)
    pack = import_model(made, tmp_path / "pack", {**BASIC, "id": "tiny-table", "columns": ["age", "crp", "wbc"]})
    pack = install.install(pack.folder, allow_unsigned=True)
    rows = np.random.default_rng(5).normal(size=(20, 3)).astype(np.float32)
    odds = row_logits(pack, [dict(zip(("age", "crp", "wbc"), map(str, r), strict=True)) for r in rows.tolist()])
    wanted = made.predict_proba(rows)
    wanted = wanted[:, 1:] if classes == 2 else wanted
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), wanted, atol=1e-4)
    assert [one.code.code for one in pack.labels] == (
        ["malignant"] if classes == 2 else ["benign", "malignant", "unclear"]
    )


def test_a_missing_value_is_refused_where_the_model_cannot_do_without(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2)).astype(np.float32)
    pack = import_model(LogisticRegression().fit(x, x[:, 0] > 0), tmp_path / "pack",
                        {**BASIC, "columns": ["a", "b"], "labels": ["sick"]})  # fmt: skip
    with pytest.raises(UserError, match="missing: b"):
        row_logits(pack, [{"a": "1"}])
    assert np.isfinite(row_logits(pack, [{"a": "1", "b": "2"}])).all()


def test_skops_files_are_read_and_pickles_only_on_trust(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    made, told = estimator(), {**BASIC, "columns": ["age", "crp", "wbc"]}
    skops.dump(made, tmp_path / "model.skops")
    with pytest.raises(UserError, match="not known: sklearn.tree"):
        import_model(tmp_path / "model.skops", tmp_path / "pack", told)
    pack = import_model(tmp_path / "model.skops", tmp_path / "pack", told, trust=True)
    assert pack.task == "tabular-classification"
    skops.dump(made.steps[0][1], tmp_path / "scaler.skops")
    with pytest.raises(UserError, match="no fitted classifier"):
        missing(tmp_path / "scaler.skops")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(made))
    with pytest.raises(UserError, match="pickle, which runs code"):
        import_model(tmp_path / "model.pkl", tmp_path / "p2", told)
    assert import_model(tmp_path / "model.pkl", tmp_path / "p2", told, trust=True).id == "local-model"


def test_what_skl2onnx_cannot_convert_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot convert|differs"):
        import_model(estimator(hist=True), tmp_path / "pack", {**BASIC, "columns": ["a", "b", "c"]})


def test_files_of_no_known_kind(tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_bytes(b"x")
    for path in (tmp_path / "x.h5", tmp_path / "none.onnx", tmp_path):
        with pytest.raises(UserError):
            detect(path)


def test_a_graph_with_other_inputs_or_hostile_is_refused(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["y"])],
        "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, 2]) for n in "ab"],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
        [numpy_helper.from_array(np.zeros(1, np.float32), "c")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    with pytest.raises(UserError, match="No kind of pack has these inputs"):
        missing(path)
    model.graph.node[0].domain = "evil"
    onnx.save(model, path)
    with pytest.raises(UserError, match="library with operators"):
        missing(path)
