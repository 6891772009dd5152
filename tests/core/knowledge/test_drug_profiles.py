"""Profiles of all ingredients: complete in form, unknown where nothing is said, by trimester where it matters."""

import pytest

from core.knowledge import drug_profiles
from core.knowledge import drugs as drug_tables
from core.knowledge.drug_profiles import QT, Handling, Use

PROFILES = drug_profiles.load()
ROUTES = {
    "oral", "iv", "im", "sc", "inhaled", "nasal", "topical", "transdermal", "ophthalmic", "otic", "vaginal", "rectal",
    "sublingual",
}  # fmt: skip


def test_every_ingredient_has_a_profile_and_every_field_a_source() -> None:
    assert PROFILES.by_drug.keys() == drug_tables.load().by_id.keys()
    assert {"renal", "hepatic", "pregnancy", "lactation", "routes"} == PROFILES.sources.keys()
    assert all(source.title and source.year >= 2000 for source in PROFILES.sources.values())
    for one in PROFILES.by_drug.values():
        assert set(one.routes) <= ROUTES and len(one.pregnancy) == 3


@pytest.mark.parametrize(
    ("drug", "trimesters"),
    [
        ("enalapril", ("avoid", "avoid", "avoid")),
        ("ibuprofen", ("caution", "caution", "avoid")),
        ("warfarin", ("avoid", "avoid", "avoid")),
        ("trimethoprim", ("avoid", "caution", "caution")),
        ("valproate", ("avoid", "avoid", "avoid")),
        ("nitrofurantoin", ("compatible", "compatible", "caution")),
        ("paracetamol", ("compatible", "compatible", "compatible")),
    ],
)
def test_pregnancy_by_trimester(drug: str, trimesters: tuple[str, ...]) -> None:
    assert tuple(use.value for use in PROFILES.by_drug[drug].pregnancy) == trimesters


def test_week_unknown_takes_the_most_careful_trimester() -> None:
    trimethoprim = PROFILES.by_drug["trimethoprim"]
    assert [trimethoprim.in_week(w) for w in (8, 20, None)] == [Use.AVOID, Use.CAUTION, Use.AVOID]


def test_what_is_not_named_is_unknown() -> None:
    unknown = [one for one in PROFILES.by_drug.values() if one.renal is Handling.UNKNOWN]
    assert unknown and all(one.renal not in {Handling.USUAL, Handling.ADJUST} for one in unknown)
    assert PROFILES.by_drug["paracetamol"].qt is QT.UNKNOWN


def test_classes_decide_over_groups_and_ids_over_classes() -> None:
    assert PROFILES.by_drug["influenza_vaccine"].pregnancy[0] is Use.COMPATIBLE
    assert PROFILES.by_drug["mmr_vaccine"].pregnancy[0] is Use.AVOID
    assert PROFILES.by_drug["linagliptin"].renal is Handling.USUAL


def test_qt_categories_are_disjoint() -> None:
    classes = drug_tables.load().classes
    known, possible, conditional = (classes[f"qt_{k}"].members for k in ("known", "possible", "conditional"))
    assert not (known & possible or known & conditional or possible & conditional)
    assert possible | conditional == classes["qt_other"].members


def test_celecoxib_is_an_nsaid() -> None:
    assert "celecoxib" in drug_tables.load().classes["nsaid"].members


def test_most_essential_medicines_have_known_handling() -> None:
    known = [one for one in PROFILES.by_drug.values() if one.renal is not Handling.UNKNOWN]
    assert len(known) / len(PROFILES.by_drug) > 0.7


def test_a_profile_in_words_says_unknown_and_each_trimester_that_differs() -> None:
    said = drug_profiles.described("trimethoprim")
    assert (
        "Pregnancy, trimester 1: avoid" in said.en and "trimester 2: with care" in said.en and "QT: unknown" in said.en
    )
    assert "不明" in said.zh and said.en.count("\n") == said.zh.count("\n")
    assert "Pregnancy: avoid" in drug_profiles.described("valproate").en
