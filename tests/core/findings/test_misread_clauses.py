"""Words that a clause, a denial or their company keeps from being a finding, and neighbours that are one."""

import functools

import pytest

from core.domain.finding import Status
from core.domain.record import Patient, Sex
from core.findings.text import findings_in
from tests.core.findings import reading

WOMAN = Patient(age_years=30, sex=Sex.FEMALE)
read = functools.partial(reading.read, patient=WOMAN)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("She was catching a falling sofa.", "falls"),
        ("Pain at the back of the right knee.", "back_pain"),
        ("He has terrible pain in the lower leg.", "leg_ulcer"),
        ("The running club is impossible now.", "clubbing"),
        ("Lifting it does not help.", "proximal_muscle_weakness"),
        ("I feel dreadful today.", "anxiety"),
        ("Elbows and scalp are free.", "scaly_rash"),
        ("The bump on the side of my right big toe.", "obesity"),
        ("No vomiting, and she has passed stool.", "obstipation"),
        ("The pain shoots up the forearm.", "intravenous_drug_use"),
        ("A knee that is red, hot and tense.", "compartment_tense"),
        ("Rectal examination finds an evenly enlarged gland.", "lymphadenopathy"),
    ],
)
def test_single_words_need_their_company(text: str, finding: str) -> None:
    assert read(text).get(finding) is not Status.PRESENT


def test_who_became_ill_is_ill() -> None:
    assert read("A woman with no earlier liver trouble became nauseated.")["nausea"] is Status.PRESENT
    assert read("He has never become dizzy.")["dizziness"] is Status.ABSENT
    assert read("He falls several times a week.")["falls"] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("The left ear itches, with a watery smelly discharge.", "foul_vaginal_discharge"),
        ("A faint high whistle at night.", "syncope"),
        ("I hear people but can't make out what they say.", "hallucinations"),
        ("Her weight fell from 55 to 47 kg.", "recent_trauma"),
        ("I don't want to change for PE.", "previous_vte"),
        ("Her last period was a week ago.", "amenorrhea"),
        ("Tender lower abdomen without rigidity.", "muscle_rigidity"),
        ("He has had loose stools a few times a week.", "constipation"),
        ("It hurts when she looks to the side.", "flank_pain"),
        ("My partner says I snore as well.", "sick_contact"),
    ],
)
def test_the_note_around_a_word_tells_what_it_is(text: str, finding: str) -> None:
    assert finding not in read(text)


def test_non_denies_one_word_only() -> None:
    found = read("He has had a non-itchy rash for three weeks, with tiredness and a low fever.")
    assert found["itching"] is Status.ABSENT
    assert found["fatigue"] is Status.PRESENT
    assert (
        read("No real pain, and I can't get up the stairs without stopping for breath.")["exertional_dyspnea"]
        is Status.PRESENT
    )


def test_without_reaches_over_a_list_that_ends_in_or_only() -> None:
    found = read("Red eyes without pus, cracked lips, blotchy rash.")
    assert found["rash"] is Status.PRESENT
    assert found["purulent_eye_discharge"] is Status.ABSENT
    assert read("Without fever, cough or chest pain.")["chest_pain"] is Status.ABSENT


def test_her_head_is_no_new_subject() -> None:
    assert read("She did not hit her head or lose consciousness.")["loss_of_consciousness"] is Status.ABSENT


def test_a_result_ends_a_denial() -> None:
    assert read("No bleeding, platelets 170, lymphocytes low.")["lymphopenia"] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("BP 98/60 falling on standing.", "falls"),
        ("His throwing speed has fallen.", "recreational_drug_use"),
        ("Her father pulled her out blue.", "sudden_onset"),
        ("CT: a nodule with a halo of ground glass.", "halos_around_lights"),
        ("CT shows three small ring lesions.", "ring_shaped_rash"),
        ("Blood cultures sterile.", "blood_culture_positive"),
        ("Film: many small shadows with over-inflation.", "curtain_over_vision"),
        ("She cannot have her left leg opened fully.", "trismus"),
    ],
)
def test_what_is_measured_or_shown_is_not_felt(text: str, finding: str) -> None:
    assert read(text).get(finding) is not Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Her calf circumferences are equal.", "unilateral_leg_swelling"),
        ("The stools are hard to flush.", "flushing"),
        ("He had loose stools last week.", "constipation"),
        ("Her eyes rolled about.", "mobile_smooth_breast_lump"),
        ("He has stiff limbs.", "generalized_tonic_clonic_seizure"),
        ("Heartburn tablets did nothing.", "heartburn"),
        ("She had two normal pregnancies.", "pregnancy"),
        ("The scan lights up a spot.", "hypopigmentation"),
        ("There is a fluid level behind the heart.", "pericardial_effusion"),
        ("The spleen tip is not felt.", "splenomegaly"),
        ("His water flushes were forgotten.", "memory_loss"),
        ("He does not drink or use drugs.", "recreational_drug_use"),
        ("He had a tooth abscess.", "skin_abscess"),
        ("Blood oozes from the wound without clotting.", "previous_vte"),
        ("She received magnesium for high pressure.", "hypermagnesemia"),
        ("He had thrush of the foreskin twice.", "oral_white_patches"),
        ("The film shows little gas in the colon.", "bloating"),
        ("There are rushes of tinkling sounds as the pain comes.", "phonophobia"),
        ("A grape-like lump lies above the testicle.", "vaginal_wall_mass"),
        ("He felt better as his urine turned dark.", "headache_relieved_by_dark_room"),
        ("The groin glands are normal.", "inguinal_lymphadenopathy"),
        ("A pool of clear fluid lies in the vagina.", "vesicular_rash"),
        ("The girl, born at 30 weeks, is small.", "third_trimester"),
        ("The skin is crinkled like cigarette paper.", "smoking"),
        ("She has been scratching down below for over two years.", "low_mood_two_years"),
        ("A dark-skinned boy has bowed legs.", "hyperpigmentation"),
        ("The film shows strips of collapse.", "syncope"),
        ("She stopped the pill to conceive.", "medication_nonadherence"),
        ("The abdomen is full and tender.", "abdominal_mass"),
    ],
)
def test_words_around_tell_that_it_is_something_else(text: str, finding: str) -> None:
    assert read(text).get(finding) is not Status.PRESENT


def test_what_the_patient_takes_or_gave_up_is_not_denied_with_the_list_before() -> None:
    assert read("No asthma, stopped smoking years ago.")["former_smoker"] is Status.PRESENT
    assert read("No fever, takes the pill, smokes.")["smoking"] is Status.PRESENT
    assert read("No focal weakness, reflexes brisk.")["hyperreflexia"] is Status.PRESENT
    assert read("No rash, fever or smoking.")["smoking"] is Status.ABSENT
    assert read("No hernia, distended, drum-like, tender.")["hyperresonance"] is Status.PRESENT
    assert read("No swelling, foot pulses weak.")["absent_peripheral_pulses"] is Status.PRESENT
    assert read("No rash, pale stools or dark urine.")["pale_stool"] is Status.ABSENT


def test_medicines_not_taken_deny_no_complaint() -> None:
    assert read("An irregular heartbeat he takes no tablets for brought a sudden pain.")["pain"] is Status.PRESENT


def test_who_is_born_of_parents_is_the_patient() -> None:
    found = findings_in(reading.note("A boy of Armenian parents has belly pain."), Patient())
    assert [f.scope.value for f in found if f.code.code == "abdominal_pain"] == ["current"]


def test_who_finds_him_so_is_not_so_herself() -> None:
    found = findings_in(reading.note("His wife finds him muddled."), Patient())
    assert [f.scope.value for f in found if f.code.code == "confusion"] == ["current"]


def test_cramps_without_a_belly_are_of_muscles() -> None:
    assert read("I get cramps and flutters in my chest.")["muscle_cramps"] is Status.PRESENT
    assert "muscle_cramps" not in read("Diarrhoea six times a day with cramps before each.")
    assert read("Without warning her heart raced.")["palpitations"] is Status.PRESENT
    assert read("HIV neg last month.")["hiv_history"] is Status.ABSENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("A dusky, woody area with grey blisters, crackling under the fingers.", "cyanosis"),
        ("A dusky, woody area with grey blisters, crackling under the fingers.", "joint_swelling"),
        ("Leg swollen to knee.", "knee_swelling"),
        ("Dark centre, pale ring, red outer ring on palms.", "palmar_erythema"),
        ("Dark centre, pale ring, red outer ring on palms.", "pallor"),
        ("Since last year he takes a gliptin for sugar.", "chronic_course"),
        ("She remembers no injury.", "amnesia_for_event"),
        ("Dusky target-like spots spread over his chest.", "erythema_migrans"),
        ("A pacemaker was fitted at 60.", "seizure"),
        ("My jaw clicks in front of the ear when I yawn and aches after chewing.", "popping_ears"),
        ("My jaw clicks in front of the ear when I yawn and aches after chewing.", "jaw_claudication"),
        ("Her gums are scarlet, swollen and bleed, and there are lots of little blisters.", "bleeding_tendency"),
        ("Gums puffy, teeth firm, no ulcers, no fever.", "skin_ulcer"),
    ],
)
def test_a_word_of_something_else_is_not_the_finding(text: str, finding: str) -> None:
    assert finding not in read(text)


def test_she_may_go_on_about_my_aunt() -> None:
    found = findings_in(reading.note("My aunt has it and she also takes thyroxine."), Patient())
    assert [f.scope.value for f in found] == ["family"]
    found = findings_in(reading.note("My mother has asthma and I have a cough."), Patient())
    assert [f.scope.value for f in found if f.code.code == "cough"] == ["current"]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("血尿酸612μmol/L", "hematuria"),
        ("右拇指痛觉减退", "thumb_pain"),
        ("肌酸激酶5600U/L", "myalgia"),
        ("泌乳素升高", "galactorrhea"),
        ("左眼黄斑区出血", "jaundice"),
        ("皮肤上有黄豆大的水疱", "jaundice"),
        ("小腿肚子突然抽筋", "colicky_abdominal_pain"),
        ("按骨头前面那块软的地方疼", "frontal_headache"),
        ("喉头紧缩感", "band_like_headache"),
        ("目前头痛两天", "frontal_headache"),
        ("咳嗽加重三天", "pain_with_straining"),
        ("密密麻麻的红点", "numbness"),
        ("睡不安稳", "anxiety"),
        ("自觉太胖，每天只吃青菜", "obesity"),
        ("局部红肿发热，不能触碰", "fever"),
        ("踮脚无力", "fatigue"),
        ("球结膜水肿", "edema"),
        ("外踝下面肿得像馒头", "facial_swelling"),
        ("血沉、类风湿、抗核抗体都查过没问题", "autoimmune_history"),
        ("鼻孔一直流血", "runny_nose"),
        ("作业写到十一点，丢三落四", "memory_loss"),
        ("左下面那颗烂了洞的大牙疼", "genital_ulcer"),
        ("白天坐着就睡着", "orthopnea"),
        ("疼过一次，吃点止疼药五六天就好", "abdominal_pain_relieved_by_eating"),
        ("聚会吃火锅后，凌晨右脚剧痛", "pain_after_fatty_meal"),
        ("一到晚上躺床上两条小腿难受", "immobilization"),
        ("面部能看见红血丝", "bloody_show"),
        ("一咽东西、转头就疼", "headache"),
        ("双侧颈部肿块", "goiter"),
        ("颈部可触及2cm质硬淋巴结", "neck_stiffness"),
        ("指腹紫红色痛性结节", "abdominal_pain"),
        ("像蚊子包一样鼓起来", "insect_bite_marks"),
        ("HPV16阳性", "h_pylori_positive"),
        ("臀部见红色斑丘疹伴瘙痒", "hyperpigmentation"),
        ("CT示右顶叶出血伴水肿", "edema"),
        ("这次过了四十多天还没来", "prolonged_menses"),
        ("抽血说几项激素都偏低", "takes_steroid"),
        ("腰穿压力大于400mmH2O", "recent_stressor"),
        ("右外展神经麻痹", "numbness"),
        ("昨天晚上肚子一阵一阵地疼", "epigastric_pain"),
        ("咀嚼时下颌酸痛", "pain_on_biting"),
    ],
)
def test_chinese_words_inside_other_words(text: str, finding: str) -> None:
    assert finding not in read(text)


@pytest.mark.parametrize(
    ("text", "finding", "status"),
    [
        ("双附件未及包块", "adnexal_mass", Status.ABSENT),
        ("喘气没问题", "dyspnea", Status.ABSENT),
        ("没有精神病史", "schizophrenia_history", Status.ABSENT),
        ("每晚只能睡两三个小时", "insomnia", Status.PRESENT),
        ("心电图T波高尖、P波消失", "ecg_peaked_t", Status.PRESENT),
        ("咳嗽、咳痰消失", "cough", Status.ABSENT),
        ("没有心慌出汗那种发作", "sweating", Status.ABSENT),
        ("宝宝没有精神萎靡", "ill_appearing", Status.ABSENT),
        ("没有发烧肚子痛", "abdominal_pain", Status.ABSENT),
        ("右手大拇指、食指、中指老是发麻", "hand_numbness_median", Status.PRESENT),
        ("早上下床头几步像踩在钉子上", "first_step_heel_pain", Status.PRESENT),
        ("高血压停药1月", "medication_nonadherence", Status.PRESENT),
        ("腰痛，咳嗽时加重", "pain_with_straining", Status.PRESENT),
    ],
)
def test_what_chinese_sites_and_lists_tell(text: str, finding: str, status: Status) -> None:
    assert read(text)[finding] is status


def test_company_is_not_the_patient_s_family() -> None:
    found = findings_in(reading.note("与家人争吵后口服农药"), Patient(age_years=30))
    assert all(f.scope.value == "current" for f in found)


def test_the_symptoms_of_this_child_are_stated_and_those_of_a_disease_are_not() -> None:
    assert read("他的症状是打喷嚏")["sneezing"] is Status.PRESENT
    general = findings_in(reading.note("阑尾炎的症状包括呕吐"), Patient(age_years=30))
    assert all(f.scope.value != "current" for f in general if f.code.code == "vomiting")
