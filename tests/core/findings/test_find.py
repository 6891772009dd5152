"""All sources of findings joined: ids, duplicates, conflicts, images, genes, phenotypes."""

import math
from datetime import UTC, datetime

import pytest

from core.domain.basics import Coding, Label, Quantity, Source, Version
from core.domain.finding import Origin, Scope, Status
from core.domain.imaging import ImagePrediction
from core.domain.record import (
    Allergy,
    Event,
    FamilyFact,
    Medication,
    Note,
    Observation,
    Patient,
    Phenotype,
    Problem,
    Record,
    Sex,
    Variant,
)
from core.findings.find import find
from core.findings.phenotypes import TermNames, phenotypes_in, prepare

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source("bundle.json", "fhir", "entry[3]")


def note(text: str, file: str = "note.txt") -> Note:
    return Note("n", text, Source(file, "text"))


def by_code(record: Record, predictions: tuple[ImagePrediction, ...] = ()) -> dict[str, list[tuple[Status, Origin]]]:
    found: dict[str, list[tuple[Status, Origin]]] = {}
    for finding in find(record, predictions, NOW):
        found.setdefault(finding.code.code, []).append((finding.status, finding.origin))
    return found


def prediction(probability: float) -> ImagePrediction:
    return ImagePrediction(
        "img", Version("pack", "1"), Coding("consilium", "chest_xray_opacity"), Label("Opacity"), probability,
        (probability, probability), 0.0, 0.1, prevalence=0.25,
    )  # fmt: skip


def test_sources_are_joined_with_stable_unique_ids() -> None:
    record = Record(
        patient=Patient(age_years=40, sex=Sex.MALE),
        notes=(note("Fever and cough for 3 days. T 38.6 °C."),),
        problems=(Problem("p", (), "Hypertension", (SOURCE,)),),
        medications=(Medication("m", (Coding("ATC", "C09AA03"),), "lisinopril", (SOURCE,), "active"),),
        observations=(
            Observation("o", (Coding("LOINC", "2951-2"),), "Sodium", (SOURCE,), "laboratory", Quantity(120, "mmol/L")),
        ),
    )
    found = by_code(record, (prediction(0.9),))
    assert (Status.PRESENT, Origin.NOTE) in found["fever"] and (Status.PRESENT, Origin.VITAL) in found["fever"]
    assert found["hyponatremia"] == [(Status.PRESENT, Origin.LABORATORY)]
    assert found["hypertension_history"] == [(Status.PRESENT, Origin.HISTORY)]
    assert found["takes_ace_inhibitor"] == [(Status.PRESENT, Origin.HISTORY)]
    assert found["chest_xray_opacity"] == [(Status.PRESENT, Origin.IMAGE)]
    first, second = find(record, (prediction(0.9),), NOW), find(record, (prediction(0.9),), NOW)
    assert first == second
    assert len({f.id for f in first}) == len(first)


def test_the_same_statement_in_one_file_stands_once_and_a_conflict_twice() -> None:
    assert len(by_code(Record(notes=(note("Cough. Cough."),)))["cough"]) == 1
    conflict = Record(notes=(note("Cough."), note("No cough.", "other.txt")))
    assert {status for status, _ in by_code(conflict)["cough"]} == {Status.PRESENT, Status.ABSENT}


@pytest.mark.parametrize(("probability", "status"), [(0.9, Status.PRESENT), (0.2, Status.ABSENT)])
def test_an_image_shifts_log_odds(probability: float, status: Status) -> None:
    (finding,) = find(Record(), (prediction(probability),), NOW)
    expected = math.log(probability / (1 - probability)) - math.log(0.25 / 0.75)
    assert finding.status is status and finding.logit_shift == pytest.approx(expected)


def test_variants_and_stated_phenotypes() -> None:
    record = Record(
        variants=(Variant("v", "FBN1", (SOURCE,), hgvs="c.1A>G"),),
        phenotypes=(Phenotype("a", Coding("HP", "HP:0001083"), True, (SOURCE,)),),
    )
    found = by_code(record)
    assert found["FBN1"] == [(Status.PRESENT, Origin.GENE)]
    assert found["HP:0001083"][0][0] is Status.ABSENT


def test_nothing_in_gives_nothing() -> None:
    assert find(Record(family=(FamilyFact("f", "mother", (), "", ()),)), (), NOW) == ()


def test_hpo_terms_in_text_with_context_and_language() -> None:
    terms = prepare(
        [
            TermNames("HP:9000001", "Ectopia lentis", "晶状体异位", ("Lens dislocation",)),
            TermNames("HP:9000002", "Cleft palate", "腭裂"),
        ]
    )
    english = phenotypes_in(note("Dislocation of the lens but no cleft palate."), "english", (), terms)
    assert [(f.code.code, f.status) for f in english] == [("HP:9000001", Status.PRESENT), ("HP:9000002", Status.ABSENT)]
    chinese = phenotypes_in(note("患儿晶状体异位，无腭裂。"), "chinese", (), terms)
    assert [(f.code.code, f.status) for f in chinese] == [("HP:9000001", Status.PRESENT), ("HP:9000002", Status.ABSENT)]
    family = phenotypes_in(note("Her father had ectopia lentis."), "english", (), terms)
    assert family[0].scope is Scope.FAMILY


def test_allergies_events_and_relatives_of_a_record_become_findings() -> None:
    source = (Source("r.json", "fhir"),)
    record = Record(
        allergies=(Allergy("a", (), "Penicillin V", source), Allergy("b", (), "No known food allergies", source)),
        events=(
            Event("e", "immunization", (), "MMR", source, status="not-done"),
            Event("p", "procedure", (), "Laparoscopic cholecystectomy", source, status="completed"),
            Event("q", "procedure", (), "Splenectomy", source, status="not-done"),
        ),
        family=(FamilyFact("x", "mother", (), "Breast cancer", source),),
    )
    found = {f.code.code: f.scope for f in find(record, (), NOW)}
    assert found["drug_allergy"] is Scope.HISTORY
    assert found["not_vaccinated"] is Scope.CURRENT
    assert found["cholecystectomy_history"] is Scope.HISTORY
    assert found["family_history_breast_cancer"] is Scope.FAMILY
    assert "food_allergy" not in found and "asplenia" not in found
