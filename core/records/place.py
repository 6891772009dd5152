"""A fact's place in its source file, as a person reads it: the part of the file around it, and which characters are it.

`Source.place` is a path (FHIR, phenopacket), an XPath (C-CDA), a segment (HL7 v2) or a row (CSV, VCF). A whole Synthea
bundle has a hundred thousand lines, so only the resource, statement, message or table around the place is given.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, indent, tostring

from core.domain.basics import Source
from core.errors import Unreadable
from core.records.encoding import decode
from core.records.limits import MAX_TEXT_BYTES, check_size
from core.records.plain import at, parse, text

CONTEXT_LINES = 40
"""Lines of a table or a message given on either side of the place."""
MAX_SHOWN = 60_000
"""Characters given at most: what a text view lays out without being felt."""
_STEP = re.compile(r"([A-Za-z_]\w*)?(?:\[(\d+)\])?")
_SEGMENT = re.compile(
    r"(?:message\[(?P<message>\d+)\]\.)?(?P<name>[A-Z][A-Z0-9]{2})\[(?P<order>\d+)\](?:-(?P<field>\d+))?$"
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A readable part of a source. `start`, `end`: the characters of `text` that hold the fact (end exclusive)."""

    text: str
    start: int
    end: int


def excerpt(data: bytes, source: Source) -> Excerpt:
    """The part of a file (its bytes as kept) that `source` points to.

    Raises `Unreadable` where the place is not in these bytes: the file is another one than was read.
    """
    plain = _unpacked(data)
    reader = _READERS.get(source.kind)
    if reader is None:
        raise Unreadable(f"A place in a {source.kind} file cannot be shown.", "Open the file itself.")
    found = reader(plain, source)
    if found is None:
        raise Unreadable(f"{source.place} is not in {source.file}.", "The file has changed since it was read.")
    return _bounded(found)


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        plain = stream.read(MAX_TEXT_BYTES + 1)
    check_size("the file", len(plain), MAX_TEXT_BYTES)
    return plain


def _bounded(found: Excerpt) -> Excerpt:
    """At most MAX_SHOWN characters around the place."""
    if len(found.text) <= MAX_SHOWN:
        return found
    first = max(0, min(found.start - MAX_SHOWN // 4, len(found.text) - MAX_SHOWN))
    cut = found.text[first : first + MAX_SHOWN]
    return Excerpt(cut, found.start - first, min(found.end - first, len(cut)))


# -- JSON --------------------------------------------------------------------------------------------------------------


def _fhir(data: bytes, source: Source) -> Excerpt | None:
    """The resource a fact came from, the element inside it marked."""
    steps = _steps(source.place)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        from core.records.fhir_xml import to_json

        data = to_json(data, source.file)
    value: Any = _documents(data, source.file)
    if isinstance(value, list):
        head, steps = steps[0], steps[1:]
        value = at(value, head[1] if head[1] is not None else 0)
    else:
        steps = steps[1:]
    path = [part for name, index in steps for part in (name, index) if part not in (None, "")]
    last = max((i + 1 for i, part in enumerate(path) if part == "resource"), default=0)
    return _inside(at(value, *path[:last]) if last else value, path[last:])


def _documents(data: bytes, file: str) -> Any:
    """The JSON of a file: one document, a list, or one document a line."""
    try:
        value = parse(data, file)
    except Unreadable:
        value = [parse(line, file) for line in data.splitlines() if line.strip()]
    if isinstance(value, list):
        value = [item for item in value if isinstance(item, dict)]
        return value[0] if len(value) == 1 else value
    return value


def _phenopacket(data: bytes, source: Source) -> Excerpt | None:
    steps = _steps(source.place)
    value: Any = _documents(data, source.file)
    if steps and steps[0][0] == "phenopacket":
        value = at(value, steps[0][1]) if steps[0][1] is not None else value
        steps = steps[1:]
    return _inside(value, [part for name, index in steps for part in (name, index) if part not in (None, "")])


def _steps(place: str) -> list[tuple[str, int | None]]:
    """ "Bundle.entry[3].resource" -> [("Bundle", None), ("entry", 3), ("resource", None)]."""
    found = (_STEP.match(part) for part in place.split("."))
    return [(m[1] or "", int(m[2]) if m[2] else None) for m in found if m]


def _inside(whole: Any, path: list[Any]) -> Excerpt | None:
    """`whole` written out with the element at `path` marked; None where there is no such element.

    A path may end in a name that a reader made up for what it looked at: the nearest element that exists is marked.
    """
    if not isinstance(whole, dict | list):
        return None
    while path and at(whole, *path) is None:
        path = path[:-1]
    written, start, end = _written(whole, path)
    return Excerpt(written, start, end)


def _written(whole: Any, path: list[Any]) -> tuple[str, int, int]:
    target = at(whole, *path) if path else whole
    mark = "\ue000\ue001"  # private use: never in a record
    if not path:
        plain = json.dumps(whole, ensure_ascii=False, indent=2)
        return plain, 0, len(plain)
    marked = _replaced(whole, path, mark)
    before, _, after = json.dumps(marked, ensure_ascii=False, indent=2).partition(f'"{mark}"')
    depth = len(before.rsplit("\n", 1)[-1]) - len(before.rsplit("\n", 1)[-1].lstrip(" "))
    inner = json.dumps(target, ensure_ascii=False, indent=2).replace("\n", "\n" + " " * depth)
    return before + inner + after, len(before), len(before) + len(inner)


def _replaced(value: Any, path: list[Any], mark: str) -> Any:
    """A copy of the JSON in which the element at `path` is `mark`."""
    if not path:
        return mark
    if isinstance(value, list):
        return [_replaced(v, path[1:], mark) if i == path[0] else v for i, v in enumerate(value)]
    return {k: _replaced(v, path[1:], mark) if k == path[0] else v for k, v in value.items()}


# -- XML ---------------------------------------------------------------------------------------------------------------


def _ccda(data: bytes, source: Source) -> Excerpt | None:
    """The statement, written out with its own indentation; the narrative it refers to comes first."""
    from core.records.ccda_parts import NS
    from core.records.ccda_parts import parse as parse_xml

    root = parse_xml(data, source.file)
    element: Element | None = root
    for name, index in _xpath(source.place)[1:]:
        children = element.findall(NS + name) if element is not None else []
        element = children[index] if index < len(children) else None
    if element is None:
        return None
    narrative = _narrative(root, element)
    indent(element)
    raw = tostring(element, encoding="unicode")
    written = re.sub(r' xmlns:ns\d+="[^"]*"', "", re.sub(r"(</?)ns\d+:", r"\1", raw)).strip()
    return Excerpt(narrative + written, len(narrative), len(narrative) + len(written))


def _xpath(place: str) -> list[tuple[str, int]]:
    """Names with zero-based indices (an XPath counts from 1)."""
    return [
        (name, int(index) - 1 if index else 0) for name, index in re.findall(r"/([A-Za-z]\w*)(?:\[(\d+)\])?", place)
    ]


def _narrative(root: Element, element: Element) -> str:
    """The words of the document that the statement refers to (`<reference value="#id"/>`)."""
    wanted = {v[1:] for e in element.iter() if (v := e.get("value", "")).startswith("#")}
    if not wanted:
        return ""
    words = [" ".join("".join(e.itertext()).split()) for e in root.iter() if e.get("ID") in wanted]
    return "".join(f"{w}\n" for w in dict.fromkeys(words) if w) + ("\n" if words else "")


# -- lines -------------------------------------------------------------------------------------------------------------


def _hl7v2(data: bytes, source: Source) -> Excerpt | None:
    """The message around a segment."""
    from core.records.hl7v2_parts import messages

    match = _SEGMENT.search(source.place)
    if match is None:
        return None
    which = int(match["message"] or 1) - 1
    for message in messages(data, source.file)[which : which + 1]:
        for segment in message:
            if segment.name == match["name"] and segment.order == int(match["order"]):
                return _segment_line(data, source, segment.line)
    return None


def _segment_line(data: bytes, source: Source, number: int) -> Excerpt | None:
    from core.records.hl7v2_parts import lines_of

    return _lines(lines_of(data, source.file), number - 1)


def _csv(data: bytes, source: Source) -> Excerpt | None:
    """The table around a row. Rows are records: a quoted cell may hold line breaks."""
    decoded = decode(data)
    number = re.search(r"\d+", source.place)
    if decoded is None or number is None:
        return None
    words = decoded[0].lstrip("\ufeff")
    reader, ends = csv.reader(io.StringIO(words, newline="")), []
    for _row in reader:
        if _row:
            ends.append(reader.line_num)
    row = int(number[0]) - 1
    if not 0 < row < len(ends):
        return None
    lines = words.splitlines()
    return _lines(lines, ends[row - 1], ends[row] - 1)


def _vcf(data: bytes, source: Source) -> Excerpt | None:
    decoded, number = decode(data), re.search(r"\d+", source.place)
    return _lines(decoded[0].splitlines(), int(number[0]) - 1) if decoded and number else None


def _lines(lines: list[str], first: int, last: int | None = None) -> Excerpt | None:
    last = first if last is None else last
    if not 0 <= first <= last < len(lines):
        return None
    begin = max(0, first - CONTEXT_LINES)
    before = "".join(f"{line}\n" for line in lines[begin:first])
    inside = "\n".join(lines[first : last + 1])
    after = "".join(f"\n{line}" for line in lines[last + 1 : last + 1 + CONTEXT_LINES])
    return Excerpt(before + inside + after, len(before), len(before) + len(inside))


_READERS: dict[str, Callable[[bytes, Source], Excerpt | None]] = {
    "fhir": _fhir,
    "phenopacket": _phenopacket,
    "ccda": _ccda,
    "hl7v2": _hl7v2,
    "csv": _csv,
    "vcf": _vcf,
}
READABLE = frozenset(_READERS)
"""Kinds of source whose places can be shown."""


def title(source: Source) -> str:
    """ "bundle.json · Bundle.entry[3].resource"."""
    name = re.split(r"[/\\!]", source.file)[-1]
    return " · ".join(part for part in (name, text(source.place)) if part)
