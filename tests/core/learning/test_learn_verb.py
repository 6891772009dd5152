"""`learn` from the command line: train, check, status, promote, shadow."""

import json
from pathlib import Path

import pytest

from core.learning import study
from core.learning.recipe import Task, TrainRecipe
from core.store.store import Store
from core.store.users import Role
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
    assert run(["learn", "promote", out, "--by", "Dr A", "--ece", "0.9"]) == 2
    assert "second person" in capsys.readouterr().err
    both = ["--by", "Dr A", "--second", "Dr B", "--ece", "0.9"]
    assert told(capsys, "promote", out, *both)["version"] == "1.0.0"
    refused = told(capsys, "promote", out, *both, "--label-drop", "-0.9", code=2)
    assert refused["ok"] is False
    assert told(capsys, "promote", out, "--shadow") == {"shadow": "verb-table", "candidate": "1.0.0"}
    assert told(capsys, "shadow-report", "verb-table")["cases"] == 0
    assert told(capsys, "shadow-stop", "verb-table") == {"stopped": "verb-table"}
    with Store.open() as store:
        actions = [e.action for e in store.audit.events()]
    assert {"promote_pack", "promotion_refused", "shadow_pack", "shadow_ended"} <= set(actions)


def test_where_there_are_users_an_administrator_and_a_signer_are_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study.train(
        TrainRecipe(Task.TABLE, str(tiny.table(tmp_path / "t.csv", n=200)), epochs=2, hidden=0), tmp_path / "run"
    )
    with Store.open() as store:
        store.users.add("chief", Role.ADMINISTRATOR, "long enough password")
        store.users.sign_in("chief", "long enough password")
        store.users.add("doc", Role.CLINICIAN, "another password", pin="1234")
    words = ["learn", "promote", str(tmp_path / "run"), "--ece", "0.9", "--second"]

    def tried(second: str, by: str, password: str, pin: str) -> str:
        monkeypatch.setenv("CONSILIUM_PASSWORD", password)
        monkeypatch.setenv("CONSILIUM_SECOND_PIN", pin)
        code = run([*words, second, "--by", by])
        said = capsys.readouterr()
        assert code == (2 if said.err.strip().splitlines() and "promoted" not in said.out else 0)
        return said.out + said.err

    assert "does not allow" in tried("chief", "doc", "another password", "1234")
    assert "wrong" in tried("doc", "chief", "no such password", "1234")
    assert "wrong" in tried("doc", "chief", "long enough password", "9999")
    assert "somebody else" in tried("chief", "chief", "long enough password", "1234")
    assert '"promoted": "local-table"' in tried("doc", "chief", "long enough password", "1234")
    with Store.open() as store:
        event = next(e for e in store.audit.events() if e.action == "promote_pack")
    assert event.user == "chief" and "doc" in event.detail


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "train", "--task", "table", code=2)
    assert run(["learn", "stop", str(tmp_path)]) == 2
    assert "is not running" in capsys.readouterr().err
    assert run(["learn", "promote", str(tmp_path), "--by", "Dr A"]) == 2
    assert "not a finished run" in capsys.readouterr().err
