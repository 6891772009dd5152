"""Cases in and out, decisions, signing, search, and what is refused."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as cipher

from core.domain.case import Action, CaseStatus, Decision
from core.errors import NewerFile, UserError
from core.store.database import Database
from core.store.migrations import MIGRATIONS, migrate
from core.store.store import Store
from tests.core.store import sample
from tests.core.store.sample import Ticking


def decision(action: Action, target: str, **more: str) -> Decision:
    return replace(Decision("", action, target, "Dr A", ""), **more)


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    whole = sample.case()
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        saved = store.save(whole, "Dr A")
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        assert store.load("case-1") == saved
    assert replace(saved, updated_at="") == whole


def test_assessments_keep_their_history(store: Store) -> None:
    first = store.save(sample.case(), "Dr A")
    second = replace(sample.assessment(), id="as2", hypotheses=sample.assessment().hypotheses[:1])
    store.save(replace(first, assessment=second), "Dr A")
    assert [a.id for a in store.assessments("case-1")] == ["as1", "as2"]
    assert store.assessments("case-1")[0] == sample.assessment()


def test_worklist_row_has_what_the_screen_shows(store: Store) -> None:
    store.save(sample.case(), "Dr A")
    (row,) = store.list()
    assert (row.name, row.mrn, row.sex, row.synthetic) == ("TESTPATIENT, Rowan", "SYN-004217", "female", True)
    assert row.age_years == pytest.approx(67.7, abs=0.1)
    assert row.kinds == ("notes", "labs", "radiograph")
    assert row.top is not None and row.top.zh == "右下叶肺炎"
    assert (row.probability, row.interval) == (0.71, (0.63, 0.78))
    assert row.flag is not None and (row.flag.kind, row.flag.label.en) == ("red_flag", "PE not excluded")


def test_filters_and_counts(store: Store) -> None:
    store.save(sample.case(), "Dr A")
    bare = replace(
        sample.case("case-2"), status=CaseStatus.NEW, findings=(), assessment=None, plan=None, explanation=None
    )
    store.save(replace(bare, images=(), refusals=(), predictions=()), "Dr A")
    store.decide("case-1", decision(Action.REJECT, "hypothesis:pneumonia", reason="film is old"))
    assert [r.id for r in store.list(status=(CaseStatus.NEW,))] == ["case-2"]
    assert [r.id for r in store.list(kinds=("radiograph",))] == ["case-1"]
    assert [r.id for r in store.list(flagged=True)] == ["case-1"]
    assert [r.id for r in store.list(disagreement=True)] == ["case-1"]
    assert [r.id for r in store.list(probability=(0.5, 0.9))] == ["case-1"]
    assert [r.id for r in store.list(text="结节")] == ["case-1", "case-2"]
    assert [r.id for r in store.list(limit=1, offset=1)] == ["case-2"]
    counts = store.counts(user="Dr A")
    assert (counts.total, counts.by_status[CaseStatus.NEW], counts.by_kind["labs"]) == (2, 1, 2)
    assert (counts.red_flags, counts.to_review_by_me, counts.disagreements, counts.signed_today) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    "query",
    ["结节", "右下肺见结节影", "节", "Rowan", "row", "SYN-004217", "pleuritic", "coughing", "J18.1", "咳嗽 fever"],
)
def test_search_finds(store: Store, query: str) -> None:
    store.save(sample.case(), "Dr A")
    (hit,) = store.search(query)
    assert hit.case_id == "case-1"
    assert all(0 <= a < b <= len(hit.excerpt) for a, b in hit.marks) and hit.marks


@pytest.mark.parametrize(
    "query", ["", "  ", '"', "*", "结核", "appendicitis", "AND OR NOT", "name:Rowan )", "^(", "cough appendicitis"]
)
def test_search_finds_nothing_and_survives_syntax(store: Store, query: str) -> None:
    store.save(sample.case(), "Dr A")
    assert store.search(query) == ()


def test_search_follows_a_change(store: Store) -> None:
    saved = store.save(sample.case(), "Dr A")
    store.save(replace(saved, record=replace(saved.record, notes=()), reason="headache"), "Dr A")
    assert store.search("结节") == ()
    assert store.search("headache")[0].excerpt == "headache"


def test_signed_case_is_read_only_but_takes_addenda(store: Store) -> None:
    store.save(sample.case(), "Dr A")
    signed = store.sign("case-1", "Dr A")
    assert (signed.status, signed.signed_by, signed.decisions[-1].action) == (CaseStatus.SIGNED, "Dr A", Action.SIGN)
    for change in (
        lambda: store.save(replace(signed, status=CaseStatus.TO_REVIEW), "Dr A"),
        lambda: store.decide("case-1", decision(Action.ACCEPT, "hypothesis:pneumonia")),
        lambda: store.sign("case-1", "Dr A"),
        lambda: store.set_status("case-1", CaseStatus.NEW),
    ):
        with pytest.raises(UserError, match="signed"):
            change()
    store.add_addendum("case-1", "Culture grew pneumococcus", "Dr B")
    assert store.load("case-1").addenda[0].user == "Dr B"
    assert store.signature_holds("case-1")
    assert store.search("pneumococcus")[0].case_id == "case-1"


def test_addendum_needs_a_signature(store: Store) -> None:
    store.save(sample.case(), "Dr A")
    with pytest.raises(UserError, match="not signed"):
        store.add_addendum("case-1", "later")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (decision(Action.REJECT, "hypothesis:pneumonia"), "reason"),
        (decision(Action.OVERRIDE, "alert:al2"), "reason"),
        (decision(Action.OVERRIDE, "alert:al1", reason="benefit"), "second person"),
        (decision(Action.REJECT, "alert:al1", reason="benefit"), "second person"),
        (decision(Action.OVERRIDE, "alert:al1", reason="benefit", second_user="dr a"), "somebody else"),
        (decision(Action.ACCEPT, "option:op1"), "blocked"),
        (decision(Action.ACCEPT, "hypothesis:measles"), "no hypothesis"),
        (decision(Action.ACCEPT, "hypothesis:pneumonia", assessment_id="old"), "replaced"),
        (decision(Action.EDIT, "option:op2"), "new text"),
        (decision(Action.SIGN, "case"), "sign"),
        (decision(Action.ACCEPT, "weather:rain"), "nothing called"),
    ],
)
def test_decision_rules(store: Store, given: Decision, missing: str) -> None:
    store.save(sample.case(), "Dr A")
    with pytest.raises(UserError, match=missing):
        store.decide("case-1", given)
    assert store.load("case-1").decisions == ()


def test_stop_can_be_overridden_by_two(store: Store) -> None:
    store.save(sample.case(), "Dr A")
    store.decide("case-1", decision(Action.OVERRIDE, "alert:al1", reason="benefit", second_user="Dr B"))
    done = store.decide("case-1", decision(Action.ACCEPT, "option:op1"))
    assert done.id and done.at and done.assessment_id == "as1"
    assert [d.target for d in store.load("case-1").decisions] == ["alert:al1", "option:op1"]


def test_saving_never_loses_decisions(store: Store) -> None:
    old = store.save(sample.case(), "Dr A")
    store.decide("case-1", decision(Action.WORKING_DIAGNOSIS, "hypothesis:pneumonia", text="Pneumonia"))
    again = store.save(old, "Dr A")
    assert len(again.decisions) == 1 and again.working_diagnosis == "Pneumonia"


def test_append_only_tables_refuse_changes(store: Store) -> None:
    store.save(sample.case(), "Dr A")
    store.decide("case-1", decision(Action.ACCEPT, "hypothesis:pneumonia"))
    for table, column in (("decisions", "at"), ("assessments", "created_at"), ("audit", "at")):
        for change in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(Exception, match="never"), store.database.write() as connection:
                connection.execute(change)


def test_two_programs_share_a_store_and_notice_each_other(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", clock=Ticking()) as one, Store.open(tmp_path / "s", clock=Ticking()) as two:
        mine = one.save(sample.case(), "Dr A")
        theirs = two.load("case-1")
        two.save(replace(theirs, reason="new"), "Dr B")
        with pytest.raises(UserError, match="another window"):
            one.save(replace(mine, reason="other"), "Dr A")
        assert one.load("case-1").reason == "new"


def test_a_locked_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.database.BUSY_MS", 20)
    with Store.open(tmp_path / "s", clock=Ticking()) as one, Store.open(tmp_path / "s", clock=Ticking()) as two:
        with one.database.write(), pytest.raises(UserError, match="another program"):
            two.save(sample.case(), "Dr A")
        two.save(sample.case(), "Dr A")


def test_threads_share_one_store(store: Store) -> None:
    def work(n: int) -> None:
        for i in range(5):
            store.save(sample.case(f"c{n}-{i}"), "Dr A")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.list()) == 20
    assert store.audit.verify().whole and store.database.intact() == ()


def test_a_failed_save_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = store.save(sample.case(), "Dr A")
    monkeypatch.setattr("core.store.worklist.index", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.save(replace(saved, reason="half"), "Dr A")
    assert store.load("case-1") == saved


def test_drafts_and_settings(store: Store) -> None:
    store.save_draft("case-1", "addendum", "half a sent", "Dr A")
    store.save_draft("case-1", "addendum", "half a sentence", "Dr A")
    assert store.drafts("case-1", "Dr A") == {"addendum": "half a sentence"}
    store.save_draft("case-1", "addendum", "", "Dr A")
    assert store.drafts("case-1", "Dr A") == {}
    store.set_setting("theme", {"name": "dark"})
    assert store.setting("theme") == {"name": "dark"} and store.setting("none", 3) == 3


def test_delete_and_purge(store: Store, tmp_path: Path) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(b"film" * 1000)
    clock = Ticking()
    store.save(sample.case(), "Dr A")
    store.decide("case-1", decision(Action.ACCEPT, "hypothesis:pneumonia"))
    sha256 = store.keep_file("case-1", film)
    with pytest.raises(UserError, match="reason"):
        store.delete("case-1", reason=" ")
    store.delete("case-1", reason="duplicate")
    assert store.list() == () and store.search("结节") == ()
    with pytest.raises(UserError, match="no case"):
        store.load("case-1")
    store.restore_deleted("case-1")
    assert store.search("结节")[0].case_id == "case-1"
    store.delete("case-1", reason="duplicate")
    assert store.purge(deleted_before=clock.now.replace(year=2027)) == 1
    assert not store.vault.path(sha256).exists()
    assert store.audit.verify().whole
    with store.database.read() as connection:
        tables = ("cases", "parts", "decisions", "assessments", "search_texts", "kept_files")
        assert [connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables] == [0] * 6


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", clock=Ticking()) as store, store.database.write() as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 'future', 'x')")
    before = (tmp_path / "s" / "consilium.db").read_bytes()
    with pytest.raises(NewerFile, match="newer"):
        Store.open(tmp_path / "s", clock=Ticking())
    assert (tmp_path / "s" / "consilium.db").read_bytes() == before


def test_migrations_one_by_one(tmp_path: Path) -> None:
    for upto in range(len(MIGRATIONS) + 1):
        database = Database(tmp_path / f"{upto}.db", bytes(32))
        assert len(migrate(database, Ticking(), upto=upto)) == upto
        assert len(migrate(database, Ticking())) == len(MIGRATIONS) - upto
        assert database.intact() == ()
        database.close()


def test_a_failing_migration_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(tables: object) -> None:
        tables.execute("CREATE TABLE half (x)")  # type: ignore[attr-defined]
        raise ZeroDivisionError

    database = Database(tmp_path / "x.db", bytes(32))
    monkeypatch.setattr("core.store.migrations.MIGRATIONS", (*MIGRATIONS[:2], ("bad", bad)))
    with pytest.raises(ZeroDivisionError):
        migrate(database, Ticking())
    assert "half" not in database.tables.table_names()
    assert database.tables["migrations"].count == 2
    database.close()


@pytest.mark.parametrize("damage", ["garbage", "page", "empty", "gone"])
def test_a_damaged_file_is_never_overwritten(tmp_path: Path, damage: str) -> None:
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    path = tmp_path / "s" / "consilium.db"
    data = bytearray(path.read_bytes())
    if damage == "garbage":
        data[:] = b"x" * len(data)
    elif damage == "page":
        data[100] ^= 1
    path.write_bytes(b"" if damage == "empty" else bytes(data))
    if damage == "gone":
        path.unlink()
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(UserError, match="damaged|missing"):
        Store.open(tmp_path / "s", clock=Ticking())
    assert (path.read_bytes() if path.exists() else None) == before


def test_read_only_disk_can_still_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        store.save(sample.case(), "Dr A")
    normal = Database._connected

    def refusing(path: Path, key: bytes, query: str) -> object:
        if not query:  # what SQLite says where it can't make the files that WAL needs
            raise cipher.OperationalError("unable to open database file")
        return normal(path, key, query)

    monkeypatch.setattr(Database, "_connected", staticmethod(refusing))
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        assert store.database.read_only
        assert store.load("case-1").id == "case-1" and store.search("结节")
        with pytest.raises(UserError, match="read-only"):
            store.save(sample.case("case-2"), "Dr A")


def test_images_outlive_the_folder_they_were_unpacked_to(store: Store, tmp_path: Path) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(b"pixels" * 50_000)
    sha256 = hashlib.sha256(film.read_bytes()).hexdigest()
    image = replace(sample.case().images[0], path=str(film), sha256=sha256)
    case = store.save(replace(sample.case(), images=(image,)), "Dr A")
    assert store.keep_images(case) == 1
    film.unlink()
    session = tmp_path / "session"
    session.mkdir()
    local = store.with_local_images(case, session)
    assert Path(local.images[0].path).read_bytes() == b"pixels" * 50_000
    assert Path(local.images[0].path).suffix == ".dcm" and store.load("case-1").images == case.images


def test_an_altered_kept_file_is_refused(store: Store) -> None:
    store.save(sample.case(), "Dr A")
    sha256 = store.keep_bytes("case-1", "film", bytes(3_000_000))
    path = store.vault.path(sha256)
    whole = path.read_bytes()
    chunk = 1 << 20
    for bad in (whole[:-1], whole[: 16 + chunk + 16], whole[:100] + b"x" + whole[101:], b"", b"CNSLVLT1"):
        path.write_bytes(bad)
        with pytest.raises(UserError, match="damaged"):
            store.file_bytes(sha256)
    path.write_bytes(whole)
    assert store.file_bytes(sha256) == bytes(3_000_000)
