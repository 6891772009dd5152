"""Stores written by earlier schemas open, are brought up to date and lose nothing.

`data/schemaN` is a store folder as schema N wrote it (synthetic cases; its key lies beside it on purpose). A migration that
ships adds the folder of the schema before it.
"""

import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest

from core.store.migrations import MIGRATIONS
from core.store.rows import LATER, content_sha256
from core.store.store import Store
from tests.core.store import sample
from tests.core.store.sample import Ticking

DATA = Path(__file__).with_name("data")


@pytest.mark.parametrize("schema", sorted(p.name for p in DATA.iterdir()))
def test_an_old_store_is_migrated(tmp_path: Path, schema: str) -> None:
    shutil.copytree(DATA / schema, tmp_path / "s")
    with Store.open(tmp_path / "s", clock=Ticking()) as store:
        assert len(store.migrated) == len(MIGRATIONS) - int(schema.removeprefix("schema"))
        signed = store.load("case-1")
        assert (signed.record, signed.plan, signed.assessment) == (sample.record(), sample.plan(), sample.assessment())
        assert store.signature_holds("case-1") and len(signed.decisions) == 2 and len(signed.addenda) == 1
        assert [h.case_id for h in store.search("结节")] == ["case-2", "case-1"]
        assert store.file_bytes(store.kept_files("case-2")[0][0]) == b"film" * 100
        assert store.setting("theme") == "dark" and store.counts().total == 2
        assert store.audit.verify().whole and store.database.intact() == ()
        store.save(store.load("case-2"), "Dr A")


def test_there_is_a_store_of_the_schema_before_this_one() -> None:
    assert (DATA / f"schema{len(MIGRATIONS) - 1}").is_dir()


def test_a_later_field_counts_once_it_says_something() -> None:
    case = sample.case()
    assert case.plan is not None and case.plan.alerts
    graded = replace(case.plan.alerts[0], level="A")
    changed = replace(case, plan=replace(case.plan, alerts=(graded, *case.plan.alerts[1:])))
    assert content_sha256(changed) != content_sha256(case)
    for kind, names in LATER.items():
        assert names <= {f.name for f in fields(kind)}
