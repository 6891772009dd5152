"""The network client against dcmtk's dcmqrscp and storescp on loopback."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import UserError
from core.imaging.pacs import Peer, echo, find, get, store
from core.imaging.pixels import frame
from core.imaging.study import read_images
from core.paths import RESOURCES
from tests.core.imaging.made import stack
from tests.core.imaging.peers import drop_sockets

pytestmark = [
    pytest.mark.pacs,
    # pynetdicom drops the socket of a refused connection without closing it.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
FILM = RESOURCES / "samples" / "child-cough" / "film.dcm"
CONFIG = """NetworkTCPPort = {port}
MaxPDUSize = 16384
MaxAssociations = 8
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
PEER {folder} RW (20, 1024mb) ANY
AETable END
"""


@pytest.fixture(autouse=True)
def dropped() -> Iterator[None]:
    yield
    drop_sockets()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    server = shutil.which("dcmqrscp")
    if server is None:
        pytest.skip("dcmqrscp (Debian package dcmtk) is not installed")
    folder, port = tmp_path / "store", free_port()
    folder.mkdir()
    (tmp_path / "config").write_text(CONFIG.format(port=port, folder=folder))
    running = subprocess.Popen(
        [server, "-c", str(tmp_path / "config"), "+xt"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    made = Peer("127.0.0.1", port, "PEER")
    try:
        end = time.monotonic() + 10
        while True:
            try:
                echo(made)
                break
            except UserError:
                assert time.monotonic() < end and running.poll() is None, "the peer did not start"
        yield made
    finally:
        running.terminate()
        running.wait(10)


def test_store_find_and_get_back(peer: Peer, tmp_path: Path) -> None:
    """A compressed film and a stack go out as they are, are found, and a stack comes back pixel by pixel."""
    slices = tmp_path / "slices"
    slices.mkdir()
    paths = stack(slices, [(0, 0, 2.0 * i) for i in range(4)])
    assert store(peer, [FILM, *paths]) == 5
    found = find(peer, {"PatientName": "SAMPLECHILD*", "PatientID": "", "StudyInstanceUID": ""})
    assert [m.values["PatientID"] for m in found] == ["SYN-003301"]
    back = tmp_path / "back"
    back.mkdir()
    files = get(peer, {"StudyInstanceUID": "1.2.3"}, back)
    assert len(files) == 4 and not list(back.glob("*.part"))
    fetched = read_images([back]).studies[0].series[0]
    sent = read_images([slices]).studies[0].series[0]
    for a, b in zip(sent.instances, fetched.instances, strict=True):
        assert a.sop_instance_uid == b.sop_instance_uid
        assert (frame(a.path).stored == frame(b.path).stored).all()


def test_nothing_found_is_no_error(peer: Peer) -> None:
    assert find(peer, {"PatientName": "NOBODY*", "StudyInstanceUID": ""}) == ()


def test_no_peer_is_said() -> None:
    with pytest.raises(UserError, match="does not answer"):
        echo(Peer("127.0.0.1", free_port(), "NOBODY"))
