"""The head of the wording: notes from our own knowledge, a fit that finds what there is, and conditions it never saw."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.diagnosis import common, wording, wording_head, wording_notes
from core.progress import Cancelled


def two_clouds(count: int = 12_000) -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 3
    centres = np.eye(3, 8) * 4
    return (centres[labels] + generator.normal(size=(count, 8))).astype(np.float32), labels


def made(ids: tuple[str, ...] = ("a", "b", "c")) -> wording_head.Head:
    vectors, labels = two_clouds()
    return wording_head.fit(vectors, labels, ids, seed=1, epochs=12)


def test_a_note_is_the_same_for_the_same_seed_and_speaks_of_its_condition() -> None:
    condition = next(c for c in common.shared().tables.conditions if c.id == "gout")
    first = list(wording_notes.notes(condition, 20, seed=3))
    assert first == list(wording_notes.notes(condition, 20, seed=3)) != list(wording_notes.notes(condition, 20, seed=4))
    known = wording_notes.phrases().said
    words = {p for f in condition.findings for p in known.get(f.id, ())}
    assert len(first) == 20 and all(any(p in note for p in words) for note in first)


def test_sex_and_age_follow_the_condition() -> None:
    tables = common.shared().tables
    only_women = next(c for c in tables.conditions if c.prevalence.male == 0 and len(c.findings) > 8)
    made = list(wording_notes.notes(only_women, 60, seed=1))
    assert any(re.search(r"\b(woman|female|lady)\b", n) for n in made)
    assert not [n for n in made if re.search(r"(?i)\b(man|gentleman|boy)\b", n)]


def test_the_fit_tells_the_clouds_apart_and_repeats_itself() -> None:
    vectors, labels = two_clouds()
    head = made()
    assert (head.logits(vectors).argmax(1) == labels).mean() > 0.95
    np.testing.assert_allclose(made().weight, head.weight, atol=1e-5)


def test_saved_and_read_again(tmp_path: Path) -> None:
    head = made()
    wording_head.save(head, tmp_path / "head.npz")
    again = wording_head.load(tmp_path / "head.npz")
    assert again is not None and again.ids == head.ids
    vectors, _ = two_clouds()
    largest = float(np.abs(head.logits(vectors)).max())
    np.testing.assert_allclose(again.logits(vectors), head.logits(vectors), atol=0.02 * largest)
    assert wording_head.load(tmp_path / "none.npz") is None
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04nothing")
    assert wording_head.load(tmp_path / "bad.npz") is None


def test_a_condition_the_head_never_saw_gets_what_its_likeness_foretells() -> None:
    tables = common.shared().tables
    ids = tuple(c.id for c in tables.conditions)
    generator = np.random.default_rng(5)
    likeness = generator.normal(size=(1, len(ids)))
    weight = np.zeros((4, len(ids) - 1), np.float32)
    bias = (2 * likeness[0, 1:] + 1).astype(np.float32)
    head = wording_head.Head(ids[1:], weight, bias, np.zeros(4, np.float32), np.ones(4, np.float32))
    shares = wording_head.log_shares(head.ids, head.logits(np.zeros((1, 4), np.float32)), tables, likeness)
    whole = 2 * likeness[0] - np.log(np.exp(2 * likeness[0]).sum())
    np.testing.assert_allclose(shares[0], whole, atol=1e-5)
    assert np.exp(shares).sum() == pytest.approx(1)


def test_learning_can_be_cancelled() -> None:
    def report(_done: int, _total: int, _what: str) -> None:
        raise Cancelled

    vectors, labels = two_clouds()
    with pytest.raises(Cancelled):
        wording_head.fit(vectors, labels, ("a", "b", "c"), 1, report)


def test_levelled_weights_leave_the_average_person_alone() -> None:
    generator = np.random.default_rng(6)
    base = generator.normal(size=50)
    weights = wording.levelled(generator.normal(size=(3, 50)) * 5, base)
    prior = np.exp(base) / np.exp(base).sum()
    np.testing.assert_allclose(np.exp(weights) @ prior, 1.0, atol=1e-9)
