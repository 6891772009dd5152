"""`models`: every sub-verb as a person calls it."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.inference import install, packs
from core.verbs import run
from tests.core import tiny_pack
from tests.core.inference.test_site import cases


@pytest.fixture
def tiny(profile: Path) -> packs.Pack:
    return tiny_pack.write(profile / "models" / "tiny")


def said(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> Any:
    assert run(["models", *argv]) == code
    out = capsys.readouterr()
    return json.loads(out.out) if code == 0 else out.err


def test_list_and_show_say_what_holds_here(tiny: packs.Pack, capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "list")
    (line,) = [p for p in found["packs"] if p["id"] == "tiny"]
    assert line["validated"] is True and line["takes"] == "predict" and found["providers"][-1] == "CPUExecutionProvider"
    (chest,) = [p for p in found["packs"] if p["id"] == "cxr-pneumonia-paediatric"]
    assert chest["false_refusals"]["n"] > 100 and chest["false_refusals"]["ci95"]
    here = said(capsys, "show", "tiny")["here"]
    assert here["variants"][0]["kind"] == "fp32" and here["earlier_version"] == "" and here["site_calibration"] == {}


def test_install_export_remove_and_roll_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tiny_pack.write(tmp_path / "tiny").folder
    assert "not signed" in said(capsys, "install", str(folder), code=2)
    key = str(tmp_path / "hospital.pem")
    said(capsys, "keygen", key)
    said(capsys, "trust", str(tmp_path / "hospital.pub.pem"))
    assert said(capsys, "export", str(folder), "--out", str(tmp_path / "tiny.zip"), "--key", key)["signed"] is True
    assert said(capsys, "install", str(tmp_path / "tiny.zip"))["version"] == "1.0.0"
    newer = tiny_pack.write(tmp_path / "n" / "tiny", version="2.0.0").folder
    said(capsys, "install", str(newer), "--unsigned")
    assert said(capsys, "show", "tiny")["here"]["earlier_version"] == "1.0.0"
    assert said(capsys, "rollback", "tiny")["version"] == "1.0.0"
    assert said(capsys, "verify", "tiny")["packs"][0]["ok"] is True
    said(capsys, "remove", "tiny")
    assert "No model pack is called tiny" in said(capsys, "show", "tiny", code=2)
    assert "not installed by a user" in said(capsys, "remove", "tiny", code=2)
    assert said(capsys, "rollback", "tiny")["id"] == "tiny"


def test_import_lists_its_questions_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.array([[1.0], [-2.0]], np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["score"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", 1])],
        [weights],
    )
    path = tmp_path / "score.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    found = said(capsys, "import", str(path))
    assert found["kind"] == "onnx"
    assert [q["key"] for q in found["missing"] if q["required"]] == [
        "licence",
        "data_title",
        "data_licence",
        "scores",
        "labels",
        "columns",
    ]
    assert all(q["text"]["zh"] for q in found["missing"])
    answers = {
        "licence": "MIT",
        "data_title": "made up",
        "data_licence": "none",
        "scores": "logits",
        "labels": ["sick"],
    }
    (tmp_path / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    argv = ["import", str(path), "--answers", str(tmp_path / "answers.json"), "--out", str(tmp_path / "pack")]
    assert run(["models", *argv]) == 2
    out = capsys.readouterr()
    assert "columns" in out.err and not (tmp_path / "pack").exists()
    (tmp_path / "answers.json").write_text(json.dumps(answers | {"columns": ["a", "b"]}), encoding="utf-8")
    assert said(capsys, *argv)["task"] == "tabular-classification"
    made = install.install(tmp_path / "pack", allow_unsigned=True)
    (line,) = [p for p in said(capsys, "list")["packs"] if p["id"] == made.id]
    assert line["validated"] is False


def test_calibrate_shows_applies_and_withdraws(
    tiny: packs.Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odds, outcomes = cases(400)
    with (tmp_path / "cases.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["log_odds", "outcome", "patient"])
        writer.writerows(zip(odds.tolist(), outcomes.tolist(), range(400), strict=True))
    table = ["--csv", str(tmp_path / "cases.csv")]
    shown = said(capsys, "calibrate", "tiny", *table)
    assert shown["in_force"] is None and shown["fitted"]["n"] == 400
    assert (
        shown["fitted"]["after"] < shown["fitted"]["before"] and sum(b["n"] for b in shown["reliability_before"]) == 400
    )
    assert said(capsys, "calibrate", "tiny", *table, "--apply")["in_force"]["active"] is True
    assert "chest_xray_opacity" in said(capsys, "show", "tiny")["here"]["site_calibration"]
    assert said(capsys, "calibrate", "tiny", "--withdraw")["in_force"] is None
    assert "in force" in said(capsys, "calibrate", "tiny", "--withdraw", code=2)
    (tmp_path / "cases.csv").write_text("a,b\n1,2\n")
    assert "cannot be read" in said(capsys, "calibrate", "tiny", *table, code=2)


def test_stored_cases_calibrate_and_tell_drift(tiny: packs.Pack, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No film has been read" in said(capsys, "drift", "tiny", code=2)
    assert "too few" in said(capsys, "calibrate", "tiny", code=2)


def test_signed_cases_are_taken_where_a_clinician_decided(
    tiny: packs.Pack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace as Made

    from core.domain.case import CaseStatus
    from core.domain.finding import Origin, Status
    from core.verbs import models_site

    odds, outcomes = cases(300)
    code = tiny.labels[0].code

    def case(k: int) -> Any:
        status = Status.PRESENT if outcomes[k] else Status.ABSENT
        origin = Origin.IMAGE if k % 10 == 0 else Origin.CLINICIAN
        finding = Made(code=code, also=(), origin=origin, status=status)
        prediction = Made(pack=tiny.version, label=code, logit=float(odds[k]), ood=0.5)
        patient = Made(identifiers=())
        return Made(id=str(k), findings=[finding], predictions=[prediction], refusals=[], record=Made(patient=patient),
                    created_at=f"2026-{1 + k // 30:02d}-01T00:00:00")  # fmt: skip

    class Store:
        def __enter__(self) -> "Store":
            return self

        def __exit__(self, *_: object) -> None: ...

        def list(self, status: tuple[CaseStatus, ...] = (), limit: int = 0) -> list[Any]:
            return [Made(id=k) for k in range(300)]

        def load(self, k: int) -> Any:
            return case(k)

    monkeypatch.setattr(models_site, "_store", Store)
    assert said(capsys, "calibrate", "tiny")["fitted"]["n"] == 270
    moved = said(capsys, "drift", "tiny")
    assert moved["verdict"] == "stable" and moved["reference"] == "site" and len(moved["months"]) == 10


def test_films_against_the_gates_validation(
    tiny: packs.Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for k in range(3):
        Image.fromarray(tiny_pack.picture(k)).save(tmp_path / f"{k}.png")
    found = said(capsys, "drift", "tiny", "--films", str(tmp_path))
    assert {m["verdict"] for m in found["measures"]} == {"too few"}


def test_the_wish_for_a_variant(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "variant", "fast")
    (chest,) = [p for p in found["packs"] if p["pack"] == "cxr-pneumonia-paediatric"]
    assert found["wish"] == "fast" and chest["takes"] == "predict_int8" and chest["why"]["zh"]
    assert said(capsys, "variant", "auto")["wish"] == "auto"
