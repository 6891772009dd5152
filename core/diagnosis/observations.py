"""Findings of a case to the nodes of the finding hierarchy that carry evidence.

A present kind implies its parents, an absent parent its kinds. Every implied fact becomes evidence once: a parent is
one node however many of its kinds are present, a kind counts beyond its parent only (conditional probabilities), an
absent kind of an absent parent adds nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.domain.basics import Quantity
from core.domain.finding import Finding, Origin, Scope, Status
from core.knowledge.condition_tables import Tables

HISTORY_KINDS = frozenset({"history", "risk", "exposure", "medication", "demographic"})
_PAIN, _PAINS = "pain", frozenset({"pain", "headache"})
COMPLAINTS = frozenset({"symptom", "sign"})
_DAYS = {"s": 1 / 86400, "min": 1 / 1440, "h": 1 / 24, "d": 1.0, "wk": 7.0, "mo": 30.44, "a": 365.25}


@dataclass(frozen=True, slots=True)
class Observation:
    """One finding as the engine sees it. `logit_shift`: an image's log likelihood ratio, else None."""

    index: int
    present: bool
    confidence: float
    finding: Finding
    logit_shift: float | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One piece of evidence: a finding present or absent, given its parent (`given`, -1 for none).

    `players`: positions of the observations that bring it in (any one suffices).
    """

    index: int
    present: bool
    given: int
    confidence: float
    players: tuple[int, ...]
    logit_shift: float | None = None


def observe(findings: Sequence[Finding], tables: Tables) -> tuple[Observation, ...]:
    """The findings the tables know, one per code: the clinician's word first, then the more confident, then present."""
    best: dict[int, Observation] = {}
    for finding in findings:
        index = find_index(finding, tables)
        if index is None or finding.status is Status.NOT_ASSESSED or not _reaches(finding, index, tables):
            continue
        seen = Observation(index, finding.status is Status.PRESENT, finding.confidence, finding, finding.logit_shift)
        if index not in best or _rank(seen) > _rank(best[index]):
            best[index] = seen
    pain = tables.finding_index.get(_PAIN)
    if pain in best and _contradicted(best[pain], best.values(), tables):
        del best[pain]
    return tuple(best.values())


def _contradicted(denied: Observation, told: Iterable[Observation], tables: Tables) -> bool:
    """Whether a note's "no pain" meant one kind of pain ("denies tearing pain"): it tells another. The clinician's own
    word stands."""
    if denied.present or denied.finding.origin is Origin.CLINICIAN:
        return False
    entries = (tables.findings[o.index] for o in told if o.present)
    return any(e.kind in COMPLAINTS and not _PAINS.isdisjoint(e.id.split("_")) for e in entries)


def find_index(finding: Finding, tables: Tables) -> int | None:
    """The table's row for a finding's own code or one of its equivalents, else None."""
    for code in (finding.code, *finding.also):
        index = (
            tables.finding_index.get(code.code)
            if code.system == "consilium"
            else tables.hpo_index.get(code.code)
            if code.system == "HP"
            else None
        )
        if index is not None:
            return index
    return None


def _rank(seen: Observation) -> tuple[bool, float, bool]:
    return seen.finding.origin is Origin.CLINICIAN, seen.confidence, seen.present


def _reaches(finding: Finding, index: int, tables: Tables) -> bool:
    """Whose and when: current findings; past ones only as history, relatives' only as family history."""
    if finding.scope is Scope.CURRENT:
        return True
    entry = tables.findings[index]
    if finding.scope is Scope.HISTORY:
        return entry.kind in HISTORY_KINDS
    return finding.scope is Scope.FAMILY and "family" in entry.id


def nodes(observations: Sequence[Observation], tables: Tables) -> tuple[Node, ...]:
    """The evidence nodes, parents first."""
    brought = _brought(observations, tables)
    denied = {o.index for o in observations if not o.present} - set(brought)
    found = [_present(index, players, observations, tables, brought) for index, players in brought.items()]
    for position, seen in enumerate(observations):
        if not seen.present and seen.index in denied and not (tables.ancestors[seen.index] & denied):
            parent = int(tables.parent[seen.index])
            given = parent if parent in brought else -1
            found.append(Node(seen.index, False, given, seen.confidence, (position,)))
    return tuple(sorted(found, key=lambda node: (node.index, node.present)))


def _brought(observations: Sequence[Observation], tables: Tables) -> dict[int, list[int]]:
    """Present nodes: each observed finding and the chain of its first parents -> who brings them."""
    implied = frozenset().union(*(tables.ancestors[o.index] for o in observations if _sure(o)))
    brought: dict[int, list[int]] = {}
    for position, seen in enumerate(observations):
        if not seen.present or (seen.index in implied and not _on_a_chain(seen.index, observations, tables)):
            continue
        for index in _chain(seen, tables):
            brought.setdefault(index, []).append(position)
    return brought


def _sure(seen: Observation) -> bool:
    return seen.present and seen.logit_shift is None


def _chain(seen: Observation, tables: Tables) -> list[int]:
    """The finding and its first parents upward; an image's graded evidence stays with its own finding."""
    chain = [seen.index]
    while seen.logit_shift is None and tables.parent[chain[-1]] >= 0:
        chain.append(int(tables.parent[chain[-1]]))
    return chain


def _on_a_chain(index: int, observations: Sequence[Observation], tables: Tables) -> bool:
    return any(_sure(o) and o.index != index and index in _chain(o, tables) for o in observations)


def _present(
    index: int, players: list[int], observations: Sequence[Observation], tables: Tables, brought: dict[int, list[int]]
) -> Node:
    seen = [observations[p] for p in players]
    shift = next((o.logit_shift for o in seen if o.index == index and o.logit_shift is not None), None)
    parent = int(tables.parent[index])
    given = parent if shift is None and parent in brought else -1
    return Node(index, True, given, max(o.confidence for o in seen), tuple(players), shift)


def days(quantity: Quantity) -> float | None:
    """A UCUM duration in days; None for another unit."""
    factor = _DAYS.get(quantity.unit)
    return None if factor is None or quantity.value <= 0 else quantity.value * factor


def longest_duration(observations: Sequence[Observation], tables: Tables) -> tuple[float, int] | None:
    """How long the complaint has lasted (days) and which observation says so: the longest of the present symptoms and
    signs. A habit's or an old illness's years are not the complaint's."""
    found = [
        (length, position)
        for position, seen in enumerate(observations)
        if seen.present
        and seen.finding.duration is not None
        and seen.finding.scope is Scope.CURRENT
        and tables.findings[seen.index].kind in COMPLAINTS
        for length in [days(seen.finding.duration)]
        if length is not None
    ]
    return max(found) if found else None


def settled(tables: Tables, observations: Sequence[Observation], found: Sequence[Node]) -> list[int]:
    """Findings that are known already: observed, implied by a present kind, or excluded by an absent parent."""
    known = {node.index for node in found} | {o.index for o in observations}
    kinds = _kinds(tables)
    for seen in observations:
        if not seen.present:
            known.update(kinds.get(seen.index, ()))
    return sorted(known)


@lru_cache(maxsize=4)
def _kinds(tables: Tables) -> dict[int, list[int]]:
    """Finding -> everything that is a kind of it."""
    found: dict[int, list[int]] = {}
    for index, above in enumerate(tables.ancestors):
        for ancestor in above:
            found.setdefault(ancestor, []).append(index)
    return found
