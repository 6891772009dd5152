"""The structured record as findings: problems as history, current medicines as what the patient takes, stated phenotypes."""

import functools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from core.domain.basics import Label, Source
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Allergy, Event, FamilyFact, Medication, Phenotype, Problem, Record
from core.knowledge.drugs import load as load_drugs
from core.knowledge.vocabulary import Entry, load
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "record_findings"
_NONE_KNOWN = re.compile(r"\b(no|not|nil|none|nkda|nka)\b|无|否认|未知")
_NOT_HAD = ("refuted", "entered-in-error")
_NO_ALLERGY = ("refuted", "resolved", "inactive", "entered-in-error")
_NOT_DONE = ("not-done", "not done", "refused")
_UNDONE = (*_NOT_DONE, "cancelled", "entered-in-error", "planned", "preparation")


def findings_of_record(record: Record) -> tuple[Finding, ...]:
    """History findings of problems, allergies, procedures, immunisations and relatives, medicines that are taken now,
    and phenotypes stated with a code."""
    found = [f for p in record.problems if p.verification not in _NOT_HAD for f in _problem(p)]
    found += [f for a in record.allergies if a.status not in _NO_ALLERGY for f in _allergy(a)]
    found += [f for e in record.events for f in _event(e)]
    found += [f for fact in record.family for f in _relative(fact)]
    found += [f for m in record.medications if m.status in ("active", "unknown") for f in _medication(m)]
    found += [_phenotype(p) for p in record.phenotypes]
    return tuple(found)


@functools.cache
def _rules(name: str) -> tuple[dict[str, Any], ...]:
    rules: list[dict[str, Any]] = yaml.load((FOLDER / f"{name}.yaml").read_bytes(), yaml.CSafeLoader)
    for rule in rules:
        rule["pattern"] = re.compile("|".join(rule["words"])) if rule.get("words") else None
    return tuple(rules)


def _problem(problem: Problem) -> Iterator[Finding]:
    icd = [c.code for c in problem.codes if c.system.startswith("ICD-10")]
    snomed = {c.code for c in problem.codes if c.system == "SNOMED"}
    text = problem.text.lower()
    for rule in _rules("problems"):
        coded = any(code.startswith(prefix) for code in icd for prefix in rule.get("icd10", ()))
        coded = coded or not snomed.isdisjoint(rule.get("snomed", ()))
        if coded or (rule["pattern"] is not None and rule["pattern"].search(text)):
            scope = Scope.CURRENT if rule.get("current") and problem.status == "active" else Scope.HISTORY
            if not rule.get("current") or scope is Scope.CURRENT:
                yield _stated(load().entries[rule["finding"]], problem.sources, scope, problem.onset)


def _allergy(allergy: Allergy) -> Iterator[Finding]:
    """The kind of allergy by its words, else by whether it names a drug. "No known allergies" is no allergy."""
    text = allergy.text.lower()
    if _NONE_KNOWN.search(text):
        return
    for rule in _rules("allergies"):
        if rule["pattern"].search(text) or (rule["finding"] == "drug_allergy" and _atc_in(allergy.text)):
            yield _stated(load().entries[rule["finding"]], allergy.sources, Scope.HISTORY, allergy.onset)
            return


def _event(event: Event) -> Iterator[Finding]:
    """A procedure as history; a vaccination that was not given as an incomplete schedule."""
    missed = event.kind.startswith("immuni") and event.status.lower() in _NOT_DONE
    if missed:
        yield _stated(load().entries["not_vaccinated"], event.sources, Scope.CURRENT, event.start)
    if event.kind != "procedure" or event.status.lower() in _UNDONE:
        return
    for rule in _rules("events"):
        if rule["pattern"].search(event.text.lower()):
            yield _stated(load().entries[rule["finding"]], event.sources, Scope.HISTORY, event.start)


def _relative(fact: FamilyFact) -> Iterator[Finding]:
    """A relative's disease as family history: our finding for it, by the code or words that a problem has."""
    icd = [c.code for c in fact.codes if c.system.startswith("ICD-10")]
    for rule in _rules("family"):
        coded = any(code.startswith(prefix) for code in icd for prefix in rule.get("icd10", ()))
        if coded or rule["pattern"].search(fact.text.lower()):
            yield _stated(load().entries[rule["finding"]], fact.sources, Scope.FAMILY, "")


def _medication(medication: Medication) -> Iterator[Finding]:
    codes = {c.code for c in medication.codes if c.system == "ATC"} | _atc_in(medication.text)
    for rule in _rules("medicines"):
        if any(code.startswith(prefix) for code in codes for prefix in rule["atc"]):
            yield _stated(load().entries[rule["finding"]], medication.sources, Scope.CURRENT, medication.start)


@functools.cache
def _drug_names() -> dict[str, frozenset[str]]:
    names: dict[str, frozenset[str]] = {}
    for drug in load_drugs().by_id.values():
        for name in (drug.label.en, drug.label.zh, *drug.names, *drug.brands):
            if name:
                names[name.lower()] = frozenset(drug.atc)
    return names


def _atc_in(text: str) -> set[str]:
    """ATC codes of the ingredients named in a medication text: words, pairs of words, and Chinese names."""
    words = re.findall(r"[a-z][a-z-]+", text.lower())
    names = _drug_names()
    spoken = [*words, *(f"{a} {b}" for a, b in zip(words, words[1:], strict=False))]
    found = {code for word in spoken for code in names.get(word, ())}
    if not text.isascii():
        found |= {code for name, codes in names.items() if not name.isascii() and name in text for code in codes}
    return found


def _stated(entry: Entry, sources: tuple[Source, ...], scope: Scope, time: str) -> Finding:
    return Finding(
        id="",
        code=entry.coding,
        label=entry.label,
        status=Status.PRESENT,
        origin=Origin.HISTORY,
        source=sources[0] if sources else Source("", "record"),
        scope=scope,
        also=entry.also,
        time=time,
    )


def _phenotype(phenotype: Phenotype) -> Finding:
    vocabulary = load()
    name = vocabulary.by_hpo.get(phenotype.code.code)
    entry = vocabulary.entries[name] if name else None
    return Finding(
        id="",
        code=phenotype.code,
        label=entry.label if entry else Label(phenotype.code.display or phenotype.code.code),
        status=Status.ABSENT if phenotype.excluded else Status.PRESENT,
        origin=Origin.HISTORY,
        source=phenotype.sources[0] if phenotype.sources else Source("", "phenotype"),
        also=(entry.coding,) if entry else (),
        time=phenotype.onset,
    )
