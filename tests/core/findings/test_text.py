"""Notes to findings: names, context, durations, spans."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.basics import Quantity, Source
from core.domain.finding import Scope, Status
from core.domain.record import Note, Patient, Sex
from core.findings import language
from core.findings.text import findings_in
from core.knowledge import vocabulary
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
    assert result["held_out"]["findings"]["f1"] >= 0.845  # measured .858; the goal of .90 is not reached here


@pytest.mark.parametrize(
    ("file", "least"),
    [("second", 0.91), ("third", 0.89), ("fourth", 0.83), ("sixth", 0.85), ("seventh", 0.75), ("eighth", 0.77)],
)
def test_later_sets_stay_near_their_measured_figures(file: str, least: float) -> None:
    result = sentences(SENTENCES.with_name(f"sentences_{file}.yaml"))
    assert result["held_out"]["findings"]["f1"] >= least


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


def test_a_place_inside_a_longer_name_is_no_finding_of_its_own() -> None:
    found = read("Pain on the right side of the chest.")
    assert "chest_pain" in found
    assert "flank_pain" not in found


def test_a_shared_site_belongs_to_each_of_a_list() -> None:
    found = read("Pain, stiffness and swelling of the left knee.")
    assert {"knee_pain", "knee_swelling"} <= set(found)


def test_units_are_no_findings() -> None:
    assert read("Respiratory rate 18/min, dose 5 mg, dull light.") == {}


def test_who_quit_smoking_does_not_smoke() -> None:
    assert "smoking" not in read("Smoked for 20 years, quit smoking five years ago.")
    assert "smoking" not in read("吸烟20年，已戒烟5年。")


def test_a_mans_note_names_no_pregnancy_of_his() -> None:
    note = Note("n", "Wife's pregnancy is normal; breastfeeding planned. Pregnant.", Source("n", "text"))
    codes = {f.code.code for f in findings_in(note, Patient(sex=Sex.MALE))}
    assert not codes & {"pregnancy", "breastfeeding"}
    assert "pregnancy" in read("She is pregnant.")


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("She is 9 weeks pregnant.", "first_trimester"),
        ("G2P1 at 34+2 weeks of gestation.", "second_half_pregnancy"),
        ("孕32周。", "second_half_pregnancy"),
        ("Temp 39.4 °C.", "high_fever"),
        ("Temperature of 101.2 °F.", "fever"),
        ("烧到38.5度。", "fever"),
    ],
)
def test_numbers_decide_weeks_and_degrees(text: str, finding: str) -> None:
    assert finding in read(text)


def test_a_normal_temperature_is_no_fever() -> None:
    assert not {"fever", "low_grade_fever", "high_fever"} & set(read("Temperature 36.8 °C. 体温36.5℃。"))


@pytest.mark.parametrize("text", ["Smoker for 20 years, cough.", "Cough. Smoked cigarettes for 20 years."])
def test_the_years_of_a_habit_are_not_the_complaints(text: str) -> None:
    note = Note("n", text, Source("n", "text"))
    cough = next(f for f in findings_in(note, Patient()) if f.code.code == "cough")
    assert cough.duration is None


@pytest.mark.parametrize(
    "text",
    [
        "Brought by his son with nausea.",
        "His wife recalls that he had nausea.",
        "Nausea that started one year ago.",
        "Long-term history of nausea.",
        "History of nausea for 3 weeks.",
    ],
)
def test_these_speak_of_the_patient_now(text: str) -> None:
    assert read(text)["nausea"] == (Status.PRESENT, Scope.CURRENT)


def test_a_collective_name_denies_each_of_its_findings_and_states_none() -> None:
    denied = read("No urinary symptoms, no weight changes.")
    assert {"dysuria", "urinary_frequency", "weight_loss", "weight_gain"} <= set(denied)
    assert {status for status, _ in denied.values()} == {Status.ABSENT}
    assert read("Urinary symptoms since Monday.") == {}
    assert read("无泌尿系症状。")["dysuria"][0] is Status.ABSENT


def test_what_is_normal_denies_what_would_not_be() -> None:
    found = read("Normal power and sensation. Lungs are clear.")
    assert found["focal_weakness"][0] is Status.ABSENT
    assert found["crackles"][0] is Status.ABSENT
    assert read("大小便正常，食欲正常。")["constipation"][0] is Status.ABSENT


def test_names_in_the_tables_are_findings() -> None:
    for name in ("english", "chinese"):
        table = language.load(name).table
        said = [key for part in ("denying", "several") for keys in table[part].values() for key in keys.split()]
        assert set(said) <= set(vocabulary.load().entries)


def test_a_section_on_allergies_states_the_allergy_and_not_its_reaction() -> None:
    found = read("Allergies: penicillin allergy (rash).")
    assert found["drug_allergy"] == (Status.PRESENT, Scope.CURRENT)
    assert found["rash"][1] is Scope.HYPOTHETICAL


def test_the_second_set_reaches_its_measured_figures() -> None:
    result = sentences(SENTENCES.with_name("sentences_second.yaml"))
    assert result["n"] == 120
    assert result["all"]["findings"]["f1"] >= 0.92
    assert result["all"]["negation"]["f1"] >= 0.95


def test_the_later_sets_reach_their_measured_figures() -> None:
    third = sentences(SENTENCES.with_name("sentences_third.yaml"))
    assert third["n"] == 150
    assert third["all"]["findings"]["f1"] >= 0.88  # before its round .740
    fourth = sentences(SENTENCES.with_name("sentences_fourth.yaml"))
    assert fourth["n"] == 60
    assert fourth["all"]["findings"]["f1"] >= 0.80  # before its round .684
    assert fourth["all"]["negation"]["f1"] >= 0.95
    fifth = sentences(SENTENCES.with_name("sentences_fifth.yaml"))
    assert fifth["n"] == 80
    assert fifth["all"]["findings"]["f1"] >= 0.73  # before its round .679: the honest distance to the goal of .90
    assert fifth["all"]["negation"]["f1"] >= 0.95


@pytest.mark.parametrize("text", ["My son has a fever and a cough.", "我儿子6岁，发烧、咳嗽三天。"])
def test_a_parents_child_is_the_patient_where_the_patient_is_a_child(text: str) -> None:
    note = Note("n", text, Source("note.txt", "text"))
    child = {f.code.code: f.scope for f in findings_in(note, Patient(age_years=6))}
    parent = {f.code.code: f.scope for f in findings_in(note, Patient(age_years=40))}
    assert child["fever"] is child["cough"] is Scope.CURRENT
    assert parent.get("fever") is not Scope.CURRENT
