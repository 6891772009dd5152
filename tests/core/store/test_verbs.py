"""`cases` and `explain` on a stored case."""

import json
from pathlib import Path

import pypdf
import pytest

from core.store.store import Store
from core.verbs import run
from tests.core.store import sample


@pytest.fixture
def kept() -> None:
    with Store.open() as store:
        store.save(sample.case(), "Dr A")


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> object:
    assert run(list(argv)) == 0
    return json.loads(capsys.readouterr().out)


def test_list_search_show(kept: None, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = said(capsys, "cases", "list", "--status", "to_review", "--text", "结节")
    assert (row["name"], row["probability"], row["flag"]["kind"]) == ("TESTPATIENT, Rowan", 0.71, "red_flag")
    assert said(capsys, "cases", "list", "--status", "signed") == []
    (hit,) = said(capsys, "cases", "search", "右下肺", "cough")
    assert hit["case_id"] == "case-1" and "右下肺" in hit["excerpt"]
    assert said(capsys, "cases", "show", "case-1")["findings"][0]["label"] == {"en": "Cough", "zh": "咳嗽"}


@pytest.mark.parametrize("kind", ["json", "pdf", "html"])
def test_export(kept: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"case.{kind}"
    assert said(capsys, "cases", "export", "case-1", "--out", str(out), "--lang", "zh")["format"] == kind
    text = "".join(p.extract_text() for p in pypdf.PdfReader(out).pages) if kind == "pdf" else out.read_text("utf-8")
    assert "右下叶肺炎" in text


def test_export_without_identity(kept: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, key = tmp_path / "case.json", tmp_path / "key"
    told = said(capsys, "cases", "export", "case-1", "--out", str(out), "--deidentify", str(key))
    text = out.read_text("utf-8")
    assert not [w for w in ("TESTPATIENT", "Rowan", "SYN-004217", "1959") if w in text]
    assert "to_review" in told and "结节影" in text and len(key.read_text()) == 64
    key.write_text("nonsense")
    assert run(["cases", "export", "case-1", "--out", str(out), "--deidentify", str(key)]) == 2


def test_export_is_audited(kept: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said(capsys, "cases", "export", "case-1", "--out", str(tmp_path / "c.json"))
    with Store.open() as store:
        assert [e.action for e in store.audit.events(case_id="case-1")][:2] == ["export", "view"]


def test_users_mistakes_give_one_sentence(kept: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for argv in (
        ["cases", "show", "nobody"],
        ["cases", "export", "case-1", "--out", str(tmp_path / "x.doc")],
        ["cases", "export", "case-1", "--out", str(tmp_path / "no" / "x.json")],
        ["explain", "case-1", "--hypothesis", "measles"],
    ):
        assert run(argv) == 2
        error = capsys.readouterr().err.strip()
        assert error.startswith("error: ") and "\n" not in error


def test_explain_prints_what_is_stored(kept: None, capsys: pytest.CaptureFixture[str]) -> None:
    said_ = said(capsys, "explain", "case-1")
    assert said_["findings"][0]["hypothesis_id"] == "pneumonia" and len(said_["findings"][0]["contributions"]) == 5


def test_explain_computes_what_is_not(kept: None, capsys: pytest.CaptureFixture[str]) -> None:
    said_ = said(capsys, "explain", "case-1", "--hypothesis", "2")
    assert said_["findings"][0]["hypothesis_id"] == "pulmonary_embolism"
    with Store.open() as store:
        explanation = store.load("case-1").explanation
    assert explanation is not None and len(explanation.findings) == 2
