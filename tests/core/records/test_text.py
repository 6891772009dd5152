from datetime import date

import pytest

from core.domain.record import Sex
from core.errors import Unreadable
from core.records import text


def _patient(words):
    return text.read(words.encode(), "n.txt").records[0].patient


@pytest.mark.parametrize(
    ("words", "age", "sex"),
    [
        ("A 67-year-old woman with cough.", 67, Sex.FEMALE),
        ("67 yo F presents with chest pain", 67, Sex.FEMALE),
        ("This 54 year old African American male has fever", 54, Sex.MALE),
        ("An 8-month-old boy with fever", 8 / 12, Sex.MALE),
        ("A 5-day-old girl with jaundice", 5 / 365.2425, Sex.FEMALE),
        ("A fifty-year-old male was presented", 50, Sex.MALE),
        ("A sixty-seven year old white woman", 67, Sex.FEMALE),
        ("A three-year-old girl", 3, Sex.FEMALE),
        ("Male, 34 years, with headache", 34, Sex.MALE),
        ("Age: 71\nSex: F\nComplaint: falls", 71, Sex.FEMALE),
        ("男，45岁，发热三天", 45, Sex.MALE),
        ("患者女性，62岁，因胸痛入院", 62, Sex.FEMALE),
        ("姓名：某某 性别：女 年龄：30岁", 30, Sex.FEMALE),
        ("患儿，男，8个月，咳嗽", 8 / 12, Sex.MALE),
        ("3岁男孩，发热", 3, Sex.MALE),
        ("孕妇，29岁，孕32周，因头痛2天入院", 29, Sex.FEMALE),
        ("29岁初产妇，产后3天", 29, Sex.FEMALE),
        ("Cough for 3 days, no fever", None, Sex.UNKNOWN),
        ("咳嗽3天，无发热", None, Sex.UNKNOWN),
        ("Chest pain since noon. I'm 71, on insulin.", 71, Sex.UNKNOWN),
        ("I'm 29 weeks and my tummy tightens. I'm 6 foot 2, I am 18 stone.", None, Sex.UNKNOWN),
        ("66M day 1 post colectomy", 66, Sex.MALE),
        ("F 31, G1, 32/40", 31, Sex.FEMALE),
        ("5/12 M ex-32/40, coryza", 5 / 12, Sex.MALE),
        ("My mother is 83 and has had four turns. She lives far from me.", 83, Sex.FEMALE),
        ("My two-year-old woke barking. He cried when I moved him.", 2, Sex.MALE),
        ("My baby is eleven weeks. I cry and I can't sleep and my back hurts.", None, Sex.UNKNOWN),
        ("My wife says I look yellow and I'm 70.", 70, Sex.UNKNOWN),
        ("A 74-year-old presents with cough. She smokes.", 74, Sex.FEMALE),
        ("我今年66岁，胸口发闷", 66, Sex.UNKNOWN),
        ("我爸67岁，这三个月没胃口", 67, Sex.MALE),
        ("孩子一岁半，昨晚发烧", 1.5, Sex.UNKNOWN),
        ("孩子两个半月了，我整天高兴不起来，我也睡不着", None, Sex.UNKNOWN),
        ("男，出生8天，足月顺产", 8 / 365.2425, Sex.MALE),
    ],
)
def test_age_and_sex(words, age, sex):
    patient = _patient(words)
    assert patient.sex is sex
    assert patient.age_years == (pytest.approx(age) if age else None)


def test_header_with_places():
    words = "SYNTHETIC\nPatient: TESTPATIENT, Rowan   DOB: 1958-03-02  MRN: SYN-004217\nA 67-year-old woman with fever."
    patient = _patient(words)
    assert (patient.name, patient.birth_date, patient.synthetic) == ("TESTPATIENT, Rowan", date(1958, 3, 2), True)
    assert patient.identifiers[0].value == "SYN-004217"
    assert all(words[s.start : s.end] == s.text for s in patient.sources)
    assert {s.text for s in patient.sources} >= {"67-year-old woman", "MRN: SYN-004217"}


def test_a_relative_is_not_the_patient():
    patient = _patient("Cough since Monday. Her mother is a 60-year-old woman with asthma.")
    assert (patient.age_years, patient.sex) == (None, Sex.UNKNOWN)


def test_chinese_header(samples):
    (record,) = text.read((samples / "chinese-note" / "note.txt").read_bytes(), "n.txt").records
    patient = record.patient
    assert (patient.name, patient.sex, patient.age_years, patient.birth_date) == (
        "测试患者",
        Sex.MALE,
        45,
        date(1980, 6, 15),
    )
    assert (record.notes[0].language, record.notes[0].time) == ("zh", "2025-11-12")


def test_gb18030_note():
    (record,) = text.read("患者，女，30岁，发热、咳嗽三天。".encode("gb18030"), "n.txt").records
    assert record.notes[0].text.startswith("患者")
    assert record.patient.sex is Sex.FEMALE


@pytest.mark.parametrize("data", [b"", b"  \n ", b"\x00\x01\x02" * 99])
def test_no_text(data):
    with pytest.raises(Unreadable):
        text.read(data, "n.txt")


def test_people_quoted_in_a_short_note_are_no_damaged_json() -> None:
    note = '患者说"心口像压了块石头"，家属说"他脸色发白"，约十分钟后缓解。'
    assert text.read(note.encode(), "note.txt").records[0].notes[0].text == note
    with pytest.raises(Unreadable):
        text.read(b'{"name": "x", "value": {"low": 1, "high": 2', "note.txt")
