"""The verb `score`."""

import json

import pytest

from core.verbs import run


def test_list_describe_and_reckon(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", "list"]) == 0
    assert len(json.loads(capsys.readouterr().out)) >= 58
    assert run(["score", "curb-65"]) == 0
    assert [i["id"] for i in json.loads(capsys.readouterr().out)["inputs"]][0] == "confusion"
    assert (
        run(["score", "anion_gap", "--inputs", '{"sodium": [140, "mEq/L"], "chloride": 100, "bicarbonate": 20}']) == 0
    )
    assert json.loads(capsys.readouterr().out)["value"] == 20


@pytest.mark.parametrize(
    "inputs", ["{", "[1]", '{"sodium": [1, 2, 3]}', '{"sodium": null, "x": {}}', '{"salt": 1}', "/nowhere.json"]
)
def test_bad_inputs_are_the_users_to_mend(inputs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", "anion_gap", "--inputs", inputs]) == 2
    assert capsys.readouterr().err.startswith("error:")


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
    [
        ("anion_gap", '{"sodium": [140, "mg/dL"], "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("anion_gap", '{"sodium": [140, "furlong"], "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("anion_gap", '{"sodium": 14000, "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("anion_gap", '{"sodium": -1, "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("anion_gap", '{"sodium": "high", "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("anion_gap", '{"sodium": NaN, "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("anion_gap", '{"sodium": Infinity, "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("anion_gap", '{"sodium": true, "chloride": 100, "bicarbonate": 20}', "sodium"),
        ("score2", '{"age": 50, "sex": "other"}', "sex"),
        ("score2", '{"age": 50, "region": "moon"}', "region"),
        ("due_date", '{"last_period": "2026-13-40"}', "period"),
        ("no_such_score", '{"age": 50}', "no_such_score"),
    ],
)
def test_wrong_units_and_ranges_name_the_input(
    name: str, inputs: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["score", name, "--inputs", inputs]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error:") and said in error.lower(), error
