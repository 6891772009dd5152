"""DICOMweb client (PS3.18): QIDO-RS finds, WADO-RS fetches, STOW-RS sends. Opens a connection only when called.

The sister of `pacs` for archives that speak HTTP; off by default in the same way, and it never listens. Certificates are
checked, redirects are not followed, and answers are read within bounds.
"""

import base64
import http.client
import io
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

import pydicom
from pydicom.datadict import tag_for_keyword

from core.errors import Unreadable, UserError
from core.imaging.header import read_dataset
from core.imaging.pacs import MAX_MATCHES, TIMEOUT_S, Match, tls_context
from core.progress import Report, silent

MAX_ANSWER = 64 * 1024 * 1024
"""Largest answer that is not images (bytes)."""
MAX_PART_HEADER = 64 * 1024
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class WebPeer:
    """A DICOMweb root, such as https://pacs.example/dicom-web. `ca_file` "" trusts the system's certificates."""

    url: str
    user: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


def qido(peer: WebPeer, keys: dict[str, str], level: str = "STUDY") -> tuple[Match, ...]:
    """Query studies, series or instances (QIDO-RS); `keys` as in `pacs.find`. Raises `UserError`."""
    asked = [(k, v) for k, v in keys.items() if v] + [("includefield", k) for k, v in keys.items() if not v]
    where = {"STUDY": "studies", "SERIES": "series", "IMAGE": "instances"}[level]
    # Orthanc's plug-in does not decode the escaped forms of these, which PS3.18 uses as they are.
    query = urlencode([*asked, ("limit", str(MAX_MATCHES + 1))], safe="*^,:", quote_via=quote)
    path = f"/{where}?{query}"
    with _answer(peer, "GET", path, {"Accept": "application/dicom+json"}) as answer:
        rows = _json(answer, peer)
    if len(rows) > MAX_MATCHES:
        raise UserError(f"More than {MAX_MATCHES} answers.", "Ask more narrowly.")
    return tuple(Match(_plain(row, keys)) for row in rows)


def _json(answer: http.client.HTTPResponse, peer: WebPeer) -> list[dict[str, Any]]:
    body = answer.read(MAX_ANSWER + 1) if answer.status != 204 else b"[]"
    try:
        rows = json.loads(body or b"[]") if len(body) <= MAX_ANSWER else None
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{peer.url} gives an answer that is not DICOMweb.", "Check the address.")
    return rows


def _plain(row: dict[str, Any], keys: dict[str, str]) -> dict[str, str]:
    """The first value of each asked keyword as text (DICOM JSON model, PS3.18 F)."""
    found = {}
    for keyword in keys:
        tag = tag_for_keyword(keyword)
        values = (row.get(f"{tag:08X}") or {}).get("Value") if tag is not None else None
        value = values[0] if isinstance(values, list) and values else ""
        if isinstance(value, dict):  # a person name by its representations
            value = value.get("Alphabetic") or value.get("Ideographic") or ""
        found[keyword] = str(value)
    return found


def wado(
    peer: WebPeer, study: str, folder: Path, *, series: str = "", instance: str = "", report: Report = silent
) -> list[Path]:
    """Fetch a study, a series or an instance as stored (WADO-RS) into `folder`; returns the files.

    Nothing half-received is left behind. Raises `UserError`; `Unreadable` where a part is not DICOM.
    """
    levels = (("studies", study), ("series", series), ("instances", instance))
    path = "".join(f"/{name}/{_uid(value)}" for name, value in levels if value)
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    kept: list[Path] = []
    with _answer(peer, "GET", path, {"Accept": accept}) as answer:
        boundary = re.search(r'boundary="?([^";]+)', answer.getheader("Content-Type", ""))
        if boundary is None:
            raise UserError(f"{peer.url} gives an answer that is not DICOMweb.", "Check the address.")
        for number, part in enumerate(_parts(answer, boundary[1].encode("latin-1"), folder)):
            kept.append(_keep(part, folder))
            report(number + 1, 0, kept[-1].name)
    return kept


def _uid(value: str) -> str:
    if not re.fullmatch(r"[0-9.]{1,64}", value):
        raise UserError(f"{value!r} is not a DICOM identifier.", "It has digits and dots only.")
    return value


def _keep(part: Path, folder: Path) -> Path:
    """A received part under its own UID; dropped where it is not DICOM."""
    try:
        header = read_dataset(part, stop_before_pixels=True)
        uid = re.sub(r"[^0-9.]", "", str(header.get("SOPInstanceUID", "")))[:64]
        if not uid:
            raise Unreadable("A received object has no identifier.")
        return part.replace(folder / f"{uid}.dcm")
    finally:
        part.unlink(missing_ok=True)


def _parts(source: BinaryIO | http.client.HTTPResponse, boundary: bytes, folder: Path) -> Iterator[Path]:
    """Each part of a multipart answer as a file `N.part`, read in pieces (RFC 2046 5.1)."""
    mark = b"\r\n--" + boundary
    window = b"\r\n"
    window, _ = _until(source, window, mark, io.BytesIO(), MAX_PART_HEADER)
    number = 0
    while not window.startswith(b"--"):
        window, _ = _until(source, window, b"\r\n\r\n", io.BytesIO(), MAX_PART_HEADER)
        path = folder / f"{secrets.token_hex(8)}.part"
        try:
            with path.open("wb") as out:
                window, size = _until(source, window, mark, out, None)
            if size:
                yield path
        finally:
            path.unlink(missing_ok=True)
        number += 1
        window += source.read(2) if len(window) < 2 else b""


def _until(
    source: BinaryIO | http.client.HTTPResponse, window: bytes, mark: bytes, out: BinaryIO, limit: int | None
) -> tuple[bytes, int]:
    """Copy what comes before `mark` to `out`; returns what was read beyond it and how many bytes were copied."""
    copied = 0
    while True:
        at = window.find(mark)
        if at >= 0:
            out.write(window[:at])
            return window[at + len(mark) :], copied + at
        sure = max(0, len(window) - len(mark) + 1)
        out.write(window[:sure])
        copied += sure
        more = source.read(_CHUNK)
        if not more or (limit is not None and copied > limit):
            raise UserError("The answer of the archive is cut short or damaged.", "Try again.")
        window = window[sure:] + more


def stow(peer: WebPeer, paths: Sequence[Path], report: Report = silent) -> int:
    """Send files as they are stored (STOW-RS), one request a file; returns how many. Raises at the first refusal."""
    for done, path in enumerate(paths):
        report(done, len(paths), path.name)
        boundary = secrets.token_hex(16)
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = head + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        }
        with _answer(peer, "POST", "/studies", headers, body) as answer:
            _stored(answer, peer, path.name)
    return len(paths)


def _stored(answer: http.client.HTTPResponse, peer: WebPeer, name: str) -> None:
    """200 may still hold a list of failures (PS3.18 10.5.3)."""
    body = answer.read(MAX_ANSWER)
    try:
        made = pydicom.Dataset.from_json(body.decode()) if body.strip() else pydicom.Dataset()
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{peer.url} gives an answer that is not DICOMweb.", "Check the address.") from error
    if made.get("FailedSOPSequence"):
        reason = int(made.FailedSOPSequence[0].get("FailureReason", 0))
        raise UserError(f"{peer.url} refused {name} (reason 0x{reason:04X}).")


@contextmanager
def _answer(
    peer: WebPeer, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> Iterator[http.client.HTTPResponse]:
    """One request. Raises `UserError` for an address, a connection or a status that is not success."""
    root = urlsplit(peer.url)
    if root.scheme not in {"http", "https"} or not root.hostname or root.username:
        raise UserError(f"{peer.url!r} is not a DICOMweb address.", "Give one such as https://pacs.example/dicom-web.")
    if peer.user:
        token = base64.b64encode(f"{peer.user}:{peer.password}".encode()).decode()
        headers = headers | {"Authorization": f"Basic {token}"}
    if root.scheme == "https":
        context = tls_context(peer.ca_file, peer.cert_file, peer.key_file)
        link: http.client.HTTPConnection = http.client.HTTPSConnection(
            root.hostname, root.port, timeout=TIMEOUT_S, context=context
        )
    else:
        link = http.client.HTTPConnection(root.hostname, root.port, timeout=TIMEOUT_S)
    try:
        link.request(method, root.path.rstrip("/") + path, body, headers)
        with link.getresponse() as answer:
            if not 200 <= answer.status < 300:
                raise UserError(f"{peer.url} answers {answer.status} {answer.reason}.", _advice(answer.status))
            yield answer
    except (OSError, http.client.HTTPException) as error:
        raise UserError(
            f"{peer.url} does not answer as it should ({error}).", "Check the address and the certificate."
        ) from error
    finally:
        link.close()


def _advice(status: int) -> str:
    if status in {401, 403}:
        return "Check user and password."
    return "There is no such object." if status == 404 else "Ask the archive's administrator."
