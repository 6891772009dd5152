"""What surrounds a finding: denials, questions and their answers, signs, advice, relatives."""

import pytest

from core.domain.basics import Source
from core.domain.finding import Scope, Status
from core.domain.record import Note, Patient
from core.findings.text import findings_in


def read(text: str) -> dict[str, tuple[Status, Scope]]:
    note = Note("n", text, Source("note.txt", "text"))
    return {f.code.code: (f.status, f.scope) for f in findings_in(note, Patient())}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("He no longer has chest pain.", "chest_pain"),
        ("Never had seizures.", "seizure"),
        ("She has not had any fever since Tuesday.", "fever"),
        ("Has not noticed blood in his stool.", "blood_in_stool"),
        ("Vomiting has stopped.", "vomiting"),
        ("The cough has gone away.", "cough"),
        ("Pain free today.", "pain"),
        ("Fever: none.", "fever"),
        ("Cough: yes, Fever: no, Rash: denied", "fever"),
        ("ROS: + fever, + chills, - cough", "cough"),
        ("ROS: (+) fever, (-) cough", "cough"),
        ("Chest pain (-), dyspnea (+)", "chest_pain"),
        ("Does she have chest pain? No.", "chest_pain"),
        ("发热：无；咳嗽：有。", "fever"),
        ("发热消退。", "fever"),
        ("从不吸烟饮酒。", "alcohol_use"),
        ("并非心绞痛。", "exertional_chest_pain"),
        ("家属否认患者有发热。", "fever"),
    ],
)
def test_these_are_denied(text: str, finding: str) -> None:
    assert read(text)[finding][0] is Status.ABSENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Not without pain.", "pain"),
        ("She does not deny having headaches.", "headache"),
        ("Fever absent, cough present.", "cough"),
        ("Cough: yes, Fever: no, Rash: denied", "cough"),
        ("ROS: + fever, + chills, - cough", "chills"),
        ("Symptoms:\n- cough\n- fever", "cough"),
        ("Chest pain (-), dyspnea (+)", "dyspnea"),
        ("Do you have a headache? Yes, a bad one.", "headache"),
        ("Denies nausea but reports diarrhea.", "diarrhea"),
        ("His son died of a heart attack; he has chest pain.", "chest_pain"),
        ("发热：无；咳嗽：有。", "cough"),
        ("父亲有高血压，患者头痛3天。", "headache"),
    ],
)
def test_these_are_present(text: str, finding: str) -> None:
    assert read(text)[finding] == (Status.PRESENT, Scope.CURRENT)


@pytest.mark.parametrize(
    ("text", "finding", "scope"),
    [
        ("Any fever? Any cough?", "cough", Scope.UNCERTAIN),
        ("Unclear whether he had a seizure.", "seizure", Scope.UNCERTAIN),
        ("有没有头痛？", "headache", Scope.UNCERTAIN),
        ("Seek care for worsening shortness of breath or chest pain.", "chest_pain", Scope.HYPOTHETICAL),
        ("Side effects include nausea and diarrhea.", "nausea", Scope.HYPOTHETICAL),
        ("Counseled on the signs of stroke such as facial droop.", "facial_droop", Scope.HYPOTHETICAL),
        ("药物可引起恶心、腹泻等副作用。", "diarrhea", Scope.HYPOTHETICAL),
        ("His son died of a heart attack.", "ischemic_risk_family_early", Scope.FAMILY),
    ],
)
def test_these_say_nothing_of_the_patient_now(text: str, finding: str, scope: Scope) -> None:
    assert read(text)[finding][1] is scope


@pytest.mark.parametrize(
    "text",
    [
        "The wire was cut and the cast applied after the procedure.",
        "C-spine films were reviewed.",
        "In layman's terms, on a scale of 1 to 10.",
        "The nurse rated the response.",
        "Satting well on RA.",
        "高血压的高的原因是什么。",
    ],
)
def test_everyday_words_are_no_findings(text: str) -> None:
    wrong = "wound immobilization recent_surgery vertigo scaly_rash healthcare_worker rodent_or_floodwater"
    assert not {*wrong.split(), "autoimmune_history", "high_altitude", "second_half_pregnancy"} & set(read(text))


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("My appetite is gone.", "loss_of_appetite"),
        ("Her periods have stopped.", "amenorrhea"),
        ("My sense of smell is gone.", "anosmia"),
        ("The pulse is absent in the foot.", "absent_peripheral_pulses"),
    ],
)
def test_a_denial_that_is_part_of_a_name_denies_nothing(text: str, finding: str) -> None:
    assert read(text)[finding][0] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Symptoms of appendicitis include fever and vomiting.", "fever"),
        ("Takes ibuprofen for headaches as needed.", "headache"),
        ("阑尾炎的症状包括发热、呕吐。", "vomiting"),
    ],
)
def test_general_statements_and_indications_are_said_of_nobody(text: str, finding: str) -> None:
    assert read(text)[finding][1] is Scope.HYPOTHETICAL


def test_two_relatives_each_keep_their_illness() -> None:
    text = "父亲因肺癌去世，母亲有糖尿病。"
    found = set(read(text))
    assert {"family_history_lung_cancer", "family_history_diabetes"} <= found
    assert not {"diabetes_history", "cancer_history", "active_cancer"} & found


@pytest.mark.parametrize(
    "text", ["没有发现宝贝发烧", "宝宝没有出现过发烧", "宝宝没有发烧 宝宝目前没有呕吐", "体检没有发现发热"]
)
def test_a_denial_runs_over_found_and_over_the_child(text: str) -> None:
    assert read(text)["fever"][0] is Status.ABSENT
    assert "decreased_fetal_movement" not in read(text)


def test_a_chinese_denial_within_a_description_ends_with_its_clause() -> None:
    note = Note("n", "双眼结膜充血无分泌物，口唇皲裂，杨梅舌。", Source("n", "text"))
    status = {f.code.code: f.status for f in findings_in(note, Patient())}
    assert status["eye_discharge"] is Status.ABSENT
    assert status["cracked_lips"] is status["strawberry_tongue"] is Status.PRESENT


def test_the_denial_before_a_longer_name_denies_it() -> None:
    note = Note("n", "没有便血，没有瘦。", Source("n", "text"))
    assert {f.code.code: f.status for f in findings_in(note, Patient())} == {
        "blood_in_stool": Status.ABSENT,
        "weight_loss": Status.ABSENT,
    }
