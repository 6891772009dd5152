"""The MedCalc-Bench format: entities to our inputs, labels to numbers, and who agrees with whom."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from core.domain.basics import Quantity
from core.errors import Unreadable, UserError
from core.knowledge.units import convert
from core.paths import RESOURCES
from core.risk.score import InputValue, ScoreResult, compute, find, input_specs

_LEAST_PER_LITRE = 1e7  # more cells than that are counted in a litre, whatever volume is named


@dataclass(frozen=True, slots=True)
class Vignette:
    """One question of the set: entities as read, the original label with limits, the corrected one where there is one."""

    id: str
    calculator: str
    name: str
    entities: Mapping[str, Any]
    answer: float | None
    low: float | None
    high: float | None
    corrected: float | None
    corrected_low: float | None
    corrected_high: float | None
    corrected_text: str = ""
    note: str = ""

    @property
    def labels_agree(self) -> bool:
        """The corrected answer lies within the original's limits."""
        return _within(self.corrected, self.low, self.high)


@lru_cache(maxsize=1)
def _mapping() -> dict[str, Any]:
    path = RESOURCES / "knowledge" / "scores" / "medcalc.yaml"
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    return found


def read(folder: Path) -> tuple[Vignette, ...]:
    """All vignettes of a folder with `vignettes.json` and, if it exists, `corrected_labels.json`."""
    rows = _json(folder / "vignettes.json")
    corrected_path = folder / "corrected_labels.json"
    corrected = {_key(row): row for row in _json(corrected_path)} if corrected_path.exists() else {}
    return tuple(_vignette(row, corrected.get(_key(row))) for row in rows)


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["Unique ID"]), str(row["Calculator Name"])


def _json(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Unreadable(
            f"{path.name} cannot be read in {path.parent}: {error.strerror}.",
            "Name a folder with vignettes.json and corrected_labels.json.",
        ) from error
    except ValueError as error:
        raise Unreadable(f"{path} is not JSON: {error}.", "Unpack the data again.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "Unique ID" in row for row in rows):
        raise Unreadable(f"{path} is not a list of vignettes.", "Use the MedCalc-Bench form.")
    return rows


def _vignette(row: Mapping[str, Any], fixed: Mapping[str, Any] | None) -> Vignette:
    entities = _entities(row)
    other: Mapping[str, Any] = fixed or {}
    return Vignette(
        id=str(row["Unique ID"]),
        calculator=str(row["Calculator ID"]),
        name=str(row["Calculator Name"]),
        entities=entities,
        answer=number(row["Ground Truth Answer"]),
        low=number(row["Lower Limit"]),
        high=number(row["Upper Limit"]),
        corrected=number(other.get("Ground Truth Answer")),
        corrected_low=number(other.get("Lower Limit")),
        corrected_high=number(other.get("Upper Limit")),
        corrected_text=str(other.get("Ground Truth Answer", "")),
        note=str(row.get("Patient Note", "")),
    )


def _entities(row: Mapping[str, Any]) -> Mapping[str, Any]:
    raw = row.get("Relevant Entities")
    try:
        found = ast.literal_eval(raw) if isinstance(raw, str) else raw
    except (ValueError, SyntaxError) as error:
        raise Unreadable(f"The entities of vignette {row['Unique ID']} cannot be read.", "Correct the file.") from error
    if not isinstance(found, dict):
        raise Unreadable(f"Vignette {row['Unique ID']} has no entities.", "Use the MedCalc-Bench form.")
    return found


def number(label: object) -> float | None:
    """A label as a number: a date as its ordinal day, weeks and days as days; None for "N/A" or nothing."""
    text = str(label).strip()
    weeks = re.search(r"(\d+)\s*weeks?\D+(\d+)\s*days?", text)
    if weeks:
        return float(int(weeks[1]) * 7 + int(weeks[2]))
    try:
        if re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", text):
            return float(_date(text).toordinal())
        return float(text)
    except ValueError:
        return None


def _date(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()


def _told_date(key: str, text: object) -> date:
    try:
        return _date(str(text).strip())
    except ValueError as error:
        raise UserError(f"{key}: {text!r} is not a date.", "Dates are written 08/31/2023.") from error


def _within(value: float | None, low: float | None, high: float | None) -> bool:
    if value is None or low is None or high is None:
        return False
    slack = 1e-6 + 1e-6 * abs(value)
    return min(low, high) - slack <= value <= max(low, high) + slack


def right(vignette: Vignette, result: ScoreResult) -> tuple[bool, bool | None]:
    """Whether a result lies within the original's limits, and within the corrected label's (None without one)."""
    value = result.value
    original = _within(value, vignette.low, vignette.high)
    if vignette.corrected is None:
        return original, None
    return original, _within(value, vignette.corrected_low, vignette.corrected_high)


def why(calculator: str) -> str:
    """What is known about the disagreements of a calculator."""
    return str(_mapping()["why"].get(calculator, ""))


def solve(vignette: Vignette) -> ScoreResult:
    """Our score from the entities. Criteria that the set leaves out count as absent: that is the set's convention.

    UserError where the calculator is not known or an entity cannot be read.
    """
    row = _mapping()["calculators"].get(vignette.calculator)
    if row is None:
        raise UserError(f"Calculator {vignette.calculator} ({vignette.name}) is not known.", "")
    score = find(row["score"])
    values = _values(vignette, row)
    known = {spec.id for spec in score.inputs}
    given = {key: value for key, value in values.items() if key in known}
    for key, value in row.get("absent", {}).items():
        given.setdefault(key, value)
    return compute(score, given, assume_absent=True)


def _values(vignette: Vignette, row: Mapping[str, Any]) -> dict[str, InputValue]:
    names = {**_mapping()["entities"], **row.get("entities", {})}
    values: dict[str, InputValue] = {}
    if "doses" in row:
        return dict(_daily_doses(vignette.entities, row["doses"]))
    for entity, raw in vignette.entities.items():
        if entity == "input steroid":
            values["steroid"], values["dose_mg"] = _steroid(raw[0]), _float(entity, raw[1])
        elif entity == "target steroid":
            values["target_steroid"] = _steroid(raw)
        elif entity in names:
            value = _value(names[entity], raw)
            if value is True or names[entity] not in values:
                values[names[entity]] = value
    if row.get("pressures"):
        _pressures(values)
    return values


def _daily_doses(entities: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    for name, key in names.items():
        dose, times = entities.get(f"{name} Dose"), entities.get(f"{name} Dose Per Day")
        if dose is not None and times is not None:
            yield key, _float(name, dose[0]) * _float(name, times[0])


def _steroid(text: str) -> str:
    return text.split()[0].lower()


def _pressures(values: dict[str, InputValue]) -> None:
    """Mean arterial pressure from systolic and diastolic; the set's "Hypotension" means a mean below 70."""
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if isinstance(systolic, Quantity) and isinstance(diastolic, Quantity):
        values["mean_arterial"] = (systolic.value + 2 * diastolic.value) / 3
    if values.pop("hypotension", False) is True:
        values["mean_arterial"] = 65.0


def _value(key: str, raw: Any) -> InputValue:
    words: dict[str, str] = _mapping()["words"].get(key, {})
    spec = input_specs().get(key)
    if isinstance(raw, list | tuple) and raw and len(raw) % 2 == 0:
        return _total(key, [_quantity(key, _float(key, raw[i]), str(raw[i + 1])) for i in range(0, len(raw), 2)])
    if isinstance(raw, str) or (words and isinstance(raw, bool)):
        text = str(raw).strip().lower()
        found = next((ours for start, ours in words.items() if text.startswith(start)), None)
        if found is not None:
            return found == "true" if found in ("true", "false") else found
        if spec is not None and spec.is_date:
            return _told_date(key, raw)
        if spec is not None and spec.is_flag:
            return text in ("true", "yes")
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return float(text)
        raise UserError(f"{key}: {raw!r} is not understood.", "")
    return raw  # type: ignore[no-any-return]


def _float(key: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError as error:
        raise UserError(f"{key}: {value!r} is not a number.", "") from error


def _total(key: str, parts: list[Quantity]) -> Quantity:
    """One quantity, or the sum of several ("5 ft 10 in", "1 year 6 months") in the input's own unit."""
    if len(parts) == 1:
        return parts[0]
    spec = input_specs()[key]
    values = [convert(part.value, part.unit, spec.unit, spec.molar_mass) for part in parts]
    if any(value is None for value in values):
        raise UserError(f"{key}: its parts do not measure the same thing.", "")
    return Quantity(sum(value for value in values if value is not None), spec.unit)


def _quantity(key: str, value: float, unit: str) -> Quantity:
    known: dict[str, str] = _mapping()["units"]
    ours = known.get(unit.strip().lower(), unit.strip())
    if key in _mapping()["cells"] and ours == "/uL":
        return Quantity(value / (1e9 if value > _LEAST_PER_LITRE else 1e3), "10*9/L")
    spec = input_specs().get(key)
    if spec is not None and (spec.unit == "1" or not ours):
        return Quantity(value, spec.unit)
    return Quantity(value, ours)
