"""FHIR Patient -> Patient, and whether it says it is made up."""

from core.domain.basics import Source
from core.domain.record import Identifier, Patient, Sex
from core.records.dates import day
from core.records.fhir_parts import human_name
from core.records.plain import Plain, nodes, text

_SYNTHETIC_CODES = frozenset({"HTEST", "SYNTHETIC"})
_ORDER = ("official", "usual", "")


def read_patient(resource: Plain, source: Source) -> Patient:
    """Identity as stated. Names beyond the first (maiden, alias, transliterated) go to `other_names`."""
    names = sorted(nodes(resource, "name"), key=_rank)
    written = tuple(dict.fromkeys(n for n in map(human_name, names) if n))
    return Patient(
        name=written[0] if written else "",
        birth_date=day(text(resource, "birthDate")),
        sex=_sex(text(resource, "gender")),
        identifiers=identifiers(resource),
        other_names=written[1:],
        synthetic=is_synthetic(resource, " ".join(written)),
        sources=(source,),
    )


def identifiers(resource: Plain) -> tuple[Identifier, ...]:
    """The numbers of a resource, without repeats."""
    pairs = ((text(i, "system"), text(i, "value")) for i in nodes(resource, "identifier"))
    return tuple(dict.fromkeys(Identifier(system, value) for system, value in pairs if value))


def is_synthetic(resource: Plain, names: str) -> bool:
    """True for a meta.tag of HTEST, a narrative or a name that says SYNTHETIC, or Synthea's own marks."""
    tags = {text(t, "code").upper() for t in nodes(resource, "meta", "tag")}
    if tags & _SYNTHETIC_CODES or "SYNTHETIC" in names.upper() or "TESTPATIENT" in names.upper():
        return True
    narrative = text(resource, "text", "div")
    if "SYNTHETIC" in narrative.upper() or "Synthea" in narrative:
        return True
    return any("synthea" in text(i, "system").lower() for i in nodes(resource, "identifier"))


def _rank(name: Plain) -> int:
    use = text(name, "use")
    return _ORDER.index(use) if use in _ORDER else len(_ORDER)


def _sex(gender: str) -> Sex:
    return Sex(gender) if gender in tuple(Sex) else Sex.UNKNOWN
