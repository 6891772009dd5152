"""`evaluate explanations` on a folder, with a pack whose maps are exact."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core.explain.agreement import seconds_to
from core.verbs import run
from tests.core import tiny_pack


def test_evaluate_explanations(profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_pack.write(profile / "models" / "tiny")
    for k in range(4):
        Image.fromarray(tiny_pack.picture(k)).save(tmp_path / f"{k}.png")
    assert run(["evaluate", "explanations", "tiny", str(tmp_path), "--films", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 3 and found["additivity_error_max"] < 1e-4
    assert found["deletion_gain"] > 0 and found["insertion_gain"] > 0, "a true map beats random orders"
    assert found["deletion_gain_ci95"][0] <= found["deletion_gain"] <= found["deletion_gain_ci95"][1]
    assert found["randomised_r"] < 0.7, "shuffled weights give another map"
    assert found["checks_passed"]["Additivity error"] == 1.0


def test_one_pack_and_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "explanations", "tiny", str(tmp_path), "--pack", "other"]) == 2
    assert "one pack" in capsys.readouterr().err


def test_a_pack_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(tiny_pack.picture(0)).save(tmp_path / "0.png")
    assert run(["evaluate", "explanations", str(tmp_path), "--pack", "none"]) == 2
    assert "No model pack is called none" in capsys.readouterr().err


@pytest.fixture
def drawn_films(profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling takes longer than the whole test
    tiny_pack.write(profile / "models" / "tiny", pairwise=8.0)
    for k in range(2):
        Image.fromarray(tiny_pack.picture(k)).save(tmp_path / f"{k}.png")
    return tmp_path


def test_bench_explanations(drawn_films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = drawn_films / "curves.png.out"
    split = drawn_films / "split.json"
    split.write_text(json.dumps({"0.png": "test", "1.png": "train"}))
    options = [
        "--films",
        "2",
        "--reference",
        "1010",
        "--minutes",
        "1",
        "--picture",
        str(picture),
        "--split",
        str(split),
    ]
    assert run(["bench", "explanations", str(drawn_films), "--pack", "tiny", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["films"] == 1, "only the test film of the split"
    assert found["reference_evaluations"] == 1010 and found["reference_split_half_r"] > 0.999
    for name in ("own_fp32", "permutation", "kernel", "partition"):
        assert found["seconds_to_r99"][name] > 0 and found["curves"][name][-1]["mae"] < 0.02
    for name in ("partition", "kernel", "permutation"):
        wanted = found["seconds_to_r99"][name] / found["seconds_to_r99"]["own_fp32"]
        assert found[f"speedup_vs_{name}"] == pytest.approx(wanted)
    assert found["targets"]["partition"] == "Owen" and found["targets"]["partition_to_shapley"] == "Shapley"
    assert not found["ended_by_time_cap"]
    with Image.open(picture) as image:
        assert image.format == "PNG" and len(image.getcolors(1 << 16) or ()) > 5, "several lines were drawn"


def test_bench_explanations_ends_at_its_time_cap(drawn_films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "explanations", str(drawn_films), "--pack", "tiny", "--minutes", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ended_by_time_cap"] and found["films"] == 0 and found["speedup_vs_kernel"] is None


def test_seconds_to_an_agreement_lie_between_the_rungs_around_it() -> None:
    def row(r: float, seconds: float) -> dict[str, float]:
        return {"r": r, "seconds": seconds}

    assert seconds_to([row(0.9, 1), row(0.96, 2), row(0.9975, 8)]) == pytest.approx(4)
    assert seconds_to([row(0.995, 1), row(0.98, 2), row(0.995, 4)]) == pytest.approx(2 * 2**0.5), "it has to stay"
    assert seconds_to([row(0.995, 1), row(0.98, 2)]) is None and seconds_to([]) is None


def test_bench_similar(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "similar", "--cases", "200", "--searches", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cases"] == 200 and found["search_ms"] > 0 and found["megabytes"] > 0.05


def test_bench_tables(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    monkeypatch.setattr("core.verbs.bench_tables.FEATURES", (5,))
    assert run(["bench", "tables", "--background", "3", "--repeats", "1"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["features"]
    assert row["largest_difference"] < 1e-9 and row["own_ms"] > 0 and row["speedup_vs_exact"] > 0
