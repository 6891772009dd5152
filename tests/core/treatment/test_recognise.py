"""Medication text to drugs, strengths, routes and frequencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge import drugs as drug_tables
from core.treatment.recognise import recognise, says_none

VOCABULARY = drug_tables.load()


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet", ("amoxicillin", "clavulanic_acid")),
        ("Augmentin 875", ("amoxicillin", "clavulanic_acid")),
        ("acetaminophen-aspirin buffered 250 mg-250 mg oral tablet", ("paracetamol", "aspirin")),
        ("Penicillin V Potassium 250 MG Oral Tablet", ("phenoxymethylpenicillin",)),
        ("Vitamin B 12 5 MG/ML Injectable Solution", ("cyanocobalamin",)),
        ("阿莫西林克拉维酸钾片 0.375g 口服 每日3次", ("amoxicillin", "clavulanic_acid")),
        ("拜阿司匹灵 100毫克", ("aspirin",)),
        ("Bactrim DS", ("sulfamethoxazole", "trimethoprim")),
        ("Seasonique 91 Day Pack", ("ethinylestradiol", "levonorgestrel")),
        ("nothing that is a medicine", ()),
    ],
)
def test_names(text: str, drugs: tuple[str, ...]) -> None:
    assert recognise(text).drugs == drugs


def test_a_corrected_spelling_is_marked() -> None:
    (match,) = recognise("Atorvastatine 20 mg").matches
    assert match.drugs == ("atorvastatin",) and not match.exact


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("氨氯地平片5mg qd", "mg", 5),
        ("levothyroxine 75 mcg", "mcg", 75),
        ("insulin 10 units", "[iU]", 10),
        ("x 0.5 g", "g", 0.5),
    ],
)
def test_strength(text: str, unit: str, value: float) -> None:
    (strength,) = recognise(text).strengths
    assert (strength.unit, strength.value) == (unit, value)


@pytest.mark.parametrize(
    ("text", "per_day"),
    [
        ("5 mg qd", 1),
        ("bid", 2),
        ("three times daily", 3),
        ("q6h", 4),
        ("每日3次", 3),
        ("every 48 hours", 0.5),
        ("每8小时1次", 3),
        ("5 mg", None),
    ],
)
def test_frequency(text: str, per_day: float | None) -> None:
    assert recognise(text).per_day == per_day


@pytest.mark.parametrize(
    ("text", "route", "local"),
    [
        ("hydrocortisone 1 % cream", "topical", True),
        ("timolol eye drops", "ophthalmic", True),
        ("Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler", "inhaled", True),
        ("ketorolac Injection Cartridge", "iv", False),
        ("Aspirin 81 MG Oral Tablet", "oral", False),
        ("nitroglycerin mucosal spray 0.4 MG/ACTUAT", "sublingual", False),
    ],
)
def test_route(text: str, route: str, local: bool) -> None:
    said = recognise(text)
    assert (said.route, said.local) == (route, local)


@pytest.mark.parametrize("drug", sorted(VOCABULARY.by_id))
def test_every_drug_is_recognised_by_each_of_its_names(drug: str) -> None:
    one = VOCABULARY.by_id[drug]
    for name in (one.label.en, one.label.zh, *one.names):
        assert drug in recognise(name).drugs, name


@given(st.text(max_size=80))
def test_any_text_is_read_without_error_and_spans_fit(text: str) -> None:
    said = recognise(text)
    for match in said.matches:
        assert 0 <= match.start < match.end <= len(text)
        assert match.text == text[match.start : match.end] and match.drugs


def test_statements_of_no_medicine() -> None:
    assert says_none("No known medications") and says_none("No data") and says_none("????")
    assert not says_none("Norethindrone 0.35 mg")


def test_vocabulary_size_and_fields() -> None:
    assert len(VOCABULARY.by_id) >= 800
    for drug in VOCABULARY.by_id.values():
        assert drug.label.en and drug.label.zh and drug.atc and drug.source.title
    for one in VOCABULARY.classes.values():
        assert one.members and one.label.zh
    for combination in VOCABULARY.combinations:
        assert all(drug in VOCABULARY.by_id for drug in combination.drugs)


def test_share_of_medication_entries_recognised(unpacked) -> None:  # type: ignore[no-untyped-def]
    """At least 97 % of the entries of the development records."""
    from core.records.intake import read_paths
    from core.verbs.evaluate_alerts import replay

    folder = unpacked("records-dev")
    records = read_paths([folder], scratch=folder.parent / "scratch").records
    tally = replay(records)
    assert tally.orders > 150
    assert tally.recognised / tally.orders >= 0.97
