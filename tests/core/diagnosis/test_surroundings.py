"""Place and season: shares of their own, only where the place is known, turned round in the south."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from core.diagnosis import common, surroundings
from core.diagnosis.surroundings import Place, load, place_weights, season_weights
from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
FEVER = ("fever", "headache", "myalgia", "chills")


@pytest.fixture(scope="module")
def engine() -> common.CommonEngine:
    return common.shared()


def said(*names: str) -> list[Finding]:
    source = Source("case", "test")
    return [Finding(n, Coding("consilium", n), Label(n), Status.PRESENT, Origin.CLINICIAN, source) for n in names]


def share(engine: common.CommonEngine, patient: Patient, now: datetime, name: str) -> float:
    scores = engine.score(said(*FEVER), patient, now)
    return float(scores.probabilities[engine.tables.condition_index[name]])


def test_every_condition_named_is_one_of_ours(engine: common.CommonEngine) -> None:
    known = set(engine.tables.condition_index)
    assert set(load().seasons) <= known and set(load().factors) <= known
    assert all(1 <= peak < 13 and 1 < ratio <= 30 for peak, ratio in load().seasons.values())
    assert all(value > 0 for row in load().factors.values() for value in row.values())
    assert {p.label.zh for p in load().places} and len({p.id for p in load().places}) == len(load().places)


def test_an_unknown_place_adds_nothing(engine: common.CommonEngine) -> None:
    for name in ("", "atlantis"):
        scores = engine.score(said(*FEVER), Patient(place=name), NOON)
        assert not [i for i in scores.extra if i.code in ("place", "season")]


def test_fever_in_the_tropics_is_sooner_malaria(engine: common.CommonEngine) -> None:
    here = share(engine, Patient(place="sub_saharan_africa"), NOON, "malaria")
    assert (
        here
        > 3 * share(engine, Patient(), NOON, "malaria")
        > 3 * share(engine, Patient(place="europe"), NOON, "malaria")
    )


def test_influenza_comes_in_winter_wherever_winter_is(engine: common.CommonEngine) -> None:
    july = replace_month(NOON, 7)
    north, south = Patient(place="europe"), Patient(place="oceania_temperate")
    assert share(engine, north, NOON, "influenza") > 1.5 * share(engine, north, july, "influenza")
    assert share(engine, south, july, "influenza") > 1.5 * share(engine, south, NOON, "influenza")


def replace_month(when: datetime, month: int) -> datetime:
    return when.replace(month=month)


def test_where_there_are_no_seasons_no_month_counts(engine: common.CommonEngine) -> None:
    scores = engine.score(said(*FEVER), Patient(place="south_asia"), NOON)
    assert [i.code for i in scores.extra if i.code in ("place", "season")] == ["place"]


def test_shares_of_place_and_season_are_shown_and_add_up(engine: common.CommonEngine) -> None:
    ranking = engine.rank(said(*FEVER), Patient(place="europe", age_years=30), NOON)
    found = next(h for h in ranking.hypotheses if h.id == "influenza")
    evidence = {e.label.en: e.weight for e in (*found.evidence_for, *found.evidence_against)}
    assert evidence["Time of year"] > 0.3
    assert found.base_log_odds + sum(evidence.values()) == pytest.approx(found.log_odds, abs=1e-6)


def test_a_year_of_a_season_means_nothing(engine: common.CommonEngine) -> None:
    place = Place("x", Label("x"), "north")
    mean = np.mean([season_weights(engine.tables, place, m) for m in range(1, 13)], axis=0)
    assert np.abs(mean).max() < 1e-9
    assert np.abs(place_weights(engine.tables, place)).max() <= surroundings.MOST * load().weight + 1e-9


def test_a_patient_kept_before_places_were_known_has_the_same_digest() -> None:
    from core.store.rows import content_sha256
    from tests.core.store import sample

    case = sample.case()
    placed = replace(case, record=replace(case.record, patient=replace(case.record.patient, place="europe")))
    again = replace(placed, record=replace(placed.record, patient=replace(placed.record.patient, place="")))
    assert content_sha256(case) == content_sha256(again) != content_sha256(placed)
