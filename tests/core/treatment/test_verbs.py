"""`medications check`, `evaluate interactions`, `evaluate alerts`."""

import argparse
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.errors import UserError
from core.verbs import evaluate_interactions, medications


def call(module: ModuleType, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    module.register(parser)
    return int(module.run(parser.parse_args(list(arguments))))


def test_medications_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(medications, "check", "--drugs", "ibuprofen 400 mg tid", "warfarin 5 mg", "--json") == 0
    out: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert out["interrupting"] == 1 and out["alerts"][0]["rule_id"] == "warfarin_nsaid"
    assert out["proposed"][0]["matches"][0]["text"] == "ibuprofen"
    assert call(medications, "check", "--drugs", "paracetamol 500 mg", "--lang", "zh") == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "--drugs", "foobarol"),
        ("check", "--drugs", "ibuprofen 4oo"),
        ("check", "case1", "--drugs", "aspirin"),
        ("check", "--patient", "/nowhere.json"),
    ],
)
def test_what_the_user_can_mend(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UserError):
        call(medications, *arguments)


def test_evaluate_interactions_on_a_small_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ONC_High_Priority_Mapped.csv").write_text(
        "\ufeffSimvastatin$X$Clarithromycin$Y$\nAspirin$X$Folic Acid$Y$\n"
    )
    (tmp_path / "ONC_Non_Interuptive_Mapped.csv").write_text("Warfarin$X$Omeprazole$Y$\nWarfarin$X$Ibuprofen$Y$\n")
    assert call(evaluate_interactions, str(tmp_path), "--misses", "--json") == 0
    out = json.loads(capsys.readouterr().out)
    assert out["high_priority_alerted"] == 0.5 and out["high_priority_missed"] == [["Aspirin", "Folic Acid"]]
    assert out["non_interruptive_silent"] == 0.5 and out["non_interruptive_failed"] == [["Warfarin", "Ibuprofen"]]


def test_evaluate_interactions_needs_data(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        call(evaluate_interactions, str(tmp_path))


def test_the_published_lists(unpacked) -> None:  # type: ignore[no-untyped-def]
    """All high-priority pairs alert, all non-interruptive ones are silent, all PDDI-CDS requests give the guide's tier."""
    out = evaluate_interactions.measure(unpacked("drug-safety"))
    assert out["high_priority_n"] > 1000 and out["high_priority_alerted"] == 1.0
    assert out["non_interruptive_n"] > 2000 and out["non_interruptive_silent"] == 1.0
    assert out["pddi_cds_n"] >= 20 and out["pddi_cds_failed"] == 0
    assert len(out["in_both_lists"]) == 2


def test_interrupting_alerts_on_synthea_stay_below_ten_per_hundred(unpacked) -> None:  # type: ignore[no-untyped-def]
    from core.records.intake import read_paths
    from core.verbs.evaluate_alerts import replay, table

    folder = unpacked("records-dev")
    synthea = next(path for path in folder.rglob("synthea") if path.is_dir())
    figures = table(replay(read_paths([synthea], scratch=folder.parent / "scratch-synthea").records), 10)
    assert figures["n"] > 100 and figures["recognised"] >= 0.97
    assert 0 < figures["interrupting_per_100"] <= 10
