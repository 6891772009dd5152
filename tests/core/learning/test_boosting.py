"""Boosted trees for tables: the same path as the network's, the graph says what the trees say, values add up exactly."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.explain.table_rows import explain_row
from core.inference import install, packs
from core.inference.classification import layout_of, row_logits
from core.inference.trees import Leaves
from core.learning import boosting, study
from core.learning.recipe import TREES, Task, TrainRecipe, from_json
from core.learning.run_log import read_run
from core.progress import Cancelled
from tests.core.learning import tiny

pytest.importorskip("lightgbm", reason="the training extra is not installed")
pytest.importorskip("torch", reason="the training extra is not installed")


def recipe(data: Path, **more: object) -> TrainRecipe:
    return TrainRecipe(Task.TABLE, str(data), learner=TREES, rounds=60, leaves=6, threads=1, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trees")
    study.train(
        recipe(tiny.table(folder / "t.csv", n=400), positive="sepsis", about={"id": "tiny-trees"}), folder / "run"
    )
    return folder / "run"


def rows(run: Path) -> list[dict[str, str]]:
    with (run.parent / "t.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_trees_become_a_pack_that_installs_and_knows_the_marker(trained: Path) -> None:
    state = read_run(trained)
    assert state.state == "done" and state.result is not None and state.result["test"]["auroc"] > 0.8
    stated = packs.load(trained / study.PACK).manifest
    assert (
        stated["conformal"]["coverage"] == 0.9
        and sum(stated["conformal"]["n"]) == state.result["examples"]["validation"]
    )
    test = stated["metrics"]["conformal_test"]
    assert test["n"] == state.result["examples"]["test"] and 0.7 < test["coverage"]["value"] <= 1
    assert len(state.losses) == len(state.validation) <= 6 and state.metric
    pack = install.install(trained / study.PACK, allow_unsigned=True)
    assert {"background.npz", "leaves-0.npz"} <= set(pack.manifest["files"])
    high, low = ({"marker": m, "age": "50", "sex": "F", "noise": "0", "site": "A"} for m in ("3", "-1"))
    odds = row_logits(pack, [high, low])[:, 0]
    assert odds[0] > odds[1] + 1


def test_the_graph_and_the_leaves_say_the_same(trained: Path) -> None:
    pack = packs.load(trained / study.PACK)
    leaves = Leaves.from_bytes(pack.read("leaves-0.npz"))
    some = rows(trained)[:40]
    encoded = layout_of(pack).encode(some)
    np.testing.assert_allclose([leaves.raw(x) for x in encoded], row_logits(pack, some)[:, 0], atol=1e-4)


def test_values_are_exact_by_enumeration_and_by_trees_alike(trained: Path) -> None:
    pack = packs.load(trained / study.PACK)
    for row in (rows(trained)[3], {"marker": "", "age": "70", "sex": "M", "noise": "", "site": "B"}):
        a, b = explain_row(pack, row), explain_row(pack, row, method="trees")
        assert (a.method, b.method) == ("enumeration", "trees") and a.columns == b.columns
        np.testing.assert_allclose(a.values, b.values, atol=1e-4)
        assert max(a.additivity_error, b.additivity_error) < 1e-4
        assert a.value == pytest.approx(float(row_logits(pack, [row])[0, 0]), abs=1e-4)


def test_no_background_row_is_anyones(trained: Path) -> None:
    pack = packs.load(trained / study.PACK)
    layout = layout_of(pack)
    behind = boosting.background(layout.encode(rows(trained)), layout)
    assert 8 <= len(behind) <= 32
    theirs = {tuple(x[np.isfinite(x)].tolist()) for x in layout.encode(rows(trained))}
    assert not theirs & {tuple(x[np.isfinite(x)].tolist()) for x in behind}
    sex = [layout.inputs.index(f"sex={s}") for s in "FM"]
    assert set(behind[:, sex].sum(axis=1).tolist()) == {1.0}


def test_three_classes(tmp_path: Path) -> None:
    made = study.train(recipe(tiny.three_classes(tmp_path / "c.csv")), tmp_path / "run")
    pack = packs.verify(tmp_path / "run" / study.PACK)
    assert made["test"]["accuracy"] > 0.7 and len(pack.labels) == 3
    odds = row_logits(pack, [{"x": "1", "y": "0"}])[0]
    assert float((1 / (1 + np.exp(-odds))).sum()) == pytest.approx(1, abs=1e-4) and odds.argmax() == 0
    found = explain_row(pack, {"x": "1", "y": "0"}, label=0, method="trees")
    assert found.additivity_error < 1e-4 and found.value > found.base


def test_a_stop_keeps_the_trees_and_goes_on_to_the_same_ones(tmp_path: Path) -> None:
    data = tiny.table(tmp_path / "t.csv", n=200)
    whole = study.train(recipe(data), tmp_path / "whole")

    def stop_once(done: int, _total: int, _what: str) -> None:
        if done == 20 and not (tmp_path / "once").exists():
            (tmp_path / "once").touch()
            (tmp_path / "run" / "stop").touch()

    with pytest.raises(Cancelled):
        study.train(recipe(data), tmp_path / "run", stop_once)
    assert read_run(tmp_path / "run").state == "stopped"
    again = study.train(recipe(data), tmp_path / "run")
    assert again["test"] == whole["test"] and again["temperature"] == whole["temperature"]


def test_only_a_table_has_trees(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="learner"):
        from_json({"task": "image", "data": "x", "learner": "trees"})
    with pytest.raises(UserError, match="rounds"):
        from_json({"task": "table", "data": "x", "learner": "trees", "rounds": 1})


def test_a_run_begun_before_there_were_trees_still_goes_on(tmp_path: Path) -> None:

    own = TrainRecipe(Task.TABLE, str(tiny.table(tmp_path / "t.csv", n=60)))
    study.prepare(own, tmp_path / "run")
    path = tmp_path / "run" / "recipe.json"
    old = json.loads(path.read_text("utf-8"))
    for name in ("learner", "rounds", "leaves"):
        del old[name]
    path.write_text(json.dumps(old), "utf-8")
    assert len(study.prepare(own, tmp_path / "run").examples) == 60
    with pytest.raises(UserError, match="another recipe"):
        study.prepare(replace(own, hidden=8), tmp_path / "run")
