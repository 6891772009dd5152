"""Findings told in parts: any order where it may be, nothing that denies between, nothing beside what names state."""

import pytest

from core.domain.basics import Source
from core.domain.finding import Scope, Status
from core.domain.record import Note, Patient
from core.findings import parts
from core.findings.chinese import Matcher as Chinese
from core.findings.english import Match
from core.findings.text import findings_in
from core.knowledge import vocabulary
from tests.core.findings.reading import read


@pytest.mark.parametrize(("name", "least"), [("chinese", 350), ("english", 120)])
def test_every_pattern_names_a_known_finding_and_has_words(name: str, least: int) -> None:
    known = vocabulary.load()
    made = list(parts.patterns(name))
    assert len(made) > least
    assert not [p.key for p in made if p.key not in known or not all(word for part in p.parts for word in part)]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("眼前老有小黑点飘来飘去", "floaters"),
        ("心里砰砰跳", "palpitations"),
        ("晚上得垫两个枕头才能睡", "orthopnea"),
        ("体重三个月掉了十斤", "weight_loss"),
        ("月经提前了，量也多，有血块", "heavy_menstrual_bleeding"),
        ("早上起来手指头发僵", "morning_stiffness"),
        ("一咳嗽就漏尿", "stress_incontinence"),
        ("小腿一侧肿得比另一侧粗", "unilateral_leg_swelling"),
        ("鼻子闻不到味道", "anosmia"),
        ("My left calf is twice the size of the right one.", "unilateral_leg_swelling"),
        ("He had to stop halfway up the stairs to catch his breath.", "exertional_dyspnea"),
        ("The pain wakes her up at night.", "worse_at_night"),
        ("First meat would stick, and now even liquids do.", "dysphagia_solids_and_liquids"),
    ],
)
def test_parts_tell_a_finding(text: str, finding: str) -> None:
    assert read(text)[finding] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("手术后疼痛", "hand_pain"),
        ("头晕，胸痛", "headache"),
        ("头晕腹胀", "headache"),
        ("大便一天一次", "diarrhea"),
        ("妈妈说孩子发热", "sick_contact"),
        ("吃药后效果不好", "loss_of_appetite"),
        ("心电图跳得快", "palpitations"),
        ("The left pupil is no larger than the right.", "unilateral_leg_swelling"),
    ],
)
def test_these_tell_nothing_of_the_kind(text: str, finding: str) -> None:
    assert finding not in read(text)


def test_denial_around_and_between_is_heard() -> None:
    assert read("无眼前黑影飘动")["floaters"] is Status.ABSENT
    assert read("She did not have to stop on the stairs to breathe.")["exertional_dyspnea"] is Status.ABSENT
    assert read("眼前没有黑点").get("floaters") is not Status.PRESENT


def test_a_name_goes_before_what_is_told_inside_it() -> None:
    assert set(read("右下腹压痛")) == {"rlq_tenderness"}


def test_a_told_finding_replaces_the_vaguer_name_inside_it_only() -> None:
    vague, other = Match("pain", 3, 4, (3,)), Match("cough", 9, 11, (9,))
    told = Match("dysuria", 0, 4, (0,))
    assert parts.merged([vague, other], [told]) == [told, other]
    assert parts.merged([Match("dysuria", 0, 4, (0,))], [told]) == [Match("dysuria", 0, 4, (0,))]


def test_a_torn_name_is_found_where_nothing_else_stands_between() -> None:
    matcher = Chinese([("胸腔积液", "fluid"), ("胸腔肿物", "mass"), ("腹腔积液", "ascites")])
    assert [m.key for m in matcher.torn("胸腔少量积液", lambda between: True)] == ["fluid"]
    assert matcher.torn("胸腔少量积液", lambda between: False) == []
    assert matcher.torn("胸腔积液", lambda between: True) == []  # whole: the ordinary search finds it
    text = "胸腔有少量积液"
    (match,) = matcher.torn(text, lambda between: True)
    assert text[match.start : match.end] == text


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("大便没有血", "blood_in_stool"),
        ("没有痰", "productive_cough"),
        ("听力没有下降", "hearing_loss"),
        ("The knee is not swollen.", "knee_swelling"),
    ],
)
def test_a_denial_between_the_parts_denies_the_finding(text: str, finding: str) -> None:
    assert read(text)[finding] is Status.ABSENT


def test_a_denial_before_what_runs_past_a_comma_denies_its_first_word() -> None:
    found = read("没有咳嗽，没有痰")
    assert "dry_cough" not in found
    assert found["cough"] is found["productive_cough"] is Status.ABSENT


def test_less_is_not_none() -> None:
    assert "vaginal_discharge" not in read("白带不多")


def test_the_finding_with_more_words_takes_the_place_of_the_general_one() -> None:
    found = read("眼睛又红又痒")
    assert {"red_eye", "itchy_eyes"} <= set(found)
    assert "itching" not in found
    assert "watery_nose" in read("一直流清水鼻涕")


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("小便越来越不痛快，要等半天才出来", "urinary_hesitancy"),
        ("白带比以前多，有臭味", "foul_vaginal_discharge"),
    ],
)
def test_the_next_clause_goes_on_speaking_of_the_topic(text: str, finding: str) -> None:
    assert read(text)[finding] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("没有白带，有臭味", "foul_vaginal_discharge"),
        ("右下腹压痛、反跳痛", "right_lower_quadrant_pain"),
        ("双下肢感觉、肌力正常", "paraparesis"),
        ("眼前一黑，差点摔倒", "syncope"),
        ("突发寒战高热3天，最高40℃，咳铁锈色痰，右侧胸痛", "sudden_chest_pain"),
    ],
)
def test_these_words_belong_to_something_else(text: str, finding: str) -> None:
    assert finding not in read(text)


def test_a_relative_whom_the_note_begins_with_is_the_patient() -> None:
    note = Note("n", "我父亲71岁，这四五年小便越来越费劲。", Source("n", "text"))
    assert {f.scope for f in findings_in(note, Patient())} == {Scope.CURRENT}
    assert {f.scope for f in findings_in(note, Patient(age_years=40))} == {Scope.FAMILY}
