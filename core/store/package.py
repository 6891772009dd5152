"""One case as an encrypted file that another workstation opens: store and forward, a second opinion.

A package holds the case, its kept files and who sent it, encrypted with AES-256-GCM under a key stretched from a passphrase
that travels another way (by telephone). Importing checks everything before the store is touched.
"""

import os
import secrets
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.domain.case import Case, CaseStatus
from core.domain.serial import from_json, to_json
from core.errors import NewerFile, UserError
from core.store import keys
from core.store.clock import stamp
from core.store.files import write_whole
from core.store.store import Store
from core.store.users import Permission

MAGIC = b"CONSILIUM-CASE\n"
FORMAT = 1
LARGEST = 2 << 30
"""Bytes a package may unfold to: a bomb is refused before it fills the memory."""
_ALTERED = "The package is damaged, or the passphrase is wrong; nothing was imported."
_AGAIN = "Check the passphrase with the sender, or ask for the file again."


@dataclass(frozen=True, slots=True)
class Sent:
    """Who sent a package, when, with what to ask."""

    by: str
    at: str
    question: str
    case_id: str
    signature_held: bool


@dataclass(frozen=True, slots=True)
class _Contents:
    sent: Sent
    case: bytes
    files: tuple[tuple[str, bytes], ...]


def export_case(store: Store, case_id: str, path: Path, passphrase: str, *, question: str = "") -> Sent:
    """Write a case with its kept files to an encrypted package."""
    who = store.users.require(Permission.EXPORT)
    case = store.load(case_id)
    held = case.status == CaseStatus.SIGNED and store.signature_holds(case_id)
    sent = Sent(who, stamp(store._clock()), question, case_id, held)
    files = tuple((name, store.file_bytes(sha256)) for sha256, name, _ in store.kept_files(case_id))
    body = zlib.compress(msgspec.msgpack.encode(_Contents(sent, to_json(case), files)), 6)
    key = secrets.token_bytes(32)
    keyfile = keys.wrap(key, passphrase, keys.KeyFile(FORMAT, keys.Protection.PASSPHRASE, secrets.token_hex(8)))
    head, nonce = msgspec.json.encode(keyfile), os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, body, head)
    try:
        write_whole(path, MAGIC + struct.pack(">I", len(head)) + head + nonce + sealed)
    except OSError as error:
        raise UserError(f"The package could not be written ({error.strerror}).", "Choose another folder.") from error
    store.audit.add_or_keep("package_export", who, case_id)
    return sent


def import_case(store: Store, path: Path, passphrase: str) -> tuple[Case, Sent]:
    """Open a package and keep its case under a new id; decisions and addenda come along as they are.

    A signed case arrives unsigned (the signature is the sender's) with the reader's own review before it. Raises UserError
    for a wrong passphrase or an altered file and NewerFile for one from a newer version; the store is then unchanged.
    """
    who = store.users.require(Permission.CHANGE)
    contents = _read(path, passphrase)
    try:
        case = from_json(contents.case, Case)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError("The package's case is not readable by this version.", "Update the program.") from error
    fresh = replace(
        case, id=uuid4().hex[:12], status=CaseStatus.TO_REVIEW, signed_by="", signed_at="", addenda=(), decisions=()
    )
    with store.database.write():
        saved = store.save(fresh, who)
        store.add_received(saved.id, case)
        for name, data in contents.files:
            store.keep_bytes(saved.id, Path(name).name or "file", data)
        store.audit.add("package_import", who, saved.id, sent_by=contents.sent.by, sent_at=contents.sent.at)
    store.audit.seal()
    return store.load(saved.id, user=who), contents.sent


def _read(path: Path, passphrase: str) -> _Contents:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path.name} could not be read ({error.strerror}).", "Check the file.") from error
    if not data.startswith(MAGIC):
        raise UserError(f"{path.name} is not a case package.", "Choose a file written by “Export package”.")
    try:
        (length,) = struct.unpack_from(">I", data, len(MAGIC))
        start = len(MAGIC) + 4
        head = data[start : start + length]
        plain = msgspec.json.decode(head)
        if plain.get("format", 0) > FORMAT:
            raise NewerFile("This package was made by a newer version.", "Update the program to open it.")
        keyfile = msgspec.convert(plain, keys.KeyFile)
        key = keys.unwrap(keyfile, passphrase)
        nonce, sealed = data[start + length :][:12], data[start + length + 12 :]
        body = AESGCM(key).decrypt(nonce, sealed, head)
        unfolder = zlib.decompressobj()
        raw = unfolder.decompress(body, LARGEST)
        if unfolder.unconsumed_tail:
            raise UserError("The package is too large.", "Ask the sender for fewer images.")
        return msgspec.msgpack.decode(raw, type=_Contents)
    except (InvalidTag, ValueError, struct.error, zlib.error, msgspec.MsgspecError, AttributeError, TypeError) as error:
        raise UserError(_ALTERED, _AGAIN) from error
