"""The common engine: additive log-odds over the written conditions.

Score of a condition (nats) = exponent * log prevalence + age, sex, pregnancy and duration + one weight per finding, all
relative to the average person who presents. "None of these" is that average person, so its weights are 0. Scores
become probabilities by a softmax at a temperature, a little of it spread, a little kept for "none of these". See
docs/diagnosis-common.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import likelihood as lk
from core.diagnosis import patient as demographics
from core.diagnosis import settings as constants
from core.diagnosis import silence, wording
from core.diagnosis.engine import Ranking
from core.diagnosis.hypotheses import build
from core.diagnosis.observations import (
    COMPLAINTS,
    HISTORY_KINDS,
    Node,
    Observation,
    longest_duration,
    nodes,
    observe,
)
from core.diagnosis.settings import Settings
from core.diagnosis.shares import Component, components, group_sum
from core.domain.assessment import Abstention
from core.domain.basics import Label
from core.domain.finding import Finding
from core.domain.record import Patient
from core.findings.wording import language_of
from core.knowledge import condition_tables
from core.knowledge.condition_tables import Tables

Array = NDArray[np.float64]
NAME = "common"
_SPREAD = 3.0


@dataclass(frozen=True, eq=False)
class Scores:
    """Everything behind one ranking. `node_weights` (conditions, nodes); `extra` (conditions, demographic items)."""

    observations: tuple[Observation, ...]
    nodes: tuple[Node, ...]
    groups: tuple[tuple[int, ...], ...]
    node_weights: NDArray[np.float32]
    extra: tuple[demographics.Item, ...]
    base: Array
    scores: Array
    probabilities: Array
    none: float
    log_evidence: float
    temperature: float
    outside: float = 0.0
    told: bool = False  # whether a wording of some length was read

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Findings that interact, the same for every condition."""
        return components([node.players for node in self.nodes], self.groups)


class CommonEngine:
    """Ranks the written conditions. Build once (`shared()`), use from any thread: nothing is changed by ranking."""

    def __init__(self, tables: Tables, settings: Settings) -> None:
        self.tables = tables
        self.settings = settings
        self.likelihood = lk.fill(tables, settings)
        self.expected = silence.expected(tables, self.likelihood)
        prevalence = np.array([c.prevalence.weight for c in tables.conditions], np.float64) / 1000
        raised = np.maximum(prevalence, 1e-9) ** settings.prior_exponent
        self.base: Array = np.log(raised * (1 - settings.none_weight) / max(raised.sum(), 1e-12))

    def rank(self, findings: Sequence[Finding], patient: Patient, now: datetime, top: int = 12) -> Ranking:
        """The `top` conditions by probability; abstains with fewer than two informative findings."""
        return self.ranking(self.score(findings, patient, now), top)

    def ranking(self, scores: Scores, top: int = 12) -> Ranking:
        """The ranking of scores already made."""
        abstention = self._abstention(scores)
        best = np.argsort(-scores.probabilities, kind="stable")[:top]
        found = () if abstention else tuple(build(self, scores, int(row)) for row in best)
        version = (self.tables.version,)
        return Ranking(found, scores.log_evidence, 1.0 if abstention else scores.none, abstention, version)

    def score(self, findings: Sequence[Finding], patient: Patient, now: datetime) -> Scores:
        """Scores and probabilities of all conditions (n,)."""
        observations = observe(findings, self.tables)
        evidence = nodes(observations, self.tables)
        weights = lk.weights(evidence, self.tables, self.likelihood, self.settings)
        groups = _groups(evidence, self.tables)
        duration = longest_duration(observations, self.tables)
        extra = demographics.items(self.tables, self.settings, patient, now, observations, duration)
        read = wording.item(self.tables, self.base, findings, wording.factors(self.settings))
        unsaid = silence.item(self.expected, self.settings, self.base, findings, observations, evidence)
        extra = (*extra, *(one for one in (read, unsaid) if one is not None))
        total = self.base + group_sum(weights, groups, self.settings.group_discount)
        for item in extra:
            total = total + item.weights
        temperature = self.temperature(sum(node.present for node in evidence))
        temperature *= self._overlap(findings)
        outside = self._outside(evidence)
        probabilities, none, log_evidence = self.probabilities(total, temperature, outside)
        return Scores(
            observations,
            evidence,
            groups,
            weights,
            extra,
            self.base,
            total,
            probabilities,
            none,
            log_evidence,
            temperature,
            outside,
            read is not None and wording.is_long(findings),
        )

    def temperature(self, present: int) -> float:
        """What log-odds are divided by. It grows with the number of present findings.

        What independence cannot express (findings that come together for reasons no group names) adds up with every
        finding, and so would overconfidence.
        """
        return self.settings.temperature * float(np.sqrt(1 + present / self.settings.temperature_findings))

    def _overlap(self, findings: Sequence[Finding]) -> float:
        """By how much the temperature is higher where findings come from a note whose wording can be read.

        Not only where the wording still stands: setting it aside must not make the rest surer than both were together.
        """
        told = next((f.source.text for f in findings if f.source.kind == "text" and f.source.text), "")
        language = language_of(told)
        if not told or not wording.readable(language):
            return 1.0
        return self.settings.wording_temperature if language == "en" else self.settings.wording_chinese_temperature

    def _outside(self, evidence: Sequence[Node]) -> float:
        """Belief that the diagnosis is none of those written, before looking at the scores."""
        complaint = any(node.present and self.tables.findings[node.index].kind in COMPLAINTS for node in evidence)
        return self.settings.outside if complaint else self.settings.outside_without_complaint

    def probabilities(self, scores: Array, temperature: float, outside: float) -> tuple[Array, float, float]:
        """Belief in each condition (n,), in none of them, and the log evidence.

        A softmax at the temperature; `surprise` of it is spread at three times the temperature, and `outside` of all goes to
        "none of these". Neither changes the order.
        """
        none = np.log(self.settings.none_weight)
        everything = np.append(scores, none)
        near = _softmax(everything / temperature)
        spread = _softmax(everything / (_SPREAD * temperature))
        share = (1 - outside) * ((1 - self.settings.surprise) * near + self.settings.surprise * spread)
        log_evidence = (
            float(np.log(np.exp(scores - everything.max()).sum()) + everything.max()) if len(scores) else none
        )
        return share[:-1], float(share[-1]) + outside, log_evidence

    def _abstention(self, scores: Scores) -> Abstention | None:
        """Too little to go on: findings that no condition lists, or only history, do not carry a differential.

        Denied findings count too, but at least one must be present. A wording of some length counts as one more, and is
        enough alone where it leaves `told_alone` belief to one condition (a letter about nothing does not).
        """
        if scores.told and scores.probabilities.max() >= self.settings.told_alone:
            return None
        informative = [
            o
            for o in scores.observations
            if self.tables.findings[o.index].kind not in HISTORY_KINDS and self.likelihood.known[:, o.index].any()
        ]
        needed = self.settings.minimum_informative
        if needed == 0 or (len(informative) + scores.told >= needed and any(o.present for o in informative)):
            return None
        if len(informative) >= needed:
            return Abstention(
                NAME, Label("Nothing that is present speaks for a condition.", "没有支持任何疾病的阳性发现。")
            )
        text = Label(
            f"Only {len(informative)} of the findings {'is' if len(informative) == 1 else 'are'} informative; "
            f"at least {needed} are needed for a differential.",
            f"仅有{len(informative)}项有鉴别意义的发现；至少需要{needed}项才能给出鉴别诊断。",
        )
        return Abstention(NAME, text)


def _softmax(scores: Array) -> Array:
    raised: Array = np.exp(scores - scores.max())
    share: Array = raised / raised.sum()
    return share


def _groups(evidence: Sequence[Node], tables: Tables) -> tuple[tuple[int, ...], ...]:
    """Node positions by correlated group; a node without a group stands alone."""
    found: dict[str, list[int]] = {}
    for position, node in enumerate(evidence):
        group = tables.findings[node.index].group
        found.setdefault(group or f"alone {position}", []).append(position)
    return tuple(tuple(group) for group in found.values())


@lru_cache(maxsize=1)
def shared() -> CommonEngine:
    """The engine on the shipped knowledge, built once a process (0.3 to 0.4 s from the cache)."""
    return CommonEngine(condition_tables.load(), constants.load())
