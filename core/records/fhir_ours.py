"""Facts in bundles that this program wrote: each resource carries the whole fact in one extension.

The extension is believed only while the digest of the rest of the resource still fits: a bundle edited elsewhere is read
from its standard elements, like anybody's.
"""

import hashlib
from typing import Any

import msgspec

from core.domain.basics import Coding
from core.domain.record import (
    Allergy,
    Event,
    FamilyFact,
    Medication,
    Note,
    Observation,
    Patient,
    Phenotype,
    Problem,
    Variant,
)
from core.domain.serial import from_json
from core.records.draft import Draft
from core.records.plain import Plain, node, nodes, text

EXTENSION = "urn:consilium:fact"
KINDS: dict[str, type] = {
    "patient": Patient, "problems": Problem, "medications": Medication, "allergies": Allergy,
    "observations": Observation, "events": Event, "notes": Note, "phenotypes": Phenotype, "variants": Variant,
    "family": FamilyFact, "diagnoses": Coding,
}  # fmt: skip


def digest(resource: Plain) -> str:
    """SHA-256 of a resource without its fact extension, keys sorted."""
    rest = {k: v for k, v in resource.items() if k != "extension"}
    others = [e for e in nodes(resource, "extension") if text(e, "url") != EXTENSION]
    if others:
        rest["extension"] = others
    return hashlib.sha256(msgspec.json.encode(rest, order="deterministic")).hexdigest()


def _fact(resource: Plain) -> tuple[str, Any] | None:
    wrapper = next((e for e in nodes(resource, "extension") if text(e, "url") == EXTENSION), None)
    parts = {text(e, "url"): text(e, "valueString") for e in nodes(wrapper or {}, "extension")}
    if not parts or parts.get("digest") != digest(resource) or parts.get("kind") not in KINDS:
        return None
    try:
        return parts["kind"], from_json(parts.get("json", ""), KINDS[parts["kind"]])
    except (msgspec.DecodeError, RecursionError):
        return None


def patient(resource: Plain, draft: Draft) -> None:
    """Replace the draft's patient by the one in the extension, where it fits."""
    found = _fact(resource)
    if found and found[0] == "patient":
        draft.patient = found[1]


def restore(resource: Plain, draft: Draft, place: str) -> bool:
    """Add the fact of the extension to the draft. False where there is none to be believed."""
    found = _fact(resource)
    if not found or found[0] == "patient":
        return False
    getattr(draft, found[0]).append(found[1])
    return bool(place) and bool(node(resource))
