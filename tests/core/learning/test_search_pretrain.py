"""Hyperparameter search that goes on, and masked-language pretraining on covered notes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.progress import Cancelled
from tests.core.learning import tiny

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("optuna", reason="the training extra is not installed")

from core.learning import recipe as recipes
from core.learning import study
from core.learning.pretrain import PretrainPlan, pretrain, read_notes
from core.learning.run_log import read_run
from core.learning.search import search


def test_a_search_goes_on_and_never_reads_the_test_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tiny.table(tmp_path / "t.csv")
    made = recipes.from_json({"task": "table", "data": str(data), "epochs": 3, "batch": 32, "threads": 1})
    asked: list[study.Part] = []
    at = study.Prepared.at
    monkeypatch.setattr(study.Prepared, "at", lambda self, part: asked.append(part) or at(self, part))

    def stop(done: int, total: int, what: str) -> None:
        if what == "searching" and done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        search(made, tmp_path / "run", 4, stop)
    found = search(made, tmp_path / "run", 4)
    assert found["trials"] == 4 and study.Part.TEST not in asked
    best = recipes.read(Path(found["recipe"]))
    assert best == replace(made, **found["best"])
    assert not list((tmp_path / "run").glob("trial-*"))


def notes(folder: Path, names: bool) -> Path:
    folder.mkdir()
    for k in range(24):
        name = "Patient name: Rowan Testpatient, phone 555-014-7788.\n" if names and k == 3 else ""
        (folder / f"{k}.txt").write_text(name + "the patient has fever cough chills and sputum for days\n" * 2, "utf-8")
    return folder


def test_notes_that_name_people_are_refused_or_covered(tmp_path: Path) -> None:
    folder = notes(tmp_path / "notes", names=True)
    with pytest.raises(UserError, match="identify people"):
        read_notes(folder, deidentify=False)
    texts, counts = read_notes(folder, deidentify=True)
    assert counts["covered"] >= 2 and not any("Testpatient" in t or "7788" in t for t in texts)


def test_pretraining_lowers_the_loss_and_goes_on(tmp_path: Path) -> None:
    folder, model = notes(tmp_path / "notes", names=False), tiny.bert(tmp_path / "bert")
    plan = PretrainPlan(model, epochs=4, batch=8, rate=0.01, longest=32, threads=1)
    whole = pretrain(folder, plan, tmp_path / "whole")
    assert whole["loss_after"] < whole["loss_before"]

    def stop(done: int, total: int, what: str) -> None:
        if what.startswith("epoch") and done == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        pretrain(folder, plan, tmp_path / "run", report=stop)
    assert read_run(tmp_path / "run").state == "stopped"
    resumed = pretrain(folder, plan, tmp_path / "run")
    gained = whole["loss_before"] - whole["loss_after"]
    assert resumed["loss_after"] == pytest.approx(whole["loss_after"], abs=0.3 * gained), "other tokens were hidden"
    assert (tmp_path / "run" / "model" / "tokenizer.json").is_file()
    (folder / "0.txt").write_text("other words", "utf-8")
    with pytest.raises(UserError, match="not what this run began with"):
        pretrain(folder, plan, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "result.json").read_text("utf-8"))["notes"] == 24
