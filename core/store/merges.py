"""Two cases that are one patient: joined in one transaction's reach, and taken apart again whenever that was wrong.

What the case was before is kept, encrypted, with the case; the other case is only marked deleted until it is purged.
"""

from core.domain.case import Case
from core.domain.serial import from_json, to_json
from core.errors import UserError
from core.store.store import Store
from core.store.users import Permission

_BEFORE = "before-merge-"


def keep_merge(store: Store, merged: Case, kept: Case, other: Case, user: str = "") -> Case:
    """Save `merged` (of `kept` and `other`) under `kept`'s id and take `other` off the worklist."""
    who = store.users.require(Permission.DELETE, user)
    store.keep_bytes(kept.id, f"{_BEFORE}{other.id}", to_json(kept))
    store.share_files(other.id, kept.id)
    saved = store.save(merged, who)
    store.delete(other.id, who, reason=f"merged into {kept.id}")
    return saved


def last_merge(store: Store, case_id: str) -> tuple[str, Case] | None:
    """(id of the case that was merged in last, the case as it was before), or None."""
    found = [(name, sha256) for sha256, name, _ in store.kept_files(case_id) if name.startswith(_BEFORE)]
    if not found:
        return None
    name, sha256 = found[-1]
    return name.removeprefix(_BEFORE), from_json(store.file_bytes(sha256), Case)


def bring_back(store: Store, other_id: str, user: str = "") -> Case:
    """The case that was merged in, on the worklist again. Raises `UserError` once it was purged."""
    try:
        return store.restore_deleted(other_id, store.users.require(Permission.DELETE, user))
    except UserError as error:
        raise UserError("The other case was removed for good.", "Restore it from a backup.") from error


def keep_unmerged(store: Store, unmerged: Case, other_id: str, user: str = "") -> Case:
    """Save the case as it is without the other one; the merge can then not be undone a second time."""
    who = store.users.require(Permission.DELETE, user)
    saved = store.save(unmerged, who)
    store.drop_file(saved.id, f"{_BEFORE}{other_id}")
    store.audit.add_or_keep("unmerge", who, saved.id, other=other_id)
    return saved
