"""What to ask or test next: expected information gain in bits, minus cost and risk; stops by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.common import CommonEngine, Scores
from core.diagnosis.observations import settled
from core.domain.assessment import NextStep, StepKind
from core.domain.basics import Coding, Label

Array = NDArray[np.float64]
_HYPOTHESES = 60
_DANGER_SHARE = 0.5
_COST = 0.25
_MINIMUM = 0.01
_SURE = 0.9
_PREGNANT = "pregnancy"
_RADIATION = Label("Pregnancy: prefer a method without ionising radiation.", "妊娠：优先选择无电离辐射的检查方法。")


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """Per finding: bits about which diagnosis, bits about dangerous or not, and their balance with the cost."""

    diagnosis: Array
    danger: Array
    utility: Array
    rows: NDArray[np.intp]
    answers: Array


def binary_entropy(p: Array) -> Array:
    """Entropy in bits of a yes/no answer."""
    q = np.clip(p, 1e-12, 1 - 1e-12)
    return np.asarray(-(q * np.log2(q) + (1 - q) * np.log2(1 - q)), np.float64)


def gains(engine: CommonEngine, scores: Scores) -> Gains:
    """Expected information gain of every finding not yet settled (0 for those that are)."""
    rows = np.argsort(-scores.probabilities, kind="stable")[:_HYPOTHESES]
    belief = np.append(scores.probabilities[rows], scores.none)
    belief = belief / belief.sum()
    answers = _answers(engine, scores, rows)
    diagnosis = information(belief, answers)
    dangerous = np.array([engine.tables.conditions[int(r)].cant_miss for r in rows] + [False])
    danger = _danger(belief, answers, dangerous)
    cost = np.array([entry.cost for entry in engine.tables.findings])
    utility = diagnosis + _DANGER_SHARE * danger - _COST * cost
    utility[settled(engine.tables, scores.observations, scores.nodes)] = -1
    return Gains(diagnosis, danger, utility, rows, answers)


def information(belief: Array, answers: Array) -> Array:
    """Mutual information (bits) of the hypothesis and each yes/no answer. `answers` (hypotheses, findings)."""
    mixed = belief @ answers
    return np.asarray(np.maximum(binary_entropy(mixed) - belief @ binary_entropy(answers), 0), np.float64)


def _danger(belief: Array, answers: Array, dangerous: NDArray[np.bool_]) -> Array:
    mass = float(belief[dangerous].sum())
    if not 0 < mass < 1:
        return np.zeros(answers.shape[1])
    yes = (belief[dangerous] @ answers[dangerous]) / mass
    no = (belief[~dangerous] @ answers[~dangerous]) / (1 - mass)
    return information(np.array([mass, 1 - mass]), np.stack([yes, no]))


def _answers(engine: CommonEngine, scores: Scores, rows: NDArray[np.intp]) -> Array:
    """P(yes | hypothesis) given what is known of the parent, with misses; the last row is "none of these"."""
    tables, filled, settings = engine.tables, engine.likelihood, engine.settings
    p = np.vstack([filled.p[rows], tables.background[None, :]]).astype(np.float64)
    present = {node.index for node in scores.nodes if node.present}
    parent = tables.parent
    given = np.array([i for i in range(len(parent)) if int(parent[i]) in present], np.intp)
    if given.size:
        p[:, given] = np.minimum(p[:, given] / p[:, parent[given]], 0.985)
    invented = np.minimum(settings.false_present * tables.background, settings.false_present_cap)
    return np.asarray(p * (1 - settings.false_absent) + (1 - p) * invented, np.float64)


def next_steps(engine: CommonEngine, scores: Scores, count: int = 5) -> tuple[NextStep, ...]:
    """The best steps, one for each correlated group; empty when nothing is worth its cost or one diagnosis is sure."""
    if scores.probabilities.size == 0 or float(scores.probabilities.max()) > _SURE:
        return ()
    value = gains(engine, scores)
    chosen: list[int] = []
    groups: set[str] = set()
    for index in map(int, np.argsort(-value.utility, kind="stable")):
        if value.utility[index] < _MINIMUM or len(chosen) == count:
            break
        entry = engine.tables.findings[index]
        group = entry.group or entry.id
        if group in groups or entry.kind == "demographic":
            continue
        groups.add(group)
        chosen.append(index)
    pregnant = any(engine.tables.findings[o.index].id == _PREGNANT and o.present for o in scores.observations)
    return tuple(_step(engine, scores, value, index, pregnant) for index in chosen)


def _step(engine: CommonEngine, scores: Scores, value: Gains, index: int, pregnant: bool) -> NextStep:
    entry = engine.tables.findings[index]
    caution = _RADIATION if pregnant and entry.step is StepKind.IMAGE else Label("")
    label = entry.question if entry.question.en and entry.step is StepKind.ASK else entry.label
    return NextStep(
        entry.step,
        Coding("consilium", entry.id),
        label,
        float(value.diagnosis[index]),
        _told_apart(engine, scores, value, index),
        entry.cost,
        caution,
    )


def _told_apart(engine: CommonEngine, scores: Scores, value: Gains, index: int) -> tuple[str, ...]:
    """The two likely hypotheses that expect the most different answers."""
    belief = scores.probabilities[value.rows]
    answers = value.answers[:-1, index]
    away = belief * (answers - float(belief @ answers / max(belief.sum(), 1e-12)))
    ends: Sequence[int] = (int(away.argmax()), int(away.argmin()))
    return tuple(dict.fromkeys(engine.tables.conditions[int(value.rows[e])].id for e in ends))
