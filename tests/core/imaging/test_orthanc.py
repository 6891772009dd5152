"""Round trips against a real Orthanc: DICOM, DICOMweb, TLS; Chinese names kept."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pydicom
import pytest

from core.errors import UserError
from core.imaging.pacs import Peer, _listening, echo, fetch, find, get, move, store
from core.imaging.pacs_web import WebPeer, qido, stow, wado
from core.imaging.pixels import frame
from core.imaging.study import read_images
from core.paths import RESOURCES
from tests.core.imaging.peers import CHINESE, Orthanc, chinese_stack, drop_sockets, free_ports, orthanc, tool

pytestmark = [
    pytest.mark.pacs,
    # pynetdicom drops the socket of a refused connection without closing it.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
FILM = RESOURCES / "samples" / "child-cough" / "film.dcm"
FILM_KEYS = {"PatientID": "SYN-003301", "PatientName": "", "StudyInstanceUID": ""}


@pytest.fixture(autouse=True)
def dropped() -> Iterator[None]:
    yield
    drop_sockets()


@pytest.fixture(scope="module")
def third_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, third_port: int) -> Iterator[Orthanc]:
    modalities = {"third": {"AET": "THIRD", "Host": "127.0.0.1", "Port": third_port}}
    with orthanc(tmp_path_factory.mktemp("orthanc"), modalities) as made:
        yield made


def same_pixels(sent: Path, back: Path) -> None:
    ours, theirs = (read_images([folder]).studies[0].series[0].instances for folder in (sent, back))
    assert [i.sop_instance_uid for i in ours] == [i.sop_instance_uid for i in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert (frame(a.path).stored == frame(b.path).stored).all()


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192"])
def test_names_survive_store_find_and_get(archive: Orthanc, tmp_path: Path, charset: str) -> None:
    study = f"1.2.77.{len(charset)}"
    paths = chinese_stack(tmp_path / "sent", charset, StudyInstanceUID=study, SeriesInstanceUID=study + ".1")
    assert store(archive.dicom, paths) == 4
    keys = {"StudyInstanceUID": study, "PatientName": "", "StudyDescription": ""}
    (match,) = find(archive.dicom, keys)
    assert match.values["PatientName"] == CHINESE and match.values["StudyDescription"] == "胸部平扫"
    back = tmp_path / "back"
    back.mkdir()
    files = get(archive.dicom, {"StudyInstanceUID": study}, back)
    assert len(files) == 4 and {str(pydicom.dcmread(f).PatientName) for f in files} == {CHINESE}
    same_pixels(tmp_path / "sent", back)


def test_a_name_is_found_by_its_characters(archive: Orthanc, tmp_path: Path) -> None:
    store(archive.dicom, chinese_stack(tmp_path / "a", StudyInstanceUID="1.2.78.1", SeriesInstanceUID="1.2.78.1.1"))
    found = find(archive.dicom, {"PatientName": "*王*", "StudyInstanceUID": ""})
    assert "1.2.78.1" in {m.values["StudyInstanceUID"] for m in found}
    assert find(archive.dicom, {"PatientName": "*赵*", "StudyInstanceUID": ""}) == ()


def test_a_compressed_film_goes_and_comes_as_it_is(archive: Orthanc, tmp_path: Path) -> None:
    store(archive.dicom, [FILM])
    (match,) = find(archive.dicom, FILM_KEYS)
    (back,) = get(archive.dicom, {"StudyInstanceUID": match.values["StudyInstanceUID"]}, tmp_path)
    sent = pydicom.dcmread(FILM)
    assert pydicom.dcmread(back).file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
    assert (frame(str(back)).stored == frame(str(FILM)).stored).all()


def test_the_archive_sends_to_a_third(archive: Orthanc, third_port: int, tmp_path: Path) -> None:
    """C-MOVE: we ask, Orthanc sends to dcmtk's storescp; nothing of ours listens."""
    program = tool("storescp")
    study = "1.2.79.1"
    store(archive.dicom, chinese_stack(tmp_path / "a", StudyInstanceUID=study, SeriesInstanceUID=study + ".1"))
    folder = tmp_path / "third"
    folder.mkdir()
    running = subprocess.Popen([program, "-od", str(folder), "-aet", "THIRD", str(third_port)])
    try:
        wait_for(Peer("127.0.0.1", third_port, "THIRD"))
        assert move(archive.dicom, {"StudyInstanceUID": study}, "THIRD") == 4
    finally:
        running.terminate()
        running.wait(10)
    assert len(list(folder.iterdir())) == 4
    same_pixels(tmp_path / "a", folder)


def wait_for(peer: Peer) -> None:
    end = datetime.now(UTC) + timedelta(seconds=10)
    while True:
        try:
            return echo(peer)
        except UserError:
            assert datetime.now(UTC) < end, "the third node did not start"


def test_a_taken_port_is_said(archive: Orthanc, third_port: int, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("", third_port))
        taken.listen()
        with pytest.raises(UserError, match=f"port {third_port} can't be opened"):
            fetch(replace(archive.dicom, listen_port=third_port), {"StudyInstanceUID": "1.2.79.1"}, tmp_path)


def test_only_the_archive_may_send_to_us(archive: Orthanc, third_port: int, tmp_path: Path) -> None:
    """The port is open while a transfer runs, and to the archive's name alone."""
    ours = replace(archive.dicom, listen_port=third_port)
    with _listening(ours, lambda _event: 0):
        with pytest.raises(UserError, match="refuses"):
            echo(Peer("127.0.0.1", third_port, "CONSILIUM", calling="STRANGER"))
        with pytest.raises(UserError, match="refuses"):
            store(Peer("127.0.0.1", third_port, "OTHER", calling=ours.called), [FILM])


def test_a_move_to_an_unknown_node_is_said(archive: Orthanc) -> None:
    with pytest.raises(UserError, match="NOWHERE|refused"):
        move(archive.dicom, {"StudyInstanceUID": "1.2.79.1"}, "NOWHERE")


def test_dcmtk_stores_and_we_find(archive: Orthanc, tmp_path: Path) -> None:
    """The other way round: what dcmtk's storescu sent, we find."""
    paths = chinese_stack(tmp_path / "a", StudyInstanceUID="1.2.80.1", SeriesInstanceUID="1.2.80.1.1")
    program, peer = tool("storescu"), archive.dicom
    subprocess.run([program, "-aec", peer.called, peer.host, str(peer.port), *map(str, paths)], check=True, timeout=30)
    (match,) = find(peer, {"StudyInstanceUID": "1.2.80.1", "PatientName": ""})
    assert match.values["PatientName"] == CHINESE


def test_the_web_sends_finds_and_fetches(archive: Orthanc, tmp_path: Path) -> None:
    study = "1.2.81.1"
    paths = chinese_stack(tmp_path / "a", StudyInstanceUID=study, SeriesInstanceUID=study + ".1")
    assert stow(archive.web, paths) == 4
    (match,) = qido(archive.web, {"StudyInstanceUID": study, "PatientName": "", "StudyDescription": ""})
    assert match.values["PatientName"] == CHINESE.split("=")[0] and match.values["StudyDescription"] == "胸部平扫"
    assert len(qido(archive.web, {"StudyInstanceUID": study, "SOPInstanceUID": ""}, "IMAGE")) == 4
    found = qido(archive.web, {"PatientName": "WANG^X*", "StudyInstanceUID": ""})
    assert study in {m.values["StudyInstanceUID"] for m in found}
    back = tmp_path / "back"
    back.mkdir()
    files = wado(archive.web, study, back)
    assert len(files) == 4 and not list(back.glob("*.part"))
    assert {str(pydicom.dcmread(f).PatientName) for f in files} == {CHINESE}
    same_pixels(tmp_path / "a", back)
    one = wado(archive.web, study, back, series=study + ".1", instance=files[0].stem)
    assert one == [back / files[0].name]


def test_the_web_gives_a_film_as_it_is_stored(archive: Orthanc, tmp_path: Path) -> None:
    stow(archive.web, [FILM])
    (match,) = qido(archive.web, FILM_KEYS)
    (back,) = wado(archive.web, match.values["StudyInstanceUID"], tmp_path)
    sent = pydicom.dcmread(FILM)
    assert pydicom.dcmread(back).file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
    assert (frame(str(back)).stored == frame(str(FILM)).stored).all()


def test_refusals_of_the_web_are_said(archive: Orthanc, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="401"):
        qido(WebPeer(archive.web.url, "doctor", "wrong"), FILM_KEYS)
    with pytest.raises(UserError, match="404"):
        wado(archive.web, "1.2.999", tmp_path)
    with pytest.raises(UserError, match="not a DICOM identifier"):
        wado(archive.web, "../system", tmp_path)
    with pytest.raises(UserError, match="not DICOMweb|40[04]"):
        qido(WebPeer(archive.web.url.replace("/dicom-web", ""), "doctor", "secret"), FILM_KEYS)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no DICOM")
    with pytest.raises(UserError):
        stow(archive.web, [broken])
    assert not list(tmp_path.glob("*.part"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    folder = tmp_path_factory.mktemp("tls")
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return folder


def test_tls_with_certificates_on_both_sides(certificate: Path, tmp_path: Path, third_port: int) -> None:
    us = {"AET": "CONSILIUM", "Host": "127.0.0.1", "Port": third_port, "UseDicomTls": True}
    with orthanc(tmp_path, {"us": us}, tls=certificate) as secure:
        store(secure.dicom, [FILM])
        (tmp_path / "moved").mkdir()
        (match,) = find(secure.dicom, FILM_KEYS)
        keys = {"StudyInstanceUID": match.values["StudyInstanceUID"]}
        moving = replace(secure.dicom, listen_port=third_port)
        assert len(fetch(moving, keys, tmp_path / "moved")) == 1
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", third_port)) != 0
        stow(secure.web, [FILM])
        assert len(find(secure.dicom, FILM_KEYS)) == len(qido(secure.web, FILM_KEYS)) == 1
        peer, site = secure.dicom, secure.web
        with pytest.raises(UserError):  # no TLS
            echo(Peer(peer.host, peer.port, peer.called))
        with pytest.raises(UserError):  # no certificate of ours
            echo(Peer(peer.host, peer.port, peer.called, ca_file=peer.ca_file))
        with pytest.raises(UserError, match="certificate"):  # not trusted by the system
            qido(WebPeer(site.url, site.user, site.password), FILM_KEYS)
        with pytest.raises(UserError, match="certificate files"):
            echo(Peer(peer.host, peer.port, peer.called, ca_file=str(tmp_path / "absent.pem")))
