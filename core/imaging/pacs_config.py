"""Which archives an administrator has configured: `<profile>/pacs.json`. No file, or all switched off: nothing connects.

    {"archive": {"host": "pacs.example", "port": 104, "called": "ARCHIVE", "ca_file": "/etc/ca.pem"},
     "web": {"url": "https://pacs.example/dicom-web", "user": "reader", "on": false}}

Passwords are not written here: the window keeps them in the encrypted store, verbs take CONSILIUM_PACS_PASSWORD.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from core import paths
from core.errors import UserError

if TYPE_CHECKING:
    from core.imaging.pacs import Peer
    from core.imaging.pacs_web import WebPeer

    Archive = Peer | WebPeer

PASSWORD_VARIABLE = "CONSILIUM_PACS_PASSWORD"


@dataclass(frozen=True, slots=True)
class Entry:
    """One archive and whether it may be used."""

    archive: "Archive"
    on: bool = True


def config_path() -> Path:
    """Where the configuration lies."""
    return paths.profile() / "pacs.json"


def entries() -> dict[str, Entry]:
    """All configured archives by name, those switched off too. Raises `UserError` for a file that can't be read."""
    path = config_path()
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Any]])
        return {name: _entry(row) for name, row in rows.items()}
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"{path} can't be read ({error}).", "Ask your administrator.") from error


def _entry(row: dict[str, Any]) -> Entry:
    on = msgspec.convert(row.pop("on", True), bool)
    if "url" in row:
        from core.imaging.pacs_web import WebPeer

        return Entry(msgspec.convert(row, WebPeer), on)
    from core.imaging.pacs import Peer

    return Entry(msgspec.convert(row, Peer), on)


def names_on() -> tuple[str, ...]:
    """The names of the archives that are switched on, quickly; none where the file can't be read: nothing connects then."""
    try:
        rows = msgspec.json.decode(config_path().read_bytes(), type=dict[str, dict[str, Any]])
    except (OSError, msgspec.MsgspecError):
        return ()
    return tuple(sorted(name for name, row in rows.items() if row.get("on", True) is True))


def configured() -> "dict[str, Archive]":
    """The archives that may be used, by name. Raises `UserError` for a file that can't be read."""
    return {name: entry.archive for name, entry in entries().items() if entry.on}


def save(wanted: Mapping[str, Entry], allowed: Collection[str] | None = None) -> None:
    """Write the configuration, whole or not at all, readable by this account only.

    Raises `UserError` for an entry that is not complete, or that the policy (`allowed`, see `address`) does not let on.
    """
    for name, entry in wanted.items():
        check(name, entry)
        if entry.on:
            refuse_forbidden(entry.archive, allowed)
    rows = {name: _row(entry) for name, entry in wanted.items()}
    path = config_path()
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(rows), indent=2))
        beside.replace(path)
    except OSError as error:
        raise UserError(f"{path} can't be written ({error.strerror}).", "Free space, or check its rights.") from error
    finally:
        beside.unlink(missing_ok=True)


def _row(entry: Entry) -> dict[str, Any]:
    row = cast(dict[str, Any], msgspec.to_builtins(entry.archive))
    row.pop("password", None)
    return {key: value for key, value in row.items() if value != ""} | {"on": entry.on}


def check(name: str, entry: Entry) -> None:
    """Raises `UserError` where something is missing or can't be right."""
    archive = entry.archive
    if not name.strip():
        raise UserError("The archive has no name.", "Give it one.")
    if is_web(archive):
        url = cast("WebPeer", archive).url
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise UserError(f"{url or 'The address'} is not a DICOMweb address.", "Write https://host/path.")
        return
    peer = cast("Peer", archive)
    if not peer.host.strip() or not 0 < peer.port < 65536:
        raise UserError("The archive has no address or port.", "Write its host name and a port from 1 to 65535.")
    for title in (peer.called, peer.calling):
        if not 0 < len(title.strip()) <= 16 or not title.isascii() or "\\" in title:
            raise UserError(f"{title!r} is not an AE title.", "It has 1 to 16 plain letters, digits or signs.")


def is_web(archive: "Archive") -> bool:
    """Whether an archive is reached by DICOMweb."""
    return hasattr(archive, "url")


def address(archive: "Archive") -> str:
    """How the policy's `pacs_peers` names an archive: `AE@host:port` or the DICOMweb address."""
    if is_web(archive):
        return cast("WebPeer", archive).url
    peer = cast("Peer", archive)
    return f"{peer.called}@{peer.host}:{peer.port}"


def secured(archive: "Archive") -> bool:
    """Whether the way there is encrypted."""
    return address(archive).startswith("https:") if is_web(archive) else bool(cast("Peer", archive).ca_file)


def refuse_forbidden(archive: "Archive", allowed: Collection[str] | None) -> None:
    """Raises `UserError` for an archive the policy does not name. None allows all."""
    if allowed is not None and address(archive) not in allowed:
        raise UserError(f"Your organisation's policy does not allow {address(archive)}.", "Ask your IT department.")
