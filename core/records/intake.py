"""One, several, a folder or a ZIP: what each file is, what was read, what was not and why, and whose it is."""

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path

from core.domain.basics import Label
from core.domain.case import FileReport
from core.domain.record import Patient, Record
from core.errors import Unreadable, UserError
from core.progress import Report, silent
from core.records.archive import unpack
from core.records.csv_labs import Table
from core.records.dates import day
from core.records.identity import Match, block_keys, is_named, judge
from core.records.limits import MAX_ARCHIVE_NESTING, MAX_FILES, MAX_PAIRWISE
from core.records.merge import merge, reconcile
from core.records.readers import read_file
from core.records.sniff import IMAGES, Kind, sniff

MAX_UNNAMED = 3
"""Patients up to which a file without a name is asked about."""


@dataclass(frozen=True, slots=True)
class IdentityQuestion:
    """Records `first` and `second` (indices into `Intake.records`) may be one patient's. Never merged unasked."""

    first: int
    second: int
    why: Label


@dataclass(frozen=True, slots=True)
class Intake:
    """What a set of files gave: one record a distinct patient, questions, images for the imaging room, file reports."""

    records: tuple[Record, ...] = ()
    questions: tuple[IdentityQuestion, ...] = ()
    images: tuple[Path, ...] = ()
    files: tuple[FileReport, ...] = ()
    documents: tuple[tuple[str, Path], ...] = ()
    """Each record file that was read: its name as in `files`, and where it lies now (a member of a ZIP: in `scratch`)."""


@dataclass(slots=True)
class _Pile:
    """What has been gathered so far."""

    scratch: Path
    records: list[Record] = field(default_factory=list)
    images: list[Path] = field(default_factory=list)
    files: list[FileReport] = field(default_factory=list)
    archives: int = 0
    documents: list[tuple[str, Path]] = field(default_factory=list)
    tables: tuple[Table, ...] = ()


def read_paths(
    paths: Iterable[Path], report: Report = silent, *, scratch: Path, tables: tuple[Table, ...] = ()
) -> Intake:
    """Read files and folders. A file that cannot be read is reported and leaves the rest usable.

    ZIPs are unpacked below `scratch`, which must outlive the images. `tables`: layouts the user gave for tables of
    laboratory results. Raises `Unreadable` where a path does not exist.
    """
    pile = _Pile(scratch, tables=tables)
    given = [Path(p) for p in paths]
    for path in given:
        if not path.exists():
            raise Unreadable(f"{path} does not exist.", "Check the name.")
    found = list(_files(given, pile))
    for index, path in enumerate(found):
        report(index, len(found), path.name)
        _take(path, str(path), pile, 0, report)
    report(len(found), len(found), "")
    return _sorted_by_patient(pile)


def _files(paths: Iterable[Path], pile: _Pile) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        for file in _walk(path) if path.is_dir() else (path,):
            if file not in seen and len(seen) < MAX_FILES:
                seen.add(file)
                yield file
            elif len(seen) >= MAX_FILES:
                pile.files.append(FileReport(str(path), "folder", skipped=(f"only the first {MAX_FILES} files",)))
                return


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            path = Path(root) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _take(path: Path, name: str, pile: _Pile, nesting: int, report: Report) -> None:
    """Put one file where it belongs, and say what became of it."""
    kind = ""
    try:
        if not path.is_file():
            raise Unreadable(f"{name} is not a regular file.", "Copy it to a folder first.")
        sniffed = sniff(path)
        kind = sniffed.kind.value
        if sniffed.kind is Kind.ZIP:
            _take_archive(path, name, pile, nesting, report)
        elif sniffed.kind in IMAGES:
            pile.images.append(path)
            pile.files.append(FileReport(name, kind, read=(("images", 1),)))
        else:
            reading, key = read_file(path, sniffed, name, pile.tables)
            pile.records.extend(reconcile(r) for r in reading.records)
            pile.files.append(FileReport(name, kind, counts(reading.records), reading.skipped, sha256=key))
            pile.documents.append((name, path))
    except UserError as error:
        pile.files.append(FileReport(name, kind, error=str(error)))
    except OSError as error:
        pile.files.append(FileReport(name, kind, error=f"{path.name} could not be opened ({error.strerror})."))
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        # Our bug, and logged as one; the other files of the case are still read.
        logging.getLogger(__name__).exception("a reader failed")
        pile.files.append(
            FileReport(name, kind, error=f"{path.name} could not be read because of a fault in this program.")
        )


def _take_archive(path: Path, name: str, pile: _Pile, nesting: int, report: Report) -> None:
    if nesting >= MAX_ARCHIVE_NESTING:
        raise Unreadable(f"{name} is an archive inside archives.", "Unpack it first.")
    pile.archives += 1
    members, left = unpack(path, pile.scratch / f"zip{pile.archives:04d}", report)
    pile.files.append(FileReport(name, Kind.ZIP.value, (("files", len(members)),), left))
    for target, inner in members:
        _take(target, f"{name}!{inner}", pile, nesting + 1, report)


def counts(records: Iterable[Record]) -> tuple[tuple[str, int], ...]:
    """How many facts of each kind were read, e.g. (("problems", 4), ("notes", 1))."""
    found: dict[str, int] = {"patients": 0}
    for record in records:
        found["patients"] += record.patient != Patient()
        for part in fields(Record):
            if part.name != "patient":
                found[part.name] = found.get(part.name, 0) + len(getattr(record, part.name))
    return tuple((name, count) for name, count in found.items() if count)


def _sorted_by_patient(pile: _Pile) -> Intake:
    """Merge the records that are certainly one patient's; ask about those that probably are."""
    kept: list[Record] = []
    latest: list[date | None] = []
    near = _Neighbours(len(pile.records))
    for record in pile.records:
        day_ = _latest(record)
        candidates = near.of(record)
        same = next((i for i in candidates if _judge(kept[i], latest[i], record, day_)[0] is Match.SAME), None)
        if same is None:
            same = len(kept)
            kept.append(record)
            latest.append(day_)
        else:
            kept[same] = merge(kept[same], record)
            latest[same] = _later(latest[same], day_)
        near.add(record, same)
    records = tuple(k for k in kept if k != Record())
    return Intake(records, _questions(records), tuple(pile.images), tuple(pile.files), tuple(pile.documents))


def _questions(records: tuple[Record, ...]) -> tuple[IdentityQuestion, ...]:
    latest = [_latest(r) for r in records]
    near = _Neighbours(len(records))
    found = []
    for j, second in enumerate(records):
        for i in near.of(second):
            verdict, why = _judge(records[i], latest[i], second, latest[j])
            if verdict is Match.PROBABLE:
                found.append(IdentityQuestion(i, j, why))
        near.add(second, j)
    return tuple(q for q in found if not _pointless(q, found, records))


def _pointless(question: IdentityQuestion, found: list[IdentityQuestion], records: tuple[Record, ...]) -> bool:
    """A file without a name among many patients: a hundred questions help nobody, the user moves it by hand."""
    unnamed = [i for i in (question.first, question.second) if not is_named(records[i].patient)]
    return any(sum(i in (q.first, q.second) for q in found) > MAX_UNNAMED for i in unnamed)


class _Neighbours:
    """Which earlier records a record is compared with: all in small sets, those that share something in large ones."""

    def __init__(self, total: int) -> None:
        self.all = total <= MAX_PAIRWISE
        self.count = 0
        self.index: dict[str, list[int]] = {}

    def of(self, record: Record) -> list[int]:
        if self.all:
            return list(range(self.count))
        return sorted({i for key in block_keys(record.patient) for i in self.index.get(key, ())[-MAX_PAIRWISE:]})

    def add(self, record: Record, number: int) -> None:
        self.count = max(self.count, number + 1)
        if not self.all:
            for key in block_keys(record.patient):
                self.index.setdefault(key, []).append(number)


def match(a: Record, b: Record) -> tuple[Match, Label]:
    """Whether two records are one patient's, and why; stated ages are compared at the latest date of either record."""
    return _judge(a, _latest(a), b, _latest(b))


def _judge(a: Record, a_latest: date | None, b: Record, b_latest: date | None) -> tuple[Match, Label]:
    return judge(a.patient, b.patient, _later(a_latest, b_latest))


def _later(a: date | None, b: date | None) -> date | None:
    return max(a, b) if a and b else a or b


def _latest(record: Record) -> date | None:
    stamps = [n.time for n in record.notes] + [o.time for o in record.observations] + [e.start for e in record.events]
    return day(max((s for s in stamps if s[:4].isdigit()), default=""))


def answer(intake: Intake, question: IdentityQuestion, *, same: bool) -> Intake:
    """The intake after the doctor's answer. Undo by going back to the intake before."""
    left = tuple(q for q in intake.questions if q != question)
    if not same:
        return replace(intake, questions=left)
    joined = merge(intake.records[question.first], intake.records[question.second])
    records = list(intake.records)
    records[question.first] = joined
    del records[question.second]
    return replace(intake, records=tuple(records), questions=_questions(tuple(records)))


def join_unnamed(intake: Intake) -> Intake:
    """Give files that say nothing about whose they are to the only named patient, where age and sex agree.

    For work without a window, where nobody can be asked: records of two named patients stay apart.
    """
    named = [i for i, r in enumerate(intake.records) if is_named(r.patient)]
    if len(named) != 1:
        return intake
    unnamed = next((q for q in intake.questions if named[0] in (q.first, q.second)), None)
    return intake if unnamed is None else join_unnamed(answer(intake, unnamed, same=True))
