"""Archives with policy, permission and audit around them; and a round trip of a case with a real Orthanc."""

import dataclasses
import json
import socket
import stat
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pydicom
import pytest

from core import exchange
from core.domain.case import Action
from core.errors import UserError
from core.exchange import StudyQuery
from core.imaging import pacs
from core.imaging.pacs import Peer
from core.imaging.pacs_config import Entry, address, config_path, configured, entries, save
from core.imaging.pacs_web import WebPeer
from core.progress import Cancelled
from core.store.store import Store
from core.store.users import Role
from core.verbs import run
from tests.core.imaging.peers import CHINESE, drop_sockets, free_ports, orthanc
from tests.core.test_dicom_report import STUDY, decided, shown

PEER = Peer("pacs.example", 104, "ARCHIVE")
WEB = WebPeer("https://pacs.example/dicom-web", user="reader", password="secret")


@pytest.fixture
def store(profile: Path) -> Iterator[Store]:
    with Store.open() as made:
        yield made


def details(store: Store, action: str) -> list[dict[str, object]]:
    return [json.loads(event.detail) for event in store.audit.events() if event.action == action]


def test_nothing_is_configured_until_somebody_does(store: Store) -> None:
    assert entries() == {} == configured() and exchange.archives(store) == {}
    with pytest.raises(UserError, match="no archive 'archive'"):
        exchange.find_studies(store, "archive", StudyQuery(name="x"))


def test_the_configuration_comes_back_without_its_passwords(store: Store) -> None:
    exchange.configure(store, {"archive": Entry(PEER), "web": Entry(WEB, on=False)}, {"web": "secret", "gone": "x"})
    assert entries() == {"archive": Entry(PEER), "web": Entry(dataclasses.replace(WEB, password=""), on=False)}
    assert configured() == {"archive": PEER}
    assert "secret" not in config_path().read_text() and stat.S_IMODE(config_path().stat().st_mode) == 0o600
    exchange.configure(store, {"web": Entry(WEB)}, {"web": "secret"})
    assert exchange.archives(store) == {"web": WEB}
    assert details(store, "archives_changed") == [
        {"on": "web", "removed": "archive"}, {"on": "archive", "removed": ""},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "archive", [Peer("", 104, "A"), Peer("x", 0, "A"), Peer("x", 104, ""), Peer("x", 104, "A" * 17), WebPeer("ftp://x")]
)
def test_incomplete_archives_are_refused_and_nothing_changes(profile: Path, archive: Peer | WebPeer) -> None:
    save({"archive": Entry(PEER)})
    with pytest.raises(UserError):
        save({"new": Entry(archive)})
    assert configured() == {"archive": PEER}


def test_the_policy_names_the_only_ones(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = dataclasses.replace(store.policy, pacs_peers=(address(PEER),))
    monkeypatch.setattr(store, "policy", policy)
    with pytest.raises(UserError, match="policy does not allow"):
        exchange.configure(store, {"web": Entry(WEB)}, {})
    exchange.configure(store, {"archive": Entry(PEER), "web": Entry(WEB, on=False)}, {})
    assert list(exchange.archives(store)) == ["archive"]
    with pytest.raises(UserError, match="policy does not allow"):
        exchange.ask_echo(store, WEB)
    monkeypatch.setattr(store, "policy", dataclasses.replace(policy, export_allowed=False))
    with pytest.raises(UserError, match="does not allow exports"):
        exchange.send_files(store, "archive", [])


def test_only_who_may_configures_and_sends(store: Store) -> None:
    store.users.add("admin", Role.ADMINISTRATOR, "long password", pin="1234")
    store.users.sign_in("admin", "long password")
    exchange.configure(store, {"archive": Entry(PEER)}, {})
    for act in (
        lambda: exchange.send_files(store, "archive", []),
        lambda: exchange.find_studies(store, "archive", StudyQuery(name="x")),
    ):
        with pytest.raises(UserError, match="does not allow this"):
            act()
    store.users.add("dr", Role.CLINICIAN, "long password")
    store.users.sign_in("dr", "long password")
    with pytest.raises(UserError, match="does not allow this"):
        exchange.configure(store, {}, {})
    assert configured()


def test_an_empty_question_is_not_asked(store: Store) -> None:
    exchange.configure(store, {"archive": Entry(PEER)}, {})
    with pytest.raises(UserError, match="Nothing was asked"):
        exchange.find_studies(store, "archive", StudyQuery())


@pytest.fixture
def quiet() -> Iterator[None]:
    yield
    drop_sockets()


def sockets() -> int:
    """Open sockets of this process."""
    held = 0
    for fd in Path("/proc/self/fd").iterdir():
        try:
            held += str(fd.readlink()).startswith("socket:")
        except OSError:
            continue
    return held


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.pacs
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_case_s_round_trip(
    store: Store, tmp_path: Path, quiet: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Query, fetch by C-GET, C-MOVE and DICOMweb, cancel, send a case by the verb; nothing stays open or listening."""
    port = free_ports(1)[0]
    ours = {"us": {"AET": "CONSILIUM", "Host": "127.0.0.1", "Port": port}}
    folder = tmp_path / "orthanc"
    folder.mkdir()
    threads, held = set(threading.enumerate()), sockets()
    with orthanc(folder, ours) as made:
        moving = dataclasses.replace(made.dicom, listen_port=port)
        peers = {"get": Entry(made.dicom), "move": Entry(moving), "web": Entry(made.web)}
        exchange.configure(store, peers, {"web": made.web.password})
        case = decided(shown(tmp_path / "images"), Action.ACCEPT)
        images = sorted((tmp_path / "images").iterdir())
        assert exchange.send_files(store, "get", images, case_id="c1") == 4
        for name in peers:
            asked = StudyQuery(patient_id=str(pydicom.dcmread(images[0]).PatientID), since=date(2025, 12, 31))
            (found,) = exchange.find_studies(store, name, asked)
            assert (found.uid, found.date) == (STUDY, "20260101") and found.patient_name in CHINESE
            assert not listening(port)
            steps: list[tuple[int, int]] = []
            files = exchange.fetch_studies(
                store, name, [found], tmp_path / name, report=lambda d, t, _w, s=steps: s.append((d, t))
            )  # fmt: skip
            assert len(files) == 4 and steps[-1][0] == 4 and not listening(port)
            assert {pydicom.dcmread(f).SOPInstanceUID for f in files} == {
                pydicom.dcmread(f).SOPInstanceUID for f in images
            }

            def stop(done: int, _total: int, _what: str) -> None:
                if done == 2:
                    raise Cancelled

            with pytest.raises(Cancelled):
                exchange.fetch_studies(store, name, [found], tmp_path / f"{name}-stopped", report=stop)
            assert not listening(port)
        store.save(case, "Dr A")
        store.keep_images(case)
        capsys.readouterr()
        assert run(["pacs", "send", "--peer", "get", "--case", "c1", "--what", "sr,ko,seg,pdf"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["sent"] == len(told["objects"]) == 5
        matches = pacs.find(made.dicom, {"StudyInstanceUID": STUDY, "Modality": ""}, "SERIES")
        assert sorted(m.values["Modality"] for m in matches) == ["CT", "DOC", "KO", "SEG", "SR", "SR"]
    fetched = details(store, "archive_fetch")
    assert [(d["archive"], d["outcome"]) for d in reversed(fetched)] == [
        (name, outcome) for name in ("get", "move", "web") for outcome in ("whole", "cancelled")
    ]
    assert {d["study"] for d in fetched} == {exchange.study_hash(STUDY)} and STUDY not in str(store.audit.events())
    assert [d["count"] for d in details(store, "archive_send")] == [5, 4]
    assert len(details(store, "archive_query")) == 3 and store.audit.verify().whole
    end = time.monotonic() + 10
    while left := [t for t in threading.enumerate() if t not in threads and t.is_alive()]:
        assert time.monotonic() < end, left
        time.sleep(0.02)
    assert sockets() == held


def test_the_policy_keeps_reports_in_the_house(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verbs too; and without such a policy a case is written as a FHIR document."""
    case = shown(tmp_path / "images")
    store.save(case, "Dr A")
    out = tmp_path / "case.json"
    assert run(["cases", "export", "c1", "--format", "fhir", "--out", str(out)]) == 0
    assert json.loads(out.read_text("utf-8"))["type"] == "document"
    policy = tmp_path / "policy.json"
    policy.write_text('{"export_allowed": false}')
    monkeypatch.setenv("CONSILIUM_POLICY", str(policy))
    for words in (
        ["cases", "export", "c1", "--out", str(tmp_path / "new.json")],
        ["pacs", "send", "--host", "127.0.0.1", "--case", "c1"],
    ):
        assert run(words) == 2 and "does not allow exports" in capsys.readouterr().err
    assert not (tmp_path / "new.json").exists()
