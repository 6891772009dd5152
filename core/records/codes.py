"""Code systems: short names as used in the domain, against FHIR URIs, OIDs and HL7 v2 names."""

import json
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from core.domain.basics import Coding
from core.paths import RESOURCES

_OURS = "urn:consilium:system:"
_TABLE = RESOURCES / "knowledge" / "records" / "code_systems.json"


@cache
def _names() -> dict[str, str]:
    """Every spelling of a system (lower case) -> its short name."""
    table: list[dict[str, Any]] = json.loads(_TABLE.read_text("utf-8"))["systems"]
    return {key.lower(): row["name"] for row in table for key in (row["name"], row["uri"], *row["also"])}


@cache
def _uris() -> dict[str, str]:
    return {row["name"]: row["uri"] for row in json.loads(_TABLE.read_text("utf-8"))["systems"]}


def short(system: str) -> str:
    """The short name of a system given as FHIR URI, OID or HL7 v2 name; an unknown one stays as it is."""
    system = system.strip()
    if system.startswith(_OURS):
        return unquote(system.removeprefix(_OURS))
    key = system.lower().removeprefix("urn:oid:")
    return _names().get(key, system)


def uri(name: str) -> str:
    """The FHIR URI of a short name; `short(uri(name)) == name` for every name."""
    known = _uris().get(name)
    if known:
        return known
    if name.startswith(("http://", "https://", "urn:")) and short(name) == name:
        return name
    return _OURS + quote(name, safe="")


def coding(system: str, code: str, display: str = "") -> Coding:
    """A coding with the system's short name, and the code without a repeated prefix ("HP:0001250" stays whole)."""
    return Coding(short(system), code.strip(), display.strip())


def curie(identifier: str, label: str = "") -> Coding:
    """A coding from "HP:0001250": HP codes keep their prefix, as pyhpo and the HPO tables write them."""
    prefix, _, local = identifier.strip().partition(":")
    name = short(prefix)
    return Coding(
        name, identifier.strip() if name in ("HP", "HGNC", "OMIM", "ORPHA", "MONDO") else local, label.strip()
    )
