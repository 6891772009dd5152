"""Packs: every byte is verified, newer ones are refused, a broken one hides no other."""

import json
from pathlib import Path

import pytest

from core.errors import NewerFile, Unreadable
from core.inference import packs
from core.verbs import run
from tests.core import tiny_pack


@pytest.fixture
def folder(profile: Path) -> Path:
    return tiny_pack.write(profile / "models" / "tiny").folder


def test_installed_finds_the_users_pack(folder: Path) -> None:
    pack = packs.find("tiny")
    assert pack.folder == folder
    assert pack.labels[0].code.code == "chest_xray_opacity"
    assert pack.version.sha256 == pack.sha256 and len(pack.sha256) == 64


@pytest.mark.parametrize("name", ["model.onnx", "gate.npz", "MODEL_CARD.md"])
def test_one_altered_byte_is_refused(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(Unreadable, match="altered"):
        packs.verify(folder)
    with pytest.raises(Unreadable, match="altered"):
        packs.load(folder).read(name)


def test_a_missing_and_an_unlisted_file_are_refused(folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"x")
    with pytest.raises(Unreadable, match="does not list"):
        packs.verify(folder)
    (folder / "extra.bin").unlink()
    (folder / "gate.npz").unlink()
    with pytest.raises(Unreadable, match="lacks its file"):
        packs.verify(folder)


def test_newer_schema_is_refused_and_left_alone(folder: Path) -> None:
    path = folder / packs.MANIFEST
    newer = json.dumps(json.loads(path.read_text("utf-8")) | {"schema": 2, "labels": "other"})
    path.write_text(newer, encoding="utf-8")
    with pytest.raises(NewerFile):
        packs.load(folder)
    assert path.read_text("utf-8") == newer


@pytest.mark.parametrize(
    "change",
    [
        {"labels": []},
        {"graphs": {"predict": "../../secret"}},
        {"version": "one"},
        {"domain": {}},
        {"preprocessing": {"size": "large"}},
    ],
)
def test_an_invalid_manifest_is_refused_with_its_place(folder: Path, change: dict[str, object]) -> None:
    path = folder / packs.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), encoding="utf-8")
    with pytest.raises(Unreadable, match=next(iter(change))):
        packs.load(folder)


def test_a_broken_pack_hides_no_other(folder: Path, profile: Path) -> None:
    (profile / "models" / "broken").mkdir()
    (profile / "models" / "broken" / packs.MANIFEST).write_text("{", encoding="utf-8")
    assert "tiny" in [p.id for p in packs.installed()]
    assert "broken" not in [p.id for p in packs.installed()]


def test_writing_swaps_only_a_pack_that_verifies(folder: Path) -> None:
    before = (folder / packs.MANIFEST).read_bytes()
    with pytest.raises(Unreadable):
        tiny_pack.write(folder, labels=[])
    assert (folder / packs.MANIFEST).read_bytes() == before
    packs.verify(folder)


def test_models_verify_says_ok_and_fails_with_two(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "verify", "tiny"]) == 0
    assert json.loads(capsys.readouterr().out)["packs"][0]["reference_difference"] < 1e-4
    (folder / "MODEL_CARD.md").write_text("changed", encoding="utf-8")
    assert run(["models", "verify", "tiny"]) == 2
    assert "altered" in json.loads(capsys.readouterr().out)["packs"][0]["why"]


def test_models_verify_refuses_other_outputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / packs.MANIFEST
    manifest = json.loads(path.read_text("utf-8"))
    manifest["reference"]["logits"][0] += 0.1
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert run(["models", "verify", "tiny"]) == 2
    assert "other outputs" in json.loads(capsys.readouterr().out)["packs"][0]["why"]


def test_shipped_packs_verify_and_state_their_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "verify"]) == 0
    assert "cxr-pneumonia-paediatric" in [p["id"] for p in json.loads(capsys.readouterr().out)["packs"]]
