"""A real Orthanc on loopback, and files with Chinese names to send to it."""

import gc
import itertools
import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.imaging.pacs import Peer, echo
from core.imaging.pacs_web import WebPeer, qido
from tests.core.imaging.made import stack

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_NUMBERS = itertools.count(1000, 10)
CHINESE = "WANG^XIAODONG=王^小东"


@dataclass(frozen=True, slots=True)
class Orthanc:
    """A running Orthanc by its two doors."""

    dicom: Peer
    web: WebPeer


def drop_sockets() -> None:
    """Collect the sockets pynetdicom drops here, where their warning is expected, and not in somebody else's test."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and type(thread).__module__.startswith("pynetdicom"):
            thread.join(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def tool(name: str) -> str:
    """A program of dcmtk or dicom3tools, not pynetdicom's of the same name; or a skip that says which package."""
    found = Path("/usr/bin") / name
    if not found.exists():
        pytest.skip(f"{name} (Debian packages dcmtk, dicom3tools) is not installed")
    return str(found)


@contextmanager
def orthanc(folder: Path, modalities: dict[str, Any], tls: Path | None = None) -> Iterator[Orthanc]:
    """Start one with its storage in `folder`; `tls` is a folder with cert.pem and key.pem.

    Its own HTTPS ends the process at the first request (1.10.1 on Debian 12), so a front door speaks TLS for its HTTP.
    """
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        pytest.skip("Orthanc with DICOMweb (Debian packages orthanc, orthanc-dicomweb) is not installed")
    dicom, web = free_ports(2)
    settings: dict[str, Any] = {
        "Name": "TEST", "StorageDirectory": str(folder), "IndexDirectory": str(folder), "DefaultEncoding": "Utf8",
        "DicomAet": "ORTHANC", "DicomPort": dicom, "HttpPort": web, "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True, "RegisteredUsers": {"doctor": "secret"}, "Plugins": [str(PLUGIN)],
        "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True, "DicomModalities": modalities,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip
    secure: dict[str, str] = {}
    if tls is not None:
        cert, key = str(tls / "cert.pem"), str(tls / "key.pem")
        settings |= {
            "DicomTlsEnabled": True, "DicomTlsCertificate": cert, "DicomTlsPrivateKey": key,
            "DicomTlsTrustedCertificates": cert,
        }  # fmt: skip
        secure = {"ca_file": cert, "cert_file": cert, "key_file": key}
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log, cwd=folder)
    peer = Peer("127.0.0.1", dicom, "ORTHANC", **secure)
    site = WebPeer(f"http://127.0.0.1:{web}/dicom-web", "doctor", "secret")
    try:
        end = time.monotonic() + 30
        while not _answers(peer, site):
            assert running.poll() is None and time.monotonic() < end, (folder / "log").read_text()[-2000:]
        if tls is None:
            yield Orthanc(peer, site)
            return
        with _front(tls, web) as door:
            yield Orthanc(peer, WebPeer(f"https://127.0.0.1:{door}/dicom-web", "doctor", "secret", **secure))
    finally:
        running.terminate()
        running.wait(20)


@contextmanager
def _front(tls: Path, behind: int) -> Iterator[int]:
    """A TLS port that asks for the client's certificate and hands on to the plain port `behind`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
    context.load_verify_locations(tls / "cert.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                inside = context.wrap_socket(self.request, server_side=True)
            except OSError:
                return
            with inside, socket.create_connection(("127.0.0.1", behind)) as onward:
                answers = threading.Thread(target=_copy, args=(onward, inside), daemon=True)
                answers.start()
                _copy(inside, onward)
                answers.join(10)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _answers(peer: Peer, site: WebPeer) -> bool:
    try:
        qido(site, {"PatientID": "nobody"})
        echo(peer)
    except UserError:
        time.sleep(0.1)
        return False
    return True


def chinese_stack(folder: Path, charset: str = "GB18030", **tags: Any) -> list[Path]:
    """Four CT slices of a SYNTHETIC patient with a Chinese name, in one of the national encodings."""
    folder.mkdir(exist_ok=True)
    # Orthanc looks up an instance by its UID alone, so each is another's.
    return stack(
        folder, [(0, 0, 2.0 * i) for i in range(4)], shape=(32, 32), first=next(_NUMBERS),
        SpecificCharacterSet=charset, PatientName=CHINESE,
        PatientComments="SYNTHETIC", FrameOfReferenceUID="1.2.3.9", PatientBirthDate="19800101", PatientSex="M",
        StudyDate="20260101", StudyTime="101010", StudyID="1", SliceThickness="2", StudyDescription="胸部平扫", **tags,
    )  # fmt: skip
