"""FHIR R4 data types -> domain: codings, quantities, periods, names."""

from typing import Any

from core.domain.basics import Coding, Quantity
from core.records import codes
from core.records.plain import Plain, at, node, nodes, number, text


def codings(concept: Any) -> tuple[Coding, ...]:
    """The codings of a CodeableConcept, without repeats."""
    found = (codes.coding(text(c, "system"), text(c, "code"), text(c, "display")) for c in _parts(concept))
    return tuple(dict.fromkeys(c for c in found if c.code))


def concept_text(concept: Any) -> str:
    """How a person reads a CodeableConcept: its text, else its first display, else its first code."""
    displays = [text(c, "display") for c in _parts(concept)]
    plain = [text(c, "code") for c in _parts(concept)]
    return text(concept, "text") or next((d for d in displays if d), "") or next((c for c in plain if c), "")


def _parts(concept: Any) -> list[Plain]:
    """The codings of a CodeableConcept; a bare Coding (Encounter.class) is its own only coding."""
    bare = isinstance(concept, dict) and "coding" not in concept and isinstance(concept.get("code"), str)
    return [concept] if bare else nodes(concept, "coding")


def concept(resource: Plain, key: str) -> tuple[tuple[Coding, ...], str]:
    """Codes and text of the CodeableConcept (or first of several) under `key`."""
    found: Any = at(resource, key)
    if isinstance(found, list):
        parts = nodes(found)
        joined = "; ".join(dict.fromkeys(t for t in map(concept_text, parts) if t))
        return tuple(dict.fromkeys(c for part in parts for c in codings(part))), joined
    return codings(found), concept_text(found)


def status_code(resource: Plain, key: str) -> str:
    """The first code of a status CodeableConcept (clinicalStatus, verificationStatus)."""
    return text(resource, key, "coding", 0, "code") or text(resource, key, "text") or text(resource, key)


def quantity(value: Any) -> Quantity | None:
    """A FHIR Quantity: UCUM code first, else the printed unit. None without a number."""
    amount = number(value, "value")
    if amount is None:
        return None
    return Quantity(amount, text(value, "code") or text(value, "unit"), text(value, "comparator"))


def times(resource: Plain, *stems: str) -> tuple[str, str]:
    """(start, end) from the first choice element present: `<stem>DateTime`, `<stem>Period`, `<stem>Date`, ..."""
    for stem in stems:
        period = node(resource, f"{stem}Period") or node(resource, stem)
        if period:
            start, end = text(period, "start") or text(period, "low", "value"), text(period, "end")
            if start or end:
                return start, end
        for suffix in ("DateTime", "Date", "Instant", "String", ""):
            found = text(resource, stem + suffix)
            if found:
                return found, ""
        age = node(resource, f"{stem}Age")
        if age:
            return f"age {text(age, 'value')} {text(age, 'code') or text(age, 'unit')}".strip(), ""
    return "", ""


def human_name(name: Plain) -> str:
    """ "Family, Given" of a HumanName; Chinese names are written without the comma."""
    given = (
        " ".join(g for g in (text(x) for x in at(name, "given") or []) if g)
        if isinstance(at(name, "given"), list)
        else text(name, "given")
    )
    family = text(name, "family")
    if any("\u4e00" <= c <= "\u9fff" for c in family + given):
        return family + given
    return ", ".join(p for p in (family, given) if p) or text(name, "text")


def values_text(value: Any) -> str:
    """A FHIR value[x] that is not a number, as text."""
    if isinstance(value, dict):
        if "coding" in value or "text" in value:
            return concept_text(value)
        if "numerator" in value:
            return f"{_amount(node(value, 'numerator'))}/{_amount(node(value, 'denominator'))}"
        if "low" in value or "high" in value:
            return f"{_amount(node(value, 'low'))}-{_amount(node(value, 'high'))}"
        if "start" in value or "end" in value:
            return f"{text(value, 'start')}/{text(value, 'end')}"
        return _amount(value) or text(value, "data")
    return text(value)


def _amount(value: Plain) -> str:
    parts = text(value, "comparator") + text(value, "value"), text(value, "unit") or text(value, "code")
    return " ".join(p for p in parts if p)
