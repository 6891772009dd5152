"""`evaluate explanations` on a folder, with a pack whose maps are exact."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core.verbs import run
from tests.core import tiny_pack


def test_evaluate_explanations(profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_pack.write(profile / "models" / "tiny")
    for k in range(4):
        Image.fromarray(tiny_pack.picture(k)).save(tmp_path / f"{k}.png")
    assert run(["evaluate", "explanations", str(tmp_path), "--pack", "tiny", "--films", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 3 and found["additivity_error_max"] < 1e-4
    assert found["deletion_gain"] > 0 and found["insertion_gain"] > 0, "a true map beats random orders"
    assert found["deletion_gain_ci95"][0] <= found["deletion_gain"] <= found["deletion_gain_ci95"][1]
    assert found["randomised_r"] < 0.7, "shuffled weights give another map"
    assert found["checks_passed"]["Additivity error"] == 1.0


def test_a_pack_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(tiny_pack.picture(0)).save(tmp_path / "0.png")
    assert run(["evaluate", "explanations", str(tmp_path), "--pack", "none"]) == 2
    assert "No model pack is called none" in capsys.readouterr().err
