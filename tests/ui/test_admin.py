"""Administration: users, policy, backup and restore, bundle, deleted cases, the trail and its export."""

import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from core.store.policy import Policy
from core.store.store import Store
from core.store.users import Role
from tests.ui import builders
from tests.ui.conftest import Pump
from ui.admin import store_tasks
from ui.admin.policy import policy_lines
from ui.admin.users import ChangeUserDialog, NewUserDialog
from ui.dialogs import TextDialog
from ui.window import Window


@pytest.fixture
def window(open_window: Any, pump: Pump) -> Window:
    made: Window = open_window(*builders.cases()[:2])
    made.show_tab("admin")
    pump(made.jobs)
    return made


def said(window: Window) -> str:
    return window.message_bar.strip.words.text()


def test_the_trail_is_filtered_verified_and_exported(window: Window, pump: Pump, tmp_path: Path) -> None:
    trail = window.admin.trail
    assert trail.all and len(trail.passing()) == len(trail.all)
    trail.action.setCurrentIndex(trail.action.findData("create"))
    assert {e.action for e in trail.passing()} == {"create"}
    trail.words.setText(trail.passing()[0].hash[:12])
    assert len(trail.passing()) == 1
    trail.words.setText("nothing of the kind")
    assert trail.passing() == ()
    trail.verify()
    pump(window.jobs)
    assert "whole" in trail.verdict.words.text()
    trail.export(tmp_path / "audit.json")
    pump(window.jobs)
    document = json.loads((tmp_path / "audit.json").read_text("utf-8"))
    Bundle.model_validate(document)
    assert len(document["entry"]) == len(trail.all)


def test_an_altered_trail_is_said(window: Window, pump: Pump) -> None:
    store = window.session.store
    with store.database.write() as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_no_update")
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit'"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET user = 'nobody' WHERE seq = 1")
    window.admin.trail.verify()
    pump(window.jobs)
    assert "altered" in window.admin.trail.verdict.words.text()


def test_backup_restore_recovery_and_bundle(window: Window, pump: Pump, tmp_path: Path) -> None:
    session = window.session
    store_tasks.start_backup(session, tmp_path / "backup", "a long passphrase")
    pump(window.jobs)
    assert "2 cases" in said(window) and "found whole" in said(window)
    store_tasks.start_restore(session, tmp_path / "backup", tmp_path / "restored", "a long passphrase")
    pump(window.jobs)
    with Store.open(tmp_path / "restored") as restored:
        assert len(restored.list()) == 2
    store_tasks.start_recover(session, session.store.folder, tmp_path / "recovered")
    pump(window.jobs)
    assert "2 cases recovered, 0 lost" in said(window)
    store_tasks.start_bundle(session, tmp_path / "bundle.zip")
    pump(window.jobs)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert "about.json" in bundle.namelist()
    done = {event.action for event in session.store.audit.events()}
    assert {"backup", "restore", "recover", "support_bundle"} <= done


def test_a_wrong_passphrase_is_said(window: Window, pump: Pump, tmp_path: Path) -> None:
    store_tasks.start_backup(window.session, tmp_path / "backup", "a long passphrase")
    pump(window.jobs)
    store_tasks.start_restore(window.session, tmp_path / "backup", tmp_path / "restored", "another passphrase")
    pump(window.jobs)
    assert not (tmp_path / "restored").exists() and "passphrase" in said(window).lower()


def test_deleted_cases_come_back_or_are_purged(window: Window, pump: Pump) -> None:
    session = window.session
    first, second = (row.id for row in session.store.list())
    for case_id in (first, second):
        session.store.delete(case_id, "Dr A. Example", reason="entered twice")
    dialog = store_tasks.DeletedDialog(session, window)
    pump(window.jobs)
    assert {(c.id, c.reason) for c in dialog.cases} == {(first, "entered twice"), (second, "entered twice")}
    dialog.days.setValue(30)
    assert not dialog.purge.isEnabled()
    dialog.bring_back(next(c for c in dialog.cases if c.id == first))
    pump(window.jobs)
    assert [row.id for row in session.store.list()] == [first] and len(dialog.cases) == 1
    later = builders.NOW + timedelta(days=31)
    session.now = lambda: later  # type: ignore[method-assign]
    dialog.days.setValue(29)
    dialog.days.setValue(30)
    assert dialog.purge.isEnabled()
    dialog.start_purge()
    pump(window.jobs)
    assert dialog.cases == () and len(session.store.list()) == 1
    dialog.deleteLater()


def test_users_are_added_and_changed(window: Window, pump: Pump) -> None:
    store = window.session.store
    first = NewUserDialog(True, window)
    assert [first.role.itemData(i) for i in range(first.role.count())] == [Role.ADMINISTRATOR]
    first.name.setText("admin")
    first.password.setText("a long password")
    assert first.problem()
    first.again.setText("a long password")
    assert first.problem() == ""
    store.users.add("admin", Role.ADMINISTRATOR, "a long password")
    store.users.sign_in("admin", "a long password")
    window.admin._do("add user", lambda: store.users.add("dr", Role.CLINICIAN, "a long password"))
    pump(window.jobs)
    assert [row.name for row in window.admin.users.rows] == ["admin", "dr"]
    window.admin._do("add user", lambda: store.users.add("dr", Role.CLINICIAN, "a long password"))
    pump(window.jobs)
    assert "dr" in said(window) and len(window.admin.users.rows) == 2
    change = ChangeUserDialog(window.admin.users.rows[1], window)
    assert change.role.currentData() == Role.CLINICIAN and change.active.isChecked()
    for dialog in (first, change):
        dialog.deleteLater()


def test_who_may_not_read_the_trail_does_not(window: Window, pump: Pump) -> None:
    users = window.session.store.users
    users.add("admin", Role.ADMINISTRATOR, "a long password")
    users.sign_in("admin", "a long password")
    users.add("dr", Role.CLINICIAN, "a long password")
    users.sign_in("dr", "a long password")
    window.admin.refresh()
    pump(window.jobs)
    assert window.admin.trail.all == () and not window.admin.trail.verdict.isHidden()


def test_the_policy_is_said(app: Any) -> None:
    assert "none" in policy_lines(Policy())[0][1]
    policy = Policy({"language": "zh"}, 10, True, ("administrator",), (), False, "/etc/consilium/policy.json")
    lines = dict(policy_lines(policy))
    assert lines["Locks after"] == "10 minutes" and lines["Archives allowed"] == "none"
    assert lines["Exports"] == "forbidden" and lines["Locked settings"] == "language = zh"
    assert dict(policy_lines(replace(policy, pacs_peers=None)))["Archives allowed"] == "left to the user"


def test_a_case_is_deleted_on_its_audit_page_with_a_reason(
    window: Window, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.session
    case_id = session.store.list()[0].id
    session.open_case(case_id)
    pump(window.jobs)
    workspace = window.workspaces[case_id]
    workspace.show_page("audit")
    pump(window.jobs)

    def exec_with_reason(dialog: TextDialog) -> int:
        dialog.try_accept()
        assert not dialog.error.isHidden()  # no reason yet
        dialog.text.setText("entered twice")
        return 1

    monkeypatch.setattr(TextDialog, "exec", exec_with_reason)
    workspace.page("audit")._delete()  # type: ignore[attr-defined]
    pump(window.jobs)
    assert case_id not in window.workspaces and case_id not in {row.id for row in session.store.list()}
    (event,) = [e for e in session.store.audit.events(case_id=case_id) if e.action == "delete"]
    assert json.loads(event.detail)["reason"] == "entered twice" and event.user == "Dr A. Example"
