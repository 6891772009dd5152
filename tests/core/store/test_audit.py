"""The audit log: tampering is found, events are exported."""

import json
from pathlib import Path

import pytest

from core.domain.case import Action, Decision
from core.store.atna import audit_bundle
from core.store.store import Store
from core.verbs import audit as verb
from tests.core.store import sample
from tests.core.store.sample import Ticking


@pytest.fixture
def busy(store: Store) -> Store:
    store.save(sample.case(), "Dr A")
    store.load("case-1", user="Dr A")
    store.decide("case-1", Decision("", Action.REJECT, "hypothesis:pneumonia", "Dr A", "", "old film"))
    store.set_status("case-1", sample.CaseStatus.TO_REVIEW, "Dr A")
    store.sign("case-1", "Dr A")
    store.add_addendum("case-1", "more", "Dr B")
    return store


def tamper(store: Store, *statements: str) -> None:
    """As somebody would who has the key: without the triggers."""
    with store.database.write() as connection:
        for verb_ in ("update", "delete"):
            connection.execute(f"DROP TRIGGER audit_{verb_}")
        for statement in statements:
            connection.execute(statement)


def test_every_deed_is_there_and_the_chain_holds(busy: Store) -> None:
    actions = [e.action for e in busy.audit.events(case_id="case-1")][::-1]
    assert actions == ["create", "view", "decision_reject", "status", "sign", "addendum"]
    assert busy.audit.verify().whole and busy.audit.verify().events == 6


def test_details_hold_no_patient_data(busy: Store) -> None:
    text = " ".join(e.detail + e.case_id for e in busy.audit.events())
    assert [s for s in sample.SECRETS if s in text] == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET user = 'Dr X' WHERE seq = 3", "event 3 was changed"),
        ("UPDATE audit SET at = '2020' WHERE seq = 1", "event 1 was changed"),
        ("DELETE FROM audit WHERE seq = 2", "event 2 to 2 removed"),
        ("DELETE FROM audit WHERE seq = 1", "event 1 to 1 removed"),
        ("DELETE FROM audit WHERE seq = 6", "ends before event 6"),
        ("DELETE FROM audit WHERE seq > 2", "ends before event 6"),
        ("UPDATE audit SET hash = 'x' WHERE seq = 6", "event 6 was changed"),
        ("DELETE FROM audit", "ends before event 6"),
    ],
)
def test_tampering_is_found(busy: Store, statement: str, found: str) -> None:
    tamper(busy, statement)
    assert any(found in p for p in busy.audit.verify().problems)


def test_reordering_is_found(busy: Store) -> None:
    tamper(
        busy,
        "UPDATE audit SET seq = 100 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 100",
    )
    assert any("does not follow" in p or "changed" in p for p in busy.audit.verify().problems)


def test_a_rewritten_chain_is_found_by_the_seal(busy: Store) -> None:
    events = busy.audit.events()[::-1]
    tamper(busy, "DELETE FROM audit")
    for event in events[:-1]:
        busy.audit.add(event.action, "Dr X", event.case_id)
    busy.audit.add("addendum", "Dr X")
    assert any("not the one that was sealed" in p for p in busy.audit.verify().problems)


def test_seal_of_another_store_or_none(busy: Store) -> None:
    seal = busy.folder / "audit.seal"
    sealed = seal.read_bytes()
    seal.write_bytes(b"x" + sealed[1:])
    assert busy.audit.verify().whole, "one torn slot is what a power cut leaves"
    seal.write_bytes(sealed.replace(b"6", b"7"))
    assert not busy.audit.verify().whole
    seal.write_text("nonsense")
    assert not busy.audit.verify().whole
    seal.unlink()
    assert not busy.audit.verify().whole


def test_an_older_copy_of_the_database_is_found(tmp_path: Path) -> None:
    with Store.open(tmp_path, clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    older = (tmp_path / "consilium.db").read_bytes()
    with Store.open(tmp_path, clock=Ticking()) as store:
        store.set_status("case-1", sample.CaseStatus.NEW)
    (tmp_path / "consilium.db").write_bytes(older)
    with Store.open(tmp_path, clock=Ticking()) as store:
        assert any("ends before" in p for p in store.audit.verify().problems)


def test_views_are_kept_while_the_disk_refuses(busy: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.database.read_only = True
    assert busy.load("case-1", user="Dr C").id == "case-1"
    busy.database.read_only = False
    busy.load("case-1", user="Dr D")
    assert [e.user for e in busy.audit.events()][:2] == ["Dr D", "Dr C"]
    assert busy.audit.verify().whole


def test_fhir_audit_events(busy: Store) -> None:
    from fhir.resources.R4B.bundle import Bundle

    bundle = audit_bundle(busy.audit.events()[::-1])
    parsed = Bundle.model_validate_json(json.dumps(bundle))
    assert len(parsed.entry) == 6
    assert [s for s in sample.SECRETS if s in json.dumps(bundle)] == []


def test_verb(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import argparse

    with Store.open(clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    parser = argparse.ArgumentParser()
    verb.register(parser)
    assert verb.run(parser.parse_args(["verify"])) == 0
    assert json.loads(capsys.readouterr().out) == {"events": 1, "whole": True, "problems": []}
    assert verb.run(parser.parse_args(["export", "--out", str(tmp_path / "a.json")])) == 0
    assert json.loads((tmp_path / "a.json").read_text())["entry"][0]["resource"]["action"] == "C"
    capsys.readouterr()
    with Store.open(clock=Ticking()) as store:
        tamper(store, "UPDATE audit SET user = 'x'")
    assert verb.run(parser.parse_args(["verify"])) == 2
    assert "changed" in capsys.readouterr().out
