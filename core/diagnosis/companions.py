"""Which diagnoses belong on the list: learned from lists that clinicians or rules supplied with each patient.

The interview says what is most likely; a list must also hold what has to be considered beside it. Membership of
diagnosis k is a log-odds: that of its share among patients with the diagnoses believed in (sum over j of belief in j times
share of k on j's lists), plus what age and sex say about being on a list. The list kept is the one whose expected F1
is best; the likeliest diagnosis of the interview always leads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.ddxplus import Case
from core.diagnosis.ddxplus_books import group_of, groups

Array = NDArray[np.float64]
LEAST_SHARE = 0.01
"""A supplied diagnosis counts from this share on (as the publication of the set does)."""
_OWN, _PEOPLE, _PEOPLE_WEIGHT = 1.0, 5.0, 0.67
"""Pseudo-patients behind a share; the same for age and sex; and the weight of age and sex."""


@dataclass(frozen=True, slots=True, eq=False)
class Companions:
    """`on_list[j, k]`: share of patients with diagnosis j whose list holds k. `people[k, group]`: log odds ratio."""

    names: tuple[str, ...]
    on_list: Array
    people: Array


@dataclass(frozen=True, slots=True)
class Listed:
    """The list: names, the first one first, and each one's probability of belonging there."""

    names: tuple[str, ...]
    membership: tuple[float, ...]


def supplied(case: Case) -> frozenset[str]:
    """The diagnoses on the list that came with a patient."""
    total = sum(p for _, p in case.differential)
    return frozenset(name for name, p in case.differential if p >= LEAST_SHARE * total)


def learn(cases: Sequence[Case], names: tuple[str, ...]) -> Companions | None:
    """Shares from patients with supplied lists; None where no patient has one."""
    cases = [case for case in cases if case.differential and case.diagnosis in names]
    if not cases:
        return None
    held = np.array([[name in members for name in names] for case in cases for members in [supplied(case)]], float)
    everybody = held.mean(axis=0)
    own = np.array([[case.diagnosis == name for name in names] for case in cases], float)
    on_list = (own.T @ held + _OWN * everybody) / (own.sum(axis=0)[:, None] + _OWN)
    return Companions(names, on_list, _people(cases, held))


def _people(cases: Sequence[Case], held: Array) -> Array:
    group = np.eye(groups())[[group_of(case.age_years, case.sex) for case in cases]]
    prior = _PEOPLE * group.mean(axis=0)
    listed = (held.T @ group + prior) / (held.sum(axis=0)[:, None] + _PEOPLE)
    others = ((1 - held).T @ group + prior) / ((1 - held).sum(axis=0)[:, None] + _PEOPLE)
    return np.asarray(np.log(np.maximum(listed, 1e-6) / np.maximum(others, 1e-6)), np.float64)


def lead(learned: Companions, belief: Array, case: Case) -> Listed:
    """The list for a belief over `learned.names` (n,)."""
    share = np.clip(belief @ learned.on_list, 0.003, 0.997)
    odds = np.log(share / (1 - share)) + _PEOPLE_WEIGHT * learned.people[:, group_of(case.age_years, case.sex)]
    membership = 1 / (1 + np.exp(-odds))
    first = int(belief.argmax())
    chosen = {first, *best_set(membership)}
    order = sorted(chosen, key=lambda k: (k != first, -membership[k]))
    return Listed(tuple(learned.names[k] for k in order), tuple(float(membership[k]) for k in order))


def best_set(membership: Array) -> list[int]:
    """The k likeliest members, k such that 2 * expected hits / (k + expected size) is largest."""
    order = np.argsort(-membership, kind="stable")
    size = np.arange(1, len(order) + 1)
    expected = 2 * membership[order].cumsum() / (size + membership.sum())
    return [int(k) for k in order[: int(expected.argmax()) + 1]]


def agreement(lists: Sequence[Sequence[str]], cases: Sequence[Case]) -> dict[str, float | None]:
    """Mean recall, mean precision and their harmonic mean against the supplied lists (None without any)."""
    pairs = [(set(a), supplied(c)) for a, c in zip(lists, cases, strict=True) if c.differential and a]
    if not pairs:
        return {"ddr": None, "ddp": None, "ddf1": None}
    recall = float(np.mean([len(a & b) / len(b) for a, b in pairs]))
    precision = float(np.mean([len(a & b) / len(a) for a, b in pairs]))
    return {"ddr": recall, "ddp": precision, "ddf1": 2 * recall * precision / max(recall + precision, 1e-9)}
