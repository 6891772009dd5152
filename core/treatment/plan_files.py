"""Plans as data: one file a specialty, one entry a condition; found by id, alias or ICD-10 code."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.domain.basics import Citation, Coding, Label, Version
from core.domain.plan import MonitoringItem
from core.knowledge import drugs as drug_tables
from core.knowledge.treatment_files import citation, label, read_folder
from core.paths import RESOURCES
from core.treatment.regimen import Regimen, regimen

FOLDER = RESOURCES / "knowledge" / "plans"


@dataclass(frozen=True, slots=True)
class RenalBand:
    """Another regimen below a creatinine clearance in mL/min; the lowest band that fits applies."""

    below: float
    regimen: Regimen


@dataclass(frozen=True, slots=True)
class PlanDrug:
    """A drug of an option: `partners` are fixed partners (clavulanic acid)."""

    drug: str
    partners: tuple[str, ...]
    regimen: Regimen
    renal: tuple[RenalBand, ...]
    duration: Label
    source: Citation


@dataclass(frozen=True, slots=True)
class Fit:
    """A share of an option's score that counts when its condition holds."""

    when: dict[str, Any]
    weight: float
    label: Label


@dataclass(frozen=True, slots=True)
class Option:
    """One treatment option as the guideline states it. `when`: shown only where it is not ruled out."""

    id: str
    label: Label
    indication: Label
    line: str
    base: float
    why: Label
    when: dict[str, Any]
    fits: tuple[Fit, ...]
    drugs: tuple[PlanDrug, ...]
    non_drug: tuple[Label, ...]
    source: Citation


@dataclass(frozen=True, slots=True)
class Change:
    """A change of current medicines that the condition itself asks for (hold metformin in sepsis)."""

    drugs: frozenset[str]
    kind: str
    title: Label
    detail: Label
    source: Citation
    when: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """The plan of one condition for one population."""

    id: str
    label: Label
    icd10: tuple[str, ...]
    aliases: tuple[str, ...]
    when: dict[str, Any]
    options: tuple[Option, ...]
    changes: tuple[Change, ...]
    non_drug: tuple[Label, ...]
    monitoring: tuple[MonitoringItem, ...]
    escalate: tuple[Label, ...]
    summary: Label
    gaps: tuple[Label, ...]
    sources: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans."""

    entries: tuple[PlanEntry, ...]
    version: Version

    def matching(self, hypothesis_id: str, codes: Iterable[Coding]) -> tuple[PlanEntry, ...]:
        """Plans named by id or alias; else those with the longest fitting ICD-10 prefix."""
        named = tuple(e for e in self.entries if hypothesis_id == e.id or hypothesis_id in e.aliases)
        if named:
            return named
        icd10 = [code.code for code in codes if code.system.upper().startswith("ICD")]
        scored = [
            (max((len(p) for p in e.icd10 for c in icd10 if c.startswith(p)), default=0), e) for e in self.entries
        ]
        best = max((score for score, _ in scored), default=0)
        return tuple(entry for score, entry in scored if best and score == best)


def _duration(row: dict[str, Any]) -> Label:
    days = row.get("days")
    if days is None:
        return label(row.get("duration"))
    span = f"{days[0]}–{days[1]}" if isinstance(days, list) else str(days)
    plural = "" if span == "1" else "s"
    return Label(f"{span} day{plural}", f"{span}天")


def _drug(row: dict[str, Any], sources: dict[str, Citation], default: str) -> PlanDrug:
    vocabulary = drug_tables.load().by_id
    base = row["dose"]
    return PlanDrug(
        drug=vocabulary[row["drug"]].id,
        partners=tuple(vocabulary[one].id for one in row.get("with", ())),
        regimen=regimen(base),
        renal=tuple(
            RenalBand(float(r["below"]), regimen({"route": base.get("route", "oral"), **r}))
            for r in row.get("renal", ())
        ),
        duration=_duration(row),
        source=sources[row.get("src", default)],
    )


def _option(row: dict[str, Any], sources: dict[str, Citation]) -> Option:
    return Option(
        id=row["id"],
        label=Label(row["en"], row["zh"]),
        indication=label(row["for"]),
        line=row["line"],
        base=float(row["base"]),
        why=label(row["why"]),
        when=row.get("when", {}),
        fits=tuple(Fit(f["when"], float(f["w"]), Label(f["en"], f["zh"])) for f in row.get("fit", ())),
        drugs=tuple(_drug(d, sources, row["src"]) for d in row.get("drugs", ())),
        non_drug=tuple(label(one) for one in row.get("measures", ())),
        source=sources[row["src"]],
    )


def _change(row: dict[str, Any], sources: dict[str, Citation]) -> Change:
    return Change(
        drugs=drug_tables.load().expand(row["drugs"]),
        kind=row["kind"],
        title=label(row["title"]),
        detail=label(row["detail"]),
        source=sources[row["src"]],
        when=row.get("when", {}),
    )


def _watch(row: dict[str, Any]) -> MonitoringItem:
    return MonitoringItem(Label(row["en"], row["zh"]), tuple(float(t) for t in row["at_h"]), bool(row.get("decide")))


def _entry(row: dict[str, Any]) -> PlanEntry:
    sources = {key: citation(value) for key, value in row["sources"].items()}
    return PlanEntry(
        id=row["id"],
        label=Label(row["en"], row["zh"]),
        icd10=tuple(str(code) for code in row.get("icd10", ())),
        aliases=tuple(row.get("aliases", ())),
        when=row.get("when", {}),
        options=tuple(_option(one, sources) for one in row["options"]),
        changes=tuple(_change(one, sources) for one in row.get("changes", ())),
        non_drug=tuple(label(one) for one in row.get("measures", ())),
        monitoring=tuple(_watch(one) for one in row.get("monitor", ())),
        escalate=tuple(label(one) for one in row.get("escalate", ())),
        summary=label(row["summary"]),
        gaps=tuple(label(one) for one in row.get("gaps", ())),
        sources=tuple(sources.values()),
    )


@lru_cache(maxsize=2)
def load(folder: Path = FOLDER) -> Plans:
    """All plans of the folder. Raises KeyError for an unknown drug, class or source key, ValueError for a repeated id."""
    tables = read_folder(folder)
    entries = tuple(_entry(row) for table in tables.files.values() for row in table)
    ids = [entry.id for entry in entries]
    repeated = {one for one in ids if ids.count(one) > 1}
    if repeated:
        raise ValueError(f"plan ids used twice: {sorted(repeated)}")
    return Plans(entries, Version("plans", tables.version, tables.sha256))
