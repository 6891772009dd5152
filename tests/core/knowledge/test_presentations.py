"""The made-up presentations are well formed, belong to known conditions, and do not give the answer away."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.knowledge import vocabulary
from core.knowledge.condition_check import plain
from core.knowledge.conditions import Condition, read
from core.paths import RESOURCES

_FOLDER = RESOURCES / "knowledge" / "presentations"
_FILES = sorted(_FOLDER.glob("*.jsonl"))
_FIELDS = {"id", "condition", "language", "style", "text"}
_STYLES = {"patient", "clinician", "vignette", "brief"}
_LENGTHS = {"en": (20, 220), "zh": (40, 400)}
_SHORTEST = {"en": 4, "zh": 2}
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CONDITIONS = {condition.id: condition for condition in read()}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _complaints() -> set[str]:
    """Names that are a complaint as well as a condition ("nosebleed"): a patient has no other word for it."""
    return {
        plain(name)
        for entry in vocabulary.load().entries.values()
        if entry.kind in {"symptom", "sign"}
        for name in (entry.label.en, entry.label.zh, *entry.synonyms_en, *entry.synonyms_zh)
    }


def _named(condition: Condition, text: str, complaints: set[str]) -> list[str]:
    """The condition's own names that the text says."""
    said = plain(text)
    names = {
        plain(name) for name in (condition.label.en, condition.label.zh, *condition.synonyms_en, *condition.synonyms_zh)
    }
    return [name for name in sorted(names - complaints) if _tells(name) and _says(said, name)]


def _tells(name: str) -> bool:
    return len(name) >= _SHORTEST["zh" if _HAN.search(name) else "en"]


def _says(said: str, name: str) -> bool:
    return name in said if _HAN.search(name) else f" {name} " in f" {said} "


def _length(row: dict[str, Any]) -> int:
    return len(row["text"].split()) if row["language"] == "en" else len(row["text"])


def test_there_are_presentations_and_ids_are_unique() -> None:
    ids = Counter(row["id"] for path in _FILES for row in _rows(path))
    texts = Counter(row["text"] for path in _FILES for row in _rows(path))
    assert len(ids) >= 30
    assert [name for name, count in (ids + texts).items() if count > 1] == []


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_rows_have_the_form(path: Path) -> None:
    rows = _rows(path)
    assert [r["id"] for r in rows if r.keys() != _FIELDS or not r["id"].startswith(f"{path.stem}-")] == []
    assert sorted({r["condition"] for r in rows} - _CONDITIONS.keys()) == []
    assert [r["id"] for r in rows if r["language"] not in _LENGTHS or r["style"] not in _STYLES] == []
    assert [r["id"] for r in rows if bool(_HAN.search(r["text"])) != (r["language"] == "zh")] == []
    wrong = [(r["id"], _length(r)) for r in rows if not _fits(_length(r), _LENGTHS[r["language"]])]
    assert wrong == []


def _fits(length: int, limits: tuple[int, int]) -> bool:
    return limits[0] <= length <= limits[1]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_no_text_names_its_own_condition(path: Path) -> None:
    complaints = _complaints()
    told = [
        (row["id"], names)
        for row in _rows(path)
        if (names := _named(_CONDITIONS[row["condition"]], row["text"], complaints))
    ]
    assert told == []


def test_a_name_in_a_text_is_found() -> None:
    condition = _CONDITIONS["myocardial_infarction"]
    assert _named(condition, "He thinks it is a heart attack.", set()) == ["heart attack"]
    assert _named(condition, "急性心肌梗死可能", set()) != []
    assert _named(condition, "He thinks it is his stomach.", set()) == []
