"""`explain CASE --wording` on a stored case."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from core import pipeline
from core.store.store import Store
from core.verbs import run

NOW = datetime(2026, 11, 22)


def stored(folder: Path, note: str) -> str:
    """A case made from one note, analysed and kept."""
    path = folder / "note.txt"
    path.write_text(note, encoding="utf-8")
    (case,) = pipeline.open_paths((path,), scratch=folder / "scratch", now=NOW).cases
    analysed = pipeline.analyse(case, now=NOW)
    with Store.open() as store:
        return store.save(analysed).id


def test_the_words_of_a_note_are_explained(profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = stored(tmp_path, "SYNTHETIC. A 30-year-old woman wheezes at night and has a dry cough after running.")
    capsys.readouterr()
    assert run(["explain", name, "--wording", "--hypothesis", "1"]) == 0
    found = json.loads(capsys.readouterr().out)["wording"]
    assert found["additivity_error"] < 1e-4 and found["condition_id"] == json_first(name)
    assert found["base_value"] + sum(w["value"] for w in found["words"]) == pytest.approx(found["value"], abs=1e-4)
    assert "wheezes" in [w["text"] for w in found["words"]]


def json_first(name: str) -> str:
    with Store.open() as store:
        assessment = store.load(name).assessment
    assert assessment is not None
    return assessment.hypotheses[0].id
