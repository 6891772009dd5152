"""Solved cases to measure the rare engine with: a folder of GA4GH phenopackets (version 2 JSON), nested or not."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Unreadable, UserError


@dataclass(frozen=True, slots=True)
class SolvedCase:
    """Present HPO ids of one patient (excluded ones are left out), the confirmed diseases, genes and publications."""

    name: str
    terms: tuple[str, ...]
    diseases: frozenset[str]
    genes: frozenset[str]
    publications: frozenset[str]


def read_cases(folder: Path) -> list[SolvedCase]:
    """Every phenopacket below a folder that states a disease, in path order.

    Raises `UserError` where there is none, `Unreadable` where a JSON file is damaged.
    """
    paths = sorted(folder.rglob("*.json")) if folder.is_dir() else [folder]
    cases = [case for path in paths if (case := _read(path)) is not None]
    if not cases:
        raise UserError(f"{folder} holds no phenopacket with a diagnosis.", "Name a folder of phenopackets (JSON).")
    return cases


def _read(path: Path) -> SolvedCase | None:
    try:
        packet = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path} could not be read: {error}.", "Remove or replace the file.") from error
    if not isinstance(packet, dict) or "phenotypicFeatures" not in packet:
        return None
    diseases = frozenset(_diseases(packet))
    if not diseases:
        return None
    features = packet["phenotypicFeatures"]
    return SolvedCase(
        name=str(packet.get("id", path.stem)),
        terms=tuple(dict.fromkeys(f["type"]["id"] for f in features if "type" in f and not f.get("excluded"))),
        diseases=diseases,
        genes=frozenset(_genes(packet)),
        publications=frozenset(_publications(packet)),
    )


def _diseases(packet: dict[str, Any]) -> Iterable[str]:
    interpreted = [i["diagnosis"]["disease"]["id"] for i in packet.get("interpretations", ()) if _has_disease(i)]
    listed = [d["term"]["id"] for d in packet.get("diseases", ()) if "term" in d and not d.get("excluded")]
    return interpreted or listed


def _has_disease(interpretation: dict[str, Any]) -> bool:
    return bool(interpretation.get("diagnosis", {}).get("disease", {}).get("id"))


def _genes(packet: dict[str, Any]) -> Iterable[str]:
    for interpretation in packet.get("interpretations", ()):
        for genomic in interpretation.get("diagnosis", {}).get("genomicInterpretations", ()):
            descriptor = genomic.get("variantInterpretation", {}).get("variationDescriptor", {})
            symbol = descriptor.get("geneContext", {}).get("symbol") or genomic.get("gene", {}).get("symbol")
            if symbol:
                yield str(symbol)


def _publications(packet: dict[str, Any]) -> Iterable[str]:
    for reference in packet.get("metaData", {}).get("externalReferences", ()):
        if str(reference.get("id", "")).startswith("PMID"):
            yield str(reference["id"])
