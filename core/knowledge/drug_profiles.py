"""What is known of each ingredient: kidney, liver, pregnancy by trimester, breast-feeding, QT, routes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.domain.basics import Citation, Label
from core.knowledge import drugs as drug_tables
from core.knowledge.drugs import Drugs
from core.knowledge.treatment_files import citation, read_folder

_FILE = "profiles.yaml"
_TRIMESTERS = ("1", "2", "3")


class Handling(StrEnum):
    """How failing kidneys or liver change a drug: not, a lower dose, avoided when severe, or not known."""

    USUAL = "usual"
    ADJUST = "adjust"
    AVOID = "avoid"
    UNKNOWN = "unknown"


class Use(StrEnum):
    """Whether a drug may be used in pregnancy or breast-feeding; unknown is never safe."""

    COMPATIBLE = "compatible"
    CAUTION = "caution"
    AVOID = "avoid"
    UNKNOWN = "unknown"


class QT(StrEnum):
    """Risk of torsades: known, possible, conditional (overdose, low potassium, interaction); unknown where not listed."""

    KNOWN = "known"
    POSSIBLE = "possible"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Profile:
    """One ingredient. `pregnancy` is one value for each trimester; `routes` is empty where not known."""

    drug: str
    renal: Handling
    hepatic: Handling
    pregnancy: tuple[Use, Use, Use]
    lactation: Use
    qt: QT
    routes: tuple[str, ...]

    def in_week(self, weeks: float | None) -> Use:
        """The value in this week of pregnancy; the most careful of the three where the week is not known."""
        if weeks is not None:
            return self.pregnancy[0 if weeks < 13 else 1 if weeks < 28 else 2]
        return min(self.pregnancy, key=lambda use: _CARE.index(use.value))


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles, and the source of each field."""

    by_drug: Mapping[str, Profile]
    sources: Mapping[str, Citation]


_CARE = ("avoid", "unknown", "caution", "adjust", "compatible", "usual")
"""From most to least careful. Unknown stands after avoid: it is never taken for safe."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A value that one selector gives one drug, with how exactly the selector and the field name it."""

    exact: tuple[int, int]
    value: str


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The drugs, and those below each ATC group by its code."""

    drugs: Drugs
    below: Mapping[str, tuple[str, ...]]


def _vocabulary(drugs: Drugs) -> _Vocabulary:
    found: dict[str, dict[str, None]] = {}
    for drug in drugs.by_id.values():
        for code in drug.atc:
            for length in range(1, len(code) + 1):
                found.setdefault(code[:length], {})[drug.id] = None
    return _Vocabulary(drugs, {code: tuple(listed) for code, listed in found.items()})


def _selected(selector: str, words: _Vocabulary) -> Iterator[tuple[str, int]]:
    """The drugs of a selector with its rank: ATC prefix by length, class 10, id 20. Raises KeyError for an unknown one."""
    if selector.startswith("class:"):
        yield from ((member, 10) for member in words.drugs.classes[selector[6:]].members)
    elif selector[:1].isupper():
        yield from ((drug, len(selector)) for drug in words.below[selector])
    else:
        yield words.drugs.by_id[selector].id, 20


def _said(table: Mapping[str, Any], words: _Vocabulary, trimester: str = "") -> dict[str, list[_Said]]:
    """All values said of each drug: those of a trimester beat the general ones of the same exactness."""
    found: dict[str, list[_Said]] = {}
    for key, selectors in table.items():
        value, _, only = key.partition("_")
        if key == "source" or (only and only != trimester):
            continue
        for selector in selectors:
            for drug, rank in _selected(selector, words):
                found.setdefault(drug, []).append(_Said((rank, int(bool(only))), value))
    return found


def _decided(said: list[_Said] | None) -> str:
    """The value of the most exact selector; of several as exact, the more careful."""
    if not said:
        return "unknown"
    exact = max(one.exact for one in said)
    return min((one.value for one in said if one.exact == exact), key=_CARE.index)


def _qt(drugs: Drugs) -> dict[str, QT]:
    found: dict[str, QT] = {}
    for level in (QT.CONDITIONAL, QT.POSSIBLE, QT.KNOWN):
        found |= dict.fromkeys(drugs.classes[f"qt_{level.value}"].members, level)
    return found


@lru_cache(maxsize=2)
def load(folder: Path = drug_tables.FOLDER) -> Profiles:
    """All profiles. Raises KeyError for a selector that names no drug, class or ATC group."""
    drugs = drug_tables.load(folder)
    words = _vocabulary(drugs)
    table = read_folder(folder).files[_FILE]["profiles"]
    renal, hepatic, lactation = (_said(table[key], words) for key in ("renal", "hepatic", "lactation"))
    pregnancy = [_said(table["pregnancy"], words, trimester) for trimester in _TRIMESTERS]
    routes: dict[str, list[str]] = {}
    for route, selectors in table["routes"].items():
        for selector in selectors if route != "source" else ():
            for drug, _ in _selected(selector, words):
                routes.setdefault(drug, []).append(route)
    qt = _qt(drugs)
    profiles = {
        drug: Profile(
            drug=drug,
            renal=Handling(_decided(renal.get(drug))),
            hepatic=Handling(_decided(hepatic.get(drug))),
            pregnancy=(
                Use(_decided(pregnancy[0].get(drug))),
                Use(_decided(pregnancy[1].get(drug))),
                Use(_decided(pregnancy[2].get(drug))),
            ),
            lactation=Use(_decided(lactation.get(drug))),
            qt=qt.get(drug, QT.UNKNOWN),
            routes=tuple(dict.fromkeys(routes.get(drug, ()))),
        )
        for drug in drugs.by_id
    }
    sources = {key: citation(part["source"]) for key, part in table.items()}
    return Profiles(profiles, sources)


def ready() -> bool:
    """Whether the profiles are read already (reading takes a few tenths of a second)."""
    return load.cache_info().currsize > 0


_WORDS = {
    "usual": Label("no change", "无需调整"),
    "adjust": Label("lower dose", "需减量"),
    "avoid": Label("avoid", "避免"),
    "caution": Label("with care", "慎用"),
    "compatible": Label("may be used", "可用"),
    "known": Label("known risk", "已知风险"),
    "possible": Label("possible risk", "可能风险"),
    "conditional": Label("in certain conditions", "特定条件下"),
    "unknown": Label("unknown", "不明"),
}


def described(drug: str) -> Label:
    """A profile in words, a line a field; unknown is said as unknown. Raises KeyError for a drug that is not known."""
    one = load().by_drug[drug]
    pregnancy = [_WORDS[use.value] for use in one.pregnancy]
    same = len(set(pregnancy)) == 1
    lines = (
        (Label("Weak kidneys", "肾功能不全"), _WORDS[one.renal.value]),
        (Label("Weak liver", "肝功能不全"), _WORDS[one.hepatic.value]),
        *(
            [(Label("Pregnancy", "妊娠"), pregnancy[0])]
            if same
            else [
                (Label(f"Pregnancy, trimester {n}", f"妊娠第{n}期"), said) for n, said in enumerate(pregnancy, start=1)
            ]
        ),
        (Label("Breast-feeding", "哺乳"), _WORDS[one.lactation.value]),
        (Label("QT", "QT间期"), _WORDS[one.qt.value]),
    )
    return Label("\n".join(f"{a.en}: {b.en}" for a, b in lines), "\n".join(f"{a.zh}：{b.zh}" for a, b in lines))
