"""Red flags: rules of their own over findings, vital signs, laboratory values and age. They show whatever the engines say.

A rule (resources/knowledge/red_flags/*.yaml) fires when its condition holds. Conditions:

    present: id              the finding (or a kind of it) is present
    absent: id               the finding (or a parent of it) was denied
    any: [..]  all: [..]     of the conditions inside
    at_least: {count: 2, of: [..]}
    value: {id: heart_rate, above: 120}      a measured quantity (`below`, `unit` must match)
    age: {above: 50, below: 70}              years; sex: female
    lasting: {id: fever, above: 5}           days

A bare string means `present`. What is not known never fires a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.diagnosis.observations import Observation, days, observe
from core.domain.age import age_years
from core.domain.assessment import RedFlag, Urgency
from core.domain.basics import Citation, Label
from core.domain.finding import Finding, Scope, Status
from core.domain.record import Patient
from core.errors import UserError
from core.knowledge import condition_tables
from core.knowledge.condition_tables import Tables
from core.knowledge.conditions import read_yaml
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "red_flags"
OPERATORS = frozenset({"present", "absent", "any", "all", "at_least", "value", "age", "sex", "lasting"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `when` is the condition as written."""

    id: str
    label: Label
    advice: Label
    urgency: Urgency
    when: Any
    source: Citation


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    present: dict[str, list[Finding]]
    denied: frozenset[str]
    values: dict[str, list[Finding]]
    age: float | None
    sex: str


@lru_cache(maxsize=2)
def rules(folder: Path = FOLDER) -> tuple[Rule, ...]:
    """All rules. Raises `UserError` naming the rule that does not fit the form."""
    found: list[Rule] = []
    for path in sorted(folder.glob("*.yaml")):
        for entry in read_yaml(path) or []:
            try:
                found.append(_rule(entry))
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(f"{path.name}: rule {entry.get('id')}: {error}.", "Correct the file.") from error
    return tuple(found)


def _rule(entry: dict[str, Any]) -> Rule:
    check_form(entry["when"])
    return Rule(
        str(entry["id"]),
        Label(entry["en"], entry["zh"]),
        Label(entry["advice_en"], entry["advice_zh"]),
        Urgency(entry["urgency"]),
        entry["when"],
        Citation(str(entry["source"]["title"]), int(entry["source"].get("year", 0))),
    )


def check_form(when: Any) -> None:
    """Raise ValueError where a condition is not of the form above."""
    if isinstance(when, str):
        return
    if not isinstance(when, dict) or len(when) != 1:
        raise ValueError(f"a condition is an id or one operator, not {when!r}")
    ((operator, value),) = when.items()
    if operator not in OPERATORS:
        raise ValueError(f"{operator!r} is none of {', '.join(sorted(OPERATORS))}")
    for inner in value["of"] if operator == "at_least" else value if operator in {"any", "all"} else ():
        check_form(inner)


def names(when: Any) -> set[str]:
    """Every finding id a condition mentions."""
    if isinstance(when, str):
        return {when}
    ((operator, value),) = when.items()
    if operator in {"present", "absent"}:
        return {value}
    if operator in {"value", "lasting"}:
        return {value["id"]}
    inner = value["of"] if operator == "at_least" else value if operator in {"any", "all"} else []
    return set().union(*(names(part) for part in inner))


def red_flags(
    findings: Sequence[Finding],
    patient: Patient,
    now: datetime,
    tables: Tables | None = None,
    ruleset: tuple[Rule, ...] | None = None,
) -> tuple[RedFlag, ...]:
    """The rules that hold, emergencies first."""
    case = _case(findings, patient, now, tables or condition_tables.load())
    fired = []
    for rule in rules() if ruleset is None else ruleset:
        because = _holds(rule.when, case)
        if because is not None:
            ids = tuple(dict.fromkeys(f.id for f in because))
            fired.append(RedFlag(rule.id, rule.label, rule.advice, rule.urgency, ids, rule.source))
    return tuple(sorted(fired, key=lambda flag: list(Urgency).index(flag.urgency)))


def _case(findings: Sequence[Finding], patient: Patient, now: datetime, tables: Tables) -> _Case:
    present: dict[str, list[Finding]] = {}
    values: dict[str, list[Finding]] = {}
    seen: tuple[Observation, ...] = observe(findings, tables)
    for observation in seen:
        if observation.present and _believed(observation):
            for index in (observation.index, *tables.ancestors[observation.index]):
                present.setdefault(tables.findings[index].id, []).append(observation.finding)
    for finding in findings:
        if finding.quantity is not None and finding.scope is Scope.CURRENT:
            values.setdefault(finding.code.code, []).append(finding)
    denied = frozenset(f.code.code for f in findings if f.status is Status.ABSENT and f.scope is Scope.CURRENT)
    denied |= {
        entry.id
        for entry, above in zip(tables.findings, tables.ancestors, strict=True)
        if any(tables.findings[i].id in denied for i in above)
    }
    return _Case(present, denied, values, age_years(patient, now.date()), patient.sex.value)


def _believed(observation: Observation) -> bool:
    """A rule needs a finding more likely there than not; an image's needs odds of its own above even."""
    shift = observation.logit_shift
    return observation.confidence >= 0.5 and (shift is None or shift > 0)


def _holds(when: Any, case: _Case) -> list[Finding] | None:
    """The findings because of which the condition holds (possibly none needed: age), or None."""
    if isinstance(when, str):
        return case.present.get(when)
    ((operator, value),) = when.items()
    if operator in {"any", "all", "at_least"}:
        return _combined(operator, value, case)
    if operator == "present":
        return case.present.get(value)
    if operator == "absent":
        return [] if value in case.denied else None
    if operator == "sex":
        return [] if case.sex == value else None
    if operator == "age":
        return [] if case.age is not None and _within(case.age, value) else None
    if operator == "value":
        return _measured(value, case)
    return _lasting(value, case)


def _combined(operator: str, value: Any, case: _Case) -> list[Finding] | None:
    parts = value["of"] if operator == "at_least" else value
    needed = {"any": 1, "all": len(parts)}.get(operator) or int(value["count"])
    held = [because for part in parts for because in [_holds(part, case)] if because is not None]
    if len(held) < needed:
        return None
    return [finding for because in held for finding in because]


def _within(number: float, bounds: dict[str, Any]) -> bool:
    return float(bounds.get("above", "-inf")) < number < float(bounds.get("below", "inf"))


def _measured(value: dict[str, Any], case: _Case) -> list[Finding] | None:
    found = [
        f
        for f in case.values.get(value["id"], [])
        if f.quantity is not None
        and _within(f.quantity.value, value)
        and value.get("unit", f.quantity.unit) == f.quantity.unit
    ]
    return found or None


def _lasting(value: dict[str, Any], case: _Case) -> list[Finding] | None:
    found = []
    for finding in case.present.get(value["id"], []):
        length = days(finding.duration) if finding.duration is not None else None
        if length is not None and _within(length, value):
            found.append(finding)
    return found or None
