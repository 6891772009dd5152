"""`knowledge build encoder`: a pack and its head; the pack before stands until the new one is whole."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core import verbs
from core.diagnosis import presentations, wording_encoder, wording_head, wording_notes
from core.errors import UserError
from core.inference import embedding, packs
from core.knowledge import condition_tables
from core.verbs import knowledge_encoder
from tests.core import tiny_bert
from tests.core.diagnosis.test_wording_encoder import SHORT, TOLD, small

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("transformers", reason="the training extra is not installed")

from core.learning import text_pack


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tables = small()
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    monkeypatch.setattr(condition_tables, "load", lambda: tables)
    kept = next(one for one in (replace(TOLD, id=f"b-{n}") for n in range(99)) if one.part == presentations.CHECK)
    learned = next(one for one in (replace(TOLD, id=f"b-{n}") for n in range(99)) if one.part == presentations.LEARN)
    monkeypatch.setattr(presentations, "read", lambda: (learned, kept))
    monkeypatch.setattr(wording_encoder, "Recipe", lambda **changes: replace(SHORT, **changes))
    said = [note for condition in tables.conditions for note in wording_notes.notes(condition, 20, seed=5)]
    return tiny_bert.write(tmp_path / "published", said)


def build(source: Path, out: Path, *more: str) -> int:
    asked = ["knowledge", "build", "encoder", "--from", str(source), "--out", str(out), "--rounds", "1", *more]
    return verbs.guarded(lambda: verbs.run(asked))


def test_it_writes_the_same_pack_and_head_each_time(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pack-1.0", "pack-2.0"):
        assert build(source, tmp_path / name) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["head"] == f"{name}.head.npz" and said["presentations"] == 2
    one, two = (packs.verify(tmp_path / name) for name in ("pack-1.0", "pack-2.0"))
    assert one.manifest == two.manifest
    heads = [(tmp_path / f"{name}.head.npz").read_bytes() for name in ("pack-1.0", "pack-2.0")]
    assert heads[0] == heads[1]
    head = wording_head.load(tmp_path / "pack-1.0.head.npz")
    assert head is not None and head.ids == tuple(c.id for c in small().conditions)
    assert head.logits(embedding.Encoder(one).vectors(["My toe is hot."])).shape == (1, 4)


def test_without_what_is_kept_for_checking(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(source, tmp_path / "out", "--keep-check") == 0
    assert json.loads(capsys.readouterr().out)["presentations"] == 1


def test_a_failure_leaves_the_pack_before(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text("before")
    assert build(tmp_path / "nothing", out) == 2

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(text_pack, "build", full)
    with pytest.raises(OSError, match="no space"):
        knowledge_encoder.build(source, out, rounds=1)
    assert (out / "manifest.json").read_text() == "before"


def test_the_missing_extra_is_said_before_the_refining(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match="torch, transformers and onnx"):
        knowledge_encoder.build(tmp_path, tmp_path / "out")
