"""DDXPlus patients and their crosswalk to our findings (resources/knowledge/ddxplus/crosswalk.yaml)."""

import ast
import csv
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient, Sex
from core.errors import UserError
from core.knowledge.conditions import read_yaml
from core.paths import RESOURCES

_PATH = RESOURCES / "knowledge" / "ddxplus" / "crosswalk.yaml"


@dataclass(frozen=True, slots=True)
class Case:
    """One patient. `evidences`: codes as written, `CODE` or `CODE_@_VALUE`; `initial`: the first complaint's code."""

    age_years: float
    sex: Sex
    diagnosis: str
    evidences: tuple[str, ...]
    initial: str
    differential: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """`conditions`: DDXPlus name -> condition id; the others as in the file."""

    conditions: dict[str, str]
    evidences: dict[str, str]
    negated: dict[str, str]
    values: dict[str, dict[str, str]]
    numbers: dict[str, dict[str, float]]


@lru_cache(maxsize=1)
def crosswalk() -> Crosswalk:
    """The shipped crosswalk."""
    raw: dict[str, Any] = read_yaml(_PATH)
    values = {
        code: {value: finding for finding, listed in groups.items() for value in listed}
        for code, groups in raw["values"].items()
    }
    return Crosswalk(raw["conditions"], raw["evidences"], raw["negated"], values, raw["numbers"])


def read_cases(folder: Path) -> list[Case]:
    """The patients of `patients.csv`. Raises `UserError` where the file is missing or of another form."""
    path = folder / "patients.csv" if folder.is_dir() else folder
    if not path.is_file():
        raise UserError(f"There is no patients.csv in {folder}.", "Name a folder in the format of DDXPlus.")
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return [_case({k.lower(): v for k, v in row.items() if k}) for row in csv.DictReader(file)]
        except (KeyError, ValueError, SyntaxError) as error:
            raise UserError(f"{path.name} is not of the DDXPlus form: {error}.", "Check the columns.") from error


def _case(row: dict[str, str]) -> Case:
    """Both the public release's columns and those of the development part are understood."""
    evidences = ast.literal_eval(row["features"] if "features" in row else row["evidences"])
    initial = row.get("feature_id") or row["initial_evidence"]
    supplied = row.get("top5_diagnoses") or row.get("differential_diagnosis") or "[]"
    diagnosis = row.get("diagnosis") or row["pathology"]
    sex = Sex.FEMALE if row["sex"].upper().startswith("F") else Sex.MALE
    differential = tuple((str(name), float(p)) for name, p in ast.literal_eval(supplied))
    return Case(float(row["age"]), sex, diagnosis, tuple(evidences), initial, differential)


def read_metadata(folder: Path) -> dict[str, dict[str, Any]]:
    """Evidence metadata beside the patients (`release_evidences.json`, here or in `meta_en`), else {}."""
    for path in (folder / "meta_en" / "release_evidences.json", folder / "release_evidences.json"):
        if path.is_file():
            found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
            return found
    return {}


def patient(case: Case) -> Patient:
    """Age and sex as a patient."""
    return Patient(age_years=case.age_years, sex=case.sex)


def findings(case: Case, *, denied: bool = True) -> tuple[Finding, ...]:
    """Our findings of a case; with `denied` every crosswalked evidence the case lacks is absent (the set's convention)."""
    table = crosswalk()
    codes = {evidence.split("_@_")[0] for evidence in case.evidences}
    present = {name for evidence in case.evidences for name in mapped(evidence)}
    present |= {name for code, name in table.negated.items() if code not in codes}
    found = [_finding(name, Status.PRESENT) for name in sorted(present)]
    if denied:
        everything = set(table.evidences.values()) | set(table.negated.values())
        found += [_finding(name, Status.ABSENT) for name in sorted(everything - present)]
    return tuple(found)


def mapped(evidence: str) -> list[str]:
    """Finding ids of one evidence as written."""
    table = crosswalk()
    code, _, value = evidence.partition("_@_")
    if not value:
        return [table.evidences[code]] if code in table.evidences else []
    if code in table.numbers:
        return [name for name, least in table.numbers[code].items() if value.isdigit() and int(value) >= least]
    name = table.values.get(code, {}).get(value)
    return [name] if name else []


def _finding(name: str, status: Status) -> Finding:
    return Finding(
        f"d-{name}", Coding("consilium", name), Label(name), status, Origin.NOTE, Source("patients.csv", "csv")
    )
