"""Deleted cases until they are purged: which there are, since when, by whom and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from core.store.clock import moment
from core.store.store import Store
from core.store.users import Permission


@dataclass(frozen=True, slots=True)
class DeletedCase:
    """A case off the worklist that can still come back. No patient: who may delete need not be who may see."""

    id: str
    at: str
    user: str
    reason: str


def deleted_cases(store: Store) -> tuple[DeletedCase, ...]:
    """Deleted and not yet purged, the newest first."""
    store.users.require(Permission.DELETE)
    with store.database.read() as connection:
        rows = connection.execute(
            "SELECT id, deleted_at FROM cases WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC"
        ).fetchall()
    found = []
    for case_id, at in rows:
        event = next((e for e in store.audit.events(case_id=case_id) if e.action == "delete"), None)
        detail = msgspec.json.decode(event.detail) if event else {}
        found.append(DeletedCase(case_id, at, event.user if event else "", str(detail.get("reason", ""))))
    return tuple(found)


def purge_older_than(store: Store, days: int, now: datetime, user: str = "") -> int:
    """Remove for good the cases deleted at least `days` ago; returns how many."""
    before = now - timedelta(days=days)
    # `purge` takes what was deleted before a time: a case deleted this very moment counts at 0 days.
    return store.purge(deleted_before=before + timedelta(milliseconds=1), user=user)


def older_than(cases: tuple[DeletedCase, ...], days: int, now: datetime) -> int:
    """How many of them `purge_older_than` would remove."""
    return sum(1 for case in cases if moment(case.at) <= now - timedelta(days=days))
