from datetime import date

import pytest

from core.domain.basics import Coding, Quantity, Source
from core.domain.record import Allergy, Identifier, Observation, Patient, Problem, Record, Sex
from core.records.identity import Match, compare
from core.records.merge import merge, reconcile
from core.records.names import Likeness, likeness

BORN = date(1958, 3, 2)


def person(name="", born=BORN, sex=Sex.FEMALE, number="", system="H", age=None):
    numbers = (Identifier(system, number),) if number else ()
    return Patient(name, born, sex, age, numbers)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("TESTPATIENT, Rowan", "Rowan Testpatient", Likeness.SAME),
        ("O'Neil, Ann", "ONEIL ANN", Likeness.SAME),
        ("Ordóñez, Bernardo", "Ordonez, Bernardo", Likeness.SIMILAR),
        ("Müller, Jörg", "Muller, Jorg", Likeness.SIMILAR),
        ("Smith, John", "Smith, John Adam", Likeness.SIMILAR),
        ("Katherine Sample", "Catherine Sample", Likeness.SIMILAR),
        ("王小明", "Wang Xiaoming", Likeness.SIMILAR),
        ("王小明", "XIAOMING WANG", Likeness.SIMILAR),
        ("欧阳娜", "Ouyang Na", Likeness.SIMILAR),
        ("单雄", "Shan Xiong", Likeness.SIMILAR),
        ("吕薇", "Lü Wei", Likeness.SIMILAR),
        ("王小明", "王晓明", Likeness.SIMILAR),
        ("王小明", "王小明", Likeness.SAME),
        ("王小明", "Li Xiaoming", Likeness.DIFFERENT),
        ("王小明", "李大伟", Likeness.DIFFERENT),
        ("Smith, John", "Jones, Mary", Likeness.DIFFERENT),
    ],
)
def test_names(a, b, expected):
    assert likeness(a, b) is expected
    assert likeness(b, a) is expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (person("Sample, Ann"), person("Ann Sample"), Match.SAME),
        (person("Sample, Ann", number="1"), person("Sample, Ann", born=None, number="1"), Match.SAME),
        (person("Sample, Ann", number="1"), person("Sample, Ann", number="2"), Match.PROBABLE),
        (person("Sample, Ann", number="1"), person("Simple, Bert", number="1"), Match.PROBABLE),
        (person("Sample, Ann"), person("Sampel, Ann"), Match.PROBABLE),
        (person("王小明"), person("Wang Xiaoming"), Match.PROBABLE),
        (person("Sample, Ann"), person("Sample, Ann", born=None), Match.PROBABLE),
        (person("Sample, Ann"), person("Sample, Ann", born=date(1958, 2, 3)), Match.PROBABLE),
        (person("Sample, Ann"), person("Sample, Ann", born=date(1999, 9, 9)), Match.DIFFERENT),
        (person("Sample, Ann"), person("Sample, Ann", sex=Sex.MALE), Match.PROBABLE),
        (person("Sample, Ann"), person("Other, Bea"), Match.DIFFERENT),
        (person("Sample, Ann"), Patient(), Match.PROBABLE),
        (person("Sample, Ann"), Patient(sex=Sex.MALE), Match.DIFFERENT),
        (person("Sample, Ann"), Patient(age_years=3), Match.DIFFERENT),
        (person("Sample, Ann"), Patient(age_years=67), Match.PROBABLE),
        (Patient(), Patient(), Match.DIFFERENT),
        (person(born=None, number="S1", system="vcf"), person("Sample, Ann"), Match.PROBABLE),
        (person(born=None, number="S1", system="vcf"), person(born=None, number="S2", system="vcf"), Match.DIFFERENT),
    ],
)
def test_same_probably_different(a, b, expected):
    on = date(2025, 11, 14)
    assert compare(a, b, on) is expected
    assert compare(b, a, on) is expected


def _allergy(file, **more):
    return Allergy(f"a-{file}", (Coding("RxNorm", "70618"),), "Penicillin", (Source(file, "fhir", "x"),), **more)


def test_the_same_allergy_from_three_documents_is_one_with_three_sources():
    records = [
        Record(person("Sample, Ann"), allergies=(a,))
        for a in (
            _allergy("1", reactions=("Rash",)),
            _allergy("2", criticality="high"),
            _allergy("3", reactions=("Anaphylaxis",)),
        )
    ]
    (one,) = merge(merge(records[0], records[1]), records[2]).allergies
    assert [s.file for s in one.sources] == ["1", "2", "3"]
    assert (one.reactions, one.criticality) == (("Rash", "Anaphylaxis"), "high")


def test_facts_that_contradict_each_other_both_stay():
    problems = tuple(Problem(i, (), "Asthma", (), status=s) for i, s in (("1", "active"), ("2", "resolved")))
    assert reconcile(Record(problems=problems)).problems == problems
    values = tuple(
        Observation(i, (), "K", (), value=Quantity(v, "mmol/L"), time="2025-11-14") for i, v in (("1", 4.6), ("2", 6.4))
    )
    assert reconcile(Record(observations=values)).observations == values
    refuted = (_allergy("1"), _allergy("2", status="refuted"))
    assert len(reconcile(Record(allergies=refuted)).allergies) == 2


def test_what_one_document_leaves_open_the_other_fills():
    a = Problem("1", (Coding("ICD-10", "J45"),), "Asthma", (Source("1", "ccda"),))
    b = Problem(
        "2",
        (Coding("ICD-10", "J45"),),
        "asthma, unspecified",
        (Source("2", "fhir"),),
        status="active",
        onset="2001-05-06",
    )
    (one,) = reconcile(Record(problems=(a, b))).problems
    assert (one.id, one.text, one.status, one.onset, len(one.sources)) == ("1", "Asthma", "active", "2001-05-06", 2)


def test_merge_keeps_the_originals_and_both_names():
    a, b = Record(person("Sample, Ann", number="1")), Record(person("Sampel, Ann", born=None, number="2"))
    merged = merge(a, b)
    assert (merged.patient.name, merged.patient.other_names) == ("Sample, Ann", ("Sampel, Ann",))
    assert [i.value for i in merged.patient.identifiers] == ["1", "2"]
    assert a.patient.other_names == ()
