"""The encrypted database: one connection behind one lock, explicit transactions, errors in plain words.

One connection serves all threads of the program; `read` and `write` hold a lock, so a thread waits for another's
transaction and never sees half of it. A second program on the same file shares it through WAL and a busy timeout.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as cipher

from core.errors import UserError

BUSY_MS = 5000
_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "cache_size=-65536",
)
DAMAGED = "Nothing was overwritten: recover a copy (`main.py backup recover`) or restore a backup."


def _sqlite_utils() -> Any:
    """sqlite-utils, imported without pandas: it loads pandas where it finds it, and start-up must not pay for that."""
    if "pandas" in sys.modules:
        import sqlite_utils

        return sqlite_utils
    sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        import sqlite_utils
    finally:
        del sys.modules["pandas"]
    return sqlite_utils


class Damaged(UserError):
    """A page of the database can't be read (or the key is wrong)."""


class Database:
    """A SQLCipher database (AES-256, every page authenticated) under sqlite-utils; `tables` is the sqlite-utils view."""

    def __init__(self, path: Path, key: bytes | None) -> None:
        """Open `path` with a raw 32-byte key; `key` None opens plain SQLite (for the benchmark's comparison only)."""
        self.path = path
        self.lock = threading.RLock()
        self.read_only = False
        self._key = key
        self._open()

    def _open(self) -> None:
        with translated(self.path.name):
            self.connection = self._opened(self.path, self._key)
            self.tables = _sqlite_utils().Database(self.connection)

    def _opened(self, path: Path, key: bytes | None) -> Any:
        """A connection for reading and writing; on a disk that can't be written, for reading alone."""
        try:
            return self._connected(path, key, "")
        except cipher.OperationalError as error:
            if not _is_read_only(error) or not path.exists() or _size(path.with_name(path.name + "-wal")):
                raise
        self.read_only = True
        return self._connected(path, key, "?immutable=1")

    @staticmethod
    def _connected(path: Path, key: bytes | None, query: str) -> Any:
        uri = path.absolute().as_uri() + query
        connection = cipher.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        try:
            if key is not None:
                connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            for pragma in (f"busy_timeout={BUSY_MS}", *_PRAGMAS, *(("journal_mode=WAL",) if not query else ())):
                connection.execute(f"PRAGMA {pragma}").fetchone()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def read(self) -> Iterator[Any]:
        """The connection, for reading. After a page that can't be read SQLCipher refuses all others: then it is renewed."""
        with self.lock:
            try:
                with translated(self.path.name):
                    yield self.connection
            except Damaged:
                if not self.connection.in_transaction:
                    self.connection.close()
                    self._open()
                raise

    @contextmanager
    def write(self) -> Iterator[Any]:
        """The connection inside a transaction: all of it or nothing. Inside another `write`, part of that one."""
        with self.lock, translated(self.path.name):
            if self.read_only:
                raise UserError(
                    "The store is on a read-only disk.", "Nothing can be saved; copy the profile elsewhere."
                )
            if self.connection.in_transaction:
                yield self.connection
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def intact(self) -> tuple[str, ...]:
        """What SQLite and SQLCipher find wrong: empty when every page and index is whole."""
        with self.read() as connection:
            pages = [str(row[0]) for row in connection.execute("PRAGMA cipher_integrity_check")]
            rows = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            keys = [f"foreign key: {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
        return tuple(pages + [r for r in rows if r != "ok"] + keys)

    def close(self) -> None:
        """Close; the WAL is folded into the file by the last program to leave."""
        with self.lock:
            self.connection.close()


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn the database's errors that a user can mend into UserErrors."""
    try:
        yield
    except cipher.DatabaseError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            what, next_step = "The store is in use by another program.", "Close it or wait a moment, then try again."
        elif "full" in text:
            what, next_step = "The disk is full; nothing of this change was saved.", "Free some space and save again."
        elif _is_read_only(error) or "disk I/O error" in text:
            what, next_step = f"The disk cannot be written ({text}).", "Check the disk; what was saved before is kept."
        elif "not a database" in text or "malformed" in text or "encrypted" in text:
            raise Damaged(f"The store {name} is damaged or its key is wrong.", DAMAGED) from error
        else:
            raise
        raise UserError(what, next_step) from error


def _is_read_only(error: Exception) -> bool:
    return "readonly" in str(error) or "unable to open" in str(error)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
