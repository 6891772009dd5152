"""The wording's term: additive, neutral for the average person, absent when it should be, cached by text."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.diagnosis import common, wording
from core.diagnosis.assess import assess
from core.domain.assessment import Assessment
from core.domain.basics import Source
from core.domain.finding import Finding
from core.domain.record import Note, Patient, Record, Sex
from core.domain.serial import from_json, to_json
from core.findings.find import find
from core.findings.wording import CODE
from core.inference import embedding, packs
from core.progress import Report
from tests.core import tiny_text_pack

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENT = Patient(age_years=58, sex=Sex.MALE)
TEXT = "Since this morning he feels a heavy weight on his chest with sweating and nausea. Chest pain, worse on effort."


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> embedding.Encoder:
    """A tiny text pack in place of the shipped one, with a cache of its own."""
    model = embedding.Encoder(packs.load(tiny_text_pack.write(tmp_path / "tiny-text")))
    monkeypatch.setattr(wording, "encoder", lambda: model)
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    return model


def _findings() -> tuple[Finding, ...]:
    return find(Record(notes=(Note("n1", TEXT, Source("note.txt", "text")),)), (), NOW)


def test_the_average_person_is_not_moved(tiny: embedding.Encoder) -> None:
    engine = common.shared()
    item = wording.item(engine.tables, engine.base, _findings(), wording.factors(engine.settings))
    assert item is not None and item.weights.std() > 0.5
    prior = np.exp(engine.base) / np.exp(engine.base).sum()
    assert prior @ np.exp(item.weights) == pytest.approx(1)


def test_every_hypothesis_still_adds_up(tiny: embedding.Encoder) -> None:
    made = assess(_findings(), PATIENT, NOW)
    shown = [h for h in made.hypotheses if h.engine == "common"]
    for hypothesis in shown:
        evidence = (*hypothesis.evidence_for, *hypothesis.evidence_against)
        assert [e.code.code for e in evidence].count(CODE) == 1
        assert hypothesis.log_odds == pytest.approx(hypothesis.base_log_odds + sum(e.weight for e in evidence))
    assert shown and from_json(to_json(made), Assessment) == made


def test_taking_the_finding_away_takes_exactly_its_weight(tiny: embedding.Encoder) -> None:
    engine, findings = common.shared(), _findings()
    item = wording.item(engine.tables, engine.base, findings, wording.factors(engine.settings))
    without = [f for f in findings if f.code.code != CODE]
    assert item is not None and len(without) == len(findings) - 1
    both, rules = (engine.score(f, PATIENT, NOW) for f in (findings, without))
    np.testing.assert_allclose(both.scores - rules.scores, item.weights, atol=1e-9)
    assert both.temperature == rules.temperature  # what is left is not surer for the want of it


def test_without_a_pack_the_differential_is_that_of_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = _findings()
    monkeypatch.setattr(wording, "encoder", lambda: None)
    engine = common.shared()
    without = [f for f in findings if f.code.code != CODE]
    np.testing.assert_array_equal(
        engine.score(findings, PATIENT, NOW).scores, engine.score(without, PATIENT, NOW).scores
    )


def test_vectors_are_made_once(tiny: embedding.Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = common.shared().tables
    assert not wording.is_built(tables)
    first = wording.vectors(tables, tiny)
    assert wording.is_built(tables)
    wording.vectors.cache_clear()
    monkeypatch.setattr(tiny, "vectors", lambda texts: pytest.fail("embedded again"))
    np.testing.assert_allclose(wording.vectors(tables, tiny), first, atol=2e-2)


def test_what_ships_covers_most_conditions() -> None:
    """`knowledge build wording --ship` renews it before a release; the rest is embedded at the first start."""
    model, tables = embedding.encoder(), common.shared().tables
    assert model is not None
    known = wording._read(wording.SHIPPED / wording._cache(model).name)
    keys = [wording._key(wording.texts(c, tables)) for c in tables.conditions]
    assert sum(key in known for key in keys) > 0.5 * len(keys)
    made = dict(zip(keys, wording.vectors(tables, model), strict=True))
    one = next(key for key in keys if key in known)
    assert known[one] @ made[one] / np.linalg.norm(known[one]) / np.linalg.norm(made[one]) > 0.999


def test_shipping_writes_the_present_conditions(
    tiny: embedding.Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "SHIPPED", tmp_path / "shipped")
    tables = common.shared().tables
    path = wording.ship(tables, tiny)
    next(wording.packs().glob("wording-*.npz")).unlink()
    assert path.parent == tmp_path / "shipped" and wording.is_built(tables)


def test_a_broken_cache_is_made_again(tiny: embedding.Encoder) -> None:
    tables = common.shared().tables
    first = wording.vectors(tables, tiny)
    [path] = list(wording.packs().glob("wording-*.npz"))
    path.write_bytes(path.read_bytes()[:300])
    wording.vectors.cache_clear()
    np.testing.assert_allclose(wording.vectors(tables, tiny), first, atol=2e-2)


def test_progress_is_reported(tiny: embedding.Encoder) -> None:
    seen: list[tuple[int, int]] = []
    report: Report = lambda done, total, what: seen.append((done, total))  # noqa: E731
    wording.vectors(common.shared().tables, tiny, report)
    assert seen and seen[0] == (0, len(common.shared().tables.conditions))


def test_a_conditions_text_is_made_of_its_own_knowledge() -> None:
    tables = common.shared().tables
    condition = tables.conditions[0]
    common_words, names = wording.texts(condition, tables)
    assert condition.label.en in names
    strongest = max(condition.findings, key=lambda link: link.p)
    assert tables.findings[tables.finding_index[strongest.id]].label.en.lower() in common_words
