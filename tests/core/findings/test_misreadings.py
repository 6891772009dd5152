"""Words that look like a finding and are another, or none; a kind stated keeps its parent's evidence."""

import functools

import pytest

from core.domain.finding import Status
from core.domain.record import Patient, Sex
from core.findings.text import findings_in
from core.findings.values import values_in
from core.knowledge import vocabulary
from tests.core.findings import reading

WOMAN = Patient(age_years=30, sex=Sex.FEMALE)
read = functools.partial(reading.read, patient=WOMAN)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("She heard a faint ringing in her left ear.", "syncope"),
        ("She heard a faint ringing in her left ear.", "unilateral_hearing_loss"),
        ("My hand wakes me at night and I shake it.", "tremor"),
        ("My feet burn at night.", "burn_skin"),
        ("It feels as if he were stabbed with a live wire.", "penetrating_injury"),
        ("An arterial blood gas showed a pH of 7.21.", "bloody_show"),
        ("An arterial blood gas showed a pH of 7.21.", "bloating"),
        ("It is sore on my elbow.", "skin_ulcer"),
        ("Fundoscopy shows a pale disc.", "pallor"),
        ("The optic disc is pale.", "pallor"),
        ("My father had the same years ago.", "sick_contact"),
        ("His father had the same.", "sick_contact"),
        ("I had a cold sore last week.", "recent_upper_respiratory_infection"),
        ("My wife had a cold sore last week.", "sick_contact"),
        ("下巴下面有疙瘩。", "vulvar_lump"),
        ("早上回吸涕带血丝，鼻塞。", "blood_in_stool"),
        ("右下肢痛3天", "right_lower_quadrant_pain"),
        ("最近经常熬夜", "shift_or_timezone"),
        ("脚大拇指痛", "thumb_pain"),
        ("尿白细胞 200/uL", "weak_urine_stream"),
    ],
)
def test_these_words_tell_nothing_of_the_kind(text: str, finding: str) -> None:
    assert finding not in read(text)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("She fainted at the bus stop.", "syncope"),
        ("She heard a faint ringing in her left ear.", "tinnitus"),
        ("He has a burn on his hand.", "burn_skin"),
        ("He burned his foot with hot water.", "burn_skin"),
        ("My feet burn at night.", "paresthesia"),
        ("Straight lines look wavy.", "metamorphopsia"),
        ("视物变形", "metamorphopsia"),
        ("My hand wakes me at night and I shake it.", "hand_wakes_shaking"),
        ("His hands shake at night.", "tremor"),
        ("He was stabbed with a knife.", "penetrating_injury"),
        ("There is a sore on my elbow.", "skin_ulcer"),
        ("She looks pale.", "pallor"),
        ("I had a cold sore last week.", "cold_sore"),
        ("I had a cold last week.", "recent_upper_respiratory_infection"),
        ("回吸涕带血丝", "blood_stained_nasal_mucus"),
        ("大便带血丝", "blood_in_stool"),
        ("右下肢痛3天", "leg_pain"),
        ("右下腹痛3天", "right_lower_quadrant_pain"),
        ("下面长了个疙瘩", "vulvar_lump"),
        ("脚大拇指痛", "big_toe_pain"),
        ("无宫缩，横位", "malpresentation"),
        ("皮肤无红热，膝关节肿痛", "knee_pain"),
    ],
)
def test_their_neighbours_are_read(text: str, finding: str) -> None:
    assert read(text)[finding] is Status.PRESENT


def test_a_chinese_denial_still_runs_through_a_list_after_its_comma() -> None:
    assert read("无发热，咳嗽")["cough"] is Status.ABSENT
    assert read("无宫缩，横位")["uterine_contractions"] is Status.ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "CSF: white cells 1200 ×10⁶/L, neutrophils 90%.",
        "CSF white cell count 450 x10^6/L",
        "Ascitic fluid neutrophils 600 /mm3.",
        "Urine white cells 120 /uL",
        "脑脊液白细胞 500×10⁶/L",
        "腹水白细胞 800×10⁶/L，中性粒细胞 85%",
        "尿白细胞 200/uL",
    ],
)
def test_cells_of_other_fluids_are_no_blood_count(text: str) -> None:
    assert values_in(reading.note(text)) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("尿频尿急，白细胞 15.2×10⁹/L", "白细胞"),
        ("多尿，血糖 20 mmol/L", "血糖"),
        ("Urine WBC 20/hpf, WBC 15.2 x10^9/L", ", WBC 15.2"),
        ("CSF glucose 1.8 mmol/L, serum glucose 14 mmol/L", "serum"),
        ("Blood: white cells 15.2 x10^9/L, neutrophils 90%", "white cells"),
    ],
)
def test_blood_values_beside_other_fluids_are_read(text: str, name: str) -> None:
    read_at = [o.sources[0].start for o in values_in(reading.note(text))]
    assert read_at
    assert min(read_at) >= text.index(name)


def test_a_temperature_is_pointed_at_whole() -> None:
    found = findings_in(reading.note("Fever up to 39.4 C"), Patient())
    assert {f.source.text for f in found if f.code.code == "high_fever"} == {"Fever up to 39.4"}


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        ("voice_change_weeks", "hoarseness"),
        ("metamorphopsia", "central_vision_loss"),
        ("first_step_heel_pain", "heel_pain"),
        ("hand_wakes_shaking", "numbness"),
        ("overspending_risky", "impulsivity"),
        ("fingerweb_itch", "itching"),
        ("auspitz_sign", "scaly_rash"),
        ("groin_pain_rotation", "groin_pain"),
        ("tibial_tubercle_lump", "knee_pain"),
        ("knee_pain_from_hip", "limp"),
        ("lump_reduces_lying", "lump"),
        ("first_cigarette_waking", "smoking"),
    ],
)
def test_a_kind_implies_its_parent(kind: str, parent: str) -> None:
    assert parent in vocabulary.load().ancestors(kind)


@pytest.mark.parametrize(
    ("text", "also"),
    [
        ("She worries about not sleeping.", "insomnia"),
        ("Dots and blots were seen on the retina.", "retinal_hemorrhages"),
        ("He is responding to unseen others.", "hallucinations"),
        ("早上消肿", "leg_swelling"),
    ],
)
def test_a_phrase_of_two_findings_states_both(text: str, also: str) -> None:
    assert read(text)[also] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Blood pressure 148/84, chest clear.", "crushing_chest_pain"),
        ("A heavy smoker with a cough, chest film normal.", "crushing_chest_pain"),
        ("The dentist's nurse took my pressure.", "pitting_edema"),
        ("Saturation 95% falling to 88% on walking.", "falls"),
        ("There is a parasternal heave.", "nausea"),
        ("Temp 38, pulse 104.", "high_fever"),
        ("There is blood on her pants.", "blood_in_stool"),
        ("There is blood on her pants.", "dyspnea"),
        ("Red cracked skin that weeps.", "hematuria"),
        ("Breathless, sputum, blocked nose.", "exertional_dyspnea"),
        ("He put his glasses on the pillow.", "takes_oral_contraceptive"),
        ("A painless lump in the left side of the neck.", "neck_pain"),
        ("I can't concentrate and I fall asleep at eight.", "insomnia"),
        ("Mother and brother same.", "sick_contact"),
        ("Pain as the midwife pulls on the cord.", "pain_on_pulling_ear"),
        ("A harsh murmur that gets softer when he squats.", "squatting_relief"),
        ("A scratch from the dog has gone red.", "itching"),
        ("The placenta came away with bloody discharge.", "bloody_nipple_discharge"),
        ("She remembers no injury.", "recent_trauma"),
        ("I feel sick most mornings since starting metformin.", "nausea_of_pregnancy"),
        ("He is unsteady in the dark but fine in the living room.", "postictal_confusion"),
        ("Her skin is like sandpaper and she feels cold.", "sandpaper_rash"),
    ],
)
def test_these_words_are_another_thing(text: str, finding: str) -> None:
    assert read(text).get(finding) is not Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("No one in the family has diabetes.", "diabetes_history"),
        ("Nobody in the family has hypertension.", "hypertension_history"),
    ],
)
def test_nobody_in_the_family_has_it(text: str, finding: str) -> None:
    assert read(text).get(finding) is not Status.PRESENT


def test_who_cannot_do_it_without_does_it() -> None:
    assert read("She cannot swallow water without coughing.")["cough"] is Status.PRESENT
    assert read("No chest pain, ECG shows sinus tachycardia.")["ecg_sinus_tachycardia"] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("The red lochia never stopped.", "skin_redness"),
        ("It hurts to cough or hop.", "cough"),
        ("CT shows many small nodules in both lungs.", "lump"),
        ("He wheezes on breathing out.", "dyspnea"),
        ("Exercise is well tolerated.", "exertional_dyspnea"),
        ("Electric shocks shoot over the scalp.", "electric_contact"),
        ("When I go out in the cold my nose runs.", "loss_of_consciousness"),
        ("It is not painful at all.", "body_aches"),
        ("Pulse 92, headache since Monday.", "pulsating_headache"),
        ("A red rash on my chest and face.", "facial_flushing_plethora"),
        ("She goes red and her eye streams.", "hematuria"),
        ("The ERCP stent was never removed.", "coronary_artery_disease_history"),
        ("She uses tampons.", "foreign_body_retained_tampon"),
        ("She takes antacids.", "takes_ppi"),
        ("No chest pain or weight loss.", "crushing_chest_pain"),
        ("Chest clear, blood pressure 104/70.", "crushing_chest_pain"),
        ("Woken three nights a week by cramp in the calf.", "nocturia"),
        ("He had to rest her jaw.", "pain_radiating_to_jaw"),
        ("In spite of two tablets her pressure is up.", "spitting_up"),
        ("Abdominal pain; he vomits food eaten the day before.", "abdominal_pain_after_meals"),
    ],
)
def test_words_that_only_describe_or_provoke(text: str, finding: str) -> None:
    assert finding not in read(text)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Her shin is red and hot.", "skin_redness"),
        ("He has a cough.", "cough"),
        ("She felt a lump on the wrist.", "lump"),
        ("I am out of breath.", "dyspnea"),
        ("He was out for a minute.", "loss_of_consciousness"),
        ("I ache all over.", "body_aches"),
        ("If I bend, sour stuff comes up.", "regurgitation"),
    ],
)
def test_the_same_words_as_findings(text: str, finding: str) -> None:
    known = vocabulary.load()
    assert any(finding == key or finding in known.ancestors(key) for key in read(text) if key in known.entries)


def test_a_list_goes_on_after_not() -> None:
    found = read("She does not fall, jerk or wet herself.")
    assert found["urinary_incontinence"] is Status.ABSENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("He gets breathing problems when he walks in cold wind.", "exertional_dyspnea"),
        ("Ultrasound shows a collapsed gallbladder.", "syncope"),
        ("Stroking the thigh lifts the testis.", "stroke_history"),
        ("She goes to the grave daily.", "thyroid_disease_history"),
        ("Skin burns and a rash on the neck that spreads.", "radiation_history"),
        ("I do not wake up at night with it.", "suicidal_ideation"),
        ("The drops were useless.", "guilt_worthlessness"),
        ("He puts his hand back on the table.", "dorsal_hand_foot_site"),
        ("The baby breathes fast when he cries.", "fasting_trigger"),
        ("She has a red nose and flaky eyebrows.", "red_eye"),
        ("He drinks water and herbal tea.", "dark_urine"),
        ("Back pain not relieved by exercise.", "inflammatory_back_pain"),
        ("By day he is not sleepy.", "insomnia"),
        ("Painkillers hardly help.", "relief_with_nsaid"),
        ("Bruise from the belt.", "easy_bruising"),
    ],
)
def test_a_word_or_two_in_common_is_no_finding(text: str, finding: str) -> None:
    assert read(text).get(finding) is not Status.PRESENT


def test_a_denial_ends_where_a_clause_of_its_own_begins() -> None:
    assert read("There is no sound at all, lips go blue within seconds.")["cyanosis"] is Status.PRESENT
    assert read("No fever, cough or chest pain.")["chest_pain"] is Status.ABSENT


def test_a_couple_has_it_together() -> None:
    found = findings_in(reading.note("He and his wife have tried for a baby for two years."), Patient(sex=Sex.MALE))
    assert [f.scope.value for f in found if f.code.code == "infertility"] == ["current"]
