"""Floors on the development data (skipped, saying so, where it is not on the machine)."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from core.diagnosis import common, ddxplus
from core.verbs import evaluate_common, evaluate_questions, evaluate_vignettes

pytestmark = pytest.mark.data
Unpack = Callable[[str], Path]


def _folder(unpacked: Unpack, name: str, inside: str) -> Path:
    return next(unpacked(name).rglob(inside)).parent


def test_the_common_engine_ranks_patients_it_never_saw(unpacked: Unpack) -> None:
    cases = ddxplus.read_cases(_folder(unpacked, "ddxplus-dev", "patients.csv"))[:120]
    result = evaluate_common.evaluate(cases)
    assert result["top5"] >= 0.85 and not result["unmatched_diagnoses"]  # type: ignore[operator]


def test_the_interview_is_short_and_right(unpacked: Unpack) -> None:
    parser = argparse.ArgumentParser()
    evaluate_questions.register(parser)
    folder = _folder(unpacked, "ddxplus-dev", "patients.csv")
    result = evaluate_questions.evaluate(parser.parse_args([str(folder), "--limit", "200"]))
    assert result["top1"] >= 0.96 and result["mean_questions"] <= 5


def test_vignettes_are_read_and_matched_diagnoses_ranked_high(unpacked: Unpack) -> None:
    vignettes = evaluate_vignettes.read(_folder(unpacked, "vignettes-dev", "vignettes.jsonl"))
    names = {n for c in common.shared().tables.conditions for n in evaluate_vignettes.names(c)}
    matched = [v for v in vignettes if evaluate_vignettes.plain(v.diagnosis) in names][:40]
    result = evaluate_vignettes.evaluate(matched)
    assert result["top5"] >= 0.7
    assert all(v.patient.age_years is not None for v in vignettes)
