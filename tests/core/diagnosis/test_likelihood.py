"""The background kept in two pieces is the one of the whole table."""

import numpy as np
import pytest

from core.diagnosis import likelihood as lk
from core.diagnosis import settings
from tests.core.diagnosis.world import tables


def test_three_ways_to_ask_for_the_background_agree() -> None:
    world = tables()
    filled = lk.fill(world, settings.load())
    rows, columns = len(world.conditions), len(world.findings)
    whole = filled.background(range(columns))
    assert whole.shape == filled.p.shape == (rows, columns)
    assert np.array_equal(np.stack([filled.background_of(row) for row in range(rows)]), whole)
    row, column = (part.ravel().astype(np.int32) for part in np.indices((rows, columns)))
    assert np.array_equal(filled.background_at(row, column).reshape(rows, columns), whole)
    assert filled.background([]).shape == (rows, 0)


def test_a_test_has_each_conditions_own_background_and_a_symptom_everybodys() -> None:
    world = tables()
    filled = lk.fill(world, settings.load())
    own = filled.background([world.finding_index["d_dimer_high"], world.finding_index["fever"]])
    at = world.condition_index["pulmonary_embolism"]
    assert own[at, 0] == pytest.approx(1 - 0.6, abs=1e-6) and own[world.condition_index["pneumonia"], 0] < 0.2
    assert np.all(own[:, 1] == world.background[world.finding_index["fever"]])
