"""Text packs: vectors of length 1, long texts in parts, hashes checked, references compared, images never asked."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import Unreadable, UserError
from core.inference import embedding, packs
from core.inference.dry_run import check_reference
from core.paths import RESOURCES
from tests.core import tiny_text_pack

SHIPPED = RESOURCES / "models" / "note-embedding-minilm"


@pytest.fixture
def tiny(tmp_path: Path) -> embedding.Encoder:
    return embedding.Encoder(packs.verify(tiny_text_pack.write(tmp_path / "tiny-text")))


def test_vectors_have_length_one_and_do_not_depend_on_the_batch(tiny: embedding.Encoder) -> None:
    texts = ["chest pain", "fever", "itching rash knee swollen", ""]
    together = tiny.vectors(texts)
    assert together.shape == (4, tiny_text_pack.WIDTH) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(tiny.vector(text), vector, atol=1e-6)


def test_a_long_text_is_read_to_its_end(tiny: embedding.Encoder) -> None:
    start = "chest pain fever cough rash itching"
    assert len(start.split()) == tiny.longest - 2
    np.testing.assert_allclose(tiny.vectors([start + " knee"])[0], tiny.vectors([start])[0], atol=1e-6)
    assert np.abs(tiny.vector(start + " knee knee knee") - tiny.vector(start)).max() > 0.01


def test_remembered_vectors_cannot_be_changed(tiny: embedding.Encoder) -> None:
    with pytest.raises(ValueError, match="read-only"):
        tiny.vector("chest pain")[0] = 0


def test_another_output_than_stated_is_refused(tmp_path: Path) -> None:
    other = {"texts": ["pain", "fever"], "cosines": [[1.0, 1.0], [1.0, 1.0]], "tolerance": 0.001}
    pack = packs.load(tiny_text_pack.write(tmp_path / "odd-text", reference=other))
    with pytest.raises(UserError, match="other outputs"):
        check_reference(pack)


@pytest.mark.parametrize("missing", ["text", "reference"])
def test_a_text_pack_must_say_how_it_is_read(tmp_path: Path, missing: str) -> None:
    folder = tiny_text_pack.write(tmp_path / "bad-text")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest[missing]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(Unreadable):
        packs.load(folder)


def test_an_altered_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = tiny_text_pack.write(tmp_path / "altered-text")
    (folder / "tokenizer.json").write_bytes(tiny_text_pack.tokenizer() + b" ")
    with pytest.raises(Unreadable, match="altered"):
        embedding.Encoder(packs.load(folder))


def test_the_shipped_pack_knows_paraphrases() -> None:
    pack = packs.verify(SHIPPED)
    assert check_reference(pack) < 0.02
    model = embedding.Encoder(pack)
    near, same, far = model.vectors(["shortness of breath", "he cannot catch his breath", "itchy toes"])
    assert near @ same > 0.4 and near @ far < 0.15
    assert sum(f["bytes"] for f in pack.manifest["files"].values()) <= 24_000_000
