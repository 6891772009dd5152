"""Common and dangerous conditions: the types, and reading them from `resources/knowledge/conditions/*.yaml`.

The file format is described in docs/knowledge-conditions.md. Reading checks the form (fields, numbers, duplicates);
`core.knowledge.condition_check` checks the meaning against the finding vocabulary.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.domain.assessment import Urgency
from core.domain.basics import Citation, Label
from core.errors import UserError
from core.paths import RESOURCES

FOLDER = RESOURCES / "knowledge" / "conditions"
ONSETS = ("sudden", "acute", "subacute", "chronic", "recurrent")
SEXES = ("female", "male")
_REQUIRED = ("id", "en", "zh", "icd10", "specialty", "urgency", "prevalence", "course", "findings", "sources")
_OPTIONAL = (
    "synonyms_en",
    "synonyms_zh",
    "cant_miss",
    "risk_factors",
    "tests",
    "rare_if",
    "family",
    "note_en",
    "note_zh",
)


@dataclass(frozen=True, slots=True)
class Link:
    """P(finding present | condition). `defining`: the condition is hardly possible without it."""

    id: str
    p: float
    defining: bool = False


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """`lr` = P(factor | condition) / P(factor | everyone who presents); below 1 for what protects."""

    id: str
    lr: float


@dataclass(frozen=True, slots=True)
class TestLink:
    """Sensitivity and specificity of a test finding for the condition, each strictly between 0 and 1."""

    __test__ = False  # pytest must not take the class for a test

    id: str
    sensitivity: float
    specificity: float


@dataclass(frozen=True, slots=True)
class Prevalence:
    """`weight`: cases in 1,000 primary-care or emergency presentations; factors multiply it.

    `age`: (lower bound in years, factor), ascending; a band reaches to the next lower bound.
    """

    weight: float
    age: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    female: float = 1.0
    male: float = 1.0
    pregnant: float = 1.0


@dataclass(frozen=True, slots=True)
class Course:
    """How it begins, and how long the complaint has lasted at presentation (days, 5th to 95th percentile)."""

    onset: tuple[str, ...]
    days: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as written in the knowledge files."""

    id: str
    label: Label
    icd10: tuple[str, ...]
    specialty: str
    urgency: Urgency
    prevalence: Prevalence
    course: Course
    findings: tuple[Link, ...]
    sources: tuple[Citation, ...]
    synonyms_en: tuple[str, ...] = ()
    synonyms_zh: tuple[str, ...] = ()
    cant_miss: bool = False
    risk_factors: tuple[RiskFactor, ...] = ()
    tests: tuple[TestLink, ...] = ()
    rare_if: tuple[str, ...] = ()
    family: str = ""
    note: Label = Label("")
    file: str = ""


class _UniqueKeys(yaml.CSafeLoader):
    """CSafeLoader that refuses a key written twice instead of silently taking the last."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {str(key) for key in keys if keys.count(key) > 1}
    if twice:
        raise UserError(f"line {node.start_mark.line + 1}: written twice: {', '.join(sorted(twice))}.")
    return dict(zip(keys, (loader.construct_object(v, deep=True) for _, v in node.value), strict=True))


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """A YAML file's content; a key written twice or broken YAML raises `UserError` naming file and line."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        raise UserError(f"{path.name} is not valid YAML: {error}.", "Correct the file.") from error
    except UserError as error:
        raise UserError(f"{path.name}: {error}", "Correct the file.") from error


def files(folder: Path = FOLDER) -> tuple[Path, ...]:
    """The condition files, by name."""
    return tuple(sorted(folder.glob("*.yaml")))


def read(folder: Path = FOLDER) -> tuple[Condition, ...]:
    """All conditions of a folder. Raises `UserError` naming the file and the entry that does not fit the form."""
    conditions: list[Condition] = []
    for path in files(folder):
        conditions += read_file(path)
    seen: dict[str, str] = {}
    for condition in conditions:
        if condition.id in seen:
            raise UserError(
                f"Condition {condition.id} is in {seen[condition.id]} and in {condition.file}.", "Keep one."
            )
        seen[condition.id] = condition.file
    return tuple(conditions)


def read_file(path: Path) -> list[Condition]:
    """The conditions of one file."""
    entries = read_yaml(path) or []
    if not isinstance(entries, list):
        raise UserError(f"{path.name} is not a list of conditions.", "See docs/knowledge-conditions.md.")
    return [_condition(entry, path.name) for entry in entries]


def _condition(entry: Any, file: str) -> Condition:
    name = entry.get("id", "?") if isinstance(entry, dict) else "?"
    try:
        return _parse(entry, file)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{file}: condition {name}: {error}.", "See docs/knowledge-conditions.md.") from error


def _parse(entry: dict[str, Any], file: str) -> Condition:
    missing = [field for field in _REQUIRED if field not in entry]
    unknown = [field for field in entry if field not in _REQUIRED + _OPTIONAL]
    if missing or unknown:
        raise ValueError(f"missing {missing}, not known {unknown}")
    return Condition(
        id=str(entry["id"]),
        label=Label(str(entry["en"]), str(entry["zh"])),
        icd10=_texts(entry["icd10"]),
        specialty=str(entry["specialty"]),
        urgency=Urgency(entry["urgency"]),
        prevalence=_prevalence(entry["prevalence"]),
        course=_course(entry["course"]),
        findings=tuple(_link(key, value) for key, value in entry["findings"].items()),
        sources=tuple(_citation(source) for source in entry["sources"]),
        synonyms_en=_texts(entry.get("synonyms_en", [])),
        synonyms_zh=_texts(entry.get("synonyms_zh", [])),
        cant_miss=bool(entry.get("cant_miss", False)),
        risk_factors=tuple(RiskFactor(key, _positive(value)) for key, value in entry.get("risk_factors", {}).items()),
        tests=tuple(TestLink(key, *map(_share, value)) for key, value in entry.get("tests", {}).items()),
        rare_if=_texts(entry.get("rare_if", [])),
        family=str(entry.get("family", "")),
        note=Label(str(entry.get("note_en", "")), str(entry.get("note_zh", ""))),
        file=file,
    )


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list is needed, not {value!r}")
    return tuple(str(item) for item in value)


def _share(value: Any) -> float:
    if not 0 < float(value) < 1:
        raise ValueError(f"a share strictly between 0 and 1 is needed, not {value!r}")
    return float(value)


def _positive(value: Any) -> float:
    if not 0 < float(value) <= 1000:
        raise ValueError(f"a number above 0 is needed, not {value!r}")
    return float(value)


def _factor(value: Any) -> float:
    if not 0 <= float(value) <= 1000:
        raise ValueError(f"a factor of 0 or more is needed, not {value!r}")
    return float(value)


def _link(key: str, value: Any) -> Link:
    if isinstance(value, dict):
        extra = set(value) - {"p", "defining"}
        if extra:
            raise ValueError(f"finding {key}: not known {sorted(extra)}")
        return Link(key, _share(value["p"]), bool(value.get("defining", False)))
    return Link(key, _share(value))


def _prevalence(value: dict[str, Any]) -> Prevalence:
    extra = set(value) - {"weight", "age", "sex", "pregnant"}
    sex = value.get("sex", {})
    if extra or set(sex) - set(SEXES):
        raise ValueError(f"prevalence: not known {sorted(extra | (set(sex) - set(SEXES)))}")
    bands = tuple((float(low), _factor(factor)) for low, factor in value.get("age", {0: 1.0}).items())
    if not bands or bands[0][0] != 0 or [b[0] for b in bands] != sorted({b[0] for b in bands}):
        raise ValueError("prevalence: age bands begin at 0 and ascend")
    if not any(factor for _, factor in bands):
        raise ValueError("prevalence: every age band is 0")
    female, male = _factor(sex.get("female", 1.0)), _factor(sex.get("male", 1.0))
    return Prevalence(_positive(value["weight"]), bands, female, male, _factor(value.get("pregnant", 1.0)))


def _course(value: dict[str, Any]) -> Course:
    onset = _texts(value["onset"])
    low, high = (float(day) for day in value["days"])
    if not onset or set(onset) - set(ONSETS):
        raise ValueError(f"course: onset is some of {', '.join(ONSETS)}")
    if not 0 < low <= high:
        raise ValueError("course: days are [shortest, longest], above 0")
    return Course(onset, (low, high))


def _citation(value: Any) -> Citation:
    if isinstance(value, str):
        return Citation(value)
    return Citation(str(value["title"]), int(value.get("year", 0)), str(value.get("url", "")))
