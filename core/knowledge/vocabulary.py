"""The finding vocabulary: what a finding is called, what it implies, and how one asks for it.

Written in `resources/knowledge/findings/*.yaml` (format: docs/knowledge-findings.md), read once and cached in compiled
form under `core.paths.packs()`, keyed by the files' content.
"""

import functools
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from core.domain.assessment import StepKind
from core.domain.basics import Coding, Label, Version
from core.errors import UserError
from core.paths import RESOURCES, packs

FOLDER = RESOURCES / "knowledge" / "findings"
FORMAT = 3
KINDS = (
    "symptom", "sign", "history", "risk", "exposure", "laboratory", "vital", "imaging", "ecg", "test", "demographic",
    "medication",
)  # fmt: skip
_FIELDS = frozenset({
    "id", "kind", "en", "zh", "synonyms_en", "synonyms_zh", "hpo", "parents", "group", "background", "question_en",
    "question_zh", "step", "cost", "source",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding of the vocabulary. `background`: rough share of primary-care and emergency patients who have it.

    `parents` are is-a: a present child implies its parents, an absent parent implies that its children are absent.
    Findings of one `group` are correlated. `cost` is 0 (a question) to 1 (invasive).
    """

    id: str
    kind: str
    label: Label
    synonyms_en: tuple[str, ...] = ()
    synonyms_zh: tuple[str, ...] = ()
    hpo: str = ""
    parents: tuple[str, ...] = ()
    group: str = ""
    background: float = 0.01
    question: Label = Label("")
    step: StepKind = StepKind.ASK
    cost: float = 0.02
    source: str = ""

    @property
    def coding(self) -> Coding:
        """The finding's code in our own system."""
        return Coding("consilium", self.id, self.label.en)

    @property
    def also(self) -> tuple[Coding, ...]:
        """Equivalent codes in other systems."""
        return (Coding("HP", self.hpo),) if self.hpo else ()


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """All findings by id, in the order of the files; `by_hpo` maps an HPO id to the finding it equals."""

    entries: dict[str, Entry]
    version: Version
    by_hpo: dict[str, str] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def ancestors(self, name: str) -> tuple[str, ...]:
        """All findings that `name` implies, nearest first, without itself."""
        found: dict[str, None] = {}
        waiting = list(self.entries[name].parents)
        while waiting:
            parent = waiting.pop(0)
            if parent not in found:
                found[parent] = None
                waiting += self.entries[parent].parents
        return tuple(found)


class _Pack(msgspec.Struct, frozen=True):
    format: int
    entries: tuple[Entry, ...]
    sha256: str


def digest(folder: Path = FOLDER) -> str:
    """SHA-256 over the names and bytes of the vocabulary's files."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.yaml")):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def load() -> Vocabulary:
    """The shipped vocabulary, read once a process."""
    return _load(FOLDER)


@functools.cache
def _load(folder: Path) -> Vocabulary:
    sha256 = digest(folder)
    cache = packs() / f"findings-{sha256[:16]}-f{FORMAT}.msgpack"
    pack = _cached(cache)
    if pack is None or pack.sha256 != sha256:
        pack = _Pack(FORMAT, tuple(read(folder)), sha256)
        keep(cache, msgspec.msgpack.encode(pack))
    entries = {entry.id: entry for entry in pack.entries}
    by_hpo: dict[str, str] = {}
    for entry in pack.entries:
        if entry.hpo:
            by_hpo.setdefault(entry.hpo, entry.id)
    return Vocabulary(entries, Version("findings", sha256[:12], sha256), by_hpo)


def _cached(path: Path) -> _Pack | None:
    """The compiled form, or None where there is none that can be used: it is then made again."""
    try:
        pack = msgspec.msgpack.decode(path.read_bytes(), type=_Pack)
    except (OSError, msgspec.DecodeError):
        return None
    return pack if pack.format == FORMAT else None


def keep(path: Path, data: bytes) -> None:
    """Write a cache whole or not at all; a folder that cannot be written to only costs time at the next start."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)


def read(folder: Path = FOLDER) -> list[Entry]:
    """All entries of a folder, checked. Raises `UserError` that names what is wrong."""
    entries: list[Entry] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            rows = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
        except yaml.YAMLError as error:
            raise UserError(f"{path.name} is not YAML: {error}.", "Correct the file.") from error
        entries += [_entry(path.name, row) for row in rows or ()]
    problems = list(check(entries))
    if problems:
        raise UserError("The finding vocabulary is not sound: " + "; ".join(problems[:10]), "Correct the files.")
    return entries


def _entry(file: str, row: Mapping[str, Any]) -> Entry:
    unknown = set(row) - _FIELDS
    if unknown or not {"id", "kind", "en", "zh"} <= set(row):
        raise UserError(f"{file}: {row.get('id', row)} has unknown or missing fields {sorted(unknown)}.")
    return Entry(
        id=row["id"],
        kind=row["kind"],
        label=Label(row["en"], row["zh"]),
        synonyms_en=tuple(map(str, row.get("synonyms_en", ()))),
        synonyms_zh=tuple(map(str, row.get("synonyms_zh", ()))),
        hpo=row.get("hpo", ""),
        parents=tuple(row.get("parents", ())),
        group=row.get("group", row["id"]),
        background=float(row.get("background", 0.01)),
        question=_question(row),
        step=StepKind(row.get("step", "ask")),
        cost=float(row.get("cost", 0.02)),
        source=row.get("source", ""),
    )


def _question(row: Mapping[str, Any]) -> Label:
    """The question as written, else one made from the label."""
    if "question_en" in row:
        return Label(row["question_en"], row.get("question_zh", ""))
    en, zh, step = row["en"], row["zh"], row.get("step", "ask")
    if step == "examine":
        return Label(f"On examination: {en}?", f"体格检查有无：{zh}？")
    if step in {"test", "image"}:
        return Label(f"Do the results show: {en}?", f"检查是否提示：{zh}？")
    return Label(_asked(en), f"患者有没有：{zh}？")


def _asked(en: str) -> str:
    """A question to the patient's side from a label: "Takes a statin" -> "Does the patient take a statin?"."""
    small = en if en[1:2].isupper() else en[:1].lower() + en[1:]
    if en.startswith("Takes "):
        return f"Does the patient take {en.removeprefix('Takes ')}?"
    if en.startswith(("History of ", "Family history of ")):
        return f"Is there a {small}?"
    if en.startswith(("Pain ", "Recent ", "Previous ", "Contact ", "Exposure ", "Injury ", "Known ", "Symptoms ")):
        return f"Has there been {small}?" if en.startswith(("Recent", "Contact", "Exposure")) else f"Any {small}?"
    return f"Does the patient have, or has the patient had: {small}?"


def check(entries: Iterable[Entry]) -> Iterable[str]:
    """What is wrong: a repeated id, an unknown kind or parent, a cycle, a number out of range."""
    by_id: dict[str, Entry] = {}
    for entry in entries:
        if entry.id in by_id:
            yield f"{entry.id} occurs twice"
        by_id[entry.id] = entry
    for entry in by_id.values():
        yield from _form(entry, by_id)
    yield from _cycles(by_id)


def shared_names(entries: Iterable[Entry]) -> Iterable[str]:
    """Names that two findings share in one language. Tests forbid them; where one slips in, the first entry has it."""
    for language in ("en", "zh"):
        yield from _shared(entries, language)


def _form(entry: Entry, by_id: Mapping[str, Entry]) -> Iterable[str]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", entry.id):
        yield f"{entry.id} is not snake_case"
    if entry.kind not in KINDS:
        yield f"{entry.id} has unknown kind {entry.kind}"
    if not 0 < entry.background < 1 or not 0 <= entry.cost <= 1:
        yield f"{entry.id} has a background or cost out of range"
    if entry.hpo and not re.fullmatch(r"HP:\d{7}", entry.hpo):
        yield f"{entry.id} has no valid HPO id {entry.hpo}"
    yield from (f"{entry.id} has unknown parent {parent}" for parent in entry.parents if parent not in by_id)


def _cycles(by_id: Mapping[str, Entry]) -> Iterable[str]:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterable[str]:
        if name in path:
            yield f"{name} is its own ancestor"
        elif name in by_id and name not in done:
            for parent in by_id[name].parents:
                yield from visit(parent, (*path, name))
            done.add(name)

    for name in by_id:
        yield from visit(name, ())


def _shared(entries: Iterable[Entry], language: str) -> Iterable[str]:
    owner: dict[str, str] = {}
    for entry in entries:
        for name in names(entry, language):
            key = re.sub(r"\W+", " ", name.lower()).strip()
            if owner.setdefault(key, entry.id) != entry.id:
                yield f"'{name}' names both {owner[key]} and {entry.id}"


def names(entry: Entry, language: str) -> tuple[str, ...]:
    """The label and the synonyms of an entry in "en" or "zh"."""
    synonyms = entry.synonyms_zh if language == "zh" else entry.synonyms_en
    return (entry.label.zh if language == "zh" else entry.label.en, *synonyms)
