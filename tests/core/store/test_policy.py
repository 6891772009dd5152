"""Policy file, idle lock, log, support bundle, and a page that can't be read."""

import json
import logging
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.privacy.log import set_up
from core.store.exports import exporter
from core.store.policy import IdleLock, Policy, load_policy
from core.store.store import Store
from core.store.support import write_bundle
from core.verbs.learn_collect import collect_from
from tests.core.store import sample
from tests.core.store.sample import Ticking


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "policy.json"
    monkeypatch.setenv("CONSILIUM_POLICY", str(path))
    return path


def test_no_file_no_policy(policy: Path) -> None:
    assert load_policy() == Policy()


def test_policy_locks_settings(policy: Path, tmp_path: Path) -> None:
    policy.write_text(json.dumps({"settings": {"language": "zh"}, "idle_minutes": 5, "pacs_peers": []}))
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        assert store.setting("language", "en") == "zh"
        with pytest.raises(UserError, match="organisation"):
            store.set_setting("language", "en")
        store.set_setting("theme", "dark")
        assert (store.policy.idle_minutes, store.policy.pacs_peers) == (5, ())


def test_policy_can_require_a_passphrase(policy: Path, tmp_path: Path) -> None:
    policy.write_text('{"passphrase_required": true}')
    with pytest.raises(UserError, match="requires a passphrase"):
        Store.open(tmp_path / "s", clock=Ticking())
    Store.open(tmp_path / "s", passphrase="four random words", clock=Ticking()).close()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"idle": 3}', '{"idle_minutes": 0}', '{"settings": 3}', "\0"])
def test_a_broken_policy_does_not_fall_open(policy: Path, tmp_path: Path, text: str) -> None:
    policy.write_text(text)
    with pytest.raises(UserError, match="policy file"):
        Store.open(tmp_path / "s", clock=Ticking())


def test_idle_lock() -> None:
    lock = IdleLock(5, now_s=100)
    assert not lock.due(399) and lock.left_s(399) == 1 and lock.due(400)
    lock.touch(400)
    assert not lock.due(699) and lock.left_s(1000) == 0


def test_log_and_bundle_hold_no_patient_data(store: Store, tmp_path: Path) -> None:
    store.save(sample.case(), "Dr A")
    handler = set_up(tmp_path / "logs")
    try:
        log = logging.getLogger("core.test")
        log.error("could not read %s", "TESTPATIENT, Rowan")
        logging.getLogger("somelibrary").warning("bad value TESTPATIENT")
        try:
            try:
                raise ValueError("Rowan is not a date")
            except ValueError as error:
                raise UserError("The file of TESTPATIENT is damaged.") from error
        except UserError:
            log.exception("unexpected failure")
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    names = write_bundle(store, tmp_path / "bundle.zip", tmp_path / "logs")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        texts = {name: archive.read(name).decode() for name in names}
    assert set(texts) == {"about.json", "store.json", "consilium.log"}
    assert [s for s in sample.SECRETS if any(s in text for text in texts.values())] == []
    assert str(tmp_path) not in "".join(texts.values())
    assert "core.errors.UserError" in texts["consilium.log"] and "test_policy.py" in texts["consilium.log"]
    assert json.loads(texts["store.json"])["rows"]["cases"] == 1


def test_one_bad_page_does_not_take_the_other_cases_with_it(tmp_path: Path) -> None:
    with Store.open(tmp_path, clock=Ticking()) as store:
        notes = sample.record().notes * 4000
        for i in range(3):
            each = replace(sample.record(), notes=tuple(replace(n, id=f"{i}-{k}") for k, n in enumerate(notes)))
            store.save(replace(sample.case(f"case-{i}"), record=each), "Dr A")
    path = tmp_path / "consilium.db"
    whole = path.read_bytes()
    for page in range(len(whole) // 4096 - 1, 20, -1):
        data = bytearray(whole)
        data[page * 4096 + 50] ^= 1
        path.write_bytes(data)
        with Store.open(tmp_path, clock=Ticking()) as store:
            readable = []
            for i in range(3):
                try:
                    store._load(f"case-{i}")
                    readable.append(i)
                except UserError as error:
                    assert "damaged" in str(error)
            if 0 < len(readable) < 3 and readable[-1] == 2:
                return  # a case after the damaged one could be read
    pytest.fail("no page of a case's payload was hit")


def test_a_policy_that_is_not_text_is_said_so(policy: Path) -> None:
    policy.write_bytes(b'{"idle_minutes": 5, "\xf3": 1}')
    with pytest.raises(UserError, match="not valid"):
        load_policy()


def test_who_exports_is_named_and_a_policy_forbids_everyone(store: Store) -> None:
    assert exporter(store, "Dr Rowan") == "Dr Rowan"
    store.policy = replace(store.policy, export_allowed=False)
    with pytest.raises(UserError, match="does not allow exports"):
        exporter(store, "Dr Rowan")


def test_learning_data_leave_under_the_same_rule(store: Store) -> None:
    store.policy = replace(store.policy, export_allowed=False)
    with pytest.raises(UserError, match="does not allow exports"):
        collect_from(store, "consent of all patients on file")
