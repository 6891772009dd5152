"""A structured report (any template) as lines a person can read: depth, concept, value. Bounded, never recursive."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom

from core.errors import Unreadable
from core.imaging.header import guarded, read_dataset

MAX_ITEMS = 20_000
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class SrLine:
    """One content item. `kind` is its value type (TEXT, NUM, CODE, CONTAINER, IMAGE, SCOORD, ...)."""

    depth: int
    concept: str
    value: str
    kind: str


def read_tree(path: str | Path) -> tuple[SrLine, ...]:
    """The content tree of a structured report in document order. Raises `Unreadable`."""
    dataset = read_dataset(path)
    name = Path(path).name
    if "ContentSequence" not in dataset:
        raise Unreadable(f"{name} holds no report content.")
    return guarded(lambda: tuple(_lines(dataset)), name)


def _lines(dataset: pydicom.Dataset) -> Iterator[SrLine]:
    title = _concept(dataset) or "Report"
    yield SrLine(0, title, _verified(dataset), "CONTAINER")
    stack = [(iter(dataset.ContentSequence), 1)]
    count = 0
    while stack:
        items, depth = stack[-1]
        item = next(items, None)
        if item is None:
            stack.pop()
            continue
        count += 1
        if count > MAX_ITEMS or depth > MAX_DEPTH:
            raise Unreadable("The report has too many items or nests too deeply.")
        yield SrLine(depth, _concept(item), _value(item), str(item.get("ValueType", "")))
        if item.get("ContentSequence"):
            stack.append((iter(item.ContentSequence), depth + 1))


def _verified(dataset: pydicom.Dataset) -> str:
    flags = (str(dataset.get("CompletionFlag", "")), str(dataset.get("VerificationFlag", "")))
    return ", ".join(f.lower() for f in flags if f)


def _concept(item: pydicom.Dataset) -> str:
    sequence = item.get("ConceptNameCodeSequence")
    return str(sequence[0].get("CodeMeaning", "")) if sequence else ""


def _value(item: pydicom.Dataset) -> str:
    kind = str(item.get("ValueType", ""))
    if kind == "NUM":
        return _number(item)
    if kind == "CODE":
        sequence = item.get("ConceptCodeSequence")
        return str(sequence[0].get("CodeMeaning", "")) if sequence else ""
    if kind in {"IMAGE", "COMPOSITE", "WAVEFORM"}:
        sequence = item.get("ReferencedSOPSequence")
        return str(sequence[0].get("ReferencedSOPInstanceUID", "")) if sequence else ""
    if kind in {"SCOORD", "SCOORD3D"}:
        points = item.get("GraphicData")
        return f"{item.get('GraphicType', '')} ({len(points) // 2 if points is not None else 0} points)"
    keyword = {"TEXT": "TextValue", "PNAME": "PersonName", "UIDREF": "UID"}.get(
        kind, {"DATE": "Date", "TIME": "Time", "DATETIME": "DateTime"}.get(kind, "")
    )
    return str(item.get(keyword, "")) if keyword else ""


def _number(item: pydicom.Dataset) -> str:
    sequence = item.get("MeasuredValueSequence")
    if not sequence:
        return ""
    measured = sequence[0]
    units = measured.get("MeasurementUnitsCodeSequence")
    unit = str(units[0].get("CodeValue", "")) if units else ""
    return f"{measured.get('NumericValue', '')} {'' if unit == '1' else unit}".strip()
