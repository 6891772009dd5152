"""Safety rules as data: interactions by pair, and rules about the patient (disease, kidney, pregnancy, age, gene, ...)."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.domain.basics import Citation, Label, Version
from core.domain.plan import Tier
from core.knowledge import drugs as drug_tables
from core.knowledge.treatment_files import citation, label, read_folder
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "interactions"
ANY_ROUTE = "any"


@dataclass(frozen=True, slots=True)
class Escalation:
    """A tier that applies when its condition holds; the first that holds wins."""

    when: dict[str, Any]
    tier: Tier
    note: Label


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `b` is empty for rules about the patient. `when` must hold for the rule to fire at all.

    `routes`: drug routes it speaks of; empty means all but local ones, ("any",) means every route.
    """

    id: str
    kind: str
    a: frozenset[str]
    b: frozenset[str]
    when: dict[str, Any]
    tier: Tier
    steps: tuple[Escalation, ...]
    why: Label
    action: Label
    source: Citation
    group: str
    routes: tuple[str, ...]
    selectors: tuple[tuple[str, ...], tuple[str, ...]]
    level: str = ""
    strength: str = ""
    """CPIC's level and strength of a gene rule; "" where the source is not graded."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules, indexed by drug."""

    pairs: dict[str, tuple[Rule, ...]]
    patient: dict[str, tuple[Rule, ...]]
    all: tuple[Rule, ...]
    version: Version


def _steps(rows: list[dict[str, Any]]) -> tuple[Escalation, ...]:
    return tuple(Escalation(row["when"], Tier(row["tier"]), label(row.get("note"))) for row in rows)


def _rule(row: dict[str, Any], kind: str, sources: dict[str, Citation], grades: dict[str, Any]) -> Rule:
    drugs = drug_tables.load()
    a = tuple(row.get("a") or row["drugs"])
    b = tuple(row.get("b", ()))
    grade: dict[str, str] = grades.get(row["src"], {})
    return Rule(
        id=row["id"],
        kind=row.get("kind", kind),
        a=drugs.expand(a) - drugs.expand(row.get("except", ())),
        b=drugs.expand(b) - drugs.expand(row.get("except_b", ())),
        when=row.get("when", {}),
        tier=Tier(row["tier"]),
        steps=_steps(row.get("steps", [])),
        why=label(row["why"]),
        action=label(row["do"]),
        source=sources[row["src"]],
        group=row.get("group", ""),
        routes=tuple(row.get("routes", ())),
        selectors=(a, b),
        level=grade.get("level", ""),
        strength=grade.get("strength", ""),
    )


def _index(rules: list[Rule]) -> dict[str, tuple[Rule, ...]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for drug in rule.a | rule.b:
            found.setdefault(drug, []).append(rule)
    return {drug: tuple(listed) for drug, listed in found.items()}


@lru_cache(maxsize=2)
def load(folder: Path = FOLDER) -> Rules:
    """All rules of the folder. Raises KeyError for an unknown drug, class or source, ValueError for a repeated id."""
    tables = read_folder(folder)
    rules: list[Rule] = []
    for table in tables.files.values():
        if "rules" not in table:
            continue
        sources = {key: citation(value) for key, value in table["sources"].items()}
        rules += [_rule(row, table["kind"], sources, table.get("grades", {})) for row in table["rules"]]
    ids = [rule.id for rule in rules]
    repeated = {one for one in ids if ids.count(one) > 1}
    if repeated:
        raise ValueError(f"rule ids used twice: {sorted(repeated)}")
    pairs = [rule for rule in rules if rule.b]
    patient = [rule for rule in rules if not rule.b]
    return Rules(_index(pairs), _index(patient), tuple(rules), Version("interactions", tables.version, tables.sha256))
