"""The schema, one step at a time: each migration and its record are one transaction."""

from collections.abc import Callable
from typing import Any

from core.errors import NewerFile
from core.store.clock import Clock, stamp
from core.store.database import Database


def _cases(tables: Any) -> None:
    """Cases with the columns the worklist needs, their parts as JSON, and what is only ever added to."""
    tables.execute("""CREATE TABLE cases (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
        revision INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, working_diagnosis TEXT NOT NULL,
        signed_by TEXT NOT NULL DEFAULT '', signed_at TEXT NOT NULL DEFAULT '', signed_sha256 TEXT NOT NULL DEFAULT '',
        deleted_at TEXT, assigned_to TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, mrn TEXT NOT NULL,
        age_years REAL, sex TEXT NOT NULL, synthetic INTEGER NOT NULL, kinds TEXT NOT NULL,
        top_en TEXT NOT NULL, top_zh TEXT NOT NULL, top_probability REAL, top_low REAL, top_high REAL,
        no_estimate INTEGER NOT NULL, flag_rank INTEGER NOT NULL, flag_kind TEXT NOT NULL, flag_en TEXT NOT NULL,
        flag_zh TEXT NOT NULL, disagreement INTEGER NOT NULL DEFAULT 0)""")
    tables.execute("CREATE INDEX cases_by_time ON cases(updated_at)")
    tables.execute("CREATE INDEX cases_by_flag ON cases(flag_rank, updated_at)")
    tables.execute("""CREATE TABLE parts (
        case_key INTEGER NOT NULL REFERENCES cases(key) ON DELETE CASCADE, part TEXT NOT NULL, sha256 TEXT NOT NULL,
        zipped INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (case_key, part))""")
    _append_only(tables, "assessments", "assessment_id TEXT NOT NULL, created_at TEXT NOT NULL, sha256 TEXT NOT NULL, "
                 "versions TEXT NOT NULL, data BLOB NOT NULL, UNIQUE (case_key, sha256)")  # fmt: skip
    _append_only(tables, "decisions", "id TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, "
                 "user TEXT NOT NULL, at TEXT NOT NULL, data BLOB NOT NULL, UNIQUE (case_key, id)")  # fmt: skip
    _append_only(tables, "addenda", "id TEXT NOT NULL, user TEXT NOT NULL, at TEXT NOT NULL, data BLOB NOT NULL, "
                 "UNIQUE (case_key, id)")  # fmt: skip
    for verb in ("INSERT", "UPDATE"):
        tables.execute(f"""CREATE TRIGGER signed_parts_{verb.lower()} BEFORE {verb} ON parts
            WHEN (SELECT signed_at FROM cases WHERE key = NEW.case_key) <> ''
            BEGIN SELECT RAISE(ABORT, 'a signed case is read-only'); END""")
    tables.execute("""CREATE TABLE drafts (case_id TEXT NOT NULL, field TEXT NOT NULL, user TEXT NOT NULL,
        text TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (case_id, field, user))""")
    tables.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)")


def _append_only(tables: Any, table: str, columns: str) -> None:
    """A table whose rows are never altered, and leave only with their deleted case."""
    tables.execute(f"""CREATE TABLE {table} (row INTEGER PRIMARY KEY, case_key INTEGER NOT NULL
        REFERENCES cases(key) ON DELETE RESTRICT, {columns})""")
    tables.execute(f"""CREATE TRIGGER {table}_update BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} are never altered'); END""")
    tables.execute(f"""CREATE TRIGGER {table}_delete BEFORE DELETE ON {table}
        WHEN (SELECT deleted_at FROM cases WHERE key = OLD.case_key) IS NULL
        BEGIN SELECT RAISE(ABORT, '{table} are never removed'); END""")


def _search(tables: Any) -> None:
    """Full text: the words as people wrote them (for excerpts) and a contentless index over their tokens."""
    tables.execute("""CREATE TABLE search_texts (case_key INTEGER PRIMARY KEY REFERENCES cases(key) ON DELETE CASCADE,
        sha256 TEXT NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL, finding TEXT NOT NULL, code TEXT NOT NULL)""")
    tables.execute("""CREATE VIRTUAL TABLE search_index USING fts5(name, note, finding, code, content='',
        contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2', prefix='2 3')""")


def _audit(tables: Any) -> None:
    """The audit log, hash-chained; triggers keep an honest program from altering it, the chain finds the rest."""
    tables.execute("""CREATE TABLE audit (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, user TEXT NOT NULL,
        action TEXT NOT NULL, case_id TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)""")
    for verb in ("UPDATE", "DELETE"):
        tables.execute(f"""CREATE TRIGGER audit_{verb.lower()} BEFORE {verb} ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log is never altered'); END""")
    tables.execute("CREATE INDEX audit_by_case ON audit(case_id)")


def _users(tables: Any) -> None:
    """Local users; none means a single-doctor practice."""
    tables.execute("""CREATE TABLE users (name TEXT PRIMARY KEY COLLATE NOCASE, display TEXT NOT NULL,
        role TEXT NOT NULL, password TEXT NOT NULL, pin TEXT NOT NULL DEFAULT '', active INTEGER NOT NULL DEFAULT 1,
        created_at TEXT NOT NULL, failed INTEGER NOT NULL DEFAULT 0, blocked_until TEXT NOT NULL DEFAULT '')""")


def _vault(tables: Any) -> None:
    """Which case uses which file of the vault."""
    tables.execute("""CREATE TABLE kept_files (case_id TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL,
        size INTEGER NOT NULL, PRIMARY KEY (case_id, sha256))""")


def _worklist_indexes(tables: Any) -> None:
    """Indexes in the orders the worklist asks for, and one that holds all that the counts need."""
    for old in ("cases_by_time", "cases_by_flag"):
        tables.execute(f"DROP INDEX {old}")
    tables.execute("CREATE INDEX worklist_by_flag ON cases(flag_rank, updated_at DESC) WHERE deleted_at IS NULL")
    tables.execute("CREATE INDEX worklist_by_time ON cases(updated_at DESC) WHERE deleted_at IS NULL")
    tables.execute("""CREATE INDEX worklist_counts ON cases(status, flag_rank, assigned_to, disagreement, signed_at, kinds)
        WHERE deleted_at IS NULL""")


MIGRATIONS: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("cases", _cases),
    ("search", _search),
    ("audit", _audit),
    ("users", _users),
    ("vault", _vault),
    ("worklist indexes", _worklist_indexes),
)
"""In order; a migration that has shipped is never changed, a new one is added."""


def migrate(database: Database, clock: Clock, *, upto: int | None = None) -> tuple[str, ...]:
    """Bring the schema up to date; returns the migrations applied. Raises NewerFile for a schema from the future."""
    known = MIGRATIONS[:upto]
    with database.read() as connection:
        done = _applied(connection)
    if done > len(MIGRATIONS):
        raise NewerFile(
            f"This store has schema {done}, written by a newer version; this one knows {len(MIGRATIONS)}.",
            "Update the program to open it; nothing was changed.",
        )
    names = []
    for number, (name, step) in enumerate(known, start=1):
        if number > done and not database.read_only:
            _apply(database, number, name, step, clock)
            names.append(name)
    return tuple(names)


def _applied(connection: Any) -> int:
    row = connection.execute("SELECT name FROM sqlite_master WHERE name = 'migrations'").fetchone()
    if row is None:
        return 0
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()[0])


def _apply(database: Database, number: int, name: str, step: Callable[[Any], None], clock: Clock) -> None:
    with database.write() as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations "
            "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
        )
        if _applied(connection) >= number:
            return  # another program was quicker
        step(database.tables)
        database.tables["migrations"].insert({"number": number, "name": name, "applied_at": stamp(clock())})
