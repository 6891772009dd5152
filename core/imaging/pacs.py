"""DICOM network client: echo, find, store, get (PS3.7, PS3.4). Opens a connection only when called with a `Peer`.

Off by default: nothing calls this before an administrator has configured a peer. The program never listens: retrieval is
C-GET over the connection it made. TLS where the peer has a certificate file. Imports pynetdicom inside functions.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom

from core.errors import Unreadable, UserError
from core.imaging.header import read_dataset
from core.progress import Report, silent

TIMEOUT_S = 30
_SUCCESS, _PENDING = 0x0000, (0xFF00, 0xFF01)
MAX_MATCHES = 2_000


@dataclass(frozen=True, slots=True)
class Peer:
    """A DICOM node. `ca_file` is the certificate (PEM) that signs the peer's; "" means no TLS."""

    host: str
    port: int
    called: str
    calling: str = "CONSILIUM"
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One answer of a query, as plain text by keyword."""

    values: dict[str, str]


@contextmanager
def _connected(peer: Peer, contexts: Sequence[Any], roles: Sequence[Any], handlers: list[Any]) -> Iterator[Any]:
    """An association with the peer. Raises `UserError` when there is none."""
    from pynetdicom import AE

    entity = AE(ae_title=peer.calling)
    entity.requested_contexts = list(contexts)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
    entity.connection_timeout = TIMEOUT_S
    link = entity.associate(
        peer.host, peer.port, ae_title=peer.called, ext_neg=list(roles), evt_handlers=handlers, tls_args=_tls(peer)
    )
    if not link.is_established:
        raise UserError(
            f"{peer.called} at {peer.host}:{peer.port} does not answer or refuses the connection.",
            "Check the address, the port and the names on both sides.",
        )
    try:
        yield link
    finally:
        if link.is_established:
            link.release()


def _tls(peer: Peer) -> Any:
    if not peer.ca_file:
        return None
    import ssl

    return ssl.create_default_context(cafile=peer.ca_file), peer.host


def echo(peer: Peer) -> None:
    """Ask whether the peer is there (C-ECHO). Raises `UserError` when it is not."""
    from pynetdicom import build_context
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

    with _connected(peer, [build_context(Verification)], (), []) as link:
        _check(link.send_c_echo(), peer, "the echo")


def find(peer: Peer, keys: dict[str, str], level: str = "STUDY") -> tuple[Match, ...]:
    """Query the study root (C-FIND); `keys` maps keywords to values or wildcards, "" asks for the value."""
    from pynetdicom import build_context
    from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as Model  # type: ignore[attr-defined]

    query = _query(keys, level)
    matches: list[Match] = []
    with _connected(peer, [build_context(Model)], (), []) as link:
        for status, answer in link.send_c_find(query, Model):
            if status and status.Status in _PENDING and answer is not None:
                matches.append(Match({e.keyword: str(e.value) for e in answer if e.keyword}))
            else:
                _check(status, peer, "the query")
            if len(matches) >= MAX_MATCHES:
                link.abort()
                raise UserError(f"More than {MAX_MATCHES} answers.", "Ask more narrowly.")
    return tuple(matches)


def _query(keys: dict[str, str], level: str) -> pydicom.Dataset:
    query = pydicom.Dataset()
    query.QueryRetrieveLevel = level
    if any(not value.isascii() for value in keys.values()):
        query.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        setattr(query, keyword, value)
    return query


def store(peer: Peer, paths: Sequence[Path], report: Report = silent) -> int:
    """Send files as they are stored (C-STORE); returns how many. Raises `UserError` at the first the peer refuses."""
    from pynetdicom import build_context

    wanted = {}
    for path in paths:
        header = read_dataset(path, stop_before_pixels=True)
        syntax = str(header.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2"))
        wanted[str(header.SOPClassUID), syntax] = build_context(header.SOPClassUID, syntax)
    if len(wanted) > 128:
        raise UserError("These files are of too many kinds for one connection.", "Send fewer at a time.")
    with _connected(peer, list(wanted.values()), (), []) as link:
        for done, path in enumerate(paths):
            report(done, len(paths), path.name)
            try:
                status = link.send_c_store(path)
            except ValueError as error:
                raise UserError(f"{peer.called} does not accept {path.name} ({error}).") from error
            _check(status, peer, path.name)
    return len(paths)


def get(peer: Peer, keys: dict[str, str], folder: Path, level: str = "STUDY", report: Report = silent) -> list[Path]:
    """Fetch what `keys` name into `folder` (C-GET); returns the files. Nothing half-received is left behind."""
    from pynetdicom import build_context, build_role, evt
    from pynetdicom.presentation import StoragePresentationContexts
    from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet as Model  # type: ignore[attr-defined]

    kept: list[Path] = []
    receive = _receiver(folder, kept, report)
    storage = [c.abstract_syntax for c in StoragePresentationContexts[:120] if c.abstract_syntax is not None]
    contexts = [build_context(Model), *(build_context(uid) for uid in storage)]
    roles = [build_role(uid, scp_role=True) for uid in storage]
    with _connected(peer, contexts, roles, [(evt.EVT_C_STORE, receive)]) as link:
        for status, _ in link.send_c_get(_query(keys, level), Model):
            if not (status and status.Status in _PENDING):
                _check(status, peer, "the transfer")
    return kept


def _receiver(folder: Path, kept: list[Path], report: Report) -> Callable[[Any], int]:
    def receive(event: Any) -> int:
        # The UID becomes a file name: digits and dots only, whatever the peer sent.
        uid = "".join(c for c in str(event.request.AffectedSOPInstanceUID) if c.isdigit() or c == ".")[:64]
        part, path = folder / f"{uid}.part", folder / f"{uid}.dcm"
        part.write_bytes(event.encoded_dataset())
        part.replace(path)
        kept.append(path)
        report(len(kept), 0, path.name)
        return _SUCCESS

    return receive


def _check(status: pydicom.Dataset | None, peer: Peer, what: str) -> None:
    """Success and warnings (0xBxxx) pass; the rest is said with its code."""
    code = status.get("Status") if status else None
    if code is None:
        raise UserError(f"{peer.called} ended the connection during {what}.", "Try again.")
    if code != _SUCCESS and code & 0xF000 != 0xB000:
        comment = str(status.get("ErrorComment", "")) if status else ""
        raise UserError(f"{peer.called} refused {what} (status 0x{code:04X}). {comment}".strip())


__all__ = ["Match", "Peer", "Unreadable", "echo", "find", "get", "store"]
