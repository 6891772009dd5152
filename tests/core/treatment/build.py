"""Builds records and findings that make a rule's condition hold, from the condition itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.domain.basics import Coding, Label, Quantity, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Allergy, Medication, Observation, Patient, Problem, Record, Sex
from core.knowledge import drugs as drug_tables
from core.treatment import labs, states

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCE = Source("test.json", "fhir")
_PHENOTYPE_WORDS = {"decreased": "decreased function", "increased": "increased sensitivity", "deficient": "deficient"}


@dataclass
class Setting:
    """A patient in the making."""

    age: float = 40.0
    sex: Sex = Sex.MALE
    states: list[str] = field(default_factory=list)
    labs: dict[str, float] = field(default_factory=dict)
    genes: dict[str, str] = field(default_factory=dict)
    drugs: list[str] = field(default_factory=list)
    daily_mg: float | None = None
    new: list[str] | None = None

    def record(self, medicines: tuple[str, ...] = (), allergies: tuple[str, ...] = ()) -> Record:
        """The record, with `medicines` and the setting's other drugs taken at present."""
        born = date.fromordinal(NOW.date().toordinal() - round(self.age * 365.2425))
        problems = tuple(problem(name, number) for number, name in enumerate(self.states))
        texts = (*medicines, *(label(d) for d in self.drugs))
        taken = tuple(Medication(f"m{n}", (), text, (SOURCE,), status="active") for n, text in enumerate(texts))
        measured = tuple(lab(key, value) for key, value in self.labs.items())
        named = tuple(Allergy(f"a{n}", (), text, (SOURCE,)) for n, text in enumerate(allergies))
        return Record(Patient("T", born, self.sex), problems, taken, named, measured)

    def findings(self) -> tuple[Finding, ...]:
        """Gene findings."""
        return tuple(gene(symbol, phenotype) for symbol, phenotype in self.genes.items())


def label(drug: str) -> str:
    """A drug's English name."""
    return drug_tables.load().label(drug).en


def problem(state: str, number: int = 0) -> Problem:
    """A problem that the state's first ICD-10 code names."""
    code = states.states()[state].icd10[0]
    return Problem(f"p{number}", (Coding("ICD-10", code),), "", (SOURCE,), status="active")


def lab(key: str, value: float, days: float = 1, unit: str = "") -> Observation:
    """A measurement one day old in the table's unit."""
    one = labs.inputs()[key]
    time = (NOW - timedelta(days=days)).isoformat()
    code = Coding("LOINC", min(one.loinc))
    return Observation(f"o-{key}", (code,), one.label.en, (SOURCE,), value=Quantity(value, unit or one.unit), time=time)


def gene(symbol: str, phenotype: str) -> Finding:
    """A gene finding as the gene room states it."""
    words = f"{symbol} {_PHENOTYPE_WORDS.get(phenotype, phenotype)}"
    code = Coding("consilium", symbol.lower())
    return Finding(f"g-{symbol}", code, Label(words), Status.PRESENT, Origin.GENE, SOURCE)


def satisfy(when: Mapping[str, Any], setting: Setting, subject: frozenset[str]) -> None:
    """Change the setting until the condition holds. `not` is left alone: the plain setting does not hold it."""
    low, high = when.get("age_over", when.get("age_min")), when.get("age_under")
    if low is not None or high is not None:
        bottom, top = (0.0 if low is None else low), (100.0 if high is None else high)
        setting.age = (bottom + top) / 2
    for key, value in when.items():
        _SATISFY.get(key, lambda *_: None)(value, setting, subject)


def _each(options: list[dict[str, Any]], setting: Setting, subject: frozenset[str]) -> None:
    for option in options:
        satisfy(option, setting, subject)


def _states(wanted: list[str], setting: Setting, _: frozenset[str]) -> None:
    setting.states.append(wanted[0])
    if wanted[0] in {"pregnancy", "lactation"}:
        setting.sex, setting.age = Sex.FEMALE, 30


def _pregnant(wanted: bool, setting: Setting, subject: frozenset[str]) -> None:
    if wanted:
        _states(["pregnancy"], setting, subject)


def _weeks_min(limit: float, setting: Setting, subject: frozenset[str]) -> None:
    _states(["pregnancy"], setting, subject)
    setting.labs["gestation"] = max(setting.labs.get("gestation", 0), limit + 0.5)


def _weeks_under(limit: float, setting: Setting, subject: frozenset[str]) -> None:
    _states(["pregnancy"], setting, subject)
    setting.labs["gestation"] = setting.labs.get("gestation", limit - 1)


def _childbearing(_: bool, setting: Setting, __: frozenset[str]) -> None:
    setting.sex, setting.age = Sex.FEMALE, 30


def _kidney(limit: float, setting: Setting, _: frozenset[str]) -> None:
    """A creatinine that gives about 90 % of the limit for a man of 40 and 72 kg (CrCl and eGFR are then close)."""
    setting.labs["weight"] = 72.0
    setting.labs["creatinine"] = 100 / (0.7 * limit)
    setting.age = max(setting.age, 40.0)


def _lab(test: dict[str, Any], setting: Setting, _: frozenset[str]) -> None:
    above, below = test.get("above"), test.get("below")
    if above is not None and below is not None:
        setting.labs[test["id"]] = (above + below) / 2
    else:
        setting.labs[test["id"]] = above * 1.1 + 0.01 if above is not None else below * 0.9


def _with(selectors: list[str], setting: Setting, subject: frozenset[str]) -> None:
    setting.drugs.append(min(drug_tables.load().expand(selectors[:1]) - subject))


def _gene(wanted: dict[str, list[str]], setting: Setting, _: frozenset[str]) -> None:
    setting.genes |= {symbol: phenotypes[0] for symbol, phenotypes in wanted.items()}


def _child_pugh(classes: list[str], setting: Setting, _: frozenset[str]) -> None:
    setting.states.append("cirrhosis")
    setting.labs |= {"bilirubin": 5.0, "albumin": 2.0, "inr": 3.0} if "C" in classes else {
        "bilirubin": 2.5, "albumin": 3.0, "inr": 1.8,
    }  # fmt: skip


def _sex(value: str, setting: Setting, _: frozenset[str]) -> None:
    setting.sex = Sex(value)


def _daily(limit: float, setting: Setting, _: frozenset[str]) -> None:
    setting.daily_mg = limit * 2


def _new(selectors: list[str], setting: Setting, subject: frozenset[str]) -> None:
    setting.new = sorted(drug_tables.load().expand(selectors) & subject)[:1]


_SATISFY: dict[str, Any] = {
    "any": lambda options, s, d: satisfy(options[0], s, d),
    "all": _each,
    "states": _states,
    "sex": _sex,
    "pregnant": _pregnant,
    "weeks_min": _weeks_min,
    "weeks_under": _weeks_under,
    "childbearing": _childbearing,
    "crcl_below": _kidney,
    "egfr_below": _kidney,
    "lab": _lab,
    "with": _with,
    "gene": _gene,
    "child_pugh": _child_pugh,
    "daily_mg_over": _daily,
    "new": _new,
}
