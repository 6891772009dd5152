"""Notes to findings: names, context, durations, spans."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.basics import Quantity, Source
from core.domain.finding import Scope, Status
from core.domain.record import Note, Patient
from core.findings.text import findings_in
from core.verbs.evaluate_notes import compare, sentences

SENTENCES = Path(__file__).parent / "sentences.yaml"


def read(text: str) -> dict[str, tuple[Status, Scope]]:
    note = Note("n", text, Source("note.txt", "text"))
    return {f.code.code: (f.status, f.scope) for f in findings_in(note, Patient())}


def test_labelled_sentences_reach_the_measured_figures() -> None:
    result = sentences(SENTENCES)
    assert result["n"] >= 300
    assert result["all"]["findings"]["f1"] >= 0.90
    assert result["all"]["negation"]["f1"] >= 0.95
    assert result["held_out"]["negation"]["f1"] >= 0.95
    assert result["held_out"]["findings"]["f1"] >= 0.82  # measured; the goal of .90 is not reached on unseen sentences


@pytest.mark.parametrize(
    ("text", "finding", "status"),
    [
        ("Pain in the right upper abdomen.", "right_upper_quadrant_pain", Status.PRESENT),
        ("Denies rigors, chest pain or cough.", "cough", Status.ABSENT),
        ("Denies cough but has a fever.", "fever", Status.PRESENT),
        ("Fever was denied.", "fever", Status.ABSENT),
        ("There is no improvement of the cough.", "cough", Status.PRESENT),
        ("No appetite for a week.", "loss_of_appetite", Status.PRESENT),
        ("She is afebrile.", "fever", Status.ABSENT),
        ("无发热、咳嗽、咳痰。", "productive_cough", Status.ABSENT),
        ("无发热，咳嗽3天。", "cough", Status.PRESENT),
        ("不能平卧。", "orthopnea", Status.PRESENT),
        ("墨菲征阴性。", "murphy_sign", Status.ABSENT),
        ("头有点疼。", "headache", Status.PRESENT),
        ("不发烧。", "fever", Status.ABSENT),
    ],
)
def test_status(text: str, finding: str, status: Status) -> None:
    assert read(text)[finding][0] is status


@pytest.mark.parametrize(
    ("text", "finding", "scope"),
    [
        ("Possible seizure.", "seizure", Scope.UNCERTAIN),
        ("Return if fever develops.", "fever", Scope.HYPOTHETICAL),
        ("Her mother has diabetes.", "family_history_diabetes", Scope.FAMILY),
        ("Her mother says he has a fever.", "fever", Scope.CURRENT),
        ("Previous seizures.", "seizure", Scope.HISTORY),
        ("2-day history of fever.", "fever", Scope.CURRENT),
        ("母亲有高血压。", "family_history_hypertension", Scope.FAMILY),
        ("妈妈说孩子发烧。", "fever", Scope.CURRENT),
        ("如出现高热请就诊。", "high_fever", Scope.HYPOTHETICAL),
    ],
)
def test_scope(text: str, finding: str, scope: Scope) -> None:
    assert read(text)[finding][1] is scope


def test_section_headers_set_status_and_scope() -> None:
    found = read("Absent findings: fever, cough\nFamily history: diabetes\nPresentation: headache")
    assert found["fever"][0] is Status.ABSENT
    assert found["family_history_diabetes"][1] is Scope.FAMILY
    assert found["headache"] == (Status.PRESENT, Scope.CURRENT)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("Cough for 3 days.", Quantity(3.0, "d")),
        ("A two-week history of headache.", Quantity(2.0, "wk")),
        ("咳嗽3天。", Quantity(3.0, "d")),
        ("头痛半年。", Quantity(0.5, "a")),
        ("A 40 year old man with cough.", None),
    ],
)
def test_duration(text: str, duration: Quantity | None) -> None:
    note = Note("n", text, Source("note.txt", "text"))
    assert findings_in(note, Patient())[0].duration == duration


def test_the_most_specific_name_wins() -> None:
    assert set(read("Severe headache.")) == {"severe_headache"}
    assert "chest_pain" not in read("Crushing chest pain.")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from(" ,.;\n无有痛热发烧咳嗽、，。nofever chestpain123/°%-"), max_size=120))
def test_spans_are_exact_for_any_text(text: str) -> None:
    note = Note("n", text, Source("note.txt", "text"))
    for finding in findings_in(note, Patient()):
        source = finding.source
        assert 0 <= source.start < source.end <= len(text)
        assert source.text == text[source.start : source.end]
        assert source.place == "n"


def test_the_measure_counts_what_is_wrong() -> None:
    note = Note("n", "Fever. No cough.", Source("note.txt", "text"))
    count, said = compare({"present": ["cough", "rash"]}, findings_in(note, Patient()))
    assert (count["tp"], count["fp"], count["fn"], count["neg_fp"]) == (1, 1, 1, 1)
    assert "rash" in said
