"""The head on words: features, learning on a small world, saving, and Chinese notes getting a wording of their own."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.diagnosis import common, wording, wording_words
from core.diagnosis.presentations import Presentation
from core.diagnosis.wording_notes import notes
from core.diagnosis.wording_words import Words, features
from core.domain.basics import Source
from core.domain.record import Note, Patient, Record
from core.findings.find import find
from core.findings.wording import CODE
from core.knowledge.condition_tables import Tables

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("gout", "migraine", "croup", "asthma", "psoriasis")


def small() -> Tables:
    """The shipped knowledge cut to five conditions that are unlike each other."""
    tables = common.shared().tables
    chosen = tuple(c for c in tables.conditions if c.id in NAMES)
    return replace(tables, conditions=chosen, condition_index={c.id: i for i, c in enumerate(chosen)})


def learned(language: str, told: tuple[Presentation, ...] = ()) -> Words:
    return wording_words.learn(small(), language, told, rounds=4, count=120)


def test_features_of_both_languages() -> None:
    assert features("Coughing, COUGHS 3 days", "en") == ["cough", "cough", "day", "cough cough", "cough day"]
    assert features("发热，咳", "zh") == ["发", "热", "发热", "咳"]
    assert features("发热", "en") == features("fever", "zh") == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_learns_to_tell_notes_it_has_not_seen(language: str, tmp_path: Path) -> None:
    head, conditions = learned(language), small().conditions
    made = [(note, row) for row, c in enumerate(conditions) for note in notes(c, 20, 9, language)]
    best = head.logits([note for note, _ in made]).argmax(axis=1)
    assert (best == [row for _, row in made]).mean() > 0.85
    wording_words.save(head, tmp_path / "words.npz")
    again = wording_words.load(tmp_path / "words.npz")
    assert again is not None and (again.ids, again.language, again.at) == (head.ids, language, head.at)
    texts = [note for note, _ in made]
    largest = float(np.abs(head.logits(texts)).max())
    np.testing.assert_allclose(again.logits(texts), head.logits(texts), atol=0.03 * largest)


def test_a_presentation_teaches_a_way_of_saying_it() -> None:
    """What made-up notes say of gout alone is told of croup: the head follows."""
    told = Presentation("x", "croup", "en", "patient", "swollen big toe after beer", "x")
    at = small().condition_index["croup"]
    after = learned("en", (told,) * 40).logits([told.text])[0, at]
    assert after > learned("en").logits([told.text])[0, at] + 0.4


@pytest.mark.parametrize(("rank", "off"), [(8, 1e-5), (5, 1e-4), (1, 5.0)])
def test_nets_answer_together_with_the_mean_of_their_logits(rank: int, off: float) -> None:
    """Six features and five conditions: the mean of two nets has rank five at most; a lower one only comes near."""
    generator = np.random.default_rng(3)
    nets = [[generator.normal(size=shape).astype(np.float32) for shape in ((6, 4), (4, 5), (5,))] for _ in range(2)]
    rows, weight, bias = wording_words._together([(a, b, c) for a, b, c in nets], rank)
    each = [a @ b + c for a, b, c in nets]
    error = float(np.abs(rows @ weight + bias - (each[0] + each[1]) / 2).max())
    assert rows.shape[1] == weight.shape[0] == rank and error < off
    assert rank > 1 or error > 0.1


def test_no_words_no_evidence_beyond_the_bias(tmp_path: Path) -> None:
    head = learned("zh")
    np.testing.assert_allclose(head.logits(["", "xyz"]), [head.bias, head.bias], atol=1e-6)
    assert wording_words.load(tmp_path / "none.npz") is None


def test_a_chinese_note_gets_a_wording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wording_words.save(learned("zh"), tmp_path / "words-zh.npz")
    monkeypatch.setattr(wording_words, "FOLDER", tmp_path)
    engine = common.shared()
    note = Note("n1", "右脚大脚趾红肿热痛，昨晚喝酒后突然疼得厉害。不发热。", Source("note.txt", "text"))
    found = find(Record(notes=(note,)), (), NOW)
    [said] = [f for f in found if f.code.code == CODE]
    assert "脚趾" in said.source.text and "不发热" not in said.source.text
    item = wording.item(engine.tables, engine.base, found, wording.factors(engine.settings))
    assert item is not None
    names = {c.id: i for i, c in enumerate(engine.tables.conditions)}
    assert max(NAMES, key=lambda name: item.weights[names[name]]) == "gout"
    prior = np.exp(engine.base) / np.exp(engine.base).sum()
    assert prior @ np.exp(item.weights) == pytest.approx(1)
    both, rules = (engine.score(f, Patient(), NOW) for f in (found, [f for f in found if f.code.code != CODE]))
    np.testing.assert_allclose(both.scores - rules.scores, item.weights, atol=1e-9)
    assert both.temperature == rules.temperature  # setting the wording aside makes nothing surer by itself
