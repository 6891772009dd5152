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
