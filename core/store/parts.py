"""A case's parts as JSON in the store: each is written only where it changed."""

import hashlib
import zlib
from dataclasses import replace
from typing import Any, get_type_hints

import msgspec

from core.domain.case import Addendum, Case, Decision
from core.domain.serial import from_json, to_json
from core.store.database import DAMAGED, Damaged

PARTS = (
    "record",
    "images",
    "files",
    "findings",
    "predictions",
    "refusals",
    "assessment",
    "explanation",
    "plan",
    "measurements",
)
"""The fields of `Case` kept as parts; the others are columns or tables of their own."""

_TYPES = get_type_hints(Case)
_EMPTY = {part: to_json(getattr(Case("", "", ""), part)) for part in PARTS}
_ZIP_FROM = 2048


def write_parts(connection: Any, key: int, case: Case) -> tuple[str, ...]:
    """Write the parts that differ from what is stored; returns their names."""
    stored = dict(connection.execute("SELECT part, sha256 FROM parts WHERE case_key = ?", (key,)).fetchall())
    changed = []
    for part in PARTS:
        data = to_json(getattr(case, part))
        sha256 = hashlib.sha256(data).hexdigest()
        if stored.get(part) == sha256 or (part not in stored and data == _EMPTY[part]):
            continue
        zipped, blob = pack(data)
        connection.execute(
            "INSERT INTO parts (case_key, part, sha256, zipped, data) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (case_key, part) DO UPDATE SET sha256 = excluded.sha256, zipped = excluded.zipped, "
            "data = excluded.data",
            (key, part, sha256, zipped, blob),
        )
        changed.append(part)
    return tuple(changed)


def read_parts(connection: Any, key: int, head: Case) -> Case:
    """`head` filled with its stored parts, decisions and addenda. Raises Damaged where one isn't what was written.

    SQLCipher hands out a large value whose last page fails its check with zeros in place of that page: hence the hashes.
    """
    rows = connection.execute("SELECT part, sha256, zipped, data FROM parts WHERE case_key = ?", (key,)).fetchall()
    try:
        parts = {part: from_json(_whole(*rest), _TYPES[part]) for part, *rest in rows if part in _TYPES}
        return with_additions(connection, key, replace(head, **parts))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise Damaged(f"A part of case {head.id} is damaged.", DAMAGED) from error


def _whole(sha256: str, zipped: int, data: bytes) -> bytes:
    plain = unpack(zipped, data)
    if hashlib.sha256(plain).hexdigest() != sha256:
        raise zlib.error("not what was written")
    return plain


def with_additions(connection: Any, key: int, case: Case) -> Case:
    """`case` with the decisions and addenda the store has."""
    return replace(
        case,
        decisions=tuple(from_json(d, Decision) for d in _added(connection, "decisions", key)),
        addenda=tuple(from_json(d, Addendum) for d in _added(connection, "addenda", key)),
    )


def pack(data: bytes) -> tuple[int, bytes]:
    """(1, deflated) where that is worth it, else (0, data)."""
    return (1, zlib.compress(data, 1)) if len(data) >= _ZIP_FROM else (0, data)


def unpack(zipped: int, data: bytes) -> bytes:
    """The reverse of `pack`."""
    return zlib.decompress(data) if zipped else data


def _added(connection: Any, table: str, key: int) -> list[bytes]:
    return [row[0] for row in connection.execute(f"SELECT data FROM {table} WHERE case_key = ? ORDER BY row", (key,))]
