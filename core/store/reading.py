"""Reading a part of many cases at once: for views over a set of cases and for the index of similar ones.

Opening a case whole takes milliseconds; a hundred thousand of them do not. Only what is asked for is read, in slices, so
that other work gets its turn at the database. The caller checks nothing: permission and the audit log are seen to here.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

import msgspec

from core.domain.case import Case, Decision
from core.domain.record import Sex
from core.domain.serial import from_json
from core.errors import UserError
from core.store.database import DAMAGED, Damaged
from core.store.parts import unpack
from core.store.store import Store
from core.store.users import Permission

_SLICE = 256
_TYPES = get_type_hints(Case)


@dataclass(frozen=True, slots=True)
class Head:
    """A stored case without its parts. `revision` grows with every save."""

    key: int
    id: str
    revision: int
    age_years: float | None
    sex: Sex
    status: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: the doctor's diagnosis, whether it was signed, and the decisions that were made."""

    head: Head
    working_diagnosis: str
    signed_at: str
    decisions: tuple[Decision, ...]


def heads(store: Store, ids: Sequence[str] | None = None) -> tuple[Head, ...]:
    """All cases that are not deleted, or those of `ids`, in the order of their keys."""
    store.users.require(Permission.VIEW)
    with store.database.read() as connection:
        rows = connection.execute(
            "SELECT key, id, revision, age_years, sex, status FROM cases WHERE deleted_at IS NULL ORDER BY key"
        ).fetchall()
    wanted = None if ids is None else set(ids)
    return tuple(Head(k, i, r, a, Sex(s), t) for k, i, r, a, s, t in rows if wanted is None or i in wanted)


def parts(store: Store, found: Sequence[Head], part: str, kind: Any = None) -> Iterator[tuple[Head, Any]]:
    """One part of each case that has it, as `kind` (default: the part's own type). A smaller type with fewer fields is
    read faster. Raises Damaged where a part is not what was written."""
    store.users.require(Permission.VIEW)
    decoder = msgspec.json.Decoder(kind) if kind else None
    for start in range(0, len(found), _SLICE):
        by_key = {head.key: head for head in found[start : start + _SLICE]}
        marks = ", ".join("?" * len(by_key))
        with store.database.read() as connection:
            rows = connection.execute(
                f"SELECT case_key, zipped, data FROM parts WHERE part = ? AND case_key IN ({marks}) ORDER BY case_key",
                (part, *by_key),
            ).fetchall()
        for key, zipped, data in rows:
            try:
                plain = unpack(zipped, data)
                yield by_key[key], decoder.decode(plain) if decoder else from_json(plain, _TYPES[part])
            except (zlib.error, msgspec.MsgspecError) as error:
                raise Damaged(f"A part of case {by_key[key].id} is damaged.", DAMAGED) from error


def notes(store: Store, found: Sequence[Head]) -> Iterator[tuple[Head, str]]:
    """The words of each case's notes, as the search keeps them; cases without any are left out."""
    store.users.require(Permission.VIEW)
    for start in range(0, len(found), _SLICE):
        by_key = {head.key: head for head in found[start : start + _SLICE]}
        marks = ", ".join("?" * len(by_key))
        with store.database.read() as connection:
            rows = connection.execute(
                f"SELECT case_key, note FROM search_texts WHERE case_key IN ({marks}) AND note <> ''", tuple(by_key)
            ).fetchall()
        yield from ((by_key[key], note) for key, note in rows)


def outcome(store: Store, case_id: str, user: str = "") -> Outcome:
    """What became of a case; looking at it is a view, and goes into the audit log as one. Raises UserError without it."""
    who = store.users.require(Permission.VIEW, user)
    found = heads(store, (case_id,))
    if not found:
        raise UserError(f"There is no case {case_id}.")
    with store.database.read() as connection:
        diagnosis, signed_at = connection.execute(
            "SELECT working_diagnosis, signed_at FROM cases WHERE key = ?", (found[0].key,)
        ).fetchone()
        rows = connection.execute("SELECT data FROM decisions WHERE case_key = ? ORDER BY row", (found[0].key,))
        made = tuple(from_json(data, Decision) for (data,) in rows.fetchall())
    store.audit.add_view(who, case_id)
    return Outcome(found[0], diagnosis, signed_at, made)


def note_set(store: Store, what: str, count: int, user: str = "") -> None:
    """Write into the audit log that a view over many cases was made (`what`), and over how many."""
    who = store.users.require(Permission.VIEW, user)
    store.audit.add_or_keep(what, who, "", cases=count)
