"""FHIR R4 in XML -> the same JSON that `core.records.fhir` reads (hl7.org/fhir/R4/json.html, xml.html)."""

import json
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element

from core.errors import Unreadable
from core.paths import RESOURCES
from core.records.draft import Reading
from core.records.plain import Plain

FHIR = "{http://hl7.org/fhir}"
XHTML = "{http://www.w3.org/1999/xhtml}"


@cache
def _elements() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """(elements every type has, type -> element -> its type; "*" repeats)."""
    table: dict[str, Any] = json.loads((RESOURCES / "knowledge" / "records" / "fhir_elements.json").read_text("utf-8"))
    return table["every"], table["types"]


def to_json(data: bytes, file: str) -> bytes:
    """The document as FHIR JSON. Raises `Unreadable` for damaged or hostile XML and for what is not FHIR."""
    from core.records.ccda_parts import parse

    root = parse(data, file)
    if not root.tag.startswith(FHIR):
        raise Unreadable(f"{file} is XML, but not FHIR.", "Export the record as C-CDA or FHIR R4.")
    return json.dumps(_resource(root), ensure_ascii=False).encode("utf-8", "replace")


def read(data: bytes, file: str) -> Reading:
    """Every patient of a FHIR R4 XML file. Raises `Unreadable` for what is not FHIR or is out of bounds."""
    from core.records import fhir

    return fhir.read(to_json(data, file), file, key=data)


def _resource(element: Element) -> Plain:
    kind = element.tag.removeprefix(FHIR)
    return {"resourceType": kind, **_content(element, kind)}


def _content(element: Element, kind: str) -> Plain:
    """The children of an element of a type, repeated ones as lists, primitives as their `value`."""
    every, types = _elements()
    known = types.get(kind, {})
    made: Plain = {k: v for k, v in element.attrib.items() if k in ("id", "url")}
    for child in element:
        if child.tag.startswith(XHTML):
            made["div"] = " ".join("".join(child.itertext()).split())
            continue
        name = child.tag.removeprefix(FHIR)
        declared = known.get(name) or every.get(name, "")
        value = _value(child, declared.removesuffix("*"))
        if value is None:
            continue
        if declared.endswith("*") or name in made:
            before = made.get(name, [])
            made[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            made[name] = value
    return made


def _value(child: Element, kind: str) -> Any:
    if kind == "Resource":
        inner = next((c for c in child if c.tag.startswith(FHIR)), None)
        return _resource(inner) if inner is not None else None
    if kind or len(child):
        return _content(child, kind)
    return child.get("value")
