"""Local users: who may do what. A store without users is a single-doctor practice: everything is allowed, and said so.

Passwords and PINs are kept as Argon2id hashes. Failed tries double the wait, from 1 s after the third to 15 minutes.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from core.domain.basics import Label
from core.errors import UserError
from core.store.audit import AuditLog
from core.store.clock import Clock, moment, stamp
from core.store.database import Database

FREE_TRIES = 3
LONGEST_WAIT_S = 900
_PIN_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)


class Role(StrEnum):
    """What a person is in this practice."""

    CLINICIAN = "clinician"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What can be allowed."""

    VIEW = "view"
    CHANGE = "change"
    DECIDE = "decide"
    SIGN = "sign"
    EXPORT = "export"
    DELETE = "delete"
    MANAGE_USERS = "manage_users"
    MANAGE_STORE = "manage_store"
    INSTALL_PACKS = "install_packs"
    READ_AUDIT = "read_audit"


_CLINICAL = frozenset({
    Permission.VIEW, Permission.CHANGE, Permission.DECIDE, Permission.SIGN, Permission.EXPORT, Permission.DELETE,
})  # fmt: skip
ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.CLINICIAN: _CLINICAL,
    Role.REVIEWER: frozenset({Permission.VIEW, Permission.DECIDE, Permission.SIGN}),
    Role.ADMINISTRATOR: frozenset({
        Permission.DELETE, Permission.MANAGE_USERS, Permission.MANAGE_STORE, Permission.INSTALL_PACKS,
        Permission.READ_AUDIT,
    }),
    Role.AUDITOR: frozenset({Permission.READ_AUDIT}),
}  # fmt: skip
"""An administrator does not see patients by office, an auditor sees who did what and nothing else."""

SINGLE_DOCTOR = Label(
    "No users are set up: whoever opens this computer account can see and sign every case.",
    "未设置用户：任何能打开此计算机账户的人都可以查看并签署所有病例。",
)


@dataclass(frozen=True, slots=True)
class User:
    """One local user."""

    name: str
    display: str
    role: Role
    active: bool
    has_pin: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. `reason` is set for a break-glass session, which may view and change whatever the role."""

    user: str
    role: Role
    since: str
    reason: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether this session allows `permission`."""
        emergency = bool(self.reason) and permission in (Permission.VIEW, Permission.CHANGE, Permission.DECIDE)
        return emergency or permission in ALLOWED[self.role]


class Users:
    """The users of one store and the present session."""

    def __init__(self, database: Database, audit: AuditLog, clock: Clock) -> None:
        self._database, self._audit, self._clock = database, audit, clock
        self.session: Session | None = None

    @property
    def single_doctor(self) -> bool:
        """No users are set up."""
        with self._database.read() as connection:
            return connection.execute("SELECT 1 FROM users LIMIT 1").fetchone() is None

    def all(self) -> tuple[User, ...]:
        """Everybody, by name."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, display, role, active, pin <> '' FROM users ORDER BY name"
            ).fetchall()
        return tuple(User(n, d, Role(r), bool(a), bool(p)) for n, d, r, a, p in rows)

    def require(self, permission: Permission, user: str = "") -> str:
        """The name to act under, if `permission` is given; in a store without users, `user` or the account's name."""
        if self.single_doctor:
            return user or account_name()
        if self.session is None:
            raise UserError("Nobody is signed in.", "Sign in first.")
        if not self.session.may(permission):
            raise UserError(
                f"Your role ({self.session.role}) does not allow this ({permission}).", "Ask an administrator."
            )
        if user and user.casefold() != self.session.user.casefold():
            raise UserError(f"{user} is not signed in.", "Sign in under that name.")
        return self.session.user

    def acting(self) -> str:
        """The name under which things are done now: who is signed in, else the account's name."""
        return self.session.user if self.session else account_name()

    def add(self, name: str, role: Role, password: str, *, display: str = "", pin: str = "") -> User:
        """Add a user. The first one must be an administrator and ends the single-doctor mode."""
        if self.single_doctor:
            if role != Role.ADMINISTRATOR:
                raise UserError("The first user has to be an administrator.", "Add the administrator, then the others.")
            actor = account_name()
        else:
            actor = self.require(Permission.MANAGE_USERS)
        _check_name(name)
        _check_password(password)
        row = (name, display or name, role, _PIN_HASHER.hash(password), _pin_hash(pin), stamp(self._clock()))
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM users WHERE name = ?", (name,)).fetchone():
                raise UserError(f"There is a user {name} already.", "Choose another name.")
            connection.execute(
                "INSERT INTO users (name, display, role, password, pin, created_at) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            self._audit.add("user_added", actor, name=name, role=role)
        self._audit.seal()
        return User(name, display or name, role, active=True, has_pin=bool(pin))

    def change(self, name: str, *, role: Role | None = None, active: bool | None = None) -> None:
        """Change a user's role or switch the account on or off; the last administrator stays."""
        actor = self.require(Permission.MANAGE_USERS)
        with self._database.write() as connection:
            self._row(name)
            if role is not None:
                connection.execute("UPDATE users SET role = ? WHERE name = ?", (role, name))
            if active is not None:
                connection.execute("UPDATE users SET active = ? WHERE name = ?", (int(active), name))
            left = "SELECT 1 FROM users WHERE role = ? AND active = 1"
            if connection.execute(left, (Role.ADMINISTRATOR,)).fetchone() is None:
                raise UserError("This would leave no administrator.", "Make somebody else one first.")
            self._audit.add("user_changed", actor, name=name, role=role or "", active="" if active is None else active)
        self._audit.seal()

    def set_password(self, name: str, password: str, *, old: str | None = None) -> None:
        """Set a password: one's own with the old one, another's as administrator."""
        actor = self._own_or_managed(name, old)
        _check_password(password)
        with self._database.write() as connection:
            connection.execute("UPDATE users SET password = ? WHERE name = ?", (_PIN_HASHER.hash(password), name))
            self._audit.add("password_set", actor, name=name)
        self._audit.seal()

    def set_pin(self, name: str, pin: str, *, password: str) -> None:
        """Set one's own signing PIN (4 to 12 digits); nobody sets another's."""
        self._verify(name, "password", password)
        with self._database.write() as connection:
            connection.execute("UPDATE users SET pin = ? WHERE name = ?", (_pin_hash(pin), name))
            self._audit.add("pin_set", name)
        self._audit.seal()

    def sign_in(self, name: str, password: str) -> Session:
        """Open a session. Raises UserError, slower each time, where name or password are wrong."""
        self._verify(name, "password", password)
        row = self._row(name)
        self.session = Session(row["name"], Role(row["role"]), stamp(self._clock()))
        self._audit.add("sign_in", self.session.user)
        self._audit.seal()
        return self.session

    def sign_out(self) -> None:
        """Close the session."""
        if self.session is not None:
            self._audit.add_or_keep("sign_out", self.session.user)
        self.session = None

    def break_glass(self, name: str, password: str, reason: str) -> Session:
        """An emergency session that may view and change whatever the role; the reason goes into the audit log."""
        if len(reason.strip()) < 5:
            raise UserError(
                "Emergency access needs a reason.", "Write why in a few words; it is kept in the audit log."
            )
        session = self.sign_in(name, password)
        self.session = Session(session.user, session.role, session.since, reason.strip())
        self._audit.add("break_glass", session.user, reason=reason.strip())
        self._audit.seal()
        return self.session

    def verify_pin(self, name: str, pin: str) -> str:
        """The user's name as stored, if the PIN is right and the role may sign."""
        self._verify(name, "pin", pin)
        row = self._row(name)
        if Permission.SIGN not in ALLOWED[Role(row["role"])]:
            raise UserError(f"{name} may not sign.", "Ask a clinician or reviewer.")
        return str(row["name"])

    def _own_or_managed(self, name: str, old: str | None) -> str:
        if old is not None:
            self._verify(name, "password", old)
            return name
        return self.require(Permission.MANAGE_USERS)

    def _verify(self, name: str, what: str, secret: str) -> None:
        """Check a password or PIN, counting failures per user. The count is committed even though the call fails."""
        row = self._row(name, missing=f"The name or {what} is wrong.")
        now = self._clock()
        if row["blocked_until"] and now < moment(row["blocked_until"]):
            wait = int((moment(row["blocked_until"]) - now).total_seconds()) + 1
            raise UserError(f"Too many failed tries; wait {wait} s.", "Then try again.")
        if not row["active"]:
            raise UserError("This account is switched off.", "Ask an administrator.")
        if not row[what]:
            raise UserError(f"{name} has no {what} yet.", f"Set a {what} first.")
        try:
            _PIN_HASHER.verify(row[what], secret)
        except VerifyMismatchError as error:
            self._count_failure(row["name"], row["failed"] + 1, what)
            raise UserError(f"The name or {what} is wrong.", "Try again.") from error
        with self._database.write() as connection:
            connection.execute("UPDATE users SET failed = 0, blocked_until = '' WHERE name = ?", (name,))

    def _count_failure(self, name: str, failed: int, what: str) -> None:
        wait = min(LONGEST_WAIT_S, 2 ** (failed - FREE_TRIES)) if failed >= FREE_TRIES else 0
        until = stamp(self._clock() + timedelta(seconds=wait)) if wait else ""
        with self._database.write() as connection:
            connection.execute("UPDATE users SET failed = ?, blocked_until = ? WHERE name = ?", (failed, until, name))
            self._audit.add("failed_sign_in", name, what=what, tries=failed)
        self._audit.seal()

    def _row(self, name: str, missing: str = "") -> dict[str, Any]:
        with self._database.read() as connection:
            cursor = connection.execute("SELECT * FROM users WHERE name = ?", (name,))
            row = cursor.fetchone()
            if row is None:
                raise UserError(missing or f"There is no user {name}.", "Check the name.")
            return dict(zip((c[0] for c in cursor.description), row, strict=True))


def account_name() -> str:
    """The operating system's name for who runs the program; "local user" where it has none."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "local user"


def _pin_hash(pin: str) -> str:
    if not pin:
        return ""
    if not (pin.isdigit() and 4 <= len(pin) <= 12):
        raise UserError("A PIN has 4 to 12 digits.", "Choose another.")
    return _PIN_HASHER.hash(pin)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > 64:
        raise UserError("A user needs a name of at most 64 characters.", "Choose another.")


def _check_password(password: str) -> None:
    if len(password) < 10:
        raise UserError("The password is too short.", "Use at least 10 characters; three or four random words do.")
