"""`learn` from the command line: train, check, status, promote, shadow."""

import json
from pathlib import Path

import pytest

from core.verbs import run
from tests.core.learning import tiny

pytest.importorskip("torch", reason="the training extra is not installed")


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, object]:
    capsys.readouterr()
    assert run(["learn", *words]) == code
    return dict(json.loads(capsys.readouterr().out or "{}"))


def test_from_data_to_service_and_shadow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tiny.table(tmp_path / "t.csv", n=200), str(tmp_path / "run")
    start = ["--task", "table", "--data", str(data), "--id", "verb-table", "--cant-miss", "sepsis"]
    assert told(capsys, "check", *start)["problems"] == []
    found = told(capsys, "train", *start, "--out", out, "--epochs", "5", "--hidden", "0", "--threads", "1")
    assert found["pack"] == "verb-table"
    assert told(capsys, "status", out)["state"] == "done"
    assert told(capsys, "evaluate", out)["n"] == found["examples"]["test"]  # type: ignore[index]
    assert "guards" in told(capsys, "promote", out, "--dry-run")
    assert told(capsys, "promote", out, "--by", "Dr A", "--ece", "0.9")["version"] == "1.0.0"
    refused = told(capsys, "promote", out, "--by", "Dr A", "--ece", "0.9", "--label-drop", "-0.9", code=2)
    assert refused["ok"] is False
    assert told(capsys, "promote", out, "--shadow") == {"shadow": "verb-table", "candidate": "1.0.0"}
    assert told(capsys, "shadow-report", "verb-table")["cases"] == 0
    assert told(capsys, "shadow-stop", "verb-table") == {"stopped": "verb-table"}


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "train", "--task", "table", code=2)
    assert run(["learn", "stop", str(tmp_path)]) == 2
    assert "is not running" in capsys.readouterr().err
    assert run(["learn", "promote", str(tmp_path), "--by", "Dr A"]) == 2
    assert "not a finished run" in capsys.readouterr().err
