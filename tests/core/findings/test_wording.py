"""The wording of the note: what reaches it, and when nothing does."""

from datetime import UTC, datetime

import pytest

from core.domain.basics import Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Note, Record
from core.findings import wording
from core.findings.find import find

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _note(text: str, time: str = "", name: str = "n1") -> Note:
    return Note(name, text, Source("note.txt", "text"), time=time)


def _said(*notes: Note) -> list[Finding]:
    return [f for f in find(Record(notes=notes), (), NOW) if f.code.code == wording.CODE]


def test_it_is_one_finding_of_the_note_that_carries_its_text() -> None:
    [said] = _said(_note("Crushing chest pain since this morning. He is clammy and pale."))
    assert said.status is Status.PRESENT and said.origin is Origin.NOTE and said.id
    assert "clammy" in said.source.text and said.source.file == "note.txt"
    assert said.label.zh


def test_denied_and_family_sentences_are_left_out() -> None:
    [said] = _said(
        _note("She has had a fever for two days. No cough. Her mother had breast cancer. Chest pain denied.")
    )
    assert said.source.text == "She has had a fever for two days."


def test_chinese_notes_are_read_without_a_text_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "encoder", lambda: None)
    [said] = _said(_note("患者发热两天，伴咳嗽、咳痰。否认胸痛。"))
    assert said.source.text == "患者发热两天，伴咳嗽、咳痰。"
    assert _said(_note("发热两天。")) == []


def test_the_newest_notes_count() -> None:
    [said] = _said(
        _note("An itchy rash on both hands.", "2019-03-01"), _note("Fever and cough today.", "2026-01-01", "n2")
    )
    assert said.source.text == "Fever and cough today."


def test_without_a_text_pack_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "encoder", lambda: None)
    assert _said(_note("Crushing chest pain since this morning.")) == []


def test_two_words_are_no_wording() -> None:
    assert _said(_note("Chest pain")) == []
