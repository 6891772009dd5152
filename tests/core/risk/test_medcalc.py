"""The MedCalc-Bench format, and the agreement required of the scores."""

import json
import zipfile
from pathlib import Path

import pytest

from core.errors import UserError
from core.risk import medcalc
from core.verbs import evaluate_scores

_ROW = {
    "Unique ID": "1", "Calculator ID": "6", "Calculator Name": "Body Mass Index (BMI)", "Patient Note": "SYNTHETIC",
    "Relevant Entities": "{'weight': [70.0, 'kg'], 'height': [1.75, 'm']}", "Ground Truth Answer": "22.857",
    "Lower Limit": "21.7", "Upper Limit": "24.0",
}  # fmt: skip


def _write(folder: Path, rows: list[dict], fixed: list[dict]) -> Path:
    (folder / "vignettes.json").write_text(json.dumps(rows), "utf-8")
    (folder / "corrected_labels.json").write_text(json.dumps(fixed), "utf-8")
    return folder


def test_a_right_and_a_wrong_label(tmp_path: Path) -> None:
    wrong = {**_ROW, "Unique ID": "2", "Ground Truth Answer": "30", "Lower Limit": "29", "Upper Limit": "31"}
    fixed = [_ROW, {**_ROW, "Unique ID": "2"}]
    found = evaluate_scores.measure(_write(tmp_path, [_ROW, wrong], fixed))
    assert (found["n"], found["accuracy"], found["agreeing_n"], found["agreeing_accuracy"]) == (2, 0.5, 1, 1.0)
    assert found["disagreements"][0]["supports"] == "corrected"


def test_labels_are_read_as_numbers() -> None:
    assert medcalc.number("('8 weeks', '6 days')") == 62
    assert medcalc.number("01/02/2000") == 730121
    assert medcalc.number("N/A") is None


def test_heights_in_two_units_and_cells_in_a_litre(tmp_path: Path) -> None:
    tall = {**_ROW, "Relevant Entities": "{'weight': [70.0, 'kg'], 'height': [5.0, 'ft', 8.9, 'in']}"}
    cells = {
        **_ROW, "Unique ID": "3", "Calculator ID": "19", "Calculator Name": "FIB-4", "Ground Truth Answer": "5.0",
        "Lower Limit": "4.9", "Upper Limit": "5.1", "Relevant Entities": "{'age': [50, 'years'], 'Platelet count': "
        "[100000000000.0, 'L'], 'Alanine aminotransferase': [64, 'U/L'], 'Aspartate aminotransferase': [80, 'U/L']}",
    }  # fmt: skip
    assert evaluate_scores.measure(_write(tmp_path, [tall, cells], []))["accuracy"] == 1


@pytest.mark.parametrize("entities", ["{", "[1]"])
def test_entities_that_cannot_be_read(tmp_path: Path, entities: str) -> None:
    with pytest.raises(UserError):
        evaluate_scores.measure(_write(tmp_path, [{**_ROW, "Relevant Entities": entities}], []))


def test_a_value_that_cannot_be_read_fails_its_vignette_only(tmp_path: Path) -> None:
    odd = {**_ROW, "Unique ID": "2", "Relevant Entities": "{'weight': [70, 'kg'], 'height': ['x', 'm']}"}
    found = evaluate_scores.measure(_write(tmp_path, [_ROW, odd], []))
    assert (found["n"], found["accuracy"]) == (2, 0.5)
    assert "not a number" in found["disagreements"][-1]["why"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"a": 1}]'])
def test_a_broken_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "vignettes.json").write_text(text, "utf-8")
    with pytest.raises(UserError):
        evaluate_scores.measure(tmp_path)


def test_every_calculator_of_the_set_maps_to_a_score_with_its_inputs() -> None:
    table = medcalc._mapping()
    assert len(table["calculators"]) == 55
    for row in table["calculators"].values():
        known = {spec.id for spec in medcalc.find(row["score"]).inputs} | {"hypotension"}
        names = {*row.get("entities", {}).values(), *row.get("doses", {}).values(), *row.get("absent", {})}
        assert names <= known, names - known


@pytest.mark.data
def test_scores_agree_where_both_labels_agree(data_dir: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(data_dir / "medcalc-dev.zip") as archive:
        archive.extractall(tmp_path)
    folder = next(tmp_path.rglob("vignettes.json")).parent
    found = evaluate_scores.measure(folder)
    failed = [row["id"] for row in found["disagreements"] if row["labels_agree"] and not row["right"]]
    assert failed == ["891"], "891: both labels say 14, the table of the SOFA paper says 17"
    assert found["agreeing_n"] >= 290
