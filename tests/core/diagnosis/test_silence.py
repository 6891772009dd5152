"""What a note leaves unsaid: weak evidence, never a denial, and only where a whole note was read."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.diagnosis import common, silence
from core.domain.assessment import Evidence, Hypothesis
from core.domain.basics import Source
from core.domain.finding import Finding, Status
from core.domain.record import Patient
from tests.core.diagnosis.world import NOW, absent, engine, finding


def _told(*names: str) -> list[Finding]:
    """Findings as the reader of notes gives them."""
    return [
        replace(finding(name), source=Source("n", "text", "note", start=50 * i, end=50 * i + 9, text=name))
        for i, name in enumerate(names)
    ]


def _of(findings: Sequence[Finding], **changes: object) -> dict[str, Hypothesis]:
    ranking = engine(minimum_informative=0, **changes).rank(findings, Patient(), NOW)
    return {h.id: h for h in ranking.hypotheses}


def _share(hypothesis: Hypothesis) -> Evidence | None:
    found = [e for e in (*hypothesis.evidence_for, *hypothesis.evidence_against) if e.code.code == silence.CODE]
    return found[0] if found else None


def _silence(findings: Sequence[Finding], name: str = "pulmonary_embolism", **changes: object) -> float:
    share = _share(_of(findings, **changes)[name])
    assert share is not None
    return share.weight


def test_a_striking_finding_left_unsaid_lowers_a_condition_less_than_denying_it() -> None:
    note = _told("fever", "cough", "pleuritic_pain")
    odds = {
        name: _of([*note, *more])["pulmonary_embolism"].log_odds - _of([*note, *more])["common_cold"].log_odds
        for name, more in {"silent": [], "denied": [absent("calf_pain")], "said": [finding("calf_pain")]}.items()
    }
    assert odds["denied"] < odds["silent"] < odds["said"]
    off = [_of(note, silence_mention=0.0)[n].log_odds for n in ("pulmonary_embolism", "common_cold")]
    assert odds["silent"] < off[0] - off[1]


def test_without_a_whole_note_silence_says_nothing() -> None:
    ticked = [finding("fever"), finding("cough"), finding("pleuritic_pain")]
    assert _share(_of(ticked)["pneumonia"]) is None
    assert _share(_of(_told("fever", "cough"))["pneumonia"]) is None
    line = [
        replace(f, source=replace(f.source, start=i, end=i + 1))
        for i, f in enumerate(_told("fever", "cough", "chills"))
    ]
    assert _share(_of(line)["pneumonia"]) is None
    assert _share(_of(_told("fever", "cough", "pleuritic_pain"))["pneumonia"]) is not None


def test_an_empty_note_or_one_finding_is_no_whole_note() -> None:
    for note in ([], _told("fever"), [absent("fever")], _told("fever") * 3):
        assert all(_share(h) is None for h in _of(note).values())


def test_a_character_of_chinese_says_as_much_as_three() -> None:
    near = [
        replace(f, source=replace(f.source, start=8 * i, end=8 * i + 4))
        for i, f in enumerate(_told("fever", "cough", "chills"))
    ]
    chinese = [replace(f, source=replace(f.source, text="发热三天")) for f in near]
    assert _share(_of(near)["pneumonia"]) is None
    share = _share(_of(chinese)["pneumonia"])
    assert share is not None and share.label.zh


def test_shares_of_random_notes_add_up_in_the_shipped_engine() -> None:
    chance = random.Random(4)
    made = common.shared()
    names = [f.id for f in made.tables.findings]
    shares = 0
    for _ in range(25):
        drawn = chance.sample(names, chance.randint(0, 14))
        note = [
            replace(f, status=chance.choice((Status.PRESENT, Status.PRESENT, Status.ABSENT))) for f in _told(*drawn)
        ]
        patient = Patient(age_years=chance.choice((None, 3, 40, 80)))
        for hypothesis in made.rank(note, patient, NOW).hypotheses:
            evidence = (*hypothesis.evidence_for, *hypothesis.evidence_against)
            total = hypothesis.base_log_odds + sum(e.weight for e in evidence)
            assert total == pytest.approx(hypothesis.log_odds, abs=1e-6)
            shares += _share(hypothesis) is not None
    assert shares > 50


def test_silence_grows_with_what_a_note_tells() -> None:
    short = _told("fever", "cough", "pleuritic_pain")
    longer = [*short, *_told("chills", "rigors", "productive_cough")]
    less, more = (
        _silence(note) - _silence(note, "ovarian_torsion") for note in (short, longer)
    )  # against a condition that lists next to nothing
    assert more < less < 0


def test_what_was_said_or_not_assessed_is_not_silent() -> None:
    note = _told("fever", "cough", "pleuritic_pain")
    unsaid = _silence(note) - _silence(note, "ovarian_torsion")
    for status in (Status.NOT_ASSESSED, Status.ABSENT):
        asked = [*note, finding("calf_pain", status)]
        assert _silence(asked) - _silence(asked, "ovarian_torsion") > unsaid


def test_tests_and_images_are_never_expected_of_a_note() -> None:
    made = engine()
    kinds = {made.tables.findings[i].kind for i in made.expected.columns}
    assert kinds <= {"symptom", "sign", "risk", "exposure"} and "symptom" in kinds


def test_the_average_person_is_neither_raised_nor_lowered() -> None:
    """Level: the prior-weighted mean of the likelihood ratios is 1, so "none of these" is not argued away."""
    one = engine(minimum_informative=0)
    scores = one.score(_told("fever", "cough", "pleuritic_pain"), Patient(), NOW)
    (item,) = [i for i in scores.extra if i.code == silence.CODE]
    prior = np.exp(scores.base)
    assert float(np.exp(item.weights) @ prior / prior.sum()) == pytest.approx(1)


def test_shares_add_up_and_name_what_is_unsaid_in_both_languages() -> None:
    hypothesis = _of(_told("fever", "cough", "pleuritic_pain"))["pulmonary_embolism"]
    total = sum(e.weight for e in (*hypothesis.evidence_for, *hypothesis.evidence_against))
    assert hypothesis.base_log_odds + total == pytest.approx(hypothesis.log_odds)
    share = _share(hypothesis)
    assert share is not None
    assert share.weight < 0 and "no denial" in share.label.en and "Calf pain" in share.label.en
    assert "不等于否认" in share.label.zh and "小腿痛" in share.label.zh


def test_the_shipped_engine_expects_examination_signs_only_after_an_examination() -> None:
    made = common.shared()
    assert made.expected.examined.any() and not made.expected.examined.all()


def test_all_silence_together_stays_below_its_limit() -> None:
    note = _told("fever", "cough", "pleuritic_pain")
    tight, free = (
        _silence(note, silence_limit=x) - _silence(note, "ovarian_torsion", silence_limit=x) for x in (0.1, 1e6)
    )
    assert free < -0.2 <= tight < 0


def test_what_speaks_for_a_condition_does_not_name_findings_as_missing() -> None:
    shares = [_share(h) for h in _of(_told("fever", "cough", "pleuritic_pain")).values()]
    raised = [e for e in shares if e is not None and e.weight >= 0]
    assert raised and all(e.label == silence.FEWER and e.label.zh for e in raised)


def test_plain_pain_is_never_expected_beside_a_named_one() -> None:
    made = common.shared()
    names = [f.id for f in made.tables.findings]
    assert "pain" in names and "pain" not in {names[i] for i in made.expected.columns}
