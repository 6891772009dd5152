"""Laboratory values and vital signs -> low, normal, high or critical, and the findings that they are.

A value without a usable reference range gets no interpretation: it is kept and shown, and taken for nothing.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import yaml

from core.domain.age import age_years
from core.domain.basics import Coding, Label, Quantity, Source
from core.domain.finding import Finding, Interpretation, Origin, Status
from core.domain.record import Observation, Patient, Sex
from core.findings.dates import moment
from core.knowledge import analytes as table
from core.knowledge.analytes import Analyte
from core.knowledge.units import convert, ucum
from core.knowledge.vocabulary import load as load_vocabulary
from core.paths import RESOURCES

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_ABNORMAL_LOW = frozenset({Interpretation.LOW, Interpretation.CRITICAL_LOW})
_ABNORMAL_HIGH = frozenset({Interpretation.HIGH, Interpretation.CRITICAL_HIGH})
_KNOWN = frozenset({Sex.FEMALE, Sex.MALE})
_STEPS = RESOURCES / "knowledge" / "laboratory" / "steps.yaml"
_ANY_UNIT = RESOURCES / "knowledge" / "laboratory" / "any_unit.yaml"


@dataclass(frozen=True, slots=True)
class Value:
    """A number for an analyte, from a result or a note. `low`, `high`: the sender's own range in the unit of `quantity`."""

    analyte: Analyte
    quantity: Quantity
    source: Source
    origin: Origin
    time: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A value against its range: the interpretation, or None where there is no range, and the range used, as text."""

    interpretation: Interpretation | None
    reference: str = ""


def analyte_of(observation: Observation) -> Analyte | None:
    """The analyte of a result by LOINC code, else by exact name."""
    known = table.load()
    for coding in observation.codes:
        if coding.system == "LOINC" and coding.code in known.by_loinc:
            return known.by_loinc[coding.code]
    names = (observation.text, *(c.display for c in observation.codes))
    return next((known.by_name[n.strip().lower()] for n in names if n.strip().lower() in known.by_name), None)


def interpret(value: Value, age: float | None, sex: Sex) -> Reading:
    """Low, normal, high or critical: by the sender's range where given, else by ours for age and sex, else None."""
    analyte, quantity = value.analyte, value.quantity
    own = convert(quantity.value, quantity.unit, analyte.unit, analyte.molar_mass)
    if own is None and value.low is None and value.high is None:
        return Reading(None) if quantity.unit else Reading(_in_any_unit(analyte, quantity))
    if value.low is not None or value.high is not None:
        low, high, number, unit = value.low, value.high, quantity.value, quantity.unit
    else:
        found = analyte.range_for(age, sex)
        if own is None or (found is None and age is not None and sex in _KNOWN):
            return Reading(None)
        if found is None:
            return _for_all(analyte, own, quantity.comparator, age, sex)
        low, high, number, unit = found.low, found.high, own, analyte.unit
        grows = _steps()[2].get(analyte.id)
        if grows and age is not None and age > grows[0]:
            high += (age - grows[0]) * grows[1]
    reference = f"{_text(low)}-{_text(high)} {unit}".strip()
    side = _side(number, low, high, quantity.comparator)
    if (
        side is Interpretation.LOW
        and own is not None
        and analyte.critical_low is not None
        and own <= analyte.critical_low
    ):
        side = Interpretation.CRITICAL_LOW
    if (
        side is Interpretation.HIGH
        and own is not None
        and analyte.critical_high is not None
        and own >= analyte.critical_high
    ):
        side = Interpretation.CRITICAL_HIGH
    return Reading(side, reference if side else "")


def _for_all(analyte: Analyte, own: float, comparator: str, age: float | None, sex: Sex) -> Reading:
    """The side on which a value lies by every range that may be the patient's, or None where they differ."""
    may = [r for r in analyte.ranges if age is None or r.from_age <= age < r.to_age]
    may = [r for r in may if sex not in _KNOWN or r.sex in {"any", sex.value}]
    sides = {_side(own, r.low, r.high, comparator) for r in may}
    if len(sides) != 1 or None in sides:
        return Reading(None)
    low, high = min(r.low for r in may), max(r.high for r in may)
    return Reading(sides.pop(), f"{_text(low)}-{_text(high)} {analyte.unit}")


def _in_any_unit(analyte: Analyte, quantity: Quantity) -> Interpretation | None:
    """The side of a number without a unit, where it is the same in every unit the analyte is given in."""
    below, above = _any_unit().get(analyte.id, (None, None))
    if below is not None and quantity.value < below and quantity.comparator not in {">", ">="}:
        return Interpretation.LOW
    if above is not None and quantity.value > above and quantity.comparator not in {"<", "<="}:
        return Interpretation.HIGH
    return None


@functools.cache
def _any_unit() -> dict[str, tuple[float | None, float | None]]:
    """(below which it is low, above which it is high) by analyte."""
    rows = yaml.load(_ANY_UNIT.read_text("utf-8"), yaml.CSafeLoader)
    return {row["analyte"]: (row.get("below"), row.get("above")) for row in rows}


def _side(number: float, low: float | None, high: float | None, comparator: str) -> Interpretation | None:
    if low is not None and (number < low or (comparator == "<" and number <= low)):
        return Interpretation.LOW
    if high is not None and (number > high or (comparator == ">" and number >= high)):
        return Interpretation.HIGH
    bounded_below = low is None or comparator not in {"<", "<="} or low <= 0
    bounded_above = high is None or comparator not in {">", ">="}
    return Interpretation.NORMAL if bounded_below and bounded_above else None


def _text(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}"


@functools.cache
def _steps() -> tuple[frozenset[str], dict[str, tuple[tuple[float, float, str], ...]], dict[str, tuple[float, float]]]:
    """Vital signs, graver findings by analyte (above, denied below, finding), and limits that grow with age (from age, per
    year)."""
    rows = yaml.load(_STEPS.read_text("utf-8"), yaml.CSafeLoader)
    steps: dict[str, tuple[tuple[float, float, str], ...]] = {}
    for row in rows["steps"]:
        limits = float(row["above"]), float(row.get("denied_below", row["above"])), row["finding"]
        steps[row["analyte"]] = (*steps.get(row["analyte"], ()), limits)
    grows = {r["analyte"]: (float(r["from"]), float(r["high_per_year"])) for r in rows["grows_with_age"]}
    return frozenset(rows["vitals"]), steps, grows


def is_vital(analyte: Analyte) -> bool:
    """Whether an analyte is a vital sign or body measure."""
    return analyte.id in _steps()[0]


def values_of(observations: Iterable[Observation]) -> Iterator[Value]:
    """The results that are numbers of a known analyte; a missing unit is never guessed."""
    for observation in observations:
        analyte = analyte_of(observation)
        if analyte is None or observation.value is None:
            continue
        quantity = observation.value
        unit = ucum(quantity.unit) or quantity.unit
        if not unit and analyte.unit in {"[pH]", "{score}", "1"}:
            unit = analyte.unit
        yield Value(
            analyte=analyte,
            quantity=Quantity(quantity.value, unit, quantity.comparator),
            source=observation.sources[0] if observation.sources else Source("", "observation"),
            origin=Origin.VITAL if is_vital(analyte) else Origin.LABORATORY,
            time=observation.time,
            low=observation.reference_low,
            high=observation.reference_high,
        )


def newest(values: Iterable[Value]) -> tuple[Value, ...]:
    """The newest value of each analyte decides; undated ones count as oldest. The record keeps the others."""
    latest: dict[str, tuple[datetime, Value]] = {}
    for value in values:
        at = moment(value.time) or _NEVER
        if value.analyte.id not in latest or at >= latest[value.analyte.id][0]:
            latest[value.analyte.id] = (at, value)
    return tuple(value for _, value in latest.values())


def findings_of_values(observations: Iterable[Observation], patient: Patient, now: datetime) -> tuple[Finding, ...]:
    """Findings of the newest values: what is low or high is PRESENT, what a normal value rules out is ABSENT.

    A value that stands for no finding is kept under its LOINC code, NOT_ASSESSED, with its interpretation.
    """
    age = age_years(patient, now.date())
    found: list[Finding] = []
    for value in newest(values_of(observations)):
        found += _findings(value, interpret(value, age, patient.sex), patient.sex)
    return tuple(_settled(found))


def _settled(found: list[Finding]) -> Iterator[Finding]:
    """Two analytes can stand for one finding (haemoglobin and haematocrit): an abnormal one outweighs a normal one, and
    where one leaves it open the other does not rule it out."""
    present = {f.code for f in found if f.status is Status.PRESENT}
    opened = {f.code for f in found if f.status is Status.NOT_ASSESSED and f.code.system == "consilium"}
    for finding in found:
        ruled_out = finding.status is Status.ABSENT and finding.code in present | opened
        if not ruled_out and not (finding.status is Status.NOT_ASSESSED and finding.code in opened):
            yield finding


def _findings(value: Value, reading: Reading, sex: Sex) -> Iterator[Finding]:
    entries = load_vocabulary().entries
    stated = [(entries[code], status) for code, status in _stated(value, reading, sex) if code in entries]
    for entry, status in stated:
        yield _finding(value, reading, entry.coding, entry.label, status)
    if not stated:
        analyte = value.analyte
        code = analyte.loinc[0] if analyte.loinc else analyte.id
        yield _finding(value, reading, Coding("LOINC", code, analyte.label.en), analyte.label, Status.NOT_ASSESSED)


def _stated(value: Value, reading: Reading, sex: Sex) -> Iterator[tuple[str, Status]]:
    analyte, side = value.analyte, reading.interpretation
    if side is None:
        return
    if analyte.low and analyte.low_sex in {"", sex.value}:
        yield analyte.low, Status.PRESENT if side in _ABNORMAL_LOW else Status.ABSENT
    if analyte.high and analyte.high_sex in {"", sex.value} and analyte.high != analyte.low:
        yield analyte.high, Status.PRESENT if side in _ABNORMAL_HIGH else Status.ABSENT
    own = convert(value.quantity.value, value.quantity.unit, analyte.unit, analyte.molar_mass)
    for above, denied_below, finding in _steps()[1].get(analyte.id, ()):
        if own is not None:
            between = Status.NOT_ASSESSED if own >= denied_below and denied_below < above else Status.ABSENT
            yield finding, Status.PRESENT if own > above else between


def _finding(value: Value, reading: Reading, coding: Coding, label: Label, status: Status) -> Finding:
    analyte = value.analyte
    loinc = analyte.loinc[0] if analyte.loinc else ""
    return Finding(
        id="",
        code=coding,
        label=label,
        status=status,
        origin=value.origin,
        source=value.source,
        also=(Coding("LOINC", loinc, analyte.label.en),) if loinc and coding.system != "LOINC" else (),
        quantity=value.quantity,
        interpretation=reading.interpretation,
        reference=reading.reference,
        time=value.time,
    )
