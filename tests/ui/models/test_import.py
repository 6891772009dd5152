"""The import wizard in the real window: a bare ONNX file, a Hugging Face folder, signed, unsigned and hostile packs."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.domain.basics import Label
from core.errors import UserError
from core.inference import install, packs
from core.inference.importing.questions import Question
from core.paths import RESOURCES
from core.store.users import Role
from tests.core import tiny_pack
from tests.ui.conftest import Pump
from ui import translate
from ui.models import check_rows, import_work, question_form, sentences
from ui.models.import_dialog import CHECK, INSTALL, QUESTIONS, SOURCE, ImportDialog
from ui.models.screen import Models
from ui.window import Window

Opened = Callable[..., Window]
ANSWERS = {"licence": "MIT", "data_title": "made up", "data_licence": "none", "columns": "age, crp"}


@pytest.fixture
def page(open_window: Opened, pump: Pump) -> Models:
    window = open_window()
    window.show_tab("models")
    pump(window.jobs)
    return window.models


@pytest.fixture
def wizard(page: Models, pump: Pump) -> ImportDialog:
    return page.open_import()


def table_graph(path: Path) -> Path:
    """row (n, 2) -> scores (n, 2)."""
    weight = numpy_helper.from_array(np.array([[1, -1], [0.5, 2]], np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["scores"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 2])],
        [weight],
    )
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    return path


def choose(wizard: ImportDialog, source: Path, pump: Pump) -> None:
    wizard.path.setText(str(source))
    QTest.keyClick(wizard.path, Qt.Key.Key_Return)
    pump(wizard._session.jobs)


def answer(wizard: ImportDialog) -> None:
    for key, text in ANSWERS.items():
        if key in wizard.form.fields:
            wizard.form.fields[key].setText(text)  # type: ignore[attr-defined]


def test_a_bare_onnx_file_is_asked_about_checked_and_installed(
    page: Models, wizard: ImportDialog, tmp_path: Path, pump: Pump
) -> None:
    choose(wizard, table_graph(tmp_path / "ward.onnx"), pump)
    assert wizard.steps.at == QUESTIONS and wizard.kind == "onnx"
    wizard.next()
    assert wizard.problem.isVisible() and wizard.form.fields["licence"].hasFocus(), "what is missing is said and shown"
    answer(wizard)
    scores = wizard.form.fields["scores"]
    scores.setCurrentIndex(scores.findData("independent-logits"))  # type: ignore[attr-defined]
    scores.activated.emit(0)  # type: ignore[attr-defined]
    pump(wizard._session.jobs)
    assert len(wizard.form.fields["labels"].rows) == 2, "independent: a label an output"  # type: ignore[attr-defined]
    assert wizard.form.value()["licence"] == "MIT", "what was answered stays"
    for k, row in enumerate(wizard.form.fields["labels"].rows):  # type: ignore[attr-defined]
        row["code"].setText("ab"[k])
    (tmp_path / "rows.csv").write_text("age,crp\n40,5\n70,\n", "utf-8")
    wizard.form.fields["reference_rows"].setText(str(tmp_path / "rows.csv"))  # type: ignore[attr-defined]
    wizard.next()
    pump(wizard._session.jobs)
    assert "lack a value" in wizard.problem.accessibleName()
    (tmp_path / "rows.csv").write_text("age,crp\n40,5\n70,9\n", "utf-8")
    wizard.next()
    pump(wizard._session.jobs)
    assert wizard.steps.at == CHECK, wizard.problem.accessibleName()
    assert wizard.found is not None and wizard.found.ok and not wizard.found.signed
    assert {c.step: c.state for c in wizard.found.checks}["signature"] == "administrator"
    wizard.next()
    assert wizard.steps.at == INSTALL and not wizard.go.isEnabled(), "an unsigned pack needs a person and a reason"
    wizard.sure.setChecked(True)
    assert not wizard.go.isEnabled()
    wizard.reason.setText("our own study group's model")
    assert wizard.go.isEnabled()
    wizard.next()
    pump(page._session.jobs)
    pack = packs.find("local-ward")
    assert pack.manifest["imported"]["validated"] is False and pack.manifest["reference"]["rows"] == [
        [40, 5],
        [70, 9],
    ]
    event = next(e for e in page._session.store.audit.events() if e.action == "install_pack")
    assert "study group" in event.detail
    assert page.rows.selected == "local-ward" and not import_work.home().joinpath("local-ward").exists()


def test_a_signed_pack_asks_nothing_and_an_unknown_key_can_be_trusted(
    page: Models, wizard: ImportDialog, tmp_path: Path, pump: Pump
) -> None:
    folder = tiny_pack.write(tmp_path / "tiny").folder
    install.new_key(tmp_path / "maker.pem")
    install.export_pack(folder, tmp_path / "tiny.zip", tmp_path / "maker.pem")
    choose(wizard, tmp_path / "tiny.zip", pump)
    assert wizard.steps.at == CHECK and not wizard.go.isEnabled() and wizard.trust.isVisible()
    states = {c.step: c.state for c in wizard.found.checks} if wizard.found else {}
    assert states["signature"] == "refused" and states["trial"] == "not run"
    wizard.trust_key(tmp_path / "maker.pub.pem")
    pump(page._session.jobs)
    assert wizard.found is not None and wizard.found.signed and not wizard.problem.isVisible()
    wizard.next()
    assert not wizard.unsigned.isVisible()
    wizard.next()
    pump(page._session.jobs)
    assert packs.find("tiny").pack_version == "1.0.0"
    assert {"trust_key", "install_pack"} <= {e.action for e in page._session.store.audit.events()}


def test_what_a_hostile_pack_is_refused_for_is_said_in_both_languages(
    wizard: ImportDialog, tmp_path: Path, pump: Pump
) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../outside", b"x")
    choose(wizard, tmp_path / "evil.zip", pump)
    assert wizard.steps.at == CHECK and not wizard.go.isEnabled()
    assert "outside its folder" in wizard.problem.accessibleName()
    translate.LANGUAGE.use("zh")
    error = UserError("evil.zip holds a file outside its folder.", "It was not opened.")
    assert sentences.error_words(error) == "evil.zip 含有其文件夹之外的文件。 未打开。"


def test_a_graph_with_an_unknown_operator_is_refused_before_it_runs(
    wizard: ImportDialog, tmp_path: Path, pump: Pump
) -> None:
    path = table_graph(tmp_path / "bad.onnx")
    model = onnx.load_model_from_string(path.read_bytes())
    model.graph.node[0].op_type = "LaunchMissiles"
    path.write_bytes(model.SerializeToString())
    choose(wizard, path, pump)
    assert wizard.steps.at == SOURCE and "LaunchMissiles" in wizard.problem.accessibleName()


def test_a_clinician_may_not_install(page: Models, tmp_path: Path, pump: Pump) -> None:
    users = page._session.store.users
    users.add("chief", Role.ADMINISTRATOR, "long enough password")
    users.sign_in("chief", "long enough password")
    users.add("doc", Role.CLINICIAN, "long enough password")
    users.sign_in("doc", "long enough password")
    wizard = page.open_import()
    choose(wizard, tiny_pack.write(tmp_path / "tiny").folder, pump)
    wizard.next()
    assert "clinician" in wizard.who.text()
    wizard.sure.setChecked(True)
    wizard.reason.setText("because I want to")
    wizard.next()
    pump(page._session.jobs)
    assert wizard.steps.at == INSTALL and wizard.problem.isVisible()
    assert "tiny" not in [p.id for p in packs.installed()]


def test_stopping_ends_the_work_and_changes_nothing(wizard: ImportDialog, tmp_path: Path, pump: Pump) -> None:
    wizard.path.setText(str(table_graph(tmp_path / "ward.onnx")))
    wizard.next()
    assert wizard.stop.isVisible() and not wizard.go.isEnabled()
    wizard.cancel_work()
    pump(wizard._session.jobs)
    wizard._tick()
    assert wizard.steps.at == SOURCE and wizard.go.isEnabled() and wizard._job is None


def test_the_wizard_speaks_chinese(page: Models, tmp_path: Path, pump: Pump) -> None:
    translate.LANGUAGE.use("zh")
    pump(page._session.jobs)
    translate.MISSING.clear()
    wizard = page.open_import()
    choose(wizard, table_graph(tmp_path / "ward.onnx"), pump)
    wizard.next()
    wizard.grab()
    wizard._back()
    choose(wizard, tiny_pack.write(tmp_path / "tiny").folder, pump)
    wizard.grab()
    wizard.next()
    wizard.grab()
    assert wizard.steps.at == INSTALL and not translate.MISSING


def test_a_hugging_face_folder_tells_its_labels(wizard: ImportDialog, tmp_path: Path, pump: Pump) -> None:
    folder = tmp_path / "hf"
    folder.mkdir()
    (folder / "config.json").write_text(
        '{"model_type": "bert", "architectures": ["BertForSequenceClassification"],'
        ' "id2label": {"0": "well", "1": "cold", "2": "flu"}}',
        "utf-8",
    )
    choose(wizard, folder, pump)
    assert wizard.steps.at == SOURCE and "safetensors" in wizard.problem.accessibleName()
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    choose(wizard, folder, pump)
    given = wizard.form.value()
    assert wizard.steps.at == QUESTIONS and given["licence"] == "mit"
    assert [one["code"] for one in given["labels"]] == ["well", "cold", "flu"]


def test_every_sentence_has_its_chinese() -> None:
    table = translate._table("zh")
    words = [*sentences.WORDS, *sentences.FIXED, *question_form.HEADS.values(), *question_form.CHOICES.values(),
             *check_rows.WORDS.values(), *import_work.KIND_WORDS.values()]  # fmt: skip
    assert not [w for w in words if w not in table] and (RESOURCES / "translations" / "zh.json").is_file()


def test_a_torch_file_is_asked_for_its_shape_first(
    wizard: ImportDialog, tmp_path: Path, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other process would say of a TorchScript file; the exporting itself is tested in core."""
    shape = Question("input_shape", Label("Shape of one input", "一个输入的形状"), "list")
    rest = Question("scores", Label("What are the scores?", "分数是什么？"), "choice", ("logits",), "logits")
    asked: list[dict[str, object]] = []

    def look(_path: Path, answers: dict[str, object], _report: object) -> import_work.Looked:
        asked.append(dict(answers))
        return import_work.Looked("torch", (shape, rest) if answers.get("input_shape") else (shape,))

    monkeypatch.setattr(import_work, "look", look)
    choose(wizard, tmp_path / "net.pt", pump)
    assert wizard.steps.at == QUESTIONS and set(wizard.form.fields) == {"input_shape"}
    wizard.form.fields["input_shape"].setText("1, 32, 32")  # type: ignore[attr-defined]
    wizard.next()
    pump(wizard._session.jobs)
    assert set(wizard.form.fields) == {"input_shape", "scores"} and asked[-1] == {"input_shape": [1, 32, 32]}
    assert wizard.steps.at == QUESTIONS and wizard.form.value()["input_shape"] == [1, 32, 32]
