"""C-CDA XML parsed within bounds, and its data types (CD, PQ, IVL_TS, ED) -> domain."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from core.domain.basics import Coding, Quantity
from core.errors import Unreadable
from core.records import codes
from core.records.dates import iso
from core.records.limits import MAX_DEPTH, MAX_ELEMENTS, MAX_TEXT_BYTES, check_size
from core.records.plain import number

NS = "{urn:hl7-org:v3}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


class _TooDeep(ValueError):
    """The document nests deeper, or holds more elements, than any real one."""


class _BoundedBuilder(TreeBuilder):
    """A tree builder that counts depth and elements, so that a hostile document ends early."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.count = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH or self.count > MAX_ELEMENTS:
            raise _TooDeep
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self.depth -= 1
        return super().end(tag)


def parse(data: bytes, file: str) -> Element:
    """The document's root. Raises `Unreadable` for damaged XML, entities, external references, depth or size."""
    check_size(file, len(data), MAX_TEXT_BYTES)
    try:
        parser = DefusedXMLParser(
            target=_BoundedBuilder(), forbid_dtd=False, forbid_entities=True, forbid_external=True
        )
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise Unreadable(
            f"{file} defines entities or refers to other files; it was not read.", "Do not trust it."
        ) from error
    except _TooDeep as error:
        raise Unreadable(
            f"{file} nests deeper than {MAX_DEPTH} levels or is too long.", "It is damaged or hostile."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"{file} is not valid XML ({error}).", "Export it again.") from error
    return root


def find(element: Element | None, *path: str) -> Element | None:
    """The first descendant along a path of local names."""
    for name in path:
        if element is None:
            return None
        element = element.find(NS + name)
    return element


def all_of(element: Element | None, *path: str) -> list[Element]:
    """All elements along a path of local names."""
    found = [element] if element is not None else []
    for name in path:
        found = [child for parent in found for child in parent.findall(NS + name)]
    return found


def attribute(element: Element | None, name: str) -> str:
    """An attribute, trimmed; "" where it or the element is missing."""
    return (element.get(name) or "").strip() if element is not None else ""


def words(element: Element | None) -> str:
    """All text inside an element, white space collapsed."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def templates(element: Element) -> set[str]:
    """The template ids of a statement."""
    return {attribute(t, "root") for t in element.findall(NS + "templateId")}


class Document:
    """A parsed document with its narrative: texts that statements point to by "#id"."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.narrative = {i: e for e in root.iter() if (i := e.get("ID"))}

    def referred(self, element: Element | None) -> str:
        """The text of an ED element, or of the narrative its reference points to."""
        own = words(element)
        target = attribute(find(element, "reference"), "value")
        return own or words(self.narrative.get(target.removeprefix("#"))) if target else own

    def codings(self, element: Element | None) -> tuple[Coding, ...]:
        """A CD with its translations, without repeats and null flavours."""
        found = []
        for part in _with_translations(element):
            code = attribute(part, "code")
            system = attribute(part, "codeSystem") or attribute(part, "codeSystemName")
            if code:
                found.append(codes.coding(system, code, attribute(part, "displayName")))
        return tuple(dict.fromkeys(found))

    def concept(self, element: Element | None) -> tuple[tuple[Coding, ...], str]:
        """Codes and text of a CD: its own display, else its original text, else a translation's, else its code."""
        if element is None:
            return (), ""
        found = self.codings(element)
        displays = [attribute(p, "displayName") for p in _with_translations(element)]
        original = self.referred(find(element, "originalText"))
        shown = displays[0] or original or next((d for d in displays if d), "")
        return found, shown or (found[0].code if found else "")

    def value(self, element: Element | None) -> tuple[Quantity | None, str]:
        """A `value` of any data type as a quantity, or as text."""
        if element is None:
            return None, ""
        kind = attribute(element, XSI_TYPE).rpartition(":")[2]
        amount = number(attribute(element, "value"))
        if kind == "PQ" or (attribute(element, "unit") and amount is not None):
            return (
                (Quantity(amount, attribute(element, "unit") or "1"), "")
                if amount is not None
                else (None, words(element))
            )
        if kind in ("INT", "REAL") and amount is not None:
            return Quantity(amount, "1"), ""
        if kind == "IVL_PQ":
            return _interval(element)
        if kind in ("TS", "IVL_TS"):
            start, end = span(element)
            return None, start if not end else f"{start}/{end}"
        found, shown = self.concept(element)
        return None, shown or self.referred(element) or attribute(element, "value")


def _with_translations(element: Element | None) -> Iterator[Element]:
    if element is not None:
        yield element
        yield from element.findall(NS + "translation")


def _interval(element: Element) -> tuple[Quantity | None, str]:
    low, high = find(element, "low"), find(element, "high")
    bottom, top = number(attribute(low, "value")), number(attribute(high, "value"))
    if bottom is not None and top is not None:
        return None, f"{bottom:g}-{top:g} {attribute(low, 'unit')}".strip()
    if bottom is not None:
        return Quantity(bottom, attribute(low, "unit"), ">=" if attribute(low, "inclusive") != "false" else ">"), ""
    if top is not None:
        return Quantity(top, attribute(high, "unit"), "<=" if attribute(high, "inclusive") != "false" else "<"), ""
    return None, words(element)


def span(element: Element | None) -> tuple[str, str]:
    """Start and end of a TS or IVL_TS in ISO 8601; "" for null flavours."""
    if element is None:
        return "", ""
    low = attribute(find(element, "low"), "value")
    point = attribute(element, "value") or attribute(find(element, "center"), "value")
    return iso(low or point), iso(attribute(find(element, "high"), "value"))


def times(statement: Element) -> tuple[str, str]:
    """The first effectiveTime of a statement that says when."""
    for element in statement.findall(NS + "effectiveTime"):
        found = span(element)
        if any(found):
            return found
    return "", ""


def name_of(element: Element | None) -> str:
    """A PN as "Family, Given"; Chinese names without the comma."""
    if element is None:
        return ""
    family = " ".join(w for w in (words(f) for f in all_of(element, "family")) if w)
    given = " ".join(w for w in (words(g) for g in all_of(element, "given")) if w)
    if re.search("[\u4e00-\u9fff]", family + given):
        return family + given
    return ", ".join(p for p in (family, given) if p) or words(element)
