"""A patient's record as read from files: every fact keeps its `Source`."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.domain.basics import Coding, Quantity, Source


class Sex(StrEnum):
    """Administrative sex as used by reference ranges and priors (FHIR administrative-gender)."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A patient number and who issued it."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Patient:
    """Who the record is about. Unknown stays unknown: no default age, no default sex.

    `age_years` holds a stated age when there is no birth date (a vignette, an image question);
    use `core.domain.age.age_years(patient, on)` to get the age at a date.
    """

    name: str = ""
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    age_years: float | None = None
    identifiers: tuple[Identifier, ...] = ()
    other_names: tuple[str, ...] = ()
    synthetic: bool = False
    sources: tuple[Source, ...] = ()
    place: str = ""
    """Region where the patient lives (an id of `core.diagnosis.surroundings`); "" is not known and counts for nothing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnosis or problem-list entry. `status`: active, resolved, inactive or unknown."""

    id: str
    codes: tuple[Coding, ...]
    text: str
    sources: tuple[Source, ...]
    status: str = "unknown"
    onset: str = ""
    abatement: str = ""
    verification: str = ""


@dataclass(frozen=True, slots=True)
class Medication:
    """A medicine the patient takes or took. `status`: active, completed, stopped, intended or unknown."""

    id: str
    codes: tuple[Coding, ...]
    text: str
    sources: tuple[Source, ...]
    status: str = "unknown"
    dosage: str = ""
    route: str = ""
    start: str = ""
    end: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy or intolerance. `criticality`: low, high or unknown. `refuted` entries are kept and marked."""

    id: str
    codes: tuple[Coding, ...]
    text: str
    sources: tuple[Source, ...]
    kind: str = "allergy"
    reactions: tuple[str, ...] = ()
    criticality: str = "unknown"
    status: str = "active"
    onset: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """A laboratory result, vital sign or other measurement. `category`: laboratory, vital-signs, social-history, ...

    `value` for numbers, `text_value` for coded or textual results. `reference_low/high` are the sender's own range,
    in the unit of `value`. `components` keep panels (blood pressure) together by sharing `group`.
    """

    id: str
    codes: tuple[Coding, ...]
    text: str
    sources: tuple[Source, ...]
    category: str = ""
    value: Quantity | None = None
    text_value: str = ""
    time: str = ""
    reference_low: float | None = None
    reference_high: float | None = None
    flag: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A procedure, immunisation, encounter or other dated fact. `kind` says which."""

    id: str
    kind: str
    codes: tuple[Coding, ...]
    text: str
    sources: tuple[Source, ...]
    start: str = ""
    end: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A clinical text, whole. Findings point into `text` by character offsets. `language` is "en" or "zh"."""

    id: str
    text: str
    source: Source
    language: str = "en"
    title: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Phenotype:
    """A phenotype stated with a code (phenopacket): present or excluded, with onset if given."""

    id: str
    code: Coding
    excluded: bool
    sources: tuple[Source, ...]
    onset: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """A genetic variant or genotype as read. `gene` is the HGNC symbol."""

    id: str
    gene: str
    sources: tuple[Source, ...]
    hgvs: str = ""
    zygosity: str = ""
    significance: str = ""
    genotype: str = ""
    assembly: str = ""
    chromosome: str = ""
    position: int = 0
    reference: str = ""
    alternate: str = ""
    rsid: str = ""
    phase_set: str = ""
    """VCF's PS: phased genotypes with the same value lie on the same strands ("" where the file gives none)."""


@dataclass(frozen=True, slots=True)
class FamilyFact:
    """A statement about a relative."""

    id: str
    relation: str
    codes: tuple[Coding, ...]
    text: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """All facts of one patient. Missing is never normal: an empty tuple means nothing was read, not nothing is there."""

    patient: Patient = Patient()
    problems: tuple[Problem, ...] = ()
    medications: tuple[Medication, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    observations: tuple[Observation, ...] = ()
    events: tuple[Event, ...] = ()
    notes: tuple[Note, ...] = ()
    phenotypes: tuple[Phenotype, ...] = ()
    variants: tuple[Variant, ...] = ()
    family: tuple[FamilyFact, ...] = ()
    diagnoses: tuple[Coding, ...] = ()
    """Diagnoses that the file itself states as confirmed (phenopacket `interpretations`); never shown to an engine."""
