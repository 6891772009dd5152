"""Scores filled from the record on the fly: for each that applies, its value or exactly what is missing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.domain.basics import Quantity, Source
from core.domain.finding import Finding
from core.domain.record import Record, Sex
from core.errors import UserError
from core.risk import facts as known
from core.risk.facts import Facts
from core.risk.score import InputSpec, InputUsed, InputValue, Score, ScoreResult, compute, find, read_input

_Origin = dict[str, tuple[str, tuple[Source, ...]]]


def scores_for(record: Record, findings: tuple[Finding, ...], now: datetime) -> tuple[ScoreResult, ...]:
    """Every score that applies to the patient at `now` (timezone-aware), complete ones first.

    An input that the record does not hold, that is older than the table allows or out of range is listed as missing:
    a history that is merely not mentioned is not taken as absent.
    """
    facts = known.gather(record, findings, now)
    names = [name for name, rule in known.table()["applies"].items() if applies(facts, rule)]
    results = [filled(facts, find(name)) for name in names]
    return tuple(sorted(results, key=lambda r: r.value is None))


def applies(facts: Facts, rule: Mapping[str, Any]) -> bool:
    """Whether a score is worth showing: age within bounds, and its findings, problem words or measurements at hand."""
    if facts.age is None or not rule.get("least_age", 0) <= facts.age < rule.get("below_age", 200):
        return False
    named = known.by_rule(facts, rule)
    told = named is not None and named.value
    needed = rule.get("has")
    measured = needed is not None and all(_measured(facts, name) is not None for name in needed)
    if rule.get("both"):
        return told and measured
    together = rule.get("findings_all", ())
    both = bool(together) and all(_present(facts, name) for name in together)
    return told or measured or both


def _present(facts: Facts, name: str) -> bool:
    found = known.by_rule(facts, {"findings": [name]})
    return found is not None and found.value


def _measured(facts: Facts, name: str) -> known.Measurement | None:
    row = known.table()["measured"].get(name)
    return facts.newest(row[0], row[1]) if row else None


def filled(facts: Facts, score: Score, more: Mapping[str, InputValue] | None = None) -> ScoreResult:
    """A score from what is known, each input with its date and sources; `more` adds inputs the record cannot hold."""
    given: dict[str, InputValue] = dict(more or {})
    origin: _Origin = {}
    for spec in score.inputs:
        found = _input(facts, spec) if spec.id not in given else None
        if found is None:
            continue
        value, time, sources = found
        try:
            read_input(spec, value)
        except UserError:  # out of range: not an input to reckon with, so it stays missing
            continue
        given[spec.id] = value
        origin[spec.id] = (time, sources)
    result = compute(score, given)
    return replace(result, inputs=tuple(_sourced(used, origin) for used in result.inputs))


def _sourced(used: InputUsed, origin: _Origin) -> InputUsed:
    time, sources = origin.get(used.id, ("", ()))
    return replace(used, time=time, sources=sources)


def _input(facts: Facts, spec: InputSpec) -> tuple[InputValue, str, tuple[Source, ...]] | None:
    patient = facts.record.patient
    if spec.id == "age":
        return None if facts.age is None else (float(int(facts.age)), "", patient.sources)
    if spec.id == "sex":
        return (facts.sex.value, "", patient.sources) if facts.sex in (Sex.FEMALE, Sex.MALE) else None
    measured = _measured(facts, spec.id)
    if measured is not None:
        return Quantity(measured.quantity.value, measured.quantity.unit), measured.time, measured.sources
    if spec.id == "mean_arterial":
        return _mean(facts)
    if spec.is_flag:
        fact = known.flag(facts, spec.id)
        return (fact.value, fact.time, fact.sources) if fact else None
    return None


def _mean(facts: Facts) -> tuple[InputValue, str, tuple[Source, ...]] | None:
    systolic, diastolic = _measured(facts, "systolic"), _measured(facts, "diastolic")
    if systolic is None or diastolic is None or systolic.time != diastolic.time:
        return None
    value = (systolic.quantity.value + 2 * diastolic.quantity.value) / 3
    return value, systolic.time, systolic.sources + diastolic.sources
