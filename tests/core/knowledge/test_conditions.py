"""The condition format: the guide's example reads, and each mistake is refused by name."""

import re
from pathlib import Path

import pytest

from core.errors import UserError
from core.knowledge import condition_tables
from core.knowledge.condition_check import check, plain, read_findings
from core.knowledge.conditions import read, read_file

_DOC = Path(__file__).resolve().parents[3] / "docs" / "knowledge-conditions.md"
_EXAMPLES = re.findall(r"```yaml\n(.*?)```", _DOC.read_text(encoding="utf-8"), re.S)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_guides_example_reads(tmp_path: Path) -> None:
    (condition,) = read_file(_file(tmp_path, _EXAMPLES[0]))
    assert condition.id == "acute_appendicitis"
    assert condition.findings[0].defining
    assert condition.prevalence.age[2] == (10.0, 2.5)
    assert condition.tests[0].sensitivity == 0.8


def test_the_guides_finding_reads(tmp_path: Path) -> None:
    _file(tmp_path, _EXAMPLES[1])
    found, problems = read_findings(tmp_path)
    assert list(found) == ["pain_migration_to_rlq"]
    assert [p.text for p in problems] == ["parent right_lower_quadrant_pain is not defined"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("urgency: emergency", "urgency: soon", "soon"),
        ("weight: 1.5", "weight: 0", "above 0"),
        ("anorexia: 0.7", "anorexia: 1", "strictly between"),
        ("anorexia: 0.7", "nausea: 0.7", "written twice: nausea"),
        ("{0: 0.1, 5: 1.2,", "{2: 0.1, 5: 1.2,", "begin at 0"),
        ("days: [0.25, 3]", "days: [3, 0.25]", "days"),
        ("onset: [acute]", "onset: [slow]", "onset"),
        ("rare_if:", "rarely_if:", "rarely_if"),
        ("[0.8, 0.6]", "[0.8, 1.0]", "strictly between"),
    ],
)
def test_a_mistake_is_refused_and_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in _EXAMPLES[0]
    with pytest.raises(UserError, match=re.escape(said)):
        read_file(_file(tmp_path, _EXAMPLES[0].replace(old, new, 1)))


def test_two_files_may_not_define_one_condition(tmp_path: Path) -> None:
    _file(tmp_path, _EXAMPLES[0])
    (tmp_path / "y.yaml").write_text(_EXAMPLES[0], encoding="utf-8")
    with pytest.raises(UserError, match="x.yaml and in y.yaml"):
        read(tmp_path)


def test_undefined_findings_contradictions_and_clashes_are_errors(tmp_path: Path) -> None:
    second = _EXAMPLES[0].replace("id: acute_appendicitis", "id: other")
    second = second.replace("    anorexia: 0.7", "    rigidity: 0.6").replace("cant_miss: true\n", "cant_miss: true\n")
    conditions = tuple(read_file(_file(tmp_path, _EXAMPLES[0] + second)))
    vocabulary = {link.id: {"background": 0.01} for c in conditions for link in c.findings}
    vocabulary |= {test.id: {} for test in conditions[0].tests} | {"appendectomy": {}}
    vocabulary["rigidity"] = {"parents": ["abdominal_guarding"]}
    del vocabulary["nausea"]
    texts = [str(p) for p in check(conditions, vocabulary) if p.level == "error"]
    assert any("nausea is not in the vocabulary" in t for t in texts)
    assert any("rigidity (0.6) is a kind of abdominal_guarding (0.45)" in t for t in texts)
    assert any("'appendicitis' also belongs to" in t for t in texts)


def test_names_are_compared_without_case_punctuation_and_possessive() -> None:
    assert plain("Crohn's Disease") == plain("crohn disease")
    assert plain("急性 阑尾炎") == "急性阑尾炎"
    assert plain("Guillain-Barre") == "guillain barre"


def test_shipped_conditions_have_no_error() -> None:
    vocabulary, problems = read_findings()
    problems += check(read(), vocabulary)
    assert [str(p) for p in problems if p.level == "error"] == []


def test_the_compiled_tables_are_cached_and_a_damaged_cache_is_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    folders = (tmp_path / "conditions", tmp_path / "findings")
    for folder, text in zip(folders, _EXAMPLES, strict=True):
        folder.mkdir()
        (folder / "x.yaml").write_text(text, encoding="utf-8")
    sizes = []
    for damage in (None, b"", b"\x93 not a pack"):
        for pack in (tmp_path / "packs").glob("*.msgpack"):
            if damage is not None:
                pack.write_bytes(damage)
        condition_tables.load.cache_clear()
        tables = condition_tables.load(*folders)
        sizes.append((len(tables.conditions), len(tables.findings), tables.version))
    condition_tables.load.cache_clear()
    assert sizes == [sizes[0]] * 3 and sizes[0][:2] == (1, 1)
    assert tables.listed[0, 0] == pytest.approx(0.55)
