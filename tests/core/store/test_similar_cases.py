"""Similar cases and views over many, out of a store: up to date, encrypted, audited, for those who may see cases."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.case import Action, Decision
from core.domain.finding import Status
from core.errors import UserError
from core.explain.similar import Index
from core.progress import Cancelled
from core.store.cohort import Cohorts
from core.store.similar_cases import find_similar, keep, opened, refresh
from core.store.store import Store
from core.store.users import Role
from core.verbs import run
from tests.core.explain import made


def fill(store: Store) -> None:
    store.save(made.case(1, {"fever": 1.0, "crp": 2.0}, {"crp": 90.0}))
    store.save(made.case(2, {"fever": 1.0, "crp": 1.5}, {"crp": 60.0}))
    store.save(made.case(3, {"rash": 1.0}))


def test_the_outcome_comes_with_the_case_and_looking_is_noted(store: Store) -> None:
    fill(store)
    for action, target, text in (
        (Action.WORKING_DIAGNOSIS, "case", "Pneumonia"),
        (Action.ACCEPT, "hypothesis:pneumonia", ""),
        (Action.ACCEPT, "hypothesis:embolism", ""),
        (Action.WITHDRAW, "hypothesis:embolism", ""),
    ):
        store.decide("case-2", Decision("", action, target, "", "", text=text))
    index = Index()
    assert refresh(store, index, embed=False) == 3 and refresh(store, index, embed=False) == 0
    before = len(store.audit.events(case_id="case-2"))
    (found,) = find_similar(store, index, store.load("case-1"))
    assert found.similar.case_id == "case-2" and found.diagnosis == "Pneumonia" and found.signed_at == ""
    assert [label.en for label in found.accepted] == ["pneumonia"], "what was taken back does not count"
    assert set(found.similar.shared) == {"+consilium:fever", "+consilium:crp"}
    events = store.audit.events(case_id="case-2")
    assert len(events) == before + 1 and {e.action for e in events} >= {"view"}


def test_the_index_follows_the_store_and_lies_encrypted(store: Store) -> None:
    fill(store)
    index = Index()
    refresh(store, index, embed=False)
    keep(store, index)
    changed = store.load("case-3")
    store.save(replace(changed, findings=(made.finding("fever"), made.finding("crp", Status.ABSENT))))
    store.delete("case-2", reason="made twice")
    again = opened(store)
    assert len(again) == 3
    assert refresh(store, again, embed=False) == 1 and len(again) == 2
    (found,) = find_similar(store, again, store.load("case-1"))
    assert found.similar.case_id == "case-3" and found.similar.opposed == ("consilium:crp",)
    keep(store, again)
    files = [p.read_bytes() for p in store.folder.rglob("*") if p.is_file()]
    assert not any(b"consilium:fever" in data or b"case-1" in data for data in files)
    assert len([p for p in (store.folder / "files").rglob("*") if p.is_file()]) == 1, "the one before is gone"


def test_a_lost_index_is_made_again(store: Store) -> None:
    fill(store)
    index = Index()
    refresh(store, index, embed=False)
    keep(store, index)
    for path in (store.folder / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    assert len(opened(store)) == 0


def test_an_auditor_sees_neither(store: Store) -> None:
    fill(store)
    index = Index()
    refresh(store, index, embed=False)
    case = store.load("case-1")
    store.users.add("boss", Role.ADMINISTRATOR, "long enough 1")
    store.users.sign_in("boss", "long enough 1")
    for work in (
        lambda: find_similar(store, index, case),
        lambda: refresh(store, Index(), embed=False),
        lambda: Cohorts(store).view(),
    ):
        with pytest.raises(UserError, match="role"):
            work()


def test_a_view_reads_a_case_once_and_notes_how_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    views = Cohorts(store)
    found = views.view()
    assert found.cases == 3 and found.hypothesis_id == "pneumonia" and found.findings[0].code == ("consilium", "crp")
    read: list[int] = []
    monkeypatch.setattr("core.store.cohort.parts", lambda _s, heads, _p: read.append(len(heads)) or iter(()))
    assert views.view(["case-1", "case-2"]).cases == 2 and not any(read)
    event = next(e for e in store.audit.events() if e.action == "cohort")
    assert event.case_id == "" and "2" in str(event.detail)


def test_a_view_can_be_cancelled(store: Store) -> None:
    fill(store)

    def stop(_done: int, _total: int, _what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Cohorts(store).view(report=stop)
    with pytest.raises(Cancelled):
        refresh(store, Index(), stop, embed=False)


def test_the_verb(profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open() as store:
        fill(store)
    table, picture = tmp_path / "view.csv", tmp_path / "view.png"
    written = ["explain", "--cohort", "--json", "--csv", str(table), "--png", str(picture)]
    assert run(written) == 2 and not table.exists(), "three cases are too few to be written to a file"
    with Store.open() as store:
        for k in range(4, 7):
            store.save(made.case(k, {"fever": 1.0, "crp": 2.0}))
    capsys.readouterr()
    assert run(written) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cases"] == 6 and found["findings"][0]["label"]["en"] == "crp"
    assert "SECRET" not in table.read_text("utf-8") and picture.stat().st_size > 1000
    assert run(["explain", "--cohort", "--cases", "case-3"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == 1
    assert run(["explain", "case-1", "--similar", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["similar"][0]["similar"]["case_id"] in {"case-2", "case-4"} and found["cases_in_index"] == 6
    assert run(["explain", "case-1", "--compare-with", "case-2"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["code"][1] == "crp"
    assert run(["explain", "case-1", "--against", "embolism"]) == 0
    assert json.loads(capsys.readouterr().out)["compared_with"] == "embolism"
    assert run(["explain", "case-1", "--compare-with", "case-9"]) == 2 and run(["explain"]) == 2
