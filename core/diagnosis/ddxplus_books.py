"""Question books for DDXPlus: learned from patients (naive Bayes), or from our written knowledge through the crosswalk."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import common
from core.diagnosis.ddxplus import Case, Crosswalk, crosswalk
from core.diagnosis.interview import Answer, Book, Question, spans
from core.diagnosis.patient import age_weights
from core.domain.record import Sex

Array = NDArray[np.float64]
_NEVER = 0.002
_SMOOTH = 1.0
_PEOPLE_SMOOTH = 15.0
_AGES = (1.0, 5.0, 15.0, 30.0, 45.0, 60.0, 75.0)
_TRUST, _LISTED, _UNLISTED = 0.2, 0.6, 0.001
"""Written knowledge: what the set's metadata lists for a diagnosis is likely (0.6), moved a fifth of the way to our own p;
what it does not list is nearly impossible there. Chosen on the first 400 development patients."""


def read_conditions(folder: Path) -> dict[str, frozenset[str]]:
    """Which evidences the set's own metadata lists for each diagnosis (`release_conditions.json`), else {}."""
    for path in (folder / "meta_en" / "release_conditions.json", folder / "release_conditions.json"):
        if path.is_file():
            raw = json.loads(path.read_text(encoding="utf-8"))
            return {name: frozenset(entry["symptoms"]) | frozenset(entry["antecedents"]) for name, entry in raw.items()}
    return {}


def questions(metadata: dict[str, dict[str, Any]]) -> tuple[Question, ...]:
    """One question for each evidence; those with values come after a yes to their parent."""
    kinds = {"B": "yes", "C": "one", "M": "many"}
    found = []
    for code, entry in metadata.items():
        parent = str(entry["code_question"])
        values = tuple(str(value) for value in entry["possible-values"])
        gate = parent if parent != code and parent in metadata else ""
        found.append(Question(code, kinds[entry["data_type"]], values, gate if entry["data_type"] != "B" else ""))
    return tuple(found)


def answer(case: Case, question: Question) -> Answer:
    """What the patient says: codes that are not written are "no"."""
    if question.kind == "yes":
        return frozenset({"yes"} if question.code in case.evidences else ())
    prefix = question.code + "_@_"
    return frozenset(e.removeprefix(prefix) for e in case.evidences if e.startswith(prefix))


def learn(
    cases: Sequence[Case], asked: tuple[Question, ...], names: tuple[str, ...], listed: dict[str, frozenset[str]]
) -> Book:
    """Naive Bayes tables from patients; an evidence the metadata does not list for a diagnosis stays near 0."""
    span = spans(asked)
    width = max(last for _, last in span.values())
    p = np.zeros((len(names), width))
    everybody = {name: [case for case in cases if case.diagnosis == name] for name in names}
    for row, name in enumerate(names):
        for question in asked:
            first, last = span[question.code]
            p[row, first:last] = _column(question, everybody[name], question.code in listed.get(name, {question.code}))
    count = np.array([len(everybody[name]) + 1.0 for name in names])
    return Book(names, count / count.sum(), asked, p, span, _people(cases, names))


def _column(question: Question, cases: Sequence[Case], possible: bool) -> Array:
    if question.kind == "yes":
        yes = sum(bool(answer(case, question)) for case in cases)
        least = _SMOOTH * 0.1 if possible else _NEVER * len(cases)
        return np.array([(yes + least) / (len(cases) + 2 * max(least, _NEVER))])
    relevant = [a for a in (answer(case, question) for case in cases) if a]
    counts = np.array([sum(value in a for a in relevant) for value in question.values], np.float64)
    if question.kind == "one":
        return np.asarray((counts + 1 / len(counts)) / (len(relevant) + 1), np.float64)
    return np.asarray((counts + 0.02) / (len(relevant) + 0.5), np.float64)


def written(asked: tuple[Question, ...], names: tuple[str, ...], listed: dict[str, frozenset[str]]) -> Book:
    """A book without any patient: our conditions' p through the crosswalk, limited to what the metadata lists."""
    engine, table = common.shared(), crosswalk()
    span = spans(asked)
    p = np.full((len(names), max(last for _, last in span.values())), 0.5)
    rows = [engine.tables.condition_index[table.conditions[name]] for name in names]
    for position, name in enumerate(names):
        likelihood = engine.likelihood.p[rows[position]]
        for question in asked:
            first, last = span[question.code]
            possible = question.code in listed.get(name, {question.code}) or not listed
            p[position, first:last] = _from_knowledge(question, table, engine, likelihood, possible)
    prior = np.exp(engine.base[rows])
    return Book(names, prior / prior.sum(), asked, p, span)


def _from_knowledge(
    question: Question, table: Crosswalk, engine: common.CommonEngine, likelihood: NDArray[np.float32], possible: bool
) -> Array:
    at = engine.tables.finding_index
    if question.kind == "yes":
        if not possible:
            return np.array([_UNLISTED])
        name = table.evidences.get(question.code)
        negated = table.negated.get(question.code)
        share = float(likelihood[at[name]]) if name else 1 - float(likelihood[at[negated]]) if negated else _LISTED
        return np.array([np.clip(_TRUST * share + (1 - _TRUST) * _LISTED, 0.2, 0.9)])
    values = table.values.get(question.code, {})
    known = {name: list(values.values()).count(name) for name in set(values.values())}
    weight = np.array([_value_weight(v, values, known, likelihood, at) for v in question.values])
    if question.kind == "one":
        return np.asarray(weight / weight.sum(), np.float64)
    return np.asarray(np.clip(weight, 0.01, 0.9), np.float64)


def _value_weight(
    value: str, values: dict[str, str], known: dict[str, int], likelihood: NDArray[np.float32], at: dict[str, int]
) -> float:
    name = values.get(value)
    return 0.03 if name is None else float(likelihood[at[name]]) / known[name] ** 0.5


def demographics(book: Book, case: Case) -> Array:
    """Factors of age and sex: learned with the tables, else from our written conditions."""
    if book.people is not None:
        return np.asarray(book.people[:, group_of(case.age_years, case.sex)], np.float64)
    engine, table = common.shared(), crosswalk()
    rows = [engine.tables.condition_index[table.conditions[name]] for name in book.hypotheses]
    age = age_weights(engine.tables, case.age_years)[rows]
    prevalence = [engine.tables.conditions[row].prevalence for row in rows]
    sex = np.array([p.female if case.sex is Sex.FEMALE else p.male for p in prevalence])
    return np.asarray(np.exp(np.clip(age, -4, 3)) * np.maximum(sex, 0.02), np.float64)


def groups() -> int:
    """Number of age and sex groups."""
    return 2 * (len(_AGES) + 1)


def group_of(age_years: float, sex: Sex) -> int:
    """Column of an age band and sex."""
    return 2 * int(np.searchsorted(_AGES, age_years, side="right")) + (sex is Sex.FEMALE)


def _people(cases: Sequence[Case], names: tuple[str, ...]) -> Array:
    """P(age band, sex | diagnosis), smoothed towards everybody's."""
    place = {name: row for row, name in enumerate(names)}
    count = np.zeros((len(names), groups()))
    for case in cases:
        if case.diagnosis in place:
            count[place[case.diagnosis], group_of(case.age_years, case.sex)] += 1
    everybody = (count.sum(axis=0) + 0.5) / (count.sum() + 0.5 * count.shape[1])
    weighted = count + _PEOPLE_SMOOTH * everybody
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True), np.float64)
