"""Allergies: same drug, class, side chains, mild intolerance, and every group firing and not firing."""

from dataclasses import replace

import pytest

from core.domain.plan import Alert, Tier
from core.domain.record import Allergy
from core.treatment.check import check_medicines
from core.treatment.checks.allergy import Group, groups, read
from tests.core.treatment.build import NOW, SOURCE, Setting, label


def alerts(allergy: str, drug: str, **facts: object) -> list[Alert]:
    record = Setting().record(allergies=(allergy,))
    record = replace(record, allergies=tuple(replace(a, **facts) for a in record.allergies))  # type: ignore[arg-type]
    return [a for a in check_medicines(record, (), (drug,), NOW) if a.kind == "allergy"]


@pytest.mark.parametrize(
    ("allergy", "drug", "tier"),
    [
        ("Amoxicillin", "amoxicillin", Tier.STOP),
        ("Penicillin V", "amoxicillin", Tier.STOP),
        ("allergy to penicillins", "piperacillin", Tier.STOP),
        ("Penicillin", "cefalexin", Tier.CAUTION),
        ("Penicillin", "ceftriaxone", Tier.INFO),
        ("Penicillin", "meropenem", Tier.INFO),
        ("Amoxicillin", "cefalexin", Tier.STOP),
        ("Ceftriaxone", "cefotaxime", Tier.STOP),
        ("Ceftriaxone", "cefazolin", Tier.CAUTION),
        ("Ceftazidime", "aztreonam", Tier.STOP),
        ("sulfa drugs", "sulfamethoxazole", Tier.STOP),
        ("磺胺类", "trimethoprim and sulfamethoxazole", Tier.STOP),
        ("sulfa drugs", "furosemide", Tier.INFO),
        ("Aspirin", "ibuprofen", Tier.STOP),
        ("Aspirin", "celecoxib", Tier.CAUTION),
        ("Codeine", "morphine", Tier.CAUTION),
        ("Codeine", "fentanyl", Tier.INFO),
        ("iodinated contrast", "iohexol", Tier.CAUTION),
        ("Heparin", "enoxaparin", Tier.STOP),
        ("Lisinopril", "sacubitril and valsartan", Tier.CAUTION),
        ("carbamazepine", "phenytoin", Tier.STOP),
        ("Eggs", "propofol", Tier.INFO),
    ],
)
def test_tier(allergy: str, drug: str, tier: Tier) -> None:
    found = alerts(allergy, drug)
    assert found and found[0].tier is tier
    assert found[0].factors and found[0].evidence == (SOURCE,)


@pytest.mark.parametrize(
    ("allergy", "drug"),
    [
        ("Amoxicillin", "azithromycin"),
        ("House dust mite", "amoxicillin"),
        ("No known drug allergies", "penicillin"),
        ("NKDA", "aspirin"),
        ("Latex", "heparin"),
    ],
)
def test_silent(allergy: str, drug: str) -> None:
    assert alerts(allergy, drug) == []


def test_severity_changes_the_tier() -> None:
    assert alerts("Penicillin", "cefalexin", reactions=("Anaphylaxis",))[0].tier is Tier.STOP
    assert alerts("Penicillin", "cefalexin", criticality="high")[0].tier is Tier.STOP
    assert alerts("Codeine", "codeine", reactions=("Nausea",))[0].tier is Tier.CAUTION
    assert alerts("Amoxicillin", "ampicillin", kind="intolerance")[0].tier is Tier.CAUTION
    assert alerts("Amoxicillin", "amoxicillin", status="resolved") == []


@pytest.mark.parametrize("group", [g for g in groups() if g.words and g.within.drugs], ids=lambda group: group.id)
def test_each_named_group_fires(group: Group) -> None:
    entry = Allergy("a", (), group.label.en, (SOURCE,))
    assert group.id in read(entry).named
    found = alerts(group.label.en, label(min(group.within.drugs)))
    assert found and found[0].tier.value in {"stop", "caution"}


def test_groups_have_sources_and_both_languages() -> None:
    for group in groups():
        assert group.label.en and group.label.zh
        for cross in (group.within, *group.cross):
            assert cross.source.title and cross.source.year
            assert not cross.drugs or (cross.why.zh and cross.action.zh)
