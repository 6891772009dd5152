"""The one interface of the diagnosis engines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.assessment import Abstention, Hypothesis
from core.domain.basics import Version
from core.domain.finding import Finding
from core.domain.record import Patient


@dataclass(frozen=True, slots=True)
class Ranking:
    """What an engine says: hypotheses by falling probability within the engine, or why it abstains.

    `log_evidence`: log of (prior-weighted likelihood of the findings under the engine's hypotheses, relative to the
    average patient). `none_of_these`: the probability, within the engine, that no hypothesis of it is right.
    """

    hypotheses: tuple[Hypothesis, ...]
    log_evidence: float
    none_of_these: float = 0.0
    abstention: Abstention | None = None
    versions: tuple[Version, ...] = ()


class Engine(Protocol):
    """Findings and a patient in, a ranking out. Same input, same output: no clock, no chance."""

    def rank(self, findings: Sequence[Finding], patient: Patient, now: datetime, top: int = 12) -> Ranking: ...
