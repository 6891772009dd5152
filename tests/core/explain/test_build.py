"""The design and the learned explainer of a pack, made again on films of a tiny one."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.domain.imaging import ImageRef
from core.explain.design import design
from core.explain.image import explain, preview
from core.explain.warm import warm
from core.inference import packs
from core.inference.baseline import NAMES, baseline
from core.verbs import run
from tests.core import tiny_pack

torch = pytest.importorskip("torch")

REF = ImageRef(id="image:1", path="film.png", rows=120, columns=100)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for k in range(8):
        Image.fromarray(tiny_pack.picture(k)).save(folder / f"{k}.png")
    return folder


def test_a_design_is_fitted_chosen_and_used(profile: Path, films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(1)
    tiny_pack.write(profile / "models" / "tiny", pairwise=8.0)
    out = profile / "models" / "tiny"
    few = ["--fit-films", "3", "--fit-steps", "3", "--design-pairs", "40", "--pool", "120"]
    assert run(["explain", "build-pack", "--pack", "tiny", "--data", str(films), "--out", str(out), *few]) == 0
    assert json.loads(capsys.readouterr().out)["design_pairs"] == 40
    pack = packs.verify(out)
    made = design(pack)
    assert made is not None and made.pairs == 40 and made.prior.spread == pytest.approx(1.15)
    found = explain(pack, REF, tiny_pack.picture(20), evaluations=82, faithfulness=False)
    exact = explain(pack, REF, tiny_pack.picture(20), evaluations=82, faithfulness=False, baseline="mean")
    assert found.evaluations <= 84 and found.additivity_error < 1e-4 and exact.additivity_error < 1e-4
    assert warm() > 0


def test_the_explainer_is_trained_on_the_members_trunk(
    profile: Path, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.learning.network import RadiographNet
    from core.learning.train import Recipe

    torch.manual_seed(0)
    torch.set_num_threads(1)
    monkeypatch.setattr(tiny_pack, "SIZE", 128)
    tiny_pack.write(profile / "models" / "tiny")
    work = tmp_path / "work"
    work.mkdir()
    recipe = asdict(Recipe()) | {"width": 8}
    torch.save({"recipe": recipe, "weights": RadiographNet(8).state_dict()}, work / "member-0.pt")
    out = tmp_path / "made"
    few = ["--fit-films", "2", "--fit-steps", "2", "--design-pairs", "30", "--pool", "80", "--films", "8"]
    asked = ["explain", "build-pack", "--pack", "tiny", "--data", str(films), "--work", str(work), "--out", str(out)]
    assert run([*asked, *few, "--epochs", "1,1"]) == 0
    found = json.loads(capsys.readouterr().out)
    pack = packs.verify(out)
    assert found["one_pass_error"] > 0 and -1 <= found["one_pass_r"] <= 1
    first = preview(pack, REF, tiny_pack.picture(20))
    assert first.method == "one-pass" and first.additivity_error < 1e-4
    assert first.standard_errors[0] == pytest.approx(found["one_pass_error"], abs=1e-4)


def test_too_few_films_and_missing_options_are_said(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_pack.write(profile / "models" / "tiny")
    Image.fromarray(tiny_pack.picture(0)).save(tmp_path / "0.png")
    assert run(["explain", "build-pack", "--pack", "tiny"]) == 2
    asked = [
        "explain",
        "build-pack",
        "--pack",
        "tiny",
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path / os.devnull[1:]),
    ]
    assert run(asked) == 2
    assert "too few" in capsys.readouterr().err


def test_inpainting_keeps_nothing_of_a_square_and_continues_its_neighbours() -> None:
    assert "inpaint" in NAMES
    film = np.full((1, 64, 64), 0.25, np.float32)
    film[0, 8:16, 8:16] = 1.0
    found = baseline(film, "inpaint")
    assert found.shape == film.shape and found.dtype == np.float32
    assert np.allclose(found[0, 9:15, 9:15], 0.25, atol=0.02), "the bright square is gone"
