"""Guardrails, promotion, shadow mode and roll back, on tables that take a second to learn."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.inference import install, packs
from tests.core.learning import tiny

pytest.importorskip("torch", reason="the training extra is not installed")

from core.learning import promote, shadow, study
from core.learning.promote import Limits, Refused
from core.learning.recipe import from_json

LOOSE = Limits(ece=0.5, subgroup_drop=0.5)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good run and a poor one (it was not shown the marker) on the same data and split."""
    home = tmp_path_factory.mktemp("runs")
    data = tiny.table(home / "t.csv", n=240)
    base = {"task": "table", "data": str(data), "epochs": 8, "batch": 32, "threads": 1, "hidden": 0,
            "cant_miss": ["sepsis"], "about": {"id": "tiny-table"}}  # fmt: skip
    for name, more in (("good", {}), ("poor", {"ignore": ["marker"]})):
        study.train(from_json(base | more), home / name)  # type: ignore[arg-type]
    return {"good": home / "good", "poor": home / "poor"}


def test_the_first_pack_needs_calibration_alone(runs: dict[str, Path]) -> None:
    table = promote.compare(runs["good"], LOOSE)
    assert [g.rule for g in table.guards] == ["ece"] and table.in_service == ""
    with pytest.raises(UserError, match="Nobody"):
        promote.promote(runs["good"], by=" ")
    assert "tiny-table" not in [p.id for p in packs.installed()]


def test_a_poorer_pack_is_refused_with_a_table_and_a_better_one_installed(runs: dict[str, Path], profile: Path) -> None:
    first, _ = promote.promote(runs["poor"], by="Dr A", limits=LOOSE)
    assert first.pack_version == "1.0.0" and install.signed_by_trusted(first.folder)
    second, table = promote.promote(runs["good"], by="Dr A", second="Dr B", limits=LOOSE)
    assert second.pack_version == "1.1.0", "a new version above the one in service"
    assert {g.rule for g in table.guards} == {"label_auroc", "label_f1", "cant_miss", "ece", "subgroup"}
    with pytest.raises(Refused) as refused:
        promote.promote(runs["poor"], by="Dr A", limits=LOOSE)
    failed = {g.rule for g in refused.value.table.guards if not g.ok}
    assert "label_auroc" in failed and packs.find("tiny-table").pack_version == "1.1.0"
    assert install.rollback("tiny-table").pack_version == "1.0.0"
    said = promote.promotions("tiny-table")
    assert [(p["version"], p["second"]) for p in said] == [("1.0.0", ""), ("1.1.0", "Dr B")]


def test_calibration_is_held_to_what_a_test_of_this_size_can_show() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(2000)
    right, sure = np.stack([1 - p, p], 1), np.stack([p < 0.5, p >= 0.5], 1).astype(float)
    labels = (rng.random(2000) < p).astype(np.int64)
    marks = ((0.5, 0.5), ())
    assert promote._ece_guard(labels, right, None, marks, Limits(ece=0.001)).ok
    guard = promote._ece_guard(labels, sure, None, marks, Limits())
    assert not guard.ok and guard.limit == 0.05, "overconfident"
    assert promote.chance_error(right[:50]) > promote.chance_error(right) > 0


def test_cant_miss_recall_may_not_fall(runs: dict[str, Path]) -> None:
    labels = np.array([0] * 50 + [1] * 50)
    sure, one_missed = np.r_[np.zeros(50), np.ones(50)], np.r_[np.zeros(50), np.ones(49), 0]
    before, after = (np.stack([1 - p, p], 1) for p in (sure, one_missed))
    marks = ((0.5, 0.5), (0.5, 0.5))
    (guard,) = promote._cant_miss(labels, after, before, (("well", "sepsis"), ("sepsis",)), marks, Limits())
    assert not guard.ok and guard.before == 1.0 and guard.after == pytest.approx(0.98)
    (guard,) = promote._cant_miss(labels, before, before, (("well", "sepsis"), ("sepsis",)), marks, Limits())
    assert guard.ok


def test_a_lost_class_is_a_failed_guardrail(runs: dict[str, Path], tmp_path: Path) -> None:
    three = from_json({"task": "table", "data": str(tiny.three_classes(tmp_path / "c.csv")), "epochs": 2, "threads": 1,
                       "about": {"id": "abc-table"}})  # fmt: skip
    study.train(three, tmp_path / "three")
    promote.promote(tmp_path / "three", by="Dr A", limits=Limits(ece=1.0))
    kept = [line for line in (tmp_path / "c.csv").read_text("utf-8").splitlines() if ",c," not in line]
    (tmp_path / "d.csv").write_text("\n".join(kept), "utf-8")
    two = from_json({"task": "table", "data": str(tmp_path / "d.csv"), "epochs": 2, "threads": 1,
                     "about": {"id": "abc-table"}})  # fmt: skip
    study.train(two, tmp_path / "two")
    table = promote.compare(tmp_path / "two", Limits(ece=1.0, label_drop=1.0))
    assert [(g.rule, g.of) for g in table.guards if not g.ok] == [("labels", "c")]


def test_shadow_keeps_both_answers_and_nothing_else(runs: dict[str, Path], profile: Path) -> None:
    with pytest.raises(UserError, match="in service"):
        shadow.start(runs["good"])
    promote.promote(runs["poor"], by="Dr A", limits=LOOSE)
    shadow.start(runs["good"])
    pack = packs.find("tiny-table")
    rows = [{"marker": str(k % 5), "age": "40", "sex": "F", "noise": "0", "site": "A"} for k in range(20)]
    keys = [f"Rowan Testpatient {k}" for k in range(20)]
    assert shadow.observe(pack, rows, keys) == 20 and shadow.observe(pack, rows, keys) == 0
    found = shadow.report("tiny-table")
    assert found["cases"] == 20 and 0 <= found["agreement"] <= 1 and found["days"] == 1
    assert found["classes"]["sepsis"]["largest_difference"] > 0
    kept = "".join(p.read_text("utf-8") for p in (profile / "learning" / "shadow").rglob("*.jsonl"))
    assert "Rowan" not in kept and set(json.loads(kept.splitlines()[0])) == {"case", "day", "in_service", "candidate"}
    shadow.stop("tiny-table")
    assert shadow.running("tiny-table") is None and shadow.observe(pack, rows, keys) == 0
    with pytest.raises(UserError, match="in shadow"):
        shadow.report("tiny-table")


def test_films_of_a_case_are_read_in_shadow_too(profile: Path, tmp_path: Path) -> None:
    import shutil

    from PIL import Image

    from core import pipeline
    from core.domain.imaging import ImageRef
    from tests.core import tiny_pack

    pack = tiny_pack.write(profile / "models" / "tiny")
    Image.fromarray(tiny_pack.picture(3)).save(tmp_path / "film.png")
    film = ImageRef("film", str(tmp_path / "film.png"), view="AP", age_years=3, stated_by="user", sha256="ab" * 32)
    alone = pipeline.predict_images((film,))[0]
    home = profile / "learning" / "shadow" / pack.id
    shutil.copytree(pack.folder, home / "pack")
    (home / "key").write_bytes(b"k" * 32)
    assert pipeline.predict_images((film,))[0] == alone, "the candidate's answer is not shown"
    pipeline.predict_images((film,))
    found = shadow.report(pack.id)
    assert (found["cases"], found["agreement"]) == (1, 1.0) and "ab" * 12 not in (home / "answers.jsonl").read_text(
        "utf-8"
    )
    (home / "answers.jsonl").unlink()
    for graph in (home / "pack").glob("*.onnx"):
        graph.write_bytes(b"damaged")
    assert len(pipeline.predict_images((replace(film, sha256="cd" * 32),))[0]) == len(alone), (
        "a broken candidate disturbs nothing"
    )
