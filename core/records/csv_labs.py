"""Laboratory results exported as a table (CSV, semicolon or tab), with a mapping of its columns."""

import csv
import io
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.domain.basics import Coding, Quantity
from core.domain.record import Identifier, Observation, Patient, Sex
from core.errors import Unreadable
from core.paths import RESOURCES
from core.records import codes
from core.records.dates import day
from core.records.draft import Draft, Reading, content_key
from core.records.encoding import decode
from core.records.limits import MAX_TEXT_BYTES, check_count, check_size

_SEX = {
    "f": Sex.FEMALE,
    "female": Sex.FEMALE,
    "w": Sex.FEMALE,
    "女": Sex.FEMALE,
    "m": Sex.MALE,
    "male": Sex.MALE,
    "男": Sex.MALE,
}
_VALUE = re.compile(
    r"\s*(<=|>=|<|>|≤|≥)?\s*([-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)\s*(?:[×x*]\s*10\^?(\d+))?\s*([A-Za-z%/µμ°\u4e00-\u9fff].{0,30})?$"
)
_RANGE = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*(?:-|–|—|~|～|_|to|至)\s*([-+]?\d+(?:\.\d+)?)")
_BOUND = re.compile(r"\s*(<=|>=|<|>|≤|≥)\s*([-+]?\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is laid out: its delimiter, and which column holds which field (column name -> field)."""

    delimiter: str
    columns: dict[str, str]


@cache
def _fields() -> dict[str, str]:
    table: dict[str, Any] = json.loads((RESOURCES / "knowledge" / "records" / "csv_columns.json").read_text("utf-8"))
    return {_norm(word): field for field, words in table["columns"].items() for word in words}


def _norm(word: str) -> str:
    return re.sub(r"[\W_]+", " ", word.casefold()).strip()


def header_of(text: str) -> Table | None:
    """The layout of a table whose header names a test and a result (or value); None for anything else."""
    first = next(iter(text.lstrip("\ufeff")[:5001].splitlines()), "")
    if len(first) > 5000:
        return None
    for delimiter in (",", ";", "\t", "|"):
        try:
            names = next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:
            continue
        columns = {n: _fields()[_norm(n)] for n in names if _norm(n) in _fields()}
        if len(names) >= 3 and {"test", "value"} <= set(columns.values()):
            return Table(delimiter, columns)
    return None


def read(data: bytes, file: str, layout: Table | None = None) -> Reading:
    """One record a patient (rows without a patient column are one patient's). `layout` overrides the header's words."""
    check_size(file, len(data), MAX_TEXT_BYTES)
    decoded = decode(data)
    layout = layout or (header_of(decoded[0]) if decoded else None)
    if decoded is None or layout is None:
        raise Unreadable(f"{file}: its columns are not known.", "Say which column holds the test and which the result.")
    try:
        rows = list(csv.DictReader(io.StringIO(decoded[0].lstrip("\ufeff"), newline=""), delimiter=layout.delimiter))
    except csv.Error as error:
        raise Unreadable(f"{file} is not a readable table ({error}).", "Export it again as CSV.") from error
    check_count(file, len(rows), "rows")
    return _read_rows(rows, layout, Draft(file, "csv", content_key(data)))


def _read_rows(rows: list[dict[str, Any]], layout: Table, first: Draft) -> Reading:
    drafts: dict[tuple[str, str], Draft] = {}
    empty = 0
    for number, raw in enumerate(rows, start=2):
        row = {f: (raw.get(c) or "").strip() for c, f in layout.columns.items() if isinstance(raw.get(c), str)}
        who = row.get("patient_id", ""), row.get("patient_name", "")
        draft = drafts.setdefault(who, Draft(first.file, first.kind, f"{first.key}/{who[0]}/{who[1]}"))
        if draft.patient == Patient():
            draft.patient = _patient(row, draft, f"row {number}")
        if not row.get("test") or not row.get("value"):
            empty += 1
            continue
        draft.observations.append(_observation(row, draft, f"row {number}"))
    skipped: tuple[str, ...] = (f"rows without a test or a result ({empty})",) if empty else ()
    unknown = tuple(c for c in (rows[0] if rows else {}) if c and c not in layout.columns)
    if unknown:
        skipped += (f"columns not read: {', '.join(unknown)}",)
    return Reading(tuple(d.record() for d in drafts.values()), skipped)


def _patient(row: dict[str, str], draft: Draft, place: str) -> Patient:
    return Patient(
        name=row.get("patient_name", ""),
        birth_date=day(row.get("birth_date", "")),
        sex=_SEX.get(row.get("sex", "").lower(), Sex.UNKNOWN),
        identifiers=(Identifier("", row["patient_id"]),) if row.get("patient_id") else (),
        synthetic="SYNTHETIC" in " ".join(row.values()).upper(),
        sources=(draft.source(place),),
    )


def _observation(row: dict[str, str], draft: Draft, place: str) -> Observation:
    amount, words = value_of(row["value"], row.get("unit", ""))
    low, high = range_of(row.get("range", ""))
    code = row.get("code", "")
    loinc = re.fullmatch(r"\d{1,5}-\d", code) is not None
    found: tuple[Coding, ...] = (codes.coding("LOINC" if loinc else "local", code, row["test"]),) if code else ()
    return Observation(
        draft.id("observation", place), found, row["test"], (draft.source(place, row["test"]),), category="laboratory",
        value=amount, text_value=words, time=row.get("time", ""),
        reference_low=low if low is not None else range_number(row.get("low", "")),
        reference_high=high if high is not None else range_number(row.get("high", "")), flag=row.get("flag", ""),
    )  # fmt: skip


def value_of(written: str, unit: str) -> tuple[Quantity | None, str]:
    """A printed result as a quantity, or as words where it is not a number ("positive", "1:80")."""
    match = _VALUE.match(written[:100])
    if not match or (match[4] and unit):
        return None, written
    comparator, digits, power, own_unit = match.groups()
    value = float(digits.replace(",", ".")) * 10.0 ** int(power[:2] if power else 0)
    sign = {"≤": "<=", "≥": ">="}.get(comparator or "", comparator or "")
    return (Quantity(value, unit or (own_unit or "").strip(), sign), "") if abs(value) < 1e300 else (None, written)


def range_of(written: str) -> tuple[float | None, float | None]:
    """Lower and upper bound of a printed reference range ("3.5-5.1", "<0.5", "70_105")."""
    both = _RANGE.match(written[:60])
    if both:
        return float(both[1]), float(both[2])
    one = _BOUND.match(written[:60])
    if not one:
        return None, None
    return (None, float(one[2])) if one[1] in ("<", "<=", "≤") else (float(one[2]), None)


def range_number(written: str) -> float | None:
    """A bound printed alone."""
    match = re.fullmatch(r"\s*([-+]?\d{1,12}(?:\.\d+)?)\s*", written)
    return float(match[1]) if match else None
