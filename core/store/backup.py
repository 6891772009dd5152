"""Backup: the whole store in an encrypted folder, incrementally, verified by restoring it.

    target/
      backup.json      the key, wrapped by the backup's passphrase (Argon2id), and the order of the snapshots
      blobs/ab/...     pieces of databases and kept files, each under its HMAC, encrypted with AES-256-GCM
      snapshots/N      the list of a snapshot's files and pieces, encrypted

The database file and its WAL are copied inside a read transaction: programs go on writing, and SQLite changes only pages
that the copied WAL holds too (sqlite.org/walformat.html). The copies are cut into 64 KiB pieces; pages keep their place and
their ciphertext (SQLite's own backup would encrypt every page anew), so a piece that an earlier snapshot has is not written
again. A snapshot counts once it was restored to a temporary folder and its integrity check came out clean.
"""

import hashlib
import hmac
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import NewerFile, UserError
from core.progress import Report, silent
from core.store import keys
from core.store.clock import stamp
from core.store.database import Database
from core.store.files import write_whole
from core.store.store import Store
from core.store.users import Permission

FORMAT = 1
PIECE = 65536
_KEY = "store.key"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One backup: number, time, files as (path, size, pieces) and whether restoring it was tried and found whole."""

    number: int
    at: str
    files: tuple[tuple[str, int, tuple[str, ...]], ...]
    cases: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backup did: `written` new pieces of `pieces`, in bytes as they lie on the disk."""

    number: int
    pieces: int
    written: int
    bytes_written: int
    cases: int
    verified: bool


@dataclass(frozen=True, slots=True)
class _Head:
    format: int
    keyfile: keys.KeyFile
    snapshots: tuple[int, ...] = ()


def back_up(store: Store, target: Path, passphrase: str, report: Report = silent) -> Outcome:
    """Add a snapshot of `store` to the backup in `target` (made where it is empty), and verify it by restoring."""
    who = store.users.require(Permission.MANAGE_STORE)
    target.mkdir(parents=True, exist_ok=True)
    head, key = _open_or_create(target, passphrase)
    box = _Box(target, key)
    number = max(head.snapshots, default=0) + 1
    with tempfile.TemporaryDirectory(dir=store.folder, prefix="backup-") as scratch:
        cases = _copy_database(store, Path(scratch))
        files = [(path.name, path) for path in sorted(Path(scratch).iterdir())] + _other_files(store)
        total = sum(path.stat().st_size for _, path in files)
        listed = [(n, path.stat().st_size, tuple(box.put_file(path, report, total))) for n, path in files]
    secret = store._key.hex().encode()
    listed.append((_KEY, len(secret), (box.put(secret),)))
    snapshot = Snapshot(number, stamp(store._clock()), tuple(listed), cases)
    box.put_snapshot(snapshot)
    verified = _restores(box, box.snapshot(number), store)
    if not verified:
        raise UserError("The backup did not restore cleanly and was not recorded.", "Try another disk.")
    _write_head(target, replace(head, snapshots=(*head.snapshots, number)))
    store.audit.add_or_keep("backup", who, number=number, cases=cases)
    return Outcome(number, box.seen, box.written, box.bytes_written, cases, verified)


def snapshots(target: Path, passphrase: str) -> tuple[Snapshot, ...]:
    """The snapshots of a backup, oldest first."""
    head, key = _open(target, passphrase)
    box = _Box(target, key)
    return tuple(box.snapshot(number) for number in head.snapshots)


def restore(
    target: Path, passphrase: str, folder: Path, *, number: int | None = None, report: Report = silent
) -> Snapshot:
    """Write a snapshot (the newest by default) into `folder`, which must not hold a store yet.

    The restored store's key lies in a key file or keyring as on a new installation; its passphrase, if it had one, is not
    needed. Raises UserError where the backup is damaged; `folder` is then left as it was.
    """
    head, key = _open(target, passphrase)
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty.", "Choose an empty folder; nothing was overwritten.")
    chosen = number if number is not None else max(head.snapshots, default=0)
    if chosen not in head.snapshots:
        raise UserError(f"The backup has no snapshot {chosen}.", f"It has {', '.join(map(str, head.snapshots))}.")
    box = _Box(target, key)
    snapshot = box.snapshot(chosen)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        beside.mkdir()
        store_key = bytes.fromhex(box.contents(snapshot, _KEY).decode("ascii"))
        for name, _, _ in snapshot.files:
            if name != _KEY:
                box.write_file(snapshot, name, beside, report)
        keyfile = keys.KeyFile(keys.FORMAT, keys.Protection.FILE, secrets.token_hex(8), created=True)
        keys.protect(beside, store_key, keyfile, None, allow_keyring=keys.keyring_usable())
        if folder.exists():
            folder.rmdir()
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return snapshot


class _Box:
    """Pieces and snapshots of one backup."""

    def __init__(self, target: Path, key: bytes) -> None:
        self._target, self._cipher = target, AESGCM(keys.derive(key, "backup"))
        self._name_key = keys.derive(key, "backup names")
        self.seen = self.written = self.bytes_written = self._done = 0

    def put_file(self, path: Path, report: Report, total: int) -> Iterator[str]:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                report(self._done, total, "backing up")
                self._done += len(piece)
                yield self.put(piece)

    def put(self, piece: bytes) -> str:
        name = hmac.new(self._name_key, piece, hashlib.sha256).hexdigest()
        path = self._target / "blobs" / name[:2] / name[2:]
        self.seen += 1
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            sealed = self._seal(piece, name)
            write_whole(path, sealed)
            self.written, self.bytes_written = self.written + 1, self.bytes_written + len(sealed)
        return name

    def piece(self, name: str) -> bytes:
        try:
            return self._unseal((self._target / "blobs" / name[:2] / name[2:]).read_bytes(), name)
        except FileNotFoundError as error:
            raise UserError("A piece of the backup is missing.", "Use another snapshot or backup.") from error

    def put_snapshot(self, snapshot: Snapshot) -> None:
        folder = self._target / "snapshots"
        folder.mkdir(exist_ok=True)
        data = msgspec.json.encode(snapshot)
        write_whole(folder / str(snapshot.number), self._seal(data, f"snapshot {snapshot.number}"))

    def snapshot(self, number: int) -> Snapshot:
        try:
            data = self._unseal((self._target / "snapshots" / str(number)).read_bytes(), f"snapshot {number}")
        except FileNotFoundError as error:
            raise UserError(f"Snapshot {number} is missing.", "Use another snapshot.") from error
        return msgspec.json.decode(data, type=Snapshot)

    def contents(self, snapshot: Snapshot, name: str) -> bytes:
        return b"".join(self.piece(p) for n, _, pieces in snapshot.files if n == name for p in pieces)

    def write_file(self, snapshot: Snapshot, name: str, folder: Path, report: Report) -> None:
        path = _inside(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for size, pieces in ((s, p) for n, s, p in snapshot.files if n == name):
                for piece in pieces:
                    file.write(self.piece(piece))
                    report(file.tell(), size, "restoring")
            file.flush()
            os.fsync(file.fileno())

    def whole(self, pieces: tuple[str, ...]) -> bool:
        """Whether every piece is there and is what its name says."""
        return all(hmac.new(self._name_key, self.piece(p), hashlib.sha256).hexdigest() == p for p in pieces)

    def _seal(self, data: bytes, name: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, data, name.encode())

    def _unseal(self, data: bytes, name: str) -> bytes:
        try:
            return self._cipher.decrypt(data[:12], data[12:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise UserError("The backup is damaged or was altered.", "Use another snapshot or backup.") from error


def _copy_database(store: Store, folder: Path) -> int:
    """Copy database and WAL as they lie on the disk (encrypted); returns the number of cases at that moment."""
    with store.database.read() as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    reader = Database(store.database.path, store._key)
    try:
        with reader.read() as connection:
            connection.execute("BEGIN")
            count = connection.execute("SELECT count(*) FROM cases WHERE deleted_at IS NULL").fetchone()[0]
            for name in ("consilium.db", "consilium.db-wal"):
                if (store.folder / name).exists():
                    shutil.copyfile(store.folder / name, folder / name)
            connection.execute("COMMIT")
    finally:
        reader.close()
    return int(count)


def _other_files(store: Store) -> list[tuple[str, Path]]:
    """The audit seal and the kept files, all encrypted or free of patient data as they lie."""
    kept = [p for p in sorted((store.folder / "files").rglob("*")) if p.is_file() and p.suffix != ".tmp"]
    return [(p.relative_to(store.folder).as_posix(), p) for p in (store.folder / "audit.seal", *kept) if p.exists()]


def _restores(box: _Box, snapshot: Snapshot, store: Store) -> bool:
    """Restore the database into a temporary folder and check it; read every other piece back."""
    with tempfile.TemporaryDirectory(dir=store.folder, prefix="verify-") as scratch:
        for name, _, pieces in snapshot.files:
            if name.startswith("consilium.db"):
                box.write_file(snapshot, name, Path(scratch), silent)
            elif not box.whole(pieces):
                return False
        database = Database(Path(scratch) / "consilium.db", store._key)
        try:
            if database.intact():
                return False
            with database.read() as connection:
                count = connection.execute("SELECT count(*) FROM cases WHERE deleted_at IS NULL").fetchone()[0]
            return bool(snapshot.cases <= count)
        finally:
            database.close()


def _open_or_create(target: Path, passphrase: str) -> tuple[_Head, bytes]:
    if (target / "backup.json").exists():
        return _open(target, passphrase)
    if any(target.iterdir()):
        raise UserError(f"{target} holds other files.", "Choose an empty folder for the backup.")
    key = secrets.token_bytes(32)
    keyfile = keys.wrap(key, passphrase, keys.KeyFile(keys.FORMAT, keys.Protection.PASSPHRASE, secrets.token_hex(8)))
    head = _Head(FORMAT, keyfile)
    _write_head(target, head)
    return head, key


def _open(target: Path, passphrase: str) -> tuple[_Head, bytes]:
    path = target / "backup.json"
    if not path.exists():
        raise UserError(f"{target} is not a backup.", "Choose the folder that holds backup.json.")
    try:
        plain = msgspec.json.decode(path.read_bytes())
        if plain.get("format", 0) > FORMAT:
            raise NewerFile("This backup was made by a newer version.", "Update the program to use it.")
        head = msgspec.convert(plain, _Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise UserError("backup.json is damaged.", "Use another copy of the backup.") from error
    return head, keys.unwrap(head.keyfile, passphrase)


def _write_head(target: Path, head: _Head) -> None:
    write_whole(target / "backup.json", msgspec.json.format(msgspec.json.encode(head), indent=2))


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise UserError("The backup names a file outside its folder.", "It was altered; use another backup.")
    return path
