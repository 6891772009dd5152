"""Archives in the window: off until configured, the badge tells, fetch imports, a report is sent; against a real Orthanc."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.domain.case import Action, Case, CaseStatus
from core.imaging import pacs
from core.imaging.pacs import Peer
from core.imaging.pacs_config import Entry, configured, save
from tests.core.imaging.peers import drop_sockets, orthanc
from tests.core.test_dicom_report import STUDY, decided, shown
from tests.ui import builders
from tests.ui.conftest import Pump
from ui.pacs import fetch, send
from ui.pacs.archives import ArchivesDialog
from ui.pacs.state import ARCHIVES
from ui.window import Window

PEER = Peer("127.0.0.1", 1, "ARCHIVE")


@pytest.fixture(autouse=True)
def fresh(profile: Path) -> Iterator[None]:
    """Nothing configured before and after."""
    ARCHIVES.read()
    yield
    (profile / "pacs.json").unlink(missing_ok=True)
    ARCHIVES.read()


def test_the_badge_reads_the_configuration(open_window: Any, pump: Pump, profile: Path) -> None:
    window: Window = open_window()
    badge = window.appbar.offline
    assert (badge.words(), badge.tone) == ("OFFLINE", "green") and not window.appbar.fetch.isVisible()
    assert "no archive configured" in window.statusbar_.accessibleName()
    save({"main": Entry(PEER), "spare": Entry(PEER, on=False)})
    ARCHIVES.read()
    pump(window.jobs)
    assert (badge.words(), badge.tone) == ("ARCHIVE main", "amber") and window.appbar.fetch.isVisible()
    assert "May connect to: main" in window.statusbar_.accessibleName()
    window.switch_language()
    pump(window.jobs)
    assert badge.words() == "归档 main"
    save({"main": Entry(PEER, on=False)})
    ARCHIVES.read()
    pump(window.jobs)
    assert badge.words() == "离线" and badge.tone == "green"


@pytest.mark.pacs
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_new_archive_is_off_and_mistakes_are_said(open_window: Any, pump: Pump) -> None:
    window: Window = open_window()
    dialog = ArchivesDialog(window.session, window)
    dialog.add()
    dialog.keep()
    assert "no name" in dialog.said.words.text() and configured() == {}
    form = dialog.form
    form.name.setText("main")
    form.host.setText("127.0.0.1")
    form.called.setText("ARCHIVE")
    form.port.setValue(1)
    assert not form.on.isChecked()
    dialog.try_it()
    pump(window.jobs)
    drop_sockets()
    assert "does not answer" in dialog.said.words.text()
    dialog.keep()
    assert dialog.result() and configured() == {} and ARCHIVES.names == ()
    again = ArchivesDialog(window.session, window)
    assert again.items[0].entry == Entry(PEER, on=False)
    again.form.on.setChecked(True)
    again.keep()
    assert configured() == {"main": PEER} and ARCHIVES.names == ("main",)
    (event, _first) = [e for e in window.session.store.audit.events() if e.action == "archives_changed"]
    assert json.loads(event.detail)["on"] == "main"
    for made in (dialog, again):
        made.deleteLater()


def test_the_policy_closes_the_door(open_window: Any) -> None:
    window: Window = open_window()
    store = window.session.store
    store.policy = replace(store.policy, pacs_peers=("OTHER@pacs.example:104",), export_allowed=False)
    dialog = ArchivesDialog(window.session, window)
    dialog.add()
    dialog.form.show_item(replace(dialog.items[0], name="main", entry=Entry(PEER)))
    dialog.keep()
    assert "policy does not allow" in dialog.said.words.text() and configured() == {}
    dialog.deleteLater()


def test_only_what_a_case_has_is_offered(open_window: Any, tmp_path: Path) -> None:
    window: Window = open_window()
    case = shown(tmp_path / "images")
    stored = replace(case, images=tuple(replace(i, sop_instance_uid="1.2.3") for i in case.images))
    dialog = send.SendDialog(stored, window)
    assert set(dialog.kinds()) == {"sr", "ko", "seg", "pdf"}
    bare = send.SendDialog(replace(stored, measurements=()), window)
    assert bare.kinds() == ("pdf",) and not bare.boxes["sr"].isEnabled()
    none = send.SendDialog(case, window)
    assert none.kinds() == () and none.problem()
    for made in (dialog, bare, none):
        made.deleteLater()


@pytest.mark.pacs
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_fetch_and_send_in_the_window(open_window: Any, pump: Pump, tmp_path: Path) -> None:
    folder = tmp_path / "orthanc"
    folder.mkdir()
    case = replace(decided(shown(tmp_path / "images"), Action.ACCEPT), status=CaseStatus.TO_REVIEW)
    try:
        with orthanc(folder, {}) as made:
            pacs.store(made.dicom, sorted((tmp_path / "images").iterdir()))
            save({"main": Entry(made.dicom)})
            ARCHIVES.read()
            window: Window = open_window()
            window.asks = False
            dialog = fetch.open_fetch(window)
            assert dialog is not None and not dialog.priors.isVisible()
            dialog.search()
            pump(window.jobs)
            assert "Nothing was asked" in dialog.state.title.text()
            dialog.name.setText("WANG")
            dialog.search()
            pump(window.jobs)
            (row,) = dialog.rows.rows
            assert row.uid == STUDY and not dialog.get.isEnabled()
            dialog.rows.activated.emit(row)
            assert dialog.chosen() == (row,) and dialog.get.isEnabled()
            dialog.grab()
            dialog.fetch()
            dialog.close()
            pump(window.jobs)
            (listed,) = window.session.store.list()
            assert "王" in listed.name or "WANG" in listed.name.upper()
            opened = window.session.store.load(listed.id)
            window.session.open_case(listed.id)
            pump(window.jobs)
            asked: list[tuple[str, str]] = []

            def same(kept: Case, other: Case) -> bool:
                asked.append((kept.id, other.id))
                return True

            fetch.start_fetch(window.session, "main", (row,), listed.id, same)
            pump(window.jobs)
            assert [kept for kept, _other in asked] == [listed.id] and len(window.session.store.list()) == 1
            assert len(window.session.cases[listed.id].files) > len(opened.files)
            window.session.store.save(case)
            window.session.store.keep_images(case)
            job = send.start_send(window.session, case, ("sr", "pdf"), "main", "zh")
            pump(window.jobs)
            assert job.state == "done", job.what
            found = pacs.find(made.dicom, {"StudyInstanceUID": STUDY, "Modality": ""}, "SERIES")
            assert sorted(m.values["Modality"] for m in found) == ["CT", "DOC", "SR", "SR"]
            out = tmp_path / "out"
            out.mkdir()
            send.start_write(window.session, case, ("ko", "seg"), out, "en")
            pump(window.jobs)
            assert sorted(p.name for p in out.iterdir()) == ["key-images-1.dcm", "regions-1.dcm"]
            actions = [e.action for e in window.session.store.audit.events()]
            assert {"archive_query", "archive_fetch", "archive_send", "export"} <= set(actions)
    finally:
        drop_sockets()


def test_the_report_page_writes_fhir(open_window: Any, pump: Pump, tmp_path: Path) -> None:
    case = builders.cases()[0]
    window: Window = open_window(case)
    window.session.open_case(case.id)
    pump(window.jobs)
    workspace = window.current_workspace()
    assert workspace is not None
    workspace.show_page("report")
    pump(window.jobs)
    page = workspace.page("report")
    page._export_fhir(window.session.cases[case.id], tmp_path / "case.json")  # type: ignore[attr-defined]
    pump(window.jobs)
    document = json.loads((tmp_path / "case.json").read_text("utf-8"))
    assert document["entry"][0]["resource"]["resourceType"] == "Composition"
