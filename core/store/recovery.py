"""What can still be read of a damaged store, put into a new one. The damaged files are only ever read, from a copy."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from sqlcipher3 import dbapi2 as cipher

from core.domain.case import Case, CaseStatus
from core.errors import UserError
from core.progress import Report, silent
from core.store import keys
from core.store.clock import Clock, utc_now
from core.store.database import Database
from core.store.parts import read_parts
from core.store.store import Store

_HEAD = ("key", "id", "created_at", "updated_at", "status", "reason", "working_diagnosis", "signed_by", "signed_at")


@dataclass(frozen=True, slots=True)
class Recovered:
    """Case ids saved into the new store, and those of which something could not be read, with the reason."""

    saved: tuple[str, ...]
    lost: tuple[tuple[str, str], ...]


def recover(
    folder: Path, target: Path, *, passphrase: str | None = None, clock: Clock = utc_now, report: Report = silent
) -> Recovered:
    """Copy every case of the damaged store in `folder` that can be read into a new store in `target`.

    A signed case arrives as "to review" with its signature among the decisions: the new store cannot vouch for it.
    """
    keyfile = keys.read(folder)
    if keyfile is None:
        raise UserError("There is no key file, so nothing can be decrypted.", "Restore a backup.")
    key = keys.unlock(folder, keyfile, passphrase)
    if target.exists() and any(target.iterdir()):
        raise UserError(f"{target} is not empty.", "Choose an empty folder.")
    with tempfile.TemporaryDirectory(dir=folder, prefix="recover-") as scratch:
        for name in ("consilium.db", "consilium.db-wal"):
            if (folder / name).exists():
                shutil.copyfile(folder / name, Path(scratch) / name)
        damaged = _Damaged(Path(scratch) / "consilium.db", key)
        try:
            with Store.open(target, clock=clock) as fresh:
                return _copied(damaged, fresh, report)
        finally:
            damaged.close()


class _Damaged:
    """A damaged database: after a page that can't be read SQLCipher refuses all others too, so it is opened anew."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key
        self.database = Database(path, key)

    def reopen(self) -> None:
        self.database.close()
        self.database = Database(self._path, self._key)

    def close(self) -> None:
        self.database.close()

    def row(self, query: str, *values: object) -> Any:
        """One row; None where there is none or it can't be read."""
        try:
            return self.database.connection.execute(query, values).fetchone()
        except cipher.DatabaseError:
            self.reopen()
            return None


def _copied(damaged: _Damaged, fresh: Store, report: Report) -> Recovered:
    saved, lost = [], []
    heads = list(_heads(damaged))
    for done, head in enumerate(heads):
        report(done, len(heads), "recovering")
        try:
            case = _case(damaged.database.connection, head)
            with fresh.database.write():
                fresh.save(_unsigned(case), "recovery")
                fresh.add_received(case.id, case)
            saved.append(case.id)
        except (cipher.DatabaseError, msgspec.MsgspecError, ValueError, UserError) as error:
            lost.append((head["id"], str(error)))
            damaged.reopen()
    return Recovered(tuple(saved), tuple(lost))


def _heads(damaged: _Damaged) -> Iterator[dict[str, Any]]:
    """Rows of the case table one by one, by key, going around pages that can't be read."""
    found = damaged.row("SELECT max(key) FROM cases")
    top = (found[0] or 0) if found else 1_000_000
    misses = 0
    for key in range(1, top + 1):
        row = damaged.row(f"SELECT {', '.join(_HEAD)} FROM cases WHERE key = ? AND deleted_at IS NULL", key)
        misses = 0 if row else misses + 1
        if row:
            yield dict(zip(_HEAD, row, strict=True))
        elif found is None and misses > 10_000:
            return


def _case(connection: Any, head: dict[str, Any]) -> Case:
    fields = ("id", "created_at", "updated_at", "reason", "working_diagnosis", "signed_by", "signed_at")
    return read_parts(connection, head["key"], Case(status=CaseStatus(head["status"]), **{f: head[f] for f in fields}))


def _unsigned(case: Case) -> Case:
    status = CaseStatus.TO_REVIEW if case.status == CaseStatus.SIGNED else case.status
    return replace(case, status=status, signed_by="", signed_at="", decisions=(), addenda=())
