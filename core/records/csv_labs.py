"""Laboratory results exported as a table (CSV, semicolon or tab), with a mapping of its columns."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.domain.basics import Coding, Quantity
from core.domain.case import FileReport
from core.domain.record import Identifier, Observation, Patient, Sex
from core.errors import Unreadable
from core.knowledge.analytes import load as load_analytes
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


UNKNOWN_COLUMNS = "its columns are not known"
RESULT = "result"
"""Field of a column that is itself a test: its heading is the test's name (one line a sample, one column a test)."""
FIELDS = (
    "test", "value", "unit", "range", "low", "high", "flag", "time", "code", "patient_id", "patient_name", "birth_date",
    "sex", RESULT,
)  # fmt: skip
_DELIMITERS = (",", ";", "\t", "|")
_HEADING_UNIT = re.compile(r"^(?P<test>.+?)\s*[\[(（](?P<unit>[^\])）]{1,24})[\])）]\s*$")
_PREVIEW_ROWS = 6


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is laid out: its delimiter, and which column holds which field (column name -> field)."""

    delimiter: str
    columns: dict[str, str]

    def complete(self) -> bool:
        """Whether results can be read: a column of tests and one of values, or columns that are tests themselves."""
        fields = set(self.columns.values())
        return {"test", "value"} <= fields or RESULT in fields


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as it looks: column names, the first rows, and what its headings suggest."""

    delimiter: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    guess: Table


@cache
def _fields() -> dict[str, str]:
    table: dict[str, Any] = json.loads((RESOURCES / "knowledge" / "records" / "csv_columns.json").read_text("utf-8"))
    return {_norm(word): field for field, words in table["columns"].items() for word in words}


def _norm(word: str) -> str:
    return re.sub(r"[\W_]+", " ", word.casefold()).strip()


def header_of(text: str) -> Table | None:
    """The layout of a table whose header names a test and a result, or several tests; None for anything else."""
    for delimiter, names in _headers(text):
        layout = _guess(delimiter, names)
        if len(names) >= 3 and layout.complete():
            return layout
    return None


def _headers(text: str) -> Iterator[tuple[str, list[str]]]:
    first = next(iter(text.lstrip("\ufeff")[:5001].splitlines()), "")
    for delimiter in _DELIMITERS if len(first) <= 5000 else ():
        try:
            yield delimiter, next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:
            continue


def _guess(delimiter: str, names: list[str]) -> Table:
    """What the headings say; columns that are tests count only where no column lists tests, and only two or more."""
    columns = {n: _fields()[_norm(n)] for n in names if _norm(n) in _fields()}
    if "test" not in columns.values():
        known = load_analytes().by_name
        tests = [n for n in names if n not in columns and _heading(n)[0].casefold() in known]
        columns |= dict.fromkeys(tests if len(tests) >= 2 else (), RESULT)
    return Table(delimiter, columns)


def _heading(name: str) -> tuple[str, str]:
    """(test, unit) of a heading such as "CRP (mg/L)"."""
    match = _HEADING_UNIT.match(name.strip()[:80])
    return (match["test"], match["unit"]) if match else (name.strip(), "")


def sheet_of(text: str) -> Sheet | None:
    """The look of a table of any headings: at least three columns, the same number in each of its first rows.

    None for text that is no table: a note has sentences, and lines of different lengths.
    """
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row, _ in zip(_rows(text, delimiter), range(_PREVIEW_ROWS), strict=False)]
        except csv.Error:
            continue
        if len(rows) >= 3 and len(rows[0]) >= 3 and len({len(r) for r in rows[:-1]}) == 1 and _headings(rows[0]):
            return Sheet(delimiter, tuple(rows[0]), tuple(map(tuple, rows[1:])), _guess(delimiter, rows[0]))
    return None


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    lines = text.lstrip("\ufeff")[:20_000].splitlines(keepends=True)
    return (row for row in csv.reader(lines, delimiter=delimiter) if row)


def _headings(names: list[str]) -> bool:
    """Headings are short, all different, and no numbers or sentences."""
    plain = [n.strip() for n in names if n.strip()]
    return (
        len(plain) >= 3
        and len(set(plain)) == len(plain)
        and all(len(n) <= 40 and not n.endswith((".", "。")) and not re.fullmatch(r"[-+\d.,/: ]+", n) for n in plain)
    )


def unknown_tables(files: tuple[FileReport, ...]) -> tuple[Path, ...]:
    """Files that are tables whose headings say nothing, and that can still be read where they lie."""
    return tuple(Path(f.path) for f in files if UNKNOWN_COLUMNS in f.error and Path(f.path).is_file())


def read(data: bytes, file: str, layout: Table | None = None, known: Iterable[Table] = ()) -> Reading:
    """One record a patient (rows without a patient column are one patient's).

    `layout` overrides the header's words; of the layouts `known` from earlier the first that fits the header is taken.
    """
    check_size(file, len(data), MAX_TEXT_BYTES)
    decoded = decode(data)
    layout = layout or (_known_layout(decoded[0], known) or header_of(decoded[0]) if decoded else None)
    if decoded is None or layout is None or not layout.complete():
        raise Unreadable(f"{file}: {UNKNOWN_COLUMNS}.", "Say which column holds the test and which the result.")
    try:
        rows = list(csv.DictReader(io.StringIO(decoded[0].lstrip("\ufeff"), newline=""), delimiter=layout.delimiter))
    except csv.Error as error:
        raise Unreadable(f"{file} is not a readable table ({error}).", "Export it again as CSV.") from error
    check_count(file, len(rows), "rows")
    return _read_rows(rows, layout, Draft(file, "csv", content_key(data)))


def _known_layout(text: str, known: Iterable[Table]) -> Table | None:
    headers = dict(_headers(text))
    return next((t for t in known if t.complete() and set(t.columns) <= set(headers.get(t.delimiter, ()))), None)


def _read_rows(rows: list[dict[str, Any]], layout: Table, first: Draft) -> Reading:
    drafts: dict[tuple[str, str], Draft] = {}
    empty = 0
    tests = [c for c, f in layout.columns.items() if f == RESULT]
    for number, raw in enumerate(rows, start=2):
        cells = {c: raw[c].strip() for c in layout.columns if isinstance(raw.get(c), str)}
        row = {f: cells[c] for c, f in layout.columns.items() if f != RESULT and c in cells}
        who = row.get("patient_id", ""), row.get("patient_name", "")
        draft = drafts.setdefault(who, Draft(first.file, first.kind, f"{first.key}/{who[0]}/{who[1]}"))
        if draft.patient == Patient():
            draft.patient = _patient(row, draft, f"row {number}")
        found = list(_results(row, cells, tests))
        empty += not found
        draft.observations += [_observation(one, draft, f"row {number}", key) for one, key in found]
    skipped: tuple[str, ...] = (f"rows without a test or a result ({empty})",) if empty else ()
    unknown = tuple(c for c in (rows[0] if rows else {}) if c and c not in layout.columns)
    if unknown:
        skipped += (f"columns not read: {', '.join(unknown)}",)
    return Reading(tuple(d.record() for d in drafts.values()), skipped)


def _results(row: dict[str, str], cells: dict[str, str], tests: list[str]) -> Iterator[tuple[dict[str, str], str]]:
    """The results of a line, each with what tells it from the others of that line."""
    if row.get("test") and row.get("value"):
        yield row, ""
    for column in tests:
        if cells.get(column):
            test, unit = _heading(column)
            shared = {k: v for k, v in row.items() if k not in ("code", "range", "low", "high", "flag")}
            yield shared | {"test": test, "value": cells[column], "unit": unit}, column


def _patient(row: dict[str, str], draft: Draft, place: str) -> Patient:
    return Patient(
        name=row.get("patient_name", ""),
        birth_date=day(row.get("birth_date", "")),
        sex=_SEX.get(row.get("sex", "").lower(), Sex.UNKNOWN),
        identifiers=(Identifier("", row["patient_id"]),) if row.get("patient_id") else (),
        synthetic="SYNTHETIC" in " ".join(row.values()).upper(),
        sources=(draft.source(place),),
    )


def _observation(row: dict[str, str], draft: Draft, place: str, column: str = "") -> Observation:
    amount, words = value_of(row["value"], row.get("unit", ""))
    low, high = range_of(row.get("range", ""))
    code = row.get("code", "")
    loinc = re.fullmatch(r"\d{1,5}-\d", code) is not None
    found: tuple[Coding, ...] = (codes.coding("LOINC" if loinc else "local", code, row["test"]),) if code else ()
    place_id = f"{place}/{column}" if column else place
    return Observation(
        draft.id("observation", place_id), found, row["test"], (draft.source(place, row["test"]),), category="laboratory",
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
