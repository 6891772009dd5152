"""Files kept with a case (images, documents), each encrypted with AES-256-GCM in chunks of 1 MiB.

A file's name in the vault is an HMAC of its SHA-256, so the folder does not tell which well-known file is there.
"""

import hashlib
import hmac
import os
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import UserError
from core.progress import Report, silent
from core.store.files import sync_folder

MAGIC = b"CNSLVLT1"
CHUNK = 1 << 20
_TAG = 16


class Vault:
    """The encrypted files of one store."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._key, self._cipher = folder, key, AESGCM(key)

    def put(self, source: Path, report: Report = silent) -> tuple[str, int]:
        """Keep a copy of a file; returns (SHA-256, size). Keeping the same bytes twice costs nothing."""
        digest, size = hashlib.sha256(), source.stat().st_size
        with source.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        sha256 = digest.hexdigest()
        if not self.path(sha256).exists():
            with source.open("rb") as file:
                self._write(sha256, iter(lambda: file.read(CHUNK), b""), size, report)
        return sha256, size

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes (a thumbnail, a rendered page); returns their SHA-256."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.path(sha256).exists():
            chunks = (data[i : i + CHUNK] for i in range(0, len(data), CHUNK))
            self._write(sha256, chunks, len(data), silent)
        return sha256

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The file's bytes, a chunk at a time. Raises UserError where it is missing or was altered."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                head = file.read(len(MAGIC) + 8)
                prefix = head[len(MAGIC) :]
                if head[: len(MAGIC)] != MAGIC:
                    raise InvalidTag
                number, sealed = 0, file.read(CHUNK + _TAG)
                if not sealed:  # even an empty file has one sealed chunk
                    raise InvalidTag
                while sealed:
                    following = file.read(CHUNK + _TAG)
                    yield self._cipher.decrypt(_nonce(prefix, number), sealed, _bound(sha256, not following))
                    number, sealed = number + 1, following
        except FileNotFoundError as error:
            raise UserError("A file of this case is missing from the store.", "Restore it from a backup.") from error
        except InvalidTag as error:
            raise UserError("A file of this case was damaged or altered.", "Restore it from a backup.") from error

    def read(self, sha256: str) -> bytes:
        """The whole file."""
        return b"".join(self.chunks(sha256))

    def remove(self, sha256: str) -> None:
        """Take a file away. Its bytes on the disk are only readable with the store's key."""
        self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the encrypted file lies."""
        name = hmac.new(self._key, sha256.encode("ascii"), hashlib.sha256).hexdigest()
        return self._folder / name[:2] / name[2:]

    def _write(self, sha256: str, chunks: Iterator[bytes], size: int, report: Report) -> None:
        path = self.path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside, prefix, done = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp"), os.urandom(8), 0
        try:
            with beside.open("wb") as file:
                file.write(MAGIC + prefix)
                for number, (chunk, last) in enumerate(_with_last(chunks)):
                    file.write(self._cipher.encrypt(_nonce(prefix, number), chunk, _bound(sha256, last)))
                    done += len(chunk)
                    report(done, size, "keeping the file")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise UserError(
                f"The file could not be kept ({error.strerror}).", "Check the disk's free space."
            ) from error
        finally:
            beside.unlink(missing_ok=True)


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + struct.pack(">I", number)


def _bound(sha256: str, last: bool) -> bytes:
    """What a chunk is tied to: its file, and whether it is the last (a cut file then fails its check)."""
    return sha256.encode("ascii") + (b"!" if last else b".")


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    held = next(chunks, b"")
    for chunk in chunks:
        yield held, False
        held = chunk
    yield held, True
