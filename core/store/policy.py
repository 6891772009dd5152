"""The policy file of an IT department: JSON that locks settings for everybody on a machine.

    {"settings": {"language": "zh"}, "idle_minutes": 10, "passphrase_required": true,
     "pack_installers": ["administrator"], "pacs_peers": ["ARCHIVE@pacs.example:104"]}

Looked for in CONSILIUM_POLICY, else /etc/consilium/policy.json, /Library/Application Support/Consilium/policy.json or
%PROGRAMDATA%\\Consilium\\policy.json. A file that is there but can't be read stops the program: a lock must not fall open.
"""

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core.errors import UserError


@dataclass(frozen=True, slots=True)
class Policy:
    """What the organisation has set. `pacs_peers` None leaves peers to the user, empty forbids all."""

    settings: dict[str, Any] = field(default_factory=dict)
    idle_minutes: int | None = None
    passphrase_required: bool = False
    pack_installers: tuple[str, ...] | None = None
    pacs_peers: tuple[str, ...] | None = None
    export_allowed: bool = True
    source: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    settings: dict[str, Any] = {}
    idle_minutes: int | None = None
    passphrase_required: bool = False
    pack_installers: tuple[str, ...] | None = None
    pacs_peers: tuple[str, ...] | None = None
    export_allowed: bool = True


def policy_path() -> Path:
    """Where the policy file would lie on this machine."""
    override = os.environ.get("CONSILIUM_POLICY")
    if override:
        return Path(override)
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / "Consilium" / "policy.json"
    if sys.platform == "darwin":
        return Path("/Library/Application Support/Consilium/policy.json")
    return Path("/etc/consilium/policy.json")


def load_policy() -> Policy:
    """The policy in force; an empty one where there is no file. Raises UserError for a file that can't be read."""
    path = policy_path()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Policy()
    except OSError as error:
        raise UserError(
            f"The policy file {path} can't be read ({error.strerror}).", "Tell your IT department."
        ) from error
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(f"The policy file {path} is not valid: {error}.", "Tell your IT department.") from error
    if file.idle_minutes is not None and file.idle_minutes < 1:
        raise UserError(f"The policy file {path} locks after less than a minute.", "Tell your IT department.")
    return Policy(
        file.settings, file.idle_minutes, file.passphrase_required, file.pack_installers, file.pacs_peers,
        file.export_allowed, str(path),
    )  # fmt: skip


def refuse_export(policy: Policy) -> None:
    """Raises UserError where the policy forbids that anything leaves the program."""
    if not policy.export_allowed:
        raise UserError("Your organisation's policy does not allow exports.", "Ask your IT department.")


class IdleLock:
    """When to lock: some minutes after the last key or click. Times in seconds of a clock that only goes forward."""

    def __init__(self, minutes: float, now_s: float | None = None) -> None:
        self._after_s = 60 * minutes
        self._last_s = time.monotonic() if now_s is None else now_s

    def touch(self, now_s: float) -> None:
        """The user did something."""
        self._last_s = now_s

    def due(self, now_s: float) -> bool:
        """Whether it is time to lock."""
        return now_s - self._last_s >= self._after_s

    def left_s(self, now_s: float) -> float:
        """Seconds until then (0 when due): what to set a timer to."""
        return max(0.0, self._after_s - (now_s - self._last_s))
