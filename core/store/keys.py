"""The store's key: 32 random bytes, kept in the keyring, in a file for this account alone, or wrapped by a passphrase.

The database, the file vault and the audit seal each use a key derived from it (HKDF-SHA256, RFC 5869).
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import msgspec
from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.domain.basics import Label
from core.errors import NewerFile, UserError
from core.store.files import write_whole

FORMAT = 1
ARGON_PASSES = 3
ARGON_MEMORY_KIB = 65536
ARGON_LANES = 1
MOST_MEMORY_KIB = 4 * ARGON_MEMORY_KIB
MOST_WORK_KIB = 5 * ARGON_PASSES * ARGON_MEMORY_KIB
"""What a key file may ask of this machine: a file from elsewhere must not take a gigabyte or a minute."""
STALE_S = 3.0
_SERVICE = "Consilium store"


class Protection(StrEnum):
    """What guards the key."""

    KEYRING = "keyring"
    FILE = "file"
    PASSPHRASE = "passphrase"


PLAIN_WORDS = {
    Protection.KEYRING: Label(
        "The store is encrypted; its key is in this computer's keyring and opens with your login.",
        "病例库已加密；密钥存放在本机的系统钥匙串中，随您的登录解锁。",
    ),
    Protection.FILE: Label(
        "The store is encrypted, but its key lies in a file beside it: whoever can read your account's files can open it. "
        "Set a passphrase to prevent that.",
        "病例库已加密，但密钥保存在旁边的文件中：能读取您账户文件的人都能打开它。设置口令即可避免。",
    ),
    Protection.PASSPHRASE: Label(
        "The store is encrypted; its key is wrapped by your passphrase (Argon2id). "
        "A forgotten passphrase cannot be replaced.",
        "病例库已加密；密钥由您的口令（Argon2id）保护。口令遗忘后无法找回。",
    ),
}
"""What is said to the user about each protection, without varnish."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """`key.json`: how to get the key. `created` is set once the database exists, so that a lost one is noticed."""

    format: int
    protection: Protection
    store_id: str
    created: bool = False
    salt: str = ""
    nonce: str = ""
    wrapped: str = ""
    passes: int = ARGON_PASSES
    memory_kib: int = ARGON_MEMORY_KIB
    lanes: int = ARGON_LANES


def derive(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"consilium/{purpose}/1".encode()).derive(key)


def read(folder: Path) -> KeyFile | None:
    """The key file of a store; None where there is none yet."""
    path = folder / "key.json"
    if not path.exists():
        return None
    try:
        found = msgspec.json.decode(path.read_bytes())
        if found.get("format", 0) > FORMAT:
            raise NewerFile("This store was made by a newer version.", "Update the program to open it.")
        return msgspec.convert(found, KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise UserError(
            f"The key file {path.name} is damaged; the store was not touched.", "Restore it from a backup."
        ) from error


@contextmanager
def creating(folder: Path) -> Iterator[None]:
    """Let one program at a time make a store in `folder`: two with a key each would lock each other out for good.

    The lock is a folder (made atomically on every system); one left behind by a crash is taken over after three seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / "creating"
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            with suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > STALE_S:
                    lock.rmdir()
            time.sleep(0.02)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            lock.rmdir()


def create(folder: Path, passphrase: str | None, *, allow_keyring: bool) -> bytes:
    """Make and keep a new key. Refuses where a database lies without its key."""
    if (folder / "consilium.db").exists():  # a store.key alone is left by a first start that was cut off
        raise UserError(
            "The store's key file (key.json) is missing; the store was not touched.",
            "Restore the whole store folder from a backup.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    key = secrets.token_bytes(32)
    protect(
        folder, key, KeyFile(FORMAT, Protection.FILE, secrets.token_hex(8)), passphrase, allow_keyring=allow_keyring
    )
    return key


def protect(folder: Path, key: bytes, old: KeyFile, passphrase: str | None, *, allow_keyring: bool) -> KeyFile:
    """Keep `key` under a passphrase, else in the keyring, else in a file; then take away the former protection."""
    if passphrase is not None:
        new = wrap(key, passphrase, replace(old, protection=Protection.PASSPHRASE))
    elif allow_keyring and _keyring_keeps(old.store_id, key):
        new = replace(old, protection=Protection.KEYRING, salt="", nonce="", wrapped="")
    else:
        write_whole(folder / "store.key", key.hex().encode())
        new = replace(old, protection=Protection.FILE, salt="", nonce="", wrapped="")
    write(folder, new)
    if new.protection != Protection.FILE:
        (folder / "store.key").unlink(missing_ok=True)
    if old.protection == Protection.KEYRING and new.protection != Protection.KEYRING:
        _keyring_forgets(old.store_id)
    return new


def write(folder: Path, keyfile: KeyFile) -> None:
    """Swap in a new key file."""
    write_whole(folder / "key.json", msgspec.json.format(msgspec.json.encode(keyfile), indent=2))


def wrap(key: bytes, passphrase: str, keyfile: KeyFile) -> KeyFile:
    """`keyfile` holding `key` wrapped by a passphrase: AES-256-GCM under Argon2id."""
    if len(passphrase) < 8:
        raise UserError("The passphrase is too short.", "Use at least 8 characters; four random words are better.")
    new = replace(
        keyfile,
        salt=secrets.token_hex(16),
        nonce=secrets.token_hex(12),
        passes=ARGON_PASSES,
        memory_kib=ARGON_MEMORY_KIB,
        lanes=ARGON_LANES,
    )
    sealed = AESGCM(_stretched(passphrase, new)).encrypt(bytes.fromhex(new.nonce), key, new.store_id.encode())
    return replace(new, wrapped=sealed.hex())


def unwrap(keyfile: KeyFile, passphrase: str | None) -> bytes:
    """The key from a passphrase. Raises UserError where it is missing or wrong."""
    if passphrase is None:
        raise UserError("This store is protected by a passphrase.", "Give the passphrase (CONSILIUM_PASSPHRASE).")
    if not (keyfile.memory_kib <= MOST_MEMORY_KIB and keyfile.passes * keyfile.memory_kib <= MOST_WORK_KIB
            and keyfile.lanes <= 16):  # fmt: skip
        raise UserError("The key file is damaged.", "Restore it from a backup.")  # or meant to keep us busy for hours
    try:
        return AESGCM(_stretched(passphrase, keyfile)).decrypt(
            bytes.fromhex(keyfile.nonce), bytes.fromhex(keyfile.wrapped), keyfile.store_id.encode()
        )
    except InvalidTag as error:
        raise UserError("The passphrase is wrong.", "Try again.") from error
    except (ValueError, OverflowError, Argon2Error) as error:
        raise UserError("The key file is damaged.", "Restore it from a backup.") from error


def unlock(folder: Path, keyfile: KeyFile, passphrase: str | None) -> bytes:
    """The key of an existing store."""
    if keyfile.protection == Protection.PASSPHRASE:
        return unwrap(keyfile, passphrase)
    if keyfile.protection == Protection.KEYRING:
        found = _from_keyring(keyfile.store_id)
        where = "in this computer's keyring"
    else:
        path = folder / "store.key"
        found = path.read_text("ascii") if path.exists() else None
        where = "in store.key"
    if not found or len(found.strip()) != 64:
        raise UserError(f"The store's key is not {where}; the store was not touched.", "Restore the key from a backup.")
    return bytes.fromhex(found.strip())


def _stretched(passphrase: str, keyfile: KeyFile) -> bytes:
    """Argon2id (RFC 9106) of the passphrase with the parameters the key file names."""
    return hash_secret_raw(
        passphrase.encode(),
        bytes.fromhex(keyfile.salt),
        time_cost=keyfile.passes,
        memory_cost=keyfile.memory_kib,
        parallelism=keyfile.lanes,
        hash_len=32,
        type=Type.ID,
    )


def keyring_usable() -> bool:
    """Whether the OS keyring may be asked: not for a portable profile, not on Linux without a desktop session."""
    if os.environ.get("CONSILIUM_PROFILE"):
        return False
    if os.name == "posix" and os.uname().sysname == "Linux":
        desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        return bool(desktop and os.environ.get("DBUS_SESSION_BUS_ADDRESS"))
    return True


def _keyring_keeps(store_id: str, key: bytes) -> bool:
    """Put the key into the keyring and read it back; False where no keyring works."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, store_id, key.hex())
        return keyring.get_password(_SERVICE, store_id) == key.hex()
    except (KeyringError, OSError, RuntimeError):
        return False


def _from_keyring(store_id: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, store_id)
    except (KeyringError, OSError, RuntimeError) as error:
        raise UserError("The keyring did not open.", "Unlock this computer's keyring and try again.") from error


def _keyring_forgets(store_id: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.delete_password(_SERVICE, store_id)
    except (KeyringError, OSError, RuntimeError):
        return
