import json

import pytest

from core.records.intake import read_paths
from core.verbs import run
from tests.core.records.conftest import CCDA


def test_evaluate_records(samples, capsys):
    assert run(["evaluate", "records", str(samples), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["records"] == result["round_trip_unchanged"] == 4
    assert result["facts"]["medications"] == 8
    assert result["refused"] == {}


@pytest.mark.parametrize("many", [3, 5])
def test_a_file_without_a_name_is_asked_about_only_among_few_patients(many, tmp_path):
    for i in range(many):
        document = CCDA.replace("<given>Rowan", f"<given>{'ABCDE'[i] * 6}").replace("TESTPATIENT", "QWXYZ"[i] * 8)
        (tmp_path / f"{i}.xml").write_text(document.replace('"A-1"', f'"A-{i}"'))
    (tmp_path / "note.txt").write_text("Cough.")
    assert len(read_paths([tmp_path], scratch=tmp_path / "s").questions) == (3 if many == 3 else 0)
