"""Single rows of the store: a case's head, its decisions and addenda, and taking all of them away."""

import zlib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from core.domain.assessment import Assessment
from core.domain.case import Action, Addendum, Case, CaseStatus, Decision
from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImagePrediction
from core.domain.plan import Alert, PlanOption
from core.domain.record import Patient
from core.domain.serial import digest, to_json
from core.errors import UserError

_HEAD = "key, id, created_at, updated_at, status, reason, working_diagnosis, signed_by, signed_at, revision, deleted_at"
LATER: dict[type, frozenset[str]] = {
    Alert: frozenset({"level", "strength"}),
    PlanOption: frozenset({"genes"}),
    ImageExplanation: frozenset({"preview_r"}),
    ImagePrediction: frozenset({"conformal"}),
    Patient: frozenset({"place"}),
}
"""Fields that came after the first signatures. At their default they are left out of what is signed, so that a case signed
before them still is what was signed."""


def content_sha256(case: Case) -> str:
    """SHA-256 of what is signed: everything but the addenda, the signature and the time of change."""
    decisions = tuple(d for d in case.decisions if d.action != Action.SIGN)
    signed = replace(
        case, status=CaseStatus.NEW, updated_at="", addenda=(), signed_by="", signed_at="", decisions=decisions
    )
    return digest(_as_first_signed(signed))


def _as_first_signed(value: Any) -> Any:
    """The value as dicts and lists, in field order, without later fields that say nothing."""
    if isinstance(value, tuple | list):
        return [_as_first_signed(item) for item in value]
    if not is_dataclass(value):
        return value
    later = LATER.get(type(value), frozenset())
    kept = (f for f in fields(value) if f.name not in later or getattr(value, f.name) != f.default)
    return {f.name: _as_first_signed(getattr(value, f.name)) for f in kept}


def head_row(connection: Any, case_id: str) -> dict[str, Any] | None:
    """A case's head as a dict, deleted ones too; None where there is none."""
    row = connection.execute(f"SELECT {_HEAD} FROM cases WHERE id = ?", (case_id,)).fetchone()
    return dict(zip(_HEAD.split(", "), row, strict=True)) if row else None


def existing(connection: Any, case_id: str) -> dict[str, Any]:
    """The head of a case that is there. Raises UserError."""
    row = head_row(connection, case_id)
    if row is None or row["deleted_at"] is not None:
        raise UserError(f"There is no case {case_id}.", "`main.py cases list` shows those there are.")
    return row


def refuse_signed(head: dict[str, Any] | None) -> None:
    """Raise UserError for a signed or deleted case."""
    if head and head["deleted_at"] is not None:
        raise UserError("This case was deleted.", "Restore it first.")
    if head and head["signed_at"]:
        raise UserError("This case is signed and read-only.", "Add an addendum instead.")


def keep_assessment(connection: Any, key: int, assessment: Assessment) -> None:
    """Add an assessment to the history, unless it is there."""
    connection.execute(
        "INSERT OR IGNORE INTO assessments (case_key, assessment_id, created_at, sha256, versions, data) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (key, assessment.id, assessment.created_at, digest(assessment), to_json(assessment.versions).decode(),
         zlib.compress(to_json(assessment), 1)),
    )  # fmt: skip


def insert_decision(connection: Any, key: int, decision: Decision) -> None:
    """Add a decision."""
    connection.execute(
        "INSERT INTO decisions (case_key, id, action, target, user, at, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, decision.id, decision.action, decision.target, decision.user, decision.at, to_json(decision)),
    )


def insert_addendum(connection: Any, key: int, added: Addendum) -> None:
    """Add an addendum."""
    connection.execute(
        "INSERT INTO addenda (case_key, id, user, at, data) VALUES (?, ?, ?, ?, ?)",
        (key, added.id, added.user, added.at, to_json(added)),
    )


def erase(connection: Any, key: int, case_id: str) -> Sequence[str]:
    """Remove a deleted case's rows; returns the kept files no other case uses."""
    for table in ("decisions", "addenda", "assessments", "parts", "search_texts"):
        connection.execute(f"DELETE FROM {table} WHERE case_key = ?", (key,))
    files = [r[0] for r in connection.execute("SELECT sha256 FROM kept_files WHERE case_id = ?", (case_id,))]
    connection.execute("DELETE FROM kept_files WHERE case_id = ?", (case_id,))
    connection.execute("DELETE FROM drafts WHERE case_id = ?", (case_id,))
    connection.execute("DELETE FROM cases WHERE key = ?", (key,))
    used = "SELECT 1 FROM kept_files WHERE sha256 = ?"
    return [f for f in files if connection.execute(used, (f,)).fetchone() is None]
