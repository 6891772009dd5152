"""Reading made-up presentations, telling their parts apart, and measuring the differential on them."""

import json
from pathlib import Path

import pytest

from core.diagnosis import presentations
from core.diagnosis.presentations import CHECK, LEARN, Presentation
from core.errors import UserError
from core.verbs import evaluate_presentations as ep

_GOUT = "A 58-year-old man. Since last night my big toe is red, hot and swollen, I cannot bear the sheet on it."
_FLU = "女，34岁。昨天突然高烧39度，全身酸痛，咳嗽，嗓子疼，没有力气。"


def _write(folder: Path, rows: list[dict[str, str]], name: str = "made.jsonl") -> Path:
    (folder / name).write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8")
    return folder


def _row(name: str, condition: str, language: str, text: str) -> dict[str, str]:
    return {"id": name, "condition": condition, "language": language, "style": "patient", "text": text}


def test_read_in_order_with_the_file_they_stand_in(tmp_path: Path) -> None:
    _write(tmp_path, [_row("b-1", "influenza", "zh", _FLU)], "b.jsonl")
    _write(tmp_path, [_row("a-1", "gout", "en", _GOUT), _row("a-2", "gout", "en", _GOUT)], "a.jsonl")
    found = presentations.read(tmp_path)
    assert [(one.id, one.file) for one in found] == [("a-1", "a"), ("a-2", "a"), ("b-1", "b")]
    assert presentations.read(tmp_path / "b.jsonl") == found[2:]


def test_one_in_three_is_for_checking_by_its_id_alone() -> None:
    made = [Presentation(f"made-{i}", "gout", "en", "brief", "", "made") for i in range(900)]
    parts = [one.part for one in made]
    assert set(parts) == {CHECK, LEARN} and 240 < parts.count(CHECK) < 360
    at = [i for i, part in enumerate(parts[:8]) if part == CHECK]
    assert at == [0, 1, 6, 7]  # writers know the rule: it must not drift
    assert Presentation("made-0", "flu", "zh", "patient", "x", "other").part == parts[0]


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "x-1"}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"x\.jsonl, line 1"):
        presentations.read(tmp_path)


def test_measures_by_language_style_and_file(tmp_path: Path) -> None:
    rows = [_row("a-1", "gout", "en", _GOUT), _row("a-2", "influenza", "zh", _FLU), _row("a-3", "no_such", "en", _GOUT)]
    result = ep.evaluate(presentations.read(_write(tmp_path, rows)))
    assert result["peak_memory_mb"] is None or 30 < result["peak_memory_mb"] < 100_000
    assert result["n"] == 3 and result["unknown_conditions"] == ["no_such"]
    assert {name: part["n"] for name, part in result["by_language"].items()} == {"en": 2, "zh": 1}
    assert result["by_style"].keys() == {"en patient", "zh patient"} and result["by_file"]["made"]["n"] == 3
    assert result["by_language"]["en"]["top5"] == 0.5  # gout is found, a condition nobody wrote is not
    assert result["by_language"]["zh"]["top10"] == 1.0
    assert len(result["top1_ci95"]) == 2 and 0 <= result["ece"] <= 1
