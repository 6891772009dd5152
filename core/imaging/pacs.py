"""DICOM network client: echo, find, store, get, move (PS3.7, PS3.4). Opens a connection only when called with a `Peer`.

Off by default: nothing calls this before an administrator has configured a peer (`pacs_config`). Retrieval is C-GET over
the connection made here; only `fetch` from a peer configured for C-MOVE listens, for the time of that transfer. TLS where
the peer has a certificate file. Imports pynetdicom inside functions. Its web sister is `pacs_web`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom

from core.errors import Unreadable, UserError
from core.imaging.header import read_dataset
from core.progress import Cancelled, Report, silent

TIMEOUT_S = 30
_SUCCESS, _PENDING, _REFUSED = 0x0000, (0xFF00, 0xFF01), 0xA700
MAX_MATCHES = 2_000
_STORAGE = "1.2.840.10008.5.1.4.1.1."
# A connection holds 128 pairs of object and coding. Left out of a retrieval: retired and trial objects, prints, eye
# measurements, surface scans, treatment records of radiotherapy, heart-catheter and sound recordings, OCT of vessels,
# microscopy, bi-plane angiography, value mappings.
_LEFT_OUT = (
    "1.2.840.", "10", "11", "129", "131", "14.", "481.4", "481.6", "481.7", "481.8", "481.9", "68.", "77.1.5", "77.1.3",
    "77.1.2", "77.1.6", "77.2", "67", "12.3", "78.", "79.", "8", "9.1.3", "9.3", "9.4", "9.5", "9.6",
)  # fmt: skip
_KEPT = ("104.1", "104.2", "11.1", "11.2", "88.")
_OFTEN_COMPRESSED = ("1", "1.1", "1.2", "2", "4", "6.1", "3.1", "7")
"""CR, DX, mammogram, CT, MR, ultrasound (one picture, many), Secondary Capture: asked for as they are stored too."""
_COMPRESSED = tuple(f"1.2.840.10008.1.2.{end}" for end in ("4.50", "4.70", "4.80", "4.81", "4.90", "4.91", "5"))
"""JPEG baseline, JPEG lossless, JPEG-LS lossless and near, JPEG 2000 lossless and lossy, RLE."""
_UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")


@dataclass(frozen=True, slots=True)
class Peer:
    """A DICOM node. `ca_file` is the certificate (PEM) that signs the peer's; "" means no TLS.

    `cert_file` and `key_file` (PEM) are what this program shows to a peer that asks for a certificate. `listen_port` is
    for archives that only know C-MOVE: the port they know this program by, open only while `fetch` waits; 0 means C-GET.
    """

    host: str
    port: int
    called: str
    calling: str = "CONSILIUM"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    listen_port: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """One answer of a query, as plain text by keyword."""

    values: dict[str, str]


@contextmanager
def _connected(peer: Peer, contexts: Sequence[Any], roles: Sequence[Any], handlers: list[Any]) -> Iterator[Any]:
    """An association with the peer. Raises `UserError` when there is none."""
    from pynetdicom import AE, evt

    opened: list[Any] = []
    handlers = [*handlers, (evt.EVT_CONN_OPEN, lambda event: opened.append(event.assoc.dul.socket.socket))]
    entity = AE(ae_title=peer.calling)
    entity.requested_contexts = list(contexts)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
    entity.connection_timeout = TIMEOUT_S
    link = entity.associate(
        peer.host, peer.port, ae_title=peer.called, ext_neg=list(roles), evt_handlers=handlers, tls_args=_tls(peer)
    )
    if not link.is_established:
        for one in filter(None, opened):  # pynetdicom forgets to close one that the peer has shut
            one.close()
        raise UserError(
            f"{peer.called} at {peer.host}:{peer.port} does not answer or refuses the connection.",
            "Check the address, the port and the names on both sides.",
        )
    try:
        yield link
    except BaseException:  # the peer may be in the middle of something: it would not answer a release
        if link.is_established:
            link.abort()
        raise
    if link.is_established:
        link.release()


def _tls(peer: Peer) -> Any:
    if not peer.ca_file:
        return None
    return tls_context(peer.ca_file, peer.cert_file, peer.key_file), peer.host


def tls_context(ca_file: str, cert_file: str = "", key_file: str = "", *, server: bool = False) -> Any:
    """TLS that checks the peer's certificate (and, as client, its name) against `ca_file` ("" is the system's store)."""
    import ssl

    purpose = ssl.Purpose.CLIENT_AUTH if server else ssl.Purpose.SERVER_AUTH
    try:
        made = ssl.create_default_context(purpose, cafile=ca_file or None)
        if server:
            made.verify_mode = ssl.CERT_REQUIRED
        if cert_file:
            made.load_cert_chain(cert_file, key_file or None)
    except OSError as error:  # ssl.SSLError is one
        raise UserError(
            f"The certificate files of this peer can't be used ({error}).", "Check them in the configuration."
        ) from error
    return made


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
    """Fetch what `keys` name into `folder` (C-GET); returns the files. Nothing half-received is left behind.

    `Cancelled` raised by `report` ends the association; what was received whole stays in `folder`.
    """
    from pynetdicom import build_context, build_role, evt
    from pynetdicom.presentation import StoragePresentationContexts
    from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet as Model  # type: ignore[attr-defined]

    kept: list[Path] = []
    stopped: list[Cancelled] = []
    receive = _receiver(folder, kept, report, stopped)
    known = [str(c.abstract_syntax) for c in StoragePresentationContexts]
    storage = [uid for uid in known if _wanted(uid.removeprefix(_STORAGE))]
    contexts = [build_context(Model), *(build_context(uid) for uid in storage)]
    contexts += [build_context(_STORAGE + uid, syntax) for uid in _OFTEN_COMPRESSED for syntax in _COMPRESSED]
    roles = [build_role(uid, scp_role=True) for uid in storage]
    with _connected(peer, contexts, roles, [(evt.EVT_C_STORE, receive)]) as link:
        for status, _ in link.send_c_get(_query(keys, level), Model):
            if stopped:
                break
            if not (status and status.Status in _PENDING):
                _check(status, peer, "the transfer")
        if stopped:
            raise stopped[0]
    return kept


def fetch(peer: Peer, keys: dict[str, str], folder: Path, level: str = "STUDY", report: Report = silent) -> list[Path]:
    """Fetch what `keys` name into `folder` by the way the peer is configured for: C-GET, or C-MOVE to ourselves.

    Only C-MOVE listens: on `peer.listen_port`, to the peer's own AE title, until this returns or raises.
    """
    if not peer.listen_port:
        return get(peer, keys, folder, level, report)
    kept: list[Path] = []
    stopped: list[Cancelled] = []
    with _listening(peer, _receiver(folder, kept, report, stopped)):
        try:
            move(peer, keys, peer.calling, level, _stopping(stopped))
        except UserError:
            if not stopped:
                raise
    if stopped:
        raise stopped[0]
    return kept


def _stopping(stopped: list[Cancelled]) -> Report:
    def report(_done: int, _total: int, _what: str) -> None:
        if stopped:
            raise stopped[0]

    return report


@contextmanager
def _listening(peer: Peer, receive: Callable[[Any], int]) -> Iterator[None]:
    """A storage provider of ours for the time of one transfer. Raises `UserError` where the port is taken."""
    from pynetdicom import AE, StoragePresentationContexts, evt

    entity = AE(ae_title=peer.calling)
    entity.require_called_aet = True
    entity.require_calling_aet = [peer.called]
    entity.network_timeout = entity.dimse_timeout = TIMEOUT_S
    syntaxes = [*_UNCOMPRESSED, *_COMPRESSED]
    for context in StoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), syntaxes)
    secure = tls_context(peer.ca_file, peer.cert_file, peer.key_file, server=True) if peer.ca_file else None
    try:
        entity.start_server(
            ("", peer.listen_port), block=False, evt_handlers=[(evt.EVT_C_STORE, receive)], ssl_context=secure
        )
    except OSError as error:
        raise UserError(
            f"The port {peer.listen_port} can't be opened to receive images ({error.strerror}).",
            "Close what uses it, or ask an administrator for another port.",
        ) from error
    try:
        yield
    finally:
        entity.shutdown()  # ends the server, its port and its threads


def _wanted(uid: str) -> bool:
    return uid.startswith(_KEPT) or not uid.startswith(_LEFT_OUT)


def move(peer: Peer, keys: dict[str, str], destination: str, level: str = "STUDY", report: Report = silent) -> int:
    """Have the peer send what `keys` name to a third node it knows as `destination` (C-MOVE); returns how many.

    Raises `UserError` where it refuses or where some of them did not arrive.
    """
    from pynetdicom import build_context
    from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelMove as Model  # type: ignore[attr-defined]

    done = failed = 0
    with _connected(peer, [build_context(Model)], (), []) as link:
        for status, _ in link.send_c_move(_query(keys, level), destination, Model):
            if not (status and status.Status in _PENDING):
                _check(status, peer, "the transfer")
            done = int(status.get("NumberOfCompletedSuboperations") or done)
            failed = int(status.get("NumberOfFailedSuboperations") or failed)
            report(done, done + int(status.get("NumberOfRemainingSuboperations") or 0), destination)
    if failed:
        raise UserError(f"{failed} of {done + failed} objects did not reach {destination}.", "Ask its administrator.")
    return done


def _receiver(folder: Path, kept: list[Path], report: Report, stopped: list[Cancelled]) -> Callable[[Any], int]:
    def receive(event: Any) -> int:
        if stopped:
            return _REFUSED
        # The UID becomes a file name: digits and dots only, whatever the peer sent.
        uid = "".join(c for c in str(event.request.AffectedSOPInstanceUID) if c.isdigit() or c == ".")[:64]
        part, path = folder / f"{uid}.part", folder / f"{uid}.dcm"
        part.write_bytes(event.encoded_dataset())
        part.replace(path)
        kept.append(path)
        try:
            report(len(kept), 0, path.name)
        except Cancelled as asked:  # pynetdicom would swallow it here: it is raised where the answers are read
            stopped.append(asked)
            event.assoc.abort()
            event.assoc.dimse.msg_queue.put((None, None))  # as when the peer aborts: nobody waits for the timeout
            return _REFUSED
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


__all__ = ["Match", "Peer", "Unreadable", "echo", "fetch", "find", "get", "move", "store", "tls_context"]
