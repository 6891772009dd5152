"""The interview over the written conditions: from a complaint, ask the question most worth its cost until it is enough.

Unlike `interview` (any table of questions) this runs the common engine itself, so what it believes at the end is what the
case's differential would say of the same findings. "Unknown" is an answer: nothing is learned from it, and no kind of what
is unknown is asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.diagnosis import questions
from core.diagnosis.common import CommonEngine, Scores
from core.domain.basics import Coding, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient

SURE, MOST, LEAST_UTILITY = 0.85, 20, 0.0
Oracle = Callable[[str], Status]
"""Answers whether a finding (its id) is there; `NOT_ASSESSED` means unknown."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer."""

    finding: str
    answer: Status


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """What was asked, in order, what is then known, and the scores of it."""

    asked: tuple[Asked, ...]
    findings: tuple[Finding, ...]
    scores: Scores


def interview(
    engine: CommonEngine,
    known: Sequence[Finding],
    patient: Patient,
    now: datetime,
    oracle: Oracle,
    *,
    sure: float = SURE,
    most: int = MOST,
) -> Ended:
    """Ask until one condition has `sure` belief, nothing is worth asking, or `most` questions were asked."""
    findings, asked, closed = list(known), list[Asked](), set[int]()
    while True:
        scores = engine.score(findings, patient, now)
        if len(asked) == most or (asked and float(scores.probabilities.max()) >= sure):
            break
        best = _next(engine, scores, closed)
        if best is None:
            break
        entry = engine.tables.findings[best]
        answer = oracle(entry.id)
        asked.append(Asked(entry.id, answer))
        closed.add(best)
        if answer is Status.NOT_ASSESSED:
            closed |= {i for i, above in enumerate(engine.tables.ancestors) if best in above}
        else:
            source = Source("interview", "answer", place=entry.id)
            code = Coding("consilium", entry.id)
            findings.append(Finding(f"asked-{entry.id}", code, entry.label, answer, Origin.CLINICIAN, source))
    return Ended(tuple(asked), tuple(findings), scores)


def _next(engine: CommonEngine, scores: Scores, closed: set[int]) -> int | None:
    """The finding most worth asking for; None when none is worth its cost."""
    utility = questions.gains(engine, scores).utility.copy()
    utility[[entry.kind == "demographic" for entry in engine.tables.findings]] = -1
    utility[list(closed)] = -1
    best = int(np.argmax(utility))
    return best if utility[best] > LEAST_UTILITY else None
