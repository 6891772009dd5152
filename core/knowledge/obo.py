"""Read the Human Phenotype Ontology's published files: `hp.obo` and `phenotype.hpoa`, in their own formats.

Formats: OBO flat file 1.2/1.4 (only the tags used here); hpoa as described on the HPO annotation page
(tab separated, `#` header). Both are read as released and never altered.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unreadable

_SYNONYM = re.compile(r'^"((?:[^"\\]|\\.)*)" (\w+)')
_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Term:
    """One ontology term; `exact` and `other` are its synonyms by scope."""

    id: str
    name: str
    parents: tuple[str, ...]
    definition: str = ""
    exact: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ontology:
    """All current terms of one release; `replaced` maps retired and alternative ids to current ones."""

    version: str
    terms: dict[str, Term]
    replaced: dict[str, str]


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of `phenotype.hpoa`. `aspect`: P phenotype, I inheritance, C course and onset, M modifier, H history."""

    disease: str
    name: str
    negated: bool
    term: str
    reference: str
    evidence: str
    onset: str
    frequency: str
    sex: str
    aspect: str


def read_obo(path: Path) -> Ontology:
    """The ontology of an OBO file. Raises `Unreadable` when it is not one."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name} could not be read: {error}.") from error
    header, *stanzas = text.split("\n[Term]\n")
    stated = next((line for line in header.splitlines() if line.startswith("data-version:")), "")
    version = stated.removesuffix("/hp.obo").split("/")[-1].removeprefix("data-version:").strip()
    if not stanzas or not version:
        raise Unreadable(f"{path.name} is not an OBO file with a data-version.", "Take hp.obo from an HPO release.")
    terms: dict[str, Term] = {}
    replaced: dict[str, str] = {}
    for stanza in stanzas:
        try:
            _read_stanza(stanza.split("\n[Typedef]")[0], terms, replaced)
        except KeyError as error:
            named = stanza.strip().splitlines()[:1]
            raise Unreadable(
                f"{path.name}: the term {''.join(named)} has no {error}.", "Take hp.obo from an HPO release."
            ) from error
    return Ontology(version, terms, replaced)


def _read_stanza(stanza: str, terms: dict[str, Term], replaced: dict[str, str]) -> None:
    tags: dict[str, list[str]] = {}
    for line in stanza.splitlines():
        tag, _, value = line.partition(": ")
        tags.setdefault(tag, []).append(value)
    term_id = tags["id"][0]
    if tags.get("is_obsolete") == ["true"]:
        for target in tags.get("replaced_by", [])[:1]:
            replaced[term_id] = target.split(" ")[0]
        return
    exact, other = _synonyms(tags.get("synonym", []))
    definition = _QUOTED.match(tags["def"][0]) if "def" in tags else None
    terms[term_id] = Term(
        id=term_id,
        name=tags["name"][0],
        parents=tuple(p.split(" ")[0] for p in tags.get("is_a", [])),
        definition=definition.group(1).replace('\\"', '"') if definition else "",
        exact=exact,
        other=other,
        alternatives=tuple(tags.get("alt_id", [])),
    )
    replaced.update(dict.fromkeys(tags.get("alt_id", []), term_id))


def _synonyms(values: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    exact: list[str] = []
    other: list[str] = []
    for value in values:
        found = _SYNONYM.match(value)
        if found and "obsolete_synonym" not in value:
            (exact if found.group(2) == "EXACT" else other).append(found.group(1).replace('\\"', '"'))
    return tuple(exact), tuple(other)


def read_hpoa(path: Path) -> tuple[str, list[Annotation]]:
    """(version, rows) of a `phenotype.hpoa` file. Raises `Unreadable` when a column is missing."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name} could not be read: {error}.") from error
    version, rows = "", []
    columns: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            version = line.partition(":")[2].strip() if line.startswith(("#version", "#date")) else version
            continue
        cells = line.split("\t")
        if not columns:
            columns = {name: i for i, name in enumerate(cells)}
            _require_columns(path, columns)
            continue
        if len(cells) < len(columns):
            raise Unreadable(f"{path.name}, line {number}, is cut off.", "Take phenotype.hpoa from an HPO release.")
        rows.append(_annotation(cells, columns))
    if not version or not rows:
        raise Unreadable(f"{path.name} has no version line or no rows.", "Take phenotype.hpoa from an HPO release.")
    return version, rows


def _require_columns(path: Path, columns: dict[str, int]) -> None:
    needed = {"database_id", "disease_name", "qualifier", "hpo_id", "reference", "evidence", "onset", "frequency"}
    missing = sorted((needed | {"sex", "aspect"}) - columns.keys())
    if missing:
        raise Unreadable(f"{path.name} lacks the columns {', '.join(missing)}.", "Take it from an HPO release.")


def _annotation(cells: list[str], columns: dict[str, int]) -> Annotation:
    def cell(name: str) -> str:
        return cells[columns[name]]

    return Annotation(
        disease=cell("database_id"),
        name=cell("disease_name"),
        negated=cell("qualifier") == "NOT",
        term=cell("hpo_id"),
        reference=cell("reference"),
        evidence=cell("evidence"),
        onset=cell("onset"),
        frequency=cell("frequency"),
        sex=cell("sex"),
        aspect=cell("aspect"),
    )


FREQUENCY_TERMS = {
    "HP:0040280": 1.0,
    "HP:0040281": 0.9,
    "HP:0040282": 0.55,
    "HP:0040283": 0.17,
    "HP:0040284": 0.025,
    "HP:0040285": 0.0,
}
"""Midpoints of HPO's frequency classes: obligate, very frequent 80-99 %, frequent 30-79 %, occasional 5-29 %,
very rare 1-4 %, excluded (HPO, "Frequency" subontology)."""


def frequency_counts(text: str) -> tuple[float, float] | None:
    """(how many had it, of how many) for a frequency cell; a class or percentage counts as 10 patients; None if empty."""
    if not text:
        return None
    if text in FREQUENCY_TERMS:
        return FREQUENCY_TERMS[text] * 10, 10.0
    if "/" in text:
        k, _, n = text.partition("/")
        return (float(k), float(n)) if k.isdigit() and n.isdigit() and int(n) > 0 else None
    if text.endswith("%"):
        try:
            return float(text[:-1]) / 10, 10.0
        except ValueError:
            return None
    return None
