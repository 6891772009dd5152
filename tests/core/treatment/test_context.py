"""What is read about the patient: states, pregnancy, genes, current medicines, ages of measurements."""

from dataclasses import replace

import pytest

from core.domain.basics import Coding, Label
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Medication, Problem, Sex
from core.treatment import labs, states
from core.treatment.context import gather
from tests.core.treatment.build import NOW, SOURCE, Setting, gene, lab


def problem(text: str, **facts: str) -> Problem:
    return Problem("p", (), text, (SOURCE,), **{"status": "active", **facts})


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Chronic kidney disease stage 3 (disorder)", "ckd"),
        ("慢性肾脏病3期", "ckd"),
        ("Normal pregnancy", "pregnancy"),
        ("History of peptic ulcer", "peptic_ulcer"),
        ("Acute gastric ulcer with hemorrhage", "peptic_ulcer"),
        ("支气管哮喘", "asthma"),
        ("Diabetes mellitus type 2", "diabetes"),
        ("Atrial fibrillation", "atrial_fibrillation"),
        ("Smokes tobacco daily", "tobacco"),
    ],
)
def test_problem_text_names_a_state(text: str, state: str) -> None:
    record = replace(Setting().record(), problems=(problem(text),))
    assert state in gather(record, (), NOW).states


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Never smoker", "tobacco"),
        ("Diabetes insipidus", "diabetes"),
        ("Portal hypertension", "hypertension"),
        ("Hepatitis B vaccination", "hepatitis_b"),
        ("Heat stroke", "stroke"),
    ],
)
def test_look_alikes_do_not(text: str, state: str) -> None:
    record = replace(Setting().record(), problems=(problem(text),))
    assert state not in gather(record, (), NOW).states


@pytest.mark.parametrize("state", sorted(states.states()))
def test_every_state_has_both_languages_and_a_code(state: str) -> None:
    one = states.states()[state]
    assert one.label.en and one.label.zh and one.icd10


def test_acute_states_end_and_pregnancy_does_not_last_years() -> None:
    def found(**facts: str) -> bool:
        return (
            "pregnancy"
            in gather(replace(Setting().record(), problems=(problem("Pregnancy", **facts),)), (), NOW).states
        )

    assert found() and found(onset="2026-06-01")
    assert not found(status="resolved") and not found(onset="2020-01-01") and not found(abatement="2026-10-01")
    assert not found(verification="refuted")


def test_pregnant_is_true_false_or_unknown() -> None:
    assert gather(Setting().record(), (), NOW).pregnant is False
    woman = Setting(sex=Sex.FEMALE, age=30)
    assert gather(woman.record(), (), NOW).pregnant is None
    assert gather(Setting(sex=Sex.FEMALE, age=70).record(), (), NOW).pregnant is False
    said = Finding(
        "f", Coding("consilium", "pregnancy"), Label("Pregnant", "妊娠"), Status.PRESENT, Origin.NOTE, SOURCE
    )
    assert gather(woman.record(), (said,), NOW).pregnant is True
    assert gather(woman.record(), (replace(said, status=Status.ABSENT),), NOW).pregnant is False
    assert gather(woman.record(), (replace(said, scope=Scope.FAMILY),), NOW).pregnant is None


@pytest.mark.parametrize(
    ("text", "symbol", "phenotype"),
    [
        ("CYP2C19 poor metaboliser", "CYP2C19", "poor"),
        ("CYP2D6 Ultrarapid Metabolizer", "CYP2D6", "ultrarapid"),
        ("SLCO1B1 decreased function", "SLCO1B1", "decreased"),
        ("HLA-B*57:01 positive", "HLA-B*57:01", "positive"),
        ("HLA-B5701 positive", "HLA-B*57:01", "positive"),
        ("DPYD 中间代谢型", "DPYD", "intermediate"),
        ("G6PD deficient", "G6PD", "deficient"),
    ],
)
def test_gene_findings(text: str, symbol: str, phenotype: str) -> None:
    one = replace(gene("X", "y"), label=Label(text))
    assert gather(Setting().record(), (one,), NOW).genes[symbol][0] == phenotype


def test_newest_measurement_wins_and_the_future_does_not_count() -> None:
    record = replace(
        Setting().record(), observations=(lab("potassium", 3.1, 5), lab("potassium", 4.4, 2), lab("potassium", 9, -30))
    )
    assert gather(record, (), NOW).measured["potassium"].value == 4.4


def test_current_medicines() -> None:
    texts = (
        ("Warfarin 5 mg", "active"),
        ("Aspirin 81 mg", "stopped"),
        ("No known medications", "active"),
        ("????", "active"),
    )
    medications = tuple(Medication(f"m{n}", (), text, (SOURCE,), status=s) for n, (text, s) in enumerate(texts))
    coded = Medication(
        "m9", (Coding("RxNorm", "617310", "atorvastatin 20 MG Oral Tablet"),), "????", (SOURCE,), status="active"
    )
    context = gather(replace(Setting().record(), medications=(*medications, coded)), (), NOW)
    assert [m.drugs for m in context.current] == [("warfarin",), ("atorvastatin",)]


@pytest.mark.parametrize(
    ("text", "day"), [("2026-11-20T10:00:00Z", 20), ("20261120101500", 20), ("2026-11", 1), ("2026", 1), ("soon", None)]
)
def test_times(text: str, day: int | None) -> None:
    parsed = labs.parse_time(text)
    assert (parsed.day if parsed else None) == day


def test_child_pugh_counts_stated_signs_and_is_never_guessed() -> None:
    labs_of_a = {"bilirubin": 1.0, "albumin": 4.0, "inr": 1.0}
    assert gather(Setting(labs=labs_of_a).record(), (), NOW).child_pugh == ""
    assert gather(Setting(states=["cirrhosis"]).record(), (), NOW).child_pugh == ""
    assert gather(Setting(states=["cirrhosis"], labs=labs_of_a).record(), (), NOW).child_pugh == "A"
    signs = ["cirrhosis", "ascites", "hepatic_encephalopathy"]
    assert gather(Setting(states=signs, labs=labs_of_a).record(), (), NOW).child_pugh == "B"


@pytest.mark.parametrize(
    ("code", "text", "state", "expected"),
    [
        ("asthma_history", "History of asthma", "asthma", True),
        ("family_history_breast_cancer", "Breast cancer in the family", "breast_cancer", False),
        ("tuberculosis_contact", "Contact with tuberculosis", "tuberculosis", False),
        ("passive_smoking", "Passive smoking", "tobacco", False),
    ],
)
def test_findings_name_states_of_the_patient_only(code: str, text: str, state: str, expected: bool) -> None:
    one = Finding("f", Coding("consilium", code), Label(text), Status.PRESENT, Origin.NOTE, SOURCE)
    assert (state in gather(Setting().record(), (one,), NOW).states) is expected
