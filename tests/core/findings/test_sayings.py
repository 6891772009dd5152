"""Phrases beside the names, and what modifiers make of symptoms."""

import pytest

from core.domain.basics import Source
from core.domain.finding import Status
from core.domain.record import Note, Patient
from core.findings import composites, sayings
from core.findings.text import findings_in
from core.knowledge import vocabulary
from tests.core.findings.reading import read


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_phrase_speaks_of_a_known_finding(code: str) -> None:
    known = vocabulary.load()
    said = list(sayings.phrases(code))
    assert len(said) > 2000
    assert not [(p, k) for p, keys, _ in said for k in keys.split() if not p or k not in known]


def test_a_choice_is_spelled_out() -> None:
    assert list(sayings.spelled_out("(no/little) urine (today/)")) == [
        "no urine today",
        "no urine",
        "little urine today",
        "little urine",
    ]


def test_every_rule_names_known_findings_and_modifiers() -> None:
    known = vocabulary.load()
    modifiers = {name for code in ("en", "zh") for _, name in composites.phrases(code)}
    for name, rule in composites.rules().items():
        assert name in modifiers or name in known
        assert all(n in known for pair in rule.gives.items() for n in pair)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("I have been throwing up all night.", "persistent_vomiting"),
        ("Lungs CTAB.", "crackles"),
        ("N/V since Monday.", "nausea"),
        ("JVD and 2+ pitting edema.", "raised_jvp"),
        ("Patient is A&Ox3.", "confusion"),
        ("Smokes 2 packs per day.", "smoking"),
        ("夜里打呼噜。", "snoring"),
        ("吃馒头噎。", "dysphagia_solids"),
    ],
)
def test_shorthand_and_lay_words_are_read(text: str, finding: str) -> None:
    assert finding in read(text)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Chest pain since Monday. It is worse when he lies flat.", "positional_chest_pain"),
        ("She has had chest pain. The pain gets worse on deep inspiration.", "pleuritic_chest_pain"),
        ("Rash on the arms. It is ring-shaped.", "ring_shaped_rash"),
        ("Cough for 3 months.", "chronic_cough"),
        ("Low back pain. It shoots down the leg.", "sciatica"),
        ("胸痛3天。深呼吸时加重。", "pleuritic_chest_pain"),
        ("头痛，搏动性。", "pulsating_headache"),
    ],
)
def test_a_modifier_belongs_to_the_symptom_before(text: str, finding: str) -> None:
    assert read(text)[finding] is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("No chest pain. Worse on deep inspiration.", "pleuritic_chest_pain"),
        ("Chest pain, not worse on deep inspiration.", "pleuritic_chest_pain"),
        ("Nausea. It is worse when he lies flat.", "positional_chest_pain"),
        ("Cough for 3 days.", "chronic_cough"),
    ],
)
def test_a_modifier_without_its_symptom_says_nothing(text: str, finding: str) -> None:
    assert finding not in read(text)


def test_a_derived_finding_points_at_its_words() -> None:
    text = "Chest pain since Monday. It is worse when he lies flat."
    found = findings_in(Note("n", text, Source("n", "text")), Patient())
    derived = next(f for f in found if f.code.code == "positional_chest_pain")
    assert derived.source.text == text[derived.source.start : derived.source.end]
    assert "lies flat" in derived.source.text


def test_a_list_keeps_its_denial() -> None:
    assert set(read("No fever, chills, night sweats or weight loss.").values()) == {Status.ABSENT}


@pytest.mark.parametrize("text", ["睡眠。", "食欲。", "He came down from the hills.", "The acute kidney injury unit."])
def test_words_that_mean_too_many_things_state_nothing(text: str) -> None:
    assert not {"insomnia", "loss_of_appetite", "depressed_mood", "recent_trauma"} & set(read(text))
