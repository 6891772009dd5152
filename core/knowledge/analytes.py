"""Analytes and vital signs: names, codes, units, and reference ranges by age and sex (`resources/knowledge/laboratory`)."""

import functools
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from core.domain.basics import Label, Version
from core.domain.record import Sex
from core.errors import UserError
from core.knowledge.vocabulary import keep
from core.paths import RESOURCES, packs

FILE = RESOURCES / "knowledge" / "laboratory" / "analytes.yaml"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Range:
    """A reference range in the analyte's unit for a sex ("any", "female", "male") from one age to below another (years)."""

    sex: str
    from_age: float
    to_age: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Analyte:
    """One analyte. `low` and `high` are the findings that values outside the range are (for `low_sex` only, where set)."""

    id: str
    label: Label
    unit: str
    loinc: tuple[str, ...] = ()
    synonyms_en: tuple[str, ...] = ()
    synonyms_zh: tuple[str, ...] = ()
    molar_mass: float | None = None
    ranges: tuple[Range, ...] = ()
    critical_low: float | None = None
    critical_high: float | None = None
    low: str = ""
    high: str = ""
    low_sex: str = ""
    high_sex: str = ""
    source: str = ""

    def range_for(self, age: float | None, sex: Sex) -> Range | None:
        """The range for an age (years) and a sex. Unknown age: an adult range only where it is the sole one; unknown sex:
        only where both sexes share it; else None, and the value stays uninterpreted."""
        fitting = [r for r in self.ranges if age is None or r.from_age <= age < r.to_age]
        fitting = [r for r in fitting if r.sex in {"any", sex.value}]
        if age is None and len(fitting) > 1:
            return None
        return fitting[0] if fitting else None


@dataclass(frozen=True, slots=True, eq=False)
class Analytes:
    """All analytes, by id, by LOINC code and by lower-case name."""

    by_id: dict[str, Analyte]
    version: Version
    by_loinc: dict[str, Analyte] = field(default_factory=dict)
    by_name: dict[str, Analyte] = field(default_factory=dict)


class _Pack(msgspec.Struct, frozen=True):
    format: int
    analytes: tuple[Analyte, ...]


@functools.cache
def load(path: Path = FILE) -> Analytes:
    """The shipped table, read once a process."""
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    cache = packs() / f"analytes-{sha256[:16]}-f{FORMAT}.msgpack"
    try:
        pack = msgspec.msgpack.decode(cache.read_bytes(), type=_Pack)
    except (OSError, msgspec.DecodeError):
        pack = _Pack(FORMAT, tuple(_analyte(row) for row in yaml.load(data, yaml.CSafeLoader)))
        keep(cache, msgspec.msgpack.encode(pack))
    by_id = {a.id: a for a in pack.analytes}
    if len(by_id) != len(pack.analytes):
        raise UserError(f"{path.name} names an analyte twice.", "Correct the file.")
    by_name: dict[str, Analyte] = {}
    for a in pack.analytes:
        for name in (a.label.en, a.label.zh, *a.synonyms_en, *a.synonyms_zh):
            by_name.setdefault(name.lower(), a)
    by_loinc = {code: a for a in pack.analytes for code in a.loinc}
    return Analytes(by_id, Version("analytes", sha256[:12], sha256), by_loinc, by_name)


def _analyte(row: dict[str, Any]) -> Analyte:
    return Analyte(
        id=row["id"],
        label=Label(row["en"], row["zh"]),
        unit=row["unit"],
        loinc=tuple(row.get("loinc", ())),
        synonyms_en=tuple(row.get("synonyms_en", ())),
        synonyms_zh=tuple(row.get("synonyms_zh", ())),
        molar_mass=row.get("molar_mass"),
        ranges=tuple(
            Range(sex, float(a), float(b), float(low), float(high)) for sex, a, b, low, high in row.get("ranges", ())
        ),
        critical_low=row.get("critical_low"),
        critical_high=row.get("critical_high"),
        low=row.get("low", ""),
        high=row.get("high", ""),
        low_sex=row.get("low_sex", ""),
        high_sex=row.get("high_sex", ""),
        source=row.get("source", ""),
    )
