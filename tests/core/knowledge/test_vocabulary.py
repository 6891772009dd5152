"""The finding vocabulary is sound, and its checks find what is not."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.basics import Label
from core.errors import UserError
from core.knowledge import vocabulary
from core.knowledge.vocabulary import Entry


def test_shipped_vocabulary() -> None:
    entries = vocabulary.read()
    assert len(entries) >= 700
    assert not list(vocabulary.shared_names(entries))
    assert all(e.label.zh and e.source for e in entries)


def test_ancestors() -> None:
    assert set(vocabulary.load().ancestors("bloody_diarrhea")) == {"diarrhea", "blood_in_stool"}


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([Entry("a", "symptom", Label("A", "甲")), Entry("a", "symptom", Label("B", "乙"))], "twice"),
        ([Entry("a", "symptom", Label("A", "甲"), parents=("b",))], "unknown parent"),
        ([Entry("a", "symptom", Label("A", "甲"), parents=("a",))], "ancestor"),
        ([Entry("a", "mood", Label("A", "甲"))], "unknown kind"),
        ([Entry("a", "symptom", Label("A", "甲"), background=0.0)], "out of range"),
        ([Entry("a", "symptom", Label("A", "甲"), hpo="HP:1")], "HPO"),
    ],
)
def test_check_names_what_is_wrong(entries: list[Entry], what: str) -> None:
    assert any(what in problem for problem in vocabulary.check(entries))


def test_shared_names_are_found() -> None:
    one = Entry("a", "symptom", Label("Ache", "痛"))
    assert list(vocabulary.shared_names([one, replace(one, id="b")]))


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("- {id: a, kind: symptom, en: A}", "utf-8")
    with pytest.raises(UserError, match="missing fields"):
        vocabulary.read(tmp_path)


def test_compiled_cache_gives_the_same_and_is_fast(profile: Path) -> None:
    vocabulary._load.cache_clear()
    first = vocabulary.load()
    vocabulary._load.cache_clear()
    began = time.process_time()
    second = vocabulary.load()
    assert time.process_time() - began < 0.3
    assert first.entries == second.entries
