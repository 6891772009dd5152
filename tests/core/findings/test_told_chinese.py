"""Chinese words that look like a finding and are another, or none; where denials and family histories end."""

import pytest

from core.domain.basics import Source
from core.domain.finding import Scope, Status
from core.domain.record import Note, Patient
from core.findings import told_chinese
from core.findings.text import findings_in


def read(text: str, age: float = 30) -> dict[str, Status]:
    note = Note("n", text, Source("n", "text"))
    own = [f for f in findings_in(note, Patient(age_years=age)) if f.scope is not Scope.FAMILY]
    return {f.code.code: f.status for f in own}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("咳嗽、打喷嚏就漏尿。", "cough"),
        ("咳嗽时腰疼更厉害。", "cough"),
        ("胸部CT见右肺小结节。", "lump"),
        ("口鼻分泌物多。", "vaginal_discharge"),
        ("左臂血压测不出，右臂150/88mmHg。", "shock"),
        ("体重增长缓慢。", "weight_gain"),
        ("补液后尿量增多。", "polyuria"),
        ("伤口有两个牙痕，渗血不止。", "gum_bleeding"),
        ("括约肌紧张。", "guarding"),
        ("血管紧张素转换酶升高。", "anxiety"),
        ("左输尿管轻度扩张。", "urinary_catheter"),
        ("触及震颤。", "tremor"),
        ("尿胆红素阴性。", "hematuria"),
        ("膀胱空虚。", "chronic_emptiness"),
        ("痰抗酸染色阴性。", "productive_cough"),
        ("上腹部可闻及血管杂音。", "heart_murmur"),
        ("右眼外展受限。", "hip_abduction_limited"),
        ("冷得牙打架。", "rule_breaking"),
        ("差点摔倒。", "falls"),
        ("甲状腺功能正常。", "thyroid_disease_history"),
        ("反复抽搐1年。", "smoking"),
        ("腹股沟淋巴结触痛。", "abdominal_tenderness"),
        ("第一磨牙叩痛。", "tooth_grinding"),
        ("肠鸣音正常。", "high_pitched_bowel_sounds"),
        ("妈妈年轻时也这样。", "sick_contact"),
        ("手指肿，一跳一跳地疼。", "pulsating_headache"),
        ("月经多，脸色发黄，没力气。", "jaundice"),
        ("血压忽高忽低。", "hypotension"),
        ("晚上睡不着，大便一天三四次。", "nocturnal_diarrhea"),
    ],
)
def test_these_words_tell_nothing_of_the_kind(text: str, finding: str) -> None:
    assert finding not in read(text)


@pytest.mark.parametrize(
    ("text", "finding", "status"),
    [
        ("无发热，精神稍差，面色苍白。", "pallor", Status.PRESENT),
        ("腹软，无压痛、反跳痛。", "rebound_tenderness", Status.ABSENT),
        ("腹软，无压痛、反跳痛。", "abdominal_tenderness", Status.ABSENT),
        ("扁桃体无肿大及脓点。", "pustules", Status.ABSENT),
        ("全腹压痛，反跳痛。", "rebound_tenderness", Status.PRESENT),
        ("无关节痛、口腔溃疡。", "joint_pain", Status.ABSENT),
        ("疼痛与活动无关，伴心慌。", "palpitations", Status.PRESENT),
        ("无意识障碍。", "altered_consciousness", Status.ABSENT),
        ("可触及表面凹凸不平的包块。", "lump", Status.PRESENT),
        ("阴茎无痛性溃疡。", "genital_ulcer", Status.PRESENT),
        ("不玩就烦躁不安。", "agitation", Status.PRESENT),
        ("无肾病家族史，皮肤紫癜。", "purpura", Status.PRESENT),
        ("和同学头撞头，当时头晕。", "dizziness", Status.PRESENT),
        ("父母体健，不吸烟。", "smoking", Status.ABSENT),
        ("哭闹后青紫加重。", "cyanosis", Status.PRESENT),
        ("无青紫。", "cyanosis", Status.ABSENT),
        ("解完大便总觉得没拉干净。", "tenesmus", Status.PRESENT),
        ("咳嗽两周，咳白痰。", "cough", Status.PRESENT),
        ("神志清，巴氏征未引出。", "babinski_sign", Status.ABSENT),
    ],
)
def test_status(text: str, finding: str, status: Status) -> None:
    assert read(text)[finding] is status


def test_a_childs_words_are_an_adults_of_another_kind() -> None:
    assert "ill_appearing" in read("神清，精神差。", age=60)
    assert "child_lethargy" in read("神清，精神差。", age=3)
    assert "agitation" in read("烦躁，大汗。", age=60)


def test_the_text_for_context_is_as_long_as_the_note() -> None:
    text = "与家人争吵后，无发热，精神稍差，母亲有糖尿病家族史，不吃就难受。"
    assert len(told_chinese.told(text)) == len(text)
