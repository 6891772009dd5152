"""What can still be read of a damaged store, put into a new one. The damaged files are only ever read, from a copy."""

import contextlib
import shutil
import tempfile
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
        damaged = Database(Path(scratch) / "consilium.db", key)
        try:
            with Store.open(target, clock=clock) as fresh:
                return _copied(damaged, fresh, report)
        finally:
            damaged.close()


def _copied(damaged: Database, fresh: Store, report: Report) -> Recovered:
    saved, lost = [], []
    heads = list(_heads(damaged.connection))
    for done, head in enumerate(heads):
        report(done, len(heads), "recovering")
        try:
            case = _case(damaged.connection, head)
            with fresh.database.write():
                fresh.save(_unsigned(case), "recovery")
                fresh.add_received(case.id, case)
            saved.append(case.id)
        except (cipher.DatabaseError, msgspec.MsgspecError, ValueError, UserError) as error:
            lost.append((head["id"], str(error)))
    return Recovered(tuple(saved), tuple(lost))


def _heads(connection: Any) -> Any:
    """Rows of the case table one by one, by key, going around pages that can't be read."""
    top = 0
    with contextlib.suppress(cipher.DatabaseError):
        top = connection.execute("SELECT max(key) FROM cases").fetchone()[0] or 0
    misses = 0
    for key in range(1, (top or 1_000_000) + 1):
        try:
            query = f"SELECT {', '.join(_HEAD)} FROM cases WHERE key = ? AND deleted_at IS NULL"
            row = connection.execute(query, (key,)).fetchone()
        except cipher.DatabaseError:
            row = None
        misses = 0 if row else misses + 1
        if row:
            yield dict(zip(_HEAD, row, strict=True))
        elif not top and misses > 10_000:
            return


def _case(connection: Any, head: dict[str, Any]) -> Case:
    fields = ("id", "created_at", "updated_at", "reason", "working_diagnosis", "signed_by", "signed_at")
    return read_parts(connection, head["key"], Case(status=CaseStatus(head["status"]), **{f: head[f] for f in fields}))


def _unsigned(case: Case) -> Case:
    status = CaseStatus.TO_REVIEW if case.status == CaseStatus.SIGNED else case.status
    return replace(case, status=status, signed_by="", signed_at="", decisions=(), addenda=())
