"""The drug vocabulary: ingredients, classes and fixed combinations from `resources/knowledge/drugs`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.domain.basics import Citation, Coding, Label, Version
from core.knowledge.treatment_files import Tables, citation, read_folder
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "drugs"


@dataclass(frozen=True, slots=True)
class Drug:
    """One ingredient. `names` are its other generic names (en and zh), `brands` its brand names."""

    id: str
    label: Label
    atc: tuple[str, ...]
    names: tuple[str, ...]
    brands: tuple[str, ...]
    source: Citation

    def codings(self) -> tuple[Coding, ...]:
        """Our id and the ATC codes."""
        return (Coding("consilium", self.id, self.label.en), *(Coding("ATC", code) for code in self.atc))


@dataclass(frozen=True, slots=True)
class DrugClass:
    """A class that rules speak of, with its members' ids. `duplicate`: two members at once are nearly always wrong."""

    id: str
    label: Label
    members: frozenset[str]
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Combination:
    """Names that stand for several ingredients at once ("Augmentin")."""

    names: tuple[str, ...]
    drugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drugs:
    """The whole vocabulary. Look-ups never guess: an unknown id raises KeyError."""

    by_id: dict[str, Drug]
    classes: dict[str, DrugClass]
    combinations: tuple[Combination, ...]
    version: Version
    classes_of: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def expand(self, selectors: Iterable[str]) -> frozenset[str]:
        """Drug ids named by selectors: drug ids, or `class:ID`."""
        found: set[str] = set()
        for selector in selectors:
            if selector.startswith("class:"):
                found |= self.classes[selector[6:]].members
            else:
                found.add(self.by_id[selector].id)
        return frozenset(found)

    def label(self, drug_id: str) -> Label:
        """The drug's or class's label; the id itself where it is not known."""
        if drug_id in self.by_id:
            return self.by_id[drug_id].label
        if drug_id.startswith("class:") and drug_id[6:] in self.classes:
            return self.classes[drug_id[6:]].label
        return Label(drug_id.replace("_", " "))


def _drug(row: dict[str, Any], source: Citation) -> Drug:
    return Drug(
        id=row["id"],
        label=Label(row["en"], row["zh"]),
        atc=tuple(row["atc"]),
        names=(*row.get("syn", ()), *row.get("zhs", ())),
        brands=tuple(row.get("brand", ())),
        source=source,
    )


def _members(row: dict[str, Any], rows: dict[str, dict[str, Any]], drugs: dict[str, Drug]) -> frozenset[str]:
    """Members by ATC prefix, by id and of other classes, without those named in `not`."""
    prefixes = tuple(row.get("atc", ()))
    found = {d.id for d in drugs.values() if prefixes and any(code.startswith(prefixes) for code in d.atc)}
    for member in row.get("members", ()):
        if member.startswith("class:"):
            found |= _members(rows[member[6:]], rows, drugs)
        else:
            found.add(drugs[member].id)
    return frozenset(found - set(row.get("not", ())))


def build(tables: Tables) -> Drugs:
    """The vocabulary from parsed tables. Raises KeyError where a class names a drug that does not exist."""
    drugs: dict[str, Drug] = {}
    class_rows: dict[str, dict[str, Any]] = {}
    combinations: list[Combination] = []
    for table in tables.files.values():
        source = citation(table["source"])
        for row in table.get("drugs", ()):
            if row["id"] in drugs:
                raise KeyError(f"drug {row['id']} is defined twice")
            drugs[row["id"]] = _drug(row, source)
        class_rows |= {row["id"]: row for row in table.get("classes", ())}
        combinations += [Combination(tuple(r["names"]), tuple(r["drugs"])) for r in table.get("combinations", ())]
    classes = {
        key: DrugClass(key, Label(row["en"], row["zh"]), _members(row, class_rows, drugs), bool(row.get("duplicate")))
        for key, row in class_rows.items()
    }
    classes_of: dict[str, list[str]] = {}
    for one in classes.values():
        for member in one.members:
            classes_of.setdefault(member, []).append(one.id)
    frozen = {drug: tuple(ids) for drug, ids in classes_of.items()}
    return Drugs(drugs, classes, tuple(combinations), Version("drugs", tables.version, tables.sha256), frozen)


@lru_cache(maxsize=2)
def load(folder: Path = FOLDER) -> Drugs:
    """The shipped vocabulary, read once."""
    return build(read_folder(folder))
