"""C-CDA documents (R1.1 and R2.1) -> one record. Sections without entries are kept as notes."""

from xml.etree.ElementTree import Element

from core.domain.basics import Source
from core.domain.record import Event, Identifier, Note, Patient, Sex
from core.errors import Unreadable
from core.records.ccda_entries import Entries
from core.records.ccda_parts import NS, Document, all_of, attribute, find, name_of, parse, span, words
from core.records.dates import day, iso
from core.records.draft import Draft, Reading, content_key
from core.records.encoding import language
from core.records.limits import check_count

_SEX = {"F": Sex.FEMALE, "M": Sex.MALE, "UN": Sex.OTHER}
_BLOCKS = frozenset({"paragraph", "item", "tr", "br", "caption", "list", "table", "title"})


def read(data: bytes, file: str) -> Reading:
    """The record of a C-CDA document. Raises `Unreadable` for what is not one or is out of bounds."""
    root = parse(data, file)
    if root.tag != NS + "ClinicalDocument":
        root = next(root.iter(NS + "ClinicalDocument"), root)
    if root.tag != NS + "ClinicalDocument":
        raise Unreadable(f"{file} is XML, but not a C-CDA document.", "Export the record as C-CDA or FHIR R4.")
    document = Document(root)
    draft = Draft(file, "ccda", content_key(data))
    draft.patient = _patient(root, draft)
    _header(document, draft)
    entries = Entries(document, draft)
    sections = [(s, f"{p}") for s, p in _sections(find(root, "component", "structuredBody"), "structuredBody")]
    check_count(file, sum(len(all_of(s, "entry")) for s, _ in sections), "entries")
    for section, place in sections:
        _section(section, place, entries, draft)
    _plain_body(root, draft)
    skipped = tuple(f"{why} ({count})" for why, count in entries.skipped.items())
    return Reading((draft.record(),), skipped)


def _patient(root: Element, draft: Draft) -> Patient:
    role = find(root, "recordTarget", "patientRole")
    person = find(role, "patient")
    names = tuple(dict.fromkeys(n for n in map(name_of, all_of(person, "name")) if n))
    ids = ((attribute(i, "root"), attribute(i, "extension")) for i in all_of(role, "id"))
    shown = " ".join(names) + words(find(root, "title"))
    return Patient(
        name=names[0] if names else "",
        birth_date=day(iso(attribute(find(person, "birthTime"), "value"))),
        sex=_SEX.get(attribute(find(person, "administrativeGenderCode"), "code").upper(), Sex.UNKNOWN),
        identifiers=tuple(dict.fromkeys(Identifier(root_, number) for root_, number in ids if number)),
        other_names=names[1:],
        synthetic="SYNTHETIC" in shown.upper() or "TESTPATIENT" in shown.upper(),
        sources=(draft.source("/ClinicalDocument/recordTarget/patientRole"),),
    )


def _header(document: Document, draft: Draft) -> None:
    """The document itself, and the encounter it is about."""
    root = document.root
    found, shown = document.concept(find(root, "code"))
    title = words(find(root, "title")) or shown or "document"
    place = "/ClinicalDocument"
    time = span(find(root, "effectiveTime"))[0]
    draft.events.append(Event(draft.id("event", place), "document", found, title, (draft.source(place, title),), time))
    visit = find(root, "componentOf", "encompassingEncounter")
    if visit is not None:
        place = "/ClinicalDocument/componentOf/encompassingEncounter"
        found, shown = document.concept(find(visit, "code"))
        start, end = span(find(visit, "effectiveTime"))
        source = draft.source(place, shown)
        draft.events.append(
            Event(draft.id("event", place), "encounter", found, shown or "encounter", (source,), start, end)
        )


def _sections(body: Element | None, place: str) -> list[tuple[Element, str]]:
    """Every section, subsections after their parent, each with its place."""
    found: list[tuple[Element, str]] = []
    stack = [(body, f"/ClinicalDocument/component/{place}")] if body is not None else []
    while stack:
        parent, where = stack.pop()
        inner = []
        for index, component in enumerate(all_of(parent, "component"), start=1):
            section = find(component, "section")
            if section is not None:
                inner.append((section, f"{where}/component[{index}]/section"))
        found.extend(inner)
        stack.extend((s, w) for s, w in inner)
    return found


def _section(section: Element, place: str, entries: Entries, draft: Draft) -> None:
    before = entries.facts
    for index, entry in enumerate(all_of(section, "entry"), start=1):
        entries.read(entry, attribute(find(section, "code"), "code"), f"{place}/entry[{index}]")
    text = find(section, "text")
    narrative = _narrative(text)
    if entries.facts == before and narrative:
        title = words(find(section, "title"))
        source = Source(draft.file, draft.kind, f"{place}/text")
        draft.notes.append(Note(draft.id("note", place), narrative, source, language(narrative), title))


def _narrative(text: Element | None) -> str:
    """A section's narrative with its paragraphs, list items and table rows on lines of their own."""
    if text is None:
        return ""
    pieces: list[str] = []
    _collect(text, pieces)
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _collect(element: Element, pieces: list[str]) -> None:
    local = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    block = local in _BLOCKS
    pieces.append("\n" if block else (" | " if local in ("td", "th") else ""))
    pieces.append((element.text or "").replace("\n", " "))
    for child in element:
        _collect(child, pieces)
        pieces.append((child.tail or "").replace("\n", " "))
    pieces.append("\n" if block else "")


def _plain_body(root: Element, draft: Draft) -> None:
    """An unstructured document: its text, where it is text."""
    body = find(root, "component", "nonXMLBody", "text")
    if body is not None and attribute(body, "representation") != "B64" and words(body):
        place = "/ClinicalDocument/component/nonXMLBody/text"
        shown = "".join(body.itertext()).strip()
        draft.notes.append(Note(draft.id("note", place), shown, draft.source(place), language(shown)))
