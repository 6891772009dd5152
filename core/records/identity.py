"""Whether two patients are the same person. Only certainty merges; a likely match is a question for the doctor."""

from datetime import date
from enum import StrEnum

from core.domain.age import age_years
from core.domain.basics import Label
from core.domain.record import Patient, Sex
from core.records.merge import merge as merge
from core.records.names import Likeness, likeness, tokens


class Match(StrEnum):
    """Same person, probably the same, or different."""

    SAME = "same"
    PROBABLE = "probable"
    DIFFERENT = "different"


_UNNAMED = Label("One of the files does not say whose it is.", "其中一个文件没有写明患者身份。")
_SPELLING = Label("The names are spelled differently.", "姓名的写法不同。")
_NO_BIRTH = Label("The name is the same, but a birth date is missing.", "姓名相同，但缺少出生日期。")
_BIRTH = Label("The birth dates differ.", "出生日期不一致。")
_SEX = Label("The sexes differ.", "性别不一致。")
_NUMBERS = Label("The patient numbers differ.", "患者编号不一致。")
_NAMES = Label("The patient number is the same, but the names differ.", "患者编号相同，但姓名不同。")
_NOTHING = Label("Nothing connects them.", "没有相同的身份信息。")
_ALL = Label("Name and birth date, or name and number, are the same.", "姓名与出生日期（或编号）一致。")


def compare(a: Patient, b: Patient, on: date | None = None) -> Match:
    """Whether `a` and `b` are the same person; `on` is about when a stated age was true."""
    return judge(a, b, on)[0]


def judge(a: Patient, b: Patient, on: date | None = None) -> tuple[Match, Label]:
    """The match and why, in a sentence."""
    if not is_identified(a) or not is_identified(b):
        if is_identified(a) == is_identified(b) or _age_or_sex_differ(a, b, on):
            return Match.DIFFERENT, _NOTHING
        return Match.PROBABLE, _UNNAMED
    if _share_number(a, b):
        return _same_number(a, b)
    name = _name_likeness(a, b)
    if name is None:
        return _without_names(a, b, on)
    if name is Likeness.DIFFERENT:
        return Match.DIFFERENT, _NOTHING
    return _same_name(a, b, name, on)


def is_identified(patient: Patient) -> bool:
    """Whether anything says who the patient is: a name, a number or a birth date."""
    return bool(patient.name or patient.identifiers or patient.birth_date)


def is_named(patient: Patient) -> bool:
    """Whether a name or a birth date is known (a sample number in a VCF is neither)."""
    return bool(patient.name or patient.birth_date)


def _same_number(a: Patient, b: Patient) -> tuple[Match, Label]:
    name = _name_likeness(a, b)
    if name is Likeness.DIFFERENT:
        return Match.PROBABLE, _NAMES
    if name is Likeness.SIMILAR:
        return Match.PROBABLE, _SPELLING
    if _differ(a.birth_date, b.birth_date):
        return Match.PROBABLE, _BIRTH
    if _sex_differs(a, b):
        return Match.PROBABLE, _SEX
    return Match.SAME, _ALL


def _same_name(a: Patient, b: Patient, name: Likeness, on: date | None) -> tuple[Match, Label]:
    if _differ(a.birth_date, b.birth_date):
        close = a.birth_date and b.birth_date and _slip(a.birth_date, b.birth_date) and not _sex_differs(a, b)
        return (Match.PROBABLE, _BIRTH) if close else (Match.DIFFERENT, _BIRTH)
    if a.birth_date is None or b.birth_date is None:
        return (Match.DIFFERENT, _NOTHING) if _age_or_sex_differ(a, b, on) else (Match.PROBABLE, _NO_BIRTH)
    if _sex_differs(a, b):
        return Match.PROBABLE, _SEX
    if name is Likeness.SIMILAR:
        return Match.PROBABLE, _SPELLING
    return (Match.PROBABLE, _NUMBERS) if _numbers_conflict(a, b) else (Match.SAME, _ALL)


def _without_names(a: Patient, b: Patient, on: date | None) -> tuple[Match, Label]:
    if _numbers_conflict(a, b) or _age_or_sex_differ(a, b, on) or _differ(a.birth_date, b.birth_date):
        return Match.DIFFERENT, _NOTHING
    same_birth = a.birth_date is not None and a.birth_date == b.birth_date
    one_is_a_number = is_named(a) != is_named(b)
    return (Match.PROBABLE, _UNNAMED) if same_birth or one_is_a_number else (Match.DIFFERENT, _NOTHING)


def _name_likeness(a: Patient, b: Patient) -> Likeness | None:
    left = [n for n in (a.name, *a.other_names[:8]) if n]
    right = [n for n in (b.name, *b.other_names[:8]) if n]
    return max((likeness(x, y) for x in left for y in right), default=None)


def _share_number(a: Patient, b: Patient) -> bool:
    pairs = ((x, y) for x in a.identifiers[:40] for y in b.identifiers[:40] if x.value == y.value)
    return any(x.system == y.system or "" in (x.system, y.system) for x, y in pairs)


def _numbers_conflict(a: Patient, b: Patient) -> bool:
    """Two different numbers of one issuer (and none in common)."""
    systems = {i.system for i in a.identifiers if i.system} & {i.system for i in b.identifiers if i.system}
    return bool(systems) and not _share_number(a, b)


def _differ(a: date | None, b: date | None) -> bool:
    return a is not None and b is not None and a != b


def _slip(a: date, b: date) -> bool:
    """A typing slip: day and month exchanged, or one part of the date different."""
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return True
    return sum((a.year != b.year, a.month != b.month, a.day != b.day)) == 1


def _sex_differs(a: Patient, b: Patient) -> bool:
    known = {Sex.FEMALE, Sex.MALE}
    return a.sex in known and b.sex in known and a.sex != b.sex


def _age_or_sex_differ(a: Patient, b: Patient, on: date | None) -> bool:
    if _sex_differs(a, b):
        return True
    ages = [age_years(p, on) if on else p.age_years for p in (a, b)]
    if ages[0] is None or ages[1] is None:
        return False
    margin = 2 if a.birth_date is None and b.birth_date is None else 10
    return abs(ages[0] - ages[1]) > margin


def block_keys(patient: Patient) -> frozenset[str]:
    """What two records of one person nearly always share one of; spares comparing each with each in large sets."""
    names = (f"name {t}" for n in (patient.name, *patient.other_names[:8]) for t in tokens(n))
    numbers = (f"number {i.value}" for i in patient.identifiers[:40])
    return frozenset((*names, *numbers, *([f"born {patient.birth_date}"] if patient.birth_date else [])))
