"""Embeddings of made-up notes are made once, and a file that was cut off costs only its last rows."""

from pathlib import Path

import numpy as np
import pytest

from core.diagnosis import wording_cache
from core.inference import embedding, packs
from tests.core import tiny_text_pack

TEXTS = ["fever and cough", "itchy rash", "fever and cough", "pain in the knee"]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> embedding.Encoder:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    return embedding.Encoder(packs.load(tiny_text_pack.write(tmp_path / "tiny-text")))


def test_each_text_is_embedded_once(tiny: embedding.Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = wording_cache.embedded(tiny, TEXTS)
    np.testing.assert_allclose(first, [tiny.vector(t) for t in TEXTS], atol=2e-3)
    monkeypatch.setattr(tiny, "pooled", lambda texts: pytest.fail("embedded again"))
    np.testing.assert_array_equal(wording_cache.embedded(tiny, TEXTS[::-1]), first[::-1])


@pytest.mark.parametrize("suffix", [".vectors", ".keys"])
def test_a_file_that_was_cut_off_is_mended(tiny: embedding.Encoder, suffix: str) -> None:
    first = wording_cache.embedded(tiny, TEXTS)
    path = wording_cache.path_for(tiny).with_suffix(suffix)
    path.write_bytes(path.read_bytes()[:-5])
    np.testing.assert_allclose(wording_cache.embedded(tiny, [*TEXTS, "new"])[:4], first, atol=2e-3)
    assert len(path.with_suffix(".keys").read_bytes()) == 4 * 16
