"""Assessment and fusion on the shipped knowledge and on constructed cases (all SYNTHETIC)."""

from dataclasses import replace

import pytest

from core.diagnosis import fusion
from core.diagnosis.assess import assess
from core.diagnosis.engine import Ranking
from core.diagnosis.triage import urgency
from core.domain.assessment import Assessment, Evidence, Hypothesis, RedFlag, Urgency
from core.domain.basics import Citation, Coding, Label
from core.domain.finding import Finding, Origin
from core.domain.record import Patient, Sex
from core.domain.serial import from_json, to_json
from core.knowledge import condition_tables
from tests.core.diagnosis.world import NOW, absent, finding

_MAN = Patient(age_years=66, sex=Sex.MALE)


def _p(assessment: Assessment, name: str) -> float:
    return next((h.probability for h in assessment.hypotheses if h.id == name), 0.0)


def test_an_assessment_is_complete_and_round_trips() -> None:
    found = [finding("fever"), finding("productive_cough"), finding("focal_crackles"), absent("wheezing")]
    result = assess(found, _MAN, NOW)
    assert result.hypotheses[0].id == "pneumonia"
    assert result.next_steps and result.input_sha256 and result.versions
    assert result.urgency in {Urgency.URGENT, Urgency.EMERGENCY}
    assert from_json(to_json(result), Assessment) == result
    assert sum(h.probability for h in result.hypotheses) + result.none_of_these <= 1 + 1e-9


def test_the_same_input_gives_the_same_assessment() -> None:
    found = [finding("fever"), finding("cough")]
    one, two = (assess(found, _MAN, NOW) for _ in range(2))
    assert replace(one, seconds=0.0) == replace(two, seconds=0.0)


def test_note_laboratory_and_image_are_ambiguous_alone_and_clear_together() -> None:
    note = [finding("dyspnea"), finding("cough")]
    laboratory = [finding("raised_bnp", origin=Origin.LABORATORY)]
    image = [finding("pulmonary_congestion", origin=Origin.IMAGE, logit_shift=2.5)]
    history = [finding("orthopnea"), finding("sudden_dyspnea")]
    parts = [note + history, note + laboratory, note + image]
    alone = [_p(assess(part, _MAN, NOW), "acute_pulmonary_edema") for part in parts]
    together = _p(assess(note + history + laboratory + image, _MAN, NOW), "acute_pulmonary_edema")
    assert together > max(alone)
    without_image = _p(assess(note + history + laboratory, _MAN, NOW), "acute_pulmonary_edema")
    assert together > without_image


def test_what_each_input_alone_leaves_open_all_of_them_settle() -> None:
    """Note, laboratory and image each leave the leading condition below even odds; together it is above."""
    note = [finding("dyspnea"), finding("orthopnea")]
    laboratory = [finding("raised_bnp", origin=Origin.LABORATORY), absent("raised_d_dimer")]
    image = [finding("pulmonary_congestion", origin=Origin.IMAGE, logit_shift=3.0), finding("dyspnea")]
    failing = {"acute_pulmonary_edema", "chronic_heart_failure", "acute_heart_failure"}
    alone = [sum(_p(assess(part, _MAN, NOW), name) for name in failing) for part in (note, laboratory, image)]
    together = sum(_p(assess([*note, *laboratory, *image[:1]], _MAN, NOW), name) for name in failing)
    assert max(alone) < 0.5 < together


def test_removing_the_image_moves_the_estimate_and_its_share_is_gone() -> None:
    note = [finding("fever"), finding("cough")]
    image = finding("chest_xray_opacity", origin=Origin.IMAGE, logit_shift=3.0)
    with_image, without = assess([*note, image], _MAN, NOW), assess(note, _MAN, NOW)
    assert _p(with_image, "pneumonia") > _p(without, "pneumonia")
    origins = {e.origin for h in with_image.hypotheses for e in h.evidence_for}
    assert Origin.IMAGE in origins
    assert Origin.IMAGE not in {e.origin for h in without.hypotheses for e in h.evidence_for}


def test_nothing_known_abstains_and_says_so() -> None:
    result = assess([], Patient(), NOW)
    assert not result.hypotheses and result.none_of_these == 1 and result.urgency is None
    assert [a.engine for a in result.abstentions] == ["common"]


def test_a_red_flag_shows_though_the_engine_abstains() -> None:
    result = assess([finding("suicidal_ideation")], Patient(), NOW)
    assert [flag.rule_id for flag in result.red_flags] == ["suicidal_thoughts"]
    assert result.urgency is Urgency.EMERGENCY


def _hypothesis(name: str, probability: float, level: Urgency = Urgency.ROUTINE, **changes: object) -> Hypothesis:
    made = Hypothesis(name, Label(name), (), "common", probability, (0.0, 1.0), 0.0, 0.0, urgency=level)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_urgency_leans_towards_safety() -> None:
    mostly_cold = [_hypothesis("cold", 0.7, Urgency.SELF_CARE), _hypothesis("mi", 0.3, Urgency.EMERGENCY)]
    assert urgency(mostly_cold, ()) is Urgency.EMERGENCY
    assert urgency([_hypothesis("cold", 0.9, Urgency.SELF_CARE)], ()) is Urgency.SELF_CARE
    hint = [_hypothesis("cold", 0.85, Urgency.SELF_CARE), _hypothesis("mi", 0.1, Urgency.EMERGENCY)]
    assert urgency(hint, ()) is not Urgency.SELF_CARE
    flag = RedFlag("x", Label("x"), Label("x"), Urgency.EMERGENCY, (), Citation("x"))
    assert urgency([_hypothesis("cold", 0.99, Urgency.SELF_CARE)], (flag,)) is Urgency.EMERGENCY


def test_the_list_is_short_and_keeps_what_cannot_be_missed() -> None:
    many = [_hypothesis(f"c{i}", 0.3 if i < 2 else 0.004) for i in range(15)]
    many[7] = _hypothesis("danger", 0.004, Urgency.EMERGENCY, cant_miss=True)
    assert [h.id for h in fusion.shorten(many)] == ["c0", "c1", "c2", "danger"]


def test_rare_diseases_need_specific_findings() -> None:
    tables = condition_tables.load()
    common = [finding("HP:0001945", system="HP"), finding("HP:0012735", system="HP")]
    specific = [finding(code, system="HP") for code in ("HP:0001166", "HP:0001083", "HP:0002616")]
    assert fusion.specific_findings(common, tables) == 0
    assert fusion.specific_findings(specific, tables) == 3


def test_fusion_shares_belief_by_log_evidence() -> None:
    common = Ranking((_hypothesis("flu", 0.8),), 2.0, 0.2)
    rare = Ranking((_hypothesis("marfan", 0.5),), 12.0, 0.5)
    fused = fusion.fuse(common, rare)
    assert fused.hypotheses[0].id == "marfan"
    total = sum(h.probability for h in fused.hypotheses) + fused.none_of_these
    assert total == pytest.approx(1)
    weak = fusion.fuse(common, replace(rare, log_evidence=0.0))
    assert weak.hypotheses[0].id == "flu" and weak.rare_share < 0.01
    assert fusion.fuse(common, None).hypotheses == common.hypotheses


def test_a_gene_finding_raises_its_disease_and_shows_its_share() -> None:
    marfan = _hypothesis("marfan", 0.2, group="same gene: FBN1")
    other = _hypothesis("other", 0.6, group="same gene: COL5A1")
    gene = Finding(
        **{
            **{n: getattr(finding("x"), n) for n in Finding.__slots__},
            "code": Coding("HGNC", "3603", "FBN1"),
            "origin": Origin.GENE,
        }
    )
    result = fusion.with_genes(Ranking((other, marfan), 5.0, 0.1), [gene])
    assert [h.id for h in result.hypotheses] == ["marfan", "other"]
    (share,) = result.hypotheses[0].evidence_for
    assert isinstance(share, Evidence) and share.origin is Origin.GENE
    assert result.hypotheses[0].log_odds == pytest.approx(fusion.GENE_WEIGHT)
    assert sum(h.probability for h in result.hypotheses) < 1
