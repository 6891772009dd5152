"""Stand-ins for identities: the same person, UID or date shift always gets the same one under the same key.

Everything is an HMAC-SHA256 under the project's key, so nothing can be traced back without it. To be able to go back, the
pairs that were made can be written to an escrow file, encrypted under the same key, that is kept somewhere else.
"""

import hashlib
import hmac
import os
import secrets
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.domain.record import Patient
from core.errors import UserError

LONGEST_SHIFT_DAYS = 3650


class Pseudonyms:
    """Stand-ins under one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        """`key` comes from `new_key` and is kept apart from what is released."""
        self._key = key
        self._pairs: dict[str, str] = {}

    def subject(self, patient: Patient) -> str:
        """A patient's stand-in, "SUBJ-" and eight letters or digits; by number where there is one, else by name."""
        who = "|".join(sorted(i.value for i in patient.identifiers)) or f"{patient.name}|{patient.birth_date}"
        return self._noted(who, "SUBJ-" + self._mac("subject", who)[:8].upper())

    def subject_of(self, number: str, name: str) -> str:
        """The stand-in of a DICOM PatientID and PatientName."""
        return self._noted(number or name, "SUBJ-" + self._mac("subject", number or f"{name}|None")[:8].upper())

    def person(self, name: str) -> str:
        """A stand-in for staff: "Person 3F2A"."""
        return self._noted(name, "Person " + self._mac("person", name)[:4].upper()) if name else ""

    def uid(self, uid: str) -> str:
        """A DICOM UID under 2.25 (PS3.5 B.2) for another, the same across files of a study."""
        return self._noted(uid, f"2.25.{int(self._mac('uid', uid)[:32], 16)}") if uid else ""

    def days(self, subject: str) -> timedelta:
        """How far all dates of a subject move: one day to ten years into the past, whole days, so intervals stay."""
        return timedelta(days=-1 - int(self._mac("days", subject)[:8], 16) % LONGEST_SHIFT_DAYS)

    def write_escrow(self, path: Path) -> None:
        """Write the pairs made so far, encrypted under the key."""
        nonce = os.urandom(12)
        path.write_bytes(nonce + AESGCM(self._key).encrypt(nonce, msgspec.json.encode(self._pairs), b"escrow"))

    def _noted(self, original: str, stand_in: str) -> str:
        self._pairs[stand_in] = original
        return stand_in

    def _mac(self, kind: str, text: str) -> str:
        return hmac.new(self._key, f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()


def new_key() -> bytes:
    """A key for one release or project."""
    return secrets.token_bytes(32)


def read_escrow(path: Path, key: bytes) -> dict[str, str]:
    """Stand-in -> original. Raises UserError for the wrong key."""
    data = path.read_bytes()
    try:
        return msgspec.json.decode(AESGCM(key).decrypt(data[:12], data[12:], b"escrow"), type=dict[str, str])
    except (InvalidTag, ValueError) as error:
        raise UserError("This key does not open the escrow file.", "Find the key that was made with it.") from error


def shifted(text: str, by: timedelta) -> str:
    """An ISO date or time moved by whole days, in its own precision; "" where it can't be read (never left as it is).

    A bare year or year and month is moved by the same number of days from its middle, which keeps it right within one unit.
    """
    try:
        if len(text) == 4:
            return str((date(int(text), 7, 1) + by).year)
        if len(text) == 7:
            return (date(int(text[:4]), int(text[5:]), 15) + by).isoformat()[:7]
        if len(text) == 10:
            return (date.fromisoformat(text) + by).isoformat()
        return (datetime.fromisoformat(text) + by).isoformat()
    except (ValueError, OverflowError):
        return ""
