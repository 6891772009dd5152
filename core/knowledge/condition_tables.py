"""The compiled form of conditions and findings: read once, cached by content, loaded in well under 0.3 s."""

import hashlib
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.assessment import StepKind
from core.domain.basics import Label, Version
from core.knowledge import condition_check, conditions
from core.knowledge.conditions import Condition
from core.paths import packs

FORMAT = 1
_FALLBACK_BACKGROUND = {"symptom": 0.02, "sign": 0.01, "laboratory": 0.05, "vital": 0.03, "history": 0.05, "risk": 0.05}
_ONSET = {
    "sudden": {"sudden_onset": 0.6},
    "acute": {"sudden_onset": 0.15, "rapidly_progressive": 0.1},
    "subacute": {"gradual_onset": 0.4},
    "chronic": {"chronic_course": 0.7, "gradual_onset": 0.5},
    "recurrent": {"recurrent_episodes": 0.6, "chronic_course": 0.3},
}
"""How a condition's `course.onset` answers the vocabulary's own questions about onset (expert estimate); what a
condition lists itself goes first."""
_PAINFUL = ("pain", "headache", "tenderness", "dysmenorrhea", "dysuria", "odynophagia", "sore_throat")
_MONTHS = 90.0


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """What the engine needs of a vocabulary entry. `background` is the share of all presenting patients who have it."""

    id: str
    kind: str
    label: Label
    parents: tuple[str, ...] = ()
    group: str = ""
    background: float = 0.01
    hpo: str = ""
    question: Label = Label("")
    step: StepKind = StepKind.ASK
    cost: float = 0.02


@dataclass(frozen=True, slots=True)
class _Pack:
    format: int
    conditions: tuple[Condition, ...]
    findings: tuple[FindingEntry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Conditions and findings with their indices.

    `rows`, `columns` int, `values` float32: P(present | condition) as written, in order of rows (`listed` lays them out).
    `sensitivity`, `specificity` float32 (conditions, tests), NaN likewise; `tests` int: the findings that are tests of some
    condition. `defining` bool (conditions, findings); `background` float32 (findings,).
    `parent` int (findings,): first parent or -1; parents stand before children in `order`.
    """

    conditions: tuple[Condition, ...]
    findings: tuple[FindingEntry, ...]
    version: Version
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    tests: NDArray[np.int32]
    sensitivity: NDArray[np.float32]
    specificity: NDArray[np.float32]
    defining: NDArray[np.bool_]
    background: NDArray[np.float32]
    parent: NDArray[np.int32]
    order: tuple[int, ...]
    condition_index: dict[str, int] = field(default_factory=dict)
    finding_index: dict[str, int] = field(default_factory=dict)
    hpo_index: dict[str, int] = field(default_factory=dict)
    ancestors: tuple[frozenset[int], ...] = ()

    @property
    def listed(self) -> NDArray[np.float32]:
        """(conditions, findings), NaN where not written. Laid out anew each time: kept, it is 13 MB of nothing."""
        laid = np.full((len(self.conditions), len(self.findings)), np.nan, np.float32)
        laid[self.rows, self.columns] = self.values
        return laid

    def written(self, condition: int) -> NDArray[np.bool_]:
        """(findings,): what is written of a condition."""
        found = np.zeros(len(self.findings), bool)
        start, end = np.searchsorted(self.rows, (condition, condition + 1))
        found[self.columns[start:end]] = True
        return found

    def written_of(self, finding: int) -> NDArray[np.bool_]:
        """(conditions,): which of them a finding is written for."""
        found = np.zeros(len(self.conditions), bool)
        found[self.rows[self.columns == finding]] = True
        return found


def content_hash(condition_folder: Path, finding_folder: Path) -> str:
    """SHA-256 over names and bytes of every source file and the format number."""
    digest = hashlib.sha256(str(FORMAT).encode())
    for path in (*conditions.files(condition_folder), *sorted(finding_folder.glob("*.yaml"))):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def load(condition_folder: Path = conditions.FOLDER, finding_folder: Path = condition_check.FINDINGS) -> Tables:
    """The tables, from the cache in `core.paths.packs()` where the sources have not changed. Read-only, shared."""
    key = content_hash(condition_folder, finding_folder)
    path = packs() / f"conditions-{key[:16]}.msgpack"
    pack = _from_cache(path) or _to_cache(path, _read(condition_folder, finding_folder))
    return build(pack.conditions, pack.findings, Version("conditions", key[:12], key))


def _from_cache(path: Path) -> _Pack | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=_Pack)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _to_cache(path: Path, pack: _Pack) -> _Pack:
    """Write beside, then rename: a killed write leaves no half pack. A read-only folder costs only time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_bytes(msgspec.msgpack.encode(pack))
        beside.replace(path)
    except OSError:
        return pack
    return pack


def _read(condition_folder: Path, finding_folder: Path) -> _Pack:
    entries, _ = condition_check.read_findings(finding_folder)
    return _Pack(FORMAT, conditions.read(condition_folder), tuple(map(_entry, entries.values())))


def _entry(entry: dict[str, object]) -> FindingEntry:
    kind = str(entry.get("kind", "symptom"))
    background = entry.get("background") or _FALLBACK_BACKGROUND.get(kind, 0.01)
    parents = entry.get("parents") or []
    return FindingEntry(
        id=str(entry["id"]),
        kind=kind,
        label=Label(str(entry.get("en", "")), str(entry.get("zh", ""))),
        parents=tuple(str(p) for p in parents) if isinstance(parents, list) else (),
        group=str(entry.get("group") or ""),
        background=float(str(background)),
        hpo=str(entry.get("hpo") or ""),
        question=Label(str(entry.get("question_en") or ""), str(entry.get("question_zh") or "")),
        step=StepKind(str(entry.get("step") or "ask")),
        cost=float(str(entry.get("cost") or 0.02)),
    )


def build(all_conditions: tuple[Condition, ...], findings: tuple[FindingEntry, ...], version: Version) -> Tables:
    """Arrays from conditions and findings. Findings that the vocabulary lacks are left out (the check names them)."""
    at = {entry.id: index for index, entry in enumerate(findings)}
    shape = (len(all_conditions), len(findings))
    listed = np.full(shape, np.nan, np.float32)
    defining = np.zeros(shape, bool)
    background = np.array([entry.background for entry in findings], np.float32)
    for row, condition in enumerate(all_conditions):
        _fill(condition, at, background, listed[row], defining[row])
    rows, columns = np.nonzero(~np.isnan(listed))
    parents = [[at[p] for p in entry.parents if p in at] for entry in findings]
    order = _parents_first(parents)
    return Tables(
        all_conditions,
        findings,
        version,
        rows.astype(np.int32),
        columns.astype(np.int32),
        listed[rows, columns],
        *_tests(all_conditions, at),
        defining,
        background,
        np.array([p[0] if p else -1 for p in parents], np.int32),
        order,
        {condition.id: row for row, condition in enumerate(all_conditions)},
        at,
        {entry.hpo: index for index, entry in reversed(list(enumerate(findings))) if entry.hpo},
        _ancestors(parents, order),
    )


Floats = NDArray[np.float32]


def _tests(all_conditions: tuple[Condition, ...], at: dict[str, int]) -> tuple[NDArray[np.int32], Floats, Floats]:
    """`tests`, `sensitivity` and `specificity`. One finding in six is a test: all columns would be 25 MB of nothing."""
    used = sorted({at[test.id] for condition in all_conditions for test in condition.tests if test.id in at})
    column = {index: i for i, index in enumerate(used)}
    sensitivity, specificity = (np.full((len(all_conditions), len(used)), np.nan, np.float32) for _ in range(2))
    for row, condition in enumerate(all_conditions):
        for test in condition.tests:
            if test.id in at:
                place = row, column[at[test.id]]
                sensitivity[place], specificity[place] = test.sensitivity, test.specificity
    return np.array(used, np.int32), sensitivity, specificity


def _fill(
    condition: Condition, at: dict[str, int], background: Floats, listed: Floats, defining: NDArray[np.bool_]
) -> None:
    for onset in condition.course.onset:
        for name, share in _ONSET.get(onset, {}).items():
            if name in at:
                listed[at[name]] = np.fmax(listed[at[name]], share)
    for name, share in _general(condition).items():
        if name in at:
            listed[at[name]] = np.fmax(listed[at[name]], share)
    for link in condition.findings:
        if link.id in at:
            listed[at[link.id]], defining[at[link.id]] = link.p, link.defining
    for risk in condition.risk_factors:
        if risk.id in at:
            listed[at[risk.id]] = min(0.95, risk.lr * float(background[at[risk.id]]))
    for name in condition.rare_if:
        if name in at:
            listed[at[name]] = 0.1 * background[at[name]]


def _general(condition: Condition) -> dict[str, float]:
    """What follows from the rest: any listed pain is "pain"; a complaint that may last for months is chronic."""
    painful = (link for link in condition.findings if "painless" not in link.id)
    pains = [link.p for link in painful if any(word in link.id for word in _PAINFUL)]
    found = {"pain": max(pains)} if pains else {}
    if condition.course.days[1] >= _MONTHS:
        found["chronic_course"] = 0.4
    return found


def _parents_first(parents: list[list[int]]) -> tuple[int, ...]:
    """Indices with every parent before its children; a cycle (the vocabulary's tests forbid it) is cut."""
    order: list[int] = []
    state = [0] * len(parents)

    def visit(index: int) -> None:
        if state[index]:
            return
        state[index] = 1
        for parent in parents[index]:
            visit(parent)
        order.append(index)

    for index in range(len(parents)):
        visit(index)
    return tuple(order)


def _ancestors(parents: list[list[int]], order: tuple[int, ...]) -> tuple[frozenset[int], ...]:
    found: list[frozenset[int]] = [frozenset()] * len(parents)
    for index in order:
        found[index] = frozenset(parents[index]).union(*(found[p] for p in parents[index]))
    return tuple(found)
