"""The common engine's promises, on a small invented world."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.diagnosis import common
from core.diagnosis.settings import load as load_settings
from core.diagnosis.shares import Component, components, group_sum, shapley
from core.domain.assessment import Hypothesis
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Patient, Sex
from tests.core.diagnosis.world import NOW, absent, engine, finding, tables

_IDS = [entry.id for entry in tables().findings]


_ANYONE = Patient()


def _top(findings: list[Finding], patient: Patient = _ANYONE, **changes: object) -> dict[str, Hypothesis]:
    ranking = engine(minimum_informative=0, **changes).rank(findings, patient, NOW)
    return {h.id: h for h in ranking.hypotheses}


def test_findings_that_a_condition_explains_raise_it_and_denied_ones_lower_it() -> None:
    with_it = _top([finding("fever"), finding("productive_cough")])["pneumonia"]
    silent = _top([finding("fever")])["pneumonia"]
    denied = _top([finding("fever"), absent("productive_cough")])["pneumonia"]
    assert with_it.probability > silent.probability > denied.probability


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(_IDS), st.booleans(), max_size=10), st.booleans())
def test_evidence_adds_up_and_probabilities_sum_to_one(known: dict[str, bool], old: bool) -> None:
    findings = [finding(name) if present else absent(name) for name, present in known.items()]
    patient = Patient(age_years=70 if old else None, sex=Sex.FEMALE)
    one = engine(minimum_informative=0)
    scores = one.score(findings, patient, NOW)
    ranking = one.rank(findings, patient, NOW)
    assert sum(h.probability for h in ranking.hypotheses) + ranking.none_of_these == pytest.approx(1)
    for h in ranking.hypotheses:
        row = one.tables.condition_index[h.id]
        weights = sum(e.weight for e in (*h.evidence_for, *h.evidence_against))
        assert abs(h.base_log_odds + weights - h.log_odds) < 1e-9
        assert abs(h.log_odds - scores.scores[row]) < 1e-6
        assert h.interval[0] <= h.probability <= h.interval[1]


def test_a_parent_beside_its_kind_changes_nothing() -> None:
    kind = _top([finding("productive_cough")])
    both = _top([finding("productive_cough"), finding("cough")])
    assert both["pneumonia"].log_odds == pytest.approx(kind["pneumonia"].log_odds)


def test_a_denied_parent_swallows_its_denied_kinds() -> None:
    parent = _top([absent("cough")])
    both = _top([absent("cough"), absent("productive_cough"), absent("dry_cough")])
    assert both["pneumonia"].log_odds == pytest.approx(parent["pneumonia"].log_odds)


def test_a_common_parent_counts_once_and_is_shared() -> None:
    weights = {name: _top([finding(name)])["pneumonia"].log_odds for name in ("productive_cough", "dry_cough", "cough")}
    base = _top([])["pneumonia"].log_odds
    both = _top([finding("productive_cough"), finding("dry_cough")])["pneumonia"].log_odds
    expected = base + sum(weights[k] - base for k in ("productive_cough", "dry_cough")) - (weights["cough"] - base)
    assert both == pytest.approx(expected)


def test_correlated_findings_are_discounted() -> None:
    base = _top([])["pneumonia"].log_odds
    alone = [_top([finding(n)])["pneumonia"].log_odds - base for n in ("fever", "chills", "rigors")]
    together = _top([finding(n) for n in ("fever", "chills", "rigors")])["pneumonia"].log_odds - base
    strongest = sorted(alone, reverse=True)
    discount = load_settings().group_discount
    assert discount < 1
    assert together == pytest.approx(sum(w * discount**k for k, w in enumerate(strongest)))


def test_missing_is_not_normal() -> None:
    silent, unknown = _top([finding("fever")]), _top([finding("fever"), finding("calf_pain", Status.NOT_ASSESSED)])
    denied = _top([finding("fever"), absent("calf_pain")])
    assert unknown["pulmonary_embolism"].log_odds == silent["pulmonary_embolism"].log_odds
    assert denied["pulmonary_embolism"].log_odds < silent["pulmonary_embolism"].log_odds - 1.5


def test_a_defining_finding_denied_counts_more_than_the_noise_limit() -> None:
    denied = _top([absent("calf_pain")], weight_limit=1e6)["pulmonary_embolism"]
    (weight,) = [e.weight for e in denied.evidence_against if e.code.code == "calf_pain"]
    assert weight == pytest.approx(np.log((1 - 0.9 * 0.99 - 0.1 * 0.005) / (1 - 0.01 * 0.99 - 0.99 * 0.005)), abs=1e-4)


def test_age_sex_and_pregnancy_are_evidence_of_their_own() -> None:
    man = _top([finding("fever")], Patient(sex=Sex.MALE))["ovarian_torsion"]
    assert min(e.weight for e in man.evidence_against) == -8
    old = _top([finding("fever")], Patient(age_years=80))["pneumonia"]
    assert [e.weight for e in old.evidence_for if e.code.code == "age"] == [
        pytest.approx(load_settings().age_weight * np.log(3))
    ]
    pregnant = _top([finding("pregnancy")])["pulmonary_embolism"]
    assert [e.weight for e in pregnant.evidence_for if e.code.code == "pregnancy_prior"] == [pytest.approx(np.log(4))]


def test_duration_tells_short_from_long() -> None:
    short, long = (_top([finding("fever", days=d)])["ovarian_torsion"].log_odds for d in (0.5, 200))
    assert short > long + 1


def test_image_evidence_moves_by_its_own_likelihood_ratio() -> None:
    def odds(shift: float) -> float:
        image = finding("cxr_opacity", origin=Origin.IMAGE, logit_shift=shift)
        return _top([finding("fever"), image])["pneumonia"].log_odds

    without = _top([finding("fever")])["pneumonia"].log_odds
    assert odds(0) == pytest.approx(without)
    assert odds(-4) < without < odds(1) < odds(3)
    assert odds(3) - without == pytest.approx(np.log((0.85 * np.e**3 + 0.15) / (0.02 * np.e**3 + 0.98)), abs=1e-5)


def test_a_doubtful_finding_counts_less() -> None:
    sure, doubtful, coin = (
        _top([finding("productive_cough", confidence=c)])["pneumonia"].log_odds for c in (1.0, 0.8, 0.5)
    )
    base = _top([])["pneumonia"].log_odds
    assert sure > doubtful > coin == pytest.approx(base, abs=1e-6)


def test_only_the_right_scope_reaches_the_engine() -> None:
    base = _top([])["pneumonia"].log_odds
    for scope in (Scope.FAMILY, Scope.HYPOTHETICAL, Scope.UNCERTAIN, Scope.HISTORY):
        assert _top([finding("fever", scope=scope)])["pneumonia"].log_odds == base
    assert _top([finding("recent_surgery", scope=Scope.HISTORY)])["pulmonary_embolism"].log_odds > base


def test_hpo_codes_are_understood() -> None:
    coded = _top([finding("HP:0001945", system="HP")])["pneumonia"]
    assert coded.log_odds == _top([finding("fever")])["pneumonia"].log_odds


def test_it_abstains_on_too_little() -> None:
    ranking = engine().rank([finding("fever"), finding("recent_surgery")], Patient(), NOW)
    assert ranking.abstention is not None and not ranking.hypotheses and ranking.none_of_these == 1
    assert engine().rank([finding("fever"), finding("cough")], Patient(), NOW).abstention is None
    assert engine().rank([finding("fever"), absent("cough")], Patient(), NOW).abstention is None
    assert engine().rank([absent("fever"), absent("cough")], Patient(), NOW).abstention is not None


def test_a_wording_ranks_alone_only_where_it_leaves_belief_to_one_condition() -> None:
    one = engine()
    scores = one.score([], Patient(), NOW)
    sure = np.array([0.3, 0.1, 0.05, 0.05])
    assert one.ranking(replace(scores, told=True, probabilities=sure)).abstention is None
    assert one.ranking(replace(scores, told=True, probabilities=sure / 2)).abstention is not None
    assert one.ranking(replace(scores, told=False, probabilities=sure)).abstention is not None


def test_the_interval_reaches_beyond_what_is_kept_for_other_diagnoses() -> None:
    """What is kept for diagnoses outside the list is an estimate itself: the upper end is free of it."""
    few, much = (_top([finding("productive_cough"), finding("fever")], outside=o)["pneumonia"] for o in (0.0, 0.1))
    assert much.probability == pytest.approx(0.9 * few.probability)
    assert much.interval[1] == pytest.approx(few.interval[1])
    assert much.interval[0] == pytest.approx(0.8 * few.interval[0])


def test_unexplained_findings_leave_room_for_none_of_these() -> None:
    few = engine(minimum_informative=0).rank([finding("wart")], Patient(sex=Sex.MALE), NOW)
    explained = engine(minimum_informative=0).rank([finding("cough"), finding("fever")], Patient(), NOW)
    assert few.none_of_these > explained.none_of_these


def test_more_findings_narrow_nothing_away_silently() -> None:
    wide = _top([finding("fever")], beta_count=2.0)["pneumonia"].interval
    narrow = _top([finding("fever")], beta_count=500.0)["pneumonia"].interval
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_unknown_lists_what_would_matter_and_is_not_known() -> None:
    hypothesis = _top([finding("productive_cough"), absent("fever")])["pneumonia"]
    names = [e.code.code for e in hypothesis.unknown]
    assert "cxr_opacity" in names
    assert not {"cough", "productive_cough", "fever"} & set(names)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**20))
def test_shares_are_the_shapley_values_of_the_group_rule(count: int, seed: int) -> None:
    """Against the definition: average marginal gain over all orders of the findings."""
    generator = np.random.default_rng(seed)
    number = count + 2
    weights = generator.normal(size=number)
    players = [tuple(sorted(set(generator.integers(0, count, 2).tolist()))) for _ in range(number)]
    players[:count] = [(i,) for i in range(count)]
    groups = (tuple(range(number)),)
    (component,) = components(players, groups)
    assert isinstance(component, Component)

    def worth(chosen: set[int]) -> float:
        active = [n for n in range(number) if set(players[n]) & chosen]
        return (
            float(group_sum(weights[None, active].astype(np.float32), [range(len(active))], 0.5)[0]) if active else 0.0
        )

    expected = np.zeros(count)
    orders = list(itertools.permutations(range(count)))
    for order in orders:
        for step, player in enumerate(order):
            expected[player] += worth({*order[: step + 1]}) - worth({*order[:step]})
    values = shapley(component, players, weights, 0.5)
    assert values == pytest.approx(expected / len(orders), abs=1e-5)


def test_no_finding_counts_beyond_the_limit() -> None:
    base = _top([])["pneumonia"].log_odds
    free, held = (_top([finding("rigors")], weight_limit=w)["pneumonia"].log_odds - base for w in (1e6, 2.0))
    assert free > 2 > held == pytest.approx(2 * np.tanh(free / 2), abs=1e-5)


def test_history_counts_by_its_own_weight() -> None:
    one, half = (
        _top([finding("recent_surgery")], history_weight=w)["pulmonary_embolism"].log_odds
        - _top([])["pulmonary_embolism"].log_odds
        for w in (1.0, 1.5)
    )
    assert half == pytest.approx(1.5 * one)


def test_unlisted_symptoms_follow_the_likest_conditions() -> None:
    """The cold lists cough and fever as pneumonia does: what pneumonia lists beside them is less surprising in it."""
    alone, helped = (engine(neighbour_share=w).likelihood for w in (0.0, 0.5))
    row, column = tables().condition_index["common_cold"], tables().finding_index["pleuritic_pain"]
    assert helped.p[row, column] > alone.p[row, column]
    assert (helped.p[alone.known] == alone.p[alone.known]).all()
    assert (helped.known == alone.known).all()


def test_belief_is_kept_for_none_of_these() -> None:
    findings = [finding("productive_cough"), finding("fever"), finding("rigors"), finding("cxr_opacity")]
    ranking = engine(minimum_informative=0).rank(findings, Patient(), NOW)
    assert ranking.none_of_these >= load_settings().outside
    order = [h.id for h in ranking.hypotheses]
    sharp = engine(minimum_informative=0, surprise=0.0, outside=0.0).rank(findings, Patient(), NOW)
    assert [h.id for h in sharp.hypotheses] == order
    assert sharp.hypotheses[0].probability > ranking.hypotheses[0].probability


def test_a_record_without_a_complaint_is_mostly_none_of_these() -> None:
    record = [finding("d_dimer_high"), finding("recent_surgery"), absent("cough"), absent("fever")]
    ranking = engine(minimum_informative=0).rank(record, Patient(), NOW)
    assert ranking.none_of_these >= 0.5
    with_complaint = engine(minimum_informative=0).rank([*record, finding("calf_pain")], Patient(), NOW)
    assert with_complaint.none_of_these < 0.3


def test_large_components_still_add_up() -> None:
    players = [(i,) for i in range(14)]
    weights = np.linspace(-1, 2, 14)
    groups = (tuple(range(14)),)
    values = shapley(components(players, groups)[0], players, weights, 0.5)
    assert values.sum() == pytest.approx(float(group_sum(weights[None].astype(np.float32), groups, 0.5)[0]), abs=1e-5)


def test_ranking_is_fast() -> None:
    one = engine()
    findings = [finding(name) for name in _IDS[:8]]
    one.rank(findings, Patient(), NOW)
    start = time.perf_counter()
    for _ in range(20):
        one.rank(findings, Patient(), NOW)
    assert (time.perf_counter() - start) / 20 < 0.05


def test_pregnancy_counts_once() -> None:
    """Where a condition lists pregnancy as a finding, its prior factor is left aside."""
    shipped = common.shared()
    scores = shipped.score([finding("pregnancy"), finding("headache")], Patient(), NOW)
    (item,) = [i for i in scores.extra if i.code == "pregnancy_prior"]
    rows = shipped.tables.condition_index
    assert item.weights[rows["preeclampsia"]] == 0
    listed = shipped.tables.written_of(shipped.tables.finding_index["pregnancy"])
    factors = [c.prevalence.pregnant for c in shipped.tables.conditions]
    other = next(row for row, factor in enumerate(factors) if factor > 1 and not listed[row])
    assert item.weights[other] == pytest.approx(np.log(factors[other]))
