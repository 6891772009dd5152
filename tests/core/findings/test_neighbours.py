"""What stands around a word decides whether it tells a complaint: one muscle, one dose, another organ, another hour."""

import pytest

from core.domain.basics import Source
from core.domain.finding import Status
from core.domain.record import Note, Patient
from core.findings.text import findings_in


def read(text: str) -> dict[str, Status]:
    return {f.code.code: f.status for f in findings_in(Note("n", text, Source("n", "text")), Patient())}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("His grip is weak.", "generalized_weakness"),
        ("Triceps weak on the left.", "generalized_weakness"),
        ("There is weakness of the right leg.", "generalized_weakness"),
        ("Coughing hurts.", "cough"),
        ("It hurts when I cough.", "cough"),
        ("Twisting, coughing and even her bra strap set it off.", "cough"),
        ("Sneezing and sitting in the van are agony.", "sneezing"),
        ("A pressing pain across the forehead.", "sinus_tenderness"),
        ("Her last period was two weeks ago.", "prolonged_menses"),
        ("My side hurts.", "flank_pain"),
        ("He vomited this morning.", "early_morning_vomiting"),
        ("She has a morning headache with vomiting.", "early_morning_vomiting"),
        ("He has night sweats, mouth ulcers and loose stools.", "nocturnal_diarrhea"),
        ("It went away after prednisolone.", "takes_steroid"),
        ("Nitroglycerin helps.", "takes_nitrates"),
        ("Colonoscopy shows an ulcer in the sigmoid colon.", "skin_ulcer"),
        ("He has an ulcer of the stomach.", "skin_ulcer"),
        ("A 40-year-old dental hygienist has one-sided pain.", "toothache"),
        ("Pressing there reproduces the pain and light touch is unpleasant.", "photophobia"),
        ("The pupils are wide and sluggish.", "fatigue"),
        ("He had fallen asleep in his chair.", "falls"),
        ("The tics wax and wane.", "earwax"),
        ("He is fed up, blue since birth.", "postpartum"),
        ("She plays with the little and ring fingers and hangs curtains.", "weight_loss"),
        ("MRI shows several round lesions.", "ring_shaped_rash"),
        ("He pressed his belly until it is sore.", "pain_on_pulling_ear"),
        ("He drinks a bottle and a half of vodka.", "poor_feeding"),
        ("For six weeks of fatigue, gum bleeding.", "vaginal_bleeding"),
        ("The skin of the palm is puckered.", "skin_dimpling_breast"),
        ("The elbow bends, turning a screwdriver tires.", "lateral_elbow_pain"),
        ("Neck supple, no weakness.", "neck_weakness"),
        ("A burning pain ran down the arm.", "vulvar_burning"),
        ("Memory for recent visits is fair.", "memory_loss"),
        ("Urine shows blood.", "bloody_show"),
        ("Lifting hurts. Coughing does not.", "cough"),
        ("There is a bruise on the thigh and getting out of a car hurts.", "leg_pain"),
        ("Squeezing a fist between his knees reproduces the pain.", "knee_pain"),
        ("CT: small bruises in both front lobes.", "easy_bruising"),
        ("She fell on her outstretched hand and has wrist pain.", "hand_pain"),
        ("One of my back teeth twinges with ice cream.", "back_pain"),
        ("The retina is full of blood with swollen twisting veins.", "varicose_veins"),
        ("The tonsils are red with patches of white.", "hypopigmentation"),
        ("There is a tender gland at the right jaw.", "jaw_pain"),
        ("The food gets stuck in the hole of my tooth.", "dysphagia"),
        ("Turning the head quickly gives a catch-up.", "head_turn"),
        ("He had fallen asleep with the arm hung over the chair.", "recent_trauma"),
        ("Few rhonchi in the chest, no focal signs.", "focal_weakness"),
        ("Aspiration gives cloudy fluid.", "cough_when_eating"),
        ("I felt as if I'd been hit by a lorry.", "recent_trauma"),
        ("He has a spot beside his nose that bleeds.", "epistaxis"),
        ("The spots go pale if I press.", "pallor"),
        ("Her knees ache and the eyes are red.", "eye_pain"),
        ("My mum has the same bunion.", "sick_contact"),
        ("It is worse when I'm tired.", "fatigue"),
        ("His score falls from 13 to 8.", "falls"),
        ("She had muscle pain and watery diarrhoea.", "dysuria"),
        ("My wife moved into the spare room.", "vertigo"),
        ("He has a 10 day headache.", "severe_headache"),
        ("The headache lasts until the next morning.", "morning_headache"),
    ],
)
def test_these_words_do_not_tell_it_here(text: str, finding: str) -> None:
    assert finding not in read(text)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("His grip is weak.", "focal_weakness"),
        ("She feels weak.", "generalized_weakness"),
        ("Generalised weakness and fatigue.", "generalized_weakness"),
        ("Weakness of all four limbs.", "generalized_weakness"),
        ("He is coughing a lot.", "cough"),
        ("I can't stop coughing and my ribs hurt.", "cough"),
        ("A pressing pain across the forehead.", "frontal_headache"),
        ("Pressing on the forehead hurts.", "sinus_tenderness"),
        ("Her period lasts two weeks.", "prolonged_menses"),
        ("She vomits every morning.", "early_morning_vomiting"),
        ("He has headaches, waking him early in the morning.", "morning_headache"),
        ("He takes prednisolone.", "takes_steroid"),
        ("Paracetamol hardly helps.", "takes_paracetamol"),
        ("An ulcer on the shin.", "leg_ulcer"),
        ("His ring is loose and his trousers hang off him.", "weight_loss"),
        ("The lateral side of the elbow hurts when lifting a kettle.", "lateral_elbow_pain"),
        ("It burns down there.", "vulvar_burning"),
        ("His memory is getting worse.", "memory_loss"),
        ("Food gets stuck when he swallows.", "dysphagia"),
        ("She has twisting veins on both legs.", "varicose_veins"),
        ("There are white patches on her arms.", "hypopigmentation"),
        ("My jaw aches all day.", "jaw_pain"),
        ("She bruises easily.", "easy_bruising"),
        ("He does not sleep. He is coughing.", "cough"),
        ("My brother has the same rash.", "sick_contact"),
        ("He has had 2 falls.", "falls"),
        ("Without warning her heart raced.", "palpitations"),
        ("The back of the neck is tender in the midline.", "spinal_tenderness"),
    ],
)
def test_here_they_do(text: str, finding: str) -> None:
    assert read(text)[finding] is Status.PRESENT
