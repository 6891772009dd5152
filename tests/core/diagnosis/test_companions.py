"""Lists beside the first diagnosis, on invented patients (SYNTHETIC)."""

import numpy as np
import pytest

from core.diagnosis import companions
from core.diagnosis.ddxplus import Case
from core.domain.record import Sex

_NAMES = ("a", "b", "c", "d")


def _case(name: str, others: dict[str, float], *, sex: Sex = Sex.MALE) -> Case:
    return Case(40, sex, name, ("E_1",), "E_1", ((name, 0.5), *others.items()))


_CASES = [_case("a", {"b": 0.3}), _case("a", {"b": 0.2, "c": 0.001}), _case("b", {"d": 0.4}), _case("c", {})] * 10


def test_a_list_holds_what_came_with_that_diagnosis_before() -> None:
    learned = companions.learn(_CASES, _NAMES)
    assert learned is not None
    assert companions.lead(learned, np.array([0.97, 0.01, 0.01, 0.01]), _CASES[0]).names == ("a", "b")
    assert companions.lead(learned, np.array([0.01, 0.97, 0.01, 0.01]), _CASES[0]).names == ("b", "d")


def test_the_interviews_first_leads_even_where_another_is_likelier_on_the_list() -> None:
    learned = companions.learn(_CASES, _NAMES)
    assert learned is not None
    mixed = companions.lead(learned, np.array([0.45, 0.1, 0.45, 0.0]), _CASES[0])
    assert mixed.names[0] == "a"
    assert len(mixed.membership) == len(mixed.names)


def test_what_is_supplied_with_less_than_a_hundredth_is_not_on_the_list() -> None:
    assert companions.supplied(_CASES[1]) == {"a", "b"}


def test_the_best_set_is_the_best_of_all_prefixes() -> None:
    p = np.array([0.9, 0.05, 0.8, 0.4])
    order = [0, 2, 3, 1]
    worth = [2 * p[order[:k]].sum() / (k + p.sum()) for k in range(1, 5)]
    assert companions.best_set(p) == order[: int(np.argmax(worth)) + 1]


def test_age_and_sex_move_membership() -> None:
    sided = [_case("a", {"b": 0.3} if n % 2 else {"d": 0.3}, sex=(Sex.MALE, Sex.FEMALE)[n % 2]) for n in range(80)]
    learned = companions.learn(sided, _NAMES)
    assert learned is not None
    belief = np.array([1.0, 0, 0, 0])
    assert companions.lead(learned, belief, sided[0]).names == ("a", "d")
    assert companions.lead(learned, belief, sided[1]).names == ("a", "b")


def test_agreement_is_the_harmonic_mean_of_mean_recall_and_precision() -> None:
    got = companions.agreement([("a", "b"), ("b", "a", "c", "d")], [_CASES[0], _CASES[2]])
    assert got["ddr"] == 1 and got["ddp"] == 0.75
    assert got["ddf1"] == pytest.approx(2 * 0.75 / 1.75)
    assert companions.agreement([()], [_CASES[0]])["ddf1"] is None
    assert companions.learn([Case(1, Sex.MALE, "a", (), "E_1")], _NAMES) is None
