"""`medications show` and `medications coverage`."""

import argparse
import json
from pathlib import Path

import pytest

from core.errors import UserError
from core.verbs import medications
from core.verbs.medications_vocabulary import ESSENTIAL, coverage, names


def call(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    medications.register(parser)
    return int(medications.run(parser.parse_args(list(arguments))))


def test_every_essential_medicine_is_recognised_as_it_is_written() -> None:
    out = coverage(names(ESSENTIAL))
    assert out["n"] >= 500 and out["recognised"] == 1.0 and not out["spelling_corrected"] and not out["unrecognised"]
    assert out["profile_known"]["renal"] > 0.95 and out["profile_known"]["pregnancy"] > 0.95


def test_show_says_unknown_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("show", "enalapril", "--json") == 0
    (drug,) = json.loads(capsys.readouterr().out)["drugs"]
    assert drug["profile"]["pregnancy"]["trimester_2"] == "avoid" and drug["profile"]["qt"] == "unknown"
    with pytest.raises(UserError):
        call("show", "foobarol")


def test_coverage_of_a_list_and_of_a_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = tmp_path / "list.txt"
    plain.write_text("# comment\naspirin\nfoobarol\nlevodopa + foobarol\n", "utf-8")
    assert call("coverage", str(plain)) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["n"] == 3 and out["unrecognised"] == ["foobarol", "levodopa + foobarol"]
    table = tmp_path / "list.csv"
    table.write_text('name,x\n"warfarin",1\n', "utf-8")
    assert call("coverage", str(table), "--column", "name") == 0
    assert json.loads(capsys.readouterr().out)["recognised"] == 1.0
    for path, column in ((table, "nothing"), (tmp_path / "missing.txt", "")):
        with pytest.raises(UserError):
            names(path, column)
