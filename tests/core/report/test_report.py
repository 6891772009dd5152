"""What the report says, and that it can be read back out of the PDF."""

# ruff: noqa: E501  rows of expected words read better whole

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.basics import Label
from core.domain.case import Action, Addendum, Case, CaseStatus, Decision
from core.domain.serial import from_json
from core.errors import UserError
from core.report.build import build, percent
from core.report.html import html_text
from core.report.json import case_bytes, case_json
from core.report.model import Line, Picture, Tone
from core.report.pdf import pdf_bytes, write_pdf
from core.report.words import WORDS
from core.report.wrap import wrap
from tests.core.store import sample

PIXELS = {"img1": np.tile(np.arange(220, dtype=np.uint8), (220, 1))}
DECISIONS = (
    Decision(
        "d1", Action.REJECT, "hypothesis:pulmonary_embolism", "Dr A", "2026-11-22T08:05:00+00:00", "PERC negative"
    ),
    Decision("d2", Action.OVERRIDE, "alert:al1", "Dr A", "2026-11-22T08:06:00+00:00", "benefit", second_user="Dr B"),
)


def whole() -> Case:
    added = (Addendum("x", "Culture grew pneumococcus", "Dr B", "2026-11-23T08:00:00+00:00"),)
    return sample.case(updated_at="2026-11-22T08:10:00.000+00:00", decisions=DECISIONS, addenda=added)


def text_of(data: bytes, tmp_path: Path) -> list[str]:
    path = tmp_path / "r.pdf"
    path.write_bytes(data)
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Pneumonia, right lower lobe", "71 %", "63 – 78 %", "can't miss", "PE not excluded", "Measure D-dimer", "No rigors −0.30",
                "Sputum colour", "None of these: 15 %", "Stop · Amoxicillin: penicillin anaphylaxis", "no dose until known: weight",
                "250 mg once a day", "BLOCKED", "rejected: Pulmonary embolism", "Dr A (with Dr B)", "Culture grew pneumococcus",
                "186 mg/L (high)", "not read: not a known format", "sha256 cdcdcdcdcdcdcdcd", "FAILED", "Penicillin (anaphylaxis)",
                "Not covered", "Temperature: 24 h, 48 h", "length 21.2 mm", "Not signed: a draft", "base −2.60", "result +0.90"]),
        ("zh", ["右下叶肺炎", "肺栓塞未排除", "不可漏诊", "停止 · 阿莫西林：青霉素过敏性休克史", "须先补充后给出剂量: 体重", "250 mg 每日一次",
                "拒绝: 肺栓塞", "C反应蛋白升高", "合成数据 SYNTHETIC", "仅供决策参考，由医生决定", "未签署：草稿"]),
    ],
)  # fmt: skip
def test_pdf_says_everything(tmp_path: Path, language: str, words: list[str]) -> None:
    text = "\n".join(text_of(pdf_bytes(whole(), language, PIXELS), tmp_path))
    assert [w for w in words if w not in text] == []


def test_every_page_names_the_patient_the_mark_and_its_number(tmp_path: Path) -> None:
    pages = text_of(pdf_bytes(whole(), "en", PIXELS), tmp_path)
    assert len(pages) >= 3
    for number, page in enumerate(pages, start=1):
        for words in (
            "TESTPATIENT, Rowan",
            "SYN-004217",
            "SYNTHETIC",
            "the clinician decides",
            f"Page {number} / {len(pages)}",
        ):
            assert words in page


def test_a_real_patient_is_not_marked_synthetic(tmp_path: Path) -> None:
    case = whole()
    real = replace(case, record=replace(case.record, patient=replace(case.record.patient, synthetic=False)))
    assert "SYNTHETIC" not in "".join(text_of(pdf_bytes(real, "en", {}), tmp_path))


def test_same_case_same_bytes() -> None:
    assert pdf_bytes(whole(), "zh", PIXELS) == pdf_bytes(whole(), "zh", PIXELS)


def test_the_file_properties_do_not_name_the_patient(tmp_path: Path) -> None:
    path = tmp_path / "r.pdf"
    write_pdf(whole(), path, "en", PIXELS)
    assert "TESTPATIENT" not in str(pypdf.PdfReader(path).metadata)
    assert [p.name for p in tmp_path.iterdir()] == ["r.pdf"]


def test_picture_and_map_are_drawn_only_where_there_are_pixels(tmp_path: Path) -> None:
    assert len(pypdf.PdfReader(_written(tmp_path, PIXELS)).pages[1].images) >= 1
    assert "not part of this copy" in "".join(text_of(pdf_bytes(whole(), "en", {}), tmp_path))


def _written(folder: Path, pixels: dict[str, np.ndarray]) -> Path:
    path = folder / "p.pdf"
    write_pdf(whole(), path, "en", pixels)
    return path


def test_a_failed_check_marks_the_map() -> None:
    pictures = [b for s in build(whole(), "en").sections for b in s.blocks if isinstance(b, Picture)]
    lines = [b for s in build(whole(), "en").sections for b in s.blocks if isinstance(b, Line) and "FAILED" in b.text]
    assert [p.doubtful for p in pictures] == [True] and lines[0].tone == Tone.RED


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_case_says_what_is_missing(tmp_path: Path, language: str) -> None:
    bare = Case("c", "2026-11-22T08:00:00+00:00", "", CaseStatus.NEW)
    text = "".join(text_of(pdf_bytes(bare, language), tmp_path))
    expected = {
        "en": ["not been analysed", "No finding", "none recorded", "No plan"],
        "zh": ["尚未分析", "未读取到发现", "未记录", "未制定方案"],
    }
    assert [w for w in expected[language] if w not in text] == []


def test_what_no_font_has_is_spelled_not_dropped(tmp_path: Path) -> None:
    text = "".join(text_of(pdf_bytes(replace(whole(), reason="pain 😀 مرض"), "en", {}), tmp_path))
    assert "pain [U+1F600] [U+0645]" in text


def test_long_content_stays_on_the_page(tmp_path: Path) -> None:
    first = sample.findings()[0]
    many = tuple(replace(first, label=Label(f"finding {i} " + "word " * 10)) for i in range(120))
    long = replace(first, label=Label("word " * 400))
    case = replace(whole(), findings=(long, *many), reason="x" * 3000)
    pages = text_of(pdf_bytes(case, "en", {}), tmp_path)
    assert len(pages) > 8 and "".join(pages).count("word") == 1600


def test_a_finding_from_two_files_is_one_row_with_both(tmp_path: Path) -> None:
    first = sample.findings()[0]
    second = replace(first, source=replace(first.source, file="other.json", text="R05"))
    text = "".join(text_of(pdf_bytes(replace(whole(), findings=(first, second)), "en", {}), tmp_path))
    assert text.count("Cough present") <= 1 and "note.txt" in text and "other.json" in text


def test_unwritable_folder_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not be written"):
        write_pdf(whole(), tmp_path / "none" / "r.pdf", "en", {})


def test_json_loses_nothing() -> None:
    assert from_json(case_bytes(whole()), Case) == whole()
    assert json.loads(case_bytes(whole())) == case_json(whole())


def test_html_escapes_and_says_the_same() -> None:
    page = html_text(replace(whole(), reason="<script>alert(1)</script>"), "zh")
    assert "<script>" not in page and "&lt;script&gt;" in page and "右下叶肺炎" in page and "http" not in page


def test_every_word_has_both_languages() -> None:
    assert [name for name, label in WORDS.items() if not (label.en and label.zh)] == []


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.004, "< 1 %"), (0.714, "71 %"), (0.996, "> 99 %"), (1.0, "100 %")]
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet=st.sampled_from("ab c，。（）结节影 mm8\n"), max_size=80), st.integers(3, 30))
def test_wrap_keeps_text_and_width(text: str, width: int) -> None:
    lines = wrap(text, width, len)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(line) <= width for line in lines)


def test_wrap_keeps_chinese_punctuation_off_line_starts() -> None:
    lines = wrap("右下肺见结节影，大小约8mm，无胸腔积液（对比2024年）。", 8, len)
    assert not [line for line in lines if line[0] in "，。）" or line[-1] == "（"]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Benefit outweighs risk — after review"), ("zh", "获益大于风险 — after review")]
)
def test_an_override_is_told_in_words_not_by_its_code(language: str, words: str) -> None:
    told = Decision(
        "d3", Action.OVERRIDE, "alert:al1", "Dr A", "2026-11-22T08:06:00+00:00", "benefit_outweighs", "after review"
    )
    text = html_text(sample.case(decisions=(told,)), language)
    assert words in text and "benefit_outweighs" not in text
