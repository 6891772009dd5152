"""The worklist in SQL: rows, counts, search, and keeping the columns and the index up to date."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.basics import Label
from core.domain.case import Case, CaseStatus
from core.domain.record import Sex
from core.store.search import FIELDS, SearchHit, excerpt, expression, texts_of, tokens
from core.store.summary import FLAGS, KINDS, CaseSummary, Flag, summarize

_COLUMNS = (
    "id", "created_at", "updated_at", "status", "name", "mrn", "age_years", "sex", "reason", "synthetic", "kinds",
    "top_en", "top_zh", "top_probability", "top_low", "top_high", "no_estimate", "flag_kind", "flag_en", "flag_zh",
    "disagreement", "working_diagnosis", "signed_by", "signed_at", "assigned_to",
)  # fmt: skip
_ORDERS = {
    "flag": "flag_rank, updated_at DESC",
    "time": "updated_at DESC",
    "name": "name COLLATE NOCASE, updated_at DESC",
    "probability": "top_probability IS NULL, top_probability DESC, updated_at DESC",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases there are in all, by status, by kind of data, and in the worklist's own views."""

    total: int
    by_status: dict[CaseStatus, int]
    by_kind: dict[str, int]
    red_flags: int
    to_review_by_me: int
    disagreements: int
    signed_today: int


def rows(
    connection: Any,
    *,
    status: Sequence[CaseStatus] = (),
    kinds: Sequence[str] = (),
    text: str = "",
    since: str = "",
    flagged: bool = False,
    disagreement: bool = False,
    assigned_to: str | None = None,
    probability: tuple[float, float] | None = None,
    order: str = "flag",
    limit: int = 500,
    offset: int = 0,
) -> tuple[CaseSummary, ...]:
    """Worklist rows that pass every filter given.

    `status` any of these; `kinds` all of these; `text` full-text; `since` ISO time of the last change; `flagged` red
    flags and Stop alerts only; `assigned_to` that person or nobody yet; `probability` of the leading hypothesis within
    (low, high). `order` is flag, time, name or probability.
    """
    where: list[str] = ["deleted_at IS NULL"]
    values: list[object] = []
    if status:
        where.append(f"status IN ({', '.join('?' * len(status))})")
        values += list(status)
    for kind in kinds:
        where.append("kinds LIKE ?")
        values.append(f"%,{kind},%")
    if text.strip():
        where.append("key IN (SELECT rowid FROM search_index WHERE search_index MATCH ?)")
        values.append(expression(text) or '""')
    if since:
        where.append("updated_at >= ?")
        values.append(since)
    if flagged:
        where.append("flag_rank <= ?")
        values.append(FLAGS.index("stop"))
    if disagreement:
        where.append("disagreement = 1")
    if assigned_to is not None:
        where.append("assigned_to IN ('', ?)")
        values.append(assigned_to)
    if probability is not None:
        where.append("top_probability BETWEEN ? AND ?")
        values += list(probability)
    found = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM cases WHERE {' AND '.join(where)} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return tuple(_summary(dict(zip(_COLUMNS, row, strict=True))) for row in found.fetchall())


def counts(connection: Any, *, user: str, today: str) -> Counts:
    """The numbers beside the worklist's filters; `today` is an ISO date."""
    kinds = ", ".join(f"sum(kinds LIKE '%,{kind},%')" for kind in KINDS)
    row = connection.execute(
        f"SELECT count(*), sum(flag_rank <= ?), sum(status = 'to_review' AND assigned_to IN ('', ?)), "
        f"sum(disagreement), sum(signed_at >= ?), {kinds} FROM cases INDEXED BY worklist_counts WHERE deleted_at IS NULL",
        (FLAGS.index("stop"), user, today),
    ).fetchone()
    status = connection.execute(
        "SELECT status, count(*) FROM cases WHERE deleted_at IS NULL GROUP BY status"
    ).fetchall()
    by_status = dict.fromkeys(CaseStatus, 0) | {CaseStatus(name): count for name, count in status}
    total, flags, review, disagreements, signed = (int(n or 0) for n in row[:5])
    by_kind = {kind: int(n or 0) for kind, n in zip(KINDS, row[5:], strict=True)}
    return Counts(total, by_status, by_kind, flags, review, disagreements, signed)


def search(connection: Any, text: str, limit: int) -> tuple[SearchHit, ...]:
    """Cases in which every word occurs: by name first, then the newest first (streamed, not ranked over all matches)."""
    query = expression(text)
    if not query:
        return ()
    by_name = _matches(connection, f"name : ({query})", limit)
    left = [key for key in _matches(connection, query, limit) if key not in set(by_name)]
    return tuple(_hit(connection, key, text) for key in (by_name + left)[:limit])


def write_row(connection: Any, case: Case, head: dict[str, Any] | None) -> tuple[int, int]:
    """Insert or update a case's row from its summary; returns (key, revision)."""
    line = summarize(case)
    columns: dict[str, Any] = {
        "id": case.id, "created_at": case.created_at, "updated_at": case.updated_at, "status": case.status,
        "reason": case.reason, "name": line.name, "mrn": line.mrn, "age_years": line.age_years, "sex": line.sex,
        "synthetic": int(line.synthetic), "kinds": f",{','.join(line.kinds)},",
        "top_en": line.top.en if line.top else "", "top_zh": line.top.zh if line.top else "",
        "top_probability": line.probability, "top_low": line.interval[0] if line.interval else None,
        "top_high": line.interval[1] if line.interval else None, "no_estimate": int(line.no_estimate),
        "flag_rank": FLAGS.index(line.flag.kind if line.flag else ""), "flag_kind": line.flag.kind if line.flag else "",
        "flag_en": line.flag.label.en if line.flag else "", "flag_zh": line.flag.label.zh if line.flag else "",
        "disagreement": int(line.disagreement),
    }  # fmt: skip
    if case.working_diagnosis or head is None:  # a save from before the doctor chose one doesn't take it away
        columns["working_diagnosis"] = case.working_diagnosis
    if head is None:
        columns["revision"] = 1
        marks = ", ".join("?" * len(columns))
        cursor = connection.execute(
            f"INSERT INTO cases ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())
        )
        return int(cursor.lastrowid), 1
    columns["disagreement"] = max(columns["disagreement"], _disagreed(connection, head["key"]))
    columns["revision"] = head["revision"] + 1
    names = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE cases SET {names} WHERE key = ?", (*columns.values(), head["key"]))
    return head["key"], columns["revision"]


def index(connection: Any, key: int, case: Case) -> None:
    """Bring the full-text index up to date, if the case's words changed."""
    texts = texts_of(case)
    values = tuple(texts[field] for field in FIELDS)
    sha256 = hashlib.sha256("\0".join(values).encode()).hexdigest()
    old = connection.execute("SELECT sha256 FROM search_texts WHERE case_key = ?", (key,)).fetchone()
    if old and old[0] == sha256:
        return
    connection.execute(
        "INSERT OR REPLACE INTO search_texts (case_key, sha256, name, note, finding, code) VALUES (?, ?, ?, ?, ?, ?)",
        (key, sha256, *values),
    )
    connection.execute(
        "INSERT OR REPLACE INTO search_index (rowid, name, note, finding, code) VALUES (?, ?, ?, ?, ?)",
        (key, *(tokens(value) for value in values)),
    )


def _disagreed(connection: Any, key: int) -> int:
    query = "SELECT 1 FROM decisions WHERE case_key = ? AND action IN ('reject', 'override') LIMIT 1"
    return int(connection.execute(query, (key,)).fetchone() is not None)


def _matches(connection: Any, query: str, limit: int) -> list[int]:
    found = connection.execute(
        "SELECT rowid FROM search_index WHERE search_index MATCH ? ORDER BY rowid DESC LIMIT ?", (query, limit)
    )
    return [row[0] for row in found.fetchall()]


def _hit(connection: Any, key: int, text: str) -> SearchHit:
    row = connection.execute(
        "SELECT c.id, c.name, c.mrn, c.status, c.updated_at, c.synthetic, t.name, t.note, t.finding, t.code "
        "FROM cases c JOIN search_texts t ON t.case_key = c.key WHERE c.key = ?",
        (key,),
    ).fetchone()
    field, cut, marks = excerpt(text, dict(zip(FIELDS, row[6:], strict=True)))
    return SearchHit(row[0], row[1], row[2], CaseStatus(row[3]), row[4], field, cut, marks, bool(row[5]))


def _summary(row: dict[str, Any]) -> CaseSummary:
    probability, flag = row["top_probability"], row["flag_kind"]
    return CaseSummary(
        id=row["id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        status=CaseStatus(row["status"]),
        name=row["name"],
        mrn=row["mrn"],
        age_years=row["age_years"],
        sex=Sex(row["sex"]),
        reason=row["reason"],
        synthetic=bool(row["synthetic"]),
        kinds=tuple(kind for kind in row["kinds"].split(",") if kind),
        top=Label(row["top_en"], row["top_zh"]) if row["top_en"] else None,
        probability=probability,
        interval=(row["top_low"], row["top_high"]) if probability is not None else None,
        no_estimate=bool(row["no_estimate"]),
        flag=Flag(flag, Label(row["flag_en"], row["flag_zh"])) if flag else None,
        disagreement=bool(row["disagreement"]),
        working_diagnosis=row["working_diagnosis"],
        signed_by=row["signed_by"],
        signed_at=row["signed_at"],
        assigned_to=row["assigned_to"],
    )
