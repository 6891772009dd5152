"""One path from data to measured pack for tables, texts and images."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.progress import Cancelled
from tests.core import tiny_pack
from tests.core.learning import tiny

pytest.importorskip("torch", reason="the training extra is not installed")

from core.inference import install, packs
from core.learning import study
from core.learning.answers import answers
from core.learning.calibrate import Scale
from core.learning.recipe import TrainRecipe, from_json
from core.learning.run_log import ask_to_stop, read_run
from core.learning.split import Part

ROOT = Path(__file__).resolve().parents[3]
KILLED = """
import os, signal, sys
from pathlib import Path
from core.learning import recipe, study
def report(done, total, what):
    if what.startswith("epoch") and done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
study.train(recipe.read(Path(sys.argv[1])), Path(sys.argv[2]), report)
"""


def recipe(data: Path, **values: object) -> TrainRecipe:
    return from_json(
        {"task": "table", "data": str(data), "epochs": 6, "batch": 16, "threads": 1, "hidden": 16} | values
    )


def kill(tmp_path: Path, made: TrainRecipe, at: int) -> Path:
    """A run in a process of its own that dies by SIGKILL at a step."""
    from core.learning.recipe import as_json

    (tmp_path / "r.json").write_text(json.dumps(as_json(made)), encoding="utf-8")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "r.json"), str(tmp_path / "killed"), str(at)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    return tmp_path / "killed"


def test_a_table_becomes_a_measured_pack(tmp_path: Path) -> None:
    made = recipe(tiny.table(tmp_path / "t.csv"), about={"id": "tiny-table"}, cant_miss=["sepsis"])
    result = study.train(made, tmp_path / "run")
    pack = packs.verify(tmp_path / "run" / "pack")
    assert pack.task == "tabular-classification" and [x.code.code for x in pack.labels] == ["sepsis"]
    test = result["test"]
    assert test["auroc"] > 0.7 and test["auroc_ci95"][0] < test["auroc"] < test["auroc_ci95"][1]
    assert {g["column"] for g in test["subgroups"]} == {"age", "sex", "site"}
    assert sum(b["n"] for b in test["reliability"]) == test["n"] == result["examples"]["test"]
    assert pack.manifest["metrics"]["own_test"] == test
    assert str(tmp_path) not in json.dumps(pack.manifest), "no path of this machine in the pack"
    names = [c["name"] for c in pack.manifest["table"]["columns"]]
    assert "marker" in names and "patient" not in names and "label" not in names
    state = read_run(tmp_path / "run")
    assert state.state == "done" and len(state.losses) == 6 and state.result == result


def test_graph_and_network_say_the_same(tmp_path: Path) -> None:
    made = recipe(tiny.three_classes(tmp_path / "t.csv"), epochs=15)
    run = tmp_path / "run"
    prepared = study.prepare(made, run)
    trained = study.fit(made, prepared, run)
    result = study.finish(made, prepared, trained, run)
    at = prepared.at(Part.VALIDATION)
    found = answers(packs.load(run / "pack"), prepared.examples, at)
    wanted = Scale(result["temperature"]).probabilities(trained.validation)
    assert np.abs(found - wanted).max() < 1e-5 and found.shape[1] == 3
    assert result["test"]["f1"] > 0.7 and set(result["test"]["labels"]) == {"a", "b", "c"}


def test_no_patient_is_in_two_parts_and_the_split_is_kept(tmp_path: Path) -> None:
    made = recipe(tiny.table(tmp_path / "t.csv"))
    prepared = study.prepare(made, tmp_path / "run")
    where: dict[str, set[Part]] = {}
    for patient, part in zip(prepared.examples.patients, prepared.parts, strict=True):
        where.setdefault(patient, set()).add(part)
    assert all(len(parts) == 1 for parts in where.values()) and len({p for ps in where.values() for p in ps}) == 3
    assert study.prepare(made, tmp_path / "run").parts == prepared.parts
    tiny.table(tmp_path / "t.csv", seed=9)
    with pytest.raises(UserError, match="not what this run began with"):
        study.prepare(made, tmp_path / "run")


def test_a_killed_run_goes_on_to_the_same_network(tmp_path: Path) -> None:
    made = recipe(tiny.table(tmp_path / "t.csv"), checkpoint_steps=3, dropout=0.3)
    whole = study.train(made, tmp_path / "whole")
    run = kill(tmp_path, made, 21)
    assert read_run(run).state == "stopped"
    resumed = study.train(made, run)
    first, second = (json.dumps(r["test"], sort_keys=True) for r in (whole, resumed))
    assert first == second, "bit for bit: optimiser, order, dropout and averages were all restored"
    assert read_run(run).losses == read_run(tmp_path / "whole").losses
    starts = [json.loads(line) for line in (run / "progress.jsonl").read_text("utf-8").splitlines()]
    assert [e["step"] for e in starts if e["event"] == "start"] == [0, 20], (
        "seven steps an epoch: the sixth of the third"
    )


def test_a_stop_keeps_a_checkpoint_and_goes_on(tmp_path: Path) -> None:
    made = recipe(tiny.table(tmp_path / "t.csv"))

    def stop(done: int, total: int, what: str) -> None:
        if what.startswith("epoch") and done == 10:
            ask_to_stop(tmp_path / "run")

    with pytest.raises(Cancelled):
        study.train(made, tmp_path / "run", stop)
    assert read_run(tmp_path / "run").state == "stopped"
    assert study.train(made, tmp_path / "run")["test"] == study.train(made, tmp_path / "other")["test"]


@pytest.mark.parametrize("rank", [0, 4])
def test_a_text_model_is_fine_tuned(tmp_path: Path, rank: int, capsys: pytest.CaptureFixture[str]) -> None:
    data = tiny.notes(tmp_path / "n.jsonl")
    model = tiny.bert(tmp_path / "bert")
    made = recipe(
        data, task="text", model=str(model), epochs=6, rate=0.01, longest=32, lora_rank=rank, positive="chest"
    )
    result = study.train(made, tmp_path / "run")
    assert result["test"]["auroc"] > 0.9, "random weights, a few words: easy"
    pack = packs.verify(tmp_path / "run" / "pack")
    assert pack.task == "text-classification" and "tokenizer.json" in pack.manifest["files"]
    prepared = study.prepare(made, tmp_path / "run")
    assert answers(pack, prepared.examples, prepared.at(Part.TEST)).shape == (result["test"]["n"], 2)
    assert len(read_run(tmp_path / "run").losses) >= 1
    assert capsys.readouterr().out == "", "standard output is for the result alone"


@pytest.mark.slow
def test_a_killed_text_run_goes_on_to_the_same_metric(tmp_path: Path) -> None:
    model = tiny.bert(tmp_path / "bert")
    made = recipe(tiny.notes(tmp_path / "n.jsonl"), task="text", model=str(model), epochs=4, rate=0.003, longest=32)
    whole = study.train(made, tmp_path / "whole")
    run = kill(tmp_path, made, 9)
    (run / "checkpoints" / "checkpoint-11").mkdir()  # cut short by the kill
    resumed = study.train(made, run)
    assert resumed["test"]["auroc"] == pytest.approx(whole["test"]["auroc"], abs=1e-6)
    assert resumed["temperature"] == pytest.approx(whole["temperature"], rel=1e-3)


def test_films_become_a_pack_with_a_gate(tmp_path: Path) -> None:
    made = recipe(tiny.films(tmp_path / "films", 80), task="image", epochs=6, size=32, width=8, rate=0.005, patience=8)
    result = study.train(made, tmp_path / "run")
    pack = packs.verify(tmp_path / "run" / "pack")
    assert pack.domain.views == ("PA",) and pack.domain.age_from_years == 40
    assert result["test"]["n"] >= 8 and 0 <= result["test"]["auroc"] <= 1
    assert "gate.npz" in pack.manifest["files"]
    assert (
        pack.manifest["gate"]["false_refusals"]["n"] == result["test"]["n"]
        and len(pack.manifest["drift"]["ood"]) == 101
    )
    _plain, small = result["variants"]
    assert small["kind"] == "int8-static" and small["n"] == result["examples"]["test"]
    assert small["kept"] == ("predict_int8" in pack.manifest["graphs"])
    assert small["kept"] == ("int8-static" in pack.read("MODEL_CARD.md").decode())
    if small["kept"]:
        assert pack.manifest["variants"]["predict_int8"]["agreement"] == small["agreement"] >= 0.98
        install.install(tmp_path / "run" / "pack", allow_unsigned=True)


def test_too_few_films_to_measure_a_loss_make_no_smaller_graph(tmp_path: Path) -> None:
    from core.learning.smaller import with_int8

    made = recipe(tiny.films(tmp_path / "films", 40), task="image")
    pack = tiny_pack.write(tmp_path / "tiny")
    assert with_int8(pack, study.prepare(made, tmp_path / "run")) == (pack, [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": "none"}, "no column none"),
        ({"patient": "none"}, "no column none"),
        ({"positive": "other"}, "No example is labelled other"),
        ({"label": "sex", "cant_miss": ["sepsis"]}, "No example is labelled sepsis"),
        ({"label": "noise"}, "classes"),
    ],
)
def test_what_the_user_can_mend_is_said(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        study.look(recipe(tiny.table(tmp_path / "t.csv"), **change))


def test_unknown_fields_and_impossible_numbers_are_refused(tmp_path: Path) -> None:
    for values, words in (
        ({"epoch": 3}, "no field epoch"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": "many"}, "not valid"),
        ({"task": "sound"}, "not valid"),
        ({"task": "text"}, "pretrained"),
        ({"validation": 0.7}, "shares"),
    ):
        with pytest.raises(UserError, match=words):
            from_json({"task": "table", "data": "x"} | values)  # type: ignore[dict-item]


def test_the_check_tells_of_classes_too_small(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "patient,label,x\n" + "".join(f"p{k},{'b' if k < 3 else 'a'},{k}\n" for k in range(40)), encoding="utf-8"
    )
    found = study.look(recipe(path))
    assert found["problems"] and found["examples"] == {"a": 37, "b": 3}
    with pytest.raises(UserError, match="Too few patients"):
        study.train(recipe(path), tmp_path / "run")


def test_a_run_in_training_is_not_started_twice(tmp_path: Path) -> None:
    import os

    from core.learning import background

    run = background.new_run(recipe(tiny.table(tmp_path / "t.csv")))
    (run / "pid").write_text(str(os.getpid()), encoding="utf-8")
    with pytest.raises(UserError, match="trained already"):
        background.start(run)
    assert background.runs() == (run,) and background.new_run(recipe(tmp_path / "t.csv")).name == "local-table-2"
