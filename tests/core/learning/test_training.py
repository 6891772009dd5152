"""Training on a few made-up films: it learns, goes on after a kill, and its export says the same as the network."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.inference import packs
from core.inference.preprocess import Preprocessing, band_deviations, bands, equalise, normalise
from tests.core import tiny_pack

pytest.importorskip("torch", reason="the training extra is not installed")

RECIPE = {"size": 32, "cache_size": 40, "width": 8, "batch": 8, "threads": 1, "half": False, "average": 0.5}


def data(n: int, size: int, seed: int) -> "tuple[np.ndarray, np.ndarray]":
    """Films with or without a bright blot in the middle."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    blot = 120 * np.exp(-(x**2 + y**2) / 0.02)
    films = 60 + rng.normal(scale=8, size=(n, size, size)) + labels[:, None, None] * blot
    return np.clip(films, 0, 255).astype(np.uint8), labels.astype(np.int64)


def test_training_learns_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    from core.learning.train import Films, Recipe, predict_films, train

    films, labels = data(48, 40, 1)
    training = Films(films[None], labels, np.zeros(48, bool))
    kept, kept_labels = data(32, 32, 2)
    validation = Films(kept[None], kept_labels, np.zeros(32, bool))
    recipe = Recipe(epochs=6, patience=10, **RECIPE)  # type: ignore[arg-type]

    class Killed(Exception):
        pass

    def kill(done: int, total: int, what: str) -> None:
        if done > total * 0.6:
            raise Killed

    with pytest.raises(Killed):
        train(training, validation, recipe, tmp_path / "member.checkpoint", kill)
    left = json.loads((tmp_path / "member.curve.json").read_text("utf-8"))
    network, curve = train(training, validation, recipe, tmp_path / "member.checkpoint")
    assert [e["epoch"] for e in curve] == list(range(6))
    assert curve[: len(left)] == left, "the epochs before the kill were kept"
    scores = predict_films(network, kept)
    assert scores[kept_labels == 1].mean() > scores[kept_labels == 0].mean()
    assert max(e["auroc"] for e in curve) > 0.9


def test_augmentation_is_bounded_and_follows_its_seed() -> None:
    import torch

    from core.learning.augment import Warp, augment

    films = torch.rand(6, 1, 40, 40)
    first, again, other = (augment(films, 32, torch.Generator().manual_seed(s), Warp()) for s in (1, 1, 2))
    assert first.shape == (6, 1, 32, 32) and float(first.min()) >= 0 and float(first.max()) <= 1
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_bands_sum_to_the_film_and_are_levelled() -> None:
    film = equalise(tiny_pack.picture(1, 128, 128), 0.8)
    assert np.allclose(sum(bands(film, 3)), film, atol=1e-5)
    levels = (0.03, 0.04, 0.05)
    spec = Preprocessing(128, 0.8, levels)
    even = normalise(tiny_pack.picture(1, 128, 128), spec)
    assert even.min() >= 0 and even.max() <= 1
    found = band_deviations((even - 0.5) / 0.8 + 0.5, 3, 0.8)
    assert found[0] == pytest.approx(0.03, rel=0.35), "neighbouring bands overlap, so the level is met roughly"


@pytest.mark.slow
def test_from_folder_to_pack(tmp_path: Path) -> None:
    from core.inference.predict import forward
    from core.learning.train import Recipe
    from core.learning.workshop import export, load_members, train_members

    films, labels = data(60, 96, 3)
    for k, (film, label) in enumerate(zip(films, labels, strict=True)):
        name = f"person{k}_virus_{k}.png" if label else f"IM-{k:04}-0001.png"
        path = tmp_path / "data" / ("PNEUMONIA" if label else "NORMAL") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(film).save(path)
    for k in range(8):
        path = tmp_path / "others" / "NORMAL" / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(k).integers(0, 255, (96, 96), np.uint8)).save(path)
    recipe = Recipe(epochs=2, **RECIPE)  # type: ignore[arg-type]
    train_members(tmp_path / "data", tmp_path / "work", recipe, [0, 1])
    about = json.loads((packs.paths.RESOURCES / "models/recipes/cxr-pneumonia-paediatric.json").read_text("utf-8"))
    pack = export(tmp_path / "data", tmp_path / "work", tmp_path / "others", tmp_path / "pack", about)
    packs.verify(pack.folder)
    assert set(pack.manifest["metrics"]) >= {"own_test", "own_test_int8", "adults_by_picture_alone"}
    import torch

    members, _ = load_members(tmp_path / "work")
    x = np.random.default_rng(0).random((3, 1, 32, 32), np.float32)
    with torch.inference_mode():
        wanted = torch.stack([m(torch.from_numpy(x))[0] for m in members]).mean(0).numpy()
    assert np.abs(forward(pack, x)[0] - wanted).max() < 1e-4
    assert np.abs(forward(pack, x, "predict_int8")[0] - wanted).max() < 0.5
