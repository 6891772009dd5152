"""The course of a measurement: every value of one analyte in one unit, oldest first, whatever unit each came in."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.basics import Label
from core.domain.record import Observation
from core.knowledge.analytes import Analyte, load
from core.knowledge.units import convert, ucum

MEASURED = ("laboratory", "vital-signs", "")


@dataclass(frozen=True, slots=True)
class Taken:
    """One value of a course, in its unit; `observation` has it as it was sent."""

    value: float
    time: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class Course:
    """All values of one analyte, oldest first, in the unit of the newest (UCUM). `label` where the analyte is known."""

    key: str
    unit: str
    taken: tuple[Taken, ...]
    label: Label | None = None

    @property
    def latest(self) -> Observation:
        """The newest observation."""
        return self.taken[-1].observation


def analyte_of(observation: Observation) -> Analyte | None:
    """The known analyte, by LOINC code, else by the name it was sent under."""
    table = load()
    for coding in observation.codes:
        if coding.system == "LOINC" and coding.code in table.by_loinc:
            return table.by_loinc[coding.code]
    return table.by_name.get(observation.text.strip().lower())


def key_of(observation: Observation) -> str:
    """What makes two observations one course: the analyte, else the first LOINC code, else the name."""
    analyte = analyte_of(observation)
    if analyte is not None:
        return analyte.id
    codes = sorted(c.code for c in observation.codes if c.system == "LOINC")
    return codes[0] if codes else observation.text.casefold()


def courses(observations: Iterable[Observation]) -> tuple[Course, ...]:
    """One course a measurement. Values whose unit cannot be converted form a course of their own: never one line of two."""
    groups: dict[str, list[Observation]] = {}
    for one in observations:
        if one.value is not None and one.category in MEASURED:
            groups.setdefault(key_of(one), []).append(one)
    return tuple(course for key, group in groups.items() for course in _by_unit(key, group))


def _by_unit(key: str, group: list[Observation]) -> Iterable[Course]:
    left = sorted(group, key=lambda o: o.time)
    while left:
        newest = left[-1]
        analyte = analyte_of(newest)
        assert newest.value is not None
        converted = [(one, in_unit(one, newest.value.unit, analyte)) for one in left]
        taken = tuple(Taken(value, one.time, one) for one, value in converted if value is not None)
        yield Course(key, newest.value.unit, taken, analyte.label if analyte else None)
        left = [one for one, value in converted if value is None]


def in_unit(observation: Observation, unit: str, analyte: Analyte | None) -> float | None:
    """The value in another unit; None where it does not measure the same thing."""
    if observation.value is None:
        return None
    sent = observation.value
    if sent.unit == unit:
        return sent.value
    mass = analyte.molar_mass if analyte is not None else None
    return convert(sent.value, ucum(sent.unit) or sent.unit, ucum(unit) or unit, mass)
