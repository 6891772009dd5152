"""The gate's rules and the numbers behind a prediction."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.imaging import ImageRef, NoEstimate
from core.inference.calibration import Calibration, fit
from core.inference.packs import Pack
from core.inference.predict import predict
from core.inference.preprocess import Preprocessing, equalise, film, squash
from tests.core import tiny_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny")


def ref(**known: object) -> ImageRef:
    return ImageRef(id="image:1", path="film.png", **known)  # type: ignore[arg-type]


def rule(pack: Pack, pixels: np.ndarray, **known: object) -> str:
    found = predict(pack, ref(**known), pixels)
    return found.rule if isinstance(found, NoEstimate) else ""


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"modality": "CT"}, "modality"),
        ({"modality": "XC"}, "modality"),
        ({"modality": "DX", "body_part": "KNEE"}, "body_part"),
        ({"view": "LL"}, "view"),
        ({"view": "LATERAL"}, "view"),
        ({"age_years": 40.0}, "age"),
        ({"age_years": 0.5}, "age"),
        ({"age_years": 6.0}, "age"),
        ({"age_years": 5.9, "view": "AP", "modality": "CR", "body_part": "CHEST"}, ""),
        ({"age_years": 1.0, "view": "pa"}, ""),
        ({}, ""),
    ],
)
def test_rules_of_the_domain(pack: Pack, known: dict[str, object], expected: str) -> None:
    assert rule(pack, tiny_pack.picture(3), **known) == expected


def test_pixels_that_are_no_film(pack: Pack) -> None:
    good = tiny_pack.picture(3)
    assert rule(pack, np.stack([good] * 3, axis=-1)) == "colour"
    assert rule(pack, good[:40]) == "size"
    assert rule(pack, np.tile(good, (4, 1))) == "shape"
    assert rule(pack, np.zeros((200, 200), np.uint8)) == "contrast"
    assert rule(pack, 255 - good) == "picture"


def test_a_refusal_says_why_in_both_languages(pack: Pack) -> None:
    refusal = predict(pack, ref(age_years=40.0), tiny_pack.picture(1))
    assert isinstance(refusal, NoEstimate)
    assert "40 years" in refusal.reason.en and "40 岁" in refusal.reason.zh
    assert refusal.pack == pack.version


def test_the_probability_is_the_calibrated_logit(pack: Pack) -> None:
    pixels = tiny_pack.picture(5)
    (found,) = predict(pack, ref(), pixels)  # type: ignore[misc]
    means = film(pixels, pack.preprocessing).reshape(8, 4, 8, 4).mean(axis=(1, 3)).ravel()
    odds = float(means @ tiny_pack.WEIGHTS) / 2.0 + 0.25
    assert found.logit == pytest.approx(odds, abs=1e-4)
    assert found.probability == pytest.approx(1 / (1 + math.exp(-odds)), abs=1e-4)
    assert found.interval[0] < found.probability < found.interval[1]
    assert 0 <= found.ood <= 1


@given(st.integers(0, 5), st.integers(1, 3), st.integers(0, 60))
def test_equalising_ignores_window_and_offset(seed: int, gain: int, offset: int) -> None:
    pixels = (tiny_pack.picture(seed) // 4).astype(np.uint8)
    other = (pixels * gain + offset).astype(np.uint8)
    assert np.allclose(equalise(pixels, 0.8), equalise(other, 0.8))


def test_squash_keeps_the_mean_and_the_shape() -> None:
    pixels = tiny_pack.picture(2, 900, 700)
    small = squash(pixels, 64)
    assert small.shape == (64, 64) and abs(float(small.mean()) - float(pixels.mean())) < 2
    assert film(pixels, Preprocessing(64, 0.8)).shape == (1, 64, 64)


def test_calibration_recovers_temperature_and_bias() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=4, size=20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(-(logits / 2.5 + 0.7)))).astype(np.int64)
    temperature, bias = fit(logits, labels)
    assert temperature == pytest.approx(2.5, rel=0.05) and bias == pytest.approx(0.7, abs=0.08)


@given(st.floats(-500, 500))
def test_interval_contains_the_probability(logit: float) -> None:
    scale = Calibration(1.5, 0.2, (0.01, 0.001, 0.001, 0.02), 0.3)
    low, high = scale.interval(logit)
    assert 0 <= low <= scale.probability(logit) <= high <= 1


def test_pack_is_hashable_and_equal_by_content(pack: Pack, tmp_path: Path) -> None:
    assert {pack: 1}[pack] == 1
