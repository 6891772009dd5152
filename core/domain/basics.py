"""Codes, bilingual labels, quantities with units, and where a fact came from."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """Languages of the interface and of the knowledge tables."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Label:
    """Text shown to a person, in both languages. An empty `zh` falls back to English."""

    en: str
    zh: str = ""

    def text(self, language: str) -> str:
        """The text in `language` ("en" or "zh")."""
        return self.zh if language == Language.ZH and self.zh else self.en


@dataclass(frozen=True, slots=True)
class Coding:
    """A code in a named system.

    `system` is a short name: HP, OMIM, ORPHA, ICD-10, LOINC, SNOMED, RxNorm, ATC, UCUM, HGNC, or `consilium`
    for our own finding, condition and drug ids.
    """

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its UCUM unit. `comparator` is "", "<", "<=", ">", ">=" as in FHIR R4 Quantity."""

    value: float
    unit: str
    comparator: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The file a fact came from, and the place in it.

    `place` is a FHIRPath or XPath, an HL7 v2 segment path, a DICOM tag, a VCF line or an image region.
    For text, `start` and `end` are character offsets into the note named by `place` (end exclusive).
    """

    file: str
    kind: str
    place: str = ""
    start: int = -1
    end: int = -1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a piece of knowledge comes from: guideline, paper, label or "expert estimate", with year/version."""

    title: str
    year: int = 0
    url: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A model pack, knowledge pack or engine that took part in a result."""

    name: str
    version: str
    sha256: str = ""
