"""The audit log: who did what to which case and when, chained by hashes.

Each row's hash covers its own fields and the hash of the row before, so a changed, removed or moved row breaks the chain.
The end of the chain is sealed in a file beside the database (HMAC under a key derived from the store's), so a log that
lost its last rows, or a database swapped for an older copy, is found too. Details hold no patient data.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.errors import UserError
from core.store.clock import Clock, stamp
from core.store.database import Database
from core.store.files import write_whole

_START = "0" * 64
_SLOT = 256
"""The seal has two slots written in turns, so that one torn by a power cut leaves the other."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One row of the log. `detail` is a JSON object."""

    seq: int
    at: str
    user: str
    action: str
    case_id: str
    detail: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What `verify` found: `problems` is empty for a whole chain."""

    events: int
    problems: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Nothing was changed, removed or moved."""
        return not self.problems


class AuditLog:
    """The log of one store."""

    def __init__(self, database: Database, seal: Path, key: bytes, clock: Clock) -> None:
        self._database, self._seal, self._key, self._clock = database, seal, key, clock
        self._waiting: list[tuple[str, str, str, str, str]] = []

    def add(self, action: str, user: str, case_id: str = "", **detail: object) -> None:
        """Add an event; inside a `Database.write` it belongs to that transaction."""
        row = (stamp(self._clock()), user, action, case_id, msgspec.json.encode(detail, order="sorted").decode())
        with self._database.write() as connection:
            for each in (*self._waiting, row):
                _append(connection, *each)
            self._waiting.clear()

    def add_view(self, user: str, case_id: str) -> None:
        """Note that a case was looked at, without waiting for the disk: opening must be quick.

        The event survives a crash of the program; a power cut may take the views since the last change, and only those
        (sqlite.org/pragma.html#pragma_synchronous). It isn't sealed before the next change, so it can't break the seal.
        """
        with self._database.lock:
            outside = not self._database.connection.in_transaction
            if outside:
                self._database.connection.execute("PRAGMA synchronous=NORMAL")
            try:
                self.add_or_keep("view", user, case_id, seal=False)
            finally:
                if outside:
                    self._database.connection.execute("PRAGMA synchronous=FULL")

    def add_or_keep(self, action: str, user: str, case_id: str = "", *, seal: bool = True, **detail: object) -> None:
        """Like `add`, but where the disk refuses, keep the event until the next that succeeds: reading goes on."""
        try:
            self.add(action, user, case_id, **detail)
            if seal:
                self.seal()
        except UserError:
            text = msgspec.json.encode(detail, order="sorted").decode()
            self._waiting.append((stamp(self._clock()), user, action, case_id, text))

    def seal(self) -> None:
        """Note the chain's end beside the database. Called after the commit, so the seal is never ahead of the log."""
        with self._database.read() as connection:
            if connection.in_transaction:
                return  # whoever began the transaction seals after it
            row = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        if self._database.read_only or (row is None and self._seal.exists()):
            return
        row = row or (0, _START)
        text = f"{row[0]} {row[1]}"
        slot = f"{text} {self._mac(text)}".ljust(_SLOT - 1).encode("ascii") + b"\n"
        try:
            if not self._seal.exists():
                write_whole(self._seal, slot if row[0] % 2 == 0 else b" " * _SLOT + slot)
                return
            handle = os.open(self._seal, os.O_RDWR | getattr(os, "O_BINARY", 0))
            try:
                os.lseek(handle, _SLOT * (row[0] % 2), os.SEEK_SET)
                os.write(handle, slot)
            finally:
                os.close(handle)
        except OSError:
            return  # a full disk: the older seal stays valid, it only covers less

    def events(self, *, case_id: str = "", limit: int = 1000, before: int | None = None) -> tuple[AuditEvent, ...]:
        """The newest events first; of one case, or those before a number."""
        where, values = "WHERE seq < ?", [before if before is not None else 2**62]
        clause, more = (" AND case_id = ?", [case_id]) if case_id else ("", [])
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT seq, at, user, action, case_id, detail, previous, hash FROM audit {where}{clause} "
                "ORDER BY seq DESC LIMIT ?",
                [*values, *more, limit],
            ).fetchall()
        return tuple(AuditEvent(*row) for row in rows)

    def verify(self) -> AuditCheck:
        """Walk the chain from its start; compare its end with the seal."""
        problems: list[str] = []
        expected, previous, count = 1, _START, 0
        by_seq: dict[int, str] = {}
        with self._database.read() as connection:
            for row in connection.execute(
                "SELECT seq, at, user, action, case_id, detail, previous, hash FROM audit ORDER BY seq"
            ):
                event = AuditEvent(*row)
                problems += _faults(event, expected, previous)
                expected, previous, count = event.seq + 1, event.hash, count + 1
                by_seq[event.seq] = event.hash
        return AuditCheck(count, tuple(problems + self._seal_faults(by_seq)))

    def _seal_faults(self, by_seq: Mapping[int, str]) -> list[str]:
        if not self._seal.exists():
            return ["the seal (audit.seal) is missing"] if by_seq else []
        data = self._seal.read_bytes()
        slots = [self._slot(data[i : i + _SLOT]) for i in (0, _SLOT)]
        number, end = max(slots)
        if number < 0:
            return ["the seal (audit.seal) is damaged or not this store's"]
        if number == 0:
            return []  # sealed when the store was made, before its first event
        if number not in by_seq:
            return [f"the log ends before event {number}, which the seal names: events were removed"]
        return [] if by_seq[number] == end else [f"event {number} is not the one that was sealed"]

    def _slot(self, data: bytes) -> tuple[int, str]:
        """(event number, hash) of one slot of the seal; (-1, "") where it is empty, torn or another store's."""
        try:
            seq, end, mac = data.decode("ascii").split()
            number = int(seq)
        except (ValueError, UnicodeDecodeError):
            return -1, ""
        return (number, end) if hmac.compare_digest(mac, self._mac(f"{seq} {end}")) else (-1, "")

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def _append(connection: Any, at: str, user: str, action: str, case_id: str, detail: str) -> None:
    last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone() or (0, _START)
    seq, previous = last[0] + 1, last[1]
    fields = (seq, at, user, action, case_id, detail)
    connection.execute(
        "INSERT INTO audit (seq, at, user, action, case_id, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*fields, previous, _digest(fields, previous)),
    )


def _digest(fields: tuple[object, ...], previous: str) -> str:
    return hashlib.sha256(previous.encode() + msgspec.json.encode(fields)).hexdigest()


def _faults(event: AuditEvent, expected: int, previous: str) -> list[str]:
    faults = []
    if event.seq != expected:
        faults.append(f"event {expected} to {event.seq - 1} removed")
    if event.previous != previous:
        faults.append(f"event {event.seq} does not follow the one before it")
    fields = (event.seq, event.at, event.user, event.action, event.case_id, event.detail)
    if event.hash != _digest(fields, event.previous):
        faults.append(f"event {event.seq} was changed")
    return faults
