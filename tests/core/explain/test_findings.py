"""The explanation of a hypothesis: exact, grouped, and checked against the engine itself."""

import pytest

from core.diagnosis import common
from core.diagnosis.assess import assess
from core.domain.finding import Origin, Status
from core.domain.record import Patient, Sex
from core.errors import UserError
from core.explain.findings import Inputs, by_origin, compare, explain, what_if
from tests.core.diagnosis.world import NOW, absent, finding

_FOUND = (
    finding("fever"),
    finding("productive_cough"),
    finding("pleuritic_chest_pain"),
    finding("runny_nose"),
    absent("wheezing"),
    finding("chest_xray_opacity", origin=Origin.IMAGE, logit_shift=2.0),
)
_WHO = Patient(age_years=70, sex=Sex.FEMALE)
_INPUTS = Inputs(_FOUND, _WHO, NOW)


def test_contributions_add_up_exactly() -> None:
    assessment = assess(_FOUND, _WHO, NOW)
    for hypothesis in assessment.hypotheses:
        explanation = explain(assessment, hypothesis.id)
        assert explanation.additivity_error < 1e-6
        assert explanation.checks[0].passed
        known = {c.finding_id for c in explanation.contributions}
        assert {f.id for f in _FOUND} <= known


def test_a_contribution_is_what_the_engine_loses_without_the_finding() -> None:
    """For a finding that interacts with no other, the Shapley value is the plain difference."""
    assessment = assess(_FOUND, _WHO, NOW)
    values = {c.finding_id: c.value for c in explain(assessment, "pneumonia").contributions}
    engine = common.shared()
    row = engine.tables.condition_index["pneumonia"]
    image = _FOUND[-1]
    all_of_them, without = (
        engine.score(found, _WHO, NOW).scores[row] for found in (_FOUND, [f for f in _FOUND if f is not image])
    )
    assert values[image.id] == pytest.approx(all_of_them - without, abs=1e-5)


def test_shares_by_origin_sum_to_one() -> None:
    shares = by_origin(explain(assess(_FOUND, _WHO, NOW), "pneumonia"))
    assert sum(share for _, _, share in shares) == pytest.approx(1)
    assert {origin for origin, _, _ in shares} >= {Origin.NOTE, Origin.IMAGE, Origin.DEMOGRAPHIC}


def test_deletion_and_insertion_run_the_engine_and_beat_chance() -> None:
    checks = explain(assess(_FOUND, _WHO, NOW), "pneumonia", _INPUTS).checks
    assert [c.name.en for c in checks] == ["Adds up", "Deletion", "Insertion"]
    assert all(c.passed and c.value == c.value for c in checks)


def test_comparison_is_the_difference_of_two_explanations() -> None:
    assessment = assess(_FOUND, _WHO, NOW)
    one, two = (h.id for h in assessment.hypotheses[:2])
    difference = compare(assessment, one, two)
    assert difference.additivity_error < 1e-6 and difference.compared_with == two
    values = [{c.finding_id: c.value for c in explain(assessment, name).contributions} for name in (one, two)]
    for contribution in difference.contributions:
        expected = values[0].get(contribution.finding_id, 0) - values[1].get(contribution.finding_id, 0)
        assert contribution.value == pytest.approx(expected)


def test_what_if_flips_one_finding() -> None:
    rows = {name: (before, after) for name, _, before, after in what_if(_INPUTS, "f-fever-present", Status.ABSENT)}
    assert rows["pneumonia"][1] < rows["pneumonia"][0]


def test_an_unknown_hypothesis_is_the_users_to_mend() -> None:
    with pytest.raises(UserError, match="not among"):
        explain(assess(_FOUND, _WHO, NOW), "no_such_thing")
