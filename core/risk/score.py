"""One door to every score: what it needs, whether the inputs fit, and what comes out. A score never guesses."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

import yaml

from core.domain.basics import Citation, Label, Quantity, Source
from core.errors import UserError
from core.knowledge.units import convert, ucum
from core.paths import RESOURCES

_FOLDER = RESOURCES / "knowledge" / "scores"
TOPICS = ("body", "kidney", "chemistry", "heart", "liver", "clots", "infection", "critical", "prevention")

_NO_NOTE = Label("")

InputValue = float | bool | str | date | Quantity


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input: a number (`unit`, range), a choice (`choices`), a date, or yes/no (none of these)."""

    id: str
    label: Label
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    molar_mass: float | None = None
    valence: int = 1
    choices: tuple[tuple[str, Label], ...] = ()
    is_date: bool = False

    @property
    def is_flag(self) -> bool:
        """Answered by yes or no."""
        return not (self.unit or self.choices or self.is_date)


@dataclass(frozen=True, slots=True)
class Band:
    """What a value means: `below` is exclusive, None for the last band."""

    label: Label
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A score as the data describes it."""

    id: str
    label: Label
    unit: str
    inputs: tuple[InputSpec, ...]
    optional: frozenset[str]
    formula: str
    source: Citation
    bands: tuple[Band, ...]
    function: str
    least_age: float = 0.0
    most_age: float = 120.0
    any_of: bool = False
    choice_note: Label = Label("")


@dataclass(frozen=True, slots=True)
class InputUsed:
    """An input as it went in, in the score's own unit, with where and when it comes from."""

    id: str
    label: Label
    text: Label
    time: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What gave points."""

    id: str
    label: Label
    points: float


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """A score for a patient. `value` is None when inputs are missing (`missing`) or it does not apply (`note`)."""

    score_id: str
    label: Label
    value: float | None
    text: Label
    unit: str
    band: Label = Label("")
    parts: tuple[Part, ...] = ()
    inputs: tuple[InputUsed, ...] = ()
    missing: tuple[Label, ...] = ()
    note: Label = Label("")
    source: Citation = Citation("")


@lru_cache(maxsize=1)
def input_specs() -> dict[str, InputSpec]:
    """Every input by id."""
    rows = _read("inputs")
    return {key: _spec(key, row) for key, row in rows.items()}


def _read(name: str) -> Any:
    return yaml.load((_FOLDER / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)


def _spec(key: str, row: Mapping[str, Any]) -> InputSpec:
    choices = tuple((name, Label(*names)) for name, names in row.get("choices", {}).items())
    return InputSpec(
        id=key,
        label=Label(row["en"], row["zh"]),
        unit=row.get("unit", ""),
        low=row.get("low", 0.0),
        high=row.get("high", 0.0),
        molar_mass=row.get("molar_mass"),
        valence=row.get("valence", 1),
        choices=choices,
        is_date=row.get("date", False),
    )


@lru_cache(maxsize=1)
def scores() -> dict[str, Score]:
    """Every score by id, in the order of the files."""
    found: dict[str, Score] = {}
    for topic in TOPICS:
        for row in _read(topic):
            found[row["id"]] = _score(row)
    return found


def _score(row: Mapping[str, Any]) -> Score:
    return Score(
        id=row["id"],
        label=Label(row["en"], row["zh"]),
        unit=row["unit"],
        inputs=tuple(input_specs()[name] for name in row["inputs"]),
        optional=frozenset(row.get("optional", ())),
        formula=row["formula"],
        source=Citation(**row["source"]),
        bands=tuple(Band(Label(b["en"], b["zh"]), b.get("below")) for b in row.get("bands", ())),
        function=row["function"],
        least_age=row.get("least_age", 0.0),
        most_age=row.get("most_age", 120.0),
        any_of=row.get("any_of", False),
    )


def find(name: str) -> Score:
    """The score of that id. UserError with the nearest names otherwise."""
    found = scores().get(name.strip().lower().replace("-", "_"))
    if found is None:
        near = [key for key in scores() if name.lower()[:4] in key]
        raise UserError(
            f"No score is called {name}.", f"`score list` names them all{': ' if near else ''}{', '.join(near)}."
        )
    return found


@cache
def _function(path: str) -> Callable[..., float | date | dict[str, float] | None]:
    module, name = path.split(".")
    found: Callable[..., float | date | dict[str, float] | None] = getattr(
        importlib.import_module(f"core.risk.scores.{module}"), name
    )
    return found


def read_input(spec: InputSpec, value: InputValue) -> float | bool | str | date:
    """A value in the score's own unit. UserError where it is of the wrong kind, unit or range: nothing is assumed."""
    name = spec.label.en
    if spec.is_flag:
        if isinstance(value, bool):
            return value
        raise UserError(f"{name} must be true or false, not {value!r}.", "Leave it out when it is not known.")
    if spec.choices:
        key = str(value).strip().lower()
        if key in dict(spec.choices):
            return key
        raise UserError(f"{name} cannot be {value!r}.", f"Use one of {', '.join(dict(spec.choices))}.")
    if spec.is_date:
        return _date(name, value)
    return _number(spec, value)


def _date(name: str, value: InputValue) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise UserError(f"{name} is not a date: {value!r}.", "Write it as 2024-05-31.") from error


def _number(spec: InputSpec, value: InputValue) -> float:
    name = spec.label.en
    quantity = value if isinstance(value, Quantity) else None
    if quantity is None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"{name} must be a number, not {value!r}.", f"Give it in {spec.unit} or with its unit.")
        number: float | None = float(value)
    else:
        if quantity.comparator:
            raise UserError(
                f"{name} is only known as {quantity.comparator} {quantity.value:g}.", "A score needs the number."
            )
        number = _converted(spec, quantity)
        if number is None:
            raise UserError(f"{name} cannot be given in {quantity.unit!r}.", f"Use {spec.unit}.")
    assert number is not None
    if not spec.low <= number <= spec.high:
        raise UserError(
            f"{name} of {number:g} {spec.unit} lies outside {spec.low:g} to {spec.high:g}.", "Check value and unit."
        )
    return number


def _converted(spec: InputSpec, quantity: Quantity) -> float | None:
    if quantity.unit == spec.unit:
        return quantity.value
    unit = ucum(quantity.unit) or quantity.unit
    value = quantity.value / spec.valence if "eq/" in unit.lower() else quantity.value
    return convert(value, unit, spec.unit, spec.molar_mass)


def compute(score: Score, given: Mapping[str, InputValue], *, assume_absent: bool = False) -> ScoreResult:
    """The score, or what is missing for it.

    `assume_absent` takes yes/no inputs that are not given as no: only for measuring on data sets whose convention that
    is, never for a patient. Raises `UserError` for an input of the wrong kind, unit or range, or of an unknown name.
    """
    known = {spec.id for spec in score.inputs}
    if extra := sorted(set(given) - known):
        raise UserError(f"{score.label.en} has no input {extra[0]}.", f"Its inputs: {', '.join(sorted(known))}.")
    values: dict[str, Any] = {s.id: read_input(s, given[s.id]) for s in score.inputs if given.get(s.id) is not None}
    if assume_absent:
        values |= {s.id: False for s in score.inputs if s.is_flag and s.id not in values}
    missing = tuple(s.label for s in score.inputs if s.id not in values and s.id not in score.optional)
    if missing or (score.any_of and not values):
        return _empty(score, values, missing or tuple(s.label for s in score.inputs))
    age = values.get("age")
    if age is not None and not score.least_age <= age <= score.most_age:
        note = Label(
            f"Holds from {score.least_age:g} to {score.most_age:g} years.",
            f"适用年龄{score.least_age:g}-{score.most_age:g}岁。",
        )
        return _empty(score, values, (), note)
    outcome = _function(score.function)(**values)
    if outcome is None:
        note = Label("Cannot be reckoned from these values.", "无法用这些值计算。")
        return _empty(score, values, (), note)
    return _result(score, values, outcome)


def _empty(score: Score, values: Mapping[str, Any], missing: tuple[Label, ...], note: Label = _NO_NOTE) -> ScoreResult:
    return ScoreResult(
        score.id,
        score.label,
        None,
        Label("—"),
        score.unit,
        inputs=_used(score, values),
        missing=missing,
        note=note,
        source=score.source,
    )


def _result(score: Score, values: Mapping[str, Any], outcome: float | date | dict[str, float]) -> ScoreResult:
    parts: tuple[Part, ...] = ()
    if isinstance(outcome, date):
        number, text = float(outcome.toordinal()), Label(outcome.isoformat())
    elif isinstance(outcome, dict):
        names = {s.id: s.label for s in score.inputs}
        parts = tuple(Part(key, names.get(key, _part_label(key)), points) for key, points in outcome.items())
        number = float(sum(outcome.values()))
        text = Label(f"{number:g}")
    else:
        number = float(outcome)
        text = _weeks(number) if score.id == "gestational_age" else Label(f"{number:.4g}")
    return ScoreResult(
        score.id,
        score.label,
        number,
        text,
        score.unit,
        band=_band(score, number),
        parts=parts,
        inputs=_used(score, values),
        source=score.source,
    )


def _weeks(days: float) -> Label:
    weeks, rest = divmod(int(days), 7)
    return Label(f"{weeks} weeks, {rest} days", f"{weeks}周{rest}天")


def _part_label(key: str) -> Label:
    named = {
        "risk_factors": Label("Risk factors", "危险因素"),
        "blood_pressure": Label("Blood pressure", "血压"),
        "oxygen": Label("Oxygenation", "氧合"),
    }
    return named.get(key, Label(key.replace("_", " ")))


def _band(score: Score, number: float) -> Label:
    for band in score.bands:
        if band.below is None or number < band.below:
            return band.label
    return Label("")


def _used(score: Score, values: Mapping[str, Any]) -> tuple[InputUsed, ...]:
    return tuple(InputUsed(s.id, s.label, _text(s, values[s.id])) for s in score.inputs if s.id in values)


def _text(spec: InputSpec, value: float | bool | str | date) -> Label:
    if isinstance(value, bool):
        return Label("yes", "是") if value else Label("no", "否")
    if spec.choices:
        return dict(spec.choices)[str(value)]
    if isinstance(value, float | int):
        return Label(f"{value:g} {spec.unit if spec.unit not in ('1', '{score}') else ''}".strip())
    return Label(str(value))
