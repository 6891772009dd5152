"""The store: every case of a practice in one encrypted file, and what may be done with it.

    with Store.open() as store:
        case = store.save(case, "Dr A")
        store.decide(case.id, decision)
        store.sign(case.id, "Dr A")

One `Store` serves all threads of a program (one connection behind a lock); other programs may open the same store at the
same time and wait for each other's transactions. Every method is one transaction: after a crash it happened or it did not.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import msgspec

from core import paths
from core.domain.assessment import Assessment
from core.domain.basics import Label
from core.domain.case import Action, Addendum, Case, CaseStatus, Decision
from core.domain.serial import from_json
from core.errors import UserError
from core.progress import Report, silent
from core.store import decisions as rules
from core.store import keys, worklist
from core.store.audit import AuditLog
from core.store.clock import Clock, stamp, utc_now
from core.store.database import Database
from core.store.files import write_whole
from core.store.migrations import migrate
from core.store.parts import read_parts, unpack, with_additions, write_parts
from core.store.policy import load_policy
from core.store.rows import (
    content_sha256,
    erase,
    existing,
    head_row,
    insert_addendum,
    insert_decision,
    keep_assessment,
    refuse_signed,
)
from core.store.search import SearchHit
from core.store.summary import CaseSummary
from core.store.users import Permission, Users
from core.store.vault import Vault
from core.store.worklist import Counts

IMAGE_PREFIX = "image/"
"""Kept image files are named "image/<group>/<path they were read from>" (see `core.store.series`)."""


class Store:
    """An open store. Make one with `Store.open`; close it, or use it as a context manager."""

    def __init__(self, folder: Path, key: bytes, clock: Clock) -> None:
        """For `open`: the folder exists and holds its key."""
        self.folder = folder
        self._key, self._clock = key, clock
        self.database = Database(folder / "consilium.db", key)
        try:
            self.migrated = migrate(self.database, clock)
            self.policy = load_policy()
            self.audit = AuditLog(self.database, folder / "audit.seal", keys.derive(key, "audit"), clock)
            if not self.audit.events(limit=1):
                self.audit.seal()
            self.users = Users(self.database, self.audit, clock)
            self.vault = Vault(folder / "files", keys.derive(key, "vault"))
        except BaseException:
            self.database.close()
            raise
        self._seen: dict[str, int] = {}

    @classmethod
    def open(cls, path: Path | None = None, *, passphrase: str | None = None, clock: Clock = utc_now) -> Self:
        """Open the store in folder `path` (the profile's own by default), making it where there is none.

        `passphrase` opens a store that has one, and protects a new one. Raises UserError for a wrong passphrase, a lost
        key or a damaged file (none of which is touched) and NewerFile for one written by a newer version.
        """
        folder = path or default_folder()
        keyfile = keys.read(folder)
        if keyfile is None:
            if passphrase is None and load_policy().passphrase_required:
                raise UserError("Your organisation requires a passphrase for the store.", "Choose one.")
            with keys.creating(folder):
                if keys.read(folder) is None:  # nobody was quicker
                    keys.create(folder, passphrase, allow_keyring=keys.keyring_usable())
            keyfile = keys.read(folder)
        assert keyfile is not None
        key = keys.unlock(folder, keyfile, passphrase)
        database = folder / "consilium.db"
        if keyfile.created and (not database.exists() or database.stat().st_size == 0):
            raise UserError(
                "The store's database is missing or empty.", "Restore it from a backup; nothing was overwritten."
            )
        store = cls(folder, key, clock)
        if not keyfile.created and not store.database.read_only:
            keys.write(folder, replace(keyfile, created=True))
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # -- cases -----------------------------------------------------------------------------------------------------

    def save(self, case: Case, user: str = "") -> Case:
        """Save a case, new or changed; returns it as stored (time of change, all decisions).

        Refused (UserError) for a signed or deleted case, and where another window saved it since this one loaded it.
        Decisions are only ever added: those in the case that the store doesn't know yet are checked and kept.
        """
        if case.status == CaseStatus.SIGNED:
            raise UserError("A case is signed through Sign.", "Save it first, then sign it.")
        who = self.users.require(Permission.CHANGE, user)
        with self.database.write() as connection:
            head = head_row(connection, case.id)
            refuse_signed(head)
            if head and self._seen.get(case.id) not in (None, head["revision"]):
                raise UserError("This case was changed in another window.", "Reload it and make the change again.")
            saved = self._write(connection, case, head)
            self.audit.add("change" if head else "create", who, case.id)
        self.audit.seal()
        return saved

    def load(self, case_id: str, *, user: str = "") -> Case:
        """A case with all its parts; the view goes into the audit log. Raises UserError where there is none."""
        who = self.users.require(Permission.VIEW, user)
        case = self._load(case_id)
        self.audit.add_view(who, case_id)
        return case

    def list(self, **filters: Any) -> tuple[CaseSummary, ...]:
        """Rows of the worklist; see `core.store.worklist.rows` for the filters."""
        self.users.require(Permission.VIEW)
        with self.database.read() as connection:
            return worklist.rows(connection, **filters)

    def counts(self, *, user: str = "", today: str = "") -> Counts:
        """How many cases each filter of the worklist would show."""
        self.users.require(Permission.VIEW)
        with self.database.read() as connection:
            return worklist.counts(connection, user=user, today=today or stamp(self._clock())[:10])

    def search(self, text: str, *, limit: int = 50) -> tuple[SearchHit, ...]:
        """Cases in which all words of `text` occur, matches in names first, then the newest; with excerpts."""
        self.users.require(Permission.VIEW)
        with self.database.read() as connection:
            return worklist.search(connection, text, limit)

    def set_status(self, case_id: str, status: CaseStatus, user: str = "") -> None:
        """Move a case between new, analysing, to review and import error."""
        if status == CaseStatus.SIGNED:
            raise UserError("A case is signed through Sign.", "Use Sign.")
        self._set(case_id, "status", status, user)

    def assign(self, case_id: str, to: str, user: str = "") -> None:
        """Give a case to somebody to review ("" takes it back)."""
        self._set(case_id, "assigned_to", to, user)

    def assessments(self, case_id: str) -> tuple[Assessment, ...]:
        """Every assessment a case has had, oldest first, with the versions of models and tables that made it."""
        self.users.require(Permission.VIEW)
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT data FROM assessments JOIN cases ON cases.key = case_key WHERE id = ? ORDER BY row",
                (case_id,),
            ).fetchall()
        return tuple(from_json(unpack(1, row[0]), Assessment) for row in rows)

    # -- decisions -------------------------------------------------------------------------------------------------

    def decide(self, case_id: str, decision: Decision, *, second_pin: str = "") -> Decision:
        """Add a decision; missing id, time, user and assessment are filled in. Raises UserError where a rule is broken.

        Overriding a Stop needs `second_user`; in a store with users that person's PIN too.
        """
        who = self.users.require(Permission.DECIDE, decision.user)
        if decision.second_user and not self.users.single_doctor:
            decision = replace(decision, second_user=self.users.verify_pin(decision.second_user, second_pin))
        with self.database.write() as connection:
            case = self._load(case_id, connection)
            refuse_signed(head_row(connection, case_id))
            whole = self._completed(case, replace(decision, user=who))
            rules.check(case, whole)
            self._add_decision(connection, case_id, whole)
            self.audit.add(f"decision_{whole.action}", who, case_id, target=whole.target, **rules.audited(whole))
        self.audit.seal()
        return whole

    def sign(self, case_id: str, user: str = "", pin: str = "") -> Case:
        """Sign a case: it becomes read-only and its content's SHA-256 is kept. Where there are users, needs the PIN."""
        who = self.users.require(Permission.SIGN, user)
        if not self.users.single_doctor:
            who = self.users.verify_pin(who, pin)
        with self.database.write() as connection:
            case = self._load(case_id, connection)
            head = head_row(connection, case_id)
            refuse_signed(head)
            now = stamp(self._clock())
            mark = Decision(uuid4().hex, Action.SIGN, "case", who, now)
            self._add_decision(connection, case_id, mark)
            connection.execute(
                "UPDATE cases SET status = ?, signed_by = ?, signed_at = ?, signed_sha256 = ?, updated_at = ?, "
                "revision = revision + 1 WHERE id = ?",
                (CaseStatus.SIGNED, who, now, content_sha256(case), now, case_id),
            )
            connection.execute("DELETE FROM drafts WHERE case_id = ?", (case_id,))
            self.audit.add("sign", who, case_id, sha256=content_sha256(case))
            signed = self._load(case_id, connection)
        self.audit.seal()
        return signed

    def signature_holds(self, case_id: str) -> bool:
        """Whether a signed case still is what was signed."""
        with self.database.read() as connection:
            case = self._load(case_id, connection)
            row = connection.execute("SELECT signed_sha256 FROM cases WHERE id = ?", (case_id,)).fetchone()
        return bool(row[0]) and row[0] == content_sha256(case)

    def add_addendum(self, case_id: str, text: str, user: str = "") -> Addendum:
        """Add text to a signed case."""
        who = self.users.require(Permission.DECIDE, user)
        if not text.strip():
            raise UserError("An addendum needs a text.", "Write it first.")
        with self.database.write() as connection:
            head = existing(connection, case_id)
            if not head["signed_at"]:
                raise UserError("This case is not signed yet.", "Change the case itself.")
            added = Addendum(uuid4().hex, text, who, stamp(self._clock()))
            insert_addendum(connection, head["key"], added)
            connection.execute(
                "UPDATE cases SET updated_at = ?, revision = revision + 1 WHERE id = ?", (added.at, case_id)
            )
            worklist.index(connection, head["key"], self._load(case_id, connection))
            self.audit.add("addendum", who, case_id)
        self.audit.seal()
        return added

    # -- drafts, settings ------------------------------------------------------------------------------------------

    def save_draft(self, case_id: str, field: str, text: str, user: str = "") -> None:
        """Keep what is being typed; "" forgets it. Cheap enough to call within a second of the last key."""
        who = self.users.require(Permission.CHANGE, user)
        with self.database.write() as connection:
            if not text:
                connection.execute("DELETE FROM drafts WHERE (case_id, field, user) = (?, ?, ?)", (case_id, field, who))
                return
            connection.execute(
                "INSERT OR REPLACE INTO drafts (case_id, field, user, text, at) VALUES (?, ?, ?, ?, ?)",
                (case_id, field, who, text, stamp(self._clock())),
            )

    def drafts(self, case_id: str, user: str = "") -> dict[str, str]:
        """Field -> text of what was being typed."""
        who = self.users.require(Permission.VIEW, user)
        with self.database.read() as connection:
            rows = connection.execute("SELECT field, text FROM drafts WHERE case_id = ? AND user = ?", (case_id, who))
            return dict(rows.fetchall())

    def setting(self, name: str, default: Any = None) -> Any:
        """A setting (any JSON value); the policy file's where it locks it."""
        if name in self.policy.settings:
            return self.policy.settings[name]
        with self.database.read() as connection:
            row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else msgspec.json.decode(row[0])

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a setting. Raises UserError for one that the policy file locks."""
        if name in self.policy.settings:
            raise UserError(f"{name} is set by your organisation.", "Ask your IT department.")
        with self.database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)",
                (name, msgspec.json.encode(value).decode()),
            )

    # -- files -----------------------------------------------------------------------------------------------------

    def keep_file(self, case_id: str, path: Path, report: Report = silent, *, name: str = "") -> str:
        """Keep an encrypted copy of a file with a case under a name (its own by default); returns its SHA-256."""
        self.users.require(Permission.CHANGE)
        sha256, size = self.vault.put(path, report)
        self._note_kept(case_id, sha256, name or path.name, size)
        return sha256

    def keep_bytes(self, case_id: str, name: str, data: bytes) -> str:
        """Keep bytes with a case under a name; returns their SHA-256."""
        self.users.require(Permission.CHANGE)
        sha256 = self.vault.put_bytes(data)
        self._note_kept(case_id, sha256, name, len(data))
        return sha256

    def keep_images(self, case: Case, report: Report = silent) -> int:
        """Keep every image file of a case that is still where it was read from; returns how many are kept now.

        Files unpacked from an archive lie in a temporary folder: call this before it goes.
        """
        kept = {sha256 for sha256, _, _ in self.kept_files(case.id)}
        for path in dict.fromkeys(i.path for i in case.images if i.sha256 not in kept):
            if Path(path).is_file():
                kept.add(self.keep_file(case.id, Path(path), report))
        return len(kept & {i.sha256 for i in case.images})

    def keep_documents(self, case: Case, documents: Iterable[tuple[str, Path]], report: Report = silent) -> int:
        """Keep the record files of a case (`core.pipeline.Opened.documents`); returns how many of them are kept now."""
        kept = {sha256 for sha256, _, _ in self.kept_files(case.id)}
        known = {f.path: f.sha256 for f in case.files if f.sha256}
        for name, path in documents:
            if name in known and known[name] not in kept and path.is_file():
                kept.add(self.keep_file(case.id, path, report))
        return len(kept & set(known.values()))

    def share_files(self, from_case: str, to_case: str) -> None:
        """Keep every file of one case with another one too (two cases that are one patient)."""
        for sha256, name, size in self.kept_files(from_case):
            self._note_kept(to_case, sha256, name, size)

    def drop_file(self, case_id: str, name: str) -> None:
        """Forget a file of a case by its name; its bytes go too unless another case has them."""
        self.users.require(Permission.CHANGE)
        with self.database.write() as connection:
            found = connection.execute(
                "SELECT sha256 FROM kept_files WHERE case_id = ? AND name = ?", (case_id, name)
            ).fetchall()
            connection.execute("DELETE FROM kept_files WHERE case_id = ? AND name = ?", (case_id, name))
            used = {s for (s,) in connection.execute("SELECT DISTINCT sha256 FROM kept_files").fetchall()}
        for (sha256,) in found:
            if sha256 not in used:
                self.vault.remove(sha256)

    def document(self, case: Case, file: str) -> bytes:
        """The bytes of a record file of a case, by the name its facts' sources give. Raises `UserError`."""
        sha256 = next((f.sha256 for f in case.files if f.path == file and f.sha256), "")
        if sha256 not in {known for known, _, _ in self.kept_files(case.id)}:
            raise UserError(
                "The source file is not kept with this case.",
                "It holds several patients, or the case was made before files were kept: open the file again.",
            )
        return self.file_bytes(sha256)

    def with_local_images(self, case: Case, folder: Path) -> Case:
        """The case with image paths that can be opened: those gone, or now another file, are decrypted into `folder`.

        A path alone proves nothing: two sticks may both hold E:/DICOM/IM1, of two patients. `folder` must be a temporary
        one outside the profile, removed by the caller at the end of the session.
        """
        kept = {sha256: name for sha256, name, _ in self.kept_files(case.id)}
        images = []
        for image in case.images:
            if image.sha256 in kept and not is_file(Path(image.path), image.sha256):
                path = folder / local_name(image.sha256, kept[image.sha256])
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_whole(path, self.file_bytes(image.sha256))
                image = replace(image, path=str(path))
            images.append(image)
        return replace(case, images=tuple(images))

    def file_bytes(self, sha256: str) -> bytes:
        """The bytes of a kept file."""
        self.users.require(Permission.VIEW)
        return self.vault.read(sha256)

    def kept_files(self, case_id: str) -> tuple[tuple[str, str, int], ...]:
        """(SHA-256, name, size) of each file kept with a case."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT sha256, name, size FROM kept_files WHERE case_id = ?", (case_id,)
            ).fetchall()
        return tuple(tuple(row) for row in rows)

    # -- removal, key ----------------------------------------------------------------------------------------------

    def delete(self, case_id: str, user: str = "", *, reason: str) -> None:
        """Take a case off the worklist; `purge` removes it for good. The audit log keeps that it was there."""
        who = self.users.require(Permission.DELETE, user)
        if not reason.strip():
            raise UserError("Deleting a case needs a reason.", "Write it in a few words.")
        with self.database.write() as connection:
            head = existing(connection, case_id)
            connection.execute("UPDATE cases SET deleted_at = ? WHERE id = ?", (stamp(self._clock()), case_id))
            connection.execute("DELETE FROM search_index WHERE rowid = ?", (head["key"],))
            self.audit.add("delete", who, case_id, reason=reason.strip())
        self.audit.seal()

    def restore_deleted(self, case_id: str, user: str = "") -> Case:
        """Bring a deleted case back (until it was purged)."""
        who = self.users.require(Permission.DELETE, user)
        with self.database.write() as connection:
            connection.execute("UPDATE cases SET deleted_at = NULL WHERE id = ?", (case_id,))
            head = existing(connection, case_id)
            case = self._load(case_id, connection)
            connection.execute("DELETE FROM search_texts WHERE case_key = ?", (head["key"],))
            worklist.index(connection, head["key"], case)
            self.audit.add("undelete", who, case_id)
        self.audit.seal()
        return case

    def purge(self, *, deleted_before: datetime, user: str = "") -> int:
        """Remove for good the cases deleted before a time: rows overwritten with zeros, kept files unlinked."""
        who = self.users.require(Permission.MANAGE_STORE, user)
        with self.database.write() as connection:
            rows = connection.execute(
                "SELECT key, id FROM cases WHERE deleted_at IS NOT NULL AND deleted_at < ?", (stamp(deleted_before),)
            ).fetchall()
            orphans = [sha256 for key, case_id in rows for sha256 in erase(connection, key, case_id)]
            for _, case_id in rows:
                self.audit.add("purge", who, case_id)
        for sha256 in orphans:
            self.vault.remove(sha256)
        if rows:
            with self.database.read() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self.audit.seal()
        return len(rows)

    def key_protection(self) -> Label:
        """What guards the store's key, said plainly."""
        keyfile = keys.read(self.folder)
        return keys.PLAIN_WORDS[keyfile.protection if keyfile else keys.Protection.FILE]

    def change_passphrase(self, passphrase: str | None) -> Label:
        """Protect the key by a passphrase from now on; None goes back to keyring or file."""
        who = self.users.require(Permission.MANAGE_STORE)
        old = keys.read(self.folder)
        assert old is not None
        keys.protect(self.folder, self._key, old, passphrase, allow_keyring=keys.keyring_usable())
        self.audit.add("key_protection", who, passphrase=passphrase is not None)
        self.audit.seal()
        return self.key_protection()

    def add_received(self, case_id: str, received: Case) -> None:
        """Add the decisions and addenda another workstation sent with a case, as they are."""
        self.users.require(Permission.CHANGE)
        with self.database.write() as connection:
            key = existing(connection, case_id)["key"]
            for decision in received.decisions:
                insert_decision(connection, key, decision)
                if decision.action in (Action.REJECT, Action.OVERRIDE):
                    connection.execute("UPDATE cases SET disagreement = 1 WHERE key = ?", (key,))
            for addendum in received.addenda:
                insert_addendum(connection, key, addendum)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _write(self, connection: Any, case: Case, head: dict[str, Any] | None) -> Case:
        now = stamp(self._clock())
        case = replace(case, created_at=case.created_at or now, updated_at=now)
        key, revision = worklist.write_row(connection, case, head)
        write_parts(connection, key, case)
        if case.assessment is not None:
            keep_assessment(connection, key, case.assessment)
        known = {row[0] for row in connection.execute("SELECT id FROM decisions WHERE case_key = ?", (key,))}
        for decision in case.decisions:
            if decision.id not in known:
                rules.check(case, decision)
                insert_decision(connection, key, decision)
        diagnosis = connection.execute("SELECT working_diagnosis FROM cases WHERE key = ?", (key,)).fetchone()[0]
        saved = with_additions(connection, key, replace(case, working_diagnosis=diagnosis))
        worklist.index(connection, key, saved)
        self._seen[case.id] = revision
        return saved

    def _note_kept(self, case_id: str, sha256: str, name: str, size: int) -> None:
        with self.database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO kept_files (case_id, sha256, name, size) VALUES (?, ?, ?, ?)",
                (case_id, sha256, name, size),
            )

    def _load(self, case_id: str, connection: Any = None) -> Case:
        if connection is None:
            with self.database.read() as opened:
                return self._load(case_id, opened)
        head = existing(connection, case_id)
        self._seen[case_id] = head["revision"]
        fields = ("id", "created_at", "updated_at", "reason", "working_diagnosis", "signed_by", "signed_at")
        bare = Case(status=CaseStatus(head["status"]), **{f: head[f] for f in fields})
        return read_parts(connection, head["key"], bare)

    def _completed(self, case: Case, decision: Decision) -> Decision:
        return replace(
            decision,
            id=decision.id or uuid4().hex,
            at=decision.at or stamp(self._clock()),
            assessment_id=decision.assessment_id or (case.assessment.id if case.assessment else ""),
        )

    def _add_decision(self, connection: Any, case_id: str, decision: Decision) -> None:
        head = existing(connection, case_id)
        insert_decision(connection, head["key"], decision)
        changed: dict[str, Any] = {"updated_at": decision.at}
        if decision.action in (Action.REJECT, Action.OVERRIDE):
            changed["disagreement"] = 1
        if decision.action == Action.WORKING_DIAGNOSIS and decision.reason != "skipped":
            changed["working_diagnosis"] = decision.text or decision.target.partition(":")[2]
        names = ", ".join(f"{name} = ?" for name in changed)
        connection.execute(f"UPDATE cases SET {names} WHERE id = ?", (*changed.values(), case_id))

    def _set(self, case_id: str, column: str, value: str, user: str) -> None:
        who = self.users.require(Permission.CHANGE, user)
        with self.database.write() as connection:
            head = existing(connection, case_id)
            refuse_signed(head)
            connection.execute(
                f"UPDATE cases SET {column} = ?, updated_at = ? WHERE id = ?", (value, stamp(self._clock()), case_id)
            )
            self.audit.add(column, who, case_id, value=value)
        self.audit.seal()


def is_file(path: Path, sha256: str) -> bool:
    """Whether a path still holds these very bytes."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def local_name(sha256: str, name: str) -> str:
    """Where a kept file lies below a temporary folder: the files of one series together, names never colliding."""
    group, _, original = name.removeprefix(IMAGE_PREFIX).partition("/")
    base = f"{sha256[:16]}{Path(original or name).suffix}"
    return f"{group}/{base}" if name.startswith(IMAGE_PREFIX) else base


def default_folder() -> Path:
    """Where the profile's own store lies."""
    return paths.profile() / "store"
